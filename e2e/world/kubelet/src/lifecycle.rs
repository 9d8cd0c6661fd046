//! One pod as processes: init containers one after another, then the others together, until all have ended or the pod
//! is to go.

use crate::{
    environment::{self, expand},
    isolation::prepare,
    kubelet::{Options, Report},
    logs,
    process::{Exit, Process},
    status::{Containers, Progress},
    volumes::{self, Volumes},
};
use futures::{FutureExt, StreamExt, stream::FuturesUnordered};
use k8s_openapi::{
    api::core::v1::{Container, Pod},
    jiff::Timestamp,
};
use kube::Client;
use std::{path::Path, time::Duration};
use tokio::sync::watch;

/// What a pod's run needs from around it.
pub(crate) struct Run<'a> {
    pub(crate) client: &'a Client,
    pub(crate) options: &'a Options,
    pub(crate) pod: &'a Pod,
    pub(crate) folder: &'a Path,
    pub(crate) log: &'a logs::Writer,
    /// Writes its status.
    pub(crate) report: &'a Report,
    /// Becomes `Some(grace)` when the pod is to go.
    pub(crate) stop: watch::Receiver<Option<Duration>>,
}

impl Run<'_> {
    fn now(&self) -> Timestamp {
        (self.options.now)()
    }

    /// Runs the pod to its end.
    pub(crate) async fn play_out(&self) {
        let mut containers = Containers::of(self.pod);
        let spec = self.pod.spec.clone().unwrap_or_default();
        let volumes = match volumes::make(self.client, self.pod, &self.folder.join("volumes")).await {
            Ok(volumes) => volumes,
            Err(error) => {
                for name in spec.containers.iter().map(|c| &c.name) {
                    let message = error.to_string();
                    containers.set(name, Progress::Waiting { reason: "ContainerCreating", message });
                }
                self.report.write(&containers).await;
                return;
            }
        };
        let mut beside = Vec::new();
        for container in spec.init_containers.iter().flatten() {
            let Some(mut process) = self.start(&mut containers, &volumes, container).await else { return };
            if container.restart_policy.as_deref() == Some("Always") {
                beside.push((container.name.clone(), process));
                continue;
            }
            let exit = wait(self.stop.clone(), &mut process).await;
            if !self.ended(&mut containers, &container.name, exit).await || exit.code != 0 {
                return;
            }
        }
        let mut running = Vec::new();
        for container in &spec.containers {
            let Some(process) = self.start(&mut containers, &volumes, container).await else { return };
            running.push((container.name.clone(), process));
        }
        self.wait_for_all(&mut containers, running).await;
        // A native sidecar ends with the pod, whatever its exit code.
        for (name, mut process) in beside {
            process.terminate();
            let exit = wait(self.stop.clone(), &mut process).await;
            self.ended(&mut containers, &name, exit).await;
        }
    }

    /// Starts a container; `None`: it cannot be, which the status now says, or the pod is gone.
    async fn start(
        &self,
        containers: &mut Containers,
        volumes: &Volumes,
        container: &Container,
    ) -> Option<Process> {
        let progress = match self.try_start(volumes, container).await {
            Ok(process) => {
                containers.set(&container.name, Progress::Running { since: self.now() });
                return self.report.write(containers).await.then_some(process);
            }
            Err((reason, message)) => Progress::Waiting { reason, message },
        };
        containers.set(&container.name, progress);
        self.report.write(containers).await;
        None
    }

    async fn try_start(
        &self,
        volumes: &Volumes,
        container: &Container,
    ) -> Result<Process, (&'static str, String)> {
        let wrong = |error: &dyn std::error::Error| ("CreateContainerConfigError", error.to_string());
        let environment =
            environment::resolve(self.client, self.pod, container).await.map_err(|error| wrong(&error))?;
        let mounts = volumes::mounts(volumes, container).map_err(|error| wrong(&error))?;
        let image = container.image.as_deref().unwrap_or_default();
        let (command, arguments) = (container.command.as_deref(), container.args.as_deref());
        let command_line = self
            .options
            .images
            .command_line(image, command.unwrap_or_default(), arguments.unwrap_or_default())
            .ok_or_else(|| {
                ("ErrImagePull", format!("image {image:?} is not on this machine, and there is no command"))
            })?;
        let command_line: Vec<String> = command_line.iter().map(|word| expand(word, &environment)).collect();
        let scratch = self.folder.join("containers").join(&container.name);
        let failed = |error: std::io::Error| ("RunContainerError", error.to_string());
        std::fs::create_dir_all(&scratch).map_err(failed)?;
        let workdir = container.working_dir.as_deref();
        let prepared =
            prepare(self.options.isolation, &scratch, &mounts, workdir, &command_line, environment);
        Process::start(&prepared.map_err(failed)?, &container.name, self.log).map_err(failed)
    }

    async fn ended(&self, containers: &mut Containers, name: &str, exit: Exit) -> bool {
        self.log.end(name).await;
        let at = self.now();
        let slots = containers.init.iter().chain(&containers.main);
        let since = slots.filter(|(known, _, _)| known == name).find_map(|(_, _, progress)| {
            if let Progress::Running { since } = progress { Some(*since) } else { None }
        });
        let since = since.unwrap_or(at);
        containers.set(name, Progress::Ended { code: exit.code, signal: exit.signal, since, at });
        self.report.write(containers).await
    }

    async fn wait_for_all(&self, containers: &mut Containers, running: Vec<(String, Process)>) {
        let mut ends: FuturesUnordered<_> = running
            .into_iter()
            .map(|(name, mut process)| {
                let stop = self.stop.clone();
                async move { (name, wait(stop, &mut process).await) }.boxed()
            })
            .collect();
        while let Some((name, exit)) = ends.next().await {
            self.ended(containers, &name, exit).await;
        }
    }
}

/// Waits for a process; when the pod is to go it is asked to stop, and after the grace period ended.
async fn wait(mut stop: watch::Receiver<Option<Duration>>, process: &mut Process) -> Exit {
    let grace = tokio::select! {
        exit = process.wait() => return exit,
        grace = async { stop.wait_for(Option::is_some).await.ok().and_then(|grace| *grace) } => grace,
    };
    process.terminate();
    match tokio::time::timeout(grace.unwrap_or_default(), process.wait()).await {
        Ok(exit) => exit,
        Err(_) => {
            process.kill();
            process.wait().await
        }
    }
}
