//! Walks a checked query: selects fields, follows fragments, cuts connections into pages.

use std::collections::BTreeMap;

use data_encoding::BASE64;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::fields::Node;
use super::parse::{Document, Field, Operation, Selection};
use super::schema::SCHEMA;
use crate::Name;
use crate::act::mergeability::Verdict;
use crate::refusal::Refusal;
use crate::state::{Caller, State};

/// What a field turned out to be.
pub(super) enum Out {
    /// A scalar, an enum, or null.
    Plain(Value),
    Node(Node),
    List(Vec<Node>),
    /// All nodes of a connection, to be cut into pages, and the fields that only this connection has.
    Pages(Vec<Node>, Value),
}

impl Out {
    pub(super) fn maybe(node: Option<Node>) -> Self {
        node.map_or(Self::Plain(Value::Null), Self::Node)
    }

    pub(super) fn pages(all: impl IntoIterator<Item = Node>) -> Self {
        Self::Pages(all.into_iter().collect(), Value::Null)
    }
}

/// Why a field failed, with GitHub's word for the kind.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) kind: &'static str,
    pub(super) message: String,
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let kind = match refusal.status.as_u16() {
            404 => "NOT_FOUND",
            401 | 403 => "FORBIDDEN",
            422 => "UNPROCESSABLE",
            _ => "INTERNAL",
        };
        Self { kind, message: refusal.message }
    }
}

impl From<crate::git::GitError> for Failure {
    fn from(error: crate::git::GitError) -> Self {
        Self { kind: "INTERNAL", message: error.to_string() }
    }
}

pub(super) type Resolved = Result<Out, Failure>;

/// One query under way.
pub(super) struct Run<'a> {
    pub(super) state: &'a mut State,
    pub(super) caller: &'a Caller,
    pub(super) limits: Value,
    /// Each pull request is judged once a query, so that its fields agree.
    pub(super) verdicts: BTreeMap<(Name, u64), Option<Verdict>>,
    document: &'a Document,
    variables: &'a BTreeMap<String, Value>,
    errors: Vec<Value>,
}

impl<'a> Run<'a> {
    pub(super) fn new(
        state: &'a mut State,
        caller: &'a Caller,
        document: &'a Document,
        variables: &'a BTreeMap<String, Value>,
        limits: Value,
    ) -> Self {
        Self { state, caller, limits, verdicts: BTreeMap::new(), document, variables, errors: Vec::new() }
    }

    /// The data and the errors of an operation.
    pub(super) fn operation(mut self, operation: &Operation) -> (Value, Vec<Value>) {
        let root = if operation.mutation { Node::Mutation } else { Node::Query };
        let data = self.object(&root, &operation.selection, &[]);
        (data, self.errors)
    }

    fn object(&mut self, node: &Node, selection: &[Selection], path: &[Value]) -> Value {
        let of = node.type_name(self.state);
        let mut object = Map::new();
        for field in self.chosen(selection, of) {
            let path = [path, &[json!(field.alias)]].concat();
            let value =
                if field.name == "__typename" { json!(of) } else { self.field(node, of, field, &path) };
            put(&mut object, &field.alias, value);
        }
        Value::Object(object)
    }

    /// The fields that a selection has for a type, fragments opened.
    fn chosen<'s>(&self, selection: &'s [Selection], of: &str) -> Vec<&'s Field>
    where
        'a: 's,
    {
        let mut chosen = Vec::new();
        for one in selection {
            match one {
                Selection::Field(field) => chosen.push(field),
                Selection::Inline { on, selection, .. } => {
                    if on.as_ref().is_none_or(|on| SCHEMA.fits(of, on)) {
                        chosen.extend(self.chosen(selection, of));
                    }
                }
                Selection::Named { fragment, .. } => {
                    if let Some(fragment) = self.document.fragments.get(fragment)
                        && SCHEMA.fits(of, &fragment.on)
                    {
                        chosen.extend(self.chosen(&fragment.selection, of));
                    }
                }
            }
        }
        chosen
    }

    fn field(&mut self, node: &Node, of: &str, field: &Field, path: &[Value]) -> Value {
        let arguments: Map<String, Value> =
            field.arguments.iter().map(|(name, value)| (name.clone(), value.fill(self.variables))).collect();
        let arguments = Value::Object(arguments);
        match self.resolve(node, &field.name, &arguments) {
            Ok(Out::Plain(value)) => value,
            Ok(Out::Node(node)) => self.object(&node, &field.selection, path),
            Ok(Out::List(all)) => {
                let one = |(index, node): (usize, &Node)| {
                    self.object(node, &field.selection, &[path, &[json!(index)]].concat())
                };
                all.iter().enumerate().map(one).collect()
            }
            Ok(Out::Pages(all, more)) => {
                let connection = SCHEMA
                    .fields(of)
                    .and_then(|fields| fields.get(&field.name))
                    .map_or("", |found| &found.of);
                self.connection(connection, &all, &more, &arguments, &field.selection, path)
            }
            Err(failure) => {
                let place = json!({"line": field.place.line, "column": field.place.column});
                self.errors.push(json!({"type": failure.kind, "path": path, "locations": [place], "message": failure.message}));
                Value::Null
            }
        }
    }

    fn connection(
        &mut self,
        of: &str,
        all: &[Node],
        more: &Value,
        arguments: &Value,
        selection: &[Selection],
        path: &[Value],
    ) -> Value {
        let (start, end) = bounds(all, arguments);
        let page = all.get(start..end).unwrap_or_default();
        let mut object = Map::new();
        for field in self.chosen(selection, of) {
            let path = [path, &[json!(field.alias)]].concat();
            let value = match field.name.as_str() {
                "__typename" => json!(of),
                "totalCount" => json!(all.len()),
                "nodes" => {
                    let one = |(index, node): (usize, &Node)| {
                        self.object(node, &field.selection, &[&path[..], &[json!(index)]].concat())
                    };
                    page.iter().enumerate().map(one).collect()
                }
                "edges" => page
                    .iter()
                    .enumerate()
                    .map(|(index, node)| self.edge(of, start + index, node, &field.selection, &path))
                    .collect(),
                "pageInfo" => {
                    let info = json!({
                        "hasNextPage": end < all.len(),
                        "hasPreviousPage": start > 0,
                        "startCursor": page.first().map(|node| cursor(start, node)),
                        "endCursor": page.last().map(|node| cursor(end - 1, node)),
                    });
                    self.object(&Node::Small("PageInfo", info), &field.selection, &path)
                }
                other => more.get(other).cloned().unwrap_or_default(),
            };
            put(&mut object, &field.alias, value);
        }
        Value::Object(object)
    }

    fn edge(
        &mut self,
        of: &str,
        index: usize,
        node: &Node,
        selection: &[Selection],
        path: &[Value],
    ) -> Value {
        let edge = format!("{}Edge", of.strip_suffix("Connection").unwrap_or(of));
        let mut object = Map::new();
        for field in self.chosen(selection, &edge) {
            let path = [path, &[json!(index), json!(field.alias)]].concat();
            let value = match field.name.as_str() {
                "__typename" => json!(edge),
                "cursor" => json!(cursor(index, node)),
                _ => self.object(node, &field.selection, &path),
            };
            put(&mut object, &field.alias, value);
        }
        Value::Object(object)
    }
}

/// Adds a field; one that two fragments chose is united.
fn put(object: &mut Map<String, Value>, alias: &str, value: Value) {
    match (object.get_mut(alias), value) {
        (Some(Value::Object(there)), Value::Object(more)) => {
            for (name, value) in more {
                put(there, &name, value);
            }
        }
        (Some(Value::Array(there)), Value::Array(more)) => {
            for (one, more) in there.iter_mut().zip(more) {
                if let (Value::Object(one), Value::Object(more)) = (one, more) {
                    for (name, value) in more {
                        put(one, &name, value);
                    }
                }
            }
        }
        (_, value) => {
            object.insert(alias.to_owned(), value);
        }
    }
}

/// A cursor knows its place and its node, so that a page starts right even if something before it has gone.
fn cursor(index: usize, node: &Node) -> String {
    BASE64.encode(format!("cursor:{index}:{}", mark(node)).as_bytes())
}

fn mark(node: &Node) -> String {
    hex::encode(Sha256::digest(format!("{node:?}")).get(..6).unwrap_or_default())
}

fn place_of(all: &[Node], cursor: &str) -> Option<usize> {
    let text = String::from_utf8(BASE64.decode(cursor.as_bytes()).ok()?).ok()?;
    let (index, seen) = text.strip_prefix("cursor:")?.split_once(':')?;
    let index: usize = index.parse().ok()?;
    all.iter().position(|node| mark(node) == seen).or(Some(index))
}

/// The part of a connection that `first`, `last`, `after` and `before` ask for.
fn bounds(all: &[Node], arguments: &Value) -> (usize, usize) {
    let place = |name: &str| arguments[name].as_str().and_then(|cursor| place_of(all, cursor));
    let size = |name: &str| arguments[name].as_u64().and_then(|size| usize::try_from(size).ok());
    let mut start = place("after").map_or(0, |place| place + 1).min(all.len());
    let mut end = place("before").unwrap_or(all.len()).clamp(start, all.len());
    if let Some(first) = size("first") {
        end = end.min(start.saturating_add(first));
    }
    if let Some(last) = size("last") {
        start = start.max(end.saturating_sub(last));
    }
    (start, end)
}
