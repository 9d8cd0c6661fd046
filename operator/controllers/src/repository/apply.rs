//! What a look at a Repository does: its hook is kept right, the looks that follow from a change are hinted at, and its
//! finalizer is held only while there is something to clean up.

use super::{
    RepositoryError,
    hooks::{self, Hooks},
    observe::{self, Credentials, Standing},
};
use crate::{context::Context, look::Look};
use api::{Repository, keys, repository::WebhookOnDelete};
use decide::govern;
use jiff::Timestamp;
use kube::{
    Api, ResourceExt,
    api::{Patch, PatchParams},
};
use serde_json::json;

/// Keeps the hooks right.
pub(super) async fn keep_hooks(
    context: &Context,
    object: &Repository,
    credentials: &Credentials,
    standing: &Standing,
) -> Hooks {
    hooks::keep(context, object, credentials, standing).await
}

/// What was decided for these repositories may be decided otherwise now: all that is open is looked at again.
pub(super) fn hint(context: &Context, standing: &Standing) {
    for repository in &standing.governed {
        context.looks.hint(Look::Repository(repository.clone()));
        // The sweep looks only at what changed on GitHub.
        for known in context.pulls.of(repository).unwrap_or_default() {
            context.looks.hint(Look::Pull(repository.clone(), known.snapshot.pull.number));
        }
        context.pools_changed(repository);
    }
}

/// Holds the object for its end only where something is to be done then: a hook that is to go.
pub(super) async fn hold_if_needed(context: &Context, object: &Repository) -> Result<(), RepositoryError> {
    let held = object.finalizers().iter().any(|finalizer| finalizer == keys::FINALIZER);
    let needed = observe::webhook(context, object).on_delete == WebhookOnDelete::Remove;
    if held == needed {
        return Ok(());
    }
    let mut finalizers = without_ours(object);
    if needed {
        finalizers.push(keys::FINALIZER.to_owned());
    }
    write_finalizers(context, object, &finalizers).await
}

/// A Repository that is going (KINDS 6): its hook goes if it says so, everything else stays. After a minute it is let go
/// whatever was done.
pub(super) async fn clean_up(context: &Context, object: &Repository) -> Result<(), RepositoryError> {
    context.memory.forget(&object.uid().unwrap_or_default());
    if !object.finalizers().iter().any(|finalizer| finalizer == keys::FINALIZER) {
        return Ok(());
    }
    let removed = hooks::remove(context, object, observe::webhook(context, object).on_delete).await;
    let asked = object.metadata.deletion_timestamp.as_ref().map_or(Timestamp::UNIX_EPOCH, |time| time.0);
    match removed {
        Err(error) if govern::finalizer_is_overdue(asked, context.clock.now()) => {
            tracing::warn!(repository = object.name_any(), %error, "the hook stays: its time is over");
        }
        other => other?,
    }
    write_finalizers(context, object, &without_ours(object)).await
}

fn without_ours(object: &Repository) -> Vec<String> {
    object.finalizers().iter().filter(|other| *other != keys::FINALIZER).cloned().collect()
}

async fn write_finalizers(
    context: &Context,
    object: &Repository,
    finalizers: &[String],
) -> Result<(), RepositoryError> {
    let namespace = object.namespace().unwrap_or_default();
    let api: Api<Repository> = Api::namespaced(context.home.clone(), &namespace);
    let version = object.resource_version();
    let patch = json!({ "metadata": { "finalizers": finalizers, "resourceVersion": version } });
    match api.patch(&object.name_any(), &PatchParams::default(), &Patch::Merge(&patch)).await {
        Ok(answer) => {
            context.writes.wrote(&answer);
            Ok(())
        }
        Err(kube::Error::Api(status)) if status.is_not_found() => Ok(()),
        Err(error) => Err(RepositoryError::Finalizer(error)),
    }
}
