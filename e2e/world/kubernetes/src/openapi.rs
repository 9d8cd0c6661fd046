//! OpenAPI v3, as far as kubectl reads it: the schemas for `explain` and `apply`, and which verbs take which parameters.
//!
//! `/openapi/v2` is not served: kubectl falls back to it only where v3 is missing.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::built_in;
use crate::crd;
use crate::failure::Failure;
use crate::object::set;
use crate::resource::{Kind, Registry, Version};

/// Answers a path of OpenAPI, or nothing if the path is not one.
pub(crate) fn answer(registry: &Registry, path: &str) -> Option<Result<Value, Failure>> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        ["openapi", "v2"] => Some(Err(Failure::not_done("OpenAPI v2; ask for /openapi/v3"))),
        ["openapi", "v3"] => Some(Ok(index(registry))),
        ["openapi", "v3", "api", version] => Some(document(registry, "", version)),
        ["openapi", "v3", "apis", group, version] => Some(document(registry, group, version)),
        _ => None,
    }
}

fn served(registry: &Registry) -> BTreeSet<(String, String)> {
    let all = registry.all();
    all.flat_map(|kind| kind.versions.iter().map(|version| (kind.group.clone(), version.name.clone())))
        .collect()
}

fn index(registry: &Registry) -> Value {
    let mut paths = Map::new();
    for (group, version) in served(registry) {
        let path =
            if group.is_empty() { format!("api/{version}") } else { format!("apis/{group}/{version}") };
        paths.insert(path.clone(), json!({"serverRelativeURL": format!("/openapi/v3/{path}")}));
    }
    json!({"paths": paths})
}

fn document(registry: &Registry, group: &str, version: &str) -> Result<Value, Failure> {
    if !registry.serves(group, version) {
        return Err(Failure::no_such_path());
    }
    let mut schemas: BTreeMap<String, Value> = BTreeMap::new();
    let mut paths = Map::new();
    for kind in registry.all().filter(|kind| kind.group == group) {
        let Some(served) = kind.version(version) else { continue };
        let name = if kind.built_in.is_some() {
            definition(kind)
        } else {
            let reversed: Vec<&str> = group.rsplit('.').collect();
            let name = format!("{}.{version}.{}", reversed.join("."), kind.name);
            schemas.insert(name.clone(), custom(kind, served));
            name
        };
        if let Some(root) =
            schemas.get(&name).cloned().or_else(|| built_in::definitions().get(&name).cloned())
        {
            include(&name, root, &mut schemas);
        }
        routes(kind, served, &name, &mut paths);
    }
    for (definition, kinds) in built_in::group_version_kinds() {
        if let Some(schema) = schemas.get_mut(definition) {
            set(schema, &["x-kubernetes-group-version-kind"], kinds);
        }
    }
    Ok(json!({
        "openapi": "3.0.0", "info": {"title": "Kubernetes", "version": "v1.33.0+world"},
        "paths": paths, "components": {"schemas": schemas},
    }))
}

fn definition(kind: &Kind) -> String {
    let wanted = json!([{"group": kind.group, "version": "v1", "kind": kind.name}]);
    let all = built_in::group_version_kinds();
    all.into_iter().find(|(_, kinds)| *kinds == wanted).map(|(name, _)| name.to_owned()).unwrap_or_default()
}

fn custom(kind: &Kind, version: &Version) -> Value {
    let mut schema = Value::Object(crd::published(version));
    let meta = json!({
        "description": "Standard object's metadata. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata",
        "allOf": [{"$ref": "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"}],
    });
    set(&mut schema, &["properties", "metadata"], meta);
    let kinds = json!([{"group": kind.group, "version": version.name, "kind": kind.name}]);
    set(&mut schema, &["x-kubernetes-group-version-kind"], kinds);
    schema
}

/// Adds a schema and all that it refers to.
fn include(name: &str, schema: Value, schemas: &mut BTreeMap<String, Value>) {
    let mut references = BTreeSet::new();
    collect(&schema, &mut references);
    schemas.insert(name.to_owned(), schema);
    for reference in references {
        if !schemas.contains_key(&reference)
            && let Some(found) = built_in::definitions().get(&reference)
        {
            include(&reference, found.clone(), schemas);
        }
    }
}

fn collect(schema: &Value, references: &mut BTreeSet<String>) {
    match schema {
        Value::Object(map) => {
            if let Some(name) = map.get("$ref").and_then(Value::as_str).and_then(|r| r.rsplit('/').next()) {
                references.insert(name.to_owned());
            }
            map.values().for_each(|value| collect(value, references));
        }
        Value::Array(list) => list.iter().for_each(|value| collect(value, references)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn routes(kind: &Kind, version: &Version, definition: &str, paths: &mut Map<String, Value>) {
    let base = if kind.group.is_empty() { "/api" } else { "/apis" };
    let base = format!("{base}/{}", kind.api_version(&version.name));
    let collection = if kind.namespaced {
        format!("{base}/namespaces/{{namespace}}/{}", kind.plural)
    } else {
        format!("{base}/{}", kind.plural)
    };
    let gvk = json!({"group": kind.group, "version": version.name, "kind": kind.name});
    let body = json!({"$ref": format!("#/components/schemas/{definition}")});
    let parameter = |name: &str, kind: &str| json!({"name": name, "in": "query", "schema": {"type": kind, "uniqueItems": true}});
    let writes = json!([
        parameter("dryRun", "string"),
        parameter("fieldManager", "string"),
        parameter("fieldValidation", "string"),
    ]);
    let operation = |action: &str, parameters: &Value, takes_body: bool| {
        let content = json!({"application/json": {"schema": body}});
        let mut operation = json!({
            "x-kubernetes-action": action, "x-kubernetes-group-version-kind": gvk, "parameters": parameters,
            "responses": {"200": {"description": "OK", "content": content}},
        });
        if takes_body {
            set(&mut operation, &["requestBody"], json!({"content": content}));
        }
        operation
    };
    let none = json!([]);
    let mut all = json!({"post": operation("post", &writes, true)});
    if kind.stored() {
        set(&mut all, &["get"], operation("list", &none, false));
        set(&mut all, &["delete"], operation("deletecollection", &none, false));
        paths.insert(
            format!("{collection}/{{name}}"),
            json!({
                "get": operation("get", &none, false),
                "put": operation("put", &writes, true),
                "patch": operation("patch", &writes, true),
                "delete": operation("delete", &none, false),
            }),
        );
    }
    paths.insert(collection, all);
}
