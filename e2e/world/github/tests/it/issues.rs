//! Issues, comments, labels, assignees, reactions.

use std::time::Duration;

use serde_json::json;

use crate::github::{Client, WIDGETS, acme, list};

#[tokio::test(start_paused = true)]
async fn a_comment_is_kept_edited_and_deleted() {
    let github = acme();
    let number = github.user("robin").open_issue(WIDGETS, "A bug", "It hurts").unwrap();
    let client = Client::of(&github, "robot");
    let path = format!("/repos/acme/widgets/issues/{number}/comments");
    let made = client.post(&path, json!({"body": "hello"})).await.is(201);
    assert_eq!(made.body["created_at"], "2026-01-01T00:00:00Z");
    assert_eq!(made.body["author_association"], "COLLABORATOR");
    tokio::time::advance(Duration::from_secs(90)).await;
    let one = format!("/repos/acme/widgets/issues/comments/{}", made.body["id"]);
    let edited = client.patch(&one, json!({"body": "good bye"})).await.is(200);
    assert_eq!(
        (edited.body["body"].as_str(), edited.body["updated_at"].as_str()),
        (Some("good bye"), Some("2026-01-01T00:01:30Z"))
    );
    assert_eq!(
        client.get(&format!("{path}?since=2026-01-01T00:01:00Z")).await.body.as_array().unwrap().len(),
        1
    );
    assert_eq!(client.get(&format!("{path}?since=2026-01-01T00:02:00Z")).await.body, json!([]));
    client.delete(&one).await.is(204);
    assert_eq!(client.get(&path).await.body, json!([]));
    Client::of(&github, "robin").delete(&one).await.is(404);
}

#[tokio::test]
async fn only_its_author_or_somebody_who_may_write_edits_a_comment() {
    let github = acme();
    let number = github.user("robin").open_issue(WIDGETS, "A bug", "").unwrap();
    let id = github.user("rita").comment(WIDGETS, number, "mine").unwrap();
    let path = format!("/repos/acme/widgets/issues/comments/{id}");
    Client::of(&github, "robin").patch(&path, json!({"body": "no"})).await.is(403);
    Client::of(&github, "robot").patch(&path, json!({"body": "yes"})).await.is(200);
}

#[tokio::test]
async fn labels_are_set_taken_off_and_renamed_with_the_repository() {
    let github = acme();
    let number = github.user("robin").open_issue(WIDGETS, "A bug", "").unwrap();
    let client = Client::of(&github, "robot");
    client
        .post(
            "/repos/acme/widgets/labels",
            json!({"name": "kind/bug", "color": "FF0000", "description": "broken"}),
        )
        .await
        .is(201);
    let again = client
        .post("/repos/acme/widgets/labels", json!({"name": "Kind/Bug", "color": "FF0000"}))
        .await
        .is(422);
    assert_eq!(again.body["errors"][0]["code"], "already_exists");
    let worn = client
        .post(&format!("/repos/acme/widgets/issues/{number}/labels"), json!({"labels": ["KIND/bug"]}))
        .await
        .is(200);
    assert_eq!(list(&worn.body, "name"), ["kind/bug"]);
    let changed = client
        .patch("/repos/acme/widgets/labels/kind%2Fbug", json!({"new_name": "bug", "color": "00ff00"}))
        .await
        .is(200);
    assert_eq!(
        (changed.body["name"].as_str(), changed.body["description"].as_str()),
        (Some("bug"), Some("broken"))
    );
    let issue = client.get(&format!("/repos/acme/widgets/issues/{number}")).await.is(200);
    assert_eq!(list(&issue.body["labels"], "name"), ["bug"]);
    client.delete(&format!("/repos/acme/widgets/issues/{number}/labels/bug")).await.is(200);
    let absent = client.delete(&format!("/repos/acme/widgets/issues/{number}/labels/bug")).await.is(404);
    assert_eq!(absent.message(), "Label does not exist");
}

#[tokio::test]
async fn a_label_that_the_repository_lacks_is_made_when_it_is_set() {
    let github = acme();
    let number = github.user("robin").open_issue(WIDGETS, "A bug", "").unwrap();
    let client = Client::of(&github, "robot");
    client
        .post(&format!("/repos/acme/widgets/issues/{number}/labels"), json!(["lgtm", "approved"]))
        .await
        .is(200);
    let offered = client.get("/repos/acme/widgets/labels").await;
    assert_eq!(
        (list(&offered.body, "name"), list(&offered.body, "color")),
        (vec!["approved", "lgtm"], vec!["ededed", "ededed"])
    );
    Client::of(&github, "robin")
        .post(&format!("/repos/acme/widgets/issues/{number}/labels"), json!(["x"]))
        .await
        .is(403);
}

#[tokio::test]
async fn those_who_cannot_be_assigned_are_left_out_without_a_word() {
    let github = acme();
    let number = github.user("robin").open_issue(WIDGETS, "A bug", "").unwrap();
    github.change(|state| state.add_user("stranger"));
    let client = Client::of(&github, "robot");
    let path = format!("/repos/acme/widgets/issues/{number}/assignees");
    let reply =
        client.post(&path, json!({"assignees": ["Rita", "stranger", "nobody", "robin"]})).await.is(201);
    assert_eq!(list(&reply.body["assignees"], "login"), ["rita", "robin"]);
}

#[tokio::test]
async fn a_locked_issue_takes_no_comment_from_strangers() {
    let github = acme();
    let number = github.user("robin").open_issue(WIDGETS, "A bug", "").unwrap();
    let client = Client::of(&github, "rita");
    client
        .put(&format!("/repos/acme/widgets/issues/{number}/lock"), json!({"lock_reason": "spam"}))
        .await
        .is(204);
    let refused = github.user("robin").comment(WIDGETS, number, "but").unwrap_err();
    assert_eq!(
        (refused.status.as_u16(), refused.message.as_str()),
        (403, "Unable to create comment because issue is locked.")
    );
    github.user("rita").comment(WIDGETS, number, "no").unwrap();
}

#[tokio::test]
async fn an_issue_is_closed_reopened_and_keeps_its_events() {
    let github = acme();
    let number = github.user("robin").open_issue(WIDGETS, "A bug", "").unwrap();
    let client = Client::of(&github, "robin");
    let path = format!("/repos/acme/widgets/issues/{number}");
    let closed = client.patch(&path, json!({"state": "closed", "state_reason": "not_planned"})).await.is(200);
    assert_eq!(
        (closed.body["state"].as_str(), closed.body["state_reason"].as_str()),
        (Some("closed"), Some("not_planned"))
    );
    assert_eq!(client.get(&path).await.body["closed_by"]["login"], "robin");
    client.patch(&path, json!({"state": "open", "title": "A defect"})).await.is(200);
    let events = client.get(&format!("{path}/events")).await;
    assert_eq!(list(&events.body, "event"), ["closed", "renamed", "reopened"]);
    assert_eq!(events.body[1]["rename"], json!({"from": "A bug", "to": "A defect"}));
}

#[tokio::test]
async fn a_second_equal_reaction_is_the_first_one() {
    let github = acme();
    let number = github.user("robin").open_issue(WIDGETS, "A bug", "").unwrap();
    let id = github.user("robin").comment(WIDGETS, number, "/lgtm").unwrap();
    let client = Client::of(&github, "robot");
    let path = format!("/repos/acme/widgets/issues/comments/{id}/reactions");
    let first = client.post(&path, json!({"content": "eyes"})).await.is(201);
    assert_eq!(client.post(&path, json!({"content": "eyes"})).await.is(200).body["id"], first.body["id"]);
    client.post(&path, json!({"content": "shrug"})).await.is(422);
    let comment = client.get(&format!("/repos/acme/widgets/issues/comments/{id}")).await;
    assert_eq!(comment.body["reactions"]["eyes"], 1);
    client.delete(&format!("{path}/{}", first.body["id"])).await.is(204);
    assert_eq!(client.get(&path).await.body, json!([]));
}

#[tokio::test]
async fn a_status_is_refused_for_an_unknown_commit_or_a_long_description() {
    let github = acme();
    let client = Client::of(&github, "robot");
    let unknown = client
        .post(&format!("/repos/acme/widgets/statuses/{}", "0".repeat(40)), json!({"state": "success"}))
        .await
        .is(422);
    assert!(unknown.message().starts_with("No commit found for SHA:"), "{}", unknown.message());
    let sha = github.look(|state| state.repo(&WIDGETS.into()).unwrap().tip("main").unwrap().clone());
    let path = format!("/repos/acme/widgets/statuses/{sha}");
    let long = client.post(&path, json!({"state": "success", "description": "x".repeat(141)})).await.is(422);
    assert_eq!(long.body["errors"][0]["message"], "description is too long (maximum is 140 characters)");
    client.post(&path, json!({"state": "happy"})).await.is(422);
    client.post(&path, json!({"state": "pending", "context": "unit"})).await.is(201);
    client
        .post(&path, json!({"state": "success", "context": "unit", "target_url": "https://example.com/1"}))
        .await
        .is(201);
    client.post(&path, json!({"state": "pending", "context": "e2e"})).await.is(201);
    let combined = client.get("/repos/acme/widgets/commits/main/status").await.is(200);
    assert_eq!(
        (combined.body["state"].as_str(), combined.body["total_count"].as_u64()),
        (Some("pending"), Some(2))
    );
    assert_eq!(list(&combined.body["statuses"], "state"), ["success", "pending"]);
    assert_eq!(
        client.get("/repos/acme/widgets/commits/main/statuses").await.body.as_array().unwrap().len(),
        3
    );
    Client::of(&github, "robin").post(&path, json!({"state": "success"})).await.is(403);
}
