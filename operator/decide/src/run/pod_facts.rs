//! What was observed of a run's pod, reduced to what decisions look at.

use super::Run;
use api::keys;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use std::collections::BTreeMap;

/// How far a pod has come, as Kubernetes says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PodPhase {
    /// Not all containers have started.
    Pending,
    /// At least one container runs.
    Running,
    /// All containers ended well.
    Succeeded,
    /// All containers ended, one badly.
    Failed,
    /// The node does not answer.
    Unknown,
    /// Kubernetes has not said yet.
    NotSaid,
}

/// How a container ended, or that it has not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContainerEnd {
    /// Its exit code; `None` while it has not ended.
    pub exit_code: Option<i32>,
    /// Kubernetes' word for the end, as in `OOMKilled`.
    pub reason: String,
    /// Kubernetes knows when it ended.
    pub has_finish_time: bool,
}

/// A pod under a run's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodFacts {
    /// Which pod of this name: the precondition of a deletion.
    pub uid: String,
    /// The ProwJob that it names as its own; empty where it was made by something older than us.
    pub prow_job_uid: String,
    /// The ProwJob's name on its label.
    pub id_label: String,
    /// The build id on its label, else in the environment of its first container.
    pub build_id: String,
    /// When it was created.
    pub created: Timestamp,
    /// It is being deleted.
    pub deleting: bool,
    /// What holds a deletion back.
    pub finalizers: Vec<String>,
    /// How far it has come.
    pub phase: PodPhase,
    /// Why it is in this phase, as in `Evicted`.
    pub reason: String,
    /// When a node took it.
    pub started: Option<Timestamp>,
    /// Its containers and init containers.
    pub containers: Vec<ContainerEnd>,
}

impl PodFacts {
    /// Reduces a pod.
    pub fn observe(pod: &Pod) -> Self {
        let meta = &pod.metadata;
        let text = |map: &Option<BTreeMap<String, String>>, key: &str| {
            map.as_ref().and_then(|map| map.get(key)).cloned().unwrap_or_default()
        };
        let status = pod.status.clone().unwrap_or_default();
        let containers = status.container_statuses.iter().flatten();
        let init_containers = status.init_container_statuses.iter().flatten();
        let label = text(&meta.labels, keys::BUILD_ID);
        Self {
            uid: meta.uid.clone().unwrap_or_default(),
            prow_job_uid: text(&meta.annotations, keys::PROW_JOB_UID),
            id_label: text(&meta.labels, keys::ID),
            build_id: if label.is_empty() { build_id_in_env(pod) } else { label },
            created: meta.creation_timestamp.as_ref().map_or(Timestamp::UNIX_EPOCH, |time| time.0),
            deleting: meta.deletion_timestamp.is_some(),
            finalizers: meta.finalizers.clone().unwrap_or_default(),
            phase: match status.phase.as_deref() {
                Some("Pending") => PodPhase::Pending,
                Some("Running") => PodPhase::Running,
                Some("Succeeded") => PodPhase::Succeeded,
                Some("Failed") => PodPhase::Failed,
                Some("Unknown") => PodPhase::Unknown,
                Some(_) | None => PodPhase::NotSaid,
            },
            reason: status.reason.clone().unwrap_or_default(),
            started: status.start_time.as_ref().map(|time| time.0),
            containers: containers.chain(init_containers).map(end_of).collect(),
        }
    }

    /// The pod is the run's, not a stranger under its name (DESIGN R4).
    pub fn belongs_to(&self, run: &Run) -> bool {
        if self.prow_job_uid.is_empty() { self.id_label == run.name } else { self.prow_job_uid == run.uid }
    }
}

fn end_of(status: &ContainerStatus) -> ContainerEnd {
    let ended = status.state.as_ref().and_then(|state| state.terminated.as_ref());
    ended.map_or_else(ContainerEnd::default, |ended| ContainerEnd {
        exit_code: Some(ended.exit_code),
        reason: ended.reason.clone().unwrap_or_default(),
        has_finish_time: ended.finished_at.is_some(),
    })
}

fn build_id_in_env(pod: &Pod) -> String {
    let first = pod.spec.as_ref().and_then(|spec| spec.containers.first());
    let variables = first.and_then(|container| container.env.as_ref()).into_iter().flatten();
    variables.filter(|v| v.name == "BUILD_ID").find_map(|v| v.value.clone()).unwrap_or_default()
}
