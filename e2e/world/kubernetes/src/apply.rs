//! Server-side apply: merge what is applied, take away what is applied no more, refuse what others own.

use serde_json::{Value, json};

use crate::failure::Failure;
use crate::field_set::{FieldSet, Step, compare, items, list_kind};
use crate::managed_fields::{Manager, Operation, managers, ownable, without_metadata_itself};
use crate::schema::{ListKind, Node};

/// The outcome of an apply, before the object is checked and stored.
pub(crate) struct Applied {
    pub(crate) object: Value,
    pub(crate) managers: Vec<Manager>,
}

/// Applies a configuration to an object (which is `{}` where there is none yet).
pub(crate) fn apply(
    node: Node<'_>,
    live: &Value,
    config: &Value,
    mut applier: Manager,
    force: bool,
) -> Result<Applied, Failure> {
    let mut managers = managers(live);
    if managers.is_empty() && live.get("metadata").is_some() {
        // What was there before anybody applied belongs to whoever wrote it, by a name of Kubernetes' own.
        managers.push(Manager {
            name: "before-first-apply".to_owned(),
            operation: Operation::Update,
            subresource: String::new(),
            fields: without_metadata_itself(FieldSet::of(Some(node), &ownable(live))),
            ..applier.clone()
        });
    }
    let last = managers.iter().position(|manager| manager.same(&applier)).map(|at| managers.remove(at));
    applier.fields = without_metadata_itself(FieldSet::of(Some(node), &ownable(config)));
    applier.fields.member = false;
    let mut object = merge(Some(node), live, config);
    if let Some(last) = &last {
        if last.fields == applier.fields {
            applier.time.clone_from(&last.time);
        }
        let mut kept = applier.fields.clone();
        for manager in &managers {
            kept.union(&manager.fields);
        }
        prune(Some(node), &mut object, &last.fields, &kept);
    }
    let difference = compare(Some(node), Some(&ownable(live)), Some(&ownable(&object)));
    let mut conflicts: Vec<(String, String)> = Vec::new();
    for manager in &mut managers {
        let taken = manager.fields.intersection(&difference.changed);
        conflicts.extend(taken.paths().into_iter().map(|path| (manager.shown(), path)));
        manager.fields.subtract(&taken);
        manager.fields.subtract(&difference.removed);
    }
    if !conflicts.is_empty() && !force {
        return Err(conflict(&conflicts));
    }
    managers.push(applier);
    Ok(Applied { object, managers })
}

/// 409 with a cause for each field that somebody else owns.
fn conflict(conflicts: &[(String, String)]) -> Failure {
    let message = if let [(manager, path)] = conflicts {
        format!("Apply failed with 1 conflict: conflict with {manager}: {path}")
    } else {
        let mut lines = Vec::new();
        let mut named: Vec<&String> = conflicts.iter().map(|(manager, _)| manager).collect();
        named.sort();
        named.dedup();
        for manager in named {
            lines.push(format!("conflicts with {manager}:"));
            let paths = conflicts.iter().filter(|(other, _)| other == manager);
            lines.extend(paths.map(|(_, path)| format!("- {path}")));
        }
        format!("Apply failed with {} conflicts: {}", conflicts.len(), lines.join("\n"))
    };
    let causes: Vec<Value> = conflicts
        .iter()
        .map(|(manager, path)| {
            json!({"reason": "FieldManagerConflict", "message": format!("conflict with {manager}"), "field": path})
        })
        .collect();
    Failure { details: Box::new(json!({"causes": causes})), ..Failure::new(409, "Conflict", message) }
}

/// The live value with the applied one laid over it.
fn merge(node: Option<Node<'_>>, live: &Value, config: &Value) -> Value {
    match (live, config) {
        (Value::Object(live), Value::Object(config)) if !node.is_some_and(Node::atomic_map) => {
            let mut merged = live.clone();
            for (name, value) in config {
                let child = node.and_then(|node| node.field(name));
                let value = match live.get(name) {
                    Some(live) => merge(child, live, value),
                    None => value.clone(),
                };
                merged.insert(name.clone(), value);
            }
            Value::Object(merged)
        }
        (Value::Array(live), Value::Array(config)) => match list_kind(node) {
            ListKind::Atomic => Value::Array(config.clone()),
            ListKind::Set | ListKind::Map(_) => {
                let mut merged: Vec<(Step, Value)> =
                    items(node, live).map(|(step, value)| (step, value.clone())).collect();
                for (step, value) in items(node, config) {
                    match merged.iter_mut().find(|(known, _)| *known == step) {
                        Some((_, live)) => *live = merge(node.and_then(Node::items), live, value),
                        None => merged.push((step, value.clone())),
                    }
                }
                Value::Array(merged.into_iter().map(|(_, value)| value).collect())
            }
        },
        (_, config) => config.clone(),
    }
}

/// Takes away what the applier owned before (`last`) and nobody owns now (`kept`). A field goes with all below it, as
/// long as nothing below it is owned.
fn prune(node: Option<Node<'_>>, value: &mut Value, last: &FieldSet, kept: &FieldSet) {
    let nothing = FieldSet::default();
    let goes = |step: &Step| last.reaches(step) && !kept.reaches(step);
    match value {
        Value::Object(map) => {
            map.retain(|name, _| !goes(&Step::Field(name.clone())));
            for (name, value) in map {
                let step = Step::Field(name.clone());
                if let Some(last) = last.child(&step) {
                    let child = node.and_then(|node| node.field(name));
                    prune(child, value, last, kept.child(&step).unwrap_or(&nothing));
                }
            }
        }
        Value::Array(list) if list_kind(node) != ListKind::Atomic => {
            let steps: Vec<Step> = items(node, list).map(|(step, _)| step).collect();
            let mut at = steps.iter();
            list.retain(|_| !at.next().is_some_and(goes));
            for (step, value) in steps.iter().filter(|step| !goes(step)).zip(list) {
                if let Some(last) = last.child(step) {
                    prune(node.and_then(Node::items), value, last, kept.child(step).unwrap_or(&nothing));
                }
            }
        }
        _ => {}
    }
}

/// What of a configuration is applied through an endpoint: the status only through its subresource, the spec never there.
pub(crate) fn reset(config: &mut Value, has_status: bool, through_status: bool) {
    let Value::Object(map) = config else { return };
    if through_status {
        map.shift_remove("spec");
    } else if has_status {
        map.shift_remove("status");
    }
}
