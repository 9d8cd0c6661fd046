//! `jobs/trigger-pr`: what a pull request event starts, ends, labels and says.
//!
//! The facts of a case are answers of GitHub, so they are compared as its README says GitHub compares them.

use decide::{
    facts::{BaseSha, HeadSha, Login, MergeState, Mergeable, PullRequest, ReviewDecision},
    job::Presubmit,
    trigger::{
        Answer, Help, HelpNote, Observed, Occasion, Person, Plan, Reply, ReplyKind, SeenRun, TenantJob,
        TestAll, TriggerAction, TriggerPolicy, Unanswered,
        pull_request::plan,
        trust::{BindTo, TrustPolicy},
    },
};
use golden::normalised;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

#[test]
fn pull_request_events_do_what_they_do_in_prow() {
    let cases = golden::synthetic("jobs/trigger-pr");
    golden::hold("jobs/trigger-pr", &cases, |case| {
        let event = &case.input["event"];
        let observed = observed(&case.input, &event["pull_request"]);
        let (policy, jobs) = (policy(&case.input), jobs(&case.input));
        let runs = runs(&case.input);
        let plan = occasion(event, &policy)
            .map(|occasion| plan(occasion, &observed, &policy, &jobs, &runs, None))
            .unwrap_or_default();
        equal(&answer(&plan, &policy), &case.want)
    });
}

fn occasion(event: &Value, policy: &TriggerPolicy) -> Option<Occasion> {
    let by_bot = Login::new(text(&event["sender"]["login"])) == policy.bot;
    let from =
        |what: &str| event["changes"]["base"][what]["from"].as_str().is_some_and(|from| !from.is_empty());
    match text(&event["action"]).as_str() {
        "opened" => Some(Occasion::Opened),
        "reopened" => Some(Occasion::Reopened),
        "edited" => (from("ref") || from("sha")).then_some(Occasion::BaseChanged),
        "synchronize" => Some(Occasion::HeadChanged),
        "labeled" => match text(&event["label"]["name"]).as_str() {
            "lgtm" => Some(Occasion::LgtmAdded),
            "ok-to-test" => (!by_bot).then_some(Occasion::OkToTestAdded),
            _ => None,
        },
        "closed" => Some(Occasion::Closed),
        "ready_for_review" => Some(Occasion::ReadyForReview),
        "converted_to_draft" => Some(Occasion::ConvertedToDraft),
        _ => None,
    }
}

fn runs(input: &Value) -> Vec<SeenRun> {
    let jobs: Vec<Value> = list(&input["prowjobs"]);
    let read = |job: &Value| {
        let object = serde_json::from_value(job.clone()).unwrap();
        SeenRun::of(&decide::run::Run::observe(&object))
    };
    jobs.iter().filter_map(read).collect()
}

/// The facts of a case. `event`: GitHub's form of a pull request.
pub fn observed(input: &Value, event: &Value) -> Observed {
    let failing: BTreeSet<String> = list(&input["failing_calls"]).into_iter().collect();
    let answers = |call: &str| if failing.contains(call) { unanswered(call) } else { Ok(()) };
    let author = Login::new(text(&event["user"]["login"]));
    let commenter = Login::new(text(&input["comment"]["author"]));
    let base = &event["base"];
    Observed {
        pull: PullRequest {
            repository: text(&base["repo"]["full_name"]).parse().unwrap(),
            number: event["number"].as_u64().unwrap(),
            node_id: String::new(),
            title: text(&event["title"]),
            body: String::new(),
            author_is_bot: text(&event["user"]["type"]) == "Bot",
            author: Some(author.clone()),
            base_ref: text(&base["ref"]),
            base_sha: BaseSha::new(text(&base["sha"])),
            head_ref: text(&event["head"]["ref"]),
            head_sha: HeadSha::new(text(&event["head"]["sha"])),
            labels: list(&input["labels"]).into_iter().collect(),
            milestone: None,
            assignees: Vec::new(),
            requested_reviewers: Vec::new(),
            draft: event["draft"].as_bool().unwrap_or(false),
            open: text(&event["state"]) == "open",
            merged: false,
            mergeable: match event["mergeable"].as_bool() {
                Some(true) => Mergeable::Mergeable,
                Some(false) => Mergeable::Conflicting,
                None => Mergeable::Unknown,
            },
            merge_state: MergeState::Unknown,
            review_decision: ReviewDecision::None,
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
        },
        base_tip: answers("GetRef").map(|()| BaseSha::new(text(&input["base_sha"]))),
        changed: answers("GetPullRequestChanges").map(|()| list(&input["changed_files"])),
        contexts: answers("GetCombinedStatus").map(|()| list(&input["contexts"])),
        people: [&author, &commenter]
            .map(|login| {
                // Two spellings of one login are one person.
                let spellings: Vec<&Login> =
                    [&author, &commenter].into_iter().filter(|other| *other == login).collect();
                (login.clone(), person(&spellings, &input["facts"], &answers("IsMember")))
            })
            .into(),
        merged_of_author: input["merged_prs_of_author"].as_u64().and_then(|n| u32::try_from(n).ok()),
        comments: Vec::new(),
        runs: Vec::new(),
        past_runs: BTreeSet::new(),
        head_since: None,
        lgtm_on: None,
        commands_since: Timestamp::UNIX_EPOCH,
    }
}

fn person(spellings: &[&Login], facts: &Value, asked: &Answer<()>) -> Person {
    let organizations: BTreeMap<String, Vec<String>> =
        serde_json::from_value(facts["org_members"].clone()).unwrap();
    let member =
        |members: &[String]| spellings.iter().any(|login| members.contains(&login.as_str().to_owned()));
    let collaborators: Vec<Login> = list(&facts["collaborators"]);
    Person {
        member_of: organizations
            .iter()
            .map(|(name, members)| (Login::new(name), asked.clone().map(|()| member(members))))
            .collect(),
        collaborator: Ok(spellings.iter().any(|login| collaborators.contains(login))),
    }
}

fn unanswered(call: &str) -> Answer<()> {
    Err(Unanswered { question: call.to_owned(), problem: "the case says so".to_owned() })
}

/// Prow's settings of the plugin in our form.
pub fn policy(input: &Value) -> TriggerPolicy {
    let trigger = &input["trigger"];
    let given = |name: &str| trigger[name].as_str().map(str::to_owned);
    let is = |name: &str| trigger[name].as_bool().unwrap_or(false);
    let mut organizations = vec![Login::new("acme")];
    organizations.extend(given("trusted_org").map(Login::new).filter(|second| *second != organizations[0]));
    TriggerPolicy {
        bot: Login::new(text(&input["facts"]["bot"])),
        trust: TrustPolicy {
            organizations,
            collaborators: !is("only_org_members"),
            apps: list(&trigger["trusted_apps"]),
            ok_to_test: !is("ignore_ok_to_test"),
            bind_to: BindTo::PullRequest,
        },
        join_url: given("join_org_url"),
        press_to_join_from: Some(3),
        press_to_join: None,
        workflows: false,
        web: "https://github.com".to_owned(),
        commands_url: "https://ci.example.org/commands".to_owned(),
    }
}

/// The presubmits of a case.
pub fn jobs(input: &Value) -> Vec<TenantJob<Presubmit>> {
    let raw: Vec<api::job::Presubmit> = list(&input["presubmits"]);
    let jobs = decide::config::presubmits_of(&raw).unwrap();
    jobs.into_iter().map(|job| TenantJob { namespace: "acme".to_owned(), job }).collect()
}

/// A plan in the words of the cases.
pub fn answer(plan: &Plan, policy: &TriggerPolicy) -> Value {
    let (mut started, mut aborted, mut added, mut removed, mut comments) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut answer = json!({ "error": plan.unanswered.is_some(), "old_help_pruned": false });
    for planned in &plan.actions {
        match &planned.action {
            TriggerAction::StartRun(start) => {
                answer["refs"] = serde_json::to_value(&start.refs).unwrap();
                answer["retest_label"] = json!(start.retest);
                started.push(start.job.job.name().to_owned());
            }
            TriggerAction::AbortRun { run, .. } => aborted.push(run.clone()),
            TriggerAction::AddLabel(label) => added.push(*label),
            TriggerAction::RemoveLabel(label) => removed.push(*label),
            TriggerAction::Comment(reply) => comments.push(kind(reply, policy)),
            TriggerAction::ApproveWorkflows(_) | TriggerAction::RerunFailedWorkflows(_) => {}
            TriggerAction::PruneHelp => answer["old_help_pruned"] = json!(true),
        }
    }
    started.sort();
    aborted.sort();
    added.sort_unstable();
    removed.sort_unstable();
    answer["started"] = json!(started);
    answer["aborted"] = json!(aborted);
    answer["labels_added"] = json!(added);
    answer["labels_removed"] = json!(removed);
    answer["comments"] = json!(comments);
    answer
}

fn kind(reply: &Reply, policy: &TriggerPolicy) -> Value {
    match &reply.kind {
        ReplyKind::Welcome(welcome) => json!({
            "kind": "welcome",
            "prominent_join": welcome.press_to_join.is_some(),
            "names_trusted_org": welcome.organizations.len() > 1,
            "custom_join_url": Some(&welcome.join_url) == policy.join_url.as_ref(),
        }),
        ReplyKind::WelcomeWithoutOkToTest { .. } => json!({ "kind": "welcome-ignore-ok-to-test" }),
        ReplyKind::Draft => json!({ "kind": "draft" }),
        ReplyKind::RefusedUntrusted { .. } => json!({ "kind": "refuse-untrusted" }),
        ReplyKind::RefusedWithoutOkToTest => json!({ "kind": "refuse-untrusted-ignore-ok-to-test" }),
        ReplyKind::RefusedCancel => json!({ "kind": "refuse-cancel" }),
        ReplyKind::Help(Help::NoJobs { .. }) => json!({ "kind": "help-no-jobs" }),
        ReplyKind::Help(Help::Commands { note, required, optional, test_all }) => json!({
            "kind": match note {
                HelpNote::Asked => "help",
                HelpNote::NoTarget => "help-empty-test",
                HelpNote::RetestWithTarget => "help-retest-target",
                HelpNote::NothingAutomatic => "help-no-test-all",
                HelpNote::TargetUnknown => "help-not-found",
            },
            "required_commands": required,
            "optional_commands": optional,
            "test_all": match test_all {
                TestAll::Everything => json!("all"),
                TestAll::Only(names) => json!(names),
            },
        }),
        ReplyKind::Edited | ReplyKind::OkToTestBound { .. } => json!({ "kind": "ours" }),
    }
}

/// Compares the members that the case names; the order of `started` is free.
pub fn equal(answer: &Value, want: &Value) -> Result<(), String> {
    let mut want = normalised(want);
    if let Some(started) = want["started"].as_array_mut() {
        started.sort_by_key(ToString::to_string);
    }
    let answer = normalised(answer);
    let members = want.as_object().unwrap();
    let different = members.iter().filter(|(name, want)| answer.get(name) != Some(want));
    let lines: Vec<String> =
        different.map(|(name, want)| format!("{name}: want {want}, have {}", answer[name])).collect();
    if lines.is_empty() { Ok(()) } else { Err(lines.join("\n")) }
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

pub fn list<T: serde::de::DeserializeOwned>(value: &Value) -> Vec<T> {
    serde_json::from_value::<Option<Vec<T>>>(value.clone()).unwrap().unwrap_or_default()
}
