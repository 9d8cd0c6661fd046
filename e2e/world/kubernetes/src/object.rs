//! Reading and changing Kubernetes objects held as JSON.
//!
//! Absent and empty read the same here (`""`, no finalizers): that is how Kubernetes reads `omitempty` fields.

use serde_json::{Map, Value, json};

/// The text at a path, or `""`.
pub(crate) fn text<'a>(object: &'a Value, path: &[&str]) -> &'a str {
    get(object, path).and_then(Value::as_str).unwrap_or_default()
}

/// The value at a path.
pub(crate) fn get<'a>(object: &'a Value, path: &[&str]) -> Option<&'a Value> {
    path.iter().try_fold(object, |value, key| value.get(*key))
}

/// Sets the value at a path, making the objects above it; whatever stands in the way is replaced.
pub(crate) fn set(object: &mut Value, path: &[&str], value: Value) {
    let mut at = object;
    for key in path {
        if !at.is_object() {
            *at = Value::Object(Map::new());
        }
        let Value::Object(map) = at else { return };
        at = map.entry(*key).or_insert(Value::Null);
    }
    *at = value;
}

/// Takes the value at a path out.
pub(crate) fn remove(object: &mut Value, path: &[&str]) -> Option<Value> {
    let (last, above) = path.split_last()?;
    let mut at = object;
    for key in above {
        at = at.get_mut(*key)?;
    }
    at.as_object_mut()?.shift_remove(*last)
}

/// Copies the value at a path from another object, or removes it where the other has none.
pub(crate) fn copy(from: &Value, to: &mut Value, path: &[&str]) {
    match get(from, path) {
        Some(value) => set(to, path, value.clone()),
        None => drop(remove(to, path)),
    }
}

pub(crate) fn name(object: &Value) -> &str {
    text(object, &["metadata", "name"])
}

pub(crate) fn namespace(object: &Value) -> &str {
    text(object, &["metadata", "namespace"])
}

pub(crate) fn uid(object: &Value) -> &str {
    text(object, &["metadata", "uid"])
}

pub(crate) fn version(object: &Value) -> &str {
    text(object, &["metadata", "resourceVersion"])
}

/// Whether deletion has begun.
pub(crate) fn deleting(object: &Value) -> bool {
    !text(object, &["metadata", "deletionTimestamp"]).is_empty()
}

pub(crate) fn grace(object: &Value) -> Option<i64> {
    get(object, &["metadata", "deletionGracePeriodSeconds"]).and_then(Value::as_i64)
}

pub(crate) fn finalizers(object: &Value) -> Vec<&str> {
    list(object, &["metadata", "finalizers"]).iter().filter_map(Value::as_str).collect()
}

/// Adds a finalizer unless it is there.
pub(crate) fn add_finalizer(object: &mut Value, finalizer: &str) {
    let mut all: Vec<Value> = finalizers(object).iter().map(|f| json!(f)).collect();
    if !all.iter().any(|f| f == finalizer) {
        all.push(json!(finalizer));
        set(object, &["metadata", "finalizers"], Value::Array(all));
    }
}

/// Takes a finalizer off.
pub(crate) fn remove_finalizer(object: &mut Value, finalizer: &str) {
    let rest: Vec<Value> = finalizers(object).iter().filter(|f| **f != finalizer).map(|f| json!(f)).collect();
    if rest.is_empty() {
        remove(object, &["metadata", "finalizers"]);
    } else {
        set(object, &["metadata", "finalizers"], Value::Array(rest));
    }
}

/// The list at a path, or an empty one.
pub(crate) fn list<'a>(object: &'a Value, path: &[&str]) -> &'a [Value] {
    get(object, path).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The uids of an object's owners.
pub(crate) fn owners(object: &Value) -> impl Iterator<Item = &str> {
    list(object, &["metadata", "ownerReferences"]).iter().map(|owner| text(owner, &["uid"]))
}

/// Sets or replaces a condition by type, moving its transition time only when its status changes.
pub(crate) fn set_condition(object: &mut Value, kind: &str, reason: &str, message: &str, now: &Value) {
    let mut all = list(object, &["status", "conditions"]).to_vec();
    let old = all.iter().position(|c| text(c, &["type"]) == kind);
    let mut condition = json!({
        "type": kind, "status": "True", "reason": reason, "message": message, "lastTransitionTime": now,
    });
    match old.and_then(|at| all.get_mut(at)) {
        Some(old) => {
            if text(old, &["status"]) == "True" {
                copy(old, &mut condition, &["lastTransitionTime"]);
            }
            *old = condition;
        }
        None => all.push(condition),
    }
    set(object, &["status", "conditions"], Value::Array(all));
}
