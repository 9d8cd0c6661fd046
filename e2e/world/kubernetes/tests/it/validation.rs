//! What the schema of a kind does to its objects: pruning, defaults, checks, rules, strictness.

use http::{Method, Request};
use kube::api::PostParams;
use kube::core::Status;
use serde_json::{Value, json};

use crate::support::{Cluster, causes, cluster, dynamic, refusal, refused, widget, with_widgets};

async fn create(c: &Cluster, spec: Value) -> Result<Value, Box<Status>> {
    let mut body = widget("a", 2);
    body["spec"] = spec;
    c.post(&c.path("/apis/world.example.com/v1", "widgets"), body).await
}

#[tokio::test]
async fn unknown_fields_are_dropped_except_where_they_are_kept() {
    let c = with_widgets("pruned").await;
    let spec =
        json!({"size": 2, "nope": 1, "free": {"any": {"thing": [1]}}, "parts": [{"name": "a", "nope": 2}]});
    let made = create(&c, spec).await.unwrap();
    assert_eq!(
        made["spec"],
        json!({"size": 2, "colour": "red", "free": {"any": {"thing": [1]}}, "parts": [{"name": "a", "amount": 1}]})
    );
}

#[tokio::test]
async fn each_mistake_is_named_with_its_path() {
    let c = with_widgets("mistakes").await;
    let spec = json!({
        "size": 102, "colour": "blue", "serial": "UPPER", "port": true, "tags": ["a", "a", "much longer than it may be"],
        "parts": [{"name": "x"}, {"name": "x"}, {"amount": 1}], "options": {"a": "1", "b": "2", "c": "3"}, "since": "yesterday",
    });
    let status = refused(create(&c, spec).await, 422, "Invalid");
    let expected = [
        ("spec.colour", "Unsupported value: \"blue\": supported values: \"red\", \"green\""),
        ("spec.options", "Too many: 3: must have at most 2 items"),
        ("spec.parts[1]", "Duplicate value: map[string]interface {}{\"name\":\"x\"}"),
        ("spec.parts[2].name", "Required value"),
        ("spec.serial", "Invalid value: \"UPPER\": spec.serial in body should match '^[a-z]*$'"),
        (
            "spec.since",
            "Invalid value: \"yesterday\": spec.since in body must be of type date-time: \"yesterday\"",
        ),
        ("spec.size", "Invalid value: 102: spec.size in body should be less than or equal to 100"),
        ("spec.tags[1]", "Duplicate value: \"a\""),
        ("spec.tags[2]", "Too long: may not be more than 16 bytes"),
    ];
    let found = causes(&status);
    for (field, message) in expected {
        assert!(found.contains(&(field.to_owned(), message.to_owned())), "{field}: {message}\nin {found:#?}");
    }
    let port = found.iter().find(|(field, _)| field == "spec.port").unwrap();
    assert!(port.1.contains("must be of type integer,string: \"boolean\""), "{}", port.1);
    assert!(found.iter().any(|(_, message)| message.contains("some validation rules were not checked")));
    assert!(status.message.starts_with("Widget.world.example.com \"a\" is invalid: ["), "{}", status.message);
}

#[tokio::test]
async fn what_is_required_must_be_there() {
    let c = with_widgets("required").await;
    let status = refused(create(&c, json!({})).await, 422, "Invalid");
    assert!(status.message.contains("spec.size: Required value"), "{}", status.message);
    let mut nothing = widget("a", 2);
    nothing.as_object_mut().unwrap().remove("spec");
    let result = c.widgets().create(&PostParams::default(), &dynamic(nothing)).await;
    assert!(refused(refusal(result), 422, "Invalid").message.contains("spec: Required value"));
}

#[tokio::test]
async fn a_rule_says_what_to_do() {
    let c = with_widgets("rules").await;
    let status = refused(create(&c, json!({"size": 3})).await, 422, "Invalid");
    assert_eq!(
        status.message,
        "Widget.world.example.com \"a\" is invalid: spec: Invalid value: \"object\": size must be even: add or take one"
    );
    let status = refused(create(&c, json!({"size": 0, "always_on": true})).await, 422, "Invalid");
    assert!(status.message.ends_with("a red widget without size is never on"), "{}", status.message);
}

#[tokio::test]
async fn a_transition_rule_compares_with_what_was() {
    let c = with_widgets("transitions").await;
    let spec = json!({"size": 2, "serial": "abc", "parts": [{"name": "x", "amount": 3}, {"name": "y", "amount": 3}]});
    create(&c, spec).await.unwrap();
    let mut made = c.widgets().get("a").await.unwrap();
    made.data["spec"]["serial"] = json!("def");
    let status =
        refused(refusal(c.widgets().replace("a", &PostParams::default(), &made).await), 422, "Invalid");
    assert_eq!(
        causes(&status),
        [("spec.serial".to_owned(), "Forbidden: serial cannot be changed".to_owned())]
    );
    // Items are compared by their key, wherever they stand.
    made.data["spec"]["serial"] = json!("abc");
    made.data["spec"]["parts"] = json!([{"name": "y", "amount": 4}, {"name": "x", "amount": 3}]);
    let mut made = c.widgets().replace("a", &PostParams::default(), &made).await.unwrap();
    made.data["spec"]["parts"] = json!([{"name": "x", "amount": 3}, {"name": "y", "amount": 1}]);
    let status =
        refused(refusal(c.widgets().replace("a", &PostParams::default(), &made).await), 422, "Invalid");
    assert_eq!(causes(&status)[0].0, "spec.parts[1]");
    assert!(causes(&status)[0].1.ends_with("amount cannot shrink"));
}

#[tokio::test]
async fn strict_validation_names_unknown_and_duplicate_fields() {
    let c = with_widgets("strict").await;
    let path = c.path("/apis/world.example.com/v1", "widgets?fieldValidation=Strict");
    let mut body = widget("a", 2);
    body["spec"]["nope"] = json!(1);
    let status = refused(c.post(&path, body).await, 400, "BadRequest");
    assert!(
        status.message.contains("strict decoding error: unknown field \"spec.nope\""),
        "{}",
        status.message
    );
    let twice = r#"{"apiVersion": "world.example.com/v1", "kind": "Widget", "metadata": {"name": "a"}, "spec": {"size": 2, "size": 4}}"#;
    let request = |query: &str| {
        let path = c.path("/apis/world.example.com/v1", &format!("widgets?fieldValidation={query}"));
        let request = Request::post(path).header("content-type", "application/json");
        request.body(twice.as_bytes().to_vec()).unwrap()
    };
    let status = refused(refusal(c.client.request::<Value>(request("Strict")).await), 400, "BadRequest");
    assert!(status.message.contains("duplicate field \"spec.size\""), "{}", status.message);
    let made: Value = c.client.request(request("Ignore")).await.unwrap();
    assert_eq!(made["spec"]["size"], 4);
}

#[tokio::test]
async fn by_default_unknown_fields_are_warned_about() {
    let c = with_widgets("warned").await;
    let mut body = widget("a", 2);
    body["spec"]["nope"] = json!(1);
    let path = c.path("/apis/world.example.com/v1", "widgets");
    let request = Request::post(path).header("content-type", "application/json");
    let request = request.body(kube::client::Body::from(body.to_string().into_bytes())).unwrap();
    let response = c.client.send(request).await.unwrap();
    assert_eq!(response.status(), 201);
    assert_eq!(response.headers()["warning"], "299 - \"unknown field \\\"spec.nope\\\"\"");
}

#[tokio::test]
async fn built_in_kinds_are_typed_as_well() {
    let c = cluster("typed").await;
    let path = c.path("/api/v1", "pods");
    let body = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"},
        "spec": {"containers": [{"name": "main", "image": "x", "imagePolicy": "Never"}]},
    });
    let strict = format!("{path}?fieldValidation=Strict");
    let status = refused(c.post(&strict, body).await, 400, "BadRequest");
    assert!(
        status.message.contains("unknown field \"spec.containers[0].imagePolicy\""),
        "{}",
        status.message
    );
    let body = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": "none"},
    });
    let status = refused(c.post(&path, body).await, 400, "BadRequest");
    assert!(
        status.message.contains("cannot be handled as a Pod: json: cannot unmarshal string"),
        "{}",
        status.message
    );
}

#[tokio::test]
async fn a_body_of_another_kind_is_refused() {
    let c = with_widgets("another-kind").await;
    let mut body = widget("a", 2);
    body["kind"] = json!("Gadget");
    let status =
        refused(c.post(&c.path("/apis/world.example.com/v1", "widgets"), body).await, 422, "Invalid");
    assert!(
        status.message.ends_with("is invalid: kind: Invalid value: \"Gadget\": must be Widget"),
        "{}",
        status.message
    );
    refused(c.post(&c.path("/api/v1", "configmaps"), widget("a", 2)).await, 400, "BadRequest");
    let mut body = widget("a", 2);
    body["metadata"]["namespace"] = json!("elsewhere");
    let status =
        refused(c.post(&c.path("/apis/world.example.com/v1", "widgets"), body).await, 400, "BadRequest");
    assert!(status.message.contains("does not match the namespace"), "{}", status.message);
    let path = c.path("/apis/world.example.com/v1", "widgets");
    let result = c.send(Method::POST, &path, &[("content-type", "text/plain")], widget("a", 2)).await;
    refused(result, 415, "UnsupportedMediaType");
}

#[tokio::test]
async fn a_stricter_definition_does_not_lock_what_was_there() {
    let c = cluster("ratcheting").await;
    let definition = |max: i64| {
        json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": "ratchets.world.example.com"},
            "spec": {
                "group": "world.example.com", "scope": "Namespaced", "names": {"plural": "ratchets", "kind": "Ratchet"},
                "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {
                    "type": "object", "properties": {"spec": {"type": "object", "properties": {
                        "a": {"type": "integer", "maximum": max}, "b": {"type": "integer"},
                    }}},
                }}}],
            },
        })
    };
    c.define(definition(100)).await;
    let body = json!({
        "apiVersion": "world.example.com/v1", "kind": "Ratchet", "metadata": {"name": "r"}, "spec": {"a": 50, "b": 1},
    });
    let mut made = c.create("world.example.com/v1", "Ratchet", "ratchets", body).await;
    c.define(definition(10)).await;
    tokio::time::sleep(std::time::Duration::from_millis(if std::env::var("WORLD_KUBECONFIG").is_ok() {
        2000
    } else {
        0
    }))
    .await;
    let api = c.api("world.example.com/v1", "Ratchet", "ratchets");
    made.data["spec"]["b"] = json!(2);
    let mut made = api.replace("r", &PostParams::default(), &made).await.unwrap();
    made.data["spec"]["a"] = json!(60);
    refused(refusal(api.replace("r", &PostParams::default(), &made).await), 422, "Invalid");
}
