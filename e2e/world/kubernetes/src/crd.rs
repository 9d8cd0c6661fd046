//! CustomResourceDefinitions: checking them, and serving what they define.
//!
//! What a CRD asks for and this server cannot do (webhook conversion, the scale subresource, CEL functions that the
//! library lacks) is refused with 501 when the CRD is written: nothing is registered half.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::cel::{Refusal, Rules};
use crate::clock::Clock;
use crate::columns;
use crate::failure::{Failure, FieldError};
use crate::jsonpath::JsonPath;
use crate::object::{self, get, list, set, text};
use crate::resource::{Cell, Column, Kind, Version};
use crate::schema::Schema;
use crate::state::State;
use crate::store::Collection;
use crate::{built_in, validate};

/// The finalizer that keeps a definition until its objects are gone.
pub(crate) const CLEANUP: &str = "customresourcecleanup.apiextensions.k8s.io";

/// Groups whose APIs belong to the Kubernetes project.
const PROTECTED: [&str; 2] = ["k8s.io", "kubernetes.io"];
const APPROVED: &str = "api-approved.kubernetes.io";

/// Fills in what may be left out.
pub(crate) fn fill_defaults(crd: &mut Value) {
    let kind = text(crd, &["spec", "names", "kind"]).to_owned();
    for (field, value) in [("singular", kind.to_ascii_lowercase()), ("listKind", format!("{kind}List"))] {
        if text(crd, &["spec", "names", field]).is_empty() {
            set(crd, &["spec", "names", field], json!(value));
        }
    }
    if get(crd, &["spec", "conversion"]).is_none() {
        set(crd, &["spec", "conversion"], json!({"strategy": "None"}));
    }
}

/// Sets the status that the API server's controllers give a definition within moments.
pub(crate) fn establish(crd: &mut Value, clock: &Clock) {
    let names = get(crd, &["spec", "names"]).cloned().unwrap_or_default();
    set(crd, &["status", "acceptedNames"], names);
    let mut stored: BTreeSet<String> = list(crd, &["status", "storedVersions"])
        .iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    let storage = list(crd, &["spec", "versions"]).iter().filter(|v| flag(v, "storage"));
    stored.extend(storage.map(|version| text(version, &["name"]).to_owned()));
    set(crd, &["status", "storedVersions"], json!(stored));
    object::set_condition(crd, "NamesAccepted", "NoConflicts", "no conflicts found", &clock.stamp());
    let established = "the initial names have been accepted";
    object::set_condition(crd, "Established", "InitialNamesAccepted", established, &clock.stamp());
}

fn flag(value: &Value, field: &str) -> bool {
    value.get(field).and_then(Value::as_bool).unwrap_or(false)
}

/// Where the objects of a definition live.
pub(crate) fn instances(crd: &Value) -> Collection {
    Collection {
        group: text(crd, &["spec", "group"]).to_owned(),
        plural: text(crd, &["spec", "names", "plural"]).to_owned(),
    }
}

/// All mistakes of a definition itself, its schemas aside.
pub(crate) fn check(crd: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let spec = |path: &[&str]| text(crd, &[&["spec"], path].concat()).to_owned();
    let (group, plural) = (spec(&["group"]), spec(&["names", "plural"]));
    for (path, value) in [
        ("spec.group", &group),
        ("spec.names.plural", &plural),
        ("spec.names.kind", &spec(&["names", "kind"])),
    ] {
        if value.is_empty() {
            errors.push(FieldError::required(path, ""));
        }
    }
    let name = format!("{plural}.{group}");
    if object::name(crd) != name {
        let detail = format!("must be spec.names.plural+\".\"+spec.group, which is {name:?}");
        errors.push(FieldError::invalid("metadata.name", &json!(object::name(crd)), &detail));
    }
    let scope = spec(&["scope"]);
    let scopes = [json!("Cluster"), json!("Namespaced")];
    if !scopes.contains(&json!(scope)) {
        errors.push(FieldError::unsupported("spec.scope", &json!(scope), &scopes));
    }
    let protected = PROTECTED.iter().any(|suffix| group == *suffix || group.ends_with(&format!(".{suffix}")));
    let approved = text(crd, &["metadata", "annotations", APPROVED]);
    if protected && !(approved.starts_with("https://") || approved.starts_with("unapproved")) {
        errors.push(FieldError::required(
            &format!("metadata.annotations[{APPROVED}]"),
            "protected groups must have approval annotation \"api-approved.kubernetes.io\", see \
             https://github.com/kubernetes/enhancements/pull/1111",
        ));
    }
    let versions = list(crd, &["spec", "versions"]);
    if versions.iter().filter(|version| flag(version, "storage")).count() != 1 {
        errors.push(FieldError::invalid(
            "spec.versions",
            &json!(versions.len()),
            "must have exactly one version marked as storage version",
        ));
    }
    for (i, version) in versions.iter().enumerate() {
        let path = format!("{}.openAPIV3Schema", schema_path(versions, i));
        match get(version, &["schema", "openAPIV3Schema"]) {
            None => errors.push(FieldError::required(&path, "schemas are required")),
            Some(schema) => {
                if text(schema, &["type"]) != "object" {
                    let kind = schema.get("type").cloned().unwrap_or(json!(""));
                    errors.push(FieldError::invalid(
                        &format!("{path}.type"),
                        &kind,
                        "must be object at the root",
                    ));
                }
                structural(schema, &path, true, &mut errors);
            }
        }
    }
    if let Some(old) = old {
        for path in [&["group"][..], &["scope"], &["names", "plural"], &["names", "kind"]] {
            let before = text(old, &[&["spec"], path].concat());
            if before != spec(path) {
                let field = format!("spec.{}", path.join("."));
                errors.push(FieldError::invalid(&field, &json!(spec(path)), "field is immutable"));
            }
        }
    }
    errors
}

/// Where mistakes of a schema are said to be: the API server folds a lone version's schema into `spec.validation`.
fn schema_path(versions: &[Value], i: usize) -> String {
    if versions.len() == 1 { "spec.validation".to_owned() } else { format!("spec.versions[{i}].schema") }
}

/// The rules of structural schemas: every place has a type, and values are specified in one place only.
fn structural(schema: &Value, path: &str, root: bool, errors: &mut Vec<FieldError>) {
    let open =
        flag(schema, "x-kubernetes-int-or-string") || flag(schema, "x-kubernetes-preserve-unknown-fields");
    let kind = text(schema, &["type"]);
    if kind.is_empty() && !open {
        errors.push(FieldError::required(
            &format!("{path}.type"),
            "must not be empty for specified object fields",
        ));
    }
    if schema.get("$ref").is_some() {
        errors.push(FieldError::forbidden(&format!("{path}.$ref"), "$ref is not supported"));
    }
    if schema.get("properties").is_some() && schema.get("additionalProperties").is_some() {
        errors.push(FieldError::forbidden(
            &format!("{path}.additionalProperties"),
            "additionalProperties and properties are mutual exclusive",
        ));
    }
    if kind == "array" && schema.get("items").is_none() {
        errors.push(FieldError::required(&format!("{path}.items"), "must be specified"));
    }
    if let Some(pattern) = schema.get("pattern").and_then(Value::as_str)
        && let Err(why) = regex::Regex::new(pattern)
    {
        let detail = format!("must be a valid regular expression, but isn't: {why}");
        errors.push(FieldError::invalid(&format!("{path}.pattern"), &json!(pattern), &detail));
    }
    map_keys(schema, path, errors);
    for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let path = format!("{path}.properties[{name}]");
        if root && name == "metadata" {
            let allowed = property
                .as_object()
                .into_iter()
                .flatten()
                .all(|(key, _)| matches!(key.as_str(), "type" | "properties" | "description"));
            if !allowed {
                let why = "must not specify anything other than name and generateName, but metadata is implicitly specified";
                errors.push(FieldError::forbidden(&path, why));
            }
        }
        structural(property, &path, false, errors);
    }
    for (field, below) in [("items", "items"), ("additionalProperties", "additionalProperties")] {
        if let Some(inner) = schema.get(field).filter(|inner| inner.is_object()) {
            structural(inner, &format!("{path}.{below}"), false, errors);
        }
    }
}

/// The keys of a map-list are scalars that every item has.
fn map_keys(schema: &Value, path: &str, errors: &mut Vec<FieldError>) {
    if text(schema, &["x-kubernetes-list-type"]) != "map" {
        return;
    }
    let required = list(schema, &["items", "required"]);
    let keys = list(schema, &["x-kubernetes-list-map-keys"]);
    if keys.is_empty() {
        let field = format!("{path}.x-kubernetes-list-map-keys");
        errors.push(FieldError::required(&field, "must not be empty if x-kubernetes-list-type is map"));
    }
    for key in keys.iter().filter_map(Value::as_str) {
        let property = get(schema, &["items", "properties", key]);
        let has_default = property.is_some_and(|property| property.get("default").is_some());
        if property.is_none() {
            errors.push(FieldError::invalid(
                &format!("{path}.x-kubernetes-list-map-keys"),
                &json!(keys),
                "entries must all be names of item properties",
            ));
        } else if !has_default && !required.iter().any(|name| name == key) {
            errors.push(FieldError::required(
                &format!("{path}.items.properties[{key}].default"),
                "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property",
            ));
        }
    }
}

/// Whether a definition can be served: 422 for mistakes in rules and columns, 501 for what this server lacks.
pub(crate) fn registrable(crd: &Value) -> Result<(), Failure> {
    if text(crd, &["spec", "conversion", "strategy"]) == "Webhook" {
        return Err(Failure::not_done("conversion webhooks of CustomResourceDefinitions"));
    }
    for version in list(crd, &["spec", "versions"]) {
        if get(version, &["subresources", "scale"]).is_some() {
            return Err(Failure::not_done("the scale subresource of CustomResourceDefinitions"));
        }
    }
    kind(crd).map(drop)
}

/// Serves what a definition defines.
pub(crate) fn register(state: &mut State, crd: &Value) -> Result<(), Failure> {
    if !object::deleting(crd) {
        state.registry.add(Arc::new(kind(crd)?));
    }
    Ok(())
}

/// Stops serving what a definition that is gone had defined.
pub(crate) fn unregister(state: &mut State, crd: &Value) {
    let Collection { group, plural } = instances(crd);
    state.registry.remove(&group, &plural);
}

fn kind(crd: &Value) -> Result<Kind, Failure> {
    let (mut versions, mut wrong) = (Vec::new(), Vec::new());
    for (i, version) in list(crd, &["spec", "versions"]).iter().enumerate().filter(|(_, v)| flag(v, "served"))
    {
        let path = schema_path(list(crd, &["spec", "versions"]), i);
        versions.push(served(version, &path, &mut wrong)?);
    }
    if !wrong.is_empty()
        && let Some(definitions) =
            built_in::kinds().iter().find(|kind| kind.plural == "customresourcedefinitions")
    {
        return Err(Failure::invalid(definitions, object::name(crd), &wrong));
    }
    let names = |field: &str| text(crd, &["spec", "names", field]).to_owned();
    let all = |field: &str| {
        let names = list(crd, &["spec", "names", field]).iter();
        names.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    Ok(Kind {
        group: text(crd, &["spec", "group"]).to_owned(),
        name: names("kind"),
        list_name: names("listKind"),
        plural: names("plural"),
        singular: names("singular"),
        short_names: all("shortNames"),
        categories: all("categories"),
        namespaced: text(crd, &["spec", "scope"]) == "Namespaced",
        built_in: None,
        versions,
    })
}

fn served(version: &Value, path: &str, wrong: &mut Vec<FieldError>) -> Result<Version, Failure> {
    let mut root = get(version, &["schema", "openAPIV3Schema"]).cloned().unwrap_or_default();
    formats(&root)?;
    // What every object has; a definition cannot say otherwise.
    let meta = json!({"$ref": "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"});
    set(&mut root, &["properties", "apiVersion"], json!({"type": "string"}));
    set(&mut root, &["properties", "kind"], json!({"type": "string"}));
    set(&mut root, &["properties", "metadata"], meta);
    let schema = Schema::new(root, built_in::definitions());
    let path = format!("{path}.openAPIV3Schema");
    let rules = match Rules::compile(&schema, &path) {
        Ok(rules) => rules,
        Err(refusals) => {
            for refusal in refusals {
                match refusal {
                    Refusal::Wrong(error) => wrong.push(error),
                    Refusal::Lacking(what) => return Err(Failure::not_done(&what)),
                }
            }
            Rules::default()
        }
    };
    Ok(Version {
        name: text(version, &["name"]).to_owned(),
        columns: printer_columns(version, wrong),
        status: get(version, &["subresources", "status"]).is_some(),
        selectable: selectable(version),
        schema,
        rules,
    })
}

/// Formats that the API server would check and this one does not.
fn formats(schema: &Value) -> Result<(), Failure> {
    const CHECKED: [&str; 18] = [
        "bsonobjectid",
        "uri",
        "email",
        "hostname",
        "ipv4",
        "ipv6",
        "cidr",
        "mac",
        "uuid",
        "uuid3",
        "uuid4",
        "uuid5",
        "isbn",
        "isbn10",
        "creditcard",
        "ssn",
        "hexcolor",
        "duration",
    ];
    match schema {
        Value::Object(map) => {
            let format = map.get("format").and_then(Value::as_str).unwrap_or_default();
            if CHECKED.contains(&format) && !validate::FORMATS.contains(&format) {
                return Err(Failure::not_done(&format!("the schema format {format:?}")));
            }
            map.iter()
                .filter(|(key, _)| !matches!(key.as_str(), "default" | "enum" | "example"))
                .try_for_each(|(_, v)| formats(v))
        }
        Value::Array(list) => list.iter().try_for_each(formats),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}

fn printer_columns(version: &Value, wrong: &mut Vec<FieldError>) -> Vec<Column> {
    let mut all = vec![columns::name_column()];
    for (i, column) in list(version, &["additionalPrinterColumns"]).iter().enumerate() {
        let path = text(column, &["jsonPath"]);
        match JsonPath::parse(path) {
            Ok(parsed) => all.push(Column {
                name: text(column, &["name"]).to_owned(),
                kind: text(column, &["type"]).to_owned(),
                format: text(column, &["format"]).to_owned(),
                description: match text(column, &["description"]) {
                    "" => format!("Custom resource definition column (in JSONPath format): {path}"),
                    description => description.to_owned(),
                },
                priority: column.get("priority").and_then(Value::as_i64).unwrap_or_default(),
                cell: Cell::Path(parsed),
            }),
            Err(why) => {
                let field = format!("spec.versions.additionalPrinterColumns[{i}].jsonPath");
                wrong.push(FieldError::invalid(&field, &json!(path), &why));
            }
        }
    }
    if all.len() == 1 {
        all.push(columns::age_column());
    }
    all
}

fn selectable(version: &Value) -> Vec<(String, Vec<String>)> {
    let paths = list(version, &["selectableFields"]).iter().map(|field| text(field, &["jsonPath"]));
    let parts = paths.map(|path| path.trim_start_matches('.'));
    parts.map(|path| (path.to_owned(), path.split('.').map(str::to_owned).collect())).collect()
}

/// The definitions of a custom kind for OpenAPI: its schema with what this server added taken as is.
pub(crate) fn published(version: &Version) -> Map<String, Value> {
    version.schema.root().value.as_object().cloned().unwrap_or_default()
}
