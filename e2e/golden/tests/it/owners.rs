//! OWNERS trees: who owns a path.

use decide::{
    facts::Login,
    owners::{Denylist, Layout, Owners, Role},
};
use golden::Case;
use serde_json::{Map, Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

#[test]
fn trees_answer_as_prow() {
    golden::hold("chatops/owners", &golden::synthetic("chatops/owners"), |case| {
        let owners = tree(&case.input);
        let paths: Vec<Value> = case.input["paths"]
            .as_array()
            .unwrap()
            .iter()
            .map(|path| {
                let path = path.as_str().unwrap();
                let mut answer = answer(&owners, path);
                answer.insert("path".to_owned(), json!(path));
                Value::Object(answer)
            })
            .collect();
        let ours = json!({
            "all_owners": owners.everybody(),
            "paths": paths,
            "top_level_approvers": owners.top_level_approvers(),
        });
        same(case, &ours)
    });
}

#[test]
fn real_trees_answer_as_prow() {
    let Some(corpus) = golden::corpus("real OWNERS trees") else { return };
    let mut trees: BTreeMap<String, Owners> = BTreeMap::new();
    let cases = corpus.cases("owners");
    for case in &cases {
        let name = case.input["tree"].as_str().unwrap();
        trees.entry(name.to_owned()).or_insert_with(|| read_tree(&corpus.path(name)));
    }
    golden::hold("corpus/owners", &cases, |case| {
        let owners = &trees[case.input["tree"].as_str().unwrap()];
        same(case, &Value::Object(answer(owners, case.input["path"].as_str().unwrap())))
    });
}

/// The tree of a synthetic case.
pub fn tree(input: &Value) -> Owners {
    let files: BTreeMap<&str, &str> = input["files"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(path, text)| (path.as_str(), text.as_str().unwrap()))
        .collect();
    let denied = input["dir_denylist"].as_array().into_iter().flatten().map(|p| p.as_str().unwrap());
    let mut layout = Layout {
        markdown_headers: input["md_yaml"].as_bool().unwrap_or(false),
        denied: Denylist::built_in().with(denied).0,
        ..Layout::default()
    };
    let names = &input["config"]["owners"]["filenames"]["acme/widgets"];
    if let (Some(file), Some(aliases)) = (names["owners"].as_str(), names["owners_aliases"].as_str()) {
        file.clone_into(&mut layout.file);
        aliases.clone_into(&mut layout.aliases_file);
    }
    let owners = Owners::read(&layout, files);
    match input["people"]["collaborators"].as_array() {
        Some(people) => owners.limited_to(&people.iter().map(|p| Login::new(p.as_str().unwrap())).collect()),
        None => owners,
    }
}

/// The tree of a folder of the corpus.
pub fn read_tree(root: &Path) -> Owners {
    let mut files = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let relative = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                folders.push(path);
            } else if Layout::default().reads(&relative) {
                files.insert(relative, std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    Owners::read(&Layout::default(), files.iter().map(|(path, text)| (path.as_str(), text.as_str())))
}

fn answer(owners: &Owners, path: &str) -> Map<String, Value> {
    let place = owners.place_of(Role::Approver, path);
    let options = owners.options(place);
    let everything = json!({
        "approvers": owners.layers(Role::Approver, path),
        "reviewers": owners.layers(Role::Reviewer, path),
        "required_reviewers": owners.all(Role::RequiredReviewer, path),
        "labels": owners.labels(path),
        "leaf_approvers": owners.leaf(Role::Approver, path),
        "leaf_reviewers": owners.leaf(Role::Reviewer, path),
        "approver_owners_dir": place,
        "reviewer_owners_dir": owners.place_of(Role::Reviewer, path),
        "no_parent_owners": options.no_parent_owners,
        "auto_approve_unowned_subfolders": options.auto_approve_unowned_subfolders,
    });
    // Absent means empty or false.
    let Value::Object(members) = everything else { unreachable!("an object was written above") };
    members.into_iter().filter(|(_, value)| *value != json!([]) && *value != json!(false)).collect()
}

/// Compares as objects whose members have no order and whose lists are sorted by Prow.
pub fn same(case: &Case, ours: &Value) -> Result<(), String> {
    if *ours == case.want {
        return Ok(());
    }
    let keys: BTreeSet<&String> =
        [ours, &case.want].into_iter().filter_map(Value::as_object).flat_map(Map::keys).collect();
    let differing: Vec<String> = keys
        .into_iter()
        .filter(|key| ours[key.as_str()] != case.want[key.as_str()])
        .map(|key| format!("{key}\n  ours {}\n  want {}", ours[key.as_str()], case.want[key.as_str()]))
        .collect();
    Err(differing.join("\n"))
}
