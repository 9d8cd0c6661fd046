//! Decoration entries of several objects of one layer: those that set one field of one cluster differently lose it.

use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// A field of the configuration of one cluster.
type Field = (String, Vec<String>);

/// The entries of all objects without the fields that they disagree about, and the objects that disagree.
pub(super) fn agreed<'a>(objects: &[(&'a str, &Value)]) -> (Vec<Value>, Vec<&'a str>) {
    let mut said: BTreeMap<Field, Vec<(&'a str, Value)>> = BTreeMap::new();
    for (name, entries) in objects {
        // Within one object the later entry wins.
        let mut own = BTreeMap::new();
        for entry in entries.as_array().into_iter().flatten() {
            fields(&cluster(entry), Vec::new(), &entry["config"], &mut own);
        }
        for (field, value) in own {
            said.entry(field).or_default().push((name, value));
        }
    }
    said.retain(|_, values| {
        values.iter().any(|(_, value)| Some(value) != values.first().map(|(_, first)| first))
    });
    let objects_in_dispute: BTreeSet<&str> = said.values().flatten().map(|(name, _)| *name).collect();

    let mut entries: Vec<Value> =
        objects.iter().flat_map(|(_, entries)| entries.as_array().into_iter().flatten()).cloned().collect();
    for entry in &mut entries {
        let cluster = cluster(entry);
        for (_, path) in said.keys().filter(|(of, _)| *of == cluster) {
            if let Some(config) = entry.get_mut("config").and_then(Value::as_object_mut) {
                remove(config, path);
            }
        }
    }
    (entries, objects_in_dispute.into_iter().collect())
}

/// The cluster of an entry; no name and `*` are all.
fn cluster(entry: &Value) -> String {
    match entry["cluster"].as_str() {
        None | Some("*") => String::new(),
        Some(name) => name.to_owned(),
    }
}

fn fields(cluster: &str, path: Vec<String>, value: &Value, found: &mut BTreeMap<Field, Value>) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                let mut path = path.clone();
                path.push(name.clone());
                fields(cluster, path, value, found);
            }
        }
        leaf => {
            found.insert((cluster.to_owned(), path), leaf.clone());
        }
    }
}

fn remove(config: &mut Map<String, Value>, path: &[String]) {
    match path {
        [] => {}
        [last] => {
            config.remove(last);
        }
        [first, rest @ ..] => {
            if let Some(below) = config.get_mut(first).and_then(Value::as_object_mut) {
                remove(below, rest);
            }
        }
    }
}
