//! From a payload to what is to be looked at.

use super::payload::{Checks, Payload};
use crate::facts::{CommitSha, RepoName};

/// Something may have changed here: look.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hint {
    /// In which repository.
    pub repository: RepoName,
    /// At what.
    pub what: What,
}

/// What to look at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// A pull request.
    Pull(u64),
    /// An issue.
    Issue(u64),
    /// A branch.
    Branch(String),
    /// Whatever has this commit as its head: a status does not name the pull requests that it matters to.
    Commit(CommitSha),
    /// The repository: its settings, labels, people, and all that is open.
    Repository,
}

/// The hints in a webhook. An event that we know and cannot read is a hint at its repository; one that we do not know is
/// none.
pub fn hints(event: &str, body: &[u8]) -> Vec<Hint> {
    let payload: Payload = serde_json::from_slice(body).unwrap_or_default();
    let named = payload.repository.as_ref().and_then(|known| known.full_name.parse::<RepoName>().ok());
    if let Some(repository) = named {
        let whats = look_at(event, &payload).into_iter();
        return whats.map(|what| Hint { repository: repository.clone(), what }).collect();
    }
    let lists = [payload.repositories, payload.repositories_added, payload.repositories_removed];
    let names = lists.into_iter().flatten().flatten().filter_map(|known| known.full_name.parse().ok());
    names.map(|repository| Hint { repository, what: What::Repository }).collect()
}

fn look_at(event: &str, payload: &Payload) -> Vec<What> {
    let issue = payload.issue.as_ref().map(|issue| match issue.pull_request {
        Some(_) => What::Pull(issue.number),
        None => What::Issue(issue.number),
    });
    let pull = payload.pull_request.as_ref().map(|pull| What::Pull(pull.number));
    let reference = payload.reference.as_deref();
    let read = match event {
        "issues" | "issue_comment" => issue,
        "pull_request"
        | "pull_request_review"
        | "pull_request_review_comment"
        | "pull_request_review_thread" => pull,
        "push" => match reference {
            Some(reference) => match reference.strip_prefix("refs/heads/") {
                Some(branch) => Some(What::Branch(branch.to_owned())),
                // A tag changes nothing that we look at.
                None => return Vec::new(),
            },
            None => None,
        },
        "create" | "delete" => match payload.ref_type.as_deref() {
            Some("branch") => reference.map(|branch| What::Branch(branch.to_owned())),
            Some(_) => return Vec::new(),
            None => None,
        },
        "status" => payload.sha.as_ref().map(|sha| What::Commit(CommitSha::new(sha))),
        "check_run" => return checks(payload.check_run.as_ref()),
        "check_suite" => return checks(payload.check_suite.as_ref()),
        "workflow_run" => return checks(payload.workflow_run.as_ref()),
        "workflow_job" => return checks(payload.workflow_job.as_ref()),
        "label"
        | "member"
        | "repository"
        | "public"
        | "team_add"
        | "branch_protection_rule"
        | "branch_protection_configuration"
        | "repository_ruleset" => Some(What::Repository),
        _ => return Vec::new(),
    };
    vec![read.unwrap_or(What::Repository)]
}

/// The pull requests of a check, or its commit where GitHub names none, as it does for forks.
fn checks(checks: Option<&Checks>) -> Vec<What> {
    let Some(checks) = checks else { return vec![What::Repository] };
    let pulls: Vec<What> =
        checks.pull_requests.iter().flatten().map(|pull| What::Pull(pull.number)).collect();
    if pulls.is_empty() { vec![What::Commit(CommitSha::new(&checks.head_sha))] } else { pulls }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn looks(event: &str, mut body: Value) -> Vec<What> {
        body["repository"] = json!({ "full_name": "acme/widgets" });
        let hints = hints(event, body.to_string().as_bytes());
        assert!(hints.iter().all(|hint| hint.repository == RepoName::new("acme", "widgets")));
        hints.into_iter().map(|hint| hint.what).collect()
    }

    #[test]
    fn a_comment_is_a_hint_at_what_it_stands_in() {
        assert_eq!(looks("issue_comment", json!({ "issue": { "number": 3 } })), [What::Issue(3)]);
        let pull = json!({ "issue": { "number": 3, "pull_request": {} }, "comment": { "user": null } });
        assert_eq!(looks("issue_comment", pull), [What::Pull(3)]);
    }

    #[test]
    fn a_push_is_a_hint_at_its_branch_and_a_tag_at_nothing() {
        assert_eq!(
            looks("push", json!({ "ref": "refs/heads/release/1" })),
            [What::Branch("release/1".to_owned())]
        );
        assert_eq!(looks("push", json!({ "ref": "refs/tags/v1" })), []);
    }

    #[test]
    fn a_check_of_a_fork_is_a_hint_at_its_commit() {
        let check = |pulls: Value| json!({ "check_run": { "head_sha": "abc", "pull_requests": pulls } });
        assert_eq!(looks("check_run", check(json!([]))), [What::Commit(CommitSha::new("abc"))]);
        assert_eq!(
            looks("check_run", check(json!([{ "number": 1 }, { "number": 2 }]))),
            [What::Pull(1), What::Pull(2)]
        );
    }

    #[test]
    fn what_cannot_be_read_is_a_hint_at_the_repository() {
        assert_eq!(looks("issue_comment", json!({ "issue": { "number": "three" } })), [What::Repository]);
        assert_eq!(looks("status", json!({ "sha": null })), [What::Repository]);
    }

    #[test]
    fn an_unknown_event_is_no_hint() {
        assert_eq!(looks("sponsorship", json!({})), []);
        assert!(hints("push", b"no json").is_empty());
    }

    #[test]
    fn an_installation_names_its_repositories() {
        let body = json!({ "repositories_added": [{ "full_name": "acme/a" }], "repositories_removed": [] });
        let hints = hints("installation_repositories", body.to_string().as_bytes());
        assert_eq!(hints, [Hint { repository: RepoName::new("acme", "a"), what: What::Repository }]);
    }
}
