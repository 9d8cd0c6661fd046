//! Removing what was kept long enough: old runs, their pods, and pods whose run is gone.

use crate::{context::Context, stores::sorted};
use api::ProwJob;
use decide::{
    reason::Reason,
    run::{
        PodFacts, Run,
        retention::{self, PlacedPod, Removal, RetentionSettings},
    },
};
use k8s_openapi::api::core::v1::Pod;
use kube::{
    Api, Client, ResourceExt,
    api::{DeleteParams, Patch, PatchParams, Preconditions},
};
use serde_json::json;
use std::collections::BTreeSet;

/// One round. What cannot be removed now is tried at the next.
pub async fn retain(context: &Context) {
    let settings = context.installation.settings();
    let keep = RetentionSettings {
        runs: settings.retention.runs.to_std(),
        pods: settings.retention.pods.to_std(),
        finished_pods: settings.retention.finished_pods.to_std(),
        exclude_clusters: settings.retention.exclude_clusters.iter().cloned().collect(),
    };
    let runs: Vec<Run> =
        sorted(&context.stores.prow_jobs).iter().map(|object| Run::observe(object)).collect();
    let mut pods = Vec::new();
    for (cluster, store) in &context.stores.pods {
        pods.extend(sorted(store).iter().map(|pod| PlacedPod {
            cluster: cluster.clone(),
            namespace: pod.namespace().unwrap_or_default(),
            name: pod.name_any(),
            facts: PodFacts::observe(pod),
        }));
    }
    let periodics: BTreeSet<(String, String)> = sorted(&context.stores.job_configs)
        .iter()
        .flat_map(|config| {
            let namespace = config.namespace().unwrap_or_default();
            config.spec.periodics.iter().map(move |job| (namespace.clone(), job.base.name.clone()))
        })
        .collect();
    for planned in
        retention::plan(&runs.iter().collect::<Vec<_>>(), &pods, &periodics, &keep, context.clock.now())
    {
        if let Err(error) = remove(context, &planned.action).await {
            tracing::warn!(%error, reason = planned.why.name(), "something old was not removed");
        }
    }
}

fn only(uid: &str) -> DeleteParams {
    DeleteParams::default().preconditions(Preconditions { uid: Some(uid.to_owned()), resource_version: None })
}

/// What is gone needs no removal.
fn gone_is_good<T>(answer: Result<T, kube::Error>) -> Result<(), kube::Error> {
    match answer {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.is_not_found() || status.is_conflict() => Ok(()),
        Err(error) => Err(error),
    }
}

async fn remove(context: &Context, removal: &Removal) -> Result<(), kube::Error> {
    let pods = |cluster: &str, namespace: &str| -> Option<Api<Pod>> {
        let client: &Client = context.clusters.get(cluster)?;
        Some(Api::namespaced(client.clone(), namespace))
    };
    match removal {
        Removal::Run { namespace, name, uid } => {
            let api: Api<ProwJob> = Api::namespaced(context.home.clone(), namespace);
            gone_is_good(api.delete(name, &only(uid)).await)
        }
        Removal::Pod { cluster, namespace, name, uid, orphan } => {
            let Some(api) = pods(cluster, namespace) else { return Ok(()) };
            if *orphan && run_exists(context, namespace, name).await? {
                return Ok(());
            }
            gone_is_good(api.delete(name, &only(uid)).await)
        }
        Removal::Finalizer { cluster, namespace, name, uid, finalizer } => {
            let Some(api) = pods(cluster, namespace) else { return Ok(()) };
            let Some(pod) = api.get_opt(name).await? else { return Ok(()) };
            if pod.uid().as_deref() != Some(uid) {
                return Ok(());
            }
            let left: Vec<&String> = pod.finalizers().iter().filter(|other| *other != finalizer).collect();
            let patch =
                json!({ "metadata": { "finalizers": left, "resourceVersion": pod.resource_version() } });
            gone_is_good(api.patch(name, &PatchParams::default(), &Patch::Merge(&patch)).await)
        }
    }
}

/// Whether a run of this name exists in a tenant whose pods live in this namespace: asked of the API server itself.
async fn run_exists(context: &Context, pod_namespace: &str, name: &str) -> Result<bool, kube::Error> {
    let settings = context.installation.settings();
    let tenants: BTreeSet<String> =
        sorted(&context.stores.repositories).iter().filter_map(|object| object.namespace()).collect();
    for tenant in tenants {
        let lives_here = context
            .clusters
            .keys()
            .filter_map(|cluster| settings.cluster(cluster))
            .any(|cluster| cluster.pod_namespace(&tenant) == pod_namespace);
        let api: Api<ProwJob> = Api::namespaced(context.home.clone(), &tenant);
        if lives_here && api.get_opt(name).await?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}
