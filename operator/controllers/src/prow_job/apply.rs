//! Carrying out what a run's step asks for: its pod is made, removed, or released.

use super::{RunError, observe::Observed};
use crate::context::Context;
use api::{ProwJob, keys};
use decide::{
    facts::RepoName,
    reason::Reason,
    run::{self, PodAction, PodFacts, Run, RunPlan},
};
use k8s_openapi::api::core::v1::Pod;
use kube::{
    Api, ResourceExt,
    api::{DeleteParams, Patch, PatchParams, PostParams, Preconditions},
};
use serde_json::{Value, json};

/// A plan whose actions were carried out. Only such a plan's status may be written.
pub(super) struct Applied(RunPlan);

impl Applied {
    pub(super) fn plan(&self) -> &RunPlan {
        &self.0
    }
}

/// Carries the actions out, in order.
pub(super) async fn apply(
    context: &Context,
    observed: &Observed,
    plan: RunPlan,
) -> Result<Applied, RunError> {
    for planned in &plan.actions {
        tracing::info!(run = observed.run.name, reason = planned.why.name(), "{}", verb(&planned.action));
        match &planned.action {
            PodAction::Create { cluster, namespace, pod } => {
                if let Some(refusal) = create(context, &observed.run, cluster, namespace, pod).await? {
                    return Ok(Applied(observed.decide(|view| run::pod_refused(view, &refusal))));
                }
            }
            PodAction::Delete { cluster, namespace, name, uid } => {
                delete(context, cluster, namespace, name, uid).await?;
            }
            PodAction::RemoveFinalizer { cluster, namespace, name, uid, finalizer } => {
                remove_finalizer(context, cluster, namespace, name, uid, finalizer).await?;
            }
        }
    }
    Ok(Applied(plan))
}

fn verb(action: &PodAction) -> &'static str {
    match action {
        PodAction::Create { .. } => "making the pod",
        PodAction::Delete { .. } => "removing the pod",
        PodAction::RemoveFinalizer { .. } => "releasing the pod",
    }
}

fn pods(context: &Context, cluster: &str, namespace: &str) -> Option<Api<Pod>> {
    Some(Api::namespaced(context.clusters.get(cluster)?.clone(), namespace))
}

/// Makes the pod; `Some`: the API server does not take it, and why. A pod of ours that is there already is success.
async fn create(
    context: &Context,
    run: &Run,
    cluster: &str,
    namespace: &str,
    pod: &Value,
) -> Result<Option<String>, RunError> {
    let Some(client) = context.clusters.get(cluster) else { return Ok(None) };
    // As it stands, not through our types: a newer Kubernetes' fields must arrive.
    let path = format!("/api/v1/namespaces/{namespace}/pods");
    let body = serde_json::to_vec(pod).map_err(|e| RunError::Apply(kube::Error::SerdeError(e)))?;
    let request = kube::core::Request::new(path).create(&PostParams::default(), body);
    let request = request.map_err(|e| RunError::Apply(kube::Error::BuildRequest(e)))?;
    match client.request::<Pod>(request).await {
        Ok(_) => Ok(None),
        Err(kube::Error::Api(status)) if status.is_already_exists() => {
            let Some(api) = pods(context, cluster, namespace) else { return Ok(None) };
            match api.get_opt(&run.name).await.map_err(RunError::Apply)? {
                Some(there) if !PodFacts::observe(&there).belongs_to(run) => {
                    Ok(Some("a pod that is not ours bears the name".to_owned()))
                }
                _ => Ok(None),
            }
        }
        // Some refusals pass by themselves: too many requests, a timeout, a quota that another write just changed.
        Err(kube::Error::Api(status)) if (400..500).contains(&status.code) && !passes(status.code) => {
            Ok(Some(status.message))
        }
        Err(error) => Err(RunError::Apply(error)),
    }
}

/// Whether a refusal says nothing about the pod.
const fn passes(code: u16) -> bool {
    matches!(code, 408 | 409 | 429)
}

async fn delete(
    context: &Context,
    cluster: &str,
    namespace: &str,
    name: &str,
    uid: &str,
) -> Result<(), RunError> {
    let Some(api) = pods(context, cluster, namespace) else { return Ok(()) };
    let only_this = DeleteParams::default()
        .preconditions(Preconditions { uid: Some(uid.to_owned()), resource_version: None });
    match api.delete(name, &only_this).await {
        Ok(_) => Ok(()),
        // It is gone, or another bears its name.
        Err(kube::Error::Api(status)) if status.is_not_found() || status.is_conflict() => Ok(()),
        Err(error) => Err(RunError::Apply(error)),
    }
}

async fn remove_finalizer(
    context: &Context,
    cluster: &str,
    namespace: &str,
    name: &str,
    uid: &str,
    finalizer: &str,
) -> Result<(), RunError> {
    let Some(api) = pods(context, cluster, namespace) else { return Ok(()) };
    let Some(pod) = api.get_opt(name).await.map_err(RunError::Apply)? else { return Ok(()) };
    if pod.uid().as_deref() != Some(uid) {
        return Ok(());
    }
    let left: Vec<&String> = pod.finalizers().iter().filter(|other| *other != finalizer).collect();
    let patch = json!({ "metadata": { "finalizers": left, "resourceVersion": pod.resource_version() } });
    match api.patch(name, &PatchParams::default(), &Patch::Merge(&patch)).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.is_not_found() => Ok(()),
        Err(error) => Err(RunError::Apply(error)),
    }
}

/// Lets go of a run that is being deleted and for which all is done (KINDS 6): the same name is never made again.
pub(super) async fn release(context: &Context, object: &ProwJob, run: &Run) -> Result<(), RunError> {
    if !object.finalizers().iter().any(|finalizer| finalizer == keys::FINALIZER) {
        return Ok(());
    }
    remember(context, run).await?;
    let api: Api<ProwJob> = Api::namespaced(context.home.clone(), &run.namespace);
    let left: Vec<&String> = object.finalizers().iter().filter(|other| *other != keys::FINALIZER).collect();
    let patch = json!({ "metadata": { "finalizers": left, "resourceVersion": object.resource_version() } });
    match api.patch(&run.name, &PatchParams::default(), &Patch::Merge(&patch)).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.is_not_found() => Ok(()),
        Err(error) => Err(RunError::Status(error)),
    }
}

/// Records the trigger key of a run that goes, so that the same cause never makes it again (DESIGN R3).
async fn remember(context: &Context, run: &Run) -> Result<(), RunError> {
    // A run that the trigger itself ended may start anew under the next count.
    if crate::look::observe::ended_by_trigger(run) {
        return Ok(());
    }
    let Some(key) = run.annotations.get(keys::TRIGGER) else { return Ok(()) };
    let Some(refs) = run.spec.refs.as_ref().or(run.spec.extra_refs.first()) else { return Ok(()) };
    let repository = RepoName::new(&refs.org, &refs.repo);
    crate::cursors::remember_run(context, &run.namespace, &repository, key).await.map_err(RunError::Status)
}
