//! Checking `metadata`, which is the same for every kind.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value, json};

use crate::failure::FieldError;
use crate::object::{self, text};
use crate::resource::{BuiltIn, Kind};

const LABEL: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const SUBDOMAIN: &str = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
const NAME_PART: &str = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const LABEL_VALUE: &str = "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?";
/// All annotations of an object together, in bytes.
const ANNOTATIONS_MAX: usize = 256 * 1024;

static IS_LABEL: LazyLock<Option<Regex>> = LazyLock::new(|| whole(LABEL));
static IS_SUBDOMAIN: LazyLock<Option<Regex>> = LazyLock::new(|| whole(SUBDOMAIN));
static IS_NAME_PART: LazyLock<Option<Regex>> = LazyLock::new(|| whole(NAME_PART));
static IS_LABEL_VALUE: LazyLock<Option<Regex>> = LazyLock::new(|| whole(LABEL_VALUE));

fn whole(pattern: &str) -> Option<Regex> {
    Regex::new(&format!("^{pattern}$")).ok()
}

fn is(pattern: &LazyLock<Option<Regex>>, text: &str) -> bool {
    pattern.as_ref().is_some_and(|regex| regex.is_match(text))
}

/// What is wrong with a DNS label, if anything.
pub(crate) fn not_a_label(name: &str) -> Option<String> {
    if name.len() > 63 {
        return Some("must be no more than 63 characters".to_owned());
    }
    (!is(&IS_LABEL, name)).then(|| {
        format!(
            "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end \
             with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '{LABEL}')"
        )
    })
}

/// What is wrong with a DNS subdomain, if anything.
pub(crate) fn not_a_subdomain(name: &str) -> Option<String> {
    if name.len() > 253 {
        return Some("must be no more than 253 characters".to_owned());
    }
    (!is(&IS_SUBDOMAIN, name)).then(|| {
        format!(
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start \
             and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '{SUBDOMAIN}')"
        )
    })
}

/// What is wrong with a qualified name (`name` or `domain/name`), if anything.
fn not_qualified(key: &str) -> Option<String> {
    let (prefix, name) = key.rsplit_once('/').map_or((None, key), |(prefix, name)| (Some(prefix), name));
    if let Some(why) = prefix.and_then(not_a_subdomain) {
        return Some(format!("prefix part {why}"));
    }
    if name.len() > 63 {
        return Some("name part must be no more than 63 characters".to_owned());
    }
    (!is(&IS_NAME_PART, name)).then(|| {
        format!(
            "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
             alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
             '{NAME_PART}')"
        )
    })
}

/// All mistakes in an object's metadata.
pub(crate) fn check(kind: &Kind, object: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let name = object::name(object);
    let name_fault = match kind.built_in {
        Some(BuiltIn::Namespace) => not_a_label(name),
        _ => not_a_subdomain(name),
    };
    if name.is_empty() {
        errors.push(FieldError::required("metadata.name", "name or generateName is required"));
    } else if let Some(why) = name_fault {
        errors.push(FieldError::invalid("metadata.name", &json!(name), &why));
    }
    labels(object, &mut errors);
    annotations(object, &mut errors);
    finalizers(object, old, &mut errors);
    owners(object, &mut errors);
    errors
}

fn map<'a>(object: &'a Value, field: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    object::get(object, &["metadata", field]).and_then(Value::as_object).into_iter().flat_map(Map::iter)
}

fn labels(object: &Value, errors: &mut Vec<FieldError>) {
    for (key, value) in map(object, "labels") {
        if let Some(why) = not_qualified(key) {
            errors.push(FieldError::invalid("metadata.labels", &json!(key), &why));
        }
        let text = value.as_str().unwrap_or_default();
        if text.len() > 63 {
            errors.push(FieldError::invalid("metadata.labels", value, "must be no more than 63 bytes"));
        } else if !is(&IS_LABEL_VALUE, text) {
            let detail = format!(
                "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must \
                 start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for \
                 validation is '{LABEL_VALUE}')"
            );
            errors.push(FieldError::invalid("metadata.labels", value, &detail));
        }
    }
}

fn annotations(object: &Value, errors: &mut Vec<FieldError>) {
    let mut size = 0;
    for (key, value) in map(object, "annotations") {
        if let Some(why) = not_qualified(&key.to_lowercase()) {
            errors.push(FieldError::invalid("metadata.annotations", &json!(key), &why));
        }
        size += key.len() + value.as_str().map_or(0, str::len);
    }
    if size > ANNOTATIONS_MAX {
        errors.push(FieldError::too_long("metadata.annotations", ANNOTATIONS_MAX as u64));
    }
}

fn finalizers(object: &Value, old: Option<&Value>, errors: &mut Vec<FieldError>) {
    let all = object::finalizers(object);
    for finalizer in &all {
        if let Some(why) = not_qualified(finalizer) {
            errors.push(FieldError::invalid("metadata.finalizers", &json!(finalizer), &why));
        } else if !finalizer.contains('/')
            && !matches!(*finalizer, "orphan" | "foregroundDeletion" | "kubernetes")
            && !finalizer.starts_with("customresourcecleanup.")
        {
            let why = "name is neither a standard finalizer name nor is it fully qualified";
            errors.push(FieldError::invalid("metadata.finalizers", &json!(finalizer), why));
        }
    }
    if let Some(old) = old.filter(|old| object::deleting(old)) {
        let before = object::finalizers(old);
        let new: Vec<String> = all.iter().filter(|f| !before.contains(f)).map(|f| format!("{f:?}")).collect();
        if !new.is_empty() {
            let found = new.join(", ");
            errors.push(FieldError::forbidden(
                "metadata.finalizers",
                &format!(
                    "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{found}}}"
                ),
            ));
        }
    }
}

fn owners(object: &Value, errors: &mut Vec<FieldError>) {
    let all = object::list(object, &["metadata", "ownerReferences"]);
    for (i, owner) in all.iter().enumerate() {
        for field in ["apiVersion", "kind", "name", "uid"] {
            if text(owner, &[field]).is_empty() {
                let path = format!("metadata.ownerReferences[{i}].{field}");
                errors.push(FieldError::required(&path, "must not be empty"));
            }
        }
    }
    let controllers: Vec<&str> = all
        .iter()
        .filter(|owner| owner.get("controller") == Some(&Value::Bool(true)))
        .map(|owner| text(owner, &["name"]))
        .collect();
    if let [first, second, ..] = controllers.as_slice() {
        let detail = format!(
            "Only one reference can have Controller set to true. Found \"true\" in references for {first} and {second}"
        );
        errors.push(FieldError::invalid("metadata.ownerReferences", &json!(all), &detail));
    }
}
