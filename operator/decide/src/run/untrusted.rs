//! What a job that comes from an unmerged `.prow.yaml` may not have (DESIGN R5): its author may be a stranger, so its
//! pod mounts no Secret and uses the service account `default`.

use crate::job::pod::{GCS_CREDENTIALS, S3_CREDENTIALS};
use api::{decoration::DecorationConfig, prow_job::ProwJobSpec};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Something that an untrusted job may not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {what} is not allowed in a job of an unmerged .prow.yaml; move the job to a JobConfig")]
pub struct UntrustedProblem {
    /// Where, as in `spec.containers[0].env[1]`.
    pub path: String,
    /// What.
    pub what: &'static str,
}

/// What the run's pod spec has that it may not have; nothing: it may run, after [`without_credentials`].
pub fn problems(spec: &ProwJobSpec) -> Vec<UntrustedProblem> {
    let mut problems = Vec::new();
    let Some(pod) = &spec.pod_spec else { return problems };
    for field in ["serviceAccountName", "serviceAccount"] {
        let account = pod.get(field).and_then(Value::as_str).unwrap_or_default();
        if !matches!(account, "" | "default") {
            problems.push(problem(&format!("spec.{field}"), "a service account other than default"));
        }
    }
    if pod.get("imagePullSecrets").and_then(Value::as_array).is_some_and(|list| !list.is_empty()) {
        problems.push(problem("spec.imagePullSecrets", "a Secret"));
    }
    for (at, volume) in items(pod, "volumes") {
        if volume_reads_a_secret(volume) {
            problems.push(problem(&format!("spec.volumes[{at}]"), "a volume that reads a Secret"));
        }
    }
    let decorations = volumes_of_decoration(spec.decoration_config.as_ref());
    for list in ["containers", "initContainers", "ephemeralContainers"] {
        for (at, container) in items(pod, list) {
            container_problems(&format!("spec.{list}[{at}]"), container, &decorations, &mut problems);
        }
    }
    problems
}

/// Takes from a decoration all that would mount a Secret or choose an account, and names what was taken.
pub fn without_credentials(mut decoration: DecorationConfig) -> (DecorationConfig, Vec<&'static str>) {
    let mut taken = Vec::new();
    let mut note = |had: bool, field: &'static str| {
        if had {
            taken.push(field);
        }
    };
    note(decoration.ssh_key_secrets.take().is_some_and(|list| !list.is_empty()), "ssh_key_secrets");
    note(decoration.oauth_token_secret.take().is_some(), "oauth_token_secret");
    note(decoration.github_app_private_key_secret.take().is_some(), "github_app_private_key_secret");
    note(decoration.cookiefile_secret.take().is_some_and(|s| !s.is_empty()), "cookiefile_secret");
    note(decoration.gcs_credentials_secret.take().is_some_and(|s| !s.is_empty()), "gcs_credentials_secret");
    note(decoration.s3_credentials_secret.take().is_some_and(|s| !s.is_empty()), "s3_credentials_secret");
    let account = decoration.default_service_account_name.take();
    note(account.is_some_and(|a| !matches!(a.as_str(), "" | "default")), "default_service_account_name");
    (decoration, taken)
}

fn problem(path: &str, what: &'static str) -> UntrustedProblem {
    UntrustedProblem { path: path.to_owned(), what }
}

fn items<'a>(object: &'a Map<String, Value>, field: &str) -> impl Iterator<Item = (usize, &'a Value)> {
    object.get(field).and_then(Value::as_array).into_iter().flatten().enumerate()
}

/// Every kind of volume that can read a Secret carries a member with `secret` in its name somewhere inside: `secret`,
/// `projected.sources[].secret`, `csi.nodePublishSecretRef`, `secretRef` of a network disk. Looking for the word also
/// meets kinds that Kubernetes adds later. A Secret's name as a *value* does not count.
fn volume_reads_a_secret(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.iter().any(|(key, value)| {
            (key.to_lowercase().contains("secret") && !value.is_null()) || volume_reads_a_secret(value)
        }),
        Value::Array(items) => items.iter().any(volume_reads_a_secret),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

fn container_problems(
    path: &str,
    container: &Value,
    decorations: &BTreeSet<String>,
    problems: &mut Vec<UntrustedProblem>,
) {
    let Some(container) = container.as_object() else { return };
    for (at, variable) in items(container, "env") {
        if variable.pointer("/valueFrom/secretKeyRef").is_some_and(|source| !source.is_null()) {
            problems.push(problem(&format!("{path}.env[{at}]"), "a variable from a Secret"));
        }
    }
    for (at, source) in items(container, "envFrom") {
        if source.get("secretRef").is_some_and(|source| !source.is_null()) {
            problems.push(problem(&format!("{path}.envFrom[{at}]"), "variables from a Secret"));
        }
    }
    for (at, mount) in items(container, "volumeMounts") {
        let name = mount.get("name").and_then(Value::as_str).unwrap_or_default();
        if decorations.contains(name) {
            let path = format!("{path}.volumeMounts[{at}]");
            problems.push(problem(&path, "a mount of the decoration's credentials"));
        }
    }
}

/// A test container can mount the volumes that decoration adds by guessing their names.
fn volumes_of_decoration(decoration: Option<&DecorationConfig>) -> BTreeSet<String> {
    let mut names: BTreeSet<String> =
        [GCS_CREDENTIALS, S3_CREDENTIALS, "cookiefile"].map(str::to_owned).into();
    if let Some(decoration) = decoration {
        names.extend(decoration.ssh_key_secrets.iter().flatten().map(|secret| format!("ssh-keys-{secret}")));
        let keys = [&decoration.oauth_token_secret, &decoration.github_app_private_key_secret];
        names.extend(keys.into_iter().flatten().map(|secret| secret.name.clone()));
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn spec(pod: &Value) -> ProwJobSpec {
        serde_json::from_value(json!({ "type": "presubmit", "job": "unit", "pod_spec": pod })).unwrap()
    }

    fn paths(pod: &Value) -> Vec<String> {
        problems(&spec(pod)).into_iter().map(|problem| problem.path).collect()
    }

    #[test]
    fn an_untrusted_job_reaches_no_secret_by_any_way() {
        let pod = json!({
            "serviceAccountName": "deployer",
            "imagePullSecrets": [{ "name": "x" }],
            "volumes": [
                { "name": "a", "secret": { "secretName": "s" } },
                { "name": "b", "projected": { "sources": [{ "secret": { "name": "s" } }] } },
                { "name": "c", "csi": { "driver": "d", "nodePublishSecretRef": { "name": "s" } } },
                { "name": "d", "emptyDir": {} },
                { "name": "secret", "configMap": { "name": "secret" } },
            ],
            "containers": [{
                "env": [
                    { "name": "A", "value": "secret" },
                    { "name": "B", "valueFrom": { "secretKeyRef": { "name": "s", "key": "k" } } },
                ],
                "envFrom": [{ "secretRef": { "name": "s" } }],
                "volumeMounts": [{ "name": "gcs-credentials", "mountPath": "/x" }],
            }],
        });
        assert_eq!(
            paths(&pod),
            [
                "spec.serviceAccountName",
                "spec.imagePullSecrets",
                "spec.volumes[0]",
                "spec.volumes[1]",
                "spec.volumes[2]",
                "spec.containers[0].env[1]",
                "spec.containers[0].envFrom[0]",
                "spec.containers[0].volumeMounts[0]",
            ]
        );
    }

    #[test]
    fn an_ordinary_job_may_run() {
        let pod = json!({ "serviceAccountName": "default", "containers": [{ "image": "rust:1" }] });
        assert!(paths(&pod).is_empty());
    }

    #[test]
    fn credentials_of_the_decoration_are_taken_away_and_named() {
        let decoration: DecorationConfig = serde_json::from_value(json!({
            "timeout": "1h", "gcs_credentials_secret": "s", "ssh_key_secrets": ["k"], "s3_credentials_secret": "",
        }))
        .unwrap();
        let (left, taken) = without_credentials(decoration);
        assert_eq!(taken, ["ssh_key_secrets", "gcs_credentials_secret"]);
        assert_eq!(serde_json::to_value(&left).unwrap(), json!({ "timeout": "1h0m0s" }));
    }
}
