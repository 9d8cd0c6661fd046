//! PATCH in its four forms: JSON patch, merge patch, strategic merge patch, and server-side apply.

use serde_json::{Map, Value, json};

use crate::admit::{admit_new, admit_update};
use crate::apply;
use crate::decode::{Strictness, decode, fill_defaults, unreadable};
use crate::failure::{Failure, FieldError};
use crate::managed_fields::{self, Operation};
use crate::object::{self, set};
use crate::read;
use crate::schema::{self, Node};
use crate::state::State;
use crate::strategic;
use crate::strict;
use crate::write::{Answer, Outcome, Ownership, Write};

/// PATCH of an object.
pub(crate) fn patch(state: &mut State, write: &Write<'_>, body: &[u8]) -> Result<Answer, Failure> {
    let content_type = write.call.content_type.split(';').next().unwrap_or_default().trim();
    if content_type == "application/apply-patch+yaml" {
        return server_side_apply(state, write, body);
    }
    if write.call.query.has("force") {
        let error = FieldError::forbidden("force", "may not be specified for non-apply patch");
        return Err(Failure::options(write.call.options(), &error));
    }
    let strategic_too = write.kind().built_in.is_some();
    let (with_strategic, without) = (
        "application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, \
         application/apply-patch+yaml",
        "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml",
    );
    let stored = read::stored(state, write.kind(), write.call)?;
    let live = write.view.versioned(&stored);
    let read = strict::read(body, false)?;
    let node = write.view.version.schema.root();
    let patched = match content_type {
        "application/json-patch+json" => json_patch(&live, &read.value)?,
        "application/merge-patch+json" => merge_patch(&live, &read.value)?,
        "application/strategic-merge-patch+json" if strategic_too => {
            strategic::patch(node, &live, &read.value)?
        }
        other => return Err(unreadable(other, if strategic_too { with_strategic } else { without })),
    };
    if object::name(&patched) != write.call.name {
        return Err(Failure::bad_request(format!(
            "the name of the object ({}) does not match the name on the URL ({})",
            object::name(&patched),
            write.call.name
        )));
    }
    let mut warnings = Vec::new();
    let new = decode(write, strict::Read { value: patched, duplicates: read.duplicates }, &mut warnings)?;
    let managers = managed_fields::brought(&stored, &new)?;
    let updated = admit_update(state, write, &stored, new, Ownership::Update(managers))?;
    Ok(Answer { code: 200, object: Outcome::Object(updated), warnings })
}

/// RFC 6902.
fn json_patch(live: &Value, patch: &Value) -> Result<Value, Failure> {
    let operations: json_patch::Patch = serde_json::from_value(patch.clone())
        .map_err(|why| Failure::bad_request(format!("error decoding patch: {why}")))?;
    let mut patched = live.clone();
    for operation in operations.0 {
        // Go's library lets a test for null pass where there is nothing; kube's finalizers build on it.
        if let json_patch::PatchOperation::Test(test) = &operation
            && test.value.is_null()
            && patched.pointer(test.path.as_str()).is_none()
        {
            continue;
        }
        // A failed test or a missing path is 422 with this very sentence, whatever the reason.
        json_patch::patch(&mut patched, &[operation]).map_err(|_| {
            Failure::new(422, "Invalid", "the server rejected our request due to an error in our request")
        })?;
    }
    Ok(patched)
}

/// RFC 7386.
fn merge_patch(live: &Value, patch: &Value) -> Result<Value, Failure> {
    if !patch.is_object() {
        return Err(Failure::bad_request("error decoding patch: a merge patch is an object"));
    }
    let mut patched = live.clone();
    json_patch::merge(&mut patched, patch);
    Ok(patched)
}

/// Server-side apply: creates what does not exist.
fn server_side_apply(state: &mut State, write: &Write<'_>, body: &[u8]) -> Result<Answer, Failure> {
    if !write.call.query.has("fieldManager") {
        let error = FieldError::required("fieldManager", "is required for apply patch");
        return Err(Failure::options(write.call.options(), &error));
    }
    let read = strict::read(body, true)?;
    let mut warnings: Vec<String> = Vec::new();
    if !read.duplicates.is_empty() {
        let lines: Vec<String> =
            read.duplicates.iter().map(|path| format!("duplicate field {path:?}")).collect();
        match write.strictness {
            Strictness::Strict => {
                return Err(Failure::bad_request(format!(
                    "error strict decoding YAML: {}",
                    lines.join(", ")
                )));
            }
            Strictness::Warn => warnings = lines,
            Strictness::Ignore => {}
        }
    }
    let config = configuration(write, read.value)?;
    let stored = match read::stored(state, write.kind(), write.call) {
        Ok(stored) => Some(stored),
        // A status is part of an object, it cannot come first.
        Err(missing) if write.through_status() => return Err(missing),
        Err(_) => None,
    };
    let live =
        stored.as_ref().map_or_else(|| Value::Object(Map::new()), |stored| write.view.versioned(stored));
    let node = write.view.version.schema.root();
    let applied =
        apply::apply(node, &live, &config, write.writer(Operation::Apply)?, write.call.query.flag("force"))?;
    let mut object = applied.object;
    fill_defaults(write, &mut object);
    let ownership = Ownership::Applied(applied.managers);
    let (code, object) = match &stored {
        Some(stored) => (200, admit_update(state, write, stored, object, ownership)?),
        None => (201, admit_new(state, write, object, ownership)?),
    };
    Ok(Answer { code, object: Outcome::Object(object), warnings })
}

/// Checks what is applied, and keeps what this endpoint takes of it.
fn configuration(write: &Write<'_>, mut config: Value) -> Result<Value, Failure> {
    let (kind, version) = (write.kind(), write.view.version);
    let gvk = kind.api_version(&version.name);
    for (field, expected) in [("apiVersion", &gvk), ("kind", &kind.name)] {
        let found = object::text(&config, &[field]);
        if found.is_empty() {
            return Err(Failure::bad_request(format!("invalid object type: {field} is missing")));
        }
        if found != expected {
            return Err(Failure::bad_request(format!(
                "the {field} in the data ({found}) does not match the expected {field} ({expected})"
            )));
        }
    }
    if object::get(&config, &["metadata", "managedFields"]).is_some_and(|fields| !fields.is_null()) {
        return Err(Failure::bad_request("metadata.managedFields must be nil"));
    }
    let name = object::name(&config);
    if !name.is_empty() && name != write.call.name {
        return Err(Failure::bad_request(format!(
            "the name of the object ({name}) does not match the name on the URL ({})",
            write.call.name
        )));
    }
    set(&mut config, &["metadata", "name"], json!(write.call.name));
    let namespace = object::namespace(&config).to_owned();
    let node = version.schema.root();
    let untyped = |why: &str| {
        Failure::unforeseen(format!(
            "failed to create typed patch object ({namespace}/{}; {}/{}, Kind={}): {why}",
            write.call.name, kind.group, version.name, kind.name
        ))
    };
    if kind.built_in.is_some() {
        schema::decode(node, &mut config, "").map_err(|why| untyped(&why))?;
    }
    let unknown = schema::prune(node, &mut config, "");
    if !unknown.is_empty() {
        let lines: Vec<String> =
            unknown.iter().map(|path| format!(".{path}: field not declared in schema")).collect();
        return Err(untyped(&lines.join("\n")));
    }
    typed(node, &config, "").map_err(|why| untyped(&why))?;
    apply::reset(&mut config, version.status, write.through_status());
    Ok(config)
}

/// What is applied has the schema's types; items of a map-list say who they are, and each stands only once.
fn typed(node: Node<'_>, value: &Value, path: &str) -> Result<(), String> {
    let (expected, fits) = match node.kind() {
        "string" => ("string", value.is_string()),
        "integer" | "number" => ("numeric (int or float)", value.is_number()),
        "boolean" => ("boolean", value.is_boolean()),
        "array" => ("list", value.is_array()),
        "object" => ("map", value.is_object()),
        _ => ("", true),
    };
    if !fits && !value.is_null() {
        return Err(format!("{path}: expected {expected}, got {}", crate::validate::type_name(value)));
    }
    match value {
        Value::Object(map) => map.iter().try_for_each(|(name, value)| {
            node.field(name).map_or(Ok(()), |field| typed(field, value, &format!("{path}.{name}")))
        }),
        Value::Array(list) => {
            if let schema::ListKind::Map(keys) = node.list_kind() {
                for (i, item) in list.iter().enumerate() {
                    let key = schema::item_key(node, &keys, item);
                    if let Some(missing) = keys.iter().find(|name| key.get(name.as_str()).is_none()) {
                        return Err(format!(
                            "{path}: element {i}: associative list with keys has an element that omits key field {missing:?} \
                             (and doesn't have default value)"
                        ));
                    }
                    if list.iter().take(i).any(|earlier| schema::item_key(node, &keys, earlier) == key) {
                        let key = crate::field_set::shown_key(&key);
                        return Err(format!("{path}: duplicate entries for key {key}"));
                    }
                }
            }
            let Some(items) = node.items() else { return Ok(()) };
            list.iter().enumerate().try_for_each(|(i, item)| typed(items, item, &format!("{path}[{i}]")))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}
