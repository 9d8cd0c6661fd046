//! Walking a value along its shape: names are set right, `null` is nothing, and what does not fit is told.
//!
//! The one reading of everything that comes from outside: job files, objects from the API server, Prow's main
//! configuration. What it leaves can be read by serde without complaint.

use super::{
    problem::{At, Problem},
    quantity::Quantity,
    shape::{Object, Shape},
};
use crate::text::nearest;
use api::duration::GoDuration;
use serde_json::{Map, Value};

/// Walks a value along its shape: sets names right, leaves out `null`, and tells what does not fit, which then is
/// `null` or missing in the answer.
pub(super) fn fit(shape: &Shape, value: Value, at: &At<'_>, problems: &mut Vec<Problem>) -> Value {
    match (shape, value) {
        (Shape::Any, value)
        | (_, value @ Value::Null)
        | (Shape::Text | Shape::LooseText | Shape::IntOrText, value @ Value::String(_))
        | (Shape::Boolean, value @ Value::Bool(_))
        | (Shape::Number, value @ Value::Number(_)) => value,
        (Shape::LooseText, value @ (Value::Bool(_) | Value::Number(_))) => {
            let text = value.to_string();
            problems.push(Problem::warning(at, format!("is read as the text {text:?}; put it in quotes")));
            Value::String(text)
        }
        (Shape::Integer { .. } | Shape::IntOrText | Shape::Duration, Value::Number(number))
            if fits(&number, shape) =>
        {
            Value::Number(number)
        }
        (Shape::Quantity, value @ (Value::String(_) | Value::Number(_))) => quantity(value, at, problems),
        (Shape::Duration, Value::String(text)) => match text.parse::<GoDuration>() {
            Ok(_) => Value::String(text),
            Err(e) => {
                problems.push(Problem::error(at, e.to_string()));
                Value::Null
            }
        },
        (Shape::List(of), Value::Array(items)) => {
            let items = items.into_iter().enumerate().map(|(i, item)| {
                let item = fit(of, item, &at.index(i), problems);
                if item.is_null() { zero(of) } else { item }
            });
            Value::Array(items.collect())
        }
        (Shape::Map(of), Value::Object(members)) => {
            let members = members.into_iter().map(|(key, member)| {
                let member = fit(of, member, &at.field(&key), problems);
                (key, if member.is_null() { zero(of) } else { member })
            });
            Value::Object(members.collect())
        }
        (Shape::Object(object), Value::Object(members)) => fit_object(object, members, at, problems),
        (shape, value) => {
            problems.push(Problem::error(at, mismatch(shape, &value)));
            Value::Null
        }
    }
}

fn fit_object(
    object: &Object,
    members: Map<String, Value>,
    at: &At<'_>,
    problems: &mut Vec<Problem>,
) -> Value {
    let mut fitted = Map::new();
    // Go sees the members in the order of their names; of two spellings of one field the later wins.
    let mut members: Vec<(String, Value)> = members.into_iter().collect();
    members.sort_by(|(a, _), (b, _)| a.cmp(b));
    for (written, member) in members {
        let Some(name) = object.name(&written) else {
            let known = object.fields.keys().map(String::as_str);
            problems.push(unknown_field(&at.field(&written), &written, known));
            fitted.insert(written, member);
            continue;
        };
        let at = at.field(name);
        if written != name {
            problems.push(Problem::warning(&at, format!("write {name}, not {written}")));
        }
        let Some(shape) = object.fields.get(name) else { continue };
        let member = fit(shape, member, &at, problems);
        if !member.is_null() {
            fitted.insert(name.to_owned(), member);
        }
    }
    for name in &object.needed {
        if let Some(shape) = object.fields.get(name).filter(|_| !fitted.contains_key(name)) {
            fitted.insert(name.clone(), zero(shape));
        }
    }
    Value::Object(fitted)
}

/// A field that means nothing, and perhaps the one that was meant.
pub(super) fn unknown_field<'a>(at: &At<'_>, written: &str, known: impl Iterator<Item = &'a str>) -> Problem {
    let meant = nearest(written, known).map_or_else(String::new, |meant| format!("; did you mean {meant}?"));
    Problem::warning(at, format!("unknown field: it has no effect{meant}"))
}

/// What Go leaves where nothing is written.
fn zero(shape: &Shape) -> Value {
    match shape {
        Shape::Any => Value::Null,
        Shape::Text | Shape::LooseText | Shape::IntOrText => Value::from(""),
        Shape::Boolean => Value::from(false),
        Shape::Integer { .. } | Shape::Number | Shape::Duration => Value::from(0),
        Shape::Quantity => Value::from("0"),
        Shape::List(_) => Value::Array(Vec::new()),
        Shape::Map(_) => Value::Object(Map::new()),
        Shape::Object(object) => {
            let needed =
                object.needed.iter().filter_map(|name| Some((name.clone(), zero(object.fields.get(name)?))));
            Value::Object(needed.collect())
        }
    }
}

/// Whether a number is whole and as narrow as its shape.
fn fits(number: &serde_json::Number, shape: &Shape) -> bool {
    let narrow = matches!(shape, Shape::IntOrText | Shape::Integer { bits: 32 });
    number.as_i64().is_some_and(|n| !narrow || i32::try_from(n).is_ok())
}

/// Kubernetes' types take a quantity as text only.
fn quantity(value: Value, at: &At<'_>, problems: &mut Vec<Problem>) -> Value {
    let text = match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    match text.parse::<Quantity>() {
        Ok(_) => Value::String(text),
        Err(e) => {
            problems.push(Problem::error(at, e.to_string()));
            Value::Null
        }
    }
}

fn mismatch(shape: &Shape, value: &Value) -> String {
    let expected = match shape {
        Shape::Any => "anything",
        Shape::Text | Shape::LooseText => "text",
        Shape::Boolean => "true or false",
        Shape::Integer { bits: 32 } => "a whole number of at most 32 bits",
        Shape::Integer { .. } => "a whole number",
        Shape::Number => "a number",
        Shape::IntOrText => "a whole number or text",
        Shape::Quantity => "a quantity such as 500m or 4Gi",
        Shape::Duration => "a duration such as 90m",
        Shape::List(_) => "a list",
        Shape::Map(_) | Shape::Object(_) => "a mapping",
    };
    let found = match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(value) => format!("the boolean {value}"),
        Value::Number(number) => format!("the number {number}"),
        Value::String(text) if text.chars().count() <= 40 => format!("the text {text:?}"),
        Value::String(_) => "a text".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a mapping".to_owned(),
    };
    let fix = match (shape, value) {
        (Shape::Text, Value::Bool(_) | Value::Number(_)) => "; put it in quotes",
        (Shape::Boolean | Shape::Integer { .. }, Value::String(_)) => "; write it without quotes",
        _ => "",
    };
    format!("must be {expected}, not {found}{fix}")
}

#[cfg(test)]
mod tests {
    use super::{super::shape::SHAPES, *};
    use serde_json::json;

    fn walked(shape: &Shape, value: Value) -> (Value, Vec<String>) {
        let mut problems = Vec::new();
        let value = fit(shape, value, &At::root(""), &mut problems);
        (value, problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn names_are_set_right_whatever_their_case_also_in_pod_specs() {
        let (value, problems) = walked(
            &SHAPES.presubmit,
            json!({"name": "a", "Always_Run": true, "spec": {"Containers": [{"IMAGE": "x", "name": null}]}}),
        );
        assert_eq!(value, json!({"name": "a", "always_run": true, "spec": {"containers": [{"image": "x"}]}}));
        assert_eq!(
            problems,
            [
                "always_run: write always_run, not Always_Run",
                "spec.containers: write containers, not Containers",
                "spec.containers[0].image: write image, not IMAGE",
            ]
        );
    }

    #[test]
    fn what_does_not_fit_is_told_with_its_path_and_the_fix() {
        let (_, problems) = walked(
            &SHAPES.presubmit,
            json!({"name": 5, "branches": [1.5], "max_concurrency": "3", "decoration_config": {"timeout": "1d"},
                "spec": {"containers": [{"env": [{"name": "A", "value": true}],
                    "resources": {"limits": {"cpu": "much"}}}]}}),
        );
        assert_eq!(
            problems,
            [
                "branches[0]: must be text, not the number 1.5; put it in quotes",
                "decoration_config.timeout: \"1d\" is not a duration; write it as in 90m, 1h30m or 500ms",
                "max_concurrency: must be a whole number, not the text \"3\"; write it without quotes",
                "name: must be text, not the number 5; put it in quotes",
                "spec.containers[0].env[0].value: must be text, not the boolean true; put it in quotes",
                "spec.containers[0].resources.limits.cpu: \"much\" is not a quantity; write it as in 500m, 2 or 4Gi",
            ]
        );
    }

    #[test]
    fn where_prow_takes_a_number_for_text_it_is_taken_with_a_warning() {
        let (value, problems) = walked(
            &SHAPES.preset,
            json!({"labels": {"preset-x": true}, "env": [{"name": "A", "value": 1.5}]}),
        );
        assert_eq!(value, json!({"labels": {"preset-x": "true"}, "env": [{"name": "A", "value": "1.5"}]}));
        assert_eq!(
            problems,
            [
                "env[0].value: is read as the text \"1.5\"; put it in quotes",
                "labels[\"preset-x\"]: is read as the text \"true\"; put it in quotes",
            ]
        );
    }

    #[test]
    fn unknown_fields_are_kept_and_told() {
        let (value, problems) =
            walked(&SHAPES.periodic, json!({"name": "a", "crom": "x", "spec": {"foo": 1}}));
        assert_eq!(value, json!({"crom": "x", "name": "a", "spec": {"foo": 1}}));
        assert_eq!(
            problems,
            [
                "crom: unknown field: it has no effect; did you mean cron?",
                "spec.foo: unknown field: it has no effect"
            ]
        );
    }

    #[test]
    fn null_is_nothing_and_in_a_map_of_texts_the_empty_text() {
        let (value, problems) =
            walked(&SHAPES.presubmit, json!({"labels": {"a": null}, "branches": null, "optional": null}));
        assert_eq!((value, problems), (json!({"labels": {"a": ""}, "name": ""}), vec![]));
    }

    #[test]
    fn numbers_are_quantities_and_ports() {
        let (value, problems) = walked(
            &SHAPES.presubmit,
            json!({"name": "a", "spec": {"containers": [{"resources": {"limits": {"cpu": 1.5}},
                "livenessProbe": {"httpGet": {"port": 80}}}]}}),
        );
        assert_eq!(problems, Vec::<String>::new());
        assert_eq!(value["spec"]["containers"][0]["resources"]["limits"]["cpu"], "1.5");
    }
}
