//! Events: two APIs over the same objects, and the recorder of kube-rs.

use k8s_openapi::api::core::v1::{ConfigMap, ObjectReference};
use kube::api::ListParams;
use kube::core::ObjectMeta;
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use serde_json::json;

use crate::support::{Cluster, cluster, refused};

fn reference(c: &Cluster) -> ObjectReference {
    let metadata = ObjectMeta {
        name: Some("a".to_owned()),
        namespace: Some(c.namespace.clone()),
        uid: Some("11111111-1111-4111-8111-111111111111".to_owned()),
        ..ObjectMeta::default()
    };
    kube::Resource::object_ref(&ConfigMap { metadata, ..ConfigMap::default() }, &())
}

#[tokio::test]
async fn a_recorded_event_is_seen_through_both_apis_and_counted() {
    let c = cluster("recorded").await;
    let reporter = Reporter { controller: "suite".to_owned(), instance: Some("suite-0".to_owned()) };
    let recorder = Recorder::new(c.client.clone(), reporter);
    let event = Event {
        type_: EventType::Warning,
        reason: "Tried".to_owned(),
        note: Some("It was tried".to_owned()),
        action: "Trying".to_owned(),
        secondary: None,
    };
    recorder.publish(&event, &reference(&c)).await.unwrap();
    recorder.publish(&event, &reference(&c)).await.unwrap();
    let core = c
        .get(&c.path("/api/v1", "events?fieldSelector=involvedObject.name%3Da,reason%3DTried"))
        .await
        .unwrap();
    let [only] = core["items"].as_array().unwrap().as_slice() else { panic!("{core}") };
    assert_eq!(only["message"], "It was tried");
    assert_eq!(only["reportingComponent"], "suite");
    assert_eq!(only["involvedObject"]["kind"], "ConfigMap");
    assert_eq!(only["series"]["count"], 2);
    let newer = c.get(&c.path("/apis/events.k8s.io/v1", "events")).await.unwrap();
    let newer = newer["items"].as_array().unwrap().iter().find(|e| e["reason"] == "Tried").unwrap();
    assert_eq!(newer["note"], "It was tried");
    assert_eq!(newer["regarding"]["name"], "a");
    assert_eq!(newer["metadata"]["uid"], only["metadata"]["uid"]);
    assert_eq!(c.names(&c.api("events.k8s.io/v1", "Event", "events"), &ListParams::default()).await.len(), 1);
}

#[tokio::test]
async fn a_new_event_must_say_who_and_what() {
    let c = cluster("incomplete").await;
    let body = json!({
        "apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": {"name": "e"},
        "eventTime": "2026-01-01T00:00:00.000000Z", "type": "Normal",
        "regarding": {"kind": "ConfigMap", "name": "a", "namespace": "incomplete"},
    });
    let status = refused(c.post(&c.path("/apis/events.k8s.io/v1", "events"), body).await, 422, "Invalid");
    for field in ["reportingController", "action", "reason"] {
        assert!(status.message.contains(&format!("{field}: Required value")), "{}", status.message);
    }
}

#[tokio::test]
async fn an_event_lives_where_its_object_does() {
    let c = cluster("elsewhere").await;
    let body = json!({
        "apiVersion": "v1", "kind": "Event", "metadata": {"name": "e"},
        "involvedObject": {"kind": "ConfigMap", "name": "a", "namespace": "default"},
    });
    let status = refused(c.post(&c.path("/api/v1", "events"), body).await, 422, "Invalid");
    assert!(status.message.contains("does not match event.namespace"), "{}", status.message);
}
