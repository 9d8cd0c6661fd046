//! Webhooks: what is sent, signed, recorded, sent again; and what a test can do to them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use world_github::state::Scope;
use world_github::{Fate, GitHub, MergeRequest, Options, to_service};

use crate::github::{Client, WIDGETS, acme, acme_with, list};

type Heard = Arc<Mutex<Vec<(String, HeaderMap, Value)>>>;

async fn hear(
    State((heard, status)): State<(Heard, StatusCode)>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let mut mac = Hmac::<Sha256>::new_from_slice(b"hush").unwrap();
    mac.update(&body);
    let signature = headers["x-hub-signature-256"].to_str().unwrap().strip_prefix("sha256=").unwrap();
    mac.verify_slice(&hex::decode(signature).unwrap()).expect("a valid signature");
    let event = headers["x-github-event"].to_str().unwrap().to_owned();
    heard.lock().unwrap().push((event, headers, serde_json::from_slice(&body).unwrap()));
    status
}

/// Sets a hook on acme/widgets, and returns what it hears and its id.
fn listen(github: &GitHub, status: StatusCode) -> (Heard, u64) {
    let heard = Heard::default();
    let router = Router::new().route("/hook", post(hear)).with_state((heard.clone(), status));
    github.deliver_with(to_service(router));
    let hook = github.change(|state| {
        state.add_hook(Scope::Repo(WIDGETS.into()), "https://ci.example.com/hook", Some("hush"), &["*"])
    });
    (heard, hook)
}

async fn names(github: &GitHub, heard: &Heard) -> Vec<String> {
    github.webhooks_settled(Duration::from_mins(1)).await;
    let heard = heard.lock().unwrap();
    heard
        .iter()
        .map(|(event, _, body)| {
            body["action"].as_str().map_or_else(|| event.clone(), |action| format!("{event}.{action}"))
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn the_life_of_a_pull_request_is_told_in_order() {
    let github = acme();
    let (heard, _) = listen(&github, StatusCode::OK);
    let rita = github.user("rita");
    let number = rita.open_pull(WIDGETS, "fix", "Fix it", &[("a", "b")]).unwrap();
    let head = rita.push(WIDGETS, number, &[("a", "c")], "better").unwrap();
    github.user("ada").comment(WIDGETS, number, "/lgtm").unwrap();
    github.user("robot").label(WIDGETS, number, "lgtm").unwrap();
    github.user("ada").review(WIDGETS, number, "APPROVE", "").unwrap();
    github.user("robot").set_status(WIDGETS, &head, "unit", "success").unwrap();
    github.user("robot").merge(WIDGETS, number, &MergeRequest::default()).unwrap();
    let told = names(&github, &heard).await;
    assert_eq!(
        told,
        [
            "push",
            "create",
            "pull_request.opened",
            "push",
            "pull_request.synchronize",
            "issue_comment.created",
            "label.created",
            "pull_request.labeled",
            "pull_request_review.submitted",
            "status",
            "pull_request.closed",
            "push",
        ]
    );
    let heard = heard.lock().unwrap();
    let (_, headers, synchronize) = &heard[4];
    assert_eq!(
        (synchronize["after"].as_str(), synchronize["pull_request"]["mergeable"].is_null()),
        (Some(head.as_str()), true)
    );
    assert_eq!(headers["x-github-hook-installation-target-type"], "repository");
    assert_eq!(headers["content-type"], "application/json");
    assert!(heard[5].2["issue"]["pull_request"]["url"].is_string());
    assert_eq!(heard[8].2["review"]["state"], "approved");
    assert_eq!(heard[9].2["branches"][0]["name"], "fix");
    assert_eq!(heard[10].2["pull_request"]["merged"], true);
    let push = &heard[11].2;
    assert_eq!((push["ref"].as_str(), push["forced"].as_bool()), (Some("refs/heads/main"), Some(false)));
    assert_eq!(push["commits"].as_array().unwrap().len(), 3);
    assert_eq!(push["repository"]["pushed_at"], 1_767_225_600);
    assert_eq!(
        (push["organization"]["login"].as_str(), push["sender"]["login"].as_str()),
        (Some("acme"), Some("robot"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_failed_delivery_is_listed_and_sent_again_with_its_id() {
    let github = acme();
    let (heard, hook) = listen(&github, StatusCode::OK);
    github.choose_fates(|parcel| if parcel.redelivery { Fate::Deliver } else { Fate::Fail });
    github.user("robin").open_issue(WIDGETS, "A bug", "").unwrap();
    assert!(names(&github, &heard).await.is_empty());
    let client = Client::of(&github, "ada");
    let path = format!("/repos/acme/widgets/hooks/{hook}/deliveries");
    let listed = client.get(&path).await.is(200).body;
    assert_eq!(
        (listed[0]["status"].as_str(), listed[0]["event"].as_str()),
        (Some("failed to connect to host"), Some("issues"))
    );
    client.post(&format!("{path}/{}/attempts", listed[0]["id"]), json!({})).await.is(202);
    assert_eq!(names(&github, &heard).await, ["issues.opened"]);
    let again = client.get(&path).await.body;
    assert_eq!(list(&again, "status"), ["OK", "failed to connect to host"]);
    assert_eq!(
        (again[0]["guid"].clone(), again[0]["redelivery"].as_bool()),
        (listed[0]["guid"].clone(), Some(true))
    );
    assert_eq!(
        heard.lock().unwrap()[0].1["x-github-delivery"].to_str().unwrap(),
        listed[0]["guid"].as_str().unwrap()
    );
    let full = client.get(&format!("{path}/{}", again[0]["id"])).await.is(200).body;
    assert_eq!(full["request"]["payload"]["issue"]["title"], "A bug");
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_answers_500_is_not_tried_again() {
    let github = acme();
    let (heard, hook) = listen(&github, StatusCode::INTERNAL_SERVER_ERROR);
    github.user("robin").open_issue(WIDGETS, "A bug", "").unwrap();
    assert_eq!(names(&github, &heard).await.len(), 1);
    let listed =
        Client::of(&github, "ada").get(&format!("/repos/acme/widgets/hooks/{hook}/deliveries")).await.body;
    assert_eq!(
        (listed[0]["status_code"].as_u64(), listed[0]["status"].as_str()),
        (Some(500), Some("Invalid HTTP Response: 500"))
    );
}

#[tokio::test(start_paused = true)]
async fn deliveries_are_lost_doubled_and_overtaken_as_a_test_likes() {
    let github = acme();
    let (heard, hook) = listen(&github, StatusCode::OK);
    github.choose_fates(|parcel| match parcel.action.as_deref() {
        Some("opened") => Fate::Late(Duration::from_mins(10)),
        Some("created") => Fate::Twice,
        Some("closed") => Fate::Lose,
        Some(_) | None => Fate::Deliver,
    });
    let robin = github.user("robin");
    let number = robin.open_issue(WIDGETS, "A bug", "").unwrap();
    robin.comment(WIDGETS, number, "hello").unwrap();
    robin.close(WIDGETS, number).unwrap();
    robin.reopen(WIDGETS, number).unwrap();
    tokio::time::sleep(Duration::from_secs(601)).await;
    assert_eq!(
        names(&github, &heard).await,
        ["issue_comment.created", "issue_comment.created", "issues.reopened", "issues.opened"]
    );
    let listed =
        Client::of(&github, "ada").get(&format!("/repos/acme/widgets/hooks/{hook}/deliveries")).await.body;
    assert_eq!(list(&listed, "action"), ["reopened", "created", "opened"]);
}

#[tokio::test(start_paused = true)]
async fn a_hook_made_by_api_is_pinged_and_hears_only_its_events() {
    let github = acme();
    let (heard, hook) = listen(&github, StatusCode::OK);
    let client = Client::of(&github, "ada");
    client.delete(&format!("/repos/acme/widgets/hooks/{hook}")).await.is(204);
    let config = json!({"url": "https://ci.example.com/hook", "content_type": "json", "secret": "hush"});
    let made = client
        .post(
            "/repos/acme/widgets/hooks",
            json!({"name": "web", "config": config, "events": ["issue_comment"]}),
        )
        .await
        .is(201)
        .body;
    assert_eq!(made["config"]["secret"], "********");
    github.user("robin").open_issue(WIDGETS, "A bug", "").unwrap();
    github.user("robin").comment(WIDGETS, 1, "hello").unwrap();
    assert_eq!(names(&github, &heard).await, ["ping", "issue_comment.created"]);
    let form = json!({"url": "https://ci.example.com/other"});
    client.post("/repos/acme/widgets/hooks", json!({"config": form})).await.is(501);
    Client::of(&github, "rita").get("/repos/acme/widgets/hooks").await.is(404);
}

#[tokio::test(start_paused = true)]
async fn an_app_and_an_organisation_hear_of_one_event_under_one_id() {
    let github = acme();
    let (heard, hook) = listen(&github, StatusCode::OK);
    let installation = github.change(|state| {
        state.hooks.remove(&hook);
        let app = state.add_app("bowline", "acme");
        state.add_hook(Scope::App(app), "https://ci.example.com/hook", Some("hush"), &["issues"]);
        state.add_hook(Scope::Org("acme".into()), "https://ci.example.com/hook", Some("hush"), &["issues"]);
        state.install_app(app, "acme", None)
    });
    github.user("robin").open_issue(WIDGETS, "A bug", "").unwrap();
    assert_eq!(names(&github, &heard).await, ["issues.opened", "issues.opened"]);
    let heard = heard.lock().unwrap();
    assert_eq!(heard[0].1["x-github-delivery"], heard[1].1["x-github-delivery"]);
    let installations: Vec<&Value> = heard.iter().map(|(_, _, body)| &body["installation"]["id"]).collect();
    assert_eq!(installations, [&json!(installation), &Value::Null]);
}

#[tokio::test(start_paused = true)]
async fn check_runs_are_told_when_made_and_when_done() {
    let github = acme();
    let (heard, _) = listen(&github, StatusCode::OK);
    let token = github.change(|state| {
        let app = state.add_app("bowline", "acme");
        let installation = state.install_app(app, "acme", None);
        let token = world_github::state::Token {
            who: world_github::state::Who::Installation(installation),
            expires_at: None,
            repos: None,
        };
        state.tokens.insert("ghs_test".to_owned(), token);
        "ghs_test"
    });
    let sha = github.look(|state| state.repo(&WIDGETS.into()).unwrap().tip("main").unwrap().clone());
    let client = Client::with_token(&github, token);
    let made = client
        .post(
            "/repos/acme/widgets/check-runs",
            json!({"name": "unit", "head_sha": sha, "status": "in_progress"}),
        )
        .await
        .is(201)
        .body;
    let path = format!("/repos/acme/widgets/check-runs/{}", made["id"]);
    client.patch(&path, json!({"status": "completed", "conclusion": "success", "output": {"title": "ok", "summary": "good"}})).await.is(200);
    let listed = client.get("/repos/acme/widgets/commits/main/check-runs").await.is(200).body;
    assert_eq!(
        (listed["total_count"].as_u64(), listed["check_runs"][0]["conclusion"].as_str()),
        (Some(1), Some("success"))
    );
    assert_eq!(names(&github, &heard).await, ["check_run.created", "check_run.completed"]);
    Client::of(&github, "ada")
        .post("/repos/acme/widgets/check-runs", json!({"name": "x", "head_sha": sha}))
        .await
        .is(403);
}

#[tokio::test(start_paused = true)]
async fn equal_seeds_give_equal_ids_and_other_seeds_others() {
    let mut seen = Vec::new();
    for seed in [1, 1, 2] {
        let github = acme_with(Options { seed, ..Options::default() });
        let (heard, _) = listen(&github, StatusCode::OK);
        github.user("rita").open_pull(WIDGETS, "fix", "Fix it", &[("a", "b")]).unwrap();
        names(&github, &heard).await;
        let heard = heard.lock().unwrap();
        let told: Vec<(String, String)> = heard
            .iter()
            .map(|(_, headers, body)| {
                (headers["x-github-delivery"].to_str().unwrap().to_owned(), body.to_string())
            })
            .collect();
        seen.push(told);
    }
    assert_eq!(seen[0], seen[1]);
    assert_ne!(seen[0], seen[2]);
}

#[tokio::test]
async fn over_loopback_webhooks_go_by_http_and_a_closed_port_is_a_failed_delivery() {
    let github = acme();
    let heard = Heard::default();
    let router = Router::new().route("/hook", post(hear)).with_state((heard.clone(), StatusCode::OK));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    let scope = Scope::Repo(WIDGETS.into());
    let hook = github.change(|state| state.add_hook(scope, &url, Some("hush"), &["issues"]));
    let number = github.user("robin").open_issue(WIDGETS, "A bug", "").unwrap();
    assert_eq!(names(&github, &heard).await, ["issues.opened"]);
    server.abort();
    assert!(server.await.unwrap_err().is_cancelled());
    github.user("robin").close(WIDGETS, number).unwrap();
    assert_eq!(names(&github, &heard).await.len(), 1);
    let listed =
        Client::of(&github, "ada").get(&format!("/repos/acme/widgets/hooks/{hook}/deliveries")).await.body;
    assert_eq!((listed[1]["status"].as_str(), listed[0]["status_code"].as_u64()), (Some("OK"), Some(0)));
    assert!(listed[0]["status"].as_str().unwrap().starts_with("failed to connect to host"), "{listed}");
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_takes_too_long_is_a_failed_delivery() {
    let github = acme();
    github.deliver_with(Arc::new(|_| Box::pin(std::future::pending())));
    let hook = github.change(|state| {
        state.add_hook(Scope::Repo(WIDGETS.into()), "https://slow.example.com", None, &["*"])
    });
    github.user("robin").open_issue(WIDGETS, "A bug", "").unwrap();
    assert!(!github.webhooks_settled(Duration::from_secs(9)).await);
    assert!(github.webhooks_settled(Duration::from_secs(2)).await);
    let listed =
        Client::of(&github, "ada").get(&format!("/repos/acme/widgets/hooks/{hook}/deliveries")).await.body;
    assert_eq!(list(&listed, "status"), ["timed out"]);
}
