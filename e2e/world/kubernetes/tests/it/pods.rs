//! Pods: what is filled in, what may change, what is checked.

use kube::api::{Patch, PatchParams, PostParams};
use serde_json::json;

use crate::support::{causes, cluster, dynamic, pod, refusal, refused};

fn unscheduled(name: &str) -> serde_json::Value {
    let mut body = pod(name);
    body["spec"]["schedulerName"] = json!("nobody");
    body
}

#[tokio::test]
async fn what_a_pod_leaves_out_is_filled_in() {
    let c = cluster("pod-defaults").await;
    let made = c.create("v1", "Pod", "pods", unscheduled("a")).await;
    let spec = &made.data["spec"];
    assert_eq!((&spec["restartPolicy"], &spec["dnsPolicy"]), (&json!("Always"), &json!("ClusterFirst")));
    let container = &spec["containers"][0];
    assert_eq!(container["imagePullPolicy"], "IfNotPresent");
    assert_eq!(container["terminationMessagePath"], "/dev/termination-log");
    assert_eq!(made.data["status"]["phase"], "Pending");
    assert_eq!(made.data["status"]["qosClass"], "BestEffort");
}

#[tokio::test]
async fn a_pod_that_cannot_be_is_refused() {
    let c = cluster("pod-invalid").await;
    let mut body = unscheduled("a");
    body["spec"]["restartPolicy"] = json!("Sometimes");
    body["spec"]["containers"] = json!([
        {"name": "main", "image": "x", "volumeMounts": [{"name": "none", "mountPath": "/x"}]},
        {"name": "main"},
    ]);
    let result = c.pods().create(&PostParams::default(), &dynamic(body)).await;
    let fields: Vec<String> =
        causes(&refused(refusal(result), 422, "Invalid")).into_iter().map(|(field, _)| field).collect();
    assert_eq!(
        fields,
        [
            "spec.containers[0].volumeMounts[0].name",
            "spec.containers[1].image",
            "spec.containers[1].name",
            "spec.restartPolicy"
        ]
    );
}

#[tokio::test]
async fn a_pod_stays_as_it_was_made() {
    let c = cluster("pod-fixed").await;
    c.create("v1", "Pod", "pods", unscheduled("a")).await;
    let body = json!({"spec": {"containers": [{"name": "main", "command": ["true"]}]}});
    let result = c.pods().patch("a", &PatchParams::default(), &Patch::Strategic(body)).await;
    let status = refused(refusal(result), 422, "Invalid");
    assert!(
        status.message.contains("spec: Forbidden: pod updates may not change fields other than"),
        "{}",
        status.message
    );
    let body = json!({"spec": {"activeDeadlineSeconds": 10}});
    c.pods().patch("a", &PatchParams::default(), &Patch::Strategic(body)).await.unwrap();
}

#[tokio::test]
async fn a_pods_status_is_written_by_its_node() {
    let c = cluster("pod-status").await;
    c.create("v1", "Pod", "pods", unscheduled("a")).await;
    let body = json!({"status": {"phase": "Running"}, "spec": {"activeDeadlineSeconds": 10}});
    let patched = c.pods().patch_status("a", &PatchParams::default(), &Patch::Strategic(body)).await.unwrap();
    assert_eq!(patched.data["status"]["phase"], "Running");
    assert!(patched.data["spec"].get("activeDeadlineSeconds").is_none());
}

#[tokio::test]
async fn a_scheduler_binds_a_pod_to_a_node_once() {
    let c = cluster("binding").await;
    c.create("v1", "Pod", "pods", unscheduled("a")).await;
    let binding = json!({
        "apiVersion": "v1", "kind": "Binding", "metadata": {"name": "a"},
        "target": {"apiVersion": "v1", "kind": "Node", "name": "n1"},
    });
    let path = c.path("/api/v1", "pods/a/binding");
    c.post(&path, binding.clone()).await.unwrap();
    assert_eq!(c.pods().get("a").await.unwrap().data["spec"]["nodeName"], "n1");
    refused(c.post(&path, binding).await, 409, "Conflict");
}

#[tokio::test]
async fn a_pod_without_a_node_has_an_empty_log() {
    let c = cluster("no-log").await;
    c.create("v1", "Pod", "pods", unscheduled("a")).await;
    let request = http::Request::get(c.path("/api/v1", "pods/a/log")).body(Vec::new()).unwrap();
    assert_eq!(c.client.request_text(request).await.unwrap(), "");
}
