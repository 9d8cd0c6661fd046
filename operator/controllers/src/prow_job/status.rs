//! Writing a run's status: whole, by compare-and-swap, and only when it says something new.

use super::{RunError, apply::Applied};
use crate::context::Context;
use api::ProwJob;
use kube::{Api, ResourceExt, api::PostParams};

/// Writes the status of a plan that was carried out; true: something was written, so this look has ended.
pub(super) async fn write(context: &Context, object: &ProwJob, applied: &Applied) -> Result<bool, RunError> {
    let mut status = applied.plan().status.clone();
    status.observed_generation = object.metadata.generation;
    replace(context, object, status).await
}

/// Replaces the status of exactly the object that was seen.
pub(super) async fn replace(
    context: &Context,
    object: &ProwJob,
    status: api::prow_job::ProwJobStatus,
) -> Result<bool, RunError> {
    if object.status.as_ref() == Some(&status) {
        return Ok(false);
    }
    let mut new = object.clone();
    new.metadata.managed_fields = None;
    new.status = Some(status);
    let api: Api<ProwJob> = Api::namespaced(context.home.clone(), &object.namespace().unwrap_or_default());
    let answer = api.replace_status(&object.name_any(), &PostParams::default(), &new).await;
    context.writes.wrote(&answer.map_err(RunError::Status)?);
    Ok(true)
}
