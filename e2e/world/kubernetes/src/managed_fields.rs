//! Who owns which field: `metadata.managedFields`, kept up by every kind of write.

use serde_json::{Map, Value, json};

use crate::failure::Failure;
use crate::field_set::{FieldSet, Step, compare};
use crate::object::{self, text};
use crate::resource::BuiltIn;
use crate::schema::Node;

/// How a manager came to own fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Operation {
    Apply,
    Update,
}

/// One entry of `managedFields`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Manager {
    pub(crate) name: String,
    pub(crate) operation: Operation,
    pub(crate) api_version: String,
    pub(crate) subresource: String,
    /// When it last changed something; empty for an applier that never has, because others had applied the same.
    pub(crate) time: String,
    pub(crate) fields: FieldSet,
}

impl Manager {
    /// Whether two entries are of the same manager. An applier keeps its identity when it changes to another version.
    pub(crate) fn same(&self, other: &Self) -> bool {
        self.name == other.name
            && self.operation == other.operation
            && self.subresource == other.subresource
            && (self.operation == Operation::Apply || self.api_version == other.api_version)
    }

    /// As conflicts name it.
    pub(crate) fn shown(&self) -> String {
        let mut shown = format!("{:?}", self.name);
        if !self.subresource.is_empty() {
            shown = format!("{shown} with subresource {:?}", self.subresource);
        }
        match self.operation {
            Operation::Apply => shown,
            Operation::Update => format!("{shown} using {}", self.api_version),
        }
    }

    fn parse(entry: &Value) -> Result<Self, String> {
        let operation = match text(entry, &["operation"]) {
            "Apply" => Operation::Apply,
            "Update" => Operation::Update,
            other => return Err(format!("operation {other:?} must be Apply or Update")),
        };
        let owned = |field: &str| text(entry, &[field]).to_owned();
        Ok(Self {
            name: owned("manager"),
            operation,
            api_version: owned("apiVersion"),
            subresource: owned("subresource"),
            time: owned("time"),
            fields: FieldSet::from_fields(entry.get("fieldsV1").unwrap_or(&Value::Object(Map::new())))?,
        })
    }

    fn entry(&self) -> Value {
        let operation = match self.operation {
            Operation::Apply => "Apply",
            Operation::Update => "Update",
        };
        let mut entry = json!({
            "manager": self.name, "operation": operation, "apiVersion": self.api_version,
            "fieldsType": "FieldsV1", "fieldsV1": self.fields.to_fields(),
        });
        if !self.time.is_empty() {
            object::set(&mut entry, &["time"], json!(self.time));
        }
        if !self.subresource.is_empty() {
            object::set(&mut entry, &["subresource"], json!(self.subresource));
        }
        entry
    }
}

/// The managers of a stored object. Entries that cannot be read count for nothing.
pub(crate) fn managers(object: &Value) -> Vec<Manager> {
    let entries = object::list(object, &["metadata", "managedFields"]);
    entries.iter().filter_map(|entry| Manager::parse(entry).ok()).collect()
}

/// The managers that an update starts from: those it brings, or the stored ones if it brings none. One empty entry means
/// that all ownership shall be forgotten.
pub(crate) fn brought(old: &Value, new: &Value) -> Result<Vec<Manager>, Failure> {
    match object::list(new, &["metadata", "managedFields"]) {
        [] => Ok(managers(old)),
        [only] if only.as_object().is_some_and(Map::is_empty) => Ok(Vec::new()),
        entries => entries
            .iter()
            .map(|entry| {
                Manager::parse(entry)
                    .map_err(|why| Failure::bad_request(format!("metadata.managedFields: {why}")))
            })
            .collect(),
    }
}

/// Writes the managers into an object, in the API server's order.
pub(crate) fn set(object: &mut Value, mut managers: Vec<Manager>) {
    managers.retain(|manager| !manager.fields.is_empty());
    managers.sort_by(|a, b| {
        let order = |m: &Manager| {
            (m.operation, m.time.clone(), m.name.clone(), m.api_version.clone(), m.subresource.clone())
        };
        order(a).cmp(&order(b))
    });
    if managers.is_empty() {
        object::remove(object, &["metadata", "managedFields"]);
    } else {
        let entries = managers.iter().map(Manager::entry).collect();
        object::set(object, &["metadata", "managedFields"], Value::Array(entries));
    }
}

/// What of an object is owned by anybody: all but its identity and what the server itself keeps.
pub(crate) fn ownable(object: &Value) -> Value {
    let mut rest = object.clone();
    for field in ["apiVersion", "kind"] {
        object::remove(&mut rest, &[field]);
    }
    let kept_by_server = [
        "name",
        "namespace",
        "creationTimestamp",
        "selfLink",
        "uid",
        "generation",
        "managedFields",
        "resourceVersion",
    ];
    for field in kept_by_server {
        object::remove(&mut rest, &["metadata", field]);
    }
    if object::get(&rest, &["metadata"]).and_then(Value::as_object).is_some_and(Map::is_empty) {
        object::remove(&mut rest, &["metadata"]);
    }
    rest
}

/// `metadata` itself belongs to nobody.
pub(crate) fn without_metadata_itself(mut set: FieldSet) -> FieldSet {
    if let Some(metadata) = set.children.get_mut(&Step::Field("metadata".to_owned())) {
        metadata.member = false;
    }
    set
}

/// Of built-in kinds, fields that Go never leaves out are nobody's by themselves; their contents are.
pub(crate) fn without_structs(kind: BuiltIn, mut managers: Vec<Manager>) -> Vec<Manager> {
    let structs: &[&[&str]] = match kind {
        BuiltIn::Pod => &[&["spec"], &["spec", "containers"], &["status"]],
        BuiltIn::CustomResourceDefinition => {
            &[&["spec"], &["spec", "names"], &["spec", "versions"], &["status"]]
        }
        BuiltIn::Event => &[&["source"], &["involvedObject"], &["regarding"], &["deprecatedSource"]],
        BuiltIn::Namespace | BuiltIn::Lease | BuiltIn::Node | BuiltIn::SelfSubjectAccessReview => {
            &[&["spec"], &["status"]]
        }
        BuiltIn::ConfigMap | BuiltIn::Secret | BuiltIn::ServiceAccount => &[],
    };
    for manager in managers.iter_mut().filter(|manager| manager.operation == Operation::Update) {
        for path in structs {
            manager.fields.disown(path);
        }
    }
    managers
}

/// Notes an update: its manager owns what it changed or added, and nobody owns what it removed.
pub(crate) fn track(
    node: Node<'_>,
    old: Option<&Value>,
    new: &Value,
    mut managers: Vec<Manager>,
    mut writer: Manager,
) -> Vec<Manager> {
    let (old, new) = (old.map(ownable), ownable(new));
    let difference = compare(Some(node), old.as_ref(), Some(&new));
    let mut changed = without_metadata_itself(difference.changed);
    changed.member = false;
    for other in &mut managers {
        if !other.same(&writer) {
            other.fields.subtract(&changed);
        }
        other.fields.subtract(&difference.removed);
    }
    if let Some(own) = managers.iter_mut().find(|manager| manager.same(&writer)) {
        let before = own.fields.clone();
        own.fields.union(&changed);
        if own.fields != before {
            own.time = writer.time;
        }
    } else {
        writer.fields = changed;
        managers.push(writer);
    }
    managers
}
