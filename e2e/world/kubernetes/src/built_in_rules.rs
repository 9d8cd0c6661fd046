//! What the API server itself does with objects of its own kinds: defaults, what each endpoint may change, checks.
//!
//! No admission plugins besides the life of namespaces: no service account tokens, no priorities, no quotas.

use std::collections::BTreeSet;

use data_encoding::BASE64;
use serde_json::{Map, Value, json};

use crate::failure::FieldError;
use crate::metadata::not_a_label;
use crate::object::{self, get, list, set, text};
use crate::resource::BuiltIn;

/// Fills in what is absent, as decoding does in the API server.
pub(crate) fn fill_defaults(kind: BuiltIn, object: &mut Value) {
    match kind {
        BuiltIn::Pod => pod_defaults(object),
        BuiltIn::Secret => {
            absent(object, &["type"], json!("Opaque"));
            if let Some(Value::Object(plain)) = object::remove(object, &["stringData"]) {
                for (key, value) in plain {
                    let encoded = BASE64.encode(value.as_str().unwrap_or_default().as_bytes());
                    set(object, &["data", &key], json!(encoded));
                }
            }
        }
        BuiltIn::Namespace => {
            let name = object::name(object).to_owned();
            if !name.is_empty() {
                set(object, &["metadata", "labels", "kubernetes.io/metadata.name"], json!(name));
            }
        }
        BuiltIn::CustomResourceDefinition => crate::crd::fill_defaults(object),
        BuiltIn::ConfigMap
        | BuiltIn::Event
        | BuiltIn::Lease
        | BuiltIn::ServiceAccount
        | BuiltIn::Node
        | BuiltIn::SelfSubjectAccessReview => {}
    }
}

/// What a new object begins with, whatever the client sent.
pub(crate) fn begin(kind: BuiltIn, object: &mut Value) {
    match kind {
        BuiltIn::Pod => {
            let class = pod_class(object);
            set(object, &["status"], json!({"phase": "Pending", "qosClass": class}));
        }
        BuiltIn::Namespace => {
            set(object, &["spec", "finalizers"], json!(["kubernetes"]));
            set(object, &["status"], json!({"phase": "Active"}));
        }
        // A CRD's status is made when it is registered; a node comes with the status that its kubelet knows.
        BuiltIn::CustomResourceDefinition => drop(object::remove(object, &["status"])),
        BuiltIn::ConfigMap
        | BuiltIn::Secret
        | BuiltIn::Event
        | BuiltIn::Lease
        | BuiltIn::ServiceAccount
        | BuiltIn::Node
        | BuiltIn::SelfSubjectAccessReview => {}
    }
}

/// All mistakes that are particular to a kind.
pub(crate) fn check(kind: BuiltIn, new: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    match kind {
        BuiltIn::Pod => pod(new, old, &mut errors),
        BuiltIn::ConfigMap => immutable(new, old, &["data", "binaryData"], &mut errors),
        BuiltIn::Secret => {
            immutable(new, old, &["data"], &mut errors);
            if old.is_some_and(|old| text(old, &["type"]) != text(new, &["type"])) {
                errors.push(FieldError::invalid("type", &json!(text(new, &["type"])), "field is immutable"));
            }
        }
        BuiltIn::Event => event(new, old, &mut errors),
        BuiltIn::Lease => lease(new, &mut errors),
        BuiltIn::CustomResourceDefinition => errors = crate::crd::check(new, old),
        BuiltIn::Namespace | BuiltIn::ServiceAccount | BuiltIn::Node | BuiltIn::SelfSubjectAccessReview => {}
    }
    errors
}

fn absent(object: &mut Value, path: &[&str], value: Value) {
    if get(object, path).is_none() {
        set(object, path, value);
    }
}

fn pod_defaults(pod: &mut Value) {
    absent(pod, &["spec", "restartPolicy"], json!("Always"));
    absent(pod, &["spec", "dnsPolicy"], json!("ClusterFirst"));
    absent(pod, &["spec", "schedulerName"], json!("default-scheduler"));
    absent(pod, &["spec", "terminationGracePeriodSeconds"], json!(30));
    absent(pod, &["spec", "securityContext"], json!({}));
    absent(pod, &["spec", "enableServiceLinks"], json!(true));
    for field in ["containers", "initContainers"] {
        for container in items(pod, &["spec", field]) {
            container_defaults(container);
        }
    }
    for volume in items(pod, &["spec", "volumes"]) {
        if volume.as_object().is_some_and(|volume| volume.len() == 1) {
            set(volume, &["emptyDir"], json!({}));
        }
        for source in ["secret", "configMap", "projected", "downwardAPI"] {
            if get(volume, &[source]).is_some() {
                absent(volume, &[source, "defaultMode"], json!(420));
            }
        }
    }
}

fn container_defaults(container: &mut Value) {
    let image = text(container, &["image"]);
    let name = image.rsplit('/').next().unwrap_or_default();
    let latest = !name.contains('@') && (!name.contains(':') || name.ends_with(":latest"));
    let policy = if latest { "Always" } else { "IfNotPresent" };
    absent(container, &["imagePullPolicy"], json!(policy));
    absent(container, &["terminationMessagePath"], json!("/dev/termination-log"));
    absent(container, &["terminationMessagePolicy"], json!("File"));
    absent(container, &["resources"], json!({}));
    for env in items(container, &["env"]) {
        if get(env, &["valueFrom", "fieldRef"]).is_some() {
            absent(env, &["valueFrom", "fieldRef", "apiVersion"], json!("v1"));
        }
    }
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if get(container, &[probe]).is_some() {
            for (field, value) in [
                ("timeoutSeconds", 1),
                ("periodSeconds", 10),
                ("successThreshold", 1),
                ("failureThreshold", 3),
            ] {
                absent(container, &[probe, field], json!(value));
            }
        }
    }
}

fn items<'a>(object: &'a mut Value, path: &[&str]) -> impl Iterator<Item = &'a mut Value> {
    path.iter()
        .try_fold(object, |value, key| value.get_mut(*key))
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
}

/// The quality of service class: Guaranteed when every container limits cpu and memory to what it requests.
fn pod_class(pod: &Value) -> &'static str {
    let containers: Vec<&Value> =
        list(pod, &["spec", "containers"]).iter().chain(list(pod, &["spec", "initContainers"])).collect();
    let resource =
        |container: &Value, kind: &str, name: &str| get(container, &["resources", kind, name]).cloned();
    let guaranteed = |container: &&Value| {
        ["cpu", "memory"].iter().all(|name| {
            let limit = resource(container, "limits", name);
            let request = resource(container, "requests", name);
            limit.is_some() && (request.is_none() || request == limit)
        })
    };
    let nothing = |container: &&Value| {
        ["cpu", "memory"].iter().all(|name| {
            resource(container, "limits", name).is_none() && resource(container, "requests", name).is_none()
        })
    };
    if containers.iter().all(nothing) {
        "BestEffort"
    } else if containers.iter().all(guaranteed) {
        "Guaranteed"
    } else {
        "Burstable"
    }
}

fn pod(new: &Value, old: Option<&Value>, errors: &mut Vec<FieldError>) {
    if let Some(old) = old {
        if fixed_spec(old) != fixed_spec(new) {
            errors.push(FieldError::forbidden(
                "spec",
                "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,\
                 `spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),\
                 `spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
            ));
        }
        return;
    }
    if list(new, &["spec", "containers"]).is_empty() {
        errors.push(FieldError::required("spec.containers", ""));
    }
    let mut volumes = BTreeSet::new();
    for (i, volume) in list(new, &["spec", "volumes"]).iter().enumerate() {
        named(volume, &format!("spec.volumes[{i}]"), &mut volumes, errors);
    }
    let mut names = BTreeSet::new();
    for field in ["initContainers", "containers"] {
        for (i, container) in list(new, &["spec", field]).iter().enumerate() {
            let path = format!("spec.{field}[{i}]");
            named(container, &path, &mut names, errors);
            if text(container, &["image"]).is_empty() {
                errors.push(FieldError::required(&format!("{path}.image"), ""));
            }
            for (j, mount) in list(container, &["volumeMounts"]).iter().enumerate() {
                let path = format!("{path}.volumeMounts[{j}]");
                if !volumes.contains(text(mount, &["name"])) {
                    errors
                        .push(FieldError::not_found(&format!("{path}.name"), &json!(text(mount, &["name"]))));
                }
                if text(mount, &["mountPath"]).is_empty() {
                    errors.push(FieldError::required(&format!("{path}.mountPath"), ""));
                }
            }
        }
    }
    let policy = get(new, &["spec", "restartPolicy"]).cloned().unwrap_or_default();
    let policies = [json!("Always"), json!("OnFailure"), json!("Never")];
    if !policies.contains(&policy) {
        errors.push(FieldError::unsupported("spec.restartPolicy", &policy, &policies));
    }
}

/// A pod's spec without what may be changed.
fn fixed_spec(pod: &Value) -> Value {
    let mut spec = pod.get("spec").cloned().unwrap_or_default();
    for field in ["activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds"] {
        object::remove(&mut spec, &[field]);
    }
    for field in ["containers", "initContainers"] {
        for container in items(&mut spec, &[field]) {
            object::remove(container, &["image"]);
        }
    }
    spec
}

fn named<'a>(item: &'a Value, path: &str, seen: &mut BTreeSet<&'a str>, errors: &mut Vec<FieldError>) {
    let name = text(item, &["name"]);
    let path = format!("{path}.name");
    if name.is_empty() {
        errors.push(FieldError::required(&path, ""));
    } else if let Some(why) = not_a_label(name) {
        errors.push(FieldError::invalid(&path, &json!(name), &why));
    } else if !seen.insert(name) {
        errors.push(FieldError::duplicate(&path, &json!(name)));
    }
}

fn immutable(new: &Value, old: Option<&Value>, fields: &[&str], errors: &mut Vec<FieldError>) {
    let data = fields
        .iter()
        .flat_map(|field| new.get(*field).and_then(Value::as_object).into_iter().flat_map(Map::keys));
    for key in data {
        if key.is_empty() || !key.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c)) {
            errors.push(FieldError::invalid(
                &format!("data[{key}]"),
                &json!(key),
                "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or \
                 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
            ));
        }
    }
    let Some(old) = old.filter(|old| old.get("immutable") == Some(&Value::Bool(true))) else { return };
    if new.get("immutable") != Some(&Value::Bool(true)) {
        errors.push(FieldError::forbidden("immutable", "field is immutable when `immutable` is set"));
    }
    for field in fields {
        if old.get(*field) != new.get(*field) {
            errors.push(FieldError::forbidden(field, "field is immutable when `immutable` is set"));
        }
    }
}

fn event(new: &Value, old: Option<&Value>, errors: &mut Vec<FieldError>) {
    let newer = text(new, &["apiVersion"]).starts_with("events.k8s.io/");
    let about = if newer { "regarding" } else { "involvedObject" };
    let namespace = object::namespace(new);
    let about_namespace = text(new, &[about, "namespace"]);
    // Events about cluster-scoped objects live in the default namespace.
    let matches =
        if about_namespace.is_empty() { namespace == "default" } else { about_namespace == namespace };
    if !matches {
        let detail = "does not match event.namespace";
        errors.push(FieldError::invalid("involvedObject.namespace", &json!(about_namespace), detail));
    }
    if !newer || old.is_some() {
        return;
    }
    if text(new, &["eventTime"]).is_empty() {
        errors.push(FieldError::required("eventTime", ""));
    } else {
        for field in ["reportingController", "reportingInstance", "action", "reason"] {
            if text(new, &[field]).is_empty() {
                errors.push(FieldError::required(field, ""));
            }
        }
    }
    let kind = text(new, &["type"]);
    if !matches!(kind, "Normal" | "Warning") {
        errors.push(FieldError::invalid("type", &json!(""), &format!("has invalid value: {kind}")));
    }
    if text(new, &["note"]).len() > 1024 {
        errors.push(FieldError::invalid("message", &json!(""), "can have at most 1024 characters"));
    }
}

fn lease(new: &Value, errors: &mut Vec<FieldError>) {
    let number = |field: &str| get(new, &["spec", field]).and_then(Value::as_i64);
    if let Some(seconds) = number("leaseDurationSeconds").filter(|seconds| *seconds <= 0) {
        errors.push(FieldError::invalid(
            "spec.leaseDurationSeconds",
            &json!(seconds),
            "must be greater than 0",
        ));
    }
    if let Some(transitions) = number("leaseTransitions").filter(|transitions| *transitions < 0) {
        errors.push(FieldError::invalid(
            "spec.leaseTransitions",
            &json!(transitions),
            "must be greater than or equal to 0",
        ));
    }
}
