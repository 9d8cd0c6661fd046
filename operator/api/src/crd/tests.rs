//! The rules that a structural schema must keep, checked here so that no API server has to refuse a release.

use super::{KNOWN_FORMATS, crds};
use kube_core::CustomResourceExt;
use serde_json::{Map, Value, json};

/// Calls `visit` with the path and the object of each schema of each kind.
fn walk(visit: &mut impl FnMut(&Node)) {
    for crd in crds() {
        let kind = crd.spec.names.kind;
        for version in crd.spec.versions {
            let schema =
                version.schema.and_then(|v| v.open_api_v3_schema).expect("each version has a schema");
            let schema = serde_json::to_value(schema).unwrap();
            descend(
                &Node {
                    path: kind.clone(),
                    schema: schema.as_object().unwrap(),
                    bounded: Ok(()),
                    in_list: false,
                },
                visit,
            );
        }
    }
}

struct Node<'a> {
    path: String,
    schema: &'a Map<String, Value>,
    /// Whether all lists and maps above have a bound; otherwise the first that has none.
    bounded: Result<(), String>,
    in_list: bool,
}

impl Node<'_> {
    fn is(&self, key: &str) -> bool {
        self.schema.get(key) == Some(&json!(true))
    }
}

fn descend(node: &Node, visit: &mut impl FnMut(&Node)) {
    visit(node);
    let below = |name: &str, schema, bound: Option<&str>| Node {
        path: format!("{}{name}", node.path),
        schema,
        bounded: match (&node.bounded, bound) {
            (Ok(()), Some(bound)) if !node.schema.contains_key(bound) => Err(node.path.clone()),
            (bounded, _) => bounded.clone(),
        },
        in_list: node.in_list || bound.is_some(),
    };
    for (name, property) in node.schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        descend(&below(&format!(".{name}"), property.as_object().expect(name), None), visit);
    }
    if let Some(items) = node.schema.get("items") {
        descend(&below("[]", items.as_object().expect("one schema for all items"), Some("maxItems")), visit);
    }
    if let Some(values) = node.schema.get("additionalProperties") {
        descend(
            &below("{}", values.as_object().expect("a schema, not a word"), Some("maxProperties")),
            visit,
        );
    }
}

/// Fails with all paths for which `wrong` has something to say.
fn none(wrong: impl Fn(&Node) -> Option<String>) {
    let mut found = Vec::new();
    walk(&mut |node| found.extend(wrong(node).map(|what| format!("{}: {what}", node.path))));
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn every_schema_has_one_type_or_says_why_not() {
    none(|node| match node.schema.get("type") {
        Some(Value::String(_)) => None,
        Some(other) => Some(format!("type {other}")),
        None if node.is("x-kubernetes-int-or-string") || node.is("x-kubernetes-preserve-unknown-fields") => {
            None
        }
        None => Some("no type".to_owned()),
    });
}

#[test]
fn nothing_stands_in_a_schema_that_a_structural_one_may_not_have() {
    const REFUSED: [&str; 13] = [
        "$ref",
        "definitions",
        "dependencies",
        "deprecated",
        "discriminator",
        "id",
        "patternProperties",
        "readOnly",
        "uniqueItems",
        "writeOnly",
        "anyOf",
        "oneOf",
        "allOf",
    ];
    none(|node| REFUSED.iter().find(|key| node.schema.contains_key(**key)).map(ToString::to_string));
    none(|node| {
        let both = node.schema.contains_key("properties") && node.schema.contains_key("additionalProperties");
        both.then(|| "properties beside additionalProperties".to_owned())
    });
}

#[test]
fn no_schema_has_a_default() {
    // Below lists they keep Argo CD from getting in sync, in Repository they would defeat the layers; elsewhere we do
    // without, so that there is one place for defaults.
    none(|node| node.schema.get("default").map(|default| format!("default {default}")));
}

#[test]
fn null_is_never_a_value_of_its_own() {
    none(|node| {
        let values = node.schema.get("enum").and_then(Value::as_array);
        let null = node.is("nullable") || values.is_some_and(|values| values.contains(&Value::Null));
        null.then(|| "null".to_owned())
    });
}

#[test]
fn the_api_server_knows_every_format() {
    none(|node| {
        let format = node.schema.get("format")?.as_str()?;
        (!KNOWN_FORMATS.contains(&format)).then(|| format.to_owned())
    });
}

#[test]
fn every_field_has_a_description() {
    none(|node| {
        let field = !node.path.ends_with(['}', ']']) && !node.schema.contains_key("description");
        field.then(|| "no description".to_owned())
    });
}

#[test]
fn the_description_of_a_field_wins_over_that_of_its_type() {
    let mut found = None;
    walk(&mut |node| {
        if node.path == "MergePool.spec.merge.landing" {
            found = node.schema["description"].as_str().map(ToOwned::to_owned);
        }
    });
    assert!(found.unwrap().contains("Default: MergeApi"));
}

#[test]
fn no_enum_value_and_no_field_reads_as_another_type_in_yaml_1_1() {
    const TRAPS: [&str; 11] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "~", ""];
    let is_trap = |word: &str| TRAPS.contains(&word.to_lowercase().as_str()) || word.parse::<f64>().is_ok();
    none(|node| {
        let values = node.schema.get("enum").and_then(Value::as_array).into_iter().flatten();
        let field = node.path.rsplit('.').next();
        values.filter_map(Value::as_str).chain(field).find(|word| is_trap(word)).map(ToOwned::to_owned)
    });
}

#[test]
fn the_keys_of_a_map_list_are_required_fields_of_its_items() {
    none(|node| {
        if node.schema.get("x-kubernetes-list-type") != Some(&json!("map")) {
            return None;
        }
        let required = node.schema["items"].get("required").cloned().unwrap_or_default();
        let keys = node.schema["x-kubernetes-list-map-keys"].as_array().expect("keys of a map list");
        keys.iter().find(|key| !required.as_array().is_some_and(|r| r.contains(key))).map(ToString::to_string)
    });
}

#[test]
fn every_path_above_a_rule_is_bounded() {
    none(|node| {
        node.schema.get("x-kubernetes-validations")?;
        node.bounded.clone().err().map(|unbounded| format!("{unbounded} has no bound"))
    });
}

#[test]
fn every_rule_has_a_message_of_one_line_that_is_short_enough_to_read() {
    none(|node| {
        let rules = node.schema.get("x-kubernetes-validations")?.as_array()?;
        let bad = |rule: &&Value| {
            !rule["message"].as_str().is_some_and(|m| (20..200).contains(&m.len()) && !m.contains('\n'))
        };
        rules.iter().find(bad).map(ToString::to_string)
    });
}

#[test]
fn what_belongs_to_others_keeps_unknown_fields() {
    let mut kept = Vec::new();
    walk(&mut |node| kept.extend(node.is("x-kubernetes-preserve-unknown-fields").then(|| node.path.clone())));
    for path in [
        "Repository.spec.plugins",
        "Repository.spec.plugins.lgtm",
        "Repository.spec.decoration[].config",
        "JobConfig.spec",
        "JobConfig.spec.presets[]",
        "JobConfig.spec.presubmits{}[]",
        "JobConfig.spec.postsubmits{}[]",
        "JobConfig.spec.periodics[]",
        "JobConfig.spec.periodics[].spec",
        "JobConfig.spec.presubmits{}[].decoration_config",
        "ProwJob.spec.pod_spec",
    ] {
        assert!(kept.iter().any(|k| k == path), "{path}");
    }
}

#[test]
fn the_kinds_carry_what_kubectl_shows() {
    for crd in crds() {
        let kind = &crd.spec.names.kind;
        assert_eq!(crd.spec.names.categories.as_deref(), Some(&["bowsprit".to_owned()][..]), "{kind}");
        assert_eq!(crd.spec.names.short_names.as_ref().map(Vec::len), Some(1), "{kind}");
        let version = &crd.spec.versions[0];
        assert!(version.subresources.as_ref().is_some_and(|s| s.status.is_some()), "{kind}");
        assert!(
            version.additional_printer_columns.as_ref().is_some_and(|columns| columns.len() > 4),
            "{kind}"
        );
    }
}

#[test]
fn the_protected_group_carries_its_approval() {
    let annotations = crate::ProwJob::crd().metadata.annotations.unwrap();
    assert!(annotations["api-approved.kubernetes.io"].starts_with("https://github.com/kubernetes/"));
    assert!(crate::Repository::crd().metadata.annotations.is_none());
}

#[test]
fn the_description_of_conditions_names_those_that_the_kind_has() {
    for kind in crate::condition::OF_KINDS {
        let names: Vec<_> = kind.types.iter().map(ToString::to_string).collect();
        let path = format!("{}.status.conditions", kind.kind);
        let mut described = None;
        walk(&mut |node| {
            if node.path == path {
                described = node.schema["description"].as_str().map(ToOwned::to_owned);
            }
        });
        assert_eq!(described, Some(format!("{}.", names.join(", "))), "{path}");
    }
    assert_eq!(crate::condition::OF_KINDS.len(), crds().len());
}
