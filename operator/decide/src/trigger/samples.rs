//! Builders for tests: acme/widgets#41, and what surrounds it.

use super::{Answer, Observed, Person, TenantJob, TriggerPolicy, Unanswered, trust::TrustPolicy};
use crate::{
    config::presubmits_of,
    facts::{
        BaseSha, Comment, CommentId, HeadSha, Login, MergeState, Mergeable, PullRequest, RepoName,
        ReviewDecision,
    },
    job::Presubmit,
    run::Run,
};
use api::{job::JobBase, prow_job::ProwJobStatus};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// Seconds after our time began.
pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

/// A question without an answer.
pub fn unanswered<T>(question: &str) -> Answer<T> {
    Err(Unanswered { question: question.into(), problem: "502".into() })
}

pub fn outsider() -> Person {
    Person { member_of: BTreeMap::from([(Login::new("acme"), Ok(false))]), collaborator: Ok(false) }
}

pub fn member(organization: &str) -> Person {
    Person { member_of: BTreeMap::from([(Login::new(organization), Ok(true))]), collaborator: Ok(false) }
}

pub fn unknown() -> Person {
    Person {
        member_of: BTreeMap::from([(Login::new("acme"), unanswered("who belongs to acme"))]),
        collaborator: unanswered("who is a collaborator"),
    }
}

pub fn policy() -> TriggerPolicy {
    TriggerPolicy {
        bot: Login::new("acme-bot"),
        trust: TrustPolicy {
            organizations: vec![Login::new("acme")],
            collaborators: true,
            apps: vec![Login::new("dependabot")],
            ok_to_test: true,
            ..TrustPolicy::default()
        },
        join_url: None,
        press_to_join_from: Some(3),
        press_to_join: None,
        workflows: false,
        web: "https://github.com".into(),
        commands_url: "https://ci.example.org/commands".into(),
    }
}

/// A fresh pull request by `author`, who belongs to acme; `stranger` does not.
pub fn observed() -> Observed {
    Observed {
        pull: PullRequest {
            repository: RepoName::new("acme", "widgets"),
            number: 41,
            node_id: String::new(),
            title: "Fix the frobnicator".into(),
            body: String::new(),
            author: Some(Login::new("author")),
            author_is_bot: false,
            base_ref: "main".into(),
            base_sha: BaseSha::new("b0"),
            head_ref: "fix".into(),
            head_sha: HeadSha::new("h1"),
            labels: BTreeSet::new(),
            milestone: None,
            assignees: Vec::new(),
            requested_reviewers: Vec::new(),
            draft: false,
            open: true,
            merged: false,
            mergeable: Mergeable::Unknown,
            merge_state: MergeState::Unknown,
            review_decision: ReviewDecision::None,
            created_at: at(0),
            updated_at: at(0),
        },
        base_tip: Ok(BaseSha::new("b1")),
        changed: Ok(vec!["src/lib.rs".into()]),
        contexts: Ok(Vec::new()),
        people: BTreeMap::from([
            (Login::new("author"), member("acme")),
            (Login::new("robin"), member("acme")),
            (Login::new("stranger"), outsider()),
        ]),
        merged_of_author: None,
        comments: Vec::new(),
        runs: Vec::new(),
        past_runs: BTreeSet::new(),
        head_since: Some(at(0)),
        lgtm_on: None,
        commands_since: at(0),
    }
}

/// As [`observed`], by somebody whom we do not trust.
pub fn by_a_stranger() -> Observed {
    let mut observed = observed();
    observed.pull.author = Some(Login::new("stranger"));
    observed
}

/// A comment in the conversation, written at second `id`.
pub fn comment(id: u32, author: &str, body: &str) -> Comment {
    Comment {
        id: CommentId::Comment(id.into()),
        node_id: String::new(),
        author: Some(Login::new(author)),
        author_is_bot: false,
        body: body.into(),
        created_at: at(id.into()),
        last_edited_at: None,
        marked: false,
        url: format!("https://github.com/acme/widgets/pull/41#issuecomment-{id}"),
    }
}

/// A job, changed as the test needs it.
pub fn job(name: &str, change: impl FnOnce(&mut api::job::Presubmit)) -> TenantJob<Presubmit> {
    let mut raw = api::job::Presubmit {
        base: JobBase { name: name.into(), ..JobBase::default() },
        ..api::job::Presubmit::default()
    };
    change(&mut raw);
    TenantJob { namespace: "acme".into(), job: presubmits_of(&[raw]).unwrap().remove(0) }
}

/// A job that runs for every change.
pub fn always(name: &str) -> TenantJob<Presubmit> {
    job(name, |raw| raw.always_run = Some(true))
}

/// A job that only a command starts.
pub fn manual(name: &str) -> TenantJob<Presubmit> {
    job(name, |_| {})
}

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// A ProwJob of a presubmit, with these refs, labels and annotations.
pub fn run(refs: &serde_json::Value, labels: &[(&str, &str)], annotations: &[(&str, &str)]) -> Run {
    let spec = serde_json::json!({ "type": "presubmit", "job": "unit", "refs": refs });
    Run {
        namespace: "acme".into(),
        name: "run".into(),
        uid: "1".into(),
        generation: None,
        created: jiff::Timestamp::UNIX_EPOCH,
        deleted: None,
        labels: map(labels),
        annotations: map(annotations),
        spec: serde_json::from_value(spec).unwrap(),
        status: ProwJobStatus::default(),
    }
}
