//! What `kubectl get` asks for: tables.

use http::Method;
use serde_json::{Value, json};

use crate::support::{Cluster, cluster, config, pod, refused, widget, with_widgets};

const TABLE: [(&str, &str); 1] =
    [("accept", "application/json;as=Table;v=v1;g=meta.k8s.io,application/json")];

async fn table(c: &Cluster, path: &str) -> Value {
    let table = c.send(Method::GET, path, &TABLE, Value::Null).await.unwrap();
    assert_eq!((&table["kind"], &table["apiVersion"]), (&json!("Table"), &json!("meta.k8s.io/v1")));
    table
}

fn columns(table: &Value) -> Vec<String> {
    let columns = table["columnDefinitions"].as_array().unwrap();
    columns.iter().map(|c| c["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_custom_kind_shows_the_columns_of_its_definition() {
    let c = with_widgets("columns").await;
    c.create("world.example.com/v1", "Widget", "widgets", widget("a", 2)).await;
    let table = table(&c, &c.path("/apis/world.example.com/v1", "widgets")).await;
    assert_eq!(columns(&table), ["Name", "Size", "Ready", "Colour", "Age"]);
    let priorities: Vec<_> =
        table["columnDefinitions"].as_array().unwrap().iter().map(|c| c["priority"].clone()).collect();
    assert_eq!(priorities, [json!(0), json!(0), json!(0), json!(1), json!(0)]);
    let cells = table["rows"][0]["cells"].as_array().unwrap();
    assert_eq!(cells[..4], [json!("a"), json!(2), Value::Null, json!("red")]);
    assert!(cells[4].as_str().unwrap().ends_with('s'));
    let carried = &table["rows"][0]["object"];
    assert_eq!((&carried["kind"], carried.get("spec")), (&json!("PartialObjectMetadata"), None));
}

#[tokio::test]
async fn a_pod_shows_how_ready_it_is() {
    let c = cluster("pod-table").await;
    let mut body = pod("a");
    body["spec"]["schedulerName"] = json!("nobody");
    c.create("v1", "Pod", "pods", body).await;
    let table = table(&c, &c.path("/api/v1", "pods")).await;
    assert_eq!(columns(&table)[..5], ["Name", "Ready", "Status", "Restarts", "Age"]);
    let cells = table["rows"][0]["cells"].as_array().unwrap();
    assert_eq!(cells[..3], [json!("a"), json!("0/1"), json!("Pending")]);
}

#[tokio::test]
async fn one_object_is_a_table_of_one_row() {
    let c = cluster("one-row").await;
    c.create("v1", "ConfigMap", "configmaps", config("a", "1")).await;
    let table = table(&c, &c.path("/api/v1", "configmaps/a?includeObject=Object")).await;
    assert_eq!(table["rows"].as_array().unwrap().len(), 1);
    assert_eq!(table["rows"][0]["cells"][1], 1);
    assert_eq!(table["rows"][0]["object"]["data"]["key"], "1");
}

#[tokio::test]
async fn a_format_that_nobody_serves_is_refused() {
    let c = cluster("format").await;
    let path = c.path("/api/v1", "configmaps");
    let result = c.send(Method::GET, &path, &[("accept", "text/csv")], Value::Null).await;
    refused(result, 406, "NotAcceptable");
}
