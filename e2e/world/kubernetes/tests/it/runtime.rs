//! kube-runtime at work: watcher, reflector, controller, finalizer, leases.

use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, DeleteParams, DynamicObject, Patch, PatchParams, PostParams};
use kube::runtime::controller::{Action, Controller};
use kube::runtime::finalizer::{Event as Finalizer, finalizer};
use kube::runtime::{WatchStreamExt, reflector, watcher};
use kube::{Client, ResourceExt};
use serde_json::{Value, json};

use crate::support::{Cluster, dynamic, refusal, refused, resource, widget, with_widgets};

/// Waits until a check holds.
async fn until<F: Future<Output = bool>>(what: &str, check: impl Fn() -> F) {
    for _ in 0..400 {
        if check().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("{what} did not happen");
}

async fn reflected(c: &Cluster, config: watcher::Config) {
    let widgets = c.widgets();
    let writer = reflector::store::Writer::new(resource("world.example.com/v1", "Widget", "widgets"));
    let store = writer.as_reader();
    c.create("world.example.com/v1", "Widget", "widgets", widget("a", 2)).await;
    c.create("world.example.com/v1", "Widget", "widgets", widget("b", 2)).await;
    let stream = watcher(widgets, config).default_backoff().reflect(writer).applied_objects();
    let follow = tokio::spawn(stream.try_for_each(|_| async { Ok(()) }));
    store.wait_until_ready().await.unwrap();
    assert_eq!(store.state().len(), 2);
    c.create("world.example.com/v1", "Widget", "widgets", widget("c", 2)).await;
    let _ = c.widgets().delete("a", &DeleteParams::default()).await.unwrap();
    until("the store follows", || async {
        let mut names: Vec<String> = store.state().iter().map(|object| object.name_any()).collect();
        names.sort();
        names == ["b", "c"]
    })
    .await;
    follow.abort();
}

#[tokio::test]
async fn a_reflector_follows_after_a_list() {
    let c = with_widgets("reflected").await;
    reflected(&c, watcher::Config::default()).await;
}

#[tokio::test]
async fn a_reflector_follows_after_small_pages() {
    let c = with_widgets("reflected-pages").await;
    reflected(&c, watcher::Config::default().page_size(1)).await;
}

#[tokio::test]
async fn a_reflector_follows_after_a_streaming_list() {
    let c = with_widgets("reflected-stream").await;
    reflected(&c, watcher::Config::default().streaming_lists()).await;
}

/// Makes a config map for each widget, owned by it, and tells so in the status.
async fn reconcile(widget: Arc<DynamicObject>, client: Arc<Client>) -> Result<Action, kube::Error> {
    let namespace = widget.namespace().unwrap_or_default();
    let kind = resource("world.example.com/v1", "Widget", "widgets");
    let configs: Api<DynamicObject> =
        Api::namespaced_with((*client).clone(), &namespace, &resource("v1", "ConfigMap", "configmaps"));
    let widgets: Api<DynamicObject> = Api::namespaced_with((*client).clone(), &namespace, &kind);
    let name = widget.name_any();
    let child = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": name, "ownerReferences": [{
            "apiVersion": kind.api_version, "kind": kind.kind, "name": name, "uid": widget.metadata.uid,
            "controller": true, "blockOwnerDeletion": true,
        }]},
        "data": {"size": widget.data["spec"]["size"].to_string()},
    });
    let params = PatchParams::apply("suite-controller").force();
    configs.patch(&name, &params, &Patch::Apply(child)).await?;
    let status = json!({
        "apiVersion": kind.api_version, "kind": kind.kind, "metadata": {"name": name},
        "status": {
            "observedGeneration": widget.metadata.generation,
            "conditions": [{"type": "Ready", "status": "True", "reason": "Made", "message": "The config map is there."}],
        },
    });
    widgets.patch_status(&name, &params, &Patch::Apply(status)).await?;
    Ok(Action::await_change())
}

#[tokio::test]
async fn a_controller_makes_what_is_wanted_and_repairs_it() {
    let c = with_widgets("controller").await;
    let kind = resource("world.example.com/v1", "Widget", "widgets");
    let configs: Api<ConfigMap> = Api::namespaced(c.client.clone(), &c.namespace);
    let controller = Controller::new_with(c.widgets(), watcher::Config::default(), kind)
        .owns(configs.clone(), watcher::Config::default())
        .run(reconcile, |_, error, _| panic!("{error}"), Arc::new(c.client.clone()))
        .for_each(|_| async {});
    let running = tokio::spawn(controller);
    let size = async |name: &str| {
        configs
            .get_opt(name)
            .await
            .unwrap()
            .and_then(|config| config.data)
            .and_then(|data| data.get("size").cloned())
    };
    c.create("world.example.com/v1", "Widget", "widgets", widget("a", 2)).await;
    until("the child is made", || async { size("a").await.as_deref() == Some("2") }).await;
    configs.delete("a", &DeleteParams::default()).await.unwrap();
    until("the child is made again", || async { size("a").await.as_deref() == Some("2") }).await;
    let grow = json!({"spec": {"size": 4}});
    c.widgets().patch("a", &PatchParams::default(), &Patch::Merge(grow)).await.unwrap();
    until("the child is changed", || async { size("a").await.as_deref() == Some("4") }).await;
    until("the status follows", || async {
        let widget = c.widgets().get("a").await.unwrap();
        widget.data["status"]["observedGeneration"] == json!(widget.metadata.generation)
    })
    .await;
    running.abort();
}

#[tokio::test]
async fn a_finalizer_cleans_up_before_an_object_goes() {
    let c = with_widgets("cleanup").await;
    c.create("world.example.com/v1", "Widget", "widgets", widget("a", 2)).await;
    let run = async |expected: &str| {
        let object = Arc::new(c.widgets().get("a").await.unwrap());
        let expected = expected.to_owned();
        finalizer(&c.widgets(), "world.example.com/cleanup", object, |event| async move {
            let seen = match event {
                Finalizer::Apply(_) => "apply",
                Finalizer::Cleanup(_) => "cleanup",
            };
            assert_eq!(seen, expected);
            Ok::<_, std::io::Error>(Action::await_change())
        })
        .await
        .unwrap();
    };
    run("apply").await;
    run("apply").await;
    let held = c.widgets().delete("a", &DeleteParams::default()).await.unwrap();
    assert!(held.left().unwrap().metadata.deletion_timestamp.is_some());
    run("cleanup").await;
    refused(refusal(c.widgets().get("a").await), 404, "NotFound");
}

#[tokio::test]
async fn of_two_candidates_one_gets_the_lease() {
    let c = with_widgets("leases").await;
    let leases: Api<Lease> = Api::namespaced(c.client.clone(), &c.namespace);
    let lease: Lease = serde_json::from_value(json!({
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "leader"},
        "spec": {"holderIdentity": "nobody", "leaseDurationSeconds": 15, "renewTime": "2026-01-01T00:00:00.000000Z"},
    }))
    .unwrap();
    let lease = leases.create(&PostParams::default(), &lease).await.unwrap();
    let claim = |who: &str| {
        let mut lease = lease.clone();
        lease.spec.as_mut().unwrap().holder_identity = Some(who.to_owned());
        lease
    };
    let (first, second) = (claim("one"), claim("two"));
    leases.replace("leader", &PostParams::default(), &first).await.unwrap();
    refused(refusal(leases.replace("leader", &PostParams::default(), &second).await), 409, "Conflict");
    let mut wrong: Value = serde_json::to_value(leases.get("leader").await.unwrap()).unwrap();
    wrong["spec"]["leaseDurationSeconds"] = json!(0);
    let result = c.api("coordination.k8s.io/v1", "Lease", "leases");
    let result = result.replace("leader", &PostParams::default(), &dynamic(wrong)).await;
    let status = refused(refusal(result), 422, "Invalid");
    assert!(
        status.message.contains("spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0"),
        "{}",
        status.message
    );
}
