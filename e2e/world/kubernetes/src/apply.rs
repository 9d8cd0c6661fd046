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
        let mut kept = applier.fields.clone();
        for manager in &managers {
            kept.union(&manager.fields);
        }
        // An object keeps its metadata, whoever owned what in it.
        kept.children.entry(Step::Field("metadata".to_owned())).or_default().member = true;
        prune(Some(node), &mut object, &last.fields, &kept);
    }
    if ownable(live) == ownable(&object) {
        applier.time = last.map(|last| last.time).unwrap_or_default();
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
            ListKind::Set | ListKind::Map(_) => Value::Array(interleave(node, live, config)),
        },
        (_, config) => config.clone(),
    }
}

/// Two keyed lists as one: in the applied order, with what only the live list has where it stood before.
fn interleave(node: Option<Node<'_>>, live: &[Value], config: &[Value]) -> Vec<Value> {
    let live: Vec<(Step, &Value)> = items(node, live).collect();
    let config: Vec<(Step, &Value)> = items(node, config).collect();
    let find = |list: &[(Step, &Value)], step: &Step| {
        list.iter().find(|(s, _)| s == step).map(|(_, v)| Value::clone(v))
    };
    let merged = |step: &Step, applied: &Value| match find(&live, step) {
        Some(live) => merge(node.and_then(Node::items), &live, applied),
        None => applied.clone(),
    };
    let mut shared =
        config.iter().map(|(step, _)| step).filter(|step| find(&live, step).is_some()).peekable();
    let (mut left, mut right) = (live.iter().peekable(), config.iter().peekable());
    let (mut all, mut done): (Vec<Value>, Vec<&Step>) = (Vec::new(), Vec::new());
    while left.peek().is_some() || right.peek().is_some() {
        if let (Some((ours, _)), Some((theirs, applied))) = (left.peek(), right.peek()) {
            if ours == theirs {
                all.push(merged(theirs, applied));
                done.push(theirs);
                left.next();
                right.next();
                shared.next();
                continue;
            }
            // A shared item whose turn has not come stands where the applied list puts it.
            if find(&config, ours).is_some() && shared.peek().is_some_and(|next| *next != ours) {
                left.next();
                continue;
            }
        }
        if let Some((ours, value)) = left.peek() {
            if find(&config, ours).is_none() {
                all.push(Value::clone(value));
                left.next();
                continue;
            }
            if done.contains(&ours) {
                left.next();
            }
        }
        if let Some((theirs, applied)) = right.next() {
            all.push(merged(theirs, applied));
            done.push(theirs);
            if shared.peek() == Some(&theirs) {
                shared.next();
            }
        }
    }
    all
}

/// Takes away what the applier owned before (`last`) and nobody owns now (`kept`). A field goes with all below it, as
/// long as nothing below it is owned. What has lost all it held is null, as in Kubernetes, where that is often refused.
fn prune(node: Option<Node<'_>>, value: &mut Value, last: &FieldSet, kept: &FieldSet) -> bool {
    let nothing = FieldSet::default();
    let goes = |step: &Step| last.reaches(step) && !kept.reaches(step);
    // An empty set or map-list holds nothing that could be owned, and is left alone.
    let hollow = |name: &str, value: &Value| {
        let mut alone = serde_json::Map::new();
        alone.insert(name.to_owned(), value.clone());
        FieldSet::of(node, &Value::Object(alone)).is_empty()
    };
    let mut pruned = false;
    match value {
        Value::Object(map) => {
            let before = map.len();
            map.retain(|name, value| !goes(&Step::Field(name.clone())) || hollow(name, value));
            pruned |= map.len() < before;
            for (name, value) in map.iter_mut() {
                let step = Step::Field(name.clone());
                if let Some(last) = last.child(&step) {
                    let child = node.and_then(|node| node.field(name));
                    pruned |= prune(child, value, last, kept.child(&step).unwrap_or(&nothing));
                }
            }
            if pruned && map.is_empty() {
                *value = Value::Null;
            }
        }
        Value::Array(list) if list_kind(node) != ListKind::Atomic => {
            let steps: Vec<Step> = items(node, list).map(|(step, _)| step).collect();
            let before = list.len();
            let mut at = steps.iter();
            list.retain(|_| !at.next().is_some_and(goes));
            pruned |= list.len() < before;
            for (step, value) in steps.iter().filter(|step| !goes(step)).zip(list.iter_mut()) {
                if let Some(last) = last.child(step) {
                    let kept = kept.child(step).unwrap_or(&nothing);
                    pruned |= prune(node.and_then(Node::items), value, last, kept);
                }
            }
            if pruned && list.is_empty() {
                *value = Value::Null;
            }
        }
        _ => {}
    }
    pruned
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
