//! The action that starts a presubmit, and its key.

use super::{Cause, Observed, StartRun, TenantJob, TriggerAction, TriggerKey, TriggerPolicy, refs};
use crate::{
    facts::{BaseSha, PullRequest},
    job::Presubmit,
};

/// A run of the job for the present head on this base.
pub(super) fn start(
    job: &TenantJob<Presubmit>,
    pull: &PullRequest,
    base: &BaseSha,
    cause: Cause,
    retest: bool,
    policy: &TriggerPolicy,
) -> TriggerAction {
    TriggerAction::StartRun(Box::new(StartRun {
        job: job.clone(),
        key: key(job, pull, cause),
        refs: refs::of_pull_request(pull, base, &policy.web),
        retest,
    }))
}

/// The key of that run.
pub(super) fn key(job: &TenantJob<Presubmit>, pull: &PullRequest, cause: Cause) -> TriggerKey {
    TriggerKey::presubmit(
        &job.namespace,
        &pull.repository,
        pull.number,
        &pull.head_sha,
        &pull.base_ref,
        job.job.name(),
        cause,
    )
}

/// The cause of a run that starts by itself: counted, so that it has a name of its own where the runs before it were
/// ended by us.
pub(super) fn new_head(job: &TenantJob<Presubmit>, observed: &Observed) -> Cause {
    let first = key(job, &observed.pull, Cause::NewHead { again: 0 });
    let before = observed
        .runs
        .iter()
        .filter_map(|run| run.key.as_ref())
        .chain(&observed.past_runs)
        .filter(|key| key.tests_the_same_as(&first))
        .filter_map(|key| match key.cause() {
            Cause::NewHead { again } => Some(again.saturating_add(1)),
            Cause::Comment { .. }
            | Cause::Slot { .. }
            | Cause::PoolAttempt { .. }
            | Cause::Rerun { .. }
            | Cause::Push { .. } => None,
        });
    Cause::NewHead { again: before.max().unwrap_or(0) }
}
