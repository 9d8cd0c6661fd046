//! Who sees what, tokens, budgets, pages of lists, entity tags.

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use serde_json::json;
use tower::ServiceExt;
use world_github::{Name, Options};

use crate::github::{Client, WIDGETS, acme, acme_with, list};

#[tokio::test(start_paused = true)]
async fn a_public_repository_is_read_without_a_token() {
    let github = acme();
    let reply = Client::anonymous(&github).get("/repos/acme/widgets").await.is(200);
    assert_eq!(reply.body["full_name"], WIDGETS);
    assert_eq!(reply.header("x-ratelimit-limit"), "60");
    assert_eq!(reply.header("date"), "Thu, 01 Jan 2026 00:00:00 GMT");
    assert!(reply.body["permissions"].is_null());
}

#[tokio::test]
async fn a_private_repository_looks_absent_to_strangers() {
    let github = acme();
    Client::of(&github, "ada").patch("/repos/acme/widgets", json!({"private": true})).await.is(200);
    let reply = Client::of(&github, "robin").get("/repos/acme/widgets").await.is(404);
    assert_eq!(reply.message(), "Not Found");
    assert_eq!(reply.body["status"], "404");
    Client::of(&github, "rita").get("/repos/Acme/Widgets").await.is(200);
}

#[tokio::test]
async fn an_unknown_token_is_refused_as_bad_credentials() {
    let github = acme();
    let reply = Client::with_token(&github, "ghp_nobody").get("/user").await.is(401);
    assert_eq!(reply.message(), "Bad credentials");
    assert_eq!(Client::anonymous(&github).get("/user").await.is(401).message(), "Requires authentication");
}

#[tokio::test]
async fn what_is_not_simulated_is_refused_by_name() {
    let github = acme();
    let client = Client::of(&github, "ada");
    let route = client.get("/repos/acme/widgets/pages").await.is(501);
    assert!(route.message().contains("GET /repos/acme/widgets/pages"), "{}", route.message());
    let method = client.put("/repos/acme/widgets/labels", json!({})).await.is(501);
    assert!(method.message().contains("PUT"), "{}", method.message());
    let field =
        client.post("/repos/acme/widgets/issues", json!({"title": "x", "projects": []})).await.is(501);
    assert!(field.message().contains("unknown field `projects`"), "{}", field.message());
    let param = client.get("/repos/acme/widgets/issues?mentioned=ada").await.is(501);
    assert!(param.message().contains("mentioned"), "{}", param.message());
}

#[tokio::test]
async fn a_body_that_is_not_json_is_400_and_one_that_lacks_a_field_is_422() {
    let github = acme();
    let token = github.change(|state| state.add_token("ada"));
    let request = http::Request::post("/api/v3/repos/acme/widgets/issues")
        .header("authorization", format!("token {token}"));
    let reply =
        github.router().oneshot(request.body(axum::body::Body::from("{\"title\":")).unwrap()).await.unwrap();
    assert_eq!(reply.status(), 400);
    let client = Client::of(&github, "ada");
    let missing = client.post("/repos/acme/widgets/issues", json!({})).await.is(422);
    assert!(missing.message().starts_with("Invalid request."), "{}", missing.message());
    client.post("/repos/acme/widgets/issues", json!("not an object")).await.is(422);
}

#[tokio::test]
async fn long_lists_come_in_pages_with_links() {
    let github = acme();
    for n in 0..5 {
        github.user("robin").open_issue(WIDGETS, &format!("issue {n}"), "").unwrap();
    }
    let client = Client::of(&github, "robin");
    let first = client.get("/repos/acme/widgets/issues?per_page=2").await.is(200);
    assert_eq!(list(&first.body, "title"), ["issue 4", "issue 3"]);
    assert_eq!(
        first.header("link"),
        "<https://api.github.com/repos/acme/widgets/issues?page=2&per_page=2>; rel=\"next\", \
         <https://api.github.com/repos/acme/widgets/issues?page=3&per_page=2>; rel=\"last\""
    );
    let last = client.get("/repos/acme/widgets/issues?per_page=2&page=3").await.is(200);
    assert_eq!(list(&last.body, "title"), ["issue 0"]);
    assert!(!last.header("link").contains("next"));
    assert!(client.get("/repos/acme/widgets/labels").await.headers.get("link").is_none());
}

#[tokio::test]
async fn an_unchanged_answer_is_304_and_costs_nothing() {
    let github = acme();
    let client = Client::of(&github, "robin");
    let first = client.get("/repos/acme/widgets/issues").await.is(200);
    let client = client.header("if-none-match", first.header("etag"));
    let second = client.get("/repos/acme/widgets/issues").await.is(304);
    assert_eq!(second.text, "");
    assert_eq!(second.header("x-ratelimit-used"), "1");
    github.user("robin").open_issue(WIDGETS, "news", "").unwrap();
    let third = client.get("/repos/acme/widgets/issues").await.is(200);
    assert_eq!(third.header("x-ratelimit-used"), "2");
}

#[tokio::test(start_paused = true)]
async fn a_spent_budget_refuses_until_its_hour_is_over() {
    let github = acme_with(Options { rate_limit: 2, ..Options::default() });
    let client = Client::of(&github, "robin");
    client.get("/repos/acme/widgets").await.is(200);
    assert_eq!(client.get("/repos/acme/widgets").await.is(200).header("x-ratelimit-remaining"), "0");
    let refused = client.get("/repos/acme/widgets").await.is(403);
    assert!(refused.message().starts_with("API rate limit exceeded for"), "{}", refused.message());
    assert_eq!(refused.header("x-ratelimit-remaining"), "0");
    tokio::time::advance(Duration::from_secs(3601)).await;
    client.get("/repos/acme/widgets").await.is(200);
}

fn web_token(app: u64, issued: i64, expires: i64) -> String {
    let part = |value: serde_json::Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let head = part(json!({"alg": "RS256", "typ": "JWT"}));
    format!("{head}.{}.c2lnbmF0dXJl", part(json!({"iat": issued, "exp": expires, "iss": app})))
}

#[tokio::test(start_paused = true)]
async fn an_app_gets_a_token_that_ends_after_an_hour() {
    let github = acme();
    let (app, installation) = github.change(|state| {
        let app = state.add_app("bowline", "acme");
        (app, state.install_app(app, "acme", None))
    });
    let as_app = Client::with_token(&github, &web_token(app, 0, 600));
    assert_eq!(as_app.get("/app").await.is(200).body["slug"], "bowline");
    assert_eq!(as_app.get("/repos/acme/widgets/installation").await.is(200).body["id"], installation);
    let made =
        as_app.post(&format!("/app/installations/{installation}/access_tokens"), json!({})).await.is(201);
    let client = Client::with_token(&github, made.body["token"].as_str().unwrap());
    assert_eq!(
        list(&client.get("/installation/repositories").await.is(200).body["repositories"], "full_name"),
        [WIDGETS]
    );
    client.post("/repos/acme/widgets/issues", json!({"title": "hello"})).await.is(201);
    let author = github.look(|state| state.issue(&Name::from(WIDGETS), 1).unwrap().author.clone());
    assert_eq!(author.as_str(), "bowline[bot]");
    tokio::time::advance(Duration::from_hours(1)).await;
    client.get("/repos/acme/widgets").await.is(401);
}

#[tokio::test]
async fn a_web_token_that_lives_too_long_is_refused() {
    let github = acme();
    let app = github.change(|state| state.add_app("bowline", "acme"));
    let reply = Client::with_token(&github, &web_token(app, 0, 3600)).get("/app").await.is(401);
    assert_eq!(reply.message(), "'Expiration time' claim ('exp') is too far in the future");
    Client::with_token(&github, &web_token(app + 1, 0, 600)).get("/app").await.is(404);
    let reply = Client::with_token(&github, "a.b.c").get("/app").await.is(401);
    assert_eq!(reply.message(), "A JSON web token could not be decoded");
}

#[tokio::test]
async fn a_token_narrowed_to_one_repository_sees_no_other_private_one() {
    let github = acme();
    let (app, installation) = github.change(|state| {
        state.add_repository("acme/secrets", &[("a", "b")]).unwrap();
        let app = state.add_app("bowline", "acme");
        (app, state.install_app(app, "acme", None))
    });
    Client::of(&github, "ada").patch("/repos/acme/secrets", json!({"private": true})).await.is(200);
    let as_app = Client::with_token(&github, &web_token(app, 0, 600));
    let path = format!("/app/installations/{installation}/access_tokens");
    let made = as_app.post(&path, json!({"repositories": ["widgets"]})).await.is(201);
    assert_eq!(made.body["repository_selection"], "selected");
    Client::with_token(&github, made.body["token"].as_str().unwrap())
        .get("/repos/acme/secrets")
        .await
        .is(404);
    as_app.post(&path, json!({"repositories": ["nothing"]})).await.is(422);
}

#[tokio::test]
async fn permission_and_membership_are_told_as_github_tells_them() {
    let github = acme();
    github.change(|state| {
        state.add_team("acme", "leads", &["robin"]).unwrap();
        state.grant_team(WIDGETS, "leads", world_github::state::Role::Maintain).unwrap();
    });
    let client = Client::of(&github, "robot");
    let reply = client.get("/repos/acme/widgets/collaborators/robin/permission").await.is(200);
    assert_eq!(
        (reply.body["permission"].as_str(), reply.body["role_name"].as_str()),
        (Some("write"), Some("maintain"))
    );
    assert_eq!(
        client.get("/repos/acme/widgets/collaborators/ada/permission").await.body["permission"],
        "admin"
    );
    client.get("/repos/acme/widgets/collaborators/rita").await.is(204);
    client.get("/orgs/acme/members/rita").await.is(302);
    let member = Client::of(&github, "rita");
    member.get("/orgs/acme/members/ada").await.is(204);
    member.get("/orgs/acme/members/robin").await.is(404);
    assert_eq!(list(&member.get("/orgs/acme/teams/leads/members").await.is(200).body, "login"), ["robin"]);
    client.get("/orgs/acme/teams/leads/members").await.is(404);
}

#[tokio::test]
async fn the_api_answers_under_the_names_of_both_kinds_of_github() {
    let github = acme();
    for address in
        ["https://api.github.com/repos/acme/widgets", "https://ghes.example.com/api/v3/repos/acme/widgets"]
    {
        let request = http::Request::get(address).body(axum::body::Body::empty()).unwrap();
        assert_eq!(github.router().oneshot(request).await.unwrap().status(), 200, "{address}");
    }
}

#[tokio::test]
async fn a_branch_that_exists_is_not_made_again() {
    let github = acme();
    let rita = github.user("rita");
    rita.open_pull(WIDGETS, "fix", "Fix it", &[("a", "b")]).unwrap();
    let refused = rita.open_pull(WIDGETS, "fix", "Fix it again", &[("a", "c")]).unwrap_err();
    assert_eq!((refused.status.as_u16(), refused.message.as_str()), (422, "Reference already exists"));
}
