//! The worlds of the `tide` cases as facts: only translation, no rule.

use decide::{
    config::{presubmits_of, yaml},
    facts::{
        BaseSha, CheckConclusion, CheckRun, CheckStatus, CommitStatus, HeadSha, Login, MergeState, Mergeable,
        PullRequest, RepoName, ReviewDecision, StatusState,
    },
    job::Presubmit,
    merge::{
        blockers::Titles,
        method::AllowedMethods,
        policy::Policy,
        pool::{Change, InRepo, Jobs, Member, Pool, Question, Run, Spent, Trialled},
        prow::{BranchProtection, Tide, TideSection},
    },
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

pub struct Setup {
    pub tide: Tide,
    pub protection: BranchProtection,
    pub presubmits: BTreeMap<String, Vec<Presubmit>>,
    pub scheduling: bool,
}

#[derive(Default, Deserialize)]
struct MainConfig {
    #[serde(default)]
    tide: TideSection,
    #[serde(default, rename = "branch-protection")]
    branch_protection: BranchProtection,
    #[serde(default)]
    presubmits: BTreeMap<String, Vec<api::job::Presubmit>>,
    #[serde(default)]
    scheduler: Scheduler,
}

#[derive(Default, Deserialize)]
struct Scheduler {
    #[serde(default)]
    enabled: bool,
}

impl Setup {
    pub fn read(config: &Value, jobs: &Value) -> Result<Self, String> {
        let document = match config {
            Value::String(text) => yaml::read(text, yaml::Budget::CENTRAL).unwrap().value,
            document => document.clone(),
        };
        let main: MainConfig = from(&document);
        let mut raw = main.presubmits;
        let more: BTreeMap<String, Vec<api::job::Presubmit>> = from(&jobs["presubmits"]);
        for (repository, jobs) in more {
            raw.entry(repository).or_default().extend(jobs);
        }
        let presubmits =
            raw.iter().map(|(repository, jobs)| (repository.clone(), presubmits_of(jobs).unwrap())).collect();
        let tide = Tide::new(main.tide)
            .map_err(|wrong| wrong.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))?;
        Ok(Self { tide, protection: main.branch_protection, presubmits, scheduling: main.scheduler.enabled })
    }

    pub fn jobs(&self, repository: &RepoName) -> Vec<Presubmit> {
        self.presubmits.get(&repository.to_string()).cloned().unwrap_or_default()
    }

    pub fn policy(&self, repository: &RepoName, branch: &str) -> Policy {
        self.tide.policy(&self.protection, repository, branch, &self.jobs(repository))
    }
}

pub fn from<T: DeserializeOwned + Default>(value: &Value) -> T {
    if value.is_null() { T::default() } else { serde_json::from_value(value.clone()).unwrap() }
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct World {
    pub org: String,
    pub repo: String,
    pub repo_settings: Settings,
    pub branches: BTreeMap<String, String>,
    pub pull_requests: Vec<Pull>,
    pub prowjobs: Vec<Value>,
    pub issues: Vec<Issue>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(default)]
pub struct Settings {
    allow_merge_commit: bool,
    allow_squash_merge: bool,
    allow_rebase_merge: bool,
}

impl From<Settings> for AllowedMethods {
    fn from(s: Settings) -> Self {
        Self { merge: s.allow_merge_commit, squash: s.allow_squash_merge, rebase: s.allow_rebase_merge }
    }
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct Issue {
    pub number: u64,
    title: String,
    label: String,
    org: String,
    repo: String,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct Pull {
    pub number: u64,
    title: String,
    body: String,
    author: String,
    author_is_bot: bool,
    pub base: String,
    pub head: String,
    head_ref: String,
    pub labels: Vec<String>,
    milestone: String,
    review_decision: String,
    mergeable: String,
    merge_state: String,
    can_be_rebased: bool,
    pub contexts: Vec<Context>,
    pub check_runs: Vec<Check>,
    files: Vec<String>,
    pub conflicts_with: BTreeSet<u64>,
    pub conflicts_with_base: bool,
    pub merge_answer: String,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_field_names, reason = "the field of the cases")]
pub struct Context {
    pub context: String,
    pub state: String,
    pub description: String,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct Check {
    name: String,
    status: String,
    conclusion: String,
}

impl World {
    pub fn repository(&self) -> RepoName {
        RepoName::new(&self.org, &self.repo)
    }

    /// The branches that pull requests ask to merge into.
    pub fn branches_in_use(&self) -> BTreeSet<String> {
        self.pull_requests.iter().map(|pull| pull.base.clone()).collect()
    }

    pub fn pool(&self, setup: &Setup, branch: &str) -> Pool {
        let repository = self.repository();
        let tip = self.branches.get(branch).cloned().unwrap_or_default();
        let label = setup.tide.blocker_label();
        let here = |issue: &&Issue| {
            let in_org = issue.org.is_empty() || issue.org == self.org;
            let in_repo = issue.repo.is_empty() || issue.repo == self.repo;
            !label.is_empty() && issue.label == label && in_org && in_repo
        };
        let issues = self.issues.iter().filter(here).map(|issue| (issue.number, issue.title.as_str()));
        Pool {
            blockers: Titles::new().unwrap().of_branch(issues, branch).into_iter().collect(),
            changes: self
                .pull_requests
                .iter()
                .filter(|pull| pull.base == branch)
                .map(|pull| pull.change(&repository, &tip))
                .collect(),
            branch: branch.into(),
            tip: BaseSha::new(tip),
            jobs: Jobs {
                namespace: "acme".into(),
                granted: BTreeMap::new(),
                central: setup.jobs(&repository),
                in_repo: InRepo::Off,
            },
            runs: self.prowjobs.iter().map(run).collect(),
            allowed_methods: self.repo_settings.into(),
            repository,
            ..empty_pool()
        }
    }

    pub fn pull(&self, number: u64) -> &Pull {
        self.pull_requests.iter().find(|pull| pull.number == number).unwrap()
    }

    /// Answers what a decision asks of git, until it asks nothing more.
    pub fn answering<T>(&self, pool: &mut Pool, decide: impl Fn(&Pool) -> Result<T, Question>) -> T {
        loop {
            match decide(pool) {
                Ok(answer) => return answer,
                Err(Question::Trial(trial)) => {
                    let mut taken: Vec<Member> = Vec::new();
                    for (member, _) in &trial.candidates {
                        if trial.limit.is_some_and(|limit| taken.len() >= limit) {
                            break;
                        }
                        let pull = self.pull(member.number);
                        let clash = |other: &Member| {
                            pull.conflicts_with.contains(&other.number)
                                || self.pull(other.number).conflicts_with.contains(&member.number)
                        };
                        if !pull.conflicts_with_base && !taken.iter().any(clash) {
                            taken.push(member.clone());
                        }
                    }
                    pool.trials.push((trial, Trialled { taken, tree: None }));
                }
                Err(Question::JobsIn(heads)) => panic!("no jobs in the repository, but asked for {heads:?}"),
            }
        }
    }
}

pub fn empty_pool() -> Pool {
    Pool {
        repository: RepoName::new("acme", "widgets"),
        branch: "main".into(),
        tip: BaseSha::new(""),
        changes: Vec::new(),
        jobs: Jobs {
            namespace: "acme".into(),
            granted: BTreeMap::new(),
            central: Vec::new(),
            in_repo: InRepo::Off,
        },
        runs: Vec::new(),
        blockers: Vec::new(),
        allowed_methods: AllowedMethods::ALL,
        trials: Vec::new(),
        term: 1,
        intent: None,
        reading: None,
        called_at: None,
        record: None,
        all_jobs_observed: true,
        observed_since: now(),
        refused_jobs: BTreeMap::new(),
        spent: Spent::default(),
        protected_strict: false,
    }
}

/// When everything was last updated; Tide's decisions do not depend on the time.
pub fn now() -> jiff::Timestamp {
    "2023-11-14T22:13:20Z".parse().unwrap()
}

impl Pull {
    pub fn change(&self, repository: &RepoName, tip: &str) -> Change {
        Change {
            pull: PullRequest {
                repository: repository.clone(),
                number: self.number,
                node_id: String::new(),
                title: self.title.clone(),
                body: self.body.clone(),
                author: Some(Login::new(&self.author)),
                author_is_bot: self.author_is_bot,
                base_ref: self.base.clone(),
                base_sha: BaseSha::new(tip),
                head_ref: self.head_ref.clone(),
                head_sha: HeadSha::new(&self.head),
                labels: self.labels.iter().cloned().collect(),
                milestone: Some(self.milestone.clone()).filter(|title| !title.is_empty()),
                assignees: Vec::new(),
                requested_reviewers: Vec::new(),
                draft: false,
                open: true,
                merged: false,
                mergeable: match self.mergeable.as_str() {
                    "MERGEABLE" => Mergeable::Mergeable,
                    "CONFLICTING" => Mergeable::Conflicting,
                    _ => Mergeable::Unknown,
                },
                merge_state: match self.merge_state.as_str() {
                    "BLOCKED" => MergeState::Blocked,
                    "" => MergeState::Unknown,
                    other => MergeState::Other(other.into()),
                },
                review_decision: match self.review_decision.as_str() {
                    "APPROVED" => ReviewDecision::Approved,
                    "" => ReviewDecision::None,
                    other => ReviewDecision::Other(other.into()),
                },
                created_at: now(),
                updated_at: now(),
            },
            statuses: self.contexts.iter().map(Context::status).collect(),
            check_runs: self.check_runs.iter().map(Check::run).collect(),
            can_be_rebased: self.can_be_rebased,
            files: self.files.clone(),
            listed_labels: self.labels.clone(),
            looked_at: true,
            retested_at: None,
            remedies: BTreeMap::new(),
        }
    }
}

impl Context {
    fn status(&self) -> CommitStatus {
        CommitStatus {
            context: self.context.clone(),
            state: match self.state.as_str() {
                "SUCCESS" => StatusState::Success,
                "PENDING" | "EXPECTED" => StatusState::Pending,
                "FAILURE" => StatusState::Failure,
                "ERROR" => StatusState::Error,
                other => panic!("{other}"),
            },
            description: self.description.clone(),
            target_url: String::new(),
            creator: None,
            created_at: None,
        }
    }
}

impl Check {
    fn run(&self) -> CheckRun {
        CheckRun {
            name: self.name.clone(),
            status: match self.status.as_str() {
                "COMPLETED" => CheckStatus::Completed,
                "IN_PROGRESS" | "QUEUED" => CheckStatus::Running,
                other => CheckStatus::Other(other.into()),
            },
            conclusion: match self.conclusion.as_str() {
                "" => None,
                "SUCCESS" => Some(CheckConclusion::Success),
                "NEUTRAL" => Some(CheckConclusion::Neutral),
                "SKIPPED" => Some(CheckConclusion::Skipped),
                "FAILURE" => Some(CheckConclusion::Failure),
                other => Some(CheckConclusion::Other(other.into())),
            },
        }
    }
}

pub fn run(raw: &Value) -> Run {
    let text = |key: &str| raw[key].as_str().unwrap_or_default().to_owned();
    Run {
        name: text("name"),
        kind: serde_json::from_value(raw["type"].clone()).unwrap(),
        job: text("job"),
        context: text("context"),
        branch: text("base"),
        base: BaseSha::new(text("base_sha")),
        members: raw["pulls"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|pull| Member {
                number: pull["number"].as_u64().unwrap(),
                head: HeadSha::new(pull["sha"].as_str().unwrap()),
            })
            .collect(),
        state: serde_json::from_value(raw["state"].clone()).unwrap(),
        by_pool: raw["created_by_tide"] == true,
        gates: true,
        description: text("description"),
        url: text("url"),
        started: None,
        completed: None,
        expected: None,
    }
}

/// Whether one of the right answers was given. Absent, `null` and empty lists and objects are the same.
pub fn judge(case: &golden::Case, got: &Value) -> Result<(), String> {
    let right = std::iter::once(&case.want).chain(&case.any_of);
    if right.into_iter().any(|want| bare(want) == bare(got)) {
        return Ok(());
    }
    Err(format!("want {}\ngot  {}", bare(&case.want), bare(got)))
}

/// Without what counts as absent, and without the padding of descriptions, which is not significant.
pub fn bare(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut kept: Vec<(String, Value)> = members
                .iter()
                .map(|(key, value)| (key.clone(), bare(value)))
                .filter(|(_, value)| !is_nothing(value))
                .collect();
            kept.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(kept.into_iter().collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(bare).collect()),
        Value::String(text) => json!(text.replace('\u{2001}', "")),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::String(text) => text.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}
