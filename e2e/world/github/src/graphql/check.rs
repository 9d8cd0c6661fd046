//! Holds a query against the schema before anything is resolved, as GitHub does, and counts what it may cost.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::parse::{Document, Field, Input, Operation, Place, Selection};
use super::schema::{SCHEMA, Type};

/// GitHub refuses queries that could return more nodes.
const MOST_NODES: u64 = 500_000;
/// Nested fragments end here; a fragment that contains itself would never end.
const DEEPEST: usize = 30;

/// What is wrong with a query, as GitHub words it.
#[derive(Default)]
pub(super) struct Findings {
    pub(super) errors: Vec<Value>,
    used: BTreeSet<String>,
    /// Nodes that the query may return.
    pub(super) nodes: u64,
    /// Connections that GitHub would have to open, each once for every parent.
    connections: u64,
}

impl Findings {
    /// Points that the query takes from the hourly budget.
    pub(super) fn cost(&self) -> u64 {
        self.connections.div_ceil(100).max(1)
    }
}

/// One spot in the query while it is walked.
struct Spot<'a> {
    path: Vec<String>,
    parents: u64,
    depth: usize,
    document: &'a Document,
    variables: &'a BTreeMap<String, Value>,
}

/// Checks an operation.
pub(super) fn check(
    document: &Document,
    operation: &Operation,
    variables: &BTreeMap<String, Value>,
) -> Findings {
    let mut findings = Findings::default();
    let (root, word) = if operation.mutation { ("Mutation", "mutation") } else { ("Query", "query") };
    let name = operation.name.as_ref().map_or_else(|| word.to_owned(), |name| format!("{word} {name}"));
    let spot = Spot { path: vec![name.clone()], parents: 1, depth: 0, document, variables };
    findings.walk(root, &operation.selection, &spot);
    let operation_name = operation.name.as_deref().unwrap_or("anonymous query");
    for (variable, declared) in &operation.variables {
        if !findings.used.contains(variable) {
            let message = format!("Variable ${variable} is declared by {operation_name} but not used");
            findings.errors.push(error(
                &message,
                declared.place,
                &spot.path,
                &json!({"code": "variableNotUsed", "variableName": variable}),
            ));
        }
        if declared.required
            && declared.default.is_none()
            && variables.get(variable).is_none_or(Value::is_null)
        {
            let message = format!("Variable ${variable} of type was provided invalid value");
            findings.errors.push(json!({"message": message, "locations": [at(declared.place)]}));
        }
    }
    for variable in findings.used.clone() {
        if !operation.variables.contains_key(&variable) {
            let message = format!("Variable ${variable} is used by {operation_name} but not declared");
            findings.errors.push(error(
                &message,
                Place { line: 1, column: 1 },
                &spot.path,
                &json!({"code": "variableNotDefined", "variableName": variable}),
            ));
        }
    }
    if findings.nodes > MOST_NODES {
        let message = format!(
            "This query requests up to {} possible nodes which exceeds the maximum limit of 500,000.",
            findings.nodes
        );
        findings.errors.push(json!({"type": "MAX_NODE_LIMIT_EXCEEDED", "message": message}));
    }
    findings
}

fn at(place: Place) -> Value {
    json!({"line": place.line, "column": place.column})
}

fn error(message: &str, place: Place, path: &[String], extensions: &Value) -> Value {
    json!({"path": path, "extensions": extensions, "locations": [at(place)], "message": message})
}

impl Findings {
    fn walk(&mut self, of: &str, selection: &[Selection], spot: &Spot<'_>) {
        if spot.depth > DEEPEST {
            self.errors.push(json!({"message": "Fragments are nested too deeply"}));
            return;
        }
        let deeper = |step: String| Spot {
            path: spot.path.iter().cloned().chain([step]).collect(),
            depth: spot.depth + 1,
            ..*spot
        };
        for one in selection {
            match one {
                Selection::Field(field) => self.field(of, field, spot),
                Selection::Inline { on: None, selection, .. } => {
                    self.walk(of, selection, &deeper("...".to_owned()));
                }
                Selection::Inline { on: Some(on), selection, place } => {
                    self.condition(on, *place, &spot.path);
                    self.walk(on, selection, &deeper(format!("... on {on}")));
                }
                Selection::Named { fragment, place } => {
                    if let Some(found) = spot.document.fragments.get(fragment) {
                        self.condition(&found.on, found.place, &spot.path);
                        self.walk(&found.on, &found.selection, &deeper(format!("fragment {fragment}")));
                    } else {
                        let message = format!("Fragment {fragment} was used, but not defined");
                        let extensions = json!({"code": "useAndDefineFragment", "fragmentName": fragment});
                        self.errors.push(error(&message, *place, &spot.path, &extensions));
                    }
                }
            }
        }
    }

    fn condition(&mut self, on: &str, place: Place, path: &[String]) {
        if !SCHEMA.is_composite(on) {
            let message = format!("No such type {on}, so it can't be a fragment condition");
            self.errors.push(error(&message, place, path, &json!({"code": "undefinedType", "typeName": on})));
        }
    }

    fn field(&mut self, of: &str, field: &Field, spot: &Spot<'_>) {
        let mut path = spot.path.clone();
        path.push(field.alias.clone());
        if field.name == "__typename" {
            return;
        }
        let Some(found) = SCHEMA.fields(of).and_then(|fields| fields.get(&field.name)) else {
            // An unknown type was reported where it stands.
            if SCHEMA.is_composite(of) {
                let message = format!("Field '{}' doesn't exist on type '{of}'", field.name);
                let extensions = json!({"code": "undefinedField", "typeName": of, "fieldName": field.name});
                self.errors.push(error(&message, field.place, &path, &extensions));
            }
            return;
        };
        for (name, value) in &field.arguments {
            self.used.extend(value.variables().into_iter().map(|(name, _)| name.to_owned()));
            if let Some(wanted) = found.arguments.get(name) {
                self.input(&wanted.of, name, value, field, &path, spot.variables);
            } else {
                let message = format!("Field '{}' doesn't accept argument '{name}'", field.name);
                let extensions = json!({"code": "argumentNotAccepted", "name": field.name, "typeName": "Field", "argumentName": name});
                self.errors.push(error(&message, field.place, &path, &extensions));
            }
        }
        let missing: Vec<&str> = found
            .arguments
            .iter()
            .filter(|(name, one)| one.required && !field.arguments.contains_key(*name))
            .map(|(name, _)| name.as_str())
            .collect();
        if !missing.is_empty() {
            let message =
                format!("Field '{}' is missing required arguments: {}", field.name, missing.join(", "));
            let extensions = json!({"code": "missingRequiredArguments", "className": "Field", "name": field.name, "arguments": missing.join(", ")});
            self.errors.push(error(&message, field.place, &path, &extensions));
        }
        if SCHEMA.is_composite(&found.of) == field.selection.is_empty() {
            let message = if field.selection.is_empty() {
                format!(
                    "Field must have selections (field '{0}' returns {1} but has no selections. Did you mean '{0} {{ ... }}'?)",
                    field.name, found.of
                )
            } else {
                format!(
                    "Selections can't be made on scalars (field '{}' returns {} but has selections)",
                    field.name, found.of
                )
            };
            self.errors.push(error(&message, field.place, &path, &json!({"code": "selectionMismatch", "nodeName": format!("field '{}'", field.name), "typeName": found.of})));
            return;
        }
        let mut parents = spot.parents;
        if found.of.ends_with("Connection") {
            self.connections = self.connections.saturating_add(parents);
            parents = parents.saturating_mul(self.page(field, spot.variables, &path));
            self.nodes = self.nodes.saturating_add(parents);
        }
        self.walk(&found.of, &field.selection, &Spot { path, parents, depth: spot.depth + 1, ..*spot });
    }

    /// How many nodes a connection is asked for; both bounds and none at all are mistakes.
    fn page(&mut self, field: &Field, variables: &BTreeMap<String, Value>, path: &[String]) -> u64 {
        let bound = |name: &str| field.arguments.get(name).and_then(|value| value.fill(variables).as_u64());
        let Some(size) = bound("first").or(bound("last")) else {
            let name = &field.name;
            let message = format!(
                "You must provide a `first` or `last` value to properly paginate the `{name}` connection."
            );
            self.errors.push(json!({"type": "MISSING_PAGINATION_BOUNDARIES", "path": path, "locations": [at(field.place)], "message": message}));
            return 0;
        };
        if size > 100 {
            let (name, bound) = (&field.name, if bound("first").is_some() { "first" } else { "last" });
            let message = format!(
                "Requesting {size} records on the `{name}` connection exceeds the `{bound}` limit of 100 records."
            );
            self.errors.push(json!({"type": "EXCESSIVE_PAGINATION", "path": path, "locations": [at(field.place)], "message": message}));
        }
        size
    }

    /// Checks words of enums and fields of input objects, also those that come in variables.
    fn input(
        &mut self,
        of: &str,
        name: &str,
        value: &Input,
        field: &Field,
        path: &[String],
        variables: &BTreeMap<String, Value>,
    ) {
        if !fits(of, &value.fill(variables)) {
            let message = format!(
                "Argument '{name}' on Field '{}' has an invalid value. Expected type '{of}'.",
                field.name
            );
            let extensions =
                json!({"code": "argumentLiteralsIncompatible", "typeName": "Field", "argumentName": name});
            self.errors.push(error(&message, field.place, path, &extensions));
        }
    }
}

/// Whether a value can be of a type. Nulls are let through: those that must be given are found missing.
fn fits(of: &str, value: &Value) -> bool {
    match (SCHEMA.types.get(of), value) {
        (_, Value::Null) => true,
        (_, Value::Array(all)) => all.iter().all(|one| fits(of, one)),
        (Some(Type::Enum(words)), value) => value.as_str().is_some_and(|word| words.contains(word)),
        (Some(Type::Input(fields)), Value::Object(given)) => {
            given.iter().all(|(name, value)| fields.get(name).is_some_and(|field| fits(&field.of, value)))
                && fields.iter().all(|(name, field)| !field.required || given.contains_key(name))
        }
        (Some(Type::Scalar), value) => match of {
            "Int" => value.is_i64() || value.is_u64(),
            "Boolean" => value.is_boolean(),
            _ => value.is_string(),
        },
        (Some(Type::Input(_) | Type::Union | Type::Object(_)) | None, _) => false,
    }
}
