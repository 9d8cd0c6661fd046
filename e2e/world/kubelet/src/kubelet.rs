//! The node: takes pods that nobody runs yet, runs each to its end, and removes those that are to go.

use crate::{Images, Isolation, Script, lifecycle::Run, logs, script, status::Containers};
use futures::{StreamExt, TryStreamExt};
use k8s_openapi::{api::core::v1::Pod, jiff::Timestamp};
use kube::{
    Api, Client, ResourceExt,
    api::{DeleteParams, Patch, PatchParams, PostParams, Preconditions},
    runtime::{WatchStreamExt, watcher},
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};
use tokio::{sync::watch, task::JoinSet};

/// How pods are run.
#[derive(Clone)]
pub struct Options {
    /// Name of the node.
    pub node: String,
    /// Pods' files go below this folder.
    pub folder: PathBuf,
    /// How containers are kept apart.
    pub isolation: Isolation,
    /// What images start.
    pub images: Images,
    /// The wall clock.
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// Play pods from a script instead of starting processes.
    pub script: Option<Script>,
}

/// A node of one API server.
pub struct Kubelet {
    client: Client,
    options: Options,
}

/// Pods that are being run, by UID, with the way to stop each.
type AtWork = BTreeMap<String, watch::Sender<Option<Duration>>>;

impl Kubelet {
    /// A node for the pods of all namespaces.
    pub fn new(client: Client, options: Options) -> Self {
        Self { client, options }
    }

    /// Runs pods until it is dropped; then all their processes end.
    pub async fn run(self) {
        let all: Api<Pod> = Api::all(self.client.clone());
        let mut pods = watcher(all, watcher::Config::default()).default_backoff().applied_objects().boxed();
        let mut at_work = AtWork::new();
        let mut running: JoinSet<String> = JoinSet::new();
        loop {
            tokio::select! {
                biased;
                Some(ended) = running.join_next(), if !running.is_empty() => {
                    if let Ok(uid) = ended {
                        at_work.remove(&uid);
                    }
                }
                next = pods.try_next() => match next {
                    Ok(Some(pod)) => self.look_at(pod, &mut at_work, &mut running).await,
                    Ok(None) => return,
                    Err(error) => tracing::debug!(%error, "the watch of pods broke and is made anew"),
                },
            }
        }
    }

    async fn look_at(&self, pod: Pod, at_work: &mut AtWork, running: &mut JoinSet<String>) {
        let Some(uid) = pod.uid() else { return };
        let spec = pod.spec.clone().unwrap_or_default();
        if spec.node_name.as_ref().is_some_and(|node| *node != self.options.node) {
            return;
        }
        if pod.metadata.deletion_timestamp.is_some() {
            match at_work.get(&uid) {
                Some(stop) => {
                    let grace =
                        pod.metadata.deletion_grace_period_seconds.and_then(|s| u64::try_from(s).ok());
                    stop.send_replace(Some(Duration::from_secs(grace.unwrap_or(30))));
                }
                None => self.remove(&pod).await,
            }
            return;
        }
        let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref()).unwrap_or("Pending");
        if at_work.contains_key(&uid) || phase != "Pending" {
            return;
        }
        let (sender, receiver) = watch::channel(None);
        at_work.insert(uid.clone(), sender);
        let (client, options) = (self.client.clone(), self.options.clone());
        running.spawn(async move {
            run(&client, &options, &pod, receiver).await;
            uid
        });
    }

    async fn remove(&self, pod: &Pod) {
        remove(&self.client, pod).await;
    }
}

/// Writes one pod's status.
pub(crate) struct Report {
    api: Api<Pod>,
    pod: String,
    uid: Option<String>,
    start: Timestamp,
}

impl Report {
    /// Writes the status that the containers make; false: the pod is gone.
    pub(crate) async fn write(&self, containers: &Containers) -> bool {
        let status = json!({ "status": containers.status(self.start) });
        match self.api.patch_status(&self.pod, &PatchParams::default(), &Patch::Merge(&status)).await {
            Ok(found) => found.uid() == self.uid,
            Err(kube::Error::Api(status)) if status.is_not_found() => false,
            Err(error) => {
                tracing::warn!(%error, pod = self.pod, "a pod's status was not written");
                true
            }
        }
    }
}

/// Runs one pod to its end, and removes the object if it was to go.
async fn run(client: &Client, options: &Options, pod: &Pod, stop: watch::Receiver<Option<Duration>>) {
    let namespace = pod.namespace().unwrap_or_default();
    let name = pod.name_any();
    let api: Api<Pod> = Api::namespaced(client.clone(), &namespace);
    if !bind(&api, pod, &options.node).await {
        return;
    }
    let log = logs::Writer::new(client.clone(), &namespace, &name);
    let start = (options.now)();
    let report = Report { api: api.clone(), pod: name.clone(), uid: pod.uid(), start };
    let mut until_stopped = stop.clone();
    if let Some(play) = &options.script {
        let outcome = play(pod);
        tokio::select! {
            biased;
            _ = until_stopped.wait_for(Option::is_some) => {}
            () = script::play(&outcome, pod, options, &report, &log) => {}
        }
    } else {
        let folder = options.folder.join(pod.uid().unwrap_or_else(|| name.clone()));
        let run =
            Run { client, options, pod, folder: &folder, log: &log, report: &report, stop: stop.clone() };
        run.play_out().await;
        if let Err(error) = std::fs::remove_dir_all(&folder) {
            tracing::debug!(%error, folder = %folder.display(), "a pod's folder was not removed");
        }
    }
    if stop.borrow().is_some() {
        remove(client, pod).await;
    }
}

/// Takes a pod to this node, as a scheduler would: without a node it has no log. False: it is not ours to run.
async fn bind(api: &Api<Pod>, pod: &Pod, node: &str) -> bool {
    if pod.spec.as_ref().is_some_and(|spec| spec.node_name.is_some()) {
        return true; // ours: others were left out
    }
    let name = pod.name_any();
    let binding = json!({
        "apiVersion": "v1", "kind": "Binding",
        "metadata": { "name": name, "namespace": pod.namespace(), "uid": pod.uid() },
        "target": { "apiVersion": "v1", "kind": "Node", "name": node },
    });
    let bound = api.create_subresource::<_, Value>("binding", &name, &PostParams::default(), &binding).await;
    match bound {
        Ok(_) => true,
        Err(kube::Error::Api(status)) if status.is_not_found() || status.is_conflict() => false,
        Err(error) => {
            tracing::warn!(%error, pod = name, "a pod was not bound to its node, and runs all the same");
            true
        }
    }
}

/// Removes a pod's object for good, if it is still this pod's.
async fn remove(client: &Client, pod: &Pod) {
    let api: Api<Pod> = Api::namespaced(client.clone(), &pod.namespace().unwrap_or_default());
    let for_good = DeleteParams {
        grace_period_seconds: Some(0),
        preconditions: Some(Preconditions { uid: pod.uid(), resource_version: None }),
        ..DeleteParams::default()
    };
    match api.delete(&pod.name_any(), &for_good).await {
        Ok(_) => {}
        Err(kube::Error::Api(status)) if status.is_not_found() || status.is_conflict() => {}
        Err(error) => tracing::warn!(%error, pod = pod.name_any(), "a pod's object was not removed"),
    }
}
