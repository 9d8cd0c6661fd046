//! When two JSON answers are equal: as `golden/*/README.md` say.

use serde_json::Value;

/// The value without what counts as absent: `null` members, and `{}` of `resources`, `status`, `strategy`, and `""` of
/// `name`. Numbers that are whole are integers. Lists keep their order.
pub fn normalised(value: &Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(
            members
                .iter()
                .map(|(key, value)| (key.clone(), normalised(value)))
                .filter(|(key, value)| !counts_as_absent(key, value))
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.iter().map(normalised).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

fn counts_as_absent(key: &str, value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(members) => members.is_empty() && matches!(key, "resources" | "status" | "strategy"),
        Value::String(text) => text.is_empty() && key == "name",
        Value::Bool(_) | Value::Number(_) | Value::Array(_) => false,
    }
}
