//! Watches: what they begin with, what they send, and how they end.

use std::pin::Pin;

use futures::{AsyncBufReadExt, Stream, StreamExt, TryStreamExt};
use http::Request;
use kube::api::{DeleteParams, PostParams};
use serde_json::{Value, json};

use crate::support::{Cluster, cluster, config, dynamic, widget, with_widgets};

/// The events of a watch, as they come.
async fn watch(c: &Cluster, path: &str) -> Pin<Box<dyn Stream<Item = Value>>> {
    let request = Request::get(path).body(Vec::new()).unwrap();
    let lines = c.client.request_stream(request).await.unwrap().lines();
    Box::pin(lines.map(|line| serde_json::from_str(&line.unwrap()).unwrap()))
}

/// The kind of event and the name it is about.
fn told(event: &Value) -> (String, String) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (text(&event["type"]), text(&event["object"]["metadata"]["name"]))
}

async fn next(events: &mut (impl Stream<Item = Value> + Unpin)) -> (String, String) {
    told(&events.next().await.unwrap())
}

fn pair(kind: &str, name: &str) -> (String, String) {
    (kind.to_owned(), name.to_owned())
}

#[tokio::test]
async fn a_watch_without_a_version_begins_with_what_there_is() {
    let c = with_widgets("begin").await;
    c.create("world.example.com/v1", "Widget", "widgets", widget("a", 2)).await;
    let mut events = watch(&c, &c.path("/apis/world.example.com/v1", "widgets?watch=true")).await;
    assert_eq!(next(&mut events).await, pair("ADDED", "a"));
    c.create("world.example.com/v1", "Widget", "widgets", widget("b", 2)).await;
    assert_eq!(next(&mut events).await, pair("ADDED", "b"));
}

#[tokio::test]
async fn a_watch_from_a_version_shows_what_came_after_in_order() {
    let c = with_widgets("after").await;
    let a = c.create("world.example.com/v1", "Widget", "widgets", widget("a", 2)).await;
    let from = a.metadata.resource_version.clone().unwrap();
    let mut changed = a;
    changed.data["spec"]["size"] = json!(4);
    c.widgets().replace("a", &PostParams::default(), &changed).await.unwrap();
    c.create("world.example.com/v1", "Widget", "widgets", widget("b", 2)).await;
    c.widgets().delete("a", &DeleteParams::default()).await.unwrap();
    let path = c.path("/apis/world.example.com/v1", &format!("widgets?watch=true&resourceVersion={from}"));
    let mut events = watch(&c, &path).await;
    assert_eq!(next(&mut events).await, pair("MODIFIED", "a"));
    assert_eq!(next(&mut events).await, pair("ADDED", "b"));
    let gone = events.next().await.unwrap();
    assert_eq!(told(&gone), pair("DELETED", "a"));
    // The last state, under the version of the deletion.
    assert_eq!(gone["object"]["spec"]["size"], 4);
    let version = |value: &Value| {
        value["object"]["metadata"]["resourceVersion"].as_str().unwrap().parse::<u64>().unwrap()
    };
    assert!(version(&gone) > from.parse().unwrap());
}

#[tokio::test]
async fn an_object_that_stops_matching_is_deleted_for_the_watcher() {
    let c = with_widgets("matching").await;
    let path = c.path("/apis/world.example.com/v1", "widgets?watch=true&labelSelector=on%3Dyes");
    let mut events = watch(&c, &path).await;
    let labelled = |value: &str| Some([("on".to_owned(), value.to_owned())].into());
    let mut a = c.create("world.example.com/v1", "Widget", "widgets", widget("a", 2)).await;
    a.metadata.labels = labelled("yes");
    let mut a = c.widgets().replace("a", &PostParams::default(), &a).await.unwrap();
    assert_eq!(next(&mut events).await, pair("ADDED", "a"));
    a.metadata.labels = labelled("no");
    let left = c.widgets().replace("a", &PostParams::default(), &a).await.unwrap();
    let gone = events.next().await.unwrap();
    assert_eq!(told(&gone), pair("DELETED", "a"));
    assert_eq!(gone["object"]["metadata"]["labels"]["on"], "yes");
    assert_eq!(
        gone["object"]["metadata"]["resourceVersion"],
        left.metadata.resource_version.unwrap().as_str()
    );
    c.widgets().delete("a", &DeleteParams::default()).await.unwrap();
    let mut b = widget("b", 2);
    b["metadata"]["labels"] = json!({"on": "yes"});
    c.create("world.example.com/v1", "Widget", "widgets", b).await;
    assert_eq!(next(&mut events).await, pair("ADDED", "b"));
}

#[tokio::test]
async fn a_streaming_list_says_when_it_is_complete() {
    let c = with_widgets("streaming").await;
    c.create("world.example.com/v1", "Widget", "widgets", widget("a", 2)).await;
    let query = "widgets?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
    let mut events = watch(&c, &c.path("/apis/world.example.com/v1", query)).await;
    assert_eq!(next(&mut events).await, pair("ADDED", "a"));
    let end = events.next().await.unwrap();
    assert_eq!(end["type"], "BOOKMARK");
    assert_eq!(end["object"]["kind"], "Widget");
    assert_eq!(end["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"], "true");
    assert!(end["object"]["metadata"]["resourceVersion"].as_str().unwrap().parse::<u64>().unwrap() > 0);
}

#[tokio::test]
async fn a_watch_of_one_name_sees_that_object_alone() {
    let c = with_widgets("one-name").await;
    let path = c.path("/apis/world.example.com/v1", "widgets?watch=true&fieldSelector=metadata.name%3Db");
    let mut events = watch(&c, &path).await;
    c.create("world.example.com/v1", "Widget", "widgets", widget("a", 2)).await;
    c.create("world.example.com/v1", "Widget", "widgets", widget("b", 2)).await;
    assert_eq!(next(&mut events).await, pair("ADDED", "b"));
}

#[tokio::test]
async fn a_watch_ends_after_its_timeout() {
    let c = cluster("timeout").await;
    let path = c.path("/api/v1", "configmaps?watch=true&timeoutSeconds=1&fieldSelector=metadata.name%3Da");
    let request = Request::get(path).body(Vec::new()).unwrap();
    let lines = c.client.request_stream(request).await.unwrap().lines();
    let seen: Vec<String> = lines.try_collect().await.unwrap();
    assert!(seen.is_empty(), "{seen:?}");
}

#[tokio::test]
async fn contradictions_about_initial_events_are_refused() {
    let c = cluster("initial").await;
    for query in [
        "watch=true&sendInitialEvents=true",
        "watch=true&sendInitialEvents=true&resourceVersionMatch=Exact",
        "watch=true&resourceVersionMatch=NotOlderThan&resourceVersion=1",
    ] {
        let status = c.get(&c.path("/api/v1", &format!("configmaps?{query}"))).await.unwrap_err();
        assert_eq!((status.code, status.reason.as_str()), (422, "Invalid"), "{query}: {}", status.message);
    }
}

#[tokio::test]
async fn events_of_a_watch_can_be_metadata_alone() {
    let c = cluster("meta-watch").await;
    c.configs().create(&PostParams::default(), &dynamic(config("a", "1"))).await.unwrap();
    let path = c.path("/api/v1", "configmaps?watch=true&fieldSelector=metadata.name%3Da");
    let accept = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
    let request = Request::get(path).header("accept", accept).body(Vec::new()).unwrap();
    let mut lines = c.client.request_stream(request).await.unwrap().lines();
    let event: Value = serde_json::from_str(&lines.next().await.unwrap().unwrap()).unwrap();
    assert_eq!(event["object"]["kind"], "PartialObjectMetadata");
    assert!(event["object"].get("data").is_none());
}
