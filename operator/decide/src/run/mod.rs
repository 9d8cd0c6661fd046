//! The life of one run: from a ProwJob that was created to its outcome (spec jobs-and-runs 5).
//!
//! [`step`] looks at one run and its pod and says what is to be done now: a pure function, called again after every
//! change and every wait. It never looks back: whatever was lost by a crash, the next step ends in the same place.
//! Who creates runs is `trigger`, who tells about them is `report`.

mod concurrency;
mod conditions;
mod duplicates;
mod outcome;
mod plan;
mod pod_facts;
mod reason;
pub mod retention;
mod settings;
mod step;
#[cfg(test)]
mod tests;
pub mod untrusted;

pub use conditions::{GITHUB_REPORTER, reported};
pub use duplicates::superseded_by;
pub use plan::{PodAction, RunPlan};
pub use pod_facts::{ContainerEnd, PodFacts, PodPhase};
pub use reason::{Revival, RunReason};
pub use settings::{ClusterSettings, RunSettings};
pub use step::{Observed, pod_refused, step};

use api::{
    ProwJob, keys,
    prow_job::{ProwJobSpec, ProwJobState, ProwJobStatus},
};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// The agent that is us.
pub const KUBERNETES: &str = "kubernetes";

/// A ProwJob as it was observed.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// The tenant's namespace.
    pub namespace: String,
    /// Its name, and its pod's.
    pub name: String,
    /// Which object of this name.
    pub uid: String,
    /// The generation of its spec.
    pub generation: Option<i64>,
    /// When it was created.
    pub created: Timestamp,
    /// Since when it is being deleted.
    pub deleted: Option<Timestamp>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its annotations.
    pub annotations: BTreeMap<String, String>,
    /// What it is to do.
    pub spec: ProwJobSpec,
    /// How far it has come.
    pub status: ProwJobStatus,
}

impl Run {
    /// Takes a ProwJob from the API server, which always sets what is defaulted here.
    pub fn observe(object: &ProwJob) -> Self {
        let meta = &object.metadata;
        Self {
            namespace: meta.namespace.clone().unwrap_or_default(),
            name: meta.name.clone().unwrap_or_default(),
            uid: meta.uid.clone().unwrap_or_default(),
            generation: meta.generation,
            created: meta.creation_timestamp.as_ref().map_or(Timestamp::UNIX_EPOCH, |time| time.0),
            deleted: meta.deletion_timestamp.as_ref().map(|time| time.0),
            labels: meta.labels.clone().unwrap_or_default(),
            annotations: meta.annotations.clone().unwrap_or_default(),
            spec: object.spec.clone(),
            status: object.status.clone().unwrap_or_default(),
        }
    }

    /// How far it has come; without a status it was just created.
    pub fn state(&self) -> ProwJobState {
        self.status.state.unwrap_or(ProwJobState::Triggered)
    }

    /// Nothing is to be done any more. An aborted run is complete only once its pod was told to stop.
    pub fn is_complete(&self) -> bool {
        self.status.completion_time.is_some()
    }

    /// When it started; without a status when it was created.
    pub fn started(&self) -> Timestamp {
        self.status.start_time.as_ref().map_or(self.created, |time| time.0)
    }

    /// Created by the operator for a cause, not by hand: only such a run gates a merge.
    pub fn gates(&self) -> bool {
        self.annotations.get(keys::TRIGGER).is_some_and(|key| !key.is_empty())
    }

    /// Carried out by us.
    pub fn is_ours_to_run(&self) -> bool {
        matches!(self.spec.agent.as_str(), "" | KUBERNETES)
    }

    /// The cluster that its pod runs in.
    pub fn cluster(&self) -> &str {
        if self.spec.cluster.is_empty() { "default" } else { &self.spec.cluster }
    }
}
