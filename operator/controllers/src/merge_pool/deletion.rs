//! A pool that is being deleted (KINDS 6): nothing merges any more, its trains are aborted, and the changes are told that
//! there is no pool. None of this holds the pool for longer than a minute.

use super::{PoolError, ground, tell};
use crate::{
    context::Context,
    look::{LookError, runs},
    stores::sorted,
};
use api::{MergePool, keys, prow_job::ProwJobType};
use decide::{
    facts::RepoName,
    govern,
    merge::{
        contexts::POOL_CONTEXT,
        evidence::Verdict,
        ground::wants,
        heads,
        pool::{Member, Run},
    },
    reason::Reason,
    run,
};
use jiff::Timestamp;
use kube::{
    Api, ResourceExt,
    api::{Patch, PatchParams},
    runtime::controller::Action,
};
use serde_json::json;
use std::{collections::BTreeSet, time::Duration};

/// What did not work is tried again after this.
const AGAIN: Duration = Duration::from_secs(5);
const BY: &str = "merge-pool/deleted";

/// Sees to it that a deletion waits for us; true: the pool was changed for it.
pub(super) async fn hold(context: &Context, object: &MergePool) -> Result<bool, PoolError> {
    if object.finalizers().iter().any(|finalizer| finalizer == keys::FINALIZER) {
        return Ok(false);
    }
    let mut wanted = object.finalizers().to_vec();
    wanted.push(keys::FINALIZER.to_owned());
    set_finalizers(context, object, &wanted).await.map(|()| true)
}

async fn set_finalizers(context: &Context, object: &MergePool, wanted: &[String]) -> Result<(), PoolError> {
    let api: Api<MergePool> = Api::namespaced(context.home.clone(), &object.namespace().unwrap_or_default());
    let patch = json!({ "metadata": { "finalizers": wanted, "resourceVersion": object.resource_version() } });
    match api.patch(&object.name_any(), &PatchParams::default(), &Patch::Merge(&patch)).await {
        Ok(answer) => {
            context.writes.wrote(&answer);
            Ok(())
        }
        // It is gone, or has changed since: the change brings it back.
        Err(kube::Error::Api(status)) if status.is_not_found() || status.is_conflict() => Ok(()),
        Err(error) => Err(PoolError::Finalizer(error)),
    }
}

/// Cleans up and lets the pool go.
pub(super) async fn clean_up(context: &Context, object: &MergePool) -> Result<Action, PoolError> {
    if !object.finalizers().iter().any(|finalizer| finalizer == keys::FINALIZER) {
        return Ok(Action::await_change());
    }
    let asked = object.metadata.deletion_timestamp.as_ref().map_or(Timestamp::UNIX_EPOCH, |time| time.0);
    let overdue = govern::finalizer_is_overdue(asked, context.clock.now());
    if let Err(error) = give_up(context, object).await {
        tracing::warn!(pool = super::key(object), %error, overdue, "a pool that goes was not cleaned up");
        if !overdue {
            return Ok(Action::requeue(AGAIN));
        }
    }
    let left: Vec<String> =
        object.finalizers().iter().filter(|other| *other != keys::FINALIZER).cloned().collect();
    set_finalizers(context, object, &left).await?;
    context.merges.forget(&object.uid().unwrap_or_default());
    Ok(Action::requeue(AGAIN))
}

/// Why runs of a pool end with it.
#[derive(Debug)]
struct PoolDeleted;

impl Reason for PoolDeleted {
    fn name(&self) -> &'static str {
        "PoolDeleted"
    }

    fn sentence(&self) -> String {
        "The merge pool was deleted.".to_owned()
    }
}

async fn give_up(context: &Context, object: &MergePool) -> Result<(), LookError> {
    let heirs: Vec<_> = sorted(&context.stores.merge_pools)
        .into_iter()
        .filter(|other| other.namespace() == object.namespace() && other.uid() != object.uid())
        .filter(|other| other.metadata.deletion_timestamp.is_none())
        .collect();
    for repository in ground::of(context, object).repositories {
        // Where nobody serves the repository any more, nothing can be told and nothing runs.
        let Ok(governed) = context.governed(&repository).await else { continue };
        let mirrored = context.pulls.of(&repository).unwrap_or_default();
        let into = mirrored.iter().map(|pull| pull.snapshot.pull.base_ref.as_str());
        let mut branches = ground::branches(context, object, &repository, into).ours;
        branches.retain(|branch| !heirs.iter().any(|heir| wants(&heir.spec, &repository, branch)));
        abort_trains(context, &repository, &branches).await?;
        for pull in &mirrored {
            let (snapshot, branch) = (&pull.snapshot, &pull.snapshot.pull.base_ref);
            let said = snapshot.statuses.iter().find(|status| status.context == POOL_CONTEXT);
            let status = heads::no_pool(branch);
            let news = said.is_some_and(|said| said.description != status.description);
            if branches.contains(branch) && news {
                let head = snapshot.pull.head_sha.clone();
                let member = Member { number: snapshot.pull.number, head };
                tell::write(&governed.forge, &repository, &member, &status).await?;
            }
        }
    }
    Ok(())
}

async fn abort_trains(
    context: &Context,
    repository: &RepoName,
    branches: &BTreeSet<String>,
) -> Result<(), LookError> {
    for object in sorted(&context.stores.prow_jobs) {
        let Some(run) = Run::of(&run::Run::observe(&object), repository) else { continue };
        let of_train = run.by_pool && run.gates && run.kind == ProwJobType::Batch;
        let goes_on = Verdict::of(run.state) == Verdict::Running;
        if of_train && goes_on && branches.contains(&run.branch) {
            let namespace = object.namespace().unwrap_or_default();
            runs::abort(context, &namespace, &run.name, BY, &PoolDeleted).await?;
        }
    }
    Ok(())
}
