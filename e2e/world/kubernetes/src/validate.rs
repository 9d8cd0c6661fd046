//! Checking custom resources against their schema, in the API server's words.
//!
//! An update that leaves a wrong value as it was is let through (ratcheting), so a stricter CRD never locks objects.

use serde_json::{Map, Value, json};

use crate::failure::FieldError;
use crate::schema::{ListKind, Node, item_key, join, same_item};

/// All mistakes of a value. `old` is what stood there before, where that can be told.
pub(crate) fn check(node: Node<'_>, value: &Value, old: Option<&Value>, path: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    walk(node, value, old, path, &mut errors);
    errors
}

fn walk(node: Node<'_>, value: &Value, old: Option<&Value>, path: &str, errors: &mut Vec<FieldError>) {
    if old == Some(value) || (value.is_null() && node.flag("nullable")) {
        return;
    }
    if !right_type(node, value) {
        let shown = json!(type_name(value));
        let kind = if node.flag("x-kubernetes-int-or-string") { "integer,string" } else { node.kind() };
        let detail = format!("{path} in body must be of type {kind}: {shown}");
        errors.push(FieldError::type_invalid(path, &shown, &detail));
        return;
    }
    if let Some(allowed) = node.keyword("enum").and_then(Value::as_array)
        && !allowed.contains(value)
    {
        errors.push(FieldError::unsupported(path, value, allowed));
    }
    match value {
        Value::String(text) => string(node, text, path, errors),
        Value::Number(_) => number(node, value, path, errors),
        Value::Array(list) => array(node, list, old, path, errors),
        Value::Object(map) => object(node, map, old, path, errors),
        Value::Null | Value::Bool(_) => {}
    }
    combinations(node, value, path, errors);
}

fn right_type(node: Node<'_>, value: &Value) -> bool {
    if node.flag("x-kubernetes-int-or-string") {
        return value.is_string() || value.is_i64() || value.is_u64();
    }
    match node.kind() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|n| n.fract() == 0.0),
        "number" => value.is_number(),
        _ => true,
    }
}

/// The JSON type of a value, as the API server names it.
pub(crate) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn bound(node: Node<'_>, keyword: &str) -> Option<u64> {
    node.keyword(keyword).and_then(Value::as_u64)
}

/// Of length and pattern, only the first mistake is told.
fn string(node: Node<'_>, text: &str, path: &str, errors: &mut Vec<FieldError>) {
    let length = text.chars().count() as u64;
    let invalid = |detail: String| FieldError::invalid(path, &json!(text), &detail);
    if let Some(max) = bound(node, "maxLength").filter(|max| length > *max) {
        errors.push(FieldError::too_long(path, max));
    } else if let Some(min) = bound(node, "minLength").filter(|min| length < *min) {
        errors.push(invalid(format!("{path} in body should be at least {min} chars long")));
    } else if let Some(pattern) = node.keyword("pattern").and_then(Value::as_str)
        && !regex::Regex::new(pattern).is_ok_and(|regex| regex.is_match(text))
    {
        errors.push(invalid(format!("{path} in body should match '{pattern}'")));
    }
    let format = node.format();
    if !right_format(format, text) {
        errors.push(invalid(format!("{path} in body must be of type {format}: {}", json!(text))));
    }
}

/// The formats that this server checks. Which others a CRD may name: `crd`.
pub(crate) const FORMATS: &[&str] = &["date-time", "byte", "int32", "int64", "float", "double", "password"];

fn right_format(format: &str, text: &str) -> bool {
    match format {
        "date-time" => text.parse::<jiff::Timestamp>().is_ok(),
        "byte" => data_encoding::BASE64.decode(text.as_bytes()).is_ok(),
        _ => true,
    }
}

fn number(node: Node<'_>, value: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let at = |keyword: &str| node.keyword(keyword).and_then(Value::as_f64);
    let actual = value.as_f64().unwrap_or_default();
    let mut wrong = |detail: String| errors.push(FieldError::invalid(path, value, &detail));
    if let Some(min) = at("minimum") {
        if node.flag("exclusiveMinimum") && actual <= min {
            wrong(format!("{path} in body should be greater than {min}"));
        } else if actual < min {
            wrong(format!("{path} in body should be greater than or equal to {min}"));
        }
    }
    if let Some(max) = at("maximum") {
        if node.flag("exclusiveMaximum") && actual >= max {
            wrong(format!("{path} in body should be less than {max}"));
        } else if actual > max {
            wrong(format!("{path} in body should be less than or equal to {max}"));
        }
    }
    if let Some(step) = at("multipleOf").filter(|step| *step != 0.0 && (actual / step).fract() != 0.0) {
        wrong(format!("{path} in body should be a multiple of {step}"));
    }
    if node.format() == "int32" && value.as_i64().is_none_or(|n| i32::try_from(n).is_err()) {
        wrong(format!("{path} in body must be of type int32: {}", json!("integer")));
    }
}

/// Too many or too few fields hide what is wrong with each.
fn object(
    node: Node<'_>,
    map: &Map<String, Value>,
    old: Option<&Value>,
    path: &str,
    errors: &mut Vec<FieldError>,
) {
    if let Some(max) = bound(node, "maxProperties").filter(|max| map.len() as u64 > *max) {
        return errors.push(FieldError::too_many(path, map.len(), max));
    }
    if let Some(min) = bound(node, "minProperties").filter(|min| (map.len() as u64) < *min) {
        let detail = format!("{path} in body should have at least {min} properties");
        return errors.push(FieldError::invalid(path, &json!(map.len()), &detail));
    }
    for name in node.keyword("required").and_then(Value::as_array).into_iter().flatten() {
        let name = name.as_str().unwrap_or_default();
        if !map.contains_key(name) {
            errors.push(FieldError::required(&join(path, name), ""));
        }
    }
    for (name, value) in map {
        if let Some(field) = node.field(name) {
            walk(field, value, old.and_then(|old| old.get(name)), &join(path, name), errors);
        }
    }
}

fn array(node: Node<'_>, list: &[Value], old: Option<&Value>, path: &str, errors: &mut Vec<FieldError>) {
    if let Some(max) = bound(node, "maxItems").filter(|max| list.len() as u64 > *max) {
        errors.push(FieldError::too_many(path, list.len(), max));
    }
    if let Some(min) = bound(node, "minItems").filter(|min| (list.len() as u64) < *min) {
        let detail = format!("{path} in body should have at least {min} items");
        errors.push(FieldError::invalid(path, &json!(list.len()), &detail));
    }
    let identity = |item: &Value| match node.list_kind() {
        ListKind::Atomic => None,
        ListKind::Set => Some(item.clone()),
        ListKind::Map(keys) => Some(item_key(node, &keys, item)),
    };
    for (i, item) in list.iter().enumerate() {
        let path = format!("{path}[{i}]");
        if let Some(key) = identity(item)
            && list.iter().take(i).any(|earlier| identity(earlier).as_ref() == Some(&key))
        {
            errors.push(FieldError::duplicate(&path, &key));
        }
        if let Some(items) = node.items() {
            walk(items, item, same_item(node, old, item), &path, errors);
        }
    }
}

fn combinations(node: Node<'_>, value: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let passes = |branch: Node<'_>| check(branch, value, None, path).is_empty();
    let mut wrong = |text: &str| {
        errors.push(FieldError::invalid(path, &json!(""), &format!("{} {text}", json!(path))));
    };
    if node.branches("allOf").any(|branch| !passes(branch)) {
        wrong("must validate all the schemas (allOf)");
    }
    if node.keyword("anyOf").is_some() && !node.branches("anyOf").any(passes) {
        wrong("must validate at least one schema (anyOf)");
    }
    if node.keyword("oneOf").is_some() {
        match node.branches("oneOf").filter(|branch| passes(*branch)).count() {
            1 => {}
            0 => wrong("must validate one and only one schema (oneOf). Found none valid"),
            n => {
                wrong(&format!(
                    "must validate one and only one schema (oneOf). Found {n} valid alternatives"
                ));
            }
        }
    }
    if let Some(not) = node.keyword("not")
        && passes(node.at(not))
    {
        wrong("must not validate the schema (not)");
    }
}
