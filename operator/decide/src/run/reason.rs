//! Why a run is where it is. Names are shown in conditions, events and metrics; descriptions go to the status, whose
//! fixed words dashboards and alerts of Prow's users match.

use super::Run;
use crate::{job::pod::PodProblem, reason::Reason};

/// Why a pod stopped without the test's doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revival {
    /// The node needed the room.
    Evicted,
    /// The node was lost while the pod was being deleted.
    Unreachable,
    /// The node does not answer.
    Unknown,
}

impl Revival {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Evicted => "evicted",
            Self::Unreachable => "unreachable",
            Self::Unknown => "unknown",
        }
    }
}

/// Why a step did what it did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunReason {
    /// It is complete.
    Complete,
    /// Another agent carries it out.
    ForeignAgent,
    /// It was created for a scheduler that is to choose its cluster.
    WaitingForScheduler,
    /// As many runs of the installation as may be are under way.
    GlobalConcurrency,
    /// As many runs of this job as may be are under way or before it.
    JobConcurrency,
    /// As many runs of this queue as may be are under way or before it.
    QueueFull,
    /// The queue is not among the installation's.
    QueueUndefined,
    /// No pod can be made of the job.
    PodInvalid(PodProblem),
    /// Its pod was made.
    PodCreated,
    /// Its pod was there already: the status of its making had been lost.
    PodAdopted,
    /// Its pod had vanished and was made anew.
    PodRecreated,
    /// Its pod waits for a node or starts.
    PodStarting,
    /// Its pod runs.
    PodRunning,
    /// Its pod stopped unexpectedly and goes, to be made anew.
    PodStopped(Revival),
    /// The tests passed.
    Succeeded,
    /// The tests failed.
    Failed,
    /// The pod says success, a container does not.
    ContainersUnfinished,
    /// The pod was evicted, and the job does not want another.
    Evicted,
    /// A container used more memory than it may.
    OutOfMemory,
    /// The pod stopped unexpectedly once too often.
    RevivalsExhausted {
        /// Why it stopped the last time.
        cause: Revival,
        /// How often it may be made anew.
        limit: i64,
    },
    /// No node took the pod in time.
    SchedulingTimeout,
    /// The pod did not start in time.
    PendingTimeout,
    /// The pod ran too long.
    RunningTimeout,
    /// Somebody deleted the pod.
    PodDeleted,
    /// The API server does not take the pod.
    PodRefused(String),
    /// The cluster is not among the installation's.
    UnknownCluster,
    /// The namespace is not the one that pods of this tenant live in.
    ForeignNamespace {
        /// Where they live.
        pod_namespace: String,
    },
    /// A pod that is not ours bears the run's name.
    PodNameTaken,
    /// A newer run of the same job on the same change makes it needless.
    Superseded {
        /// The newer run.
        by: String,
    },
    /// Somebody asked to end it.
    AbortRequested {
        /// Who.
        by: String,
    },
    /// It was ended, and its pod was told to stop.
    Stopped,
    /// Somebody deleted the ProwJob.
    Deleted,
}

impl RunReason {
    /// A person must change something: nothing moves by itself.
    pub const fn is_stuck(&self) -> bool {
        matches!(self, Self::QueueUndefined | Self::PodInvalid(_))
    }

    /// The description of a run that got its state for this reason; `None`: the description stays.
    pub(super) fn description(&self, run: &Run) -> Option<String> {
        let text = match self {
            Self::PodCreated | Self::PodAdopted => "Job triggered.",
            Self::Succeeded => "Job succeeded.",
            Self::Failed => "Job failed.",
            Self::ContainersUnfinished => "Pod was in succeeded phase but some containers didn't finish",
            Self::Evicted => "Job pod was evicted by the cluster.",
            Self::OutOfMemory => "Job pod was OOM killed by the cluster.",
            Self::SchedulingTimeout => "Pod scheduling timeout.",
            Self::PendingTimeout => "Pod pending timeout.",
            Self::RunningTimeout => "Pod running timeout.",
            Self::PodDeleted => "Pod got deleted unexpectedly",
            Self::RevivalsExhausted { cause, limit } => {
                let cause = cause.as_str();
                return Some(format!(
                    "Job pod reached max revivals ({limit}) after being stopped unexpectedly ({cause})"
                ));
            }
            Self::PodRefused(message) => return Some(format!("Pod can not be created: {message}")),
            Self::UnknownCluster => {
                return Some(format!("Terminal error: there is no build cluster {:?}.", run.cluster()));
            }
            Self::ForeignNamespace { pod_namespace } => {
                let own = &run.spec.namespace;
                return Some(format!("Terminal error: pods run in namespace {pod_namespace}, not {own}."));
            }
            Self::PodNameTaken => "Terminal error: a pod of this name exists that is not the run's.",
            Self::AbortRequested { by } => return Some(format!("Aborted by {by}.")),
            Self::Deleted => "Aborted: the ProwJob was deleted.",
            Self::Complete
            | Self::ForeignAgent
            | Self::WaitingForScheduler
            | Self::GlobalConcurrency
            | Self::JobConcurrency
            | Self::QueueFull
            | Self::QueueUndefined
            | Self::PodInvalid(_)
            | Self::PodRecreated
            | Self::PodStarting
            | Self::PodRunning
            | Self::PodStopped(_)
            | Self::Superseded { .. }
            | Self::Stopped => return None,
        };
        Some(text.to_owned())
    }
}

impl Reason for RunReason {
    fn name(&self) -> &'static str {
        match self {
            Self::Complete => "Complete",
            Self::ForeignAgent => "ForeignAgent",
            Self::WaitingForScheduler => "WaitingForScheduler",
            Self::GlobalConcurrency => "GlobalConcurrency",
            Self::JobConcurrency => "JobConcurrency",
            Self::QueueFull => "QueueFull",
            Self::QueueUndefined => "QueueUndefined",
            Self::PodInvalid(_) => "PodInvalid",
            Self::PodCreated => "PodCreated",
            Self::PodAdopted => "PodAdopted",
            Self::PodRecreated => "PodRecreated",
            Self::PodStarting => "PodStarting",
            Self::PodRunning => "PodRunning",
            Self::PodStopped(_) => "PodStopped",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::ContainersUnfinished => "ContainersUnfinished",
            Self::Evicted => "Evicted",
            Self::OutOfMemory => "OutOfMemory",
            Self::RevivalsExhausted { .. } => "RevivalsExhausted",
            Self::SchedulingTimeout => "SchedulingTimeout",
            Self::PendingTimeout => "PendingTimeout",
            Self::RunningTimeout => "RunningTimeout",
            Self::PodDeleted => "PodDeleted",
            Self::PodRefused(_) => "PodRefused",
            Self::UnknownCluster => "UnknownCluster",
            Self::ForeignNamespace { .. } => "ForeignNamespace",
            Self::PodNameTaken => "PodNameTaken",
            Self::Superseded { .. } => "Superseded",
            Self::AbortRequested { .. } => "AbortRequested",
            Self::Stopped => "Stopped",
            Self::Deleted => "Deleted",
        }
    }

    fn sentence(&self) -> String {
        let text = match self {
            Self::Complete => "The run is complete.",
            Self::ForeignAgent => "Another agent carries this run out.",
            Self::WaitingForScheduler => "The run waits for a scheduler to choose its cluster.",
            Self::GlobalConcurrency => "The installation runs as many jobs as runs.maxConcurrency allows.",
            Self::JobConcurrency => "As many runs of this job as its max_concurrency allows are before it.",
            Self::QueueFull => "As many runs as the job's queue takes are before it.",
            Self::QueueUndefined => {
                "The job's queue is not among the installation's queues: add it there, or change job_queue_name."
            }
            Self::PodInvalid(problem) => return format!("No pod can be made: {problem}."),
            Self::PodCreated => "The pod was created.",
            Self::PodAdopted => "The run's pod existed already and was adopted.",
            Self::PodRecreated => "The pod had vanished and was created anew.",
            Self::PodStarting => "The pod waits for a node or starts.",
            Self::PodRunning => "The pod runs.",
            Self::PodStopped(cause) => {
                return format!("The pod stopped unexpectedly ({}) and is made anew.", cause.as_str());
            }
            Self::Succeeded => "All containers of the pod succeeded.",
            Self::Failed => "A container of the pod failed.",
            Self::ContainersUnfinished => "The pod says that it succeeded, but a container did not finish.",
            Self::Evicted => "The cluster evicted the pod, and the job has error_on_eviction.",
            Self::OutOfMemory => "A container used more memory than its limit: raise the limit.",
            Self::RevivalsExhausted { cause, limit } => {
                let cause = cause.as_str();
                return format!(
                    "The pod stopped unexpectedly ({cause}) after it had been made anew {limit} times."
                );
            }
            Self::SchedulingTimeout => {
                "No node took the pod in time: look at its requests and node selector."
            }
            Self::PendingTimeout => "The pod did not start in time: look at its images and volumes.",
            Self::RunningTimeout => "The pod ran longer than it may.",
            Self::PodDeleted => "Somebody deleted the pod.",
            Self::PodRefused(message) => return format!("The API server refused the pod: {message}"),
            Self::UnknownCluster => "The run's cluster is not among the installation's clusters.",
            Self::ForeignNamespace { pod_namespace } => {
                return format!("Pods of this tenant run in namespace {pod_namespace}: leave namespace out.");
            }
            Self::PodNameTaken => "A pod that is not the run's has its name: delete that pod and run again.",
            Self::Superseded { by } => {
                return format!("Run {by} of the same job on the same change is newer.");
            }
            Self::AbortRequested { by } => return format!("{by} asked to end the run."),
            Self::Stopped => "The run was ended and its pod told to stop.",
            Self::Deleted => "The ProwJob was deleted, which ends the run.",
        };
        text.to_owned()
    }
}
