//! The settings of one Repository object as leaves: what one object can set and another can override.
//!
//! How far down a leaf lies is the one rule of KINDS 1: plugins are replaced plugin by plugin; trust, report, jobs,
//! owners and branchProtection field by field; everything else whole. Leaves know their JSON only, so that a new field
//! of the API takes part without a line here.

use api::repository::RepositorySpec;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt;

/// Where a leaf stands below `spec`, as in `trust.collaborators`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LeafPath(Vec<String>);

impl LeafPath {
    /// The field of `spec` that the leaf belongs to.
    pub fn section(&self) -> &str {
        self.0.first().map_or("", String::as_str)
    }

    /// The plugin that the leaf is, if it is one.
    pub fn plugin(&self) -> Option<&str> {
        if self.section() == "plugins" { self.0.get(1).map(String::as_str) } else { None }
    }

    fn child(&self, name: &str) -> Self {
        let mut path = self.0.clone();
        path.push(name.to_owned());
        Self(path)
    }
}

impl fmt::Display for LeafPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("."))
    }
}

/// How the values of one leaf from several objects become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Merging {
    /// The more specific one stands.
    Replace,
    /// Lists that Prow unites: every entry of each counts.
    Unite,
    /// Entries of which later ones win field by field: the more specific ones come later.
    Append,
}

/// One setting of one object.
#[derive(Clone, Debug, PartialEq)]
pub struct Leaf {
    /// How it meets others.
    pub merging: Merging,
    /// What it says.
    pub value: Value,
}

/// The settings of one object by path.
pub type Leaves = BTreeMap<LeafPath, Leaf>;

/// The leaves of a spec; which repositories it names is no setting.
pub fn leaves(spec: &RepositorySpec) -> Leaves {
    let mut found = Leaves::new();
    if let Ok(Value::Object(mut sections)) = serde_json::to_value(spec) {
        sections.remove("github");
        for (name, value) in sections {
            collect(LeafPath(vec![name]), value, &mut found);
        }
    }
    found
}

/// Whether the fields below this path are leaves of their own.
fn is_divided(path: &LeafPath) -> bool {
    match path.section() {
        "plugins" => path.0.len() == 1,
        "trust" | "report" | "jobs" | "owners" | "branchProtection" => true,
        _ => false,
    }
}

fn is_branches(path: &LeafPath) -> bool {
    path.0 == ["branchProtection", "branches"]
}

fn collect(path: LeafPath, value: Value, found: &mut Leaves) {
    match value {
        Value::Array(branches) if is_branches(&path) => {
            for branch in branches {
                let Value::Object(mut fields) = branch else { continue };
                let Some(Value::String(name)) = fields.remove("name") else { continue };
                collect(path.child(&name), Value::Object(fields), found);
            }
        }
        Value::Object(fields) if is_divided(&path) && !fields.is_empty() => {
            for (name, value) in fields {
                collect(path.child(&name), value, found);
            }
        }
        value => {
            let merging = match path.section() {
                "decoration" => Merging::Append,
                "branchProtection" if value.is_array() => Merging::Unite,
                _ => Merging::Replace,
            };
            found.insert(path, Leaf { merging, value });
        }
    }
}

/// The spec that leaves make, without `github`.
pub fn assembled<'a>(leaves: impl Iterator<Item = (&'a LeafPath, &'a Value)>) -> Map<String, Value> {
    let mut spec = Map::new();
    for (path, value) in leaves {
        place(&mut spec, &path.0, value);
    }
    if let Some(Value::Object(protection)) = spec.get_mut("branchProtection")
        && let Some(Value::Object(branches)) = protection.get_mut("branches")
    {
        let list = std::mem::take(branches).into_iter().map(|(name, mut branch)| {
            if let Value::Object(fields) = &mut branch {
                fields.insert("name".to_owned(), name.into());
            }
            branch
        });
        let list = list.collect();
        protection.insert("branches".to_owned(), list);
    }
    spec
}

fn place(map: &mut Map<String, Value>, path: &[String], value: &Value) {
    match path {
        [] => {}
        // An empty object says that its section is there; fields of it may be there already.
        [last] if map.get(last).is_some_and(Value::is_object) && *value == Value::Object(Map::new()) => {}
        [last] => {
            map.insert(last.clone(), value.clone());
        }
        [first, rest @ ..] => {
            let below = map.entry(first.clone()).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(below) = below {
                place(below, rest, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn spec(settings: Value) -> RepositorySpec {
        let mut all = json!({ "github": { "owner": "acme", "repositories": ["*"] } });
        let Value::Object(settings) = settings else { panic!("settings are a map") };
        all.as_object_mut().unwrap().extend(settings);
        serde_json::from_value(all).unwrap()
    }

    fn paths(settings: Value) -> Vec<String> {
        leaves(&spec(settings)).keys().map(ToString::to_string).collect()
    }

    #[test]
    fn a_plugin_is_one_leaf_and_trust_is_many() {
        let paths = paths(json!({
            "plugins": { "lgtm": { "reviewCountsAsLgtm": true }, "unheardOf": {} },
            "trust": { "collaborators": true, "okToTest": { "enabled": true } },
            "webhook": { "manage": true, "onDelete": "Keep" }
        }));
        assert_eq!(
            paths,
            ["plugins.lgtm", "plugins.unheardOf", "trust.collaborators", "trust.okToTest.enabled", "webhook"]
        );
    }

    #[test]
    fn branches_are_leaves_by_their_name() {
        let paths = paths(json!({ "branchProtection": { "branches": [
            { "name": "releases", "match": "^release-", "requiredStatusChecks": { "contexts": ["a"] } }
        ] } }));
        assert_eq!(
            paths,
            [
                "branchProtection.branches.releases.match",
                "branchProtection.branches.releases.requiredStatusChecks.contexts"
            ]
        );
    }

    #[test]
    fn leaves_make_the_spec_again() {
        let whole = spec(json!({
            "mode": "Active",
            "plugins": { "hold": {}, "approve": { "requireIssue": true } },
            "trust": { "apps": [], "okToTest": {} },
            "decoration": [{ "config": { "timeout": "2h0m0s" } }],
            "branchProtection": { "protect": true, "restrictions": {}, "branches": [{ "name": "main", "protect": true }] }
        }));
        let leaves = leaves(&whole);
        let mut made = assembled(leaves.iter().map(|(path, leaf)| (path, &leaf.value)));
        made.insert("github".into(), serde_json::to_value(&whole.github).unwrap());
        assert_eq!(serde_json::from_value::<RepositorySpec>(made.into()).unwrap(), whole);
    }
}
