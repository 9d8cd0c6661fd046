//! Creating and ending runs: the one place where ProwJobs are made.
//!
//! A run's name follows from its cause (DESIGN R1), so making it twice is making it once.

use super::LookError;
use crate::context::Context;
use api::{ProwJob, keys};
use decide::{
    job::prow_job::NewRun,
    reason::Reason,
    trigger::{TriggerKey, run_name},
};
use kube::{
    Api, ResourceExt,
    api::{ObjectMeta, Patch, PatchParams, PostParams},
};
use serde_json::json;

/// Makes a run in a namespace, unless it is there.
///
/// # Errors
/// What the API server answers.
pub(crate) async fn create(
    context: &Context,
    namespace: &str,
    key: &TriggerKey,
    new: NewRun,
    source: &str,
    why: &dyn Reason,
) -> Result<(), kube::Error> {
    let api: Api<ProwJob> = Api::namespaced(context.home.clone(), namespace);
    let name = run_name(key);
    let mut annotations = new.annotations;
    annotations.insert(keys::TRIGGER.to_owned(), key.to_string());
    if !source.is_empty() {
        annotations.insert(keys::SOURCE.to_owned(), source.to_owned());
    }
    let mut object = ProwJob::new(&name, new.spec);
    object.metadata = ObjectMeta {
        name: Some(name.clone()),
        namespace: Some(namespace.to_owned()),
        labels: Some(new.labels),
        annotations: Some(annotations),
        finalizers: Some(vec![keys::FINALIZER.to_owned()]),
        ..ObjectMeta::default()
    };
    for suffix in ["", "-2"] {
        object.metadata.name = Some(format!("{name}{suffix}"));
        match api.create(&PostParams::default(), &object).await {
            Ok(made) => {
                tracing::info!(run = made.name_any(), reason = why.name(), "started");
                context.writes.wrote(&made);
                return Ok(());
            }
            Err(kube::Error::Api(status)) if status.is_already_exists() => {
                let there = api.get_opt(&object.name_any()).await?;
                let ours = there
                    .is_some_and(|there| there.annotations().get(keys::TRIGGER) == Some(&key.to_string()));
                if ours {
                    return Ok(());
                }
                // A foreign object under our name: the next name is as much ours.
            }
            Err(error) => return Err(error),
        }
    }
    tracing::warn!(name, "two foreign objects bear the names of a run; it is not made");
    Ok(())
}

/// Asks for a run to be ended; its own next step ends it.
///
/// # Errors
/// What the API server answers.
pub(crate) async fn abort(
    context: &Context,
    namespace: &str,
    name: &str,
    by: &str,
    why: &dyn Reason,
) -> Result<(), LookError> {
    let api: Api<ProwJob> = Api::namespaced(context.home.clone(), namespace);
    let patch = json!({ "metadata": { "annotations": { keys::ABORT: by } } });
    match api.patch(name, &PatchParams::default(), &Patch::Merge(&patch)).await {
        Ok(answer) => {
            tracing::info!(run = name, reason = why.name(), "ending");
            context.writes.wrote(&answer);
            Ok(())
        }
        Err(kube::Error::Api(status)) if status.is_not_found() => Ok(()),
        Err(error) => Err(error.into()),
    }
}
