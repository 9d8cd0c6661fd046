//! A pod's status from the states of its containers: a pure function, shared by processes and scripts.

use k8s_openapi::{
    api::core::v1::{
        ContainerState, ContainerStateRunning, ContainerStateTerminated, ContainerStateWaiting,
        ContainerStatus, Pod, PodCondition, PodStatus,
    },
    apimachinery::pkg::apis::meta::v1::Time,
    jiff::Timestamp,
};

/// How far a container has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Not started, and why.
    Waiting { reason: &'static str, message: String },
    /// Runs since then.
    Running { since: Timestamp },
    /// Ended.
    Ended { code: i32, signal: Option<i32>, since: Timestamp, at: Timestamp },
}

impl Progress {
    pub(crate) fn waiting() -> Self {
        Self::Waiting { reason: "PodInitializing", message: String::new() }
    }

    fn ended_well(&self) -> bool {
        matches!(self, Self::Ended { code: 0, .. })
    }
}

/// A pod's containers in order, init containers first.
#[derive(Clone, Debug)]
pub(crate) struct Containers {
    pub(crate) init: Vec<(String, String, Progress)>,
    pub(crate) main: Vec<(String, String, Progress)>,
    /// Init containers that run beside the main ones (`restartPolicy: Always`), by name.
    pub(crate) beside: Vec<String>,
}

impl Containers {
    /// All waiting.
    pub(crate) fn of(pod: &Pod) -> Self {
        let spec = pod.spec.clone().unwrap_or_default();
        let listed = |list: &[k8s_openapi::api::core::v1::Container]| {
            list.iter()
                .map(|c| (c.name.clone(), c.image.clone().unwrap_or_default(), Progress::waiting()))
                .collect()
        };
        let init = spec.init_containers.unwrap_or_default();
        let beside = init.iter().filter(|c| c.restart_policy.as_deref() == Some("Always"));
        Self {
            beside: beside.map(|c| c.name.clone()).collect(),
            main: listed(&spec.containers),
            init: listed(&init),
        }
    }

    pub(crate) fn set(&mut self, name: &str, progress: Progress) {
        for (known, _, slot) in self.init.iter_mut().chain(&mut self.main) {
            if known == name {
                *slot = progress;
                return;
            }
        }
    }

    fn phase(&self) -> &'static str {
        let init_failed = self.init.iter().any(|(name, _, progress)| {
            !self.beside.contains(name) && matches!(progress, Progress::Ended { code, .. } if *code != 0)
        });
        if init_failed {
            return "Failed";
        }
        let ended = self.main.iter().filter(|(_, _, p)| matches!(p, Progress::Ended { .. })).count();
        if ended == self.main.len() {
            return if self.main.iter().all(|(_, _, p)| p.ended_well()) { "Succeeded" } else { "Failed" };
        }
        let started = self.main.iter().any(|(_, _, p)| !matches!(p, Progress::Waiting { .. }));
        if started { "Running" } else { "Pending" }
    }

    /// The status to write.
    pub(crate) fn status(&self, start: Timestamp) -> PodStatus {
        let phase = self.phase();
        let truth = |good: bool| if good { "True" } else { "False" }.to_owned();
        let condition = |type_: &str, good: bool| PodCondition {
            type_: type_.to_owned(),
            status: truth(good),
            last_transition_time: Some(Time(start)),
            ..PodCondition::default()
        };
        let initialized = self.init.iter().all(|(name, _, p)| p.ended_well() || self.beside.contains(name));
        let running = phase == "Running";
        PodStatus {
            phase: Some(phase.to_owned()),
            start_time: Some(Time(start)),
            host_ip: Some("127.0.0.1".to_owned()),
            pod_ip: Some("127.0.0.1".to_owned()),
            conditions: Some(vec![
                condition("PodScheduled", true),
                condition("Initialized", initialized),
                condition("ContainersReady", running),
                condition("Ready", running),
            ]),
            init_container_statuses: (!self.init.is_empty())
                .then(|| self.init.iter().map(container).collect()),
            container_statuses: Some(self.main.iter().map(container).collect()),
            qos_class: Some("BestEffort".to_owned()),
            ..PodStatus::default()
        }
    }
}

fn container((name, image, progress): &(String, String, Progress)) -> ContainerStatus {
    let mut state = ContainerState::default();
    match progress {
        Progress::Waiting { reason, message } => {
            state.waiting = Some(ContainerStateWaiting {
                reason: Some((*reason).to_owned()),
                message: (!message.is_empty()).then(|| message.clone()),
            });
        }
        Progress::Running { since } => {
            state.running = Some(ContainerStateRunning { started_at: Some(Time(*since)) });
        }
        Progress::Ended { code, signal, since, at } => {
            state.terminated = Some(ContainerStateTerminated {
                exit_code: *code,
                signal: *signal,
                started_at: Some(Time(*since)),
                finished_at: Some(Time(*at)),
                reason: Some(if *code == 0 { "Completed" } else { "Error" }.to_owned()),
                ..ContainerStateTerminated::default()
            });
        }
    }
    let running = matches!(progress, Progress::Running { .. });
    ContainerStatus {
        name: name.clone(),
        image: image.clone(),
        ready: running,
        started: Some(running),
        state: Some(state),
        ..ContainerStatus::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn containers(main: &[Progress]) -> Containers {
        let main = main.iter().enumerate().map(|(n, p)| (n.to_string(), String::new(), p.clone())).collect();
        Containers { init: Vec::new(), main, beside: Vec::new() }
    }

    fn ended(code: i32) -> Progress {
        Progress::Ended { code, signal: None, since: Timestamp::UNIX_EPOCH, at: Timestamp::UNIX_EPOCH }
    }

    #[test]
    fn a_pod_has_failed_when_all_have_ended_and_one_badly() {
        let running = Progress::Running { since: Timestamp::UNIX_EPOCH };
        assert_eq!(containers(&[ended(0), ended(0)]).phase(), "Succeeded");
        assert_eq!(containers(&[ended(0), ended(1)]).phase(), "Failed");
        assert_eq!(containers(&[running, ended(1)]).phase(), "Running");
        assert_eq!(containers(&[Progress::waiting()]).phase(), "Pending");
    }
}
