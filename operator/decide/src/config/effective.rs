//! A job as it is in effect: after defaults and presets, in the one spelling that Go would write it in.
//!
//! For `explain`, and for comparing with Prow. Quantities are canonical, fields that no type has are gone, and so is
//! what says no more than its absence.

use super::{
    quantity::Quantity,
    shape::{Object, SHAPES, Shape},
};
use crate::job::{Periodic, Postsubmit, Presubmit};
use serde_json::{Map, Value};

/// A presubmit in effect.
pub fn effective_presubmit(job: &Presubmit) -> Value {
    effective(&SHAPES.presubmit, serde_json::to_value(job.raw()).unwrap_or_default())
}

/// A postsubmit in effect.
pub fn effective_postsubmit(job: &Postsubmit) -> Value {
    effective(&SHAPES.postsubmit, serde_json::to_value(job.raw()).unwrap_or_default())
}

/// A periodic in effect.
pub fn effective_periodic(job: &Periodic) -> Value {
    effective(&SHAPES.periodic, serde_json::to_value(job.raw()).unwrap_or_default())
}

fn effective(shape: &Shape, value: Value) -> Value {
    match (shape, value) {
        (Shape::Quantity, Value::String(text)) => match text.parse::<Quantity>() {
            Ok(quantity) => Value::String(quantity.to_string()),
            Err(_) => Value::String(text),
        },
        (Shape::List(of), Value::Array(items)) => {
            Value::Array(items.into_iter().map(|item| effective(of, item)).collect())
        }
        (Shape::Map(of), Value::Object(members)) => {
            Value::Object(members.into_iter().map(|(key, value)| (key, effective(of, value))).collect())
        }
        (Shape::Object(object), Value::Object(members)) => {
            let members = members.into_iter().filter_map(|(name, value)| {
                let shape = object.fields.get(&name)?;
                let value = effective(shape, value);
                (!says_nothing(object, &name, shape, &value)).then_some((name, value))
            });
            let mut members: Map<String, Value> = members.collect();
            // A quantity that is no pointer is always written, so the divisor of a resource is.
            if object.kubernetes && object.fields.contains_key("divisor") {
                members.entry("divisor").or_insert_with(|| Value::from("0"));
            }
            Value::Object(members)
        }
        (_, value) => value,
    }
}

/// Fields of Kubernetes' types that are optional by being zero: Go leaves them out, and nobody can tell the difference.
const ZERO_IS_ABSENT: [&str; 12] = [
    "tty",
    "stdin",
    "stdinOnce",
    "readOnly",
    "hostNetwork",
    "hostPID",
    "hostIPC",
    "hostPort",
    "initialDelaySeconds",
    "timeoutSeconds",
    "periodSeconds",
    "failureThreshold",
];

fn says_nothing(object: &Object, name: &str, shape: &Shape, value: &Value) -> bool {
    let zero = || ZERO_IS_ABSENT.contains(&name);
    match value {
        Value::Null => true,
        Value::String(text) => object.kubernetes && text.is_empty(),
        Value::Array(items) => object.kubernetes && items.is_empty(),
        Value::Object(members) => object.kubernetes && members.is_empty() && matches!(shape, Shape::Map(_)),
        Value::Bool(set) => object.kubernetes && !set && zero(),
        Value::Number(number) => object.kubernetes && number.as_i64() == Some(0) && zero(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_says_no_more_than_its_absence_is_gone() {
        let job = json!({
            "name": "a",
            "decoration_config": {"gcs_credentials_secret": ""},
            "spec": {
                "containers": [{
                    "image": "x", "args": [], "tty": false, "odd": 1,
                    "env": [{"name": "A", "value": ""}],
                    "securityContext": {"privileged": false},
                    "resources": {"limits": {"memory": "1024Mi"}}
                }],
                "nodeSelector": {},
                "volumes": [{"name": "v", "emptyDir": {}}]
            }
        });
        assert_eq!(
            effective(&SHAPES.presubmit, job),
            json!({
                "name": "a",
                "decoration_config": {"gcs_credentials_secret": ""},
                "spec": {
                    "containers": [{
                        "image": "x",
                        "env": [{"name": "A"}],
                        "securityContext": {"privileged": false},
                        "resources": {"limits": {"memory": "1Gi"}}
                    }],
                    "volumes": [{"name": "v", "emptyDir": {}}]
                }
            })
        );
    }
}
