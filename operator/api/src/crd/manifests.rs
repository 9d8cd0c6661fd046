//! The manifests that users are shown fit the schema: no field is pruned, no enum refuses, nothing is lost in the types.

use super::crds;
use crate::{JobConfig, LabelPolicy, MergePool, Repository};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

const REPOSITORY: &str = include_str!("../../tests/manifests/repository.yaml");
const JOB_CONFIG: &str = include_str!("../../tests/manifests/jobconfig.yaml");
const MERGE_POOL: &str = include_str!("../../tests/manifests/mergepool.yaml");
const LABEL_POLICY: &str = include_str!("../../tests/manifests/labelpolicy.yaml");

/// What the API server would prune or refuse, by path.
fn refused(schema: &Value, value: &Value, path: &str) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(values) = schema["enum"].as_array() {
        found.extend((!values.contains(value)).then(|| format!("{path}: {value} is not one of {values:?}")));
    }
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                let path = format!("{path}.{name}");
                let known = schema["properties"].get(name).or_else(|| schema.get("additionalProperties"));
                match known {
                    // A null where none is allowed is dropped before anything else.
                    Some(_) if field.is_null() => {}
                    Some(schema) => found.extend(refused(schema, field, &path)),
                    None if schema["x-kubernetes-preserve-unknown-fields"] == true => {}
                    None => found.push(format!("{path}: unknown field")),
                }
            }
            for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                found.extend((!fields.contains_key(name)).then(|| format!("{path}.{name}: missing")));
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                found.extend(refused(&schema["items"], item, &format!("{path}[{at}]")));
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    found
}

fn fits<K: DeserializeOwned + Serialize>(manifest: &str) {
    let manifest: Value = serde_saphyr::from_str(manifest).unwrap();
    let kind = manifest["kind"].as_str().unwrap();
    let crd = crds().into_iter().find(|crd| crd.spec.names.kind == kind).unwrap();
    let schema = serde_json::to_value(&crd.spec.versions[0].schema).unwrap();
    for part in ["spec", "status"] {
        if let Some(value) = manifest.get(part) {
            let problems = refused(&schema["openAPIV3Schema"]["properties"][part], value, part);
            assert!(problems.is_empty(), "{problems:#?}");
        }
    }
    let object: K = serde_json::from_value(manifest.clone()).unwrap();
    let written = serde_json::to_value(object).unwrap();
    assert_eq!(compact(&written), compact(&manifest));
}

/// Without nulls, empty lists, maps and texts, and false: the ways to say nothing. Durations in Go's long form.
fn compact(value: &Value) -> Option<Value> {
    match value {
        Value::Object(fields) => {
            let fields: Map<_, _> =
                fields.iter().filter_map(|(k, v)| Some((k.clone(), compact(v)?))).collect();
            (!fields.is_empty()).then_some(Value::Object(fields))
        }
        Value::Array(items) if items.is_empty() => None,
        Value::Array(items) => Some(items.iter().map(|item| compact(item).unwrap_or_default()).collect()),
        Value::Null | Value::Bool(false) => None,
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => match text.parse::<crate::duration::GoDuration>() {
            Ok(duration) => Some(Value::from(duration.to_string())),
            Err(_) => Some(value.clone()),
        },
        Value::Bool(true) | Value::Number(_) => Some(value.clone()),
    }
}

#[test]
fn the_repository_that_users_are_shown_fits() {
    fits::<Repository>(REPOSITORY);
}

#[test]
fn the_job_config_that_users_are_shown_fits() {
    fits::<JobConfig>(JOB_CONFIG);
}

#[test]
fn the_merge_pool_that_users_are_shown_fits() {
    fits::<MergePool>(MERGE_POOL);
}

#[test]
fn the_label_policy_that_users_are_shown_fits() {
    fits::<LabelPolicy>(LABEL_POLICY);
}

#[test]
fn a_misspelt_field_is_found() {
    let schema = serde_json::to_value(&crds()[3].spec.versions[0].schema).unwrap();
    let spec = &schema["openAPIV3Schema"]["properties"]["spec"];
    let wrong = serde_json::json!({ "repositories": [], "strategy": { "typ": "Batch", "type": "Batsh" } });
    assert_eq!(refused(spec, &wrong, "spec").len(), 2);
}
