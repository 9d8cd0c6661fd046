//! What the server serves: the kinds, built in or registered by a CustomResourceDefinition.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::cel::Rules;
use crate::schema::Schema;
use crate::store::Collection;

/// Kinds whose objects the server itself knows something about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BuiltIn {
    Namespace,
    Pod,
    ConfigMap,
    Secret,
    Event,
    Lease,
    ServiceAccount,
    Node,
    CustomResourceDefinition,
    SelfSubjectAccessReview,
}

/// A kind of object and how it is served.
#[derive(Debug)]
pub struct Kind {
    pub(crate) group: String,
    /// `Widget`.
    pub(crate) name: String,
    pub(crate) list_name: String,
    pub(crate) plural: String,
    pub(crate) singular: String,
    pub(crate) short_names: Vec<String>,
    pub(crate) categories: Vec<String>,
    pub(crate) namespaced: bool,
    /// None for custom resources.
    pub(crate) built_in: Option<BuiltIn>,
    pub(crate) versions: Vec<Version>,
}

/// One served version of a kind.
#[derive(Debug)]
pub(crate) struct Version {
    pub(crate) name: String,
    pub(crate) schema: Schema,
    pub(crate) columns: Vec<Column>,
    /// Whether the status is written through a subresource of its own.
    pub(crate) status: bool,
    /// Field selectors beyond `metadata.name` and `metadata.namespace`: label, and path in the object.
    pub(crate) selectable: Vec<(String, Vec<String>)>,
    pub(crate) rules: Rules,
}

/// A column of `kubectl get`.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) format: String,
    pub(crate) description: String,
    /// 0 is always shown, more only with `-o wide`.
    pub(crate) priority: i64,
    pub(crate) cell: Cell,
}

/// Where a column's cell comes from.
#[derive(Clone, Debug)]
pub(crate) enum Cell {
    /// A path as CRDs give it.
    Path(crate::jsonpath::JsonPath),
    /// Computed, as the API server does for its own kinds.
    Computed(fn(&Value, &crate::clock::Clock) -> Value),
}

impl Kind {
    /// `pods`, `widgets.example.com`.
    pub(crate) fn qualified(&self) -> String {
        if self.group.is_empty() { self.plural.clone() } else { format!("{}.{}", self.plural, self.group) }
    }

    /// Where the objects live. Both APIs for events are two views of the same objects.
    pub(crate) fn collection(&self) -> Collection {
        let group = if self.built_in == Some(BuiltIn::Event) { String::new() } else { self.group.clone() };
        Collection { group, plural: self.plural.clone() }
    }

    pub(crate) fn version(&self, name: &str) -> Option<&Version> {
        self.versions.iter().find(|version| version.name == name)
    }

    /// `v1`, `example.com/v1`.
    pub(crate) fn api_version(&self, version: &str) -> String {
        if self.group.is_empty() { version.to_owned() } else { format!("{}/{version}", self.group) }
    }

    /// Whether objects are stored, or only answered (access reviews).
    pub(crate) fn stored(&self) -> bool {
        self.built_in != Some(BuiltIn::SelfSubjectAccessReview)
    }

    /// The verbs that discovery shows.
    pub(crate) fn verbs(&self) -> &'static [&'static str] {
        if self.stored() {
            &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
        } else {
            &["create"]
        }
    }

    /// The subresources of a version: name, verbs.
    pub(crate) fn subresources(&self, version: &Version) -> Vec<(&'static str, &'static [&'static str])> {
        let mut all: Vec<(&str, &[&str])> = Vec::new();
        if self.built_in == Some(BuiltIn::Pod) {
            all.push(("log", &["get"]));
            all.push(("binding", &["create"]));
        }
        if version.status {
            all.push(("status", &["get", "patch", "update"]));
        }
        all
    }
}

/// All kinds served now, by group and plural name.
#[derive(Clone, Debug)]
pub(crate) struct Registry {
    kinds: BTreeMap<(String, String), Arc<Kind>>,
}

impl Registry {
    pub(crate) fn built_in() -> Self {
        let mut registry = Self { kinds: BTreeMap::new() };
        for kind in crate::built_in::kinds() {
            registry.add(kind.clone());
        }
        registry
    }

    pub(crate) fn add(&mut self, kind: Arc<Kind>) {
        self.kinds.insert((kind.group.clone(), kind.plural.clone()), kind);
    }

    pub(crate) fn remove(&mut self, group: &str, plural: &str) {
        self.kinds.remove(&(group.to_owned(), plural.to_owned()));
    }

    pub(crate) fn get(&self, group: &str, plural: &str) -> Option<&Arc<Kind>> {
        self.kinds.get(&(group.to_owned(), plural.to_owned()))
    }

    /// The kind that keeps its objects in a collection.
    pub(crate) fn owning(&self, collection: &Collection) -> Option<&Arc<Kind>> {
        self.get(&collection.group, &collection.plural)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Kind>> {
        self.kinds.values()
    }

    /// Whether anything is served under a group and version.
    pub(crate) fn serves(&self, group: &str, version: &str) -> bool {
        self.all().any(|kind| kind.group == group && kind.version(version).is_some())
    }
}
