//! Events have two APIs over the same objects: core/v1, which is the stored form, and events.k8s.io/v1.

use serde_json::{Map, Value, json};

use crate::object;

/// Fields that are called differently: events.k8s.io, core.
const RENAMED: &[(&str, &str)] = &[
    ("regarding", "involvedObject"),
    ("note", "message"),
    ("reportingController", "reportingComponent"),
    ("deprecatedSource", "source"),
    ("deprecatedFirstTimestamp", "firstTimestamp"),
    ("deprecatedLastTimestamp", "lastTimestamp"),
    ("deprecatedCount", "count"),
];

/// A core event as events.k8s.io shows it.
pub(crate) fn from_core(stored: &Value) -> Value {
    let mut event =
        rename(stored, |field| RENAMED.iter().find(|(_, core)| *core == field).map(|(new, _)| *new));
    for field in ["reportingController", "reportingInstance"] {
        if object::text(&event, &[field]).is_empty() {
            object::remove(&mut event, &[field]);
        }
    }
    event
}

/// An event of events.k8s.io in the stored form.
pub(crate) fn to_core(event: &Value) -> Value {
    rename(event, |field| RENAMED.iter().find(|(new, _)| *new == field).map(|(_, core)| *core))
}

/// Fields of a core event that are never absent.
pub(crate) fn complete(mut event: Value) -> Value {
    for (field, empty) in
        [("source", json!({})), ("reportingComponent", json!("")), ("reportingInstance", json!(""))]
    {
        if event.get(field).is_none() {
            object::set(&mut event, &[field], empty);
        }
    }
    event
}

fn rename(event: &Value, name: impl Fn(&str) -> Option<&'static str>) -> Value {
    let fields = event.as_object().into_iter().flatten();
    let renamed = fields.map(|(field, value)| (name(field).unwrap_or(field).to_owned(), value.clone()));
    Value::Object(renamed.collect::<Map<_, _>>())
}
