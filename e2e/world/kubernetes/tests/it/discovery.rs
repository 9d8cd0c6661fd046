//! Discovery and OpenAPI.

use http::Method;
use kube::core::discovery::verbs;
use serde_json::{Value, json};

use crate::support::{cluster, refused, with_widgets};

#[tokio::test]
async fn kube_discovers_built_in_and_custom_kinds() {
    let c = with_widgets("discovered").await;
    for discovery in [
        kube::Discovery::new(c.client.clone()).run().await.unwrap(),
        kube::Discovery::new(c.client.clone()).run_aggregated().await.unwrap(),
    ] {
        let find = |group: &str, kind: &str| {
            discovery
                .get(group)
                .unwrap()
                .recommended_resources()
                .into_iter()
                .find(|(r, _)| r.kind == kind)
                .unwrap()
        };
        let (resource, capabilities) = find("world.example.com", "Widget");
        assert_eq!(resource.plural, "widgets");
        assert!(capabilities.supports_operation(verbs::WATCH));
        assert!(capabilities.subresources.iter().any(|(r, _)| r.plural.ends_with("status")));
        assert_eq!(find("", "Pod").0.version, "v1");
        assert_eq!(find("events.k8s.io", "Event").0.plural, "events");
        assert_eq!(find("coordination.k8s.io", "Lease").0.plural, "leases");
    }
}

#[tokio::test]
async fn short_names_and_categories_are_told() {
    let c = with_widgets("short").await;
    let list = c.get("/apis/world.example.com/v1").await.unwrap();
    let widgets = list["resources"].as_array().unwrap().iter().find(|r| r["name"] == "widgets").unwrap();
    assert_eq!((&widgets["shortNames"], &widgets["categories"]), (&json!(["wd"]), &json!(["toys"])));
}

#[tokio::test]
async fn the_version_is_one_that_clients_understand() {
    let c = cluster("version").await;
    let version = c.client.apiserver_version().await.unwrap();
    assert_eq!(version.major, "1");
    assert!(version.minor.trim_end_matches('+').parse::<u32>().unwrap() >= 30);
}

#[tokio::test]
async fn openapi_describes_a_custom_kind() {
    let c = with_widgets("openapi").await;
    let index = c.get("/openapi/v3").await.unwrap();
    let url = index["paths"]["apis/world.example.com/v1"]["serverRelativeURL"].as_str().unwrap();
    let document = c.get(url).await.unwrap();
    let widget = &document["components"]["schemas"]["com.example.world.v1.Widget"];
    assert_eq!(widget["properties"]["spec"]["properties"]["size"]["description"], "How big it is.");
    assert_eq!(
        widget["x-kubernetes-group-version-kind"],
        json!([{"group": "world.example.com", "kind": "Widget", "version": "v1"}])
    );
    let path = "/apis/world.example.com/v1/namespaces/{namespace}/widgets/{name}";
    let parameters = document["paths"][path]["patch"]["parameters"].as_array().unwrap();
    assert!(parameters.iter().any(|parameter| parameter["name"] == "fieldValidation"));
}

#[tokio::test]
async fn a_group_that_nobody_defined_is_not_found() {
    let c = cluster("nobody").await;
    for path in ["/apis/nobody.example.com/v1", "/apis/nobody.example.com/v1/namespaces/x/things"] {
        assert_eq!(c.get(path).await.unwrap_err().code, 404, "{path}");
    }
}

#[tokio::test]
async fn a_method_that_makes_no_sense_is_refused() {
    let c = cluster("method").await;
    let result = c.send(Method::POST, "/api/v1/configmaps", &[], json!({})).await;
    refused(result, 405, "MethodNotAllowed");
    let result = c.send(Method::PUT, &c.path("/api/v1", "configmaps"), &[], Value::Null).await;
    assert_eq!(result.unwrap_err().code, 405);
}
