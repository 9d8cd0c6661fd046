//! Merges: real commits, and refusals in GitHub's words.

use http::Method;
use serde_json::{Value, json};
use world_github::state::{Protection, RequiredContexts, RequiredReviews, Restrictions};
use world_github::{GitHub, MergeRequest, Name, NewPull, Rule};

use crate::github::{Client, Reply, WIDGETS, acme, list};

fn pull(github: &GitHub, branch: &str, file: &str) -> (u64, String) {
    let number = github
        .user("rita")
        .open_pull(WIDGETS, branch, &format!("Change {file}"), &[(file, "new\n")])
        .unwrap();
    (number, github.look(|state| state.pull(&Name::from(WIDGETS), number).unwrap().head_sha.clone()))
}

async fn merge(client: &Client, number: u64, body: Value) -> Reply {
    client.put(&format!("/repos/acme/widgets/pulls/{number}/merge"), body).await
}

async fn tip(client: &Client) -> Value {
    let branch = client.get("/repos/acme/widgets/branches/main").await.is(200).body;
    branch["commit"].clone()
}

#[tokio::test]
async fn a_merge_commit_has_base_and_head_as_parents() {
    let github = acme();
    let client = Client::of(&github, "robot");
    let (number, head) = pull(&github, "fix", "a");
    let base = tip(&client).await["sha"].clone();
    let merged = merge(&client, number, json!({"sha": head})).await.is(200).body;
    assert_eq!(
        (merged["merged"].as_bool(), merged["message"].as_str()),
        (Some(true), Some("Pull Request successfully merged"))
    );
    let commit = tip(&client).await;
    assert_eq!(commit["sha"], merged["sha"]);
    assert_eq!(list(&commit["parents"], "sha"), [base.as_str().unwrap(), &head]);
    assert_eq!(
        commit["commit"]["message"],
        format!("Merge pull request #{number} from acme/fix\n\nChange a")
    );
    let pull = client.get(&format!("/repos/acme/widgets/pulls/{number}")).await.body;
    assert_eq!((pull["state"].as_str(), pull["merged"].as_bool()), (Some("closed"), Some(true)));
    assert_eq!(
        (pull["merged_by"]["login"].as_str(), &pull["merge_commit_sha"]),
        (Some("robot"), &merged["sha"])
    );
    client.get(&format!("/repos/acme/widgets/pulls/{number}/merge")).await.is(204);
    assert_eq!(
        merge(&client, number, json!({"sha": head})).await.is(405).message(),
        "Pull Request is not mergeable"
    );
}

#[tokio::test]
async fn a_squash_is_one_commit_with_the_message_asked_for() {
    let github = acme();
    let client = Client::of(&github, "robot");
    let (number, _) = pull(&github, "fix", "a");
    github.user("rita").push(WIDGETS, number, &[("b", "more\n")], "More").unwrap();
    merge(&client, number, json!({"merge_method": "squash", "commit_title": "All of it"})).await.is(200);
    let commit = tip(&client).await;
    assert_eq!(commit["commit"]["message"], "All of it\n\n* Change a\n\n* More");
    assert_eq!(commit["commit"]["author"]["name"], "rita");
    assert_eq!(commit["parents"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_rebase_replays_each_commit_on_the_new_base() {
    let github = acme();
    let client = Client::of(&github, "robot");
    let (number, head) = pull(&github, "fix", "a");
    github.user("rita").push(WIDGETS, number, &[("b", "more\n")], "More").unwrap();
    github.user("ada").commit(WIDGETS, "main", &[("c", Some("x"))], "Meanwhile").unwrap();
    merge(&client, number, json!({"merge_method": "rebase"})).await.is(200);
    let log = client.get("/repos/acme/widgets/commits").await.body;
    let messages: Vec<&str> =
        log.as_array().unwrap().iter().map(|one| one["commit"]["message"].as_str().unwrap()).collect();
    assert_eq!(messages, ["More", "Change a", "Meanwhile", "Initial commit"]);
    assert!(!list(&log, "sha").contains(&head.as_str()));
    let tree = client.get("/repos/acme/widgets/git/trees/main").await.body;
    assert_eq!(list(&tree["tree"], "path"), ["README.md", "a", "b", "c", "src"]);
}

#[tokio::test]
async fn a_head_that_moved_is_refused_with_409() {
    let github = acme();
    let client = Client::of(&github, "robot");
    let (number, old) = pull(&github, "fix", "a");
    github.user("rita").push(WIDGETS, number, &[("a", "newer\n")], "More").unwrap();
    let reply = merge(&client, number, json!({"sha": old})).await.is(409);
    assert_eq!(reply.message(), "Head branch was modified. Review and try the merge again.");
}

#[tokio::test]
async fn a_conflict_a_draft_and_a_forbidden_method_are_refused_with_405() {
    let github = acme();
    let client = Client::of(&github, "robot");
    let (number, _) = pull(&github, "fix", "a");
    github.user("ada").commit(WIDGETS, "main", &[("a", Some("other\n"))], "Meanwhile").unwrap();
    assert_eq!(merge(&client, number, json!({})).await.is(405).message(), "Pull Request is not mergeable");
    assert_eq!(
        merge(&client, number, json!({"merge_method": "rebase"})).await.is(405).message(),
        "This branch can't be rebased"
    );
    let new = NewPull { title: "Try".to_owned(), draft: true, ..NewPull::default() };
    let draft = github.user("rita").open_pull_as(WIDGETS, "try", new, &[("d", "e")]).unwrap();
    assert_eq!(merge(&client, draft, json!({})).await.is(405).message(), "Pull Request is still a draft");
    Client::of(&github, "ada")
        .patch("/repos/acme/widgets", json!({"allow_merge_commit": false}))
        .await
        .is(200);
    let (other, _) = pull(&github, "more", "f");
    assert_eq!(
        merge(&client, other, json!({})).await.is(405).message(),
        "Merge commits are not allowed on this repository."
    );
    merge(&client, other, json!({"merge_method": "octopus"})).await.is(422);
    merge(&client, other, json!({"merge_method": "squash"})).await.is(200);
    merge(&Client::of(&github, "robin"), other, json!({})).await.is(403);
}

#[tokio::test]
async fn required_contexts_hold_a_merge_back_until_they_succeed() {
    let github = acme();
    let client = Client::of(&github, "robot");
    let (number, head) = pull(&github, "fix", "a");
    let contexts = RequiredContexts { strict: false, contexts: vec!["unit".to_owned(), "e2e".to_owned()] };
    let protection = Protection { required_contexts: Some(contexts), ..Protection::default() };
    github.change(|state| state.protect(WIDGETS, "main", protection)).unwrap();
    let path = format!("/repos/acme/widgets/pulls/{number}");
    assert_eq!(client.get(&path).await.body["mergeable_state"], "blocked");
    assert_eq!(
        merge(&client, number, json!({})).await.is(405).message(),
        "2 of 2 required status checks are expected."
    );
    github.user("robot").set_status(WIDGETS, &head, "unit", "failure").unwrap();
    let mixed = merge(&client, number, json!({})).await.is(405);
    assert_eq!(
        mixed.message(),
        "2 of 2 required status checks have not succeeded: 1 expected and 1 failing."
    );
    github.user("robot").set_status(WIDGETS, &head, "unit", "success").unwrap();
    assert_eq!(
        merge(&client, number, json!({})).await.is(405).message(),
        "Required status check \"e2e\" is expected."
    );
    github.user("robot").set_status(WIDGETS, &head, "e2e", "success").unwrap();
    assert_eq!(client.get(&path).await.body["mergeable_state"], "clean");
    merge(&client, number, json!({})).await.is(200);
}

#[tokio::test]
async fn a_strict_branch_takes_only_heads_that_contain_it() {
    let github = acme();
    let client = Client::of(&github, "robot");
    let contexts = RequiredContexts { strict: true, contexts: vec!["unit".to_owned()] };
    let protection = Protection { required_contexts: Some(contexts), ..Protection::default() };
    github.change(|state| state.protect(WIDGETS, "main", protection)).unwrap();
    let (number, head) = pull(&github, "fix", "a");
    github.user("robot").set_status(WIDGETS, &head, "unit", "success").unwrap();
    github.user("ada").commit(WIDGETS, "main", &[("c", Some("x"))], "Meanwhile").unwrap();
    let path = format!("/repos/acme/widgets/pulls/{number}");
    assert_eq!(client.get(&path).await.body["mergeable_state"], "behind");
    assert_eq!(
        merge(&client, number, json!({})).await.is(405).message(),
        "Required status check \"unit\" is expected."
    );
    client.put(&format!("{path}/update-branch"), json!({"expected_head_sha": head})).await.is(202);
    let head = client.get(&path).await.body["head"]["sha"].as_str().unwrap().to_owned();
    github.user("robot").set_status(WIDGETS, &head, "unit", "success").unwrap();
    merge(&client, number, json!({"sha": head})).await.is(200);
}

#[tokio::test]
async fn required_reviews_count_only_from_those_who_may_write() {
    let github = acme();
    let client = Client::of(&github, "robot");
    let reviews = RequiredReviews { count: 1, dismiss_stale: true, code_owners: false };
    let protection = Protection { required_reviews: Some(reviews), ..Protection::default() };
    github.change(|state| state.protect(WIDGETS, "main", protection)).unwrap();
    let (number, _) = pull(&github, "fix", "a");
    github.user("robin").review(WIDGETS, number, "APPROVE", "").unwrap();
    let words = "At least 1 approving review is required by reviewers with write access.";
    assert_eq!(merge(&client, number, json!({})).await.is(405).message(), words);
    github.user("ada").review(WIDGETS, number, "APPROVE", "").unwrap();
    github.user("rita").push(WIDGETS, number, &[("a", "other\n")], "Sneak").unwrap();
    assert_eq!(merge(&client, number, json!({})).await.is(405).message(), words);
    github.user("ada").review(WIDGETS, number, "APPROVE", "").unwrap();
    merge(&client, number, json!({})).await.is(200);
}

#[tokio::test]
async fn restrictions_stop_all_but_those_listed() {
    let github = acme();
    let restrictions = Restrictions { users: vec![Name::from("rita")], ..Restrictions::default() };
    let protection = Protection { restrictions: Some(restrictions), ..Protection::default() };
    github.change(|state| state.protect(WIDGETS, "main", protection)).unwrap();
    let (number, _) = pull(&github, "fix", "a");
    let refused = merge(&Client::of(&github, "robot"), number, json!({})).await.is(405);
    assert!(
        refused.message().starts_with("You're not authorized to push to this branch."),
        "{}",
        refused.message()
    );
    merge(&Client::of(&github, "rita"), number, json!({})).await.is(200);
}

#[tokio::test]
async fn protection_is_written_and_read_back_as_github_shows_it() {
    let github = acme();
    let client = Client::of(&github, "ada");
    let path = "/repos/acme/widgets/branches/main/protection";
    assert_eq!(client.get(path).await.is(404).message(), "Branch not protected");
    let input = json!({
        "required_status_checks": {"strict": true, "contexts": ["unit"]}, "enforce_admins": true,
        "required_pull_request_reviews": null, "restrictions": {"users": ["rita"], "teams": []},
    });
    client.put(path, input).await.is(200);
    let shown = client.get(path).await.is(200).body;
    assert_eq!(
        (shown["required_status_checks"]["strict"].as_bool(), shown["enforce_admins"]["enabled"].as_bool()),
        (Some(true), Some(true))
    );
    assert_eq!(list(&shown["restrictions"]["users"], "login"), ["rita"]);
    assert!(shown["required_pull_request_reviews"].is_null());
    assert_eq!(client.get(&format!("{path}/required_status_checks/contexts")).await.body, json!(["unit"]));
    Client::of(&github, "rita").get(path).await.is(404);
    client.delete(path).await.is(204);
    assert_eq!(client.get("/repos/acme/widgets/branches/main").await.body["protected"], false);
}

#[tokio::test]
async fn a_push_that_brings_the_head_into_the_base_merges_the_pull_request() {
    let github = acme();
    let (number, head) = pull(&github, "fix", "a");
    let client = Client::of(&github, "rita");
    client.patch("/repos/acme/widgets/git/refs/heads/main", json!({"sha": head})).await.is(200);
    let pull = client.get(&format!("/repos/acme/widgets/pulls/{number}")).await.body;
    assert_eq!(
        (pull["merged"].as_bool(), pull["merge_commit_sha"].as_str()),
        (Some(true), Some(head.as_str()))
    );
}

#[tokio::test]
async fn a_merge_that_answers_502_may_have_been_done() {
    let github = acme();
    let client = Client::of(&github, "robot");
    let (number, head) = pull(&github, "fix", "a");
    let rule = Rule::on(
        "/repos/acme/*/pulls/*/merge",
        world_github::Fault::FailAfter(502, "Server Error".to_owned()),
    );
    github.faults().add(rule.method(Method::PUT).times(1));
    merge(&client, number, json!({"sha": head})).await.is(502);
    client.get(&format!("/repos/acme/widgets/pulls/{number}/merge")).await.is(204);
}

#[tokio::test]
async fn merging_by_hand_says_the_same() {
    let github = acme();
    let (number, head) = pull(&github, "fix", "a");
    let request = MergeRequest { sha: Some("0".repeat(40)), ..MergeRequest::default() };
    assert_eq!(github.user("rita").merge(WIDGETS, number, &request).unwrap_err().status, 409);
    let request = MergeRequest { sha: Some(head), ..MergeRequest::default() };
    github.user("rita").merge(WIDGETS, number, &request).unwrap();
}
