//! In which form objects are answered: whole, metadata only, or as a table for people.

use serde_json::{Map, Value, json};

use crate::call::Call;
use crate::clock::Clock;
use crate::failure::Failure;
use crate::object;
use crate::resource::{BuiltIn, Cell, Kind, Version};

/// The form that a client asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// The objects themselves.
    Whole,
    /// `PartialObjectMetadata`.
    Metadata,
    /// `Table`, with this much of each object in its row.
    Table(RowObject),
}

/// What a table row carries besides its cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RowObject {
    None,
    Metadata,
    Whole,
}

/// A view of one version of a kind, in one form.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a> {
    pub(crate) kind: &'a Kind,
    pub(crate) version: &'a Version,
    pub(crate) form: Form,
    pub(crate) clock: &'a Clock,
}

/// Reads the Accept header: the first form that this server can give.
pub(crate) fn form(call: &Call) -> Result<Form, Failure> {
    if call.accept.is_empty() {
        return Ok(Form::Whole);
    }
    for range in call.accept.split(',') {
        let mut parts = range.split(';').map(str::trim);
        if !matches!(parts.next(), Some("application/json" | "application/*" | "*/*")) {
            continue;
        }
        let params: Vec<(&str, &str)> = parts.filter_map(|p| p.split_once('=')).collect();
        let param = |name: &str| params.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
        match (param("as"), param("v"), param("g")) {
            (None, _, _) => return Ok(Form::Whole),
            (Some("Table"), Some("v1"), Some("meta.k8s.io")) => {
                return match call.query.get("includeObject") {
                    "None" => Ok(Form::Table(RowObject::None)),
                    "" | "Metadata" => Ok(Form::Table(RowObject::Metadata)),
                    "Object" => Ok(Form::Table(RowObject::Whole)),
                    other => {
                        Err(Failure::bad_request(format!("unrecognized includeObject value: {other:?}")))
                    }
                };
            }
            (
                Some("PartialObjectMetadata" | "PartialObjectMetadataList"),
                Some("v1"),
                Some("meta.k8s.io"),
            ) => {
                return Ok(Form::Metadata);
            }
            _ => {}
        }
    }
    Err(Failure::new(
        406,
        "NotAcceptable",
        "only the following media types are accepted: application/json, application/json;as=Table;v=v1;g=meta.k8s.io, \
         application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
    ))
}

impl View<'_> {
    /// The stored object in the version of this view.
    pub(crate) fn versioned(&self, stored: &Value) -> Value {
        let mut object = if self.kind.built_in == Some(BuiltIn::Event) && !self.kind.group.is_empty() {
            crate::events::from_core(stored)
        } else {
            stored.clone()
        };
        object::set(&mut object, &["kind"], json!(self.kind.name));
        object::set(&mut object, &["apiVersion"], json!(self.kind.api_version(&self.version.name)));
        object
    }

    /// One object.
    pub(crate) fn one(&self, stored: &Value) -> Value {
        match self.form {
            Form::Whole => self.versioned(stored),
            Form::Metadata => metadata(stored),
            Form::Table(_) => {
                self.table([stored].into_iter(), &json!({"resourceVersion": object::version(stored)}), true)
            }
        }
    }

    /// One object of a watch. Only the first table of a watch carries the column definitions.
    pub(crate) fn event(&self, stored: &Value, first: bool) -> Value {
        match self.form {
            Form::Whole | Form::Metadata => self.one(stored),
            Form::Table(_) => {
                self.table([stored].into_iter(), &json!({"resourceVersion": object::version(stored)}), first)
            }
        }
    }

    /// A list of objects with its list metadata.
    pub(crate) fn list<'v>(&self, stored: impl Iterator<Item = &'v Value>, list_meta: &Value) -> Value {
        match self.form {
            Form::Whole => json!({
                "kind": self.kind.list_name,
                "apiVersion": self.kind.api_version(&self.version.name),
                "metadata": list_meta,
                "items": stored.map(|object| self.item(object)).collect::<Vec<_>>(),
            }),
            Form::Metadata => json!({
                "kind": "PartialObjectMetadataList",
                "apiVersion": "meta.k8s.io/v1",
                "metadata": list_meta,
                "items": stored.map(metadata).collect::<Vec<_>>(),
            }),
            Form::Table(_) => self.table(stored, list_meta, true),
        }
    }

    /// An object in a list. Items of built-in kinds do not repeat their type.
    fn item(&self, stored: &Value) -> Value {
        let mut item = self.versioned(stored);
        if self.kind.built_in.is_some() {
            object::remove(&mut item, &["kind"]);
            object::remove(&mut item, &["apiVersion"]);
        }
        item
    }

    /// What a bookmark or a list without objects looks like in this view.
    pub(crate) fn empty(&self, meta: &Value) -> Value {
        match self.form {
            Form::Whole => json!({
                "kind": self.kind.name, "apiVersion": self.kind.api_version(&self.version.name), "metadata": meta,
            }),
            Form::Metadata => {
                json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": meta})
            }
            Form::Table(_) => {
                let object = json!({
                    "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": meta,
                });
                json!({
                    "kind": "Table", "apiVersion": "meta.k8s.io/v1",
                    "metadata": {"resourceVersion": object::version(&object)},
                    "columnDefinitions": null, "rows": [{"cells": [], "object": object}],
                })
            }
        }
    }

    fn table<'v>(&self, stored: impl Iterator<Item = &'v Value>, meta: &Value, definitions: bool) -> Value {
        let columns: Vec<Value> = self
            .version
            .columns
            .iter()
            .map(|column| {
                json!({
                    "name": column.name, "type": column.kind, "format": column.format,
                    "description": column.description, "priority": column.priority,
                })
            })
            .collect();
        let rows: Vec<Value> = stored.map(|object| self.row(object)).collect();
        json!({
            "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": meta,
            "columnDefinitions": if definitions { json!(columns) } else { Value::Null },
            "rows": rows,
        })
    }

    fn row(&self, stored: &Value) -> Value {
        let cells: Vec<Value> = self
            .version
            .columns
            .iter()
            .map(|column| match &column.cell {
                Cell::Computed(compute) => compute(stored, self.clock),
                Cell::Path(path) => cell(&path.find(stored), &column.kind, self.clock),
            })
            .collect();
        let carried = match self.form {
            Form::Table(RowObject::Whole) => self.versioned(stored),
            Form::Table(RowObject::Metadata) | Form::Whole | Form::Metadata => metadata(stored),
            Form::Table(RowObject::None) => Value::Null,
        };
        json!({"cells": cells, "object": carried})
    }
}

/// A cell of a custom column: its type decides how the value is shown, and nothing that is of another type is shown.
fn cell(found: &[&Value], kind: &str, clock: &Clock) -> Value {
    let Some(value) = found.first() else { return Value::Null };
    match kind {
        "integer" => value.as_i64().map_or(Value::Null, |n| json!(n)),
        "number" => value.as_f64().map_or(Value::Null, |n| json!(n)),
        "boolean" => value.as_bool().map_or(Value::Null, |b| json!(b)),
        "date" => value.as_str().map_or(Value::Null, |time| crate::columns::age(time, clock)),
        _ => match value {
            Value::Null => Value::Null,
            Value::String(text) => json!(text),
            Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                json!(value.to_string())
            }
        },
    }
}

fn metadata(stored: &Value) -> Value {
    let meta = stored.get("metadata").cloned().unwrap_or_else(|| Value::Object(Map::new()));
    json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": meta})
}
