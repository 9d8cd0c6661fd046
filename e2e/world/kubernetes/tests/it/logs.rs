//! Pod logs, fed over HTTP as a kubelet does.

use futures::{AsyncBufReadExt, StreamExt};
use http::{Method, Request};
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::LogParams;
use serde_json::{Value, json};

use crate::support::{Cluster, cluster, pod, refusal, refused};

async fn print(c: &Cluster, query: &str, text: &str) {
    let path = format!("/world/logs/{}/a/main{query}", c.namespace);
    let request = Request::put(path).body(text.as_bytes().to_vec()).unwrap();
    c.client.request_text(request).await.unwrap();
}

async fn running(test: &str) -> (Cluster, Api<Pod>) {
    let c = cluster(test).await;
    let mut body = pod("a");
    body["spec"]["nodeName"] = json!("n1");
    c.create("v1", "Pod", "pods", body).await;
    let pods = Api::namespaced(c.client.clone(), test);
    (c, pods)
}

#[tokio::test]
async fn a_log_shows_what_was_printed() {
    let (c, pods) = running("log").await;
    print(&c, "", "one\ntwo\nthr").await;
    print(&c, "", "ee\n").await;
    assert_eq!(pods.logs("a", &LogParams::default()).await.unwrap(), "one\ntwo\nthree\n");
    let tail = LogParams { tail_lines: Some(1), ..LogParams::default() };
    assert_eq!(pods.logs("a", &tail).await.unwrap(), "three\n");
    let short = LogParams { limit_bytes: Some(5), ..LogParams::default() };
    assert_eq!(pods.logs("a", &short).await.unwrap(), "one\nt");
    let stamped = LogParams { timestamps: true, tail_lines: Some(1), ..LogParams::default() };
    assert_eq!(pods.logs("a", &stamped).await.unwrap(), "2026-01-01T00:00:00Z three\n");
}

#[tokio::test]
async fn a_followed_log_ends_when_the_container_does() {
    let (c, pods) = running("follow").await;
    print(&c, "", "one\n").await;
    let follow = LogParams { follow: true, ..LogParams::default() };
    let mut lines = pods.log_stream("a", &follow).await.unwrap().lines();
    assert_eq!(lines.next().await.unwrap().unwrap(), "one");
    print(&c, "", "two\n").await;
    assert_eq!(lines.next().await.unwrap().unwrap(), "two");
    print(&c, "?done=true", "last\n").await;
    assert_eq!(lines.next().await.unwrap().unwrap(), "last");
    assert!(lines.next().await.is_none());
}

#[tokio::test]
async fn the_container_before_a_restart_can_be_read() {
    let (c, pods) = running("restart").await;
    let previous = LogParams { previous: true, ..LogParams::default() };
    assert!(pods.logs("a", &previous).await.is_err());
    print(&c, "?done=true", "first run\n").await;
    print(&c, "?restart=true", "second run\n").await;
    assert_eq!(pods.logs("a", &LogParams::default()).await.unwrap(), "second run\n");
    assert_eq!(pods.logs("a", &previous).await.unwrap(), "first run\n");
}

#[tokio::test]
async fn a_log_belongs_to_a_container_that_there_is() {
    let (c, _) = running("whose").await;
    let result =
        c.send(Method::GET, &c.path("/api/v1", "pods/a/log?container=other"), &[], Value::Null).await;
    let status = refused(result, 400, "BadRequest");
    assert_eq!(status.message, "container other is not valid for pod a");
    let result = c.send(Method::PUT, "/world/logs/whose/nobody/main", &[], Value::Null).await;
    refused(result, 404, "NotFound");
}

#[tokio::test]
async fn a_log_goes_with_its_pod() {
    let (c, pods) = running("gone").await;
    print(&c, "", "one\n").await;
    let follow = LogParams { follow: true, ..LogParams::default() };
    let mut lines = pods.log_stream("a", &follow).await.unwrap().lines();
    assert_eq!(lines.next().await.unwrap().unwrap(), "one");
    pods.delete("a", &kube::api::DeleteParams::default().grace_period(0)).await.unwrap();
    assert!(lines.next().await.is_none());
}

#[tokio::test]
async fn a_container_that_has_not_started_is_waited_for() {
    let (c, _) = running("waiting").await;
    let request = Request::get(c.path("/api/v1", "pods/a/log")).body(Vec::new()).unwrap();
    let status = refused(refusal(c.client.request_text(request).await), 400, "BadRequest");
    assert_eq!(status.message, "container \"main\" in pod \"a\" is waiting to start: ContainerCreating");
}
