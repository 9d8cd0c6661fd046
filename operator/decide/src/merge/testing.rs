//! Builders for tests: good defaults, so that only what matters appears.

use super::{
    method::AllowedMethods,
    policy::Policy,
    pool::{Change, InRepo, Jobs, Pool, Spent},
    query::{Query, QueryFields},
    requirements::Record,
};
use crate::{
    facts::{
        BaseSha, CommitStatus, HeadSha, Login, MergeState, Mergeable, PullRequest, RepoName, ReviewDecision,
        StatusState,
    },
    job::Presubmit,
};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// A pull request of `acme/widgets` into `main`, mergeable, without labels.
pub(crate) fn pull(number: u64) -> PullBuilder {
    let at = "2026-11-20T14:00:00Z".parse().unwrap();
    PullBuilder(PullRequest {
        repository: RepoName::new("acme", "widgets"),
        number,
        node_id: String::new(),
        title: format!("Change {number}"),
        body: String::new(),
        author: Some(Login::new("robin")),
        author_is_bot: false,
        base_ref: "main".into(),
        base_sha: BaseSha::new("b1"),
        head_ref: format!("topic-{number}"),
        head_sha: HeadSha::new(format!("h{number}")),
        labels: BTreeSet::new(),
        milestone: None,
        assignees: Vec::new(),
        requested_reviewers: Vec::new(),
        draft: false,
        open: true,
        merged: false,
        mergeable: Mergeable::Mergeable,
        merge_state: MergeState::Clean,
        review_decision: ReviewDecision::None,
        created_at: at,
        updated_at: at,
    })
}

/// Makes a pull request.
#[derive(Clone)]
pub(crate) struct PullBuilder(PullRequest);

impl PullBuilder {
    pub fn label(mut self, label: &str) -> Self {
        self.0.labels.insert(label.into());
        self
    }

    pub fn author(mut self, login: &str) -> Self {
        self.0.author = Some(Login::new(login));
        self
    }

    pub fn bot(mut self) -> Self {
        self.0.author_is_bot = true;
        self
    }

    pub fn facts(self) -> PullRequest {
        self.0
    }
}

/// A presubmit that always runs and whose context has its name.
pub(crate) fn job(name: &str) -> crate::job::Presubmit {
    job_with(name, |_| {})
}

/// A presubmit that always runs, changed.
pub(crate) fn job_with(name: &str, change: impl FnOnce(&mut api::job::Presubmit)) -> crate::job::Presubmit {
    let mut raw = api::job::Presubmit {
        base: api::job::JobBase { name: name.into(), ..api::job::JobBase::default() },
        always_run: Some(true),
        ..api::job::Presubmit::default()
    };
    change(&mut raw);
    crate::config::presubmits_of(&[raw]).unwrap().remove(0)
}

/// Minutes after two o'clock, when all tests begin.
pub(crate) fn minute(minute: i64) -> Timestamp {
    let two: Timestamp = "2026-11-20T14:00:00Z".parse().unwrap();
    two + jiff::SignedDuration::from_mins(minute)
}

/// An approved change that has passed these jobs on its head, on some earlier tip.
pub(crate) fn approved(number: u64, jobs: &[&str]) -> Change {
    let green = |context: &&str| CommitStatus {
        context: (*context).to_owned(),
        state: StatusState::Success,
        description: "Job succeeded.".into(),
        target_url: String::new(),
        creator: None,
        created_at: None,
    };
    Change {
        pull: pull(number).label("lgtm").label("approved").facts(),
        statuses: jobs.iter().map(green).collect(),
        check_runs: Vec::new(),
        can_be_rebased: true,
        files: vec![format!("src/{number}.rs")],
        listed_labels: Vec::new(),
        looked_at: true,
        retested_at: None,
        remedies: BTreeMap::new(),
    }
}

/// `acme/widgets main` at tip `b1`, with these jobs and approved changes, and a record that knows the jobs.
pub(crate) fn pool(jobs: &[&str], numbers: &[u64]) -> Pool {
    let central: Vec<Presubmit> = jobs.iter().map(|name| job(name)).collect();
    let settle = Policy::default().settle;
    let rules = super::requirements::remember(
        &Record::default(),
        &central,
        &BTreeMap::new(),
        false,
        minute(-60),
        settle,
    );
    Pool {
        repository: RepoName::new("acme", "widgets"),
        branch: "main".into(),
        tip: BaseSha::new("b1"),
        changes: numbers.iter().map(|number| approved(*number, jobs)).collect(),
        jobs: Jobs { namespace: "acme".into(), granted: BTreeMap::new(), central, in_repo: InRepo::Off },
        runs: Vec::new(),
        blockers: Vec::new(),
        allowed_methods: AllowedMethods::ALL,
        trials: Vec::new(),
        term: 1,
        intent: None,
        reading: None,
        called_at: None,
        record: Some(Record { rules, refusals: Vec::new() }),
        all_jobs_observed: true,
        observed_since: minute(-60),
        refused_jobs: BTreeMap::new(),
        spent: Spent::default(),
        protected_strict: false,
    }
}

/// The defaults, with one query: lgtm, approved and no hold.
pub(crate) fn policy() -> Policy {
    let fields = QueryFields {
        name: "people".into(),
        owners: vec!["acme".into()],
        labels: vec!["lgtm".into(), "approved".into()],
        missing_labels: vec!["do-not-merge/hold".into()],
        ..QueryFields::default()
    };
    Policy { queries: vec![Query::new(fields).unwrap()], ..Policy::default() }
}
