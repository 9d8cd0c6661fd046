//! Reading Prow's `tide:` and `branch-protection:` into the pool's own types: for comparing with Prow, import and lint.

mod context;
mod method;
mod protection;
mod tide;

pub use context::ContextOptions;
pub use method::MethodRules;
pub use protection::{BranchProtection, Contradiction};
pub use tide::{InvalidTide, Tide, TideQuery, TideSection};

use serde::de::DeserializeOwned;
use serde_json::Value;

/// A section of Prow's main configuration. A field that is written and left empty counts as absent, as in Go.
///
/// # Errors
/// Where a field has a value of another type.
pub fn section<T: DeserializeOwned + Default>(name: &str, value: &Value) -> Result<T, InvalidTide> {
    match without_nulls(value) {
        Value::Null => Ok(T::default()),
        written => serde_json::from_value(written).map_err(|wrong| InvalidTide::new(name, wrong.to_string())),
    }
}

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(
            members
                .iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(key, value)| (key.clone(), without_nulls(value)))
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.iter().map(without_nulls).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_is_left_empty_counts_as_absent() {
        let written = serde_json::json!({ "queries": [{ "repos": ["acme/widgets"], "labels": null }], "priority": null });
        let tide = Tide::new(section("tide", &written).unwrap()).unwrap();
        assert_eq!(tide.queries().len(), 1);
        assert!(section::<TideSection>("tide", &serde_json::json!({ "queries": 7 })).is_err());
    }
}
