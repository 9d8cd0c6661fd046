//! Files that follow from the types: CRDs and their documentation. Committed, and checked to be as they would be made.

mod kind_page;
mod plugins_page;
#[cfg(test)]
mod rules;

use anyhow::{Context, bail};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use serde::{Serialize, Serializer};
use serde_json::Value;
use serde_saphyr::FlowMap;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// Folders in which every file is generated: one that is not made any more is removed.
const OWNED: [&str; 2] = ["crds", "docs/kinds"];

/// Writes all files that differ, and removes those that nothing makes any more.
pub fn write() -> anyhow::Result<()> {
    let root = root()?;
    for stale in stale(&root)? {
        let path = root.join(&stale.path);
        if let Some(content) = stale.content {
            let folder = path.parent().context("a generated file lies in a folder")?;
            fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
            fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))?;
            println!("wrote {}", stale.path);
        } else {
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
            println!("removed {}", stale.path);
        }
    }
    Ok(())
}

/// Fails with the names of the files that are not as they would be made.
pub fn check() -> anyhow::Result<()> {
    let stale = stale(&root()?)?;
    if stale.is_empty() {
        return Ok(());
    }
    let names: Vec<_> = stale.into_iter().map(|s| s.path).collect();
    bail!("stale: {}; run `cargo xtask generate` and commit the result", names.join(", "));
}

/// A file that is not as it would be made; without content it should not be there.
struct Stale {
    path: String,
    content: Option<String>,
}

fn stale(root: &Path) -> anyhow::Result<Vec<Stale>> {
    let made = files()?;
    let mut stale = Vec::new();
    let mut there = BTreeSet::new();
    for folder in OWNED {
        for entry in fs::read_dir(root.join(folder)).into_iter().flatten() {
            there.insert(format!("{folder}/{}", entry?.file_name().to_string_lossy()));
        }
    }
    stale.extend(
        there.into_iter().filter(|path| !made.contains_key(path)).map(|path| Stale { path, content: None }),
    );
    for (path, content) in made {
        // A file that cannot be read is one that is not as it should be.
        if fs::read_to_string(root.join(&path)).ok().as_ref() != Some(&content) {
            stale.push(Stale { path, content: Some(content) });
        }
    }
    Ok(stale)
}

/// All generated files: path from the root of the repository, and content.
fn files() -> anyhow::Result<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    for crd in api::crds() {
        let name = crd.spec.names.singular.clone().context("a kind has a singular name")?;
        files.insert(format!("crds/{name}.yaml"), yaml(&crd)?);
        files.insert(format!("docs/kinds/{name}.md"), kind_page::page(&crd)?);
    }
    files.insert("docs/plugins.md".to_owned(), plugins_page::page()?);
    Ok(files)
}

const HEADER: &str = "# Generated from operator/api by `cargo xtask generate`. Do not edit.\n";

/// A definition as YAML: deterministic, and a line a field where the field has no inside of its own. A block for each
/// of a thousand leaves would be half indentation.
fn yaml(crd: &CustomResourceDefinition) -> anyhow::Result<String> {
    let options = serde_saphyr::ser_options! { prefer_block_scalars: false };
    let text = serde_saphyr::to_string_with_options(&Lines(&serde_json::to_value(crd)?), options)?;
    Ok(format!("{HEADER}{text}"))
}

/// A value in block style, what fits on a line in flow style.
struct Lines<'a>(&'a Value);

/// How long a value's JSON may be to stand on one line: a leaf with its description.
const LINE: usize = 260;

impl Serialize for Lines<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fits = || self.0.to_string().len() <= LINE;
        match self.0 {
            Value::Object(map) if !map.is_empty() && fits() => FlowMap(map).serialize(serializer),
            Value::Object(map) => serializer.collect_map(map.iter().map(|(key, value)| (key, Lines(value)))),
            Value::Array(list) => serializer.collect_seq(list.iter().map(Lines)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                self.0.serialize(serializer)
            }
        }
    }
}

/// The root of the repository: cargo runs xtask from anywhere inside it.
fn root() -> anyhow::Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask lies in the repository")?;
    Ok(root.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_stay_small_enough_for_a_plain_apply() {
        for (path, content) in files().unwrap() {
            let limit = match path.as_str() {
                "crds/jobconfig.yaml" | "crds/prowjob.yaml" => 120_000,
                _ => 60_000,
            };
            assert!(!path.starts_with("crds/") || content.len() < limit, "{path}: {} bytes", content.len());
        }
    }

    #[test]
    fn a_definition_reads_back_as_it_was_written() {
        for crd in api::crds() {
            let text = yaml(&crd).unwrap();
            let read: CustomResourceDefinition = serde_saphyr::from_str(&text).unwrap();
            assert_eq!(serde_json::to_value(read).unwrap(), serde_json::to_value(crd).unwrap());
        }
    }

    #[test]
    fn what_is_made_is_the_same_each_time() {
        assert_eq!(files().unwrap(), files().unwrap());
    }

    #[test]
    fn the_committed_files_are_as_they_would_be_made() {
        check().unwrap();
    }
}
