//! What a pod's state means for its pending run (spec jobs-and-runs 5.3).

use super::{PodFacts, PodPhase, Revival, Run, RunReason, settings::Timeouts};
use api::prow_job::ProwJobState;
use jiff::Timestamp;
use std::time::Duration;

/// What to make of a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Nothing yet; look again when this is over, if anything is.
    GoesOn { why: RunReason, limit_in: Option<Duration> },
    /// It stopped without the test's doing: it goes, and is made anew.
    Revive(Revival),
    /// The run is over.
    Ends { state: ProwJobState, why: RunReason, delete_pod: bool },
}

fn ends(state: ProwJobState, why: RunReason) -> Outcome {
    Outcome::Ends { state, why, delete_pod: false }
}

fn ends_with_its_pod(state: ProwJobState, why: RunReason) -> Outcome {
    Outcome::Ends { state, why, delete_pod: true }
}

/// Judges the pod of a pending run.
pub(super) fn judge(run: &Run, pod: &PodFacts, limits: Timeouts, revivals: i64, now: Timestamp) -> Outcome {
    let evicted = pod.reason == "Evicted";
    if evicted && run.spec.error_on_eviction {
        return ends(ProwJobState::Error, RunReason::Evicted);
    }
    // What the cluster did to the pod comes before what the containers say.
    let stopped = if evicted {
        Some(Revival::Evicted)
    } else if pod.reason == "NodeLost" && pod.deleting {
        Some(Revival::Unreachable)
    } else if pod.phase == PodPhase::Unknown {
        Some(Revival::Unknown)
    } else {
        None
    };
    if let Some(cause) = stopped {
        if run.status.pod_revival_count.unwrap_or(0) >= revivals {
            return ends(ProwJobState::Error, RunReason::RevivalsExhausted { cause, limit: revivals });
        }
        return Outcome::Revive(cause);
    }
    if pod.phase == PodPhase::Running && pod.containers.iter().any(|c| c.reason == "OOMKilled") {
        return ends(ProwJobState::Error, RunReason::OutOfMemory);
    }
    match pod.phase {
        PodPhase::Succeeded if pod.containers.iter().all(|c| c.exit_code == Some(0) && c.has_finish_time) => {
            ends(ProwJobState::Success, RunReason::Succeeded)
        }
        PodPhase::Succeeded => ends(ProwJobState::Error, RunReason::ContainersUnfinished),
        PodPhase::Failed => ends(ProwJobState::Failure, RunReason::Failed),
        PodPhase::Pending => starting(pod, limits, now),
        PodPhase::Running | PodPhase::Unknown | PodPhase::NotSaid if pod.deleting => {
            ends(ProwJobState::Error, RunReason::PodDeleted)
        }
        PodPhase::Running => match left(pod.started.unwrap_or(pod.created), limits.running, now) {
            None => ends_with_its_pod(ProwJobState::Aborted, RunReason::RunningTimeout),
            limit_in => Outcome::GoesOn { why: RunReason::PodRunning, limit_in },
        },
        PodPhase::Unknown | PodPhase::NotSaid => {
            Outcome::GoesOn { why: RunReason::PodStarting, limit_in: None }
        }
    }
}

/// A pod that waits for a node, or has one and does not run yet.
fn starting(pod: &PodFacts, limits: Timeouts, now: Timestamp) -> Outcome {
    let (since, limit, why) = match pod.started {
        None => (pod.created, limits.unscheduled, RunReason::SchedulingTimeout),
        Some(started) => (started, limits.pending, RunReason::PendingTimeout),
    };
    match left(since, limit, now) {
        None => ends_with_its_pod(ProwJobState::Error, why),
        Some(_) if pod.deleting => ends(ProwJobState::Error, RunReason::PodDeleted),
        limit_in => Outcome::GoesOn { why: RunReason::PodStarting, limit_in },
    }
}

/// What is left of a limit; `None`: it is reached.
fn left(since: Timestamp, limit: Duration, now: Timestamp) -> Option<Duration> {
    // A clock that is behind the cluster's has not used anything yet.
    let used = Duration::try_from(now.duration_since(since)).unwrap_or_default();
    limit.checked_sub(used).filter(|left| !left.is_zero())
}
