//! What a look at a JobConfig does: runs of periodics are made, and what its jobs are for is looked at.

use super::{JobConfigError, observe::Observed};
use crate::{
    context::Context,
    look::{Look, runs},
};
use api::JobConfig;
use decide::{
    schedule::{self, ClockPlan},
    trigger::run_name,
};
use kube::ResourceExt;

/// Makes the runs that are due. One that cannot be made stops no other; the first problem is told.
pub(super) async fn start(
    context: &Context,
    object: &JobConfig,
    observed: &Observed,
    plans: &[ClockPlan],
) -> Result<(), JobConfigError> {
    let namespace = object.namespace().unwrap_or_default();
    let source = format!("jobconfig/{}", object.name_any());
    let mut first = Ok(());
    for (clock, plan) in observed.clocks().iter().zip(plans) {
        let Some(start) = &plan.start else { continue };
        let (key, new) = schedule::run(&namespace, clock.job, start.action);
        match runs::create(context, &namespace, &key, new, &source, &start.why).await {
            Ok(()) => context.memory.made_run(&namespace, run_name(&key)),
            Err(source) => {
                tracing::warn!(job = clock.job.name(), error = %source, "a periodic was not started");
                let job = clock.job.name().to_owned();
                first = first.and(Err(JobConfigError::Start { job, source }));
            }
        }
    }
    first
}

/// The jobs changed: open pull requests, branches and pools of their repositories are looked at.
pub(super) fn hint(context: &Context, observed: &Observed) {
    for repository in &observed.named {
        for known in context.pulls.of(repository).unwrap_or_default() {
            context.looks.hint(Look::Pull(repository.clone(), known.snapshot.pull.number));
        }
        context.looks.hint(Look::Branches(repository.clone()));
        context.pools_changed(repository);
    }
}
