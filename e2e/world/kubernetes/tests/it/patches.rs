//! JSON patch, merge patch, strategic merge patch.

use http::Method;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

use crate::support::{Cluster, cluster, config, pod, refusal, refused, widget, with_widgets};

async fn patch(c: &Cluster, path: &str, kind: &str, body: Value) -> Result<Value, Box<kube::core::Status>> {
    c.send(Method::PATCH, path, &[("content-type", &format!("application/{kind}+json"))], body).await
}

#[tokio::test]
async fn a_merge_patch_changes_what_it_names_and_null_removes() {
    let c = cluster("merge-patch").await;
    c.create("v1", "ConfigMap", "configmaps", config("a", "1")).await;
    let body = json!({"data": {"key": null, "other": "2"}, "metadata": {"labels": {"x": "y"}}});
    let patched = c.configs().patch("a", &PatchParams::default(), &Patch::Merge(body)).await.unwrap();
    assert_eq!(patched.data["data"], json!({"other": "2"}));
    assert_eq!(patched.metadata.labels.unwrap()["x"], "y");
}

#[tokio::test]
async fn a_patch_with_an_old_resource_version_is_a_conflict() {
    let c = cluster("patch-conflict").await;
    c.create("v1", "ConfigMap", "configmaps", config("a", "1")).await;
    let body = json!({"metadata": {"resourceVersion": "1"}, "data": {"key": "2"}});
    let result = c.configs().patch("a", &PatchParams::default(), &Patch::Merge(body)).await;
    refused(refusal(result), 409, "Conflict");
}

#[tokio::test]
async fn a_json_patch_is_all_or_nothing() {
    let c = cluster("json-patch").await;
    c.create("v1", "ConfigMap", "configmaps", config("a", "1")).await;
    let path = c.path("/api/v1", "configmaps/a");
    let failing = json!([
        {"op": "replace", "path": "/data/key", "value": "2"},
        {"op": "test", "path": "/data/key", "value": "something else"},
    ]);
    let status = refused(patch(&c, &path, "json-patch", failing).await, 422, "Invalid");
    assert!(
        status.message.contains("the server rejected our request due to an error in our request"),
        "{}",
        status.message
    );
    assert_eq!(c.get(&path).await.unwrap()["data"]["key"], "1");
    let working = json!([
        {"op": "test", "path": "/data/key", "value": "1"},
        {"op": "add", "path": "/data/more", "value": "3"},
    ]);
    assert_eq!(
        patch(&c, &path, "json-patch", working).await.unwrap()["data"],
        json!({"key": "1", "more": "3"})
    );
}

#[tokio::test]
async fn a_strategic_patch_knows_keyed_lists() {
    let c = cluster("strategic").await;
    let mut body = pod("a");
    body["metadata"]["ownerReferences"] = json!([]);
    c.create("v1", "Pod", "pods", body).await;
    let path = c.path("/api/v1", "pods/a");
    let image = json!({"spec": {"containers": [{"name": "main", "image": "busybox:2"}]}});
    let patched = patch(&c, &path, "strategic-merge-patch", image).await.unwrap();
    assert_eq!(patched["spec"]["containers"].as_array().unwrap().len(), 1);
    assert_eq!(patched["spec"]["containers"][0]["image"], "busybox:2");
    assert_eq!(patched["spec"]["containers"][0]["imagePullPolicy"], "IfNotPresent");
    let status = c.path("/api/v1", "pods/a/status");
    for (kind, value) in [("A", "True"), ("B", "True"), ("A", "False")] {
        let body = json!({"status": {"conditions": [{"type": kind, "status": value}]}});
        patch(&c, &status, "strategic-merge-patch", body).await.unwrap();
    }
    let conditions = c.get(&path).await.unwrap()["status"]["conditions"].clone();
    let mut told: Vec<(String, String)> = conditions
        .as_array()
        .unwrap()
        .iter()
        .map(|c| (c["type"].as_str().unwrap().to_owned(), c["status"].as_str().unwrap().to_owned()))
        .filter(|(kind, _)| kind.len() == 1)
        .collect();
    told.sort();
    assert_eq!(told, [("A".to_owned(), "False".to_owned()), ("B".to_owned(), "True".to_owned())]);
    let gone = json!({"status": {"conditions": [{"type": "A", "$patch": "delete"}]}});
    let patched = patch(&c, &status, "strategic-merge-patch", gone).await.unwrap();
    assert!(!patched["status"]["conditions"].as_array().unwrap().iter().any(|c| c["type"] == "A"));
}

#[tokio::test]
async fn finalizers_are_patched_as_a_set() {
    let c = cluster("primitive").await;
    let mut body = config("a", "1");
    body["metadata"]["finalizers"] = json!(["example.com/one"]);
    c.create("v1", "ConfigMap", "configmaps", body).await;
    let path = c.path("/api/v1", "configmaps/a");
    let add = json!({"metadata": {"finalizers": ["example.com/two"]}});
    let patched = patch(&c, &path, "strategic-merge-patch", add).await.unwrap();
    assert_eq!(patched["metadata"]["finalizers"], json!(["example.com/two", "example.com/one"]));
    let remove = json!({"metadata": {"$deleteFromPrimitiveList/finalizers": ["example.com/one"]}});
    let patched = patch(&c, &path, "strategic-merge-patch", remove).await.unwrap();
    assert_eq!(patched["metadata"]["finalizers"], json!(["example.com/two"]));
    let none = json!({"metadata": {"finalizers": null}});
    patch(&c, &path, "merge-patch", none).await.unwrap();
}

#[tokio::test]
async fn custom_resources_take_no_strategic_patch() {
    let c = with_widgets("no-strategic").await;
    c.create("world.example.com/v1", "Widget", "widgets", widget("a", 2)).await;
    let path = c.path("/apis/world.example.com/v1", "widgets/a");
    refused(patch(&c, &path, "strategic-merge-patch", json!({})).await, 415, "UnsupportedMediaType");
}

#[tokio::test]
async fn a_patch_of_what_is_not_there_is_not_found() {
    let c = cluster("patch-missing").await;
    let result = c.configs().patch("a", &PatchParams::default(), &Patch::Merge(json!({}))).await;
    refused(refusal(result), 404, "NotFound");
}

#[tokio::test]
async fn a_patch_of_the_status_leaves_the_rest() {
    let c = with_widgets("status-patch").await;
    c.create("world.example.com/v1", "Widget", "widgets", widget("a", 2)).await;
    let body = json!({"spec": {"size": 8}, "status": {"phase": "Ready"}});
    let patched = c.widgets().patch_status("a", &PatchParams::default(), &Patch::Merge(body)).await.unwrap();
    assert_eq!(
        (&patched.data["spec"]["size"], &patched.data["status"]["phase"]),
        (&json!(2), &json!("Ready"))
    );
    let body = json!({"spec": {"size": 8}, "status": {"phase": "Lost"}});
    let patched = c.widgets().patch("a", &PatchParams::default(), &Patch::Merge(body)).await.unwrap();
    assert_eq!(
        (&patched.data["spec"]["size"], &patched.data["status"]["phase"]),
        (&json!(8), &json!("Ready"))
    );
}
