//! As whom, where and with how much memory a pod runs: what decoration fills in where the job is silent.

use super::{PodProblem, containers};
use api::decoration::DecorationConfig;
use serde_json::{Map, Value, json};

/// A pod that names no service account gets no token of the default one, unless it asks for it. Decided before the
/// decoration's own default account is filled in, as Prow decides.
pub(super) fn withhold_token(spec: &mut Map<String, Value>) {
    let names_account = spec.get("serviceAccountName").and_then(Value::as_str).is_some_and(|n| !n.is_empty());
    let silent = spec.get("automountServiceAccountToken").is_none_or(Value::is_null);
    if silent && !names_account {
        spec.insert("automountServiceAccountToken".to_owned(), json!(false));
    }
}

/// Service account, grace period, user and group, affinity and tolerations.
pub(super) fn fill_in(
    spec: &mut Map<String, Value>,
    decoration: &DecorationConfig,
) -> Result<(), PodProblem> {
    if let Some(account) = decoration.default_service_account_name.as_deref().filter(|a| !a.is_empty()) {
        set_if_unset(spec, "serviceAccountName", &json!(account));
    }
    if let Some(grace) = decoration.grace_period {
        // A quarter more than the entrypoint waits, so that the sidecar can still upload.
        let seconds = grace.to_std().as_secs();
        set_if_unset(spec, "terminationGracePeriodSeconds", &json!(seconds.saturating_mul(5) / 4));
    }
    let context = containers::object_mut(spec, "securityContext")?;
    for (field, value) in [
        ("runAsUser", decoration.run_as_user),
        ("runAsGroup", decoration.run_as_group),
        ("fsGroup", decoration.fs_group),
    ] {
        if let Some(id) = value {
            set_if_unset(context, field, &json!(id));
        }
    }
    for field in ["affinity", "tolerations"] {
        if let Some(value) = decoration.scheduling_options.as_ref().and_then(|options| options.get(field)) {
            set_if_unset(spec, field, value);
        }
    }
    Ok(())
}

/// Memory of one test container: the default request where it has none, then the limit where it is to equal the
/// request.
pub(super) fn memory(
    container: &mut Map<String, Value>,
    decoration: &DecorationConfig,
) -> Result<(), PodProblem> {
    if let Some(default) = &decoration.default_memory_request {
        let resources = containers::object_mut(container, "resources")?;
        set_if_unset(containers::object_mut(resources, "requests")?, "memory", default);
    }
    if decoration.set_limit_equals_memory_request.unwrap_or(false) {
        let request =
            container.get("resources").and_then(|r| r.get("requests")).and_then(|r| r.get("memory"));
        if let Some(request) = request.cloned() {
            let resources = containers::object_mut(container, "resources")?;
            containers::object_mut(resources, "limits")?.insert("memory".to_owned(), request);
        }
    }
    Ok(())
}

fn set_if_unset(map: &mut Map<String, Value>, field: &str, value: &Value) {
    let unset = match map.get(field) {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(Value::Array(items)) => items.is_empty(),
        Some(Value::Bool(_) | Value::Number(_) | Value::Object(_)) => false,
    };
    if unset {
        map.insert(field.to_owned(), value.clone());
    }
}
