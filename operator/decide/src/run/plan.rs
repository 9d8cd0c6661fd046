//! What a step asks for.

use super::RunReason;
use crate::reason::Planned;
use api::prow_job::ProwJobStatus;
use serde_json::Value;
use std::time::Duration;

/// A change to a pod.
#[derive(Clone, Debug, PartialEq)]
pub enum PodAction {
    /// Create it. A pod of this name that belongs to the run is success; any other answer of the 4xx kind goes to
    /// [`super::pod_refused`].
    Create {
        /// The build cluster.
        cluster: String,
        /// The namespace.
        namespace: String,
        /// The whole pod.
        pod: Value,
    },
    /// Delete it, if it still is the same pod.
    Delete {
        /// The build cluster.
        cluster: String,
        /// The namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// The precondition.
        uid: String,
    },
    /// Take one finalizer away, if it still is the same pod.
    RemoveFinalizer {
        /// The build cluster.
        cluster: String,
        /// The namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// The precondition.
        uid: String,
        /// Which finalizer.
        finalizer: String,
    },
}

/// What is to be done about a run now.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a plan does nothing until it is applied"]
pub struct RunPlan {
    /// The whole status, to be written compare-and-swap after the actions, where it differs from the observed one.
    pub status: ProwJobStatus,
    /// What to do about the pod, in order.
    pub actions: Vec<Planned<PodAction, RunReason>>,
    /// When to look again, if nothing happens before.
    pub requeue_after: Option<Duration>,
    /// Why the run is where it is.
    pub reason: RunReason,
    /// Older runs of the same job on the same change: look at them now, each will end itself.
    pub look_at: Vec<String>,
    /// The run is being deleted and nothing is left to do about it: our finalizer may go.
    pub release: bool,
    /// What did not work without holding the run back, for people.
    pub warnings: Vec<String>,
}
