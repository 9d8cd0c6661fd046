//! Schemas that cannot be derived: objects whose inside belongs to another API and is carried verbatim, bounds that
//! the API server asks for, and rules that span fields.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

/// An object whose fields are kept as they are: pod specs, Tekton specs, free-form extensions.
///
/// A typed pod spec would cost 300 kB in each CRD, and would drop the fields of a Kubernetes newer than our types.
pub fn raw_object(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true })
}

/// Any JSON value at all, kept as it is.
pub fn raw_value(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "x-kubernetes-preserve-unknown-fields": true })
}

/// A whole number or a name: what Kubernetes calls int-or-string (resource quantities).
pub fn int_or_string(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "x-kubernetes-int-or-string": true })
}

/// CEL rules with the message that tells the fix, as `x-kubernetes-validations`. Each path above a rule must be bounded
/// (`maxItems`, `maxProperties`, `maxLength`), or the API server refuses the CRD for the rule's estimated cost.
pub fn rules(rules: &[(&str, &str)]) -> Value {
    rules.iter().map(|(rule, message)| json!({ "rule": rule, "message": message })).collect()
}

/// Lists of jobs by repository, with the bounds that the CEL rules of jobs need.
pub fn jobs_by_repository<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "maxProperties": 64,
        "additionalProperties": { "type": "array", "maxItems": 512, "items": generator.subschema_for::<T>() }
    })
}

/// Labels or annotations: bounded, so that rules may look for a key.
pub fn labels(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object", "additionalProperties": { "type": "string" }, "maxProperties": 64 })
}

/// Conditions: a list that is merged by `type`.
pub fn conditions(generator: &mut SchemaGenerator) -> Schema {
    let condition = generator.subschema_for::<Condition>();
    json_schema!({
        "type": "array",
        "items": condition,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["type"]
    })
}

/// What a repository, or all of an owner's (`owner/*`), looks like.
const REPOSITORY_PATTERN: &str = r"^[A-Za-z0-9._-]+/(\*|[A-Za-z0-9._-]+)$";

/// A list of `owner/name` or `owner/*`.
pub fn repositories(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "maxItems": 256,
        "items": { "type": "string", "maxLength": 140, "pattern": REPOSITORY_PATTERN }
    })
}

/// A short list of short words: labels, logins, teams, branches. Bounded, so that rules may compare two lists.
pub fn words(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "maxItems": 64, "items": { "type": "string", "maxLength": 256 } })
}

/// A short list of regular expressions in Go's syntax.
pub fn expressions(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "maxItems": 128, "items": { "type": "string", "maxLength": 512 } })
}

/// A time in RFC 3339.
pub fn time(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "format": "date-time" })
}
