//! A container's environment: values, references to Secrets, ConfigMaps and the pod itself, and `$(NAME)` in values,
//! commands and arguments, as a real kubelet expands them.

use k8s_openapi::api::core::v1::{ConfigMap, Container, EnvVar, Pod, Secret};
use kube::{Api, Client};
use std::collections::BTreeMap;

/// Variables in the order in which they were given.
pub(crate) type Environment = Vec<(String, String)>;

/// Why a container cannot have its environment: what a real kubelet shows as `CreateContainerConfigError`.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EnvironmentError {
    #[error("{kind} {name:?} has no key {key:?}, or is missing")]
    Missing { kind: &'static str, name: String, key: String },
    #[error("this kubelet does not know the source of variable {0:?}")]
    UnknownSource(String),
    #[error(transparent)]
    Api(#[from] kube::Error),
}

/// Resolves all variables of a container.
pub(crate) async fn resolve(
    client: &Client,
    pod: &Pod,
    container: &Container,
) -> Result<Environment, EnvironmentError> {
    let namespace = pod.metadata.namespace.clone().unwrap_or_default();
    let mut environment: Environment = Vec::new();
    for source in container.env_from.iter().flatten() {
        let prefix = source.prefix.clone().unwrap_or_default();
        if let Some(wanted) = &source.config_map_ref {
            let api: Api<ConfigMap> = Api::namespaced(client.clone(), &namespace);
            let found = api.get_opt(&wanted.name).await?;
            for (key, value) in found.and_then(|map| map.data).unwrap_or_default() {
                environment.push((format!("{prefix}{key}"), value));
            }
        }
        if let Some(wanted) = &source.secret_ref {
            let api: Api<Secret> = Api::namespaced(client.clone(), &namespace);
            let found = api.get_opt(&wanted.name).await?;
            for (key, value) in found.and_then(|secret| secret.data).unwrap_or_default() {
                environment.push((format!("{prefix}{key}"), String::from_utf8_lossy(&value.0).into_owned()));
            }
        }
    }
    for variable in container.env.iter().flatten() {
        let value = match (&variable.value, &variable.value_from) {
            (Some(value), _) => expand(value, &environment),
            (None, None) => String::new(),
            (None, Some(_)) => match referenced(client, &namespace, pod, variable).await? {
                Some(value) => value,
                None => continue, // optional, and not there
            },
        };
        environment.retain(|(name, _)| *name != variable.name);
        environment.push((variable.name.clone(), value));
    }
    Ok(environment)
}

async fn referenced(
    client: &Client,
    namespace: &str,
    pod: &Pod,
    variable: &EnvVar,
) -> Result<Option<String>, EnvironmentError> {
    let source = variable.value_from.clone().unwrap_or_default();
    if let Some(wanted) = source.secret_key_ref {
        let api: Api<Secret> = Api::namespaced(client.clone(), namespace);
        let value = api.get_opt(&wanted.name).await?.and_then(|secret| secret.data?.remove(&wanted.key));
        let value = value.map(|bytes| String::from_utf8_lossy(&bytes.0).into_owned());
        return found("Secret", wanted.name, wanted.key, value, wanted.optional);
    }
    if let Some(wanted) = source.config_map_key_ref {
        let api: Api<ConfigMap> = Api::namespaced(client.clone(), namespace);
        let value = api.get_opt(&wanted.name).await?.and_then(|map| map.data?.remove(&wanted.key));
        return found("ConfigMap", wanted.name, wanted.key, value, wanted.optional);
    }
    if let Some(field) = source.field_ref {
        return match field.field_path.as_str() {
            "metadata.name" => Ok(pod.metadata.name.clone()),
            "metadata.namespace" => Ok(pod.metadata.namespace.clone()),
            "metadata.uid" => Ok(pod.metadata.uid.clone()),
            "status.podIP" | "status.hostIP" => Ok(Some("127.0.0.1".to_owned())),
            _ => Err(EnvironmentError::UnknownSource(variable.name.clone())),
        };
    }
    Err(EnvironmentError::UnknownSource(variable.name.clone()))
}

fn found(
    kind: &'static str,
    name: String,
    key: String,
    value: Option<String>,
    optional: Option<bool>,
) -> Result<Option<String>, EnvironmentError> {
    match value {
        None if optional != Some(true) => Err(EnvironmentError::Missing { kind, name, key }),
        value => Ok(value),
    }
}

/// Replaces `$(NAME)` by the variable's value; `$$` is a dollar; an unknown name stays as it is.
pub(crate) fn expand(text: &str, environment: &[(String, String)]) -> String {
    let known: BTreeMap<&str, &str> = environment.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let (before, from) = rest.split_at(at);
        expanded.push_str(before);
        if let Some(after) = from.strip_prefix("$$") {
            expanded.push('$');
            rest = after;
        } else if let Some((name, after)) = from.strip_prefix("$(").and_then(|inside| inside.split_once(')'))
        {
            match known.get(name) {
                Some(value) => expanded.push_str(value),
                None => {
                    expanded.push_str("$(");
                    expanded.push_str(name);
                    expanded.push(')');
                }
            }
            rest = after;
        } else {
            expanded.push('$');
            rest = from.strip_prefix('$').unwrap_or_default();
        }
    }
    expanded + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_replaced_and_unknown_ones_stay() {
        let environment = [("JOB".to_owned(), "unit".to_owned())];
        assert_eq!(expand("a $(JOB) $(NONE) $$(JOB) $5 $", &environment), "a unit $(NONE) $(JOB) $5 $");
    }
}
