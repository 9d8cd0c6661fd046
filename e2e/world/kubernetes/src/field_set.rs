//! Sets of fields: what a manager owns, and what a write has changed.
//!
//! The rules are those of structured-merge-diff: a map's fields and a map-list's items are owned one by one, atomic values
//! and scalars whole; a value that appears or goes is a change of its own path besides its contents.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::schema::{ListKind, Node, item_key};

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    Field(String),
    /// An item of a map-list: its key fields as JSON, sorted by name.
    Key(String),
    /// An item of a set, as JSON.
    Item(String),
}

/// A set of paths, as a tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FieldSet {
    /// Whether the path that ends here is in the set.
    pub(crate) member: bool,
    pub(crate) children: BTreeMap<Step, FieldSet>,
}

/// How two values differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Comparison {
    /// Added or modified.
    pub(crate) changed: FieldSet,
    pub(crate) removed: FieldSet,
}

impl FieldSet {
    fn leaf() -> Self {
        Self { member: true, children: BTreeMap::new() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        !self.member && self.children.values().all(Self::is_empty)
    }

    pub(crate) fn child(&self, step: &Step) -> Option<&Self> {
        self.children.get(step).filter(|child| !child.is_empty())
    }

    /// Whether a step leads to anything in the set.
    pub(crate) fn reaches(&self, step: &Step) -> bool {
        self.child(step).is_some()
    }

    pub(crate) fn union(&mut self, other: &Self) {
        self.member |= other.member;
        for (step, theirs) in &other.children {
            self.children.entry(step.clone()).or_default().union(theirs);
        }
    }

    /// Takes out the paths of another set.
    pub(crate) fn subtract(&mut self, other: &Self) {
        self.member &= !other.member;
        for (step, theirs) in &other.children {
            if let Some(ours) = self.children.get_mut(step) {
                ours.subtract(theirs);
            }
        }
        self.children.retain(|_, child| !child.is_empty());
    }

    /// Takes one path of fields out, but nothing below it.
    pub(crate) fn disown(&mut self, path: &[&str]) {
        let mut at = self;
        for field in path {
            let Some(child) = at.children.get_mut(&Step::Field((*field).to_owned())) else { return };
            at = child;
        }
        if !at.children.is_empty() {
            at.member = false;
        }
    }

    /// The paths in both sets.
    pub(crate) fn intersection(&self, other: &Self) -> Self {
        let both = |(step, ours): (&Step, &Self)| {
            let common = ours.intersection(other.children.get(step)?);
            (!common.is_empty()).then(|| (step.clone(), common))
        };
        Self {
            member: self.member && other.member,
            children: self.children.iter().filter_map(both).collect(),
        }
    }

    /// The paths as people read them: `.spec.containers[name="a"].image`.
    pub(crate) fn paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        self.collect_paths("", &mut paths);
        paths
    }

    fn collect_paths(&self, path: &str, paths: &mut Vec<String>) {
        // First what is in the set at this level, then what lies deeper.
        let below: Vec<(String, &Self)> =
            self.children.iter().map(|(step, child)| (format!("{path}{}", step.shown()), child)).collect();
        paths.extend(below.iter().filter(|(_, child)| child.member).map(|(path, _)| path.clone()));
        for (path, child) in below {
            child.collect_paths(&path, paths);
        }
    }

    /// The set as `fieldsV1`.
    pub(crate) fn to_fields(&self) -> Value {
        let mut fields = Map::new();
        if self.member && !self.children.is_empty() {
            fields.insert(".".to_owned(), Value::Object(Map::new()));
        }
        for (step, child) in &self.children {
            fields.insert(step.encoded(), child.to_fields());
        }
        Value::Object(fields)
    }

    /// Reads `fieldsV1`. The error names a key that is not understood.
    pub(crate) fn from_fields(fields: &Value) -> Result<Self, String> {
        Self::parse(fields, true)
    }

    fn parse(fields: &Value, root: bool) -> Result<Self, String> {
        let map = fields.as_object().ok_or("fieldsV1 must be an object")?;
        let mut set = Self { member: map.is_empty() && !root, children: BTreeMap::new() };
        for (key, value) in map {
            if key == "." {
                set.member = true;
            } else {
                set.children.insert(Step::decode(key)?, Self::parse(value, false)?);
            }
        }
        Ok(set)
    }

    /// All fields of a value, as an applier owns them.
    pub(crate) fn of(node: Option<Node<'_>>, value: &Value) -> Self {
        let mut set = Self::default();
        match value {
            Value::Object(map) if !node.is_some_and(Node::atomic_map) => {
                for (name, value) in map {
                    let declared = node.and_then(|node| node.property(name));
                    let mut child = Self::of(declared.or_else(|| node.and_then(Node::additional)), value);
                    let hollow = value.is_null() || value.as_object().is_some_and(Map::is_empty);
                    child.member |= hollow || declared.is_none();
                    // An empty set or map-list is owned by nobody.
                    if !child.is_empty() {
                        set.children.insert(Step::Field(name.clone()), child);
                    }
                }
            }
            Value::Array(list) if list_kind(node) != ListKind::Atomic => {
                for (step, item) in items(node, list) {
                    let mut child = Self::of(node.and_then(Node::items), item);
                    child.member = true;
                    set.children.insert(step, child);
                }
            }
            _ => set.member = true,
        }
        set
    }
}

impl Step {
    fn encoded(&self) -> String {
        match self {
            Self::Field(name) => format!("f:{name}"),
            Self::Key(key) => format!("k:{key}"),
            Self::Item(value) => format!("v:{value}"),
        }
    }

    fn decode(text: &str) -> Result<Self, String> {
        let wrong = || format!("the key {text:?} of fieldsV1 is not understood");
        match text.split_once(':').ok_or_else(wrong)? {
            ("f", name) => Ok(Self::Field(name.to_owned())),
            ("k", key) => Ok(Self::Key(sorted(&serde_json::from_str(key).map_err(|_| wrong())?))),
            ("v", value) => Ok(Self::Item(value.to_owned())),
            _ => Err(wrong()),
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::Field(name) => format!(".{name}"),
            Self::Item(value) => format!("[={value}]"),
            Self::Key(key) => shown_key(&serde_json::from_str(key).unwrap_or_default()),
        }
    }
}

/// The key of an item as people read it: `[name="a"]`.
pub(crate) fn shown_key(key: &Value) -> String {
    let mut shown = String::from("[");
    for (i, (name, value)) in key.as_object().into_iter().flatten().enumerate() {
        let comma = if i == 0 { "" } else { "," };
        let _ = write!(shown, "{comma}{name}={value}");
    }
    shown.push(']');
    shown
}

/// An object as JSON with sorted keys, so that equal keys are equal texts.
fn sorted(key: &Value) -> String {
    let fields: BTreeMap<&String, &Value> = key.as_object().into_iter().flatten().collect();
    serde_json::to_string(&fields).unwrap_or_default()
}

pub(crate) fn list_kind(node: Option<Node<'_>>) -> ListKind {
    node.map_or(ListKind::Atomic, Node::list_kind)
}

/// The items of a map-list or set with the step to each. A key that stands twice leads to its last item.
pub(crate) fn items<'v>(
    node: Option<Node<'_>>,
    list: &'v [Value],
) -> impl Iterator<Item = (Step, &'v Value)> + use<'v> {
    let kind = list_kind(node);
    let step = move |item: &Value| match (&kind, node) {
        (ListKind::Map(keys), Some(node)) => Step::Key(sorted(&item_key(node, keys, item))),
        _ => Step::Item(item.to_string()),
    };
    let steps: Vec<Step> = list.iter().map(step).collect();
    steps.into_iter().zip(list)
}

/// What has changed from one value to another.
pub(crate) fn compare(node: Option<Node<'_>>, old: Option<&Value>, new: Option<&Value>) -> Comparison {
    let mut result = Comparison::default();
    walk(node, old, new, &mut result.changed, &mut result.removed);
    result
}

fn walk(
    node: Option<Node<'_>>,
    old: Option<&Value>,
    new: Option<&Value>,
    changed: &mut FieldSet,
    removed: &mut FieldSet,
) {
    let of = |value: Option<&Value>| match value {
        Some(Value::Object(map)) if !node.is_some_and(Node::atomic_map) => !map.is_empty(),
        Some(Value::Array(list)) if list_kind(node) != ListKind::Atomic => !list.is_empty(),
        _ => false,
    };
    let comparable = match (old, new) {
        (Some(old), Some(new)) if !old.is_null() && !new.is_null() => {
            old.is_object() == new.is_object() && old.is_array() == new.is_array()
        }
        _ => true,
    };
    if comparable && (of(old) || of(new)) {
        for (step, child, old, new) in children(node, old, new) {
            let (mut added, mut gone) = (FieldSet::default(), FieldSet::default());
            walk(child, old, new, &mut added, &mut gone);
            if !added.is_empty() {
                changed.children.insert(step.clone(), added);
            }
            if !gone.is_empty() {
                removed.children.insert(step, gone);
            }
        }
        changed.member = old.is_none();
        removed.member = new.is_none();
        return;
    }
    match (old, new) {
        (Some(_), None) => *removed = FieldSet::leaf(),
        (old, new) if old != new => *changed = FieldSet::leaf(),
        _ => {}
    }
}

type Child<'n, 'v> = (Step, Option<Node<'n>>, Option<&'v Value>, Option<&'v Value>);

/// The fields or items of two values, side by side.
fn children<'n, 'v>(
    node: Option<Node<'n>>,
    old: Option<&'v Value>,
    new: Option<&'v Value>,
) -> Vec<Child<'n, 'v>> {
    let mut sides: BTreeMap<Step, (Option<&Value>, Option<&Value>)> = BTreeMap::new();
    for (value, is_new) in [(old, false), (new, true)] {
        let parts: Vec<(Step, &Value)> = match value {
            Some(Value::Object(map)) => {
                map.iter().map(|(name, value)| (Step::Field(name.clone()), value)).collect()
            }
            Some(Value::Array(list)) => items(node, list).collect(),
            _ => Vec::new(),
        };
        for (step, value) in parts {
            let side = sides.entry(step).or_default();
            if is_new { side.1 = Some(value) } else { side.0 = Some(value) }
        }
    }
    let child = |step: &Step| match step {
        Step::Field(name) => node.and_then(|node| node.field(name)),
        Step::Key(_) | Step::Item(_) => node.and_then(Node::items),
    };
    sides.into_iter().map(|(step, (old, new))| (step.clone(), child(&step), old, new)).collect()
}
