//! Schemas that cannot be derived: objects whose inside belongs to another API and is carried verbatim.

use schemars::{Schema, SchemaGenerator, json_schema};

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
