//! Server-side apply: who owns which field, conflicts, and what is no longer applied.

use http::Method;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ManagedFieldsEntry;
use kube::api::{Patch, PatchParams, PostParams};
use serde_json::json;

use crate::support::{causes, cluster, config, dynamic, owned, pod, refusal, refused, widget, with_widgets};

#[tokio::test]
async fn applying_creates_and_owns_what_was_applied() {
    let c = with_widgets("apply-create").await;
    let made = c.apply("alice", widget("a", 2), false).await.unwrap();
    assert_eq!(made.data["spec"]["colour"], "red");
    // The default belongs to nobody.
    assert_eq!(owned(&made, "alice"), json!({"f:spec": {"f:size": {}}}));
    let entry = &made.metadata.managed_fields.unwrap()[0];
    assert_eq!(entry.operation.as_deref(), Some("Apply"));
    assert_eq!(entry.api_version.as_deref(), Some("world.example.com/v1"));
}

#[tokio::test]
async fn applying_the_same_again_changes_nothing() {
    let c = with_widgets("apply-again").await;
    let first = c.apply("alice", widget("a", 2), false).await.unwrap();
    let second = c.apply("alice", widget("a", 2), false).await.unwrap();
    assert_eq!(first.metadata.resource_version, second.metadata.resource_version);
    assert_eq!(first.metadata.managed_fields, second.metadata.managed_fields);
}

#[tokio::test]
async fn what_another_owns_is_a_conflict_that_names_the_owner_and_the_field() {
    let c = with_widgets("apply-conflict").await;
    c.apply("alice", widget("a", 2), false).await.unwrap();
    let status = refused(c.apply("bob", widget("a", 4), false).await, 409, "Conflict");
    assert_eq!(status.message, "Apply failed with 1 conflict: conflict with \"alice\": .spec.size");
    let cause = &status.details.as_ref().unwrap().causes[0];
    assert_eq!(cause.reason, "FieldManagerConflict");
    assert_eq!(causes(&status), [(".spec.size".to_owned(), "conflict with \"alice\"".to_owned())]);
}

#[tokio::test]
async fn conflicts_with_updaters_name_their_version() {
    let c = cluster("apply-updater").await;
    let params = PostParams { field_manager: Some("editor".to_owned()), ..PostParams::default() };
    c.configs().create(&params, &dynamic(config("a", "1"))).await.unwrap();
    let mut wanted = config("a", "2");
    wanted["metadata"]["labels"] = json!({"x": "y"});
    let status = refused(c.apply("alice", wanted, false).await, 409, "Conflict");
    assert_eq!(status.message, "Apply failed with 1 conflict: conflict with \"editor\" using v1: .data.key");
}

#[tokio::test]
async fn several_conflicts_are_listed_by_owner() {
    let c = with_widgets("apply-several").await;
    let mut full = widget("a", 2);
    full["spec"]["colour"] = json!("green");
    c.apply("alice", full, false).await.unwrap();
    let mut other = widget("a", 4);
    other["spec"]["colour"] = json!("red");
    let status = refused(c.apply("bob", other, false).await, 409, "Conflict");
    assert_eq!(
        status.message,
        "Apply failed with 2 conflicts: conflicts with \"alice\":\n- .spec.colour\n- .spec.size"
    );
}

#[tokio::test]
async fn force_takes_the_field_over() {
    let c = with_widgets("apply-force").await;
    c.apply("alice", widget("a", 2), false).await.unwrap();
    let taken = c.apply("bob", widget("a", 4), true).await.unwrap();
    assert_eq!(taken.data["spec"]["size"], 4);
    assert_eq!(owned(&taken, "bob"), json!({"f:spec": {"f:size": {}}}));
    assert_eq!(owned(&taken, "alice"), serde_json::Value::Null);
}

#[tokio::test]
async fn equal_values_are_shared() {
    let c = with_widgets("apply-shared").await;
    c.apply("alice", widget("a", 2), false).await.unwrap();
    let both = c.apply("bob", widget("a", 2), false).await.unwrap();
    assert_eq!(owned(&both, "alice"), owned(&both, "bob"));
    // What one lets go stays as long as the other holds it.
    let mut less = widget("a", 2);
    less["spec"] = json!({});
    let kept = c.apply("alice", less, false).await.unwrap();
    assert_eq!(kept.data["spec"]["size"], 2);
}

#[tokio::test]
async fn what_is_applied_no_more_is_removed() {
    let c = with_widgets("apply-removed").await;
    let mut full = widget("a", 2);
    full["metadata"]["labels"] = json!({"one": "1", "two": "2"});
    full["spec"]["serial"] = json!("x");
    full["spec"]["parts"] = json!([{"name": "axle"}, {"name": "wheel", "amount": 4}]);
    full["spec"]["options"] = json!({"fast": "yes"});
    full["spec"]["tags"] = json!(["new", "old"]);
    c.apply("alice", full, false).await.unwrap();
    let mut less = widget("a", 2);
    less["metadata"]["labels"] = json!({"two": "2"});
    less["spec"]["serial"] = json!("x");
    less["spec"]["parts"] = json!([{"name": "wheel", "amount": 4}]);
    less["spec"]["tags"] = json!(["new"]);
    let left = c.apply("alice", less, false).await.unwrap();
    assert_eq!(left.metadata.labels.as_ref().unwrap().len(), 1);
    assert_eq!(left.data["spec"]["parts"], json!([{"name": "wheel", "amount": 4}]));
    assert_eq!(left.data["spec"]["tags"], json!(["new"]));
    assert!(left.data["spec"].get("options").is_none());
}

#[tokio::test]
async fn items_of_a_map_list_have_owners_of_their_own() {
    let c = with_widgets("apply-parts").await;
    let mut one = widget("a", 2);
    one["spec"]["parts"] = json!([{"name": "axle", "amount": 2}]);
    c.apply("alice", one, false).await.unwrap();
    let two = json!({
        "apiVersion": "world.example.com/v1", "kind": "Widget", "metadata": {"name": "a"},
        "spec": {"parts": [{"name": "wheel", "amount": 4}]},
    });
    let both = c.apply("bob", two, false).await.unwrap();
    let names: Vec<_> =
        both.data["spec"]["parts"].as_array().unwrap().iter().map(|part| part["name"].clone()).collect();
    assert_eq!(names, [json!("axle"), json!("wheel")]);
    assert_eq!(
        owned(&both, "bob"),
        json!({"f:spec": {"f:parts": {"k:{\"name\":\"wheel\"}": {".": {}, "f:amount": {}, "f:name": {}}}}})
    );
    let clash = json!({
        "apiVersion": "world.example.com/v1", "kind": "Widget", "metadata": {"name": "a"},
        "spec": {"parts": [{"name": "wheel", "amount": 5}]},
    });
    let status = refused(c.apply("carol", clash, false).await, 409, "Conflict");
    assert_eq!(
        status.message,
        "Apply failed with 1 conflict: conflict with \"bob\": .spec.parts[name=\"wheel\"].amount"
    );
}

#[tokio::test]
async fn conditions_of_one_status_have_several_writers() {
    let c = with_widgets("apply-conditions").await;
    c.create("world.example.com/v1", "Widget", "widgets", widget("a", 2)).await;
    for (manager, kind) in [("one", "Ready"), ("two", "Synced")] {
        let status = json!({
            "apiVersion": "world.example.com/v1", "kind": "Widget", "metadata": {"name": "a"},
            "status": {"conditions": [{"type": kind, "status": "True"}]},
        });
        let params = PatchParams::apply(manager);
        c.widgets().patch_status("a", &params, &Patch::Apply(status)).await.unwrap();
    }
    let both = c.widgets().get("a").await.unwrap();
    assert_eq!(both.data["status"]["conditions"].as_array().unwrap().len(), 2);
    let fields = both.metadata.managed_fields.clone().unwrap();
    let one = fields.iter().find(|entry| entry.manager.as_deref() == Some("one")).unwrap();
    assert_eq!(one.subresource.as_deref(), Some("status"));
    assert_eq!(both.metadata.generation, Some(1));
    // A writer whose condition is gone takes its own alone.
    let none = json!({"apiVersion": "world.example.com/v1", "kind": "Widget", "metadata": {"name": "a"}, "status": {}});
    let left = c.widgets().patch_status("a", &PatchParams::apply("one"), &Patch::Apply(none)).await.unwrap();
    assert_eq!(left.data["status"]["conditions"], json!([{"type": "Synced", "status": "True"}]));
}

#[tokio::test]
async fn a_status_cannot_be_applied_to_nothing() {
    let c = with_widgets("apply-nothing").await;
    let status = json!({"apiVersion": "world.example.com/v1", "kind": "Widget", "metadata": {"name": "a"}, "status": {}});
    let result = c.widgets().patch_status("a", &PatchParams::apply("one"), &Patch::Apply(status)).await;
    refused(refusal(result), 404, "NotFound");
}

#[tokio::test]
async fn updates_are_tracked_too() {
    let c = cluster("tracked").await;
    let params = PostParams { field_manager: Some("maker".to_owned()), ..PostParams::default() };
    let mut made = c.configs().create(&params, &dynamic(config("a", "1"))).await.unwrap();
    assert_eq!(owned(&made, "maker"), json!({"f:data": {".": {}, "f:key": {}}}));
    made.data["data"]["other"] = json!("2");
    let params = PostParams { field_manager: Some("editor".to_owned()), ..PostParams::default() };
    let edited = c.configs().replace("a", &params, &made).await.unwrap();
    assert_eq!(owned(&edited, "editor"), json!({"f:data": {"f:other": {}}}));
    let mut changed = edited;
    changed.data["data"]["key"] = json!("3");
    let changed = c.configs().replace("a", &params, &changed).await.unwrap();
    assert_eq!(owned(&changed, "editor"), json!({"f:data": {"f:key": {}, "f:other": {}}}));
    assert_eq!(owned(&changed, "maker"), json!({"f:data": {}}));
}

#[tokio::test]
async fn an_applier_must_say_who_it_is() {
    let c = cluster("apply-who").await;
    let path = c.path("/api/v1", "configmaps/a");
    let headers = [("content-type", "application/apply-patch+yaml")];
    let result = c.send(Method::PATCH, &path, &headers, config("a", "1")).await;
    let status = refused(result, 422, "Invalid");
    assert!(
        status.message.contains("fieldManager: Required value: is required for apply patch"),
        "{}",
        status.message
    );
}

#[tokio::test]
async fn what_is_applied_carries_no_ownership_of_its_own() {
    let c = cluster("apply-managed").await;
    let mut body = config("a", "1");
    body["metadata"]["managedFields"] = json!([]);
    let status = refused(c.apply("alice", body, false).await, 400, "BadRequest");
    assert_eq!(status.message, "metadata.managedFields must be nil");
}

#[tokio::test]
async fn an_unknown_field_is_not_applied() {
    let c = with_widgets("apply-unknown").await;
    let mut body = widget("a", 2);
    body["spec"]["nope"] = json!(1);
    let status = c.apply("alice", body, false).await.unwrap_err();
    assert_eq!(status.code, 500);
    assert_eq!(
        status.message,
        "failed to create typed patch object (/a; world.example.com/v1, Kind=Widget): .spec.nope: field not \
         declared in schema"
    );
}

#[tokio::test]
async fn built_in_kinds_have_map_lists_as_well() {
    let c = cluster("apply-pod").await;
    let mut body = pod("a");
    body["spec"]["containers"][0]["ports"] = json!([{"containerPort": 80}]);
    let made = c.apply("alice", body, false).await.unwrap();
    assert_eq!(
        made.data["spec"]["containers"][0]["ports"],
        json!([{"containerPort": 80, "protocol": "TCP"}])
    );
    let main = owned(&made, "alice")["f:spec"]["f:containers"]["k:{\"name\":\"main\"}"].clone();
    assert_eq!(
        main["f:ports"],
        json!({"k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {".": {}, "f:containerPort": {}}})
    );
}

#[tokio::test]
async fn ownership_can_be_forgotten() {
    let c = cluster("apply-forget").await;
    let mut made = c.apply("alice", config("a", "1"), false).await.unwrap();
    made.metadata.managed_fields = Some(vec![ManagedFieldsEntry::default()]);
    let forgotten = c.configs().replace("a", &PostParams::default(), &made).await.unwrap();
    assert_eq!(owned(&forgotten, "alice"), serde_json::Value::Null);
    // What nobody is known to own belongs to whoever was there before the first apply.
    let status = refused(c.apply("bob", config("a", "2"), false).await, 409, "Conflict");
    assert_eq!(
        status.message,
        "Apply failed with 1 conflict: conflict with \"before-first-apply\" using v1: .data.key"
    );
    c.apply("bob", config("a", "2"), true).await.unwrap();
}
