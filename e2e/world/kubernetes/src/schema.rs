//! Structural schemas: what fields there are, what is dropped, what is filled in.
//!
//! One view serves built-in types (definitions referring to each other) and custom resources (one nested schema).
//! Checking values against the schema is in `validate`, expressions are in `cel`.

use std::sync::Arc;

use serde_json::{Map, Value, json};

/// A schema and the definitions its references point to.
#[derive(Clone, Debug)]
pub(crate) struct Schema {
    root: Value,
    definitions: Arc<Map<String, Value>>,
}

/// A place in a schema.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node<'a> {
    pub(crate) value: &'a Value,
    definitions: &'a Map<String, Value>,
}

/// How server-side apply and validation treat a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ListKind {
    /// Taken or left whole.
    Atomic,
    /// Scalars, each once.
    Set,
    /// Objects told apart by these keys.
    Map(Vec<String>),
}

impl Schema {
    pub(crate) const fn new(root: Value, definitions: Arc<Map<String, Value>>) -> Self {
        Self { root, definitions }
    }

    pub(crate) fn root(&self) -> Node<'_> {
        Node { value: &self.root, definitions: &self.definitions }.resolved()
    }
}

impl<'a> Node<'a> {
    /// Follows references; one may be wrapped in a lone `allOf`, which is how OpenAPI 3.0 puts a text beside it.
    fn resolved(self) -> Self {
        let mut value = self.value;
        for _ in 0..8 {
            let reference = value.get("$ref").or_else(|| match value.get("allOf")?.as_array()?.as_slice() {
                [only] => only.get("$ref"),
                _ => None,
            });
            let Some(name) = reference.and_then(Value::as_str).and_then(|r| r.rsplit('/').next()) else {
                break;
            };
            let Some(target) = self.definitions.get(name) else { break };
            value = target;
        }
        Self { value, ..self }
    }

    /// The place of a schema that stands somewhere below this one.
    pub(crate) fn at(self, value: &'a Value) -> Self {
        Self { value, ..self }.resolved()
    }

    /// The node before references are followed keeps what stands beside them (list types, defaults).
    pub(crate) fn keyword(self, name: &str) -> Option<&'a Value> {
        self.value.get(name)
    }

    pub(crate) fn flag(self, name: &str) -> bool {
        self.keyword(name).and_then(Value::as_bool).unwrap_or(false)
    }

    pub(crate) fn kind(self) -> &'a str {
        self.keyword("type").and_then(Value::as_str).unwrap_or_default()
    }

    pub(crate) fn format(self) -> &'a str {
        self.keyword("format").and_then(Value::as_str).unwrap_or_default()
    }

    /// The schemas of a combination such as `oneOf`.
    pub(crate) fn branches(self, keyword: &str) -> impl Iterator<Item = Self> {
        self.keyword(keyword)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .map(move |branch| self.at(branch))
    }

    pub(crate) fn properties(self) -> impl Iterator<Item = (&'a String, Self)> {
        let all = self.keyword("properties").and_then(Value::as_object);
        all.into_iter().flatten().map(move |(name, value)| (name, self.at(value)))
    }

    /// The schema of a declared property.
    pub(crate) fn property(self, name: &str) -> Option<Self> {
        self.keyword("properties")?.get(name).map(|value| self.at(value))
    }

    /// The schema of a map's values.
    pub(crate) fn additional(self) -> Option<Self> {
        self.keyword("additionalProperties").filter(|value| value.is_object()).map(|value| self.at(value))
    }

    /// The schema of the field with a name: declared, or a map's value.
    pub(crate) fn field(self, name: &str) -> Option<Self> {
        self.property(name).or_else(|| self.additional())
    }

    pub(crate) fn items(self) -> Option<Self> {
        self.keyword("items").map(|value| self.at(value))
    }

    /// Whether fields that are not declared are kept.
    pub(crate) fn preserves(self) -> bool {
        self.flag("x-kubernetes-preserve-unknown-fields")
            || self.keyword("additionalProperties") == Some(&Value::Bool(true))
            || (self.kind().is_empty() && self.keyword("properties").is_none())
    }

    pub(crate) fn atomic_map(self) -> bool {
        self.keyword("x-kubernetes-map-type").and_then(Value::as_str) == Some("atomic")
    }

    pub(crate) fn list_kind(self) -> ListKind {
        match self.keyword("x-kubernetes-list-type").and_then(Value::as_str) {
            Some("set") => ListKind::Set,
            Some("map") => {
                let keys = self.keyword("x-kubernetes-list-map-keys").and_then(Value::as_array);
                ListKind::Map(
                    keys.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect(),
                )
            }
            _ => ListKind::Atomic,
        }
    }
}

/// The key of a list item in a map-list: each key field with its value, or its default where it is absent.
pub(crate) fn item_key(list: Node<'_>, keys: &[String], item: &Value) -> Value {
    let mut key = Map::new();
    for name in keys {
        let default = || list.items()?.property(name)?.keyword("default").cloned();
        if let Some(value) = item.get(name).cloned().or_else(default) {
            key.insert(name.clone(), value);
        }
    }
    Value::Object(key)
}

/// The old item that corresponds to a new one, by key, in a map-list; nothing in any other list.
pub(crate) fn same_item<'v>(list: Node<'_>, old: Option<&'v Value>, item: &Value) -> Option<&'v Value> {
    let ListKind::Map(keys) = list.list_kind() else { return None };
    let key = item_key(list, &keys, item);
    old?.as_array()?.iter().find(|old| item_key(list, &keys, old) == key)
}

/// `a.b`, or `b` at the top.
pub(crate) fn join(path: &str, field: &str) -> String {
    if path.is_empty() { field.to_owned() } else { format!("{path}.{field}") }
}

/// Drops fields that the schema does not know. The answer: their paths.
pub(crate) fn prune(node: Node<'_>, value: &mut Value, path: &str) -> Vec<String> {
    let mut unknown = Vec::new();
    prune_into(node, value, path, &mut unknown);
    unknown
}

fn prune_into(node: Node<'_>, value: &mut Value, path: &str, unknown: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            let embedded = node.flag("x-kubernetes-embedded-resource");
            map.retain(|name, value| {
                let path = join(path, name);
                if let Some(field) = node.field(name) {
                    prune_into(field, value, &path, unknown);
                } else if embedded && matches!(name.as_str(), "apiVersion" | "kind" | "metadata") {
                } else if !node.preserves() {
                    unknown.push(path);
                    return false;
                }
                true
            });
        }
        Value::Array(list) => {
            if let Some(items) = node.items() {
                for (i, item) in list.iter_mut().enumerate() {
                    prune_into(items, item, &format!("{path}[{i}]"), unknown);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Drops nulls that the schema does not allow: as sent, they count as absent.
pub(crate) fn drop_nulls(node: Node<'_>, value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|name, value| {
                !value.is_null()
                    || node.field(name).is_none_or(|field| field.flag("nullable") || field.kind().is_empty())
            });
            for (name, value) in map {
                if let Some(field) = node.field(name) {
                    drop_nulls(field, value);
                }
            }
        }
        Value::Array(list) => {
            if let Some(items) = node.items() {
                for item in list {
                    drop_nulls(items, item);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Fills in the schema's defaults; a null that is not allowed counts as absent where there is one.
pub(crate) fn fill_defaults(node: Node<'_>, value: &mut Value) {
    match value {
        Value::Object(map) => {
            // A null that is not allowed counts as absent, in custom resources as well.
            map.retain(|name, value| {
                !value.is_null()
                    || node.field(name).is_none_or(|field| field.flag("nullable") || field.preserves())
            });
            for (name, property) in node.properties() {
                if let Some(default) = property.keyword("default") {
                    let absent = map.get(name).is_none_or(|v| v.is_null() && !property.flag("nullable"));
                    if absent {
                        map.insert(name.clone(), default.clone());
                    }
                }
            }
            for (name, value) in map {
                if let Some(field) = node.field(name) {
                    fill_defaults(field, value);
                }
            }
        }
        Value::Array(list) => {
            if let Some(items) = node.items() {
                for item in list {
                    fill_defaults(items, item);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Reads a value of a built-in type as Go would: nulls are absent, numbers for quantities become text. The error names
/// the first field of a wrong type.
pub(crate) fn decode(node: Node<'_>, value: &mut Value, path: &str) -> Result<(), String> {
    let wrong = |found: &str| {
        let field = if path.is_empty() { "the object" } else { path };
        Err(format!("json: cannot unmarshal {found} into Go struct field {field} of type {}", go_type(node)))
    };
    match (node.kind(), &mut *value) {
        ("object", Value::Object(map)) => {
            map.retain(|_, value| !value.is_null());
            for (name, value) in map {
                if let Some(field) = node.field(name) {
                    decode(field, value, &join(path, name))?;
                }
            }
            Ok(())
        }
        ("array", Value::Array(list)) => {
            let Some(items) = node.items() else { return Ok(()) };
            list.iter_mut().try_for_each(|item| decode(items, item, path))
        }
        ("string", Value::Number(number)) if node.format() == "quantity" => {
            *value = json!(number.to_string());
            Ok(())
        }
        ("string", Value::String(text)) => match node.format() {
            "byte" if data_encoding::BASE64.decode(text.as_bytes()).is_err() => {
                Err(format!("illegal base64 data in field {path}"))
            }
            "date-time" if text.parse::<jiff::Timestamp>().is_err() => {
                Err(format!("parsing time {text:?} in field {path} failed: it is not RFC 3339"))
            }
            _ => Ok(()),
        },
        ("integer", Value::Number(number)) if number.is_i64() || number.is_u64() => Ok(()),
        ("number", Value::Number(_)) | ("boolean", Value::Bool(_)) | ("", _) | (_, Value::Null) => Ok(()),
        (_, Value::Bool(_)) => wrong("bool"),
        (_, Value::Number(_)) => wrong("number"),
        (_, Value::String(_)) => wrong("string"),
        (_, Value::Array(_)) => wrong("array"),
        (_, Value::Object(_)) => wrong("object"),
    }
}

fn go_type(node: Node<'_>) -> &'static str {
    match node.kind() {
        "string" => "string",
        "integer" => "int",
        "number" => "float64",
        "boolean" => "bool",
        "array" => "list",
        _ => "map",
    }
}
