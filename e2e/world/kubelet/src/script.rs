//! Pods played from a script, on virtual time: what each container will have done, and when.

use crate::{
    kubelet::{Options, Report},
    logs,
    status::{Containers, Progress},
};
use k8s_openapi::api::core::v1::Pod;
use std::{sync::Arc, time::Duration};

/// What becomes of a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// From the pod's creation to its start.
    pub starts_after: Duration,
    /// From its start to its end.
    pub runs_for: Duration,
    /// The exit code of its first container; the others end with 0.
    pub code: i32,
    /// What its first container prints.
    pub log: String,
}

impl Outcome {
    /// Starts after a second and passes after a minute.
    pub fn passes() -> Self {
        Self {
            starts_after: Duration::from_secs(1),
            runs_for: Duration::from_mins(1),
            code: 0,
            log: "ok\n".to_owned(),
        }
    }

    /// Starts after a second and fails after a minute.
    pub fn fails() -> Self {
        Self { code: 1, log: "FAIL\n".to_owned(), ..Self::passes() }
    }
}

/// Tells what becomes of a pod. Asked whenever the pod is picked up, so it must depend on the pod alone.
pub type Script = Arc<dyn Fn(&Pod) -> Outcome + Send + Sync>;

/// Plays one pod.
pub(crate) async fn play(
    outcome: &Outcome,
    pod: &Pod,
    options: &Options,
    report: &Report,
    log: &logs::Writer,
) {
    let mut containers = Containers::of(pod);
    tokio::time::sleep(outcome.starts_after).await;
    let since = (options.now)();
    let names: Vec<String> = containers.main.iter().map(|(name, _, _)| name.clone()).collect();
    let init: Vec<String> = containers.init.iter().map(|(name, _, _)| name.clone()).collect();
    for name in &init {
        let beside = containers.beside.contains(name);
        let ended = Progress::Ended { code: 0, signal: None, since, at: since };
        containers.set(name, if beside { Progress::Running { since } } else { ended });
    }
    for name in &names {
        containers.set(name, Progress::Running { since });
    }
    if !report.write(&containers).await {
        return;
    }
    tokio::time::sleep(outcome.runs_for).await;
    if let Some(first) = names.first() {
        log.write(first, outcome.log.as_bytes()).await;
    }
    for name in &names {
        log.end(name).await;
    }
    let at = (options.now)();
    for (place, name) in names.iter().enumerate() {
        let code = if place == 0 { outcome.code } else { 0 };
        containers.set(name, Progress::Ended { code, signal: None, since, at });
    }
    for name in &init {
        if containers.beside.contains(name) {
            containers.set(name, Progress::Ended { code: 0, signal: None, since, at });
        }
    }
    report.write(&containers).await;
}
