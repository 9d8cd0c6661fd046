//! From what a client sent to an object of a kind: typed, without fields that the schema does not know, with defaults.

use serde_json::{Value, json};

use crate::built_in_rules;
use crate::call::{Call, Verb};
use crate::failure::{Failure, FieldError};
use crate::object::{self, set};
use crate::schema;
use crate::strict;
use crate::write::Write;

/// What happens to unknown and duplicate fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strictness {
    Ignore,
    Warn,
    Strict,
}

/// Whether a body may be YAML; 415 for what this server cannot read.
pub(crate) fn yaml(call: &Call) -> Result<bool, Failure> {
    match call.content_type.split(';').next().unwrap_or_default().trim() {
        "" | "application/json" => Ok(false),
        "application/yaml" => Ok(true),
        "application/vnd.kubernetes.protobuf" => Err(Failure::not_done(
            "bodies in protobuf, which `kubectl create namespace` and its like send; use a manifest and `kubectl apply -f`",
        )),
        other => Err(unreadable(other, "application/json, application/yaml")),
    }
}

/// 415 for a body that this server cannot read.
pub(crate) fn unreadable(content_type: &str, accepted: &str) -> Failure {
    Failure::new(
        415,
        "UnsupportedMediaType",
        format!(
            "the body of the request was in an unknown format - accepted media types include: {accepted} (it was \
             {content_type:?})"
        ),
    )
}

/// Turns what a client sent into an object of the kind: typed, without unknown fields, with defaults.
pub(crate) fn decode(
    write: &Write<'_>,
    read: strict::Read,
    warnings: &mut Vec<String>,
) -> Result<Value, Failure> {
    let (kind, version) = (write.kind(), write.view.version);
    let strict::Read { value: mut object, duplicates } = read;
    let gvk = kind.api_version(&version.name);
    let unfit = |why: &str| {
        let name = &kind.name;
        Failure::bad_request(format!(
            "{name} in version {:?} cannot be handled as a {name}: {why}",
            version.name
        ))
    };
    if !object.is_object() {
        return Err(unfit("json: the body is not an object"));
    }
    for (field, called, expected) in [("kind", "Kind", &kind.name), ("apiVersion", "API version", &gvk)] {
        let found = object::text(&object, &[field]);
        if found.is_empty() && kind.built_in.is_none() {
            return Err(Failure::bad_request(format!(
                "the object provided is unrecognized (must be of type {}): Object '{called}' is missing in '{object}'",
                kind.name
            )));
        }
        if !found.is_empty() && found != expected && kind.built_in.is_none() && field == "kind" {
            let error = FieldError::invalid("kind", &json!(found), &format!("must be {expected}"));
            let subject = Failure::invalid(kind, object::name(&object), &[error]);
            return Err(subject);
        }
        if !found.is_empty() && found != expected {
            return Err(Failure::bad_request(format!(
                "the {called} in the data ({found}) does not match the expected {called} ({expected})"
            )));
        }
        set(&mut object, &[field], json!(expected));
    }
    let mut problems: Vec<String> =
        duplicates.iter().map(|path| format!("duplicate field {path:?}")).collect();
    let node = version.schema.root();
    if kind.built_in.is_some() {
        schema::decode(node, &mut object, "").map_err(|why| unfit(&why))?;
    } else if let (Some(node), Some(metadata)) = (node.property("metadata"), object.get_mut("metadata")) {
        schema::decode(node, metadata, "metadata").map_err(|why| unfit(&why))?;
    }
    problems
        .extend(schema::prune(node, &mut object, "").iter().map(|path| format!("unknown field {path:?}")));
    match write.strictness {
        Strictness::Ignore => {}
        Strictness::Warn => warnings.extend(problems),
        Strictness::Strict if problems.is_empty() => {}
        Strictness::Strict => {
            let why = format!("strict decoding error: {}", problems.join(", "));
            if write.call.verb == Verb::Patch {
                let error = FieldError::invalid("patch", &json!(object.to_string()), &why);
                return Err(Failure::new(422, "Invalid", format!(" \"\" is invalid: {}", error.line())));
            }
            return Err(unfit(&why));
        }
    }
    schema::drop_nulls(node, &mut object);
    fill_defaults(write, &mut object);
    Ok(object)
}

/// Fills in what is absent: the schema's defaults, and those of built-in kinds.
pub(crate) fn fill_defaults(write: &Write<'_>, object: &mut Value) {
    schema::fill_defaults(write.view.version.schema.root(), object);
    if let Some(built_in) = write.kind().built_in {
        built_in_rules::fill_defaults(built_in, object);
    }
}
