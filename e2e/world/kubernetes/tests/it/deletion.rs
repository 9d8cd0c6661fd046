//! Deletion: finalizers, preconditions, grace, owners, namespaces.

use http::Method;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams, Preconditions};
use serde_json::{Value, json};

use crate::support::{Cluster, cluster, config, dynamic, pod, refusal, refused, widget, with_widgets};

/// Waits for what a cluster's controllers do, which a real one does a moment later.
async fn eventually<F: Future<Output = bool>>(what: &str, check: impl Fn() -> F) {
    for _ in 0..200 {
        if check().await {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{what} did not happen");
}

async fn exists(c: &Cluster, name: &str) -> bool {
    c.configs().get_opt(name).await.unwrap().is_some()
}

/// A config map that is owned.
fn dependent(name: &str, owner: &kube::api::DynamicObject, blocks: bool) -> Value {
    let mut body = config(name, "1");
    body["metadata"]["ownerReferences"] = json!([{
        "apiVersion": "v1", "kind": "ConfigMap", "name": owner.metadata.name, "uid": owner.metadata.uid,
        "blockOwnerDeletion": blocks,
    }]);
    body
}

#[tokio::test]
async fn a_finalizer_holds_an_object_until_it_is_taken_off() {
    let c = with_widgets("finalizers").await;
    let mut body = widget("a", 2);
    body["metadata"]["finalizers"] = json!(["example.com/hold"]);
    c.create("world.example.com/v1", "Widget", "widgets", body).await;
    let deleting = c.widgets().delete("a", &DeleteParams::default()).await.unwrap().left().unwrap();
    assert!(deleting.metadata.deletion_timestamp.is_some());
    assert_eq!(deleting.metadata.generation, Some(2));
    let again = c.widgets().delete("a", &DeleteParams::default()).await.unwrap().left().unwrap();
    assert_eq!(again.metadata.resource_version, deleting.metadata.resource_version);
    let add = json!({"metadata": {"finalizers": ["example.com/hold", "example.com/more"]}});
    let refusal_of_more = c.widgets().patch("a", &PatchParams::default(), &Patch::Merge(add)).await;
    let status = refused(refusal(refusal_of_more), 422, "Invalid");
    assert!(
        status.message.contains("no new finalizers can be added if the object is being deleted"),
        "{}",
        status.message
    );
    let none = json!({"metadata": {"finalizers": null}});
    c.widgets().patch("a", &PatchParams::default(), &Patch::Merge(none)).await.unwrap();
    refused(refusal(c.widgets().get("a").await), 404, "NotFound");
}

#[tokio::test]
async fn deletion_answers_with_a_status_that_says_what_went() {
    let c = with_widgets("success").await;
    let made = c.create("world.example.com/v1", "Widget", "widgets", widget("a", 2)).await;
    let path = c.path("/apis/world.example.com/v1", "widgets/a");
    let status = c.send(Method::DELETE, &path, &[], Value::Null).await.unwrap();
    assert_eq!((&status["kind"], &status["status"]), (&json!("Status"), &json!("Success")));
    assert_eq!(
        status["details"],
        json!({"name": "a", "group": "world.example.com", "kind": "widgets", "uid": made.metadata.uid})
    );
}

#[tokio::test]
async fn preconditions_protect_a_successor() {
    let c = cluster("preconditions").await;
    c.create("v1", "ConfigMap", "configmaps", config("a", "1")).await;
    let other = "11111111-1111-4111-8111-111111111111".to_owned();
    let params = DeleteParams {
        preconditions: Some(Preconditions { uid: Some(other), resource_version: None }),
        ..DeleteParams::default()
    };
    let status = refused(refusal(c.configs().delete("a", &params).await), 409, "Conflict");
    assert!(status.message.contains("the UID in the precondition (11111111"), "{}", status.message);
    assert!(exists(&c, "a").await);
}

#[tokio::test]
async fn a_scheduled_pod_has_its_grace_and_a_shorter_one_wins() {
    let c = cluster("grace").await;
    let mut body = pod("a");
    body["spec"]["nodeName"] = json!("no-such-node");
    c.create("v1", "Pod", "pods", body).await;
    let deleting = c.pods().delete("a", &DeleteParams::default()).await.unwrap().left().unwrap();
    assert_eq!(deleting.metadata.deletion_grace_period_seconds, Some(7));
    let shorter =
        c.pods().delete("a", &DeleteParams::default().grace_period(3)).await.unwrap().left().unwrap();
    assert_eq!(shorter.metadata.deletion_grace_period_seconds, Some(3));
    let longer =
        c.pods().delete("a", &DeleteParams::default().grace_period(60)).await.unwrap().left().unwrap();
    assert_eq!(longer.metadata.deletion_grace_period_seconds, Some(3));
    let _ = c.pods().delete("a", &DeleteParams::default().grace_period(0)).await.unwrap();
    refused(refusal(c.pods().get("a").await), 404, "NotFound");
}

#[tokio::test]
async fn a_pod_without_a_node_goes_at_once() {
    let c = cluster("unscheduled").await;
    let mut body = pod("a");
    body["spec"]["schedulerName"] = json!("nobody");
    c.create("v1", "Pod", "pods", body).await;
    let _ = c.pods().delete("a", &DeleteParams::default()).await.unwrap();
    refused(refusal(c.pods().get("a").await), 404, "NotFound");
}

#[tokio::test]
async fn a_collection_is_deleted_by_selector() {
    let c = with_widgets("collection").await;
    for (name, keep) in [("a", "no"), ("b", "yes"), ("c", "no")] {
        let mut body = widget(name, 2);
        body["metadata"]["labels"] = json!({"keep": keep});
        c.create("world.example.com/v1", "Widget", "widgets", body).await;
    }
    let selected = ListParams::default().labels("keep=no");
    let _ = c.widgets().delete_collection(&DeleteParams::default(), &selected).await.unwrap();
    assert_eq!(c.names(&c.widgets(), &ListParams::default()).await, ["b"]);
}

#[tokio::test]
async fn dependents_follow_their_owner() {
    let c = cluster("background").await;
    let owner = c.create("v1", "ConfigMap", "configmaps", config("owner", "1")).await;
    let child = c
        .configs()
        .create(&PostParams::default(), &dynamic(dependent("child", &owner, false)))
        .await
        .unwrap();
    c.configs()
        .create(&PostParams::default(), &dynamic(dependent("grandchild", &child, false)))
        .await
        .unwrap();
    let _ = c.configs().delete("owner", &DeleteParams::background()).await.unwrap();
    eventually("collection", || async { !exists(&c, "child").await && !exists(&c, "grandchild").await })
        .await;
}

#[tokio::test]
async fn a_dependent_with_another_owner_stays() {
    let c = cluster("two-owners").await;
    let one = c.create("v1", "ConfigMap", "configmaps", config("one", "1")).await;
    let two = c.create("v1", "ConfigMap", "configmaps", config("two", "1")).await;
    let mut body = dependent("child", &one, false);
    let second = dependent("child", &two, false)["metadata"]["ownerReferences"][0].clone();
    body["metadata"]["ownerReferences"].as_array_mut().unwrap().push(second);
    c.create("v1", "ConfigMap", "configmaps", body).await;
    let _ = c.configs().delete("one", &DeleteParams::background()).await.unwrap();
    eventually("the reference goes", || async {
        c.configs().get("child").await.unwrap().metadata.owner_references.unwrap().len() == 1
    })
    .await;
    let _ = c.configs().delete("two", &DeleteParams::background()).await.unwrap();
    eventually("the child goes", || async { !exists(&c, "child").await }).await;
}

#[tokio::test]
async fn an_object_whose_owner_never_was_is_collected() {
    let c = cluster("dangling").await;
    let mut ghost = dynamic(config("ghost", "1"));
    ghost.metadata.uid = Some("11111111-1111-4111-8111-111111111111".to_owned());
    c.create("v1", "ConfigMap", "configmaps", dependent("child", &ghost, false)).await;
    eventually("collection", || async { !exists(&c, "child").await }).await;
}

#[tokio::test]
async fn orphans_stay_without_their_owner() {
    let c = cluster("orphans").await;
    let owner = c.create("v1", "ConfigMap", "configmaps", config("owner", "1")).await;
    c.create("v1", "ConfigMap", "configmaps", dependent("child", &owner, false)).await;
    let _ = c.configs().delete("owner", &DeleteParams::orphan()).await.unwrap();
    eventually("the owner goes", || async { !exists(&c, "owner").await }).await;
    assert_eq!(c.configs().get("child").await.unwrap().metadata.owner_references, None);
}

#[tokio::test]
async fn in_the_foreground_an_owner_waits_for_what_blocks_it() {
    let c = cluster("foreground").await;
    let owner = c.create("v1", "ConfigMap", "configmaps", config("owner", "1")).await;
    let mut body = dependent("child", &owner, true);
    body["metadata"]["finalizers"] = json!(["example.com/hold"]);
    c.create("v1", "ConfigMap", "configmaps", body).await;
    let _ = c.configs().delete("owner", &DeleteParams::foreground()).await.unwrap();
    eventually("the child is deleted", || async {
        c.configs().get("child").await.unwrap().metadata.deletion_timestamp.is_some()
    })
    .await;
    let waiting = c.configs().get("owner").await.unwrap();
    assert_eq!(waiting.metadata.finalizers.unwrap(), ["foregroundDeletion"]);
    let none = json!({"metadata": {"finalizers": null}});
    c.configs().patch("child", &PatchParams::default(), &Patch::Merge(none)).await.unwrap();
    eventually("both go", || async { !exists(&c, "owner").await && !exists(&c, "child").await }).await;
}

#[tokio::test]
async fn a_namespace_takes_its_content_along_and_takes_nothing_new() {
    let c = cluster("going").await;
    let mut body = config("held", "1");
    body["metadata"]["finalizers"] = json!(["example.com/hold"]);
    c.create("v1", "ConfigMap", "configmaps", body).await;
    c.create("v1", "ConfigMap", "configmaps", config("free", "1")).await;
    let namespaces = c.api("v1", "Namespace", "namespaces");
    let _ = namespaces.delete("going", &DeleteParams::default()).await.unwrap();
    eventually("the free one goes", || async { !exists(&c, "free").await }).await;
    let status =
        refused(c.post(&c.path("/api/v1", "configmaps"), config("new", "1")).await, 403, "Forbidden");
    assert!(status.message.contains("because it is being terminated"), "{}", status.message);
    assert_eq!(namespaces.get("going").await.unwrap().data["status"]["phase"], "Terminating");
    let none = json!({"metadata": {"finalizers": null}});
    c.configs().patch("held", &PatchParams::default(), &Patch::Merge(none)).await.unwrap();
    eventually("the namespace goes", || async { namespaces.get_opt("going").await.unwrap().is_none() }).await;
}
