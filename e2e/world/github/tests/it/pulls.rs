//! Pull requests: opening, new heads, files, reviews, mergeability.

use serde_json::json;
use world_github::{NewPull, Options};

use crate::github::{Client, WIDGETS, acme, acme_with, list};

#[tokio::test]
async fn a_stranger_opens_a_pull_request_from_a_fork() {
    let github = acme();
    let number = github
        .user("robin")
        .open_pull(WIDGETS, "fix", "Fix it", &[("src/lib.txt", "one\n2\nthree\n"), ("new.txt", "x\n")])
        .unwrap();
    let client = Client::of(&github, "robot");
    let pull = client.get(&format!("/repos/acme/widgets/pulls/{number}")).await.is(200).body;
    assert_eq!(pull["head"]["label"], "robin:fix");
    assert_eq!(pull["head"]["repo"]["full_name"], "robin/widgets");
    assert_eq!(pull["base"]["ref"], "main");
    assert_eq!((pull["mergeable"].as_bool(), pull["mergeable_state"].as_str()), (Some(true), Some("clean")));
    assert_eq!(
        (pull["additions"].as_u64(), pull["deletions"].as_u64(), pull["changed_files"].as_u64()),
        (Some(2), Some(1), Some(2))
    );
    let files = client.get(&format!("/repos/acme/widgets/pulls/{number}/files")).await.is(200).body;
    assert_eq!(
        (list(&files, "filename"), list(&files, "status")),
        (vec!["new.txt", "src/lib.txt"], vec!["added", "modified"])
    );
    assert_eq!(files[1]["patch"], "@@ -1,3 +1,3 @@\n one\n-two\n+2\n three");
    let merge = client.get(&format!("/repos/acme/widgets/git/ref/pull/{number}/merge")).await.is(200).body;
    assert_eq!(merge["object"]["sha"], pull["merge_commit_sha"]);
    let diff = Client::of(&github, "robot").header("accept", "application/vnd.github.diff");
    assert!(
        diff.get(&format!("/repos/acme/widgets/pulls/{number}"))
            .await
            .text
            .starts_with("diff --git a/new.txt")
    );
}

#[tokio::test]
async fn equal_worlds_have_equal_commits() {
    let heads = [0, 1].map(|_| {
        let github = acme();
        github.user("robin").open_pull(WIDGETS, "fix", "Fix it", &[("a", "b")]).unwrap();
        github.look(|state| state.pull(&WIDGETS.into(), 1).unwrap().head_sha.clone())
    });
    assert_eq!(heads[0], heads[1]);
}

#[tokio::test]
async fn one_branch_has_one_open_pull_request() {
    let github = acme();
    github.user("rita").open_pull(WIDGETS, "fix", "Fix it", &[("a", "b")]).unwrap();
    let client = Client::of(&github, "rita");
    let open = |head: &str, base: &str| json!({"title": "again", "head": head, "base": base});
    let twice = client.post("/repos/acme/widgets/pulls", open("fix", "main")).await.is(422);
    assert_eq!(twice.body["errors"][0]["message"], "A pull request already exists for acme:fix.");
    let nothing = client.post("/repos/acme/widgets/pulls", open("main", "main")).await.is(422);
    assert_eq!(nothing.body["errors"][0]["message"], "No commits between main and main");
    let absent = client.post("/repos/acme/widgets/pulls", open("fix", "nowhere")).await.is(422);
    assert_eq!(
        (absent.body["errors"][0]["field"].as_str(), absent.body["errors"][0]["code"].as_str()),
        (Some("base"), Some("invalid"))
    );
}

#[tokio::test]
async fn pull_requests_are_found_by_head_and_base() {
    let github = acme();
    github.user("rita").open_pull(WIDGETS, "fix", "Fix it", &[("a", "b")]).unwrap();
    github.user("robin").open_pull(WIDGETS, "fix", "Fix it too", &[("a", "c")]).unwrap();
    let client = Client::of(&github, "robot");
    assert_eq!(
        list(&client.get("/repos/acme/widgets/pulls?head=robin:fix").await.body, "title"),
        ["Fix it too"]
    );
    assert_eq!(
        list(&client.get("/repos/acme/widgets/pulls?base=main&direction=asc").await.body, "title"),
        ["Fix it", "Fix it too"]
    );
    assert_eq!(client.get("/repos/acme/widgets/pulls?head=nobody:fix").await.body, json!([]));
}

#[tokio::test]
async fn a_push_gives_a_pull_request_a_new_head() {
    let github = acme();
    let robin = github.user("robin");
    let number = robin.open_pull(WIDGETS, "fix", "Fix it", &[("a", "b")]).unwrap();
    let head = robin.push(WIDGETS, number, &[("a", "c")], "better").unwrap();
    let client = Client::of(&github, "robot");
    let pull = client.get(&format!("/repos/acme/widgets/pulls/{number}")).await.body;
    assert_eq!((pull["head"]["sha"].as_str(), pull["commits"].as_u64()), (Some(head.as_str()), Some(2)));
    let forced = robin.force_push(WIDGETS, number, &[("a", "d")], "best").unwrap();
    let commits = client.get(&format!("/repos/acme/widgets/pulls/{number}/commits")).await.body;
    assert_eq!(list(&commits, "sha"), [forced]);
    let events = client.get(&format!("/repos/acme/widgets/issues/{number}/events")).await.body;
    assert_eq!(list(&events, "event"), ["head_ref_force_pushed"]);
}

#[tokio::test]
async fn mergeability_is_unknown_to_the_first_who_asks_if_lazy() {
    let github = acme_with(Options { lazy_mergeable: true, ..Options::default() });
    let number = github.user("rita").open_pull(WIDGETS, "fix", "Fix it", &[("a", "b")]).unwrap();
    let client = Client::of(&github, "robot");
    let path = format!("/repos/acme/widgets/pulls/{number}");
    let first = client.get(&path).await.body;
    assert_eq!((first["mergeable"].is_null(), first["mergeable_state"].as_str()), (true, Some("unknown")));
    assert_eq!(client.get(&path).await.body["mergeable"], true);
    github.user("rita").commit(WIDGETS, "main", &[("a", Some("conflict"))], "meanwhile").unwrap();
    assert!(client.get(&path).await.body["mergeable"].is_null());
    let known = client.get(&path).await.body;
    assert_eq!(
        (known["mergeable"].as_bool(), known["mergeable_state"].as_str()),
        (Some(false), Some("dirty"))
    );
    client.get(&format!("/repos/acme/widgets/git/ref/pull/{number}/merge")).await.is(404);
}

#[tokio::test]
async fn nobody_approves_their_own_pull_request() {
    let github = acme();
    let number = github.user("rita").open_pull(WIDGETS, "fix", "Fix it", &[("a", "b")]).unwrap();
    let path = format!("/repos/acme/widgets/pulls/{number}/reviews");
    let own = Client::of(&github, "rita").post(&path, json!({"event": "APPROVE"})).await.is(422);
    assert_eq!(own.body["errors"], json!(["Can not approve your own pull request"]));
    let given =
        Client::of(&github, "ada").post(&path, json!({"event": "APPROVE", "body": "good"})).await.is(200);
    assert_eq!(given.body["state"], "APPROVED");
    let head = github.look(|state| state.pull(&WIDGETS.into(), number).unwrap().head_sha.clone());
    assert_eq!(given.body["commit_id"], head);
    let dismissed = Client::of(&github, "rita")
        .put(&format!("{path}/{}/dismissals", given.body["id"]), json!({"message": "stale"}))
        .await
        .is(200);
    assert_eq!(dismissed.body["state"], "DISMISSED");
}

#[tokio::test]
async fn a_reviewer_who_is_no_collaborator_refuses_the_whole_request() {
    let github = acme();
    let number = github.user("rita").open_pull(WIDGETS, "fix", "Fix it", &[("a", "b")]).unwrap();
    let client = Client::of(&github, "robot");
    let path = format!("/repos/acme/widgets/pulls/{number}/requested_reviewers");
    let refused = client.post(&path, json!({"reviewers": ["ada", "robin"]})).await.is(422);
    assert!(
        refused.message().starts_with("Reviews may only be requested from collaborators."),
        "{}",
        refused.message()
    );
    client.post(&path, json!({"reviewers": ["rita"]})).await.is(422);
    let asked = client.post(&path, json!({"reviewers": ["ada"]})).await.is(201);
    assert_eq!(list(&asked.body["requested_reviewers"], "login"), ["ada"]);
    github.user("ada").review(WIDGETS, number, "COMMENT", "reading").unwrap();
    assert_eq!(client.get(&path).await.body["users"], json!([]));
}

#[tokio::test]
async fn a_comment_on_a_line_belongs_to_a_review() {
    let github = acme();
    let number = github.user("rita").open_pull(WIDGETS, "fix", "Fix it", &[("a", "b\n")]).unwrap();
    let id = github.user("ada").comment_on_line(WIDGETS, number, "a", 1, "/hold").unwrap();
    let client = Client::of(&github, "robot");
    let comments = client.get(&format!("/repos/acme/widgets/pulls/{number}/comments")).await.body;
    assert_eq!((comments[0]["id"].as_u64(), comments[0]["path"].as_str()), (Some(id), Some("a")));
    let reviews = client.get(&format!("/repos/acme/widgets/pulls/{number}/reviews")).await.body;
    assert_eq!(
        (reviews[0]["id"].as_u64(), reviews[0]["state"].as_str()),
        (comments[0]["pull_request_review_id"].as_u64(), Some("COMMENTED"))
    );
}

#[tokio::test]
async fn a_pull_request_is_edited_closed_retargeted_and_reopened() {
    let github = acme();
    let rita = github.user("rita");
    let number = rita.open_pull(WIDGETS, "fix", "Fix it", &[("a", "b")]).unwrap();
    rita.commit(WIDGETS, "release", &[("z", Some("z"))], "start").unwrap();
    let client = Client::of(&github, "rita");
    let path = format!("/repos/acme/widgets/pulls/{number}");
    let edited =
        client.patch(&path, json!({"title": "Fix all", "base": "release", "body": null})).await.is(200).body;
    assert_eq!(
        (edited["title"].as_str(), edited["base"]["ref"].as_str()),
        (Some("Fix all"), Some("release"))
    );
    client.patch(&path, json!({"state": "closed"})).await.is(200);
    let head = rita.commit(WIDGETS, "fix", &[("a", Some("more"))], "while closed").unwrap();
    assert_ne!(client.get(&path).await.body["head"]["sha"], head);
    assert_eq!(client.patch(&path, json!({"state": "open"})).await.is(200).body["head"]["sha"], head);
}

#[tokio::test]
async fn deleting_the_head_branch_closes_its_pull_request() {
    let github = acme();
    let number = github.user("rita").open_pull(WIDGETS, "fix", "Fix it", &[("a", "b")]).unwrap();
    let client = Client::of(&github, "rita");
    client.delete("/repos/acme/widgets/git/refs/heads/fix").await.is(204);
    let path = format!("/repos/acme/widgets/pulls/{number}");
    assert_eq!(client.get(&path).await.body["state"], "closed");
    client.patch(&path, json!({"state": "open"})).await.is(422);
}

#[tokio::test]
async fn a_draft_says_so_until_it_is_ready() {
    let github = acme();
    let new = NewPull { title: "Try".to_owned(), draft: true, ..NewPull::default() };
    let number = github.user("rita").open_pull_as(WIDGETS, "try", new, &[("a", "b")]).unwrap();
    let path = format!("/repos/acme/widgets/pulls/{number}");
    let client = Client::of(&github, "robot");
    assert_eq!(client.get(&path).await.body["mergeable_state"], "draft");
    github.user("rita").set_draft(WIDGETS, number, false).unwrap();
    assert_eq!(client.get(&path).await.body["mergeable_state"], "clean");
}
