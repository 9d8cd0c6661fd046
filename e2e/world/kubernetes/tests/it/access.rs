//! Tokens, the deny list, and what the world refuses because it does not do it.

use http::{Method, Request, StatusCode};
use kube::client::Body;
use serde_json::{Value, json};
use world_kubernetes::{Deny, User, Verb, World};

use crate::support::{Cluster, client, cluster, config, refused};

fn user(name: &str) -> User {
    User { name: name.to_owned(), groups: vec![] }
}

async fn with_token(world: &World, token: Option<&str>) -> StatusCode {
    let mut request = Request::get("/api/v1/namespaces");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    client(world).send(request.body(Body::empty()).unwrap()).await.unwrap().status()
}

#[tokio::test]
async fn only_known_tokens_are_let_in() {
    let world = World::builder().token("right", user("robin")).build();
    assert_eq!(with_token(&world, None).await, 401);
    assert_eq!(with_token(&world, Some("wrong")).await, 401);
    assert_eq!(with_token(&world, Some("right")).await, 200);
}

fn restricted() -> Cluster {
    let world = World::builder().deny(Deny::new(Verb::Create, "configmaps")).build();
    Cluster { client: client(&world), namespace: "default".to_owned() }
}

#[tokio::test]
async fn what_is_denied_is_forbidden_in_the_words_of_the_api_server() {
    let c = restricted();
    let status = refused(c.post(&c.path("/api/v1", "configmaps"), config("a", "1")).await, 403, "Forbidden");
    assert_eq!(
        status.message,
        "configmaps is forbidden: User \"world-admin\" cannot create resource \"configmaps\" in API group \"\" in the \
         namespace \"default\""
    );
    c.get(&c.path("/api/v1", "configmaps")).await.unwrap();
}

#[tokio::test]
async fn an_access_review_tells_what_is_denied() {
    let c = restricted();
    for (verb, allowed) in [("create", false), ("list", true)] {
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {"verb": verb, "resource": "configmaps", "namespace": "default"}},
        });
        let answer = c.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review).await.unwrap();
        assert_eq!(answer["status"]["allowed"], allowed, "{verb}");
    }
}

#[tokio::test]
async fn what_is_not_done_is_refused_with_a_sentence() {
    let c = cluster("not-done").await;
    c.create("v1", "Pod", "pods", crate::support::pod("a")).await;
    for (path, what) in [
        ("/apis/apps/v1/namespaces/not-done/deployments", "deployments of apps/v1"),
        ("/api/v1/namespaces/not-done/services", "services of v1"),
        ("/api/v1/namespaces/not-done/pods/a/exec", "the subresource exec of pods"),
        ("/openapi/v2", "OpenAPI v2"),
    ] {
        let status = refused(c.send(Method::GET, path, &[], Value::Null).await, 501, "NotImplemented");
        assert!(status.message.contains(what), "{}", status.message);
    }
}

#[tokio::test]
async fn a_definition_that_needs_more_is_refused_whole() {
    let c = cluster("needs-more").await;
    let with = |spec: Value, subresources: Value| {
        json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": "things.world.example.com"},
            "spec": {
                "group": "world.example.com", "scope": "Namespaced", "names": {"plural": "things", "kind": "Thing"},
                "versions": [{
                    "name": "v1", "served": true, "storage": true, "subresources": subresources,
                    "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}},
                }],
            },
        })
    };
    let list = json!({"type": "array", "maxItems": 2, "items": {"type": "integer"}});
    let sorted = json!({
        "type": "object", "properties": {"l": list},
        "x-kubernetes-validations": [{"rule": "self.l.sortBy(i, i) == self.l"}],
    });
    let scale =
        json!({"scale": {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}});
    let format = json!({"type": "object", "properties": {"u": {"type": "string", "format": "uri"}}});
    for (definition, what) in [
        (with(sorted, json!({})), "the CEL function sortBy"),
        (with(json!({"type": "object"}), scale), "the scale subresource"),
        (with(format, json!({})), "the schema format \"uri\""),
    ] {
        let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        let status = refused(c.post(path, definition).await, 501, "NotImplemented");
        assert!(status.message.contains(what), "{}", status.message);
        assert_eq!(c.get("/apis/world.example.com/v1").await.unwrap_err().code, 404);
    }
}

#[tokio::test]
async fn without_controllers_nothing_is_collected() {
    let world = World::builder().without_controllers().build();
    let c = Cluster { client: client(&world), namespace: "default".to_owned() };
    let owner = c.post(&c.path("/api/v1", "configmaps"), config("owner", "1")).await.unwrap();
    let mut child = config("child", "1");
    child["metadata"]["ownerReferences"] =
        json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner["metadata"]["uid"]}]);
    c.post(&c.path("/api/v1", "configmaps"), child).await.unwrap();
    c.send(Method::DELETE, &c.path("/api/v1", "configmaps/owner"), &[], Value::Null).await.unwrap();
    c.get(&c.path("/api/v1", "configmaps/child")).await.unwrap();
}
