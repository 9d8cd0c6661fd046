//! The world with a cast.

use crate::{
    cast::{Cast, HOOK_SECRET},
    outside::WorldOutside,
    wire::{Line, Wire},
};
use axum::body::{Body, Bytes};
use bowsprit::operator::{Operator, Settings};
use controllers::runtime::lease::Timing;
use forge::TokioClock;
use http_body_util::BodyExt;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use kube::{
    Api, Client,
    api::{DynamicObject, Patch, PatchParams},
    core::GroupVersionKind,
    discovery::ApiResource,
};
use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tower::ServiceExt;
use world_github::{GitHub, Options};
use world_kubelet::{Images, Isolation, Kubelet, Outcome, Script};
use world_kubernetes::World;

const HOOK: &str = "http://bowsprit.invalid/hook";
/// What the world's clocks show at the beginning: the first second of 2026.
const START: Timestamp = Timestamp::constant(1_767_225_600, 0);

/// Slower than in production: renewals are most of what a resting operator does, and one is like another.
const TIMING: Timing = Timing {
    duration: Duration::from_mins(1),
    renew_deadline: Duration::from_secs(40),
    retry: Duration::from_secs(10),
};

/// A cluster, a GitHub, a kubelet and people.
pub struct Stage {
    /// The cluster.
    pub kubernetes: World,
    /// GitHub.
    pub github: GitHub,
    /// The people.
    pub cast: Cast,
    /// What the operators' calls pass.
    pub wire: Wire,
    client: Client,
    storage: tempfile::TempDir,
    repositories: tempfile::TempDir,
    kubelet: tokio::task::JoinHandle<()>,
    receivers: Receivers,
    starts: std::cell::Cell<u32>,
}

/// Where webhooks are taken: a router an operator, newest last.
type Receivers = Arc<Mutex<Vec<(Line, axum::Router)>>>;

/// Pods take a minute and pass, unless the job and the pull request's title say otherwise, as the quickstart's `unit`.
fn script(pod: &Pod) -> Outcome {
    let spec = pod.spec.clone().unwrap_or_default();
    let variable = |name: &str| {
        let variables = spec.containers.iter().flat_map(|container| container.env.iter().flatten());
        variables.filter(|v| v.name == name).find_map(|v| v.value.clone()).unwrap_or_default()
    };
    let fails = variable("JOB_NAME") == "unit" && variable("PULL_TITLE").contains("broken");
    if fails { Outcome::fails() } else { Outcome::passes() }
}

/// An operator that runs, until this is dropped: then it has crashed.
pub struct Operating {
    task: tokio::task::JoinHandle<()>,
    line: Line,
}

impl Operating {
    /// Waits until a call was the operator's death (`Fate::DieBefore`, `Fate::DieAfter`), or until it ended by itself. It
    /// then does nothing more, and is to be dropped.
    pub async fn death(&self) {
        self.line.death().await;
    }
}

impl Drop for Operating {
    fn drop(&mut self) {
        self.line.cut();
        self.task.abort();
    }
}

impl Stage {
    /// Sets the stage: `acme/widgets` with OWNERS, `robin` who writes changes, `kim` who approves, a machine account,
    /// and everything of `examples/quickstart`. Pods are played from a script.
    pub async fn set() -> Self {
        Self::seeded(0).await
    }

    /// The same; what GitHub and the API server make up (ids, tokens, UIDs) follows from the seed.
    pub async fn seeded(seed: u64) -> Self {
        let repositories = tempfile::tempdir().unwrap();
        let folder = Some(repositories.path().to_owned());
        let github = GitHub::new(Options { epoch: START, seed, folder, ..Options::default() }).unwrap();
        let (cast, token) = Cast::gather(github.clone(), HOOK);
        let kubernetes = World::builder().seed(seed).starting_at(START).build();
        let client = Client::new(kubernetes.router(), "default");
        let script: Script = Arc::new(script);
        let clock = kubernetes.clock();
        let options = world_kubelet::Options {
            node: "stage".to_owned(),
            folder: PathBuf::from("/nowhere"),
            isolation: Isolation::Plain,
            images: Images::new(),
            now: Arc::new(move || clock.now()),
            script: Some(script),
        };
        let kubelet = tokio::spawn(Kubelet::new(client.clone(), options).run());
        let storage = tempfile::tempdir().unwrap();
        let stage = Self {
            kubernetes,
            github,
            cast,
            wire: Wire::new(),
            client,
            storage,
            repositories,
            kubelet,
            receivers: Receivers::default(),
            starts: std::cell::Cell::new(0),
        };
        stage.furnish(&token).await;
        stage
    }

    async fn furnish(&self, token: &str) {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        self.apply_folder(&root.join("crds")).await;
        self.apply(&json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "bowsprit" } }))
            .await;
        self.apply_folder(&root.join("examples/quickstart")).await;
        self.apply(&json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": { "name": "acme-github", "namespace": "acme" },
            "stringData": { "token": token, "webhook-secret": HOOK_SECRET },
        }))
        .await;
        self.apply(&json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": { "name": "bowsprit", "namespace": "bowsprit" },
            "data": { "settings.yaml": "tenants: [ { namespace: acme, owners: [acme] } ]\n" },
        }))
        .await;
    }

    /// Applies every manifest of a folder, in the order of its files.
    pub async fn apply_folder(&self, folder: &Path) {
        for manifest in manifests(folder) {
            self.apply(&manifest).await;
        }
    }

    /// Applies one manifest, as `kubectl apply --server-side` does.
    pub async fn apply(&self, manifest: &Value) {
        let text = |pointer: &str| manifest.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let (version, kind) = (text("/apiVersion"), text("/kind"));
        let (group, version) = version.split_once('/').unwrap_or(("", version));
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
        let api: Api<DynamicObject> = match text("/metadata/namespace") {
            "" => Api::all_with(self.client.clone(), &resource),
            namespace => Api::namespaced_with(self.client.clone(), namespace, &resource),
        };
        let how = PatchParams::apply("a person").force();
        let applied = api.patch(text("/metadata/name"), &how, &Patch::Apply(manifest)).await;
        applied.unwrap_or_else(|error| panic!("{kind} {}: {error}", text("/metadata/name")));
    }

    /// A client of the cluster.
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// Starts an operator with empty memory. Its folder is the one that an earlier operator used.
    pub fn operate(&self) -> Operating {
        let number = self.starts.get() + 1;
        self.starts.set(number);
        let line = self.wire.line(number);
        let operator = Operator::new(Settings {
            home: line.kubernetes(self.kubernetes.router()),
            namespace: "bowsprit".to_owned(),
            identity: format!("bowsprit-{number}"),
            address: String::new(),
            clock: Arc::new(TokioClock::starting_at(self.now())),
            outside: Arc::new(WorldOutside {
                github: self.github.clone(),
                folder: self.repositories.path().to_owned(),
                line: line.clone(),
            }),
            storage: self.storage.path().to_owned(),
            probe: Arc::new(line.clone()),
            timing: TIMING,
            one_at_a_time: true,
        });
        let relay: Arc<dyn web::Relay> = Arc::new(operator.relay());
        let mut receivers = self.receivers.lock().unwrap_or_else(PoisonError::into_inner);
        receivers.push((line.clone(), web::router(relay)));
        drop(receivers);
        let receivers = self.receivers.clone();
        self.github.deliver_with(Arc::new(move |request| Box::pin(deliver(receivers.clone(), request))));
        let ending = line.clone();
        let task = tokio::spawn(async move {
            match Box::pin(operator.run()).await {
                Ok(never) => match never {},
                Err(ended) => tracing::warn!(%ended, "the operator ended"),
            }
            ending.cut();
        });
        Operating { task, line }
    }

    /// Keeps one operator running: whenever one dies, another starts.
    pub async fn keep_operating(&self) -> std::convert::Infallible {
        loop {
            self.operate().death().await;
        }
    }

    /// Where GitHub's repositories are.
    pub fn folder_of_repositories(&self) -> &Path {
        self.repositories.path()
    }

    /// What the wall clock shows.
    pub fn now(&self) -> Timestamp {
        self.kubernetes.clock().now()
    }
}

/// Takes a delivery to the replica that leads, as a Service does; without one, it is refused.
async fn deliver(
    receivers: Receivers,
    request: http::Request<Bytes>,
) -> Result<http::Response<Bytes>, String> {
    let mut alive = receivers.lock().unwrap_or_else(PoisonError::into_inner).clone();
    alive.retain(|(line, _)| !line.is_dead());
    let mut answer = Err("nobody listens".to_owned());
    for (_, router) in alive.into_iter().rev() {
        let answered = router.oneshot(request.clone().map(Body::from)).await;
        let (parts, body) = answered.map_err(|error| error.to_string())?.into_parts();
        let bytes = body.collect().await.map_err(|error| error.to_string())?.to_bytes();
        let leads = parts.status != http::StatusCode::SERVICE_UNAVAILABLE;
        answer = Ok(http::Response::from_parts(parts, bytes));
        if leads {
            break;
        }
    }
    answer
}

/// The manifests of a folder, in the order of its files.
pub fn manifests(folder: &Path) -> Vec<Value> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    let mut manifests = Vec::new();
    for file in files.iter().filter(|file| file.extension().is_some_and(|e| e == "yaml")) {
        let text = std::fs::read_to_string(file).unwrap();
        for document in text.split("\n---\n") {
            let read = serde_saphyr::from_str(document);
            manifests.push(read.unwrap_or_else(|error| panic!("{}: {error}", file.display())));
        }
    }
    manifests
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.kubelet.abort();
    }
}
