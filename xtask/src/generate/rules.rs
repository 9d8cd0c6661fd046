//! Every CEL rule of our definitions, tried on objects that it must take and objects that it must refuse.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool, ValidationRule,
};
use kube_cel::cel::{Context, Program, Value as Cel};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The rules of all definitions, by the path of the schema that carries them.
fn rules() -> BTreeMap<String, Vec<ValidationRule>> {
    let mut found = BTreeMap::new();
    for crd in api::crds() {
        let version = crd.spec.versions.into_iter().next().unwrap();
        collect(&crd.spec.names.kind, &version.schema.unwrap().open_api_v3_schema.unwrap(), &mut found);
    }
    found
}

fn collect(path: &str, schema: &JSONSchemaProps, found: &mut BTreeMap<String, Vec<ValidationRule>>) {
    if let Some(rules) = &schema.x_kubernetes_validations {
        found.insert(path.to_owned(), rules.clone());
    }
    for (name, field) in schema.properties.iter().flatten() {
        collect(&format!("{path}.{name}"), field, found);
    }
    if let Some(JSONSchemaPropsOrArray::Schema(item)) = &schema.items {
        collect(&format!("{path}[]"), item, found);
    }
    if let Some(JSONSchemaPropsOrBool::Schema(value)) = &schema.additional_properties {
        collect(&format!("{path}{{}}"), value, found);
    }
}

fn cel(value: &Value) -> Cel {
    match value {
        Value::Null => Cel::Null,
        Value::Bool(value) => (*value).into(),
        Value::Number(number) => number.as_i64().unwrap().into(),
        Value::String(text) => text.as_str().into(),
        Value::Array(items) => items.iter().map(cel).collect::<Vec<_>>().into(),
        Value::Object(fields) => {
            fields.iter().map(|(name, field)| (name.clone(), cel(field))).collect::<HashMap<_, _>>().into()
        }
    }
}

/// The messages of the rules at a path that refuse a value.
fn refused(rules: &[ValidationRule], value: &Value) -> Vec<String> {
    let mut context = Context::default();
    context.add_variable_from_value("self", cel(value));
    let breaks = |rule: &&ValidationRule| {
        let program = Program::compile(&rule.rule).unwrap();
        match program.execute(&context) {
            Ok(Cel::Bool(holds)) => !holds,
            other => panic!("{}: {other:?}", rule.rule),
        }
    };
    rules.iter().filter(breaks).map(|rule| rule.message.clone().unwrap()).collect()
}

/// Where a rule stands, a value there, and a part of the message that refuses it; none: it is taken.
type Case = (&'static str, Value, Option<&'static str>);

fn cases() -> Vec<Case> {
    [cases_of_jobs(), cases_of_repositories(), cases_of_pools(), cases_of_labels()].concat()
}

fn cases_of_jobs() -> Vec<Case> {
    const JOBS: [&str; 2] = ["JobConfig.spec.presubmits{}[]", "JobConfig.spec.postsubmits{}[]"];
    let mut cases = Vec::new();
    for path in JOBS {
        cases.extend([
            (path, json!({ "name": "a" }), None),
            (
                path,
                json!({ "name": "a", "always_run": true, "run_if_changed": "", "skip_if_only_changed": "" }),
                None,
            ),
            (path, json!({ "name": "a", "always_run": false, "run_if_changed": "x" }), None),
            (
                path,
                json!({ "name": "a", "always_run": true, "run_if_changed": "x" }),
                Some("always_run: true runs"),
            ),
            (
                path,
                json!({ "name": "a", "always_run": true, "skip_if_only_changed": "x" }),
                Some("always_run: true runs"),
            ),
            (path, json!({ "name": "a", "run_if_changed": "x", "skip_if_only_changed": "" }), None),
            (
                path,
                json!({ "name": "a", "run_if_changed": "x", "skip_if_only_changed": "y" }),
                Some("not both"),
            ),
        ]);
    }
    let presubmit = JOBS[0];
    cases.extend([
        (presubmit, json!({ "trigger": "(?m)^/test x", "rerun_command": "/test x" }), None),
        (presubmit, json!({ "trigger": "", "rerun_command": "" }), None),
        (presubmit, json!({ "trigger": "(?m)^/test x" }), Some("together")),
        (presubmit, json!({ "rerun_command": "/test x" }), Some("together")),
    ]);
    let periodic = "JobConfig.spec.periodics[]";
    cases.extend([
        (periodic, json!({ "cron": "@hourly" }), None),
        (periodic, json!({ "interval": "4h", "cron": "" }), None),
        (periodic, json!({ "minimum_interval": "4h" }), None),
        (periodic, json!({ "name": "a" }), Some("exactly one of cron")),
        (periodic, json!({ "interval": "4h", "cron": "@hourly" }), Some("exactly one of cron")),
    ]);
    for path in [
        "JobConfig.spec.presubmits{}[].rerun_auth_config",
        "JobConfig.spec.postsubmits{}[].rerun_auth_config",
        "JobConfig.spec.periodics[].rerun_auth_config",
        "ProwJob.spec.rerun_auth_config",
    ] {
        cases.extend([
            (path, json!({ "allow_anyone": true, "github_users": [] }), None),
            (path, json!({ "allow_anyone": false, "github_orgs": ["a"] }), None),
            (path, json!({ "allow_anyone": true, "github_users": ["a"] }), Some("needs no lists")),
            (path, json!({ "allow_anyone": true, "github_team_ids": [1] }), Some("needs no lists")),
        ]);
    }
    cases
}

fn cases_of_repositories() -> Vec<Case> {
    vec![
        (
            "Repository.spec",
            json!({ "github": { "owner": "a", "repositories": ["*"], "exclude": ["b"] } }),
            None,
        ),
        (
            "Repository.spec",
            json!({ "github": { "owner": "a", "repositories": ["b"], "exclude": [] } }),
            None,
        ),
        (
            "Repository.spec",
            json!({ "github": { "owner": "a", "repositories": ["c"], "exclude": ["b"] } }),
            Some("leaves out of \"*\" only"),
        ),
        ("Repository.spec.github", json!({ "owner": "a", "repositories": ["*"] }), None),
        ("Repository.spec.github", json!({ "owner": "a", "repositories": ["b", "c"] }), None),
        ("Repository.spec.github", json!({ "owner": "a", "repositories": ["*", "c"] }), Some("alone")),
        (
            "MergePool.spec.queries[]",
            json!({ "includedBranches": ["a"], "labels": ["b"], "missingLabels": ["c"] }),
            None,
        ),
    ]
}

fn cases_of_pools() -> Vec<Case> {
    let mut cases = vec![
        ("MergePool.spec.queries[]", json!({ "includedBranches": [], "excludedBranches": ["a"] }), None),
        (
            "MergePool.spec.queries[]",
            json!({ "includedBranches": ["b"], "excludedBranches": ["a"] }),
            Some("not both"),
        ),
        (
            "MergePool.spec.queries[]",
            json!({ "labels": ["a", "b"], "missingLabels": ["c", "a"] }),
            Some("nothing can match"),
        ),
    ];
    for path in ["MergePool.spec.merge", "MergePool.spec.overrides[].merge"] {
        cases.extend([
            (path, json!({ "landing": "FastForward", "method": "Merge" }), None),
            (path, json!({ "landing": "FastForward" }), None),
            (path, json!({ "landing": "MergeApi", "method": "Squash" }), None),
            (path, json!({ "landing": "FastForward", "method": "Squash" }), Some("set method: Merge")),
        ]);
    }
    cases
}

fn cases_of_labels() -> Vec<Case> {
    vec![
        ("LabelPolicy.spec.rules[]", json!({ "name": "a", "bySize": {} }), None),
        ("LabelPolicy.spec.rules[]", json!({ "name": "a" }), Some("exactly one")),
        (
            "LabelPolicy.spec.rules[]",
            json!({ "bySize": {}, "exclusive": { "prefix": "a" } }),
            Some("exactly one"),
        ),
        ("LabelPolicy.spec.rules[].bySize", json!({}), None),
        ("LabelPolicy.spec.rules[].bySize", json!({ "s": 30, "m": 30, "xxl": 500 }), None),
        ("LabelPolicy.spec.rules[].bySize", json!({ "s": 31 }), Some("at or above")),
        ("LabelPolicy.spec.rules[].bySize", json!({ "xl": 2000 }), Some("at or above")),
    ]
}

#[test]
fn each_rule_takes_what_is_right_and_refuses_what_is_wrong_with_the_fix() {
    let rules = rules();
    for (path, value, message) in cases() {
        let messages = refused(rules.get(path).unwrap_or_else(|| panic!("no rule at {path}")), &value);
        match message {
            None => assert!(messages.is_empty(), "{path} refuses {value}: {messages:?}"),
            Some(part) => {
                assert_eq!(messages.len(), 1, "{path} {value}: {messages:?}");
                assert!(messages[0].contains(part), "{path} {value}: {}", messages[0]);
            }
        }
    }
}

#[test]
fn no_rule_is_untried() {
    let all: BTreeSet<(String, String)> = rules()
        .into_iter()
        .flat_map(|(path, rules)| rules.into_iter().map(move |rule| (path.clone(), rule.message.unwrap())))
        .collect();
    let rules = rules();
    let tried = cases()
        .into_iter()
        .flat_map(|(path, value, _)| {
            refused(&rules[path], &value).into_iter().map(move |m| (path.to_owned(), m))
        })
        .collect();
    let untried: Vec<_> = all.difference(&tried).collect();
    assert!(untried.is_empty(), "{untried:#?}");
}
