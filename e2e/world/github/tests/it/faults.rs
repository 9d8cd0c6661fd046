//! Faults, and the observer of writes.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::Method;
use serde_json::json;
use world_github::{Fault, Moment, Rule};

use crate::github::{Client, WIDGETS, acme};

#[tokio::test]
async fn a_rule_fires_as_often_as_it_says() {
    let github = acme();
    let client = Client::of(&github, "robot");
    github
        .faults()
        .add(Rule::on("/repos/acme/widgets", Fault::Fail(502, "Server Error".to_owned())).after(1).times(2));
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(client.get("/repos/acme/widgets").await.status.as_u16());
    }
    assert_eq!(seen, [200, 502, 502, 200]);
}

#[tokio::test]
async fn a_comment_whose_answer_was_lost_is_there() {
    let github = acme();
    let number = github.user("robin").open_issue(WIDGETS, "A bug", "").unwrap();
    let client = Client::of(&github, "robot");
    github.faults().add(
        Rule::on("/repos/*/*/issues/*/comments", Fault::FailAfter(500, "oops".to_owned()))
            .method(Method::POST)
            .times(1),
    );
    let path = format!("/repos/acme/widgets/issues/{number}/comments");
    client.post(&path, json!({"body": "hello"})).await.is(500);
    assert_eq!(client.get(&path).await.body.as_array().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn limits_are_told_with_the_headers_that_clients_wait_by() {
    let github = acme();
    let client = Client::of(&github, "robot");
    github.faults().add(Rule::on("/repos/**", Fault::SecondaryLimit(60)).times(1));
    let secondary = client.get("/repos/acme/widgets").await.is(403);
    assert_eq!(secondary.header("retry-after"), "60");
    assert!(secondary.message().contains("secondary rate limit"), "{}", secondary.message());
    github.faults().add(Rule::on("/repos/**", Fault::Exhausted).times(1));
    client.get("/repos/acme/widgets").await.is(403);
    let primary = client.get("/repos/acme/widgets").await.is(403);
    assert_eq!(
        (primary.header("x-ratelimit-remaining"), primary.header("x-ratelimit-reset")),
        ("0", "1767229200")
    );
    tokio::time::advance(Duration::from_hours(1)).await;
    client.get("/repos/acme/widgets").await.is(200);
}

#[tokio::test(start_paused = true)]
async fn a_delay_takes_virtual_time_only() {
    let github = acme();
    let client = Client::of(&github, "robot");
    github.faults().add(Rule::on("/repos/acme/widgets", Fault::Delay(Duration::from_hours(1))));
    let before = github.look(world_github::State::now);
    client.get("/repos/acme/widgets").await.is(200);
    assert_eq!((github.look(world_github::State::now) - before).get_seconds(), 3600);
}

#[tokio::test]
async fn git_takes_no_virtual_time() {
    tokio::time::pause();
    let github = acme();
    tokio::spawn(tokio::time::sleep(Duration::from_secs(1)));
    let before = github.look(world_github::State::now);
    let number = github.user("robin").open_pull(WIDGETS, "fix", "Fix it", &[("a", "b")]).unwrap();
    Client::of(&github, "robot").get(&format!("/repos/acme/widgets/pulls/{number}")).await.is(200);
    assert_eq!(github.look(world_github::State::now), before);
}

#[tokio::test(start_paused = true)]
async fn a_client_can_be_killed_before_and_after_a_write() {
    for (moment, comments) in [(Moment::Before, 0), (Moment::After, 1)] {
        let github = acme();
        let number = github.user("robin").open_issue(WIDGETS, "A bug", "").unwrap();
        let client = Client::of(&github, "robot");
        github.faults().on_write(move |write| {
            Box::pin(async move {
                if write.n == 2 && write.moment == moment {
                    std::future::pending::<()>().await;
                }
            })
        });
        let path = format!("/repos/acme/widgets/issues/{number}/comments");
        client.get(&path).await.is(200);
        client.post(&format!("/repos/acme/widgets/issues/{number}/labels"), json!(["x"])).await.is(200);
        let killed =
            tokio::time::timeout(Duration::from_secs(1), client.post(&path, json!({"body": "hello"}))).await;
        assert!(killed.is_err());
        assert_eq!(github.faults().writes(), 2);
        assert_eq!(client.get(&path).await.body.as_array().unwrap().len(), comments, "{moment:?}");
    }
}

#[tokio::test]
async fn the_observer_sees_writes_in_order_and_no_reads() {
    let github = acme();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (client, log) = (Client::of(&github, "robot"), seen.clone());
    github.faults().on_write(move |write| {
        log.lock().unwrap().push(format!("{} {:?} {} {}", write.n, write.moment, write.method, write.path));
        Box::pin(std::future::ready(()))
    });
    client.get("/repos/acme/widgets").await.is(200);
    client.post("/repos/acme/widgets/issues", json!({"title": "one"})).await.is(201);
    client.ask("query { viewer { login } }", json!({})).await.is(200);
    assert_eq!(
        *seen.lock().unwrap(),
        ["1 Before POST /repos/acme/widgets/issues", "1 After POST /repos/acme/widgets/issues"]
    );
}

#[tokio::test]
async fn a_function_may_choose_what_goes_wrong() {
    let github = acme();
    let client = Client::of(&github, "robot");
    let turn = std::sync::atomic::AtomicU64::new(0);
    github.faults().choose(move |method, path| {
        let odd = turn.fetch_add(1, std::sync::atomic::Ordering::SeqCst) % 2 == 1;
        (odd && *method == Method::GET && path.starts_with("/repos/"))
            .then(|| Fault::Fail(503, "Unavailable".to_owned()))
    });
    client.get("/repos/acme/widgets").await.is(200);
    client.get("/repos/acme/widgets").await.is(503);
    github.faults().clear();
    client.get("/repos/acme/widgets").await.is(200);
}
