//! How Go reads Kubernetes objects: the form in which pods of both sides are compared.
//!
//! Go drops unknown fields and empty texts and writes quantities in one form. Our product keeps what the job says, so
//! the difference is taken out here, on both sides, before comparing.

use decide::config::quantity::Quantity;
use golden::normalised;
use k8s_openapi::api::core::v1::Pod;
use serde_json::{Map, Value};

/// A pod as Go would have read it, with JSON inside variables parsed and mounts in order of their paths.
pub fn pod(pod: &Value) -> Result<Value, String> {
    let typed: Pod = serde_json::from_value(pod.clone()).map_err(|e| format!("not a pod: {e}"))?;
    let mut value = serde_json::to_value(&typed).map_err(|e| e.to_string())?;
    if let Value::Object(members) = &mut value {
        members.remove("kind");
        members.remove("apiVersion");
    }
    Ok(normalised(&read(&value)))
}

/// Any object: quantities canonical, empty texts absent, JSON in variables parsed.
pub fn read(value: &Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.iter().map(read).collect()),
        Value::Object(members) => Value::Object(object(members)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

fn object(members: &Map<String, Value>) -> Map<String, Value> {
    let variable = members.get("name").and_then(Value::as_str).unwrap_or_default();
    let holds_json = variable.ends_with("_OPTIONS") || variable == "JOB_SPEC";
    let mut read_members = Map::new();
    for (key, value) in members {
        let value = match (key.as_str(), value) {
            (_, Value::String(text)) if text.is_empty() => continue,
            ("value", Value::String(text)) if holds_json => {
                serde_json::from_str(text).map_or_else(|_| value.clone(), |parsed| read(&parsed))
            }
            ("requests" | "limits" | "capacity", Value::Object(quantities)) => {
                let canonical = |(name, amount): (&String, &Value)| (name.clone(), quantity(amount));
                Value::Object(quantities.iter().map(canonical).collect())
            }
            ("default_memory_request" | "sizeLimit", amount) => quantity(amount),
            ("volumeMounts", Value::Array(mounts)) => {
                let mut mounts: Vec<Value> = mounts.iter().map(read).collect();
                mounts.sort_by_key(|mount| mount["mountPath"].as_str().unwrap_or_default().to_owned());
                Value::Array(mounts)
            }
            _ => read(value),
        };
        read_members.insert(key.clone(), value);
    }
    read_members
}

/// A quantity in the one spelling that Kubernetes writes.
fn quantity(amount: &Value) -> Value {
    let text = match amount {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return amount.clone(),
    };
    Value::String(text.parse::<Quantity>().map_or(text, |quantity| quantity.to_string()))
}

/// Where two values differ, a line a place.
pub fn difference(path: &str, ours: &Value, theirs: &Value) -> String {
    match (ours, theirs) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            let at = |map: &Map<String, Value>, key: &str| map.get(key).cloned().unwrap_or(Value::Null);
            keys.into_iter()
                .filter(|key| a.get(*key) != b.get(*key))
                .map(|key| difference(&format!("{path}.{key}"), &at(a, key), &at(b, key)))
                .collect()
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => a
            .iter()
            .zip(b)
            .enumerate()
            .filter(|(_, (x, y))| x != y)
            .map(|(at, (x, y))| difference(&format!("{path}[{at}]"), x, y))
            .collect(),
        _ => format!("{path}\n  ours   {ours}\n  theirs {theirs}\n"),
    }
}
