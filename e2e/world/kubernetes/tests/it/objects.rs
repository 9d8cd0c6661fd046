//! Create, read, update: identity, names, optimistic concurrency, generation, dry run.

use http::Method;
use kube::api::PostParams;
use serde_json::json;

use crate::support::{cluster, config, dynamic, refusal, refused, widget, with_widgets};

#[tokio::test]
async fn a_created_object_gets_its_identity() {
    let c = cluster("identity").await;
    let made = c.create("v1", "ConfigMap", "configmaps", config("a", "1")).await;
    let meta = &made.metadata;
    assert_eq!(meta.namespace.as_deref(), Some("identity"));
    assert_eq!(meta.uid.as_ref().unwrap().len(), 36);
    assert!(meta.creation_timestamp.is_some());
    assert!(meta.resource_version.as_ref().unwrap().parse::<u64>().unwrap() > 0);
    assert_eq!(c.configs().get("a").await.unwrap().data["data"]["key"], "1");
}

#[tokio::test]
async fn creating_twice_is_refused() {
    let c = cluster("twice").await;
    c.create("v1", "ConfigMap", "configmaps", config("a", "1")).await;
    let again = c.configs().create(&PostParams::default(), &dynamic(config("a", "2"))).await;
    let status = refused(refusal(again), 409, "AlreadyExists");
    assert_eq!(status.message, "configmaps \"a\" already exists");
}

#[tokio::test]
async fn generated_names_differ() {
    let c = cluster("generated").await;
    let body = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "run-"}});
    let one = c.create("v1", "ConfigMap", "configmaps", body.clone()).await.metadata.name.unwrap();
    let two = c.create("v1", "ConfigMap", "configmaps", body).await.metadata.name.unwrap();
    assert_ne!(one, two);
    assert!(one.starts_with("run-") && one.len() == 9);
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    let c = with_widgets("missing").await;
    let status = refused(refusal(c.configs().get("nope").await), 404, "NotFound");
    assert_eq!(status.message, "configmaps \"nope\" not found");
    let status = refused(refusal(c.widgets().get("nope").await), 404, "NotFound");
    assert_eq!(status.message, "widgets.world.example.com \"nope\" not found");
    let details = status.details.unwrap();
    assert_eq!((details.kind.as_str(), details.group.as_str()), ("widgets", "world.example.com"));
}

#[tokio::test]
async fn a_namespace_must_exist() {
    let c = cluster("namespaces").await;
    let result = c.post("/api/v1/namespaces/nowhere/configmaps", config("a", "1")).await;
    let status = refused(result, 404, "NotFound");
    assert_eq!(status.message, "namespaces \"nowhere\" not found");
}

#[tokio::test]
async fn an_update_with_an_old_resource_version_is_a_conflict() {
    let c = cluster("conflict").await;
    let first = c.create("v1", "ConfigMap", "configmaps", config("a", "1")).await;
    let mut second = first.clone();
    second.data["data"]["key"] = json!("2");
    c.configs().replace("a", &PostParams::default(), &second).await.unwrap();
    let mut third = first;
    third.data["data"]["key"] = json!("3");
    let status =
        refused(refusal(c.configs().replace("a", &PostParams::default(), &third).await), 409, "Conflict");
    assert_eq!(
        status.message,
        "Operation cannot be fulfilled on configmaps \"a\": the object has been modified; please apply your changes to the \
         latest version and try again"
    );
}

#[tokio::test]
async fn an_update_that_changes_nothing_keeps_the_resource_version() {
    let c = cluster("noop").await;
    let first = c.create("v1", "ConfigMap", "configmaps", config("a", "1")).await;
    let again = c.configs().replace("a", &PostParams::default(), &first).await.unwrap();
    assert_eq!(first.metadata.resource_version, again.metadata.resource_version);
}

#[tokio::test]
async fn custom_resources_are_never_overwritten_blindly() {
    let c = with_widgets("blindly").await;
    c.create("world.example.com/v1", "Widget", "widgets", widget("a", 2)).await;
    let path = c.path("/apis/world.example.com/v1", "widgets/a");
    let status = refused(c.send(Method::PUT, &path, &[], widget("a", 4)).await, 422, "Invalid");
    assert!(
        status
            .message
            .contains("metadata.resourceVersion: Invalid value: 0x0: must be specified for an update")
    );
    // Config maps may be.
    c.create("v1", "ConfigMap", "configmaps", config("a", "1")).await;
    let path = c.path("/api/v1", "configmaps/a");
    c.send(Method::PUT, &path, &[], config("a", "2")).await.unwrap();
}

#[tokio::test]
async fn the_generation_counts_changes_of_what_is_wanted() {
    let c = with_widgets("generation").await;
    let mut made = c.create("world.example.com/v1", "Widget", "widgets", widget("a", 2)).await;
    assert_eq!(made.metadata.generation, Some(1));
    made.metadata.labels = Some([("x".to_owned(), "y".to_owned())].into());
    let labelled = c.widgets().replace("a", &PostParams::default(), &made).await.unwrap();
    assert_eq!(labelled.metadata.generation, Some(1));
    let mut resized = labelled;
    resized.data["spec"]["size"] = json!(4);
    let resized = c.widgets().replace("a", &PostParams::default(), &resized).await.unwrap();
    assert_eq!(resized.metadata.generation, Some(2));
}

#[tokio::test]
async fn the_status_is_written_through_its_subresource_alone() {
    let c = with_widgets("status").await;
    let mut body = widget("a", 2);
    body["status"] = json!({"phase": "Invented"});
    let mut made = c.create("world.example.com/v1", "Widget", "widgets", body).await;
    assert!(made.data.get("status").is_none());
    made.data["status"] = json!({"phase": "Still invented"});
    made.data["spec"]["size"] = json!(4);
    let updated = c.widgets().replace("a", &PostParams::default(), &made).await.unwrap();
    assert!(updated.data.get("status").is_none());
    let mut with_status = updated.clone();
    with_status.data["status"] = json!({"phase": "Real"});
    with_status.data["spec"]["size"] = json!(6);
    with_status.metadata.labels = Some([("x".to_owned(), "y".to_owned())].into());
    let written = c.widgets().replace_status("a", &PostParams::default(), &with_status).await.unwrap();
    assert_eq!(written.data["status"]["phase"], "Real");
    assert_eq!(written.data["spec"]["size"], 4);
    assert_eq!(written.metadata.labels, None);
    assert_eq!(written.metadata.generation, updated.metadata.generation);
}

#[tokio::test]
async fn a_dry_run_answers_and_changes_nothing() {
    let c = cluster("dry-run").await;
    let params = PostParams { dry_run: true, ..PostParams::default() };
    let made = c.configs().create(&params, &dynamic(config("a", "1"))).await.unwrap();
    assert!(made.metadata.uid.is_some());
    refused(refusal(c.configs().get("a").await), 404, "NotFound");
}

#[tokio::test]
async fn identity_cannot_be_changed() {
    let c = cluster("immutable-identity").await;
    let mut made = c.create("v1", "ConfigMap", "configmaps", config("a", "1")).await;
    made.metadata.uid = Some("11111111-1111-4111-8111-111111111111".to_owned());
    let status =
        refused(refusal(c.configs().replace("a", &PostParams::default(), &made).await), 409, "Conflict");
    assert!(status.message.contains("Precondition failed: UID in precondition"), "{}", status.message);
    let path = c.path("/api/v1", "configmaps/b");
    refused(c.send(Method::PUT, &path, &[], config("a", "2")).await, 400, "BadRequest");
}

#[tokio::test]
async fn names_and_labels_are_checked() {
    let c = cluster("names").await;
    let mut body = config("Upper_Case", "1");
    body["metadata"]["labels"] = json!({"ok": "not ok"});
    let result = c.configs().create(&PostParams::default(), &dynamic(body)).await;
    let status = refused(refusal(result), 422, "Invalid");
    assert!(
        status.message.starts_with(
            "ConfigMap \"Upper_Case\" is invalid: [metadata.name: Invalid value: \"Upper_Case\": a \
                                        lowercase RFC 1123 subdomain must consist of"
        ),
        "{}",
        status.message
    );
    assert!(
        status.message.contains("metadata.labels: Invalid value: \"not ok\": a valid label must be"),
        "{}",
        status.message
    );
}

#[tokio::test]
async fn immutable_config_maps_stay_as_they_are() {
    let c = cluster("immutable").await;
    let mut body = config("a", "1");
    body["immutable"] = json!(true);
    let mut made = c.create("v1", "ConfigMap", "configmaps", body).await;
    made.data["data"]["key"] = json!("2");
    let status =
        refused(refusal(c.configs().replace("a", &PostParams::default(), &made).await), 422, "Invalid");
    assert!(
        status.message.contains("data: Forbidden: field is immutable when `immutable` is set"),
        "{}",
        status.message
    );
}

#[tokio::test]
async fn secrets_take_plain_text_and_keep_it_encoded() {
    let c = cluster("secrets").await;
    let body = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "stringData": {"token": "hello"},
    });
    let made = c.create("v1", "Secret", "secrets", body).await;
    assert_eq!(made.data["data"], json!({"token": "aGVsbG8="}));
    assert_eq!(made.data["type"], "Opaque");
    assert!(made.data.get("stringData").is_none());
}
