//! Pod specs: what decoration needs for itself, and what no pod could have (spec jobs-and-runs 1.9).

use crate::{
    config::problem::{At, Problem},
    job::{environment::reserved, pod::UTILITY_CONTAINERS},
};
use api::{decoration::DecorationConfig, prow_job::ProwJobType};
use k8s_openapi::api::core::v1::{Container, PodSpec, VolumeMount};
use std::collections::BTreeSet;

/// Volumes that decoration adds. They are reserved on undecorated jobs too, as in Prow.
const VOLUMES: [&str; 5] = ["logs", "code", "tools", "gcs-credentials", "s3-credentials"];
/// Volumes that decoration mounts into the test containers, and where.
const MOUNTED: [(&str, &str); 3] = [("logs", "/logs"), ("code", "/home/prow/go"), ("tools", "/tools")];

/// Checks the pod of a job. `at` is the pod spec's place.
pub(super) fn check(
    pod: &PodSpec,
    decoration: Option<&DecorationConfig>,
    kind: ProwJobType,
    at: &At<'_>,
    problems: &mut Vec<Problem>,
) {
    init_containers(pod, at, problems);
    containers(pod, decoration, at, problems);
    let reserved = reserved_volumes(decoration);
    let volumes = volumes(pod, &reserved, at, problems);
    let known = |name: &str| volumes.contains(name) || reserved.contains(name);
    let containers_at = at.field("containers");
    for (i, container) in pod.containers.iter().enumerate() {
        let at = containers_at.index(i);
        environment(container, kind, &at, problems);
        let at = at.field("volumeMounts");
        for (i, mount) in container.volume_mounts.iter().flatten().enumerate() {
            if !known(&mount.name) {
                let message = format!("the volume {:?} is not defined in `volumes`", mount.name);
                problems.push(Problem::error(&at.index(i).field("name"), message));
            }
            mounted(mount, &at.index(i), problems);
        }
    }
}

fn init_containers(pod: &PodSpec, at: &At<'_>, problems: &mut Vec<Problem>) {
    let at = at.field("initContainers");
    for (i, container) in pod.init_containers.iter().flatten().enumerate() {
        if container.restart_policy.as_deref() != Some("Always") {
            let message =
                "init containers must be sidecars: set restartPolicy: Always, or do its work in the job";
            problems.push(Problem::error(&at.index(i), message));
        }
    }
}

fn containers(
    pod: &PodSpec,
    decoration: Option<&DecorationConfig>,
    at: &At<'_>,
    problems: &mut Vec<Problem>,
) {
    let at = at.field("containers");
    match pod.containers.len() {
        0 => problems.push(Problem::error(&at, "at least one container is needed")),
        1 => {}
        _ => {
            if decoration.is_none() {
                problems.push(Problem::error(&at, "more than one container needs `decorate: true`"));
            }
            let mut names = BTreeSet::new();
            for (i, container) in pod.containers.iter().enumerate() {
                let at = at.index(i);
                let name = container.name.as_str();
                if name.is_empty() {
                    problems.push(named(&at, "each of several containers needs a name"));
                } else if UTILITY_CONTAINERS.contains(&name) {
                    problems.push(named(
                        &at,
                        &format!("{name:?} is the name of a container that decoration adds"),
                    ));
                } else if !names.insert(name) {
                    problems.push(named(&at, &format!("another container is named {name:?}")));
                }
            }
        }
    }
}

/// Something wrong with the name of the entry at a place.
fn named(at: &At<'_>, message: &str) -> Problem {
    Problem::error(&at.field("name"), message)
}

fn environment(container: &Container, kind: ProwJobType, at: &At<'_>, problems: &mut Vec<Problem>) {
    let at = at.field("env");
    let reserved = reserved(kind);
    let mut names = BTreeSet::new();
    for (i, variable) in container.env.iter().flatten().enumerate() {
        let name = variable.name.as_str();
        let at = at.index(i);
        if !names.insert(name) {
            problems.push(named(&at, &format!("{name} is set twice")));
        }
        if reserved.contains(&name) {
            problems.push(named(&at, &format!("{name} is set by the operator and cannot be set in a job")));
        }
    }
}

fn reserved_volumes(decoration: Option<&DecorationConfig>) -> BTreeSet<String> {
    let secrets = decoration.into_iter().flat_map(|config| {
        let oauth = config.oauth_token_secret.iter().map(|secret| secret.name.clone());
        oauth.chain(config.ssh_key_secrets.iter().flatten().cloned())
    });
    VOLUMES.iter().map(ToString::to_string).chain(secrets.filter(|name| !name.is_empty())).collect()
}

fn volumes<'a>(
    pod: &'a PodSpec,
    reserved: &BTreeSet<String>,
    at: &At<'_>,
    problems: &mut Vec<Problem>,
) -> BTreeSet<&'a str> {
    let at = at.field("volumes");
    let mut names = BTreeSet::new();
    for (i, volume) in pod.volumes.iter().flatten().enumerate() {
        let name = volume.name.as_str();
        let at = at.index(i);
        if !names.insert(name) {
            problems.push(named(&at, &format!("another volume is named {name:?}")));
        }
        if reserved.contains(name) {
            problems.push(named(&at, &format!("{name:?} is the name of a volume that decoration adds")));
        }
    }
    names
}

fn mounted(mount: &VolumeMount, at: &At<'_>, problems: &mut Vec<Problem>) {
    let path = normal(&mount.mount_path);
    for (name, taken) in MOUNTED {
        if mount.name == name {
            let message = format!("decoration mounts the volume {name:?} itself");
            problems.push(Problem::error(&at.field("name"), message));
        }
        if path == taken {
            let message = format!("decoration mounts something at {taken}");
            problems.push(Problem::error(&at.field("mountPath"), message));
        }
    }
}

/// A path without what changes nothing: `//`, `/./`, a slash at the end.
fn normal(path: &str) -> String {
    let parts = path.split('/').filter(|part| !part.is_empty() && *part != ".");
    parts.fold(String::new(), |path, part| format!("{path}/{part}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn problems(pod: serde_json::Value, kind: ProwJobType) -> Vec<String> {
        let pod: PodSpec = serde_json::from_value(pod).unwrap();
        let mut problems = Vec::new();
        check(&pod, None, kind, &At::root("spec"), &mut problems);
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn everything_wrong_in_a_pod_is_told_at_once() {
        let pod = json!({
            "containers": [
                {"name": "a", "env": [{"name": "CI"}, {"name": "X"}, {"name": "X"}]},
                {"name": "a", "volumeMounts": [{"name": "none", "mountPath": "/logs/"}, {"name": "code", "mountPath": "/x"}]}
            ],
            "initContainers": [{"name": "prep"}],
            "volumes": [{"name": "logs"}]
        });
        assert_eq!(
            problems(pod, ProwJobType::Periodic),
            [
                "spec.initContainers[0]: init containers must be sidecars: set restartPolicy: Always, or do its work in the job",
                "spec.containers: more than one container needs `decorate: true`",
                "spec.containers[1].name: another container is named \"a\"",
                "spec.volumes[0].name: \"logs\" is the name of a volume that decoration adds",
                "spec.containers[0].env[0].name: CI is set by the operator and cannot be set in a job",
                "spec.containers[0].env[2].name: X is set twice",
                "spec.containers[1].volumeMounts[0].name: the volume \"none\" is not defined in `volumes`",
                "spec.containers[1].volumeMounts[0].mountPath: decoration mounts something at /logs",
                "spec.containers[1].volumeMounts[1].name: decoration mounts the volume \"code\" itself",
            ]
        );
    }

    #[test]
    fn variables_of_a_pull_are_reserved_only_where_there_is_one() {
        let pod = || json!({"containers": [{"env": [{"name": "PULL_NUMBER"}, {"name": "REPO_OWNER"}]}]});
        assert_eq!(problems(pod(), ProwJobType::Periodic).len(), 0);
        assert_eq!(problems(pod(), ProwJobType::Postsubmit).len(), 1);
        assert_eq!(problems(pod(), ProwJobType::Presubmit).len(), 2);
    }
}
