//! Faults on purpose, on virtual time.

use std::time::Duration;

use futures::{AsyncBufReadExt, Stream, StreamExt, TryStreamExt};
use http::Request;
use kube::ResourceExt;
use kube::api::{DeleteParams, DynamicObject, ListParams};
use kube::runtime::{WatchStreamExt, reflector, watcher};
use serde_json::{Value, json};
use tokio::time::Instant;
use world_kubernetes::{Effect, Failure, Verb, World};

use crate::support::{Cluster, client, config, resource};

fn world() -> (World, Cluster) {
    let world = World::builder().seed(7).build();
    let cluster = Cluster { client: client(&world), namespace: "default".to_owned() };
    (world, cluster)
}

async fn make(c: &Cluster, name: &str) -> Result<Value, Box<kube::core::Status>> {
    c.post(&c.path("/api/v1", "configmaps"), config(name, "1")).await
}

async fn watch(c: &Cluster, query: &str) -> std::pin::Pin<Box<dyn Stream<Item = Value>>> {
    let path = c.path("/api/v1", &format!("configmaps?watch=true{query}"));
    let lines = c.client.request_stream(Request::get(path).body(Vec::new()).unwrap()).await.unwrap().lines();
    Box::pin(lines.map(|line| serde_json::from_str(&line.unwrap()).unwrap()))
}

fn follow(c: &Cluster) -> reflector::Store<DynamicObject> {
    let writer = reflector::store::Writer::new(resource("v1", "ConfigMap", "configmaps"));
    let store = writer.as_reader();
    let stream =
        watcher(c.configs(), watcher::Config::default()).default_backoff().reflect(writer).applied_objects();
    // Errors are what the faults make; the backoff gets over them.
    tokio::spawn(stream.for_each(|_| async {}));
    store
}

fn names(store: &reflector::Store<DynamicObject>) -> Vec<String> {
    let mut names: Vec<String> = store.state().iter().map(|object| object.name_any()).collect();
    names.sort();
    names
}

#[tokio::test(start_paused = true)]
async fn a_failed_write_is_not_done_and_an_applied_one_is() {
    let (world, c) = world();
    let mut effects = vec![
        Effect::ApplyThenFail(Failure::new(504, "Timeout", "too slow")),
        Effect::Fail(Failure::new(500, "InternalError", "no")),
    ];
    world.on_write(
        move |_, verb, _| {
            if verb == Verb::Create { effects.pop().unwrap_or(Effect::Pass) } else { Effect::Pass }
        },
    );
    assert_eq!(make(&c, "a").await.unwrap_err().code, 500);
    assert!(c.configs().get_opt("a").await.unwrap().is_none());
    assert_eq!(make(&c, "a").await.unwrap_err().code, 504);
    assert!(c.configs().get_opt("a").await.unwrap().is_some());
    assert_eq!(make(&c, "a").await.unwrap_err().reason, "AlreadyExists");
    assert_eq!(world.writes(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_delay_takes_virtual_time() {
    let (world, c) = world();
    let hook = world.inject(|call| {
        if call.resource == "configmaps" { Effect::Delay(Duration::from_hours(1)) } else { Effect::Pass }
    });
    let (began, wall) = (Instant::now(), world.clock().now());
    make(&c, "a").await.unwrap();
    assert!(began.elapsed() >= Duration::from_hours(1));
    assert_eq!(world.clock().now().duration_since(wall).as_hours(), 1);
    world.remove_hook(hook);
    let began = Instant::now();
    make(&c, "b").await.unwrap();
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn writes_are_numbered_and_named() {
    let (world, c) = world();
    let (sender, seen) = std::sync::mpsc::channel();
    world.on_write(move |number, verb, path| {
        sender.send(format!("{number} {} {path}", verb.name())).unwrap();
        Effect::Pass
    });
    make(&c, "a").await.unwrap();
    c.configs().list(&ListParams::default()).await.unwrap();
    let _ = c.configs().delete("a", &DeleteParams::default()).await.unwrap();
    let seen: Vec<String> = seen.try_iter().collect();
    assert_eq!(
        seen,
        [
            "1 create /api/v1/namespaces/default/configmaps",
            "2 delete /api/v1/namespaces/default/configmaps/a"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn cut_watches_end_and_a_reflector_comes_back() {
    let (world, c) = world();
    let store = follow(&c);
    store.wait_until_ready().await.unwrap();
    let mut events = watch(&c, "").await;
    make(&c, "a").await.unwrap();
    assert_eq!(events.next().await.unwrap()["type"], "ADDED");
    world.cut_watches("", "configmaps");
    assert!(events.next().await.is_none());
    make(&c, "b").await.unwrap();
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(names(&store), ["a", "b"]);
}

#[tokio::test(start_paused = true)]
async fn a_frozen_kind_stands_still_until_it_thaws() {
    let (world, c) = world();
    let store = follow(&c);
    store.wait_until_ready().await.unwrap();
    world.freeze("", "configmaps");
    make(&c, "a").await.unwrap();
    tokio::time::sleep(Duration::from_hours(1)).await;
    assert_eq!(names(&store), Vec::<String>::new());
    // A quorum read sees it; one from the watch cache does not.
    assert!(c.configs().get_opt("a").await.unwrap().is_some());
    let cached = c.get(&c.path("/api/v1", "configmaps?resourceVersion=0")).await.unwrap();
    assert_eq!(cached["items"], json!([]));
    world.thaw("", "configmaps");
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(names(&store), ["a"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_forgotten_is_gone_for_watches_and_pages() {
    let (world, c) = world();
    for name in ["a", "b", "c"] {
        make(&c, name).await.unwrap();
    }
    let first = c.configs().list(&ListParams::default().limit(1)).await.unwrap();
    let (token, version) = (first.metadata.continue_.unwrap(), first.metadata.resource_version.unwrap());
    let _ = c.configs().delete("c", &DeleteParams::default()).await.unwrap();
    world.expire_history();
    let mut events = watch(&c, &format!("&resourceVersion={version}")).await;
    let error = events.next().await.unwrap();
    assert_eq!((&error["type"], &error["object"]["code"]), (&json!("ERROR"), &json!(410)));
    assert_eq!(error["object"]["reason"], "Expired");
    assert!(events.next().await.is_none());
    let status =
        c.get(&c.path("/api/v1", &format!("configmaps?limit=1&continue={token}"))).await.unwrap_err();
    assert_eq!((status.code, status.reason.as_str()), (410, "Expired"));
    // The answer offers a token with which the list may go on, without consistency.
    let on = status.metadata.unwrap().continue_.unwrap();
    let rest = c.get(&c.path("/api/v1", &format!("configmaps?continue={on}"))).await.unwrap();
    assert_eq!(rest["items"].as_array().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_short_history_makes_a_slow_reflector_list_again() {
    let world = World::builder().history(5).build();
    let c = Cluster { client: client(&world), namespace: "default".to_owned() };
    let store = follow(&c);
    store.wait_until_ready().await.unwrap();
    world.freeze("", "configmaps");
    for i in 0..20 {
        make(&c, &format!("c{i:02}")).await.unwrap();
    }
    world.thaw("", "configmaps");
    tokio::time::sleep(Duration::from_mins(2)).await;
    assert_eq!(names(&store).len(), 20);
}

#[tokio::test(start_paused = true)]
async fn a_quiet_watch_gets_bookmarks_and_ends_in_time() {
    let (world, c) = world();
    let events = watch(&c, "&allowWatchBookmarks=true&timeoutSeconds=200").await;
    let began = Instant::now();
    let bookmarks: Vec<Value> = events.collect().await;
    assert_eq!(began.elapsed(), Duration::from_secs(200));
    assert_eq!(bookmarks.len(), 3);
    for bookmark in bookmarks {
        assert_eq!(bookmark["type"], "BOOKMARK");
        assert_eq!(bookmark["object"]["metadata"]["resourceVersion"], world.revision().to_string());
    }
}

#[tokio::test(start_paused = true)]
async fn a_version_from_the_future_is_a_timeout() {
    let (_, c) = world();
    let request = Request::get(c.path("/api/v1", "configmaps?resourceVersion=999999"))
        .body(kube::client::Body::empty());
    let retried = c.client.send(request.unwrap());
    let response = tokio::time::timeout(Duration::from_hours(24), retried).await.unwrap().unwrap();
    assert_eq!(response.status(), 504);
}

/// All that a world tells about itself after some writes.
async fn told(seed: u64) -> String {
    let world = World::builder().seed(seed).build();
    let c = Cluster { client: client(&world), namespace: "default".to_owned() };
    for _ in 0..5 {
        let body = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "run-"}});
        c.post(&c.path("/api/v1", "configmaps"), body).await.unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let events: Vec<Value> = watch(&c, "&timeoutSeconds=1").await.collect().await;
    events.iter().map(Value::to_string).collect()
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_tells_the_same_story() {
    assert_eq!(told(1).await, told(1).await);
    assert_ne!(told(1).await, told(2).await);
}

#[tokio::test(start_paused = true)]
async fn events_sent_before_a_cut_are_not_lost() {
    let (world, c) = world();
    make(&c, "a").await.unwrap();
    let path = c.path("/api/v1", "configmaps?watch=true");
    let lines = c.client.request_stream(Request::get(path).body(Vec::new()).unwrap()).await.unwrap().lines();
    world.cut_all_watches();
    let seen: Vec<String> = lines.try_collect().await.unwrap();
    assert_eq!(seen.len(), 1);
}
