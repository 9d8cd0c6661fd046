//! A server to test, and short ways to speak to it.

use std::fmt::Debug;

use http::{Method, Request};
use kube::api::{ApiResource, DynamicObject, ListParams, Patch, PatchParams, PostParams};
use kube::config::KubeConfigOptions;
use kube::core::Status;
use kube::{Api, Client};
use serde_json::{Value, json};
use world_kubernetes::World;

/// A server and a namespace of one test's own in it.
pub struct Cluster {
    pub client: Client,
    pub namespace: String,
}

/// A cluster for one test: the world, or the server that `WORLD_KUBECONFIG` names.
pub async fn cluster(test: &str) -> Cluster {
    let client = match std::env::var("WORLD_KUBECONFIG") {
        Ok(path) => real(&path).await,
        Err(_) => client(&World::builder().build()),
    };
    let cluster = Cluster { client, namespace: test.to_owned() };
    cluster.create("v1", "Namespace", "namespaces", json!({"metadata": {"name": test}})).await;
    cluster
}

async fn real(path: &str) -> Client {
    let kubeconfig = kube::config::Kubeconfig::read_from(path).unwrap();
    let config =
        kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
    Client::try_from(config).unwrap()
}

/// A client of a world, without a socket.
pub fn client(world: &World) -> Client {
    Client::new(world.router(), "default")
}

/// A cluster with the Widget kind.
pub async fn with_widgets(test: &str) -> Cluster {
    let cluster = cluster(test).await;
    cluster.define(widget_definition()).await;
    cluster
}

/// A small kind with something of everything.
pub fn widget_definition() -> Value {
    serde_saphyr::from_str(include_str!("widget.yaml")).unwrap()
}

/// A widget of a size.
pub fn widget(name: &str, size: i64) -> Value {
    json!({
        "apiVersion": "world.example.com/v1", "kind": "Widget",
        "metadata": {"name": name}, "spec": {"size": size},
    })
}

/// A config map with one key.
pub fn config(name: &str, value: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"key": value}})
}

/// A pod with one container.
pub fn pod(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
        "spec": {"containers": [{"name": "main", "image": "busybox:1"}], "terminationGracePeriodSeconds": 7},
    })
}

impl Cluster {
    pub fn api(&self, api_version: &str, kind: &str, plural: &str) -> Api<DynamicObject> {
        let resource = resource(api_version, kind, plural);
        if matches!(plural, "namespaces" | "nodes" | "customresourcedefinitions") {
            Api::all_with(self.client.clone(), &resource)
        } else {
            Api::namespaced_with(self.client.clone(), &self.namespace, &resource)
        }
    }

    pub fn widgets(&self) -> Api<DynamicObject> {
        self.api("world.example.com/v1", "Widget", "widgets")
    }

    pub fn configs(&self) -> Api<DynamicObject> {
        self.api("v1", "ConfigMap", "configmaps")
    }

    pub fn pods(&self) -> Api<DynamicObject> {
        self.api("v1", "Pod", "pods")
    }

    /// Creates an object that must not fail.
    pub async fn create(&self, api_version: &str, kind: &str, plural: &str, object: Value) -> DynamicObject {
        self.api(api_version, kind, plural).create(&PostParams::default(), &dynamic(object)).await.unwrap()
    }

    /// Registers a kind and waits until it is served.
    pub async fn define(&self, definition: Value) {
        let name = definition["metadata"]["name"].as_str().unwrap().to_owned();
        let definitions =
            self.api("apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions");
        let params = PatchParams::apply("suite").force();
        definitions.patch(&name, &params, &Patch::Apply(definition.clone())).await.unwrap();
        let spec = &definition["spec"];
        let version = spec["versions"][0]["name"].as_str().unwrap();
        let path = format!(
            "/apis/{}/{version}/{}",
            spec["group"].as_str().unwrap(),
            spec["names"]["plural"].as_str().unwrap()
        );
        for _ in 0..100 {
            if self.get(&path).await.is_ok() {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("{name} was not established");
    }

    /// A path inside this cluster's namespace.
    pub fn path(&self, api: &str, rest: &str) -> String {
        format!("{api}/namespaces/{}/{rest}", self.namespace)
    }

    pub async fn get(&self, path: &str) -> Result<Value, Box<Status>> {
        self.send(Method::GET, path, &[], Value::Null).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Result<Value, Box<Status>> {
        self.send(Method::POST, path, &[], body).await
    }

    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Value,
    ) -> Result<Value, Box<Status>> {
        let mut request = Request::builder().method(method).uri(path);
        if headers.iter().all(|(name, _)| *name != "content-type") {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        match self.client.request::<Value>(request.body(body).unwrap()).await {
            Ok(value) => Ok(value),
            Err(kube::Error::Api(status)) => Err(status),
            Err(other) => panic!("{other}"),
        }
    }

    /// Server-side apply under a manager.
    pub async fn apply(
        &self,
        manager: &str,
        object: Value,
        force: bool,
    ) -> Result<DynamicObject, Box<Status>> {
        let api = self.of(&object);
        let mut params = PatchParams::apply(manager);
        params.force = force;
        let name = object["metadata"]["name"].as_str().unwrap().to_owned();
        refusal(api.patch(&name, &params, &Patch::Apply(object)).await)
    }

    fn of(&self, object: &Value) -> Api<DynamicObject> {
        let kind = object["kind"].as_str().unwrap();
        let plural = format!("{}s", kind.to_lowercase());
        self.api(object["apiVersion"].as_str().unwrap(), kind, &plural)
    }

    pub async fn names(&self, api: &Api<DynamicObject>, params: &ListParams) -> Vec<String> {
        api.list(params).await.unwrap().into_iter().map(|object| object.metadata.name.unwrap()).collect()
    }
}

pub fn resource(api_version: &str, kind: &str, plural: &str) -> ApiResource {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    ApiResource {
        group: group.to_owned(),
        version: version.to_owned(),
        api_version: api_version.to_owned(),
        kind: kind.to_owned(),
        plural: plural.to_owned(),
    }
}

pub fn dynamic(value: Value) -> DynamicObject {
    serde_json::from_value(value).unwrap()
}

/// The Status with which a call was refused; anything else that went wrong ends the test.
pub fn refusal<T>(result: Result<T, kube::Error>) -> Result<T, Box<Status>> {
    match result {
        Ok(value) => Ok(value),
        Err(kube::Error::Api(status)) => Err(status),
        Err(other) => panic!("{other}"),
    }
}

/// The Status of a call that must be refused, after its code was checked.
pub fn refused<T: Debug>(result: Result<T, Box<Status>>, code: u16, reason: &str) -> Box<Status> {
    let status = result.expect_err("the call must be refused");
    assert_eq!((status.code, status.reason.as_str()), (code, reason), "{}", status.message);
    status
}

/// Fields of the causes of a Status, sorted.
pub fn causes(status: &Status) -> Vec<(String, String)> {
    let causes = status.details.as_ref().map(|details| details.causes.clone()).unwrap_or_default();
    let mut causes: Vec<(String, String)> =
        causes.into_iter().map(|cause| (cause.field, cause.message)).collect();
    causes.sort();
    causes
}

/// The fields that a manager owns.
pub fn owned(object: &DynamicObject, manager: &str) -> Value {
    let fields = object.metadata.managed_fields.clone().unwrap_or_default();
    let own = fields.into_iter().find(|entry| entry.manager.as_deref() == Some(manager));
    own.and_then(|entry| entry.fields_v1).map_or(Value::Null, |fields| fields.0)
}
