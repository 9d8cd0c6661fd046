//! Lists: paging over one snapshot, selectors, what resourceVersion means.

use http::Method;
use kube::api::{DeleteParams, ListParams, PostParams};
use serde_json::{Value, json};

use crate::support::{cluster, config, dynamic, refusal, refused, widget, with_widgets};

#[tokio::test]
async fn pages_show_one_snapshot() {
    let c = cluster("pages").await;
    for name in ["a", "b", "c", "d", "e"] {
        c.create("v1", "ConfigMap", "configmaps", config(name, "1")).await;
    }
    // The namespace of a real cluster holds a config map of its own.
    let mine = "metadata.name!=kube-root-ca.crt";
    let params = ListParams::default().limit(2).fields(mine);
    let first = c.configs().list(&params).await.unwrap();
    assert_eq!(first.items.len(), 2);
    let token = first.metadata.continue_.clone().unwrap();
    // What happens between pages is not seen by the later ones.
    c.configs().delete("d", &DeleteParams::default()).await.unwrap();
    c.create("v1", "ConfigMap", "configmaps", config("c2", "1")).await;
    let rest = c.configs().list(&ListParams::default().fields(mine).continue_token(&token)).await.unwrap();
    let names: Vec<_> = rest.items.iter().map(|o| o.metadata.name.clone().unwrap()).collect();
    assert_eq!(names, ["c", "d", "e"]);
    assert_eq!(rest.metadata.resource_version, first.metadata.resource_version);
    assert_eq!(rest.metadata.continue_.as_deref().unwrap_or_default(), "");
}

#[tokio::test]
async fn a_full_page_tells_how_much_is_left() {
    let c = with_widgets("left").await;
    for name in ["a", "b", "c"] {
        c.create("world.example.com/v1", "Widget", "widgets", widget(name, 2)).await;
    }
    let first = c.widgets().list(&ListParams::default().limit(1)).await.unwrap();
    assert_eq!(first.metadata.remaining_item_count, Some(2));
    let all = c.widgets().list(&ListParams::default().limit(3)).await.unwrap();
    assert_eq!((all.metadata.remaining_item_count, all.items.len()), (None, 3));
}

#[tokio::test]
async fn a_made_up_token_is_refused() {
    let c = cluster("token").await;
    let result = c.get(&c.path("/api/v1", "configmaps?limit=1&continue=nonsense")).await;
    refused(result, 400, "BadRequest");
}

#[tokio::test]
async fn labels_select() {
    let c = with_widgets("labels").await;
    for (name, labels) in
        [("a", json!({"tier": "web"})), ("b", json!({"tier": "db", "old": "yes"})), ("c", json!({}))]
    {
        let mut body = widget(name, 2);
        body["metadata"]["labels"] = labels;
        c.create("world.example.com/v1", "Widget", "widgets", body).await;
    }
    for (selector, expected) in [
        ("tier=web", vec!["a"]),
        ("tier!=web", vec!["b", "c"]),
        ("tier in (web, db),!old", vec!["a"]),
        ("tier notin (db)", vec!["a", "c"]),
        ("old", vec!["b"]),
        ("", vec!["a", "b", "c"]),
    ] {
        assert_eq!(
            c.names(&c.widgets(), &ListParams::default().labels(selector)).await,
            expected,
            "{selector}"
        );
    }
    refused(c.get(&c.path("/api/v1", "configmaps?labelSelector=a%20of%20b")).await, 400, "BadRequest");
}

#[tokio::test]
async fn fields_select_what_a_kind_allows() {
    let c = with_widgets("fields").await;
    c.create("world.example.com/v1", "Widget", "widgets", widget("a", 2)).await;
    let mut green = widget("b", 2);
    green["spec"]["colour"] = json!("green");
    c.create("world.example.com/v1", "Widget", "widgets", green).await;
    for (selector, expected) in
        [("metadata.name=a", vec!["a"]), ("metadata.name!=a", vec!["b"]), ("spec.colour=green", vec!["b"])]
    {
        assert_eq!(
            c.names(&c.widgets(), &ListParams::default().fields(selector)).await,
            expected,
            "{selector}"
        );
    }
    let result = c.widgets().list(&ListParams::default().fields("spec.size=2")).await;
    let status = refused(refusal(result), 400, "BadRequest");
    assert!(status.message.contains("field label not supported: spec.size"), "{}", status.message);
}

#[tokio::test]
async fn a_list_at_an_exact_version_shows_the_past() {
    let c = with_widgets("exact").await;
    c.create("world.example.com/v1", "Widget", "widgets", widget("a", 2)).await;
    let then = c.widgets().list(&ListParams::default()).await.unwrap().metadata.resource_version.unwrap();
    c.create("world.example.com/v1", "Widget", "widgets", widget("b", 2)).await;
    let path = c.path(
        "/apis/world.example.com/v1",
        &format!("widgets?resourceVersion={then}&resourceVersionMatch=Exact"),
    );
    let list = c.get(&path).await.unwrap();
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert_eq!(list["metadata"]["resourceVersion"], then.as_str());
    let newest = path.replace("Exact", "NotOlderThan");
    assert_eq!(c.get(&newest).await.unwrap()["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn contradictions_about_versions_are_refused() {
    let c = cluster("versions").await;
    for query in [
        "resourceVersionMatch=Exact",
        "resourceVersionMatch=Exact&resourceVersion=0",
        "resourceVersionMatch=Nonsense&resourceVersion=1",
    ] {
        refused(c.get(&c.path("/api/v1", &format!("configmaps?{query}"))).await, 422, "Invalid");
    }
    let status = c.get(&c.path("/api/v1", "configmaps?resourceVersion=notanumber")).await.unwrap_err();
    assert_eq!(status.code, 400);
}

#[tokio::test]
async fn metadata_alone_can_be_asked_for() {
    let c = cluster("metadata").await;
    c.configs().create(&PostParams::default(), &dynamic(config("a", "secret"))).await.unwrap();
    let accept = [("accept", "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1")];
    let list = c.send(Method::GET, &c.path("/api/v1", "configmaps"), &accept, Value::Null).await.unwrap();
    assert_eq!(list["kind"], "PartialObjectMetadataList");
    let item = list["items"].as_array().unwrap().iter().find(|item| item["metadata"]["name"] == "a").unwrap();
    assert_eq!(item["kind"], "PartialObjectMetadata");
    assert!(item.get("data").is_none());
}

#[tokio::test]
async fn lists_reach_across_namespaces() {
    let c = with_widgets("across").await;
    c.create("v1", "Namespace", "namespaces", json!({"metadata": {"name": "across-two"}})).await;
    c.create("world.example.com/v1", "Widget", "widgets", widget("a", 2)).await;
    let other = "/apis/world.example.com/v1/namespaces/across-two/widgets";
    c.post(other, widget("b", 2)).await.unwrap();
    let all = c.get("/apis/world.example.com/v1/widgets").await.unwrap();
    let places: Vec<_> = all["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["metadata"]["namespace"].as_str().unwrap())
        .filter(|namespace| namespace.starts_with("across"))
        .collect();
    assert_eq!(places, ["across-two", "across"]);
}
