//! Whether a run may have its pod now (spec jobs-and-runs 5.6): limits of the installation, the job and the queue.
//!
//! Runs start in the order of their creation. The caller's siblings must include what it has itself just written
//! (reliability I7): the limits hold for what is desired and what is observed.

use super::{Run, RunReason, superseded_by};
use api::prow_job::ProwJobState;

/// Why the run must wait; `None`: it may start. `siblings`: the installation's other runs that are not complete.
pub(super) fn must_wait(run: &Run, siblings: &[&Run], settings: &super::RunSettings) -> Option<RunReason> {
    let others =
        || siblings.iter().copied().filter(|sibling| sibling.is_ours_to_run() && !sibling.is_complete());
    let full = |limit: i64, count: usize| i64::try_from(count).unwrap_or(i64::MAX) >= limit;

    let pending = others().filter(|sibling| sibling.state() == ProwJobState::Pending).count();
    if settings.max_concurrency > 0 && full(settings.max_concurrency, pending) {
        return Some(RunReason::GlobalConcurrency);
    }
    let job_limit = run.spec.max_concurrency.unwrap_or(0);
    if job_limit > 0 {
        let same_job = |o: &&Run| o.namespace == run.namespace && o.spec.job == run.spec.job;
        if full(job_limit, others().filter(same_job).filter(|o| is_before(o, run, siblings)).count()) {
            return Some(RunReason::JobConcurrency);
        }
    }
    let queue = &run.spec.job_queue_name;
    if queue.is_empty() {
        return None;
    }
    let Some(&capacity) = settings.queues.get(queue) else { return Some(RunReason::QueueUndefined) };
    let same_queue = |o: &&Run| &o.spec.job_queue_name == queue;
    let before = || others().filter(same_queue).filter(|o| is_before(o, run, siblings)).count();
    (capacity >= 0 && full(capacity, before())).then_some(RunReason::QueueFull)
}

/// Holds a place, or will have one first.
fn is_before(other: &Run, run: &Run, siblings: &[&Run]) -> bool {
    match other.state() {
        ProwJobState::Pending => true,
        ProwJobState::Triggered => {
            (other.created, &other.name) < (run.created, &run.name)
                && superseded_by(other, siblings).is_none()
                && superseded_by(other, &[run]).is_none()
        }
        ProwJobState::Scheduling
        | ProwJobState::Success
        | ProwJobState::Failure
        | ProwJobState::Aborted
        | ProwJobState::Error => false,
    }
}
