//! Discovery: which groups, versions and resources there are, in the plain and in the aggregated form, and the version.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::failure::Failure;
use crate::resource::{BuiltIn, Kind, Registry, Version};

/// The Kubernetes version that this server imitates.
const MINOR: &str = "33";

/// Answers a discovery path, or nothing if the path is not one.
pub(crate) fn answer(registry: &Registry, path: &str, accept: &str) -> Option<Result<Value, Failure>> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        ["version"] => Some(Ok(version())),
        ["api"] => Some(Ok(aggregated(registry, accept, true).unwrap_or_else(|| {
            json!({
                "kind": "APIVersions", "versions": ["v1"],
                "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": ""}],
            })
        }))),
        ["apis"] => Some(Ok(aggregated(registry, accept, false).unwrap_or_else(|| {
            let groups: Vec<Value> =
                groups(registry).iter().filter(|(name, _)| !name.is_empty()).map(group).collect();
            json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
        }))),
        ["api", version] => Some(resources(registry, "", version)),
        ["apis", name] => {
            let groups = groups(registry);
            let found = groups.get_key_value(*name);
            Some(
                found
                    .map(|found| {
                        let mut group = group(found);
                        crate::object::set(&mut group, &["kind"], json!("APIGroup"));
                        crate::object::set(&mut group, &["apiVersion"], json!("v1"));
                        group
                    })
                    .ok_or_else(Failure::no_such_path),
            )
        }
        ["apis", group, version] => Some(resources(registry, group, version)),
        _ => None,
    }
}

fn version() -> Value {
    json!({
        "major": "1", "minor": MINOR, "gitVersion": format!("v1.{MINOR}.0+world"), "gitCommit": "", "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z", "goVersion": "none", "compiler": "rustc", "platform": "linux/amd64",
    })
}

/// The groups with their versions, the core first.
fn groups(registry: &Registry) -> BTreeMap<String, BTreeSet<String>> {
    let mut groups: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for kind in registry.all() {
        groups.entry(kind.group.clone()).or_default().extend(kind.versions.iter().map(|v| v.name.clone()));
    }
    groups
}

/// Versions as Kubernetes ranks them: stable before beta before alpha, newer first.
fn ranked(versions: &BTreeSet<String>) -> Vec<&String> {
    let rank = |version: &str| {
        let stage = if version.contains("alpha") {
            0
        } else if version.contains("beta") {
            1
        } else {
            2
        };
        let mut numbers =
            version.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse::<u64>().ok());
        (stage, numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default())
    };
    let mut ranked: Vec<&String> = versions.iter().collect();
    ranked.sort_by_key(|version| std::cmp::Reverse(rank(version)));
    ranked
}

fn group((name, versions): (&String, &BTreeSet<String>)) -> Value {
    let versions: Vec<Value> = ranked(versions)
        .iter()
        .map(|version| json!({"groupVersion": format!("{name}/{version}"), "version": version}))
        .collect();
    json!({"name": name, "versions": versions, "preferredVersion": versions.first()})
}

/// `/api/v1` and the like.
fn resources(registry: &Registry, group: &str, version: &str) -> Result<Value, Failure> {
    if !registry.serves(group, version) {
        return Err(Failure::no_such_path());
    }
    let mut all = Vec::new();
    for kind in registry.all().filter(|kind| kind.group == group) {
        let Some(served) = kind.version(version) else { continue };
        all.push(json!({
            "name": kind.plural, "singularName": kind.singular, "namespaced": kind.namespaced, "kind": kind.name,
            "verbs": kind.verbs(), "shortNames": kind.short_names, "categories": kind.categories,
            "storageVersionHash": "",
        }));
        for (subresource, verbs) in kind.subresources(served) {
            all.push(json!({
                "name": format!("{}/{subresource}", kind.plural), "singularName": "", "namespaced": kind.namespaced,
                "kind": subresource_kind(kind, subresource), "verbs": verbs,
            }));
        }
    }
    let group_version = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    Ok(
        json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": all}),
    )
}

fn subresource_kind<'a>(kind: &'a Kind, subresource: &str) -> &'a str {
    if kind.built_in == Some(BuiltIn::Pod) && subresource == "binding" { "Binding" } else { &kind.name }
}

/// All groups in one document, if the client asks for that and nothing it would rather have.
fn aggregated(registry: &Registry, accept: &str, core: bool) -> Option<Value> {
    let first = accept.split(',').map(str::trim).find(|range| range.starts_with("application/json"))?;
    let version = ["v2", "v2beta1"]
        .into_iter()
        .find(|version| first.split(';').any(|param| param.trim() == format!("v={version}")))
        .filter(|_| first.contains("as=APIGroupDiscoveryList"))?;
    let items: Vec<Value> = groups(registry)
        .iter()
        .filter(|(name, _)| name.is_empty() == core)
        .map(|(name, versions)| {
            let versions: Vec<Value> = ranked(versions)
                .iter()
                .map(|version| {
                    let kinds = registry.all().filter(|kind| kind.group == *name);
                    let resources: Vec<Value> = kinds
                        .filter_map(|kind| Some(aggregated_resource(kind, kind.version(version)?)))
                        .collect();
                    json!({"version": version, "resources": resources, "freshness": "Current"})
                })
                .collect();
            json!({"metadata": {"name": name, "creationTimestamp": null}, "versions": versions})
        })
        .collect();
    let api_version = format!("apidiscovery.k8s.io/{version}");
    Some(json!({"kind": "APIGroupDiscoveryList", "apiVersion": api_version, "metadata": {}, "items": items}))
}

fn aggregated_resource(kind: &Kind, version: &Version) -> Value {
    let response = json!({"group": kind.group, "version": version.name, "kind": kind.name});
    let subresources: Vec<Value> = kind
        .subresources(version)
        .iter()
        .map(|(name, verbs)| {
            let response = json!({
                "group": kind.group, "version": version.name, "kind": subresource_kind(kind, name),
            });
            json!({"subresource": name, "responseKind": response, "verbs": verbs})
        })
        .collect();
    json!({
        "resource": kind.plural, "responseKind": response, "scope": if kind.namespaced { "Namespaced" } else { "Cluster" },
        "singularResource": kind.singular, "verbs": kind.verbs(), "shortNames": kind.short_names,
        "categories": kind.categories, "subresources": subresources,
    })
}
