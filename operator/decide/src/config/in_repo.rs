//! Job configuration inside a repository: `.prow.yaml`, or all files below `.prow` (spec jobs-and-runs 2).
//!
//! Which files count, and their jobs beside the ones that the repository has already. At which commit they are read,
//! and what happens when they are wrong, is for the caller; the answer tells all that is wrong.

use super::{
    compile::{self, Surroundings},
    ignore::Ignore,
    problem::{At, Problem},
    read::{self, ReadProwYaml},
    rules::JobRules,
    set::{Contender, Seats},
};
use crate::job::{Postsubmit, Presubmit};
use api::job::Preset;
use std::collections::BTreeMap;

/// What the repository has already.
pub struct Central<'a> {
    /// Its presubmits.
    pub presubmits: &'a [Presubmit],
    /// Its postsubmits.
    pub postsubmits: &'a [Postsubmit],
    /// The presets that apply before those of its own files.
    pub presets: &'a [Preset],
}

/// The jobs inside a repository.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InRepo {
    /// Its own presubmits, without the central ones.
    pub presubmits: Vec<Presubmit>,
    /// Its own postsubmits, without the central ones.
    pub postsubmits: Vec<Postsubmit>,
    /// What is wrong; paths begin with the file's.
    pub problems: Vec<Problem>,
}

/// Which files (path and text) hold the configuration: all YAML files below `.prow` where there is such a folder, else
/// `.prow.yaml`.
///
/// # Errors
/// Where `.prow` is a file.
pub fn files_that_count(files: &BTreeMap<String, String>) -> Result<Vec<(&str, &str)>, Problem> {
    if files.contains_key(".prow") {
        return Err(Problem::error(&At::root(".prow"), "must be a folder with YAML files, not a file"));
    }
    if !files.keys().any(|path| path.starts_with(".prow/")) {
        return Ok(files.get(".prow.yaml").map(|text| (".prow.yaml", text.as_str())).into_iter().collect());
    }
    let ignore = Ignore::read(files);
    let counts = |path: &str| {
        let yaml = path.rsplit_once('.').is_some_and(|(_, ending)| ending == "yaml" || ending == "yml");
        path.starts_with(".prow/") && yaml && !ignore.ignores(path)
    };
    let below = files.iter().filter(|(path, _)| counts(path));
    let mut below: Vec<(&str, &str)> = below.map(|(path, text)| (path.as_str(), text.as_str())).collect();
    // The order of a walk: the entries of one folder sorted by name, files and folders together.
    below.sort_by(|(a, _), (b, _)| a.split('/').cmp(b.split('/')));
    Ok(below)
}

/// Loads the configuration of a repository from its files.
///
/// # Errors
/// Where the files that count cannot be told or read at all.
pub fn load(
    repo: &str,
    files: &BTreeMap<String, String>,
    central: &Central<'_>,
    rules: &JobRules,
) -> Result<InRepo, Problem> {
    let mut read: Vec<(&str, ReadProwYaml)> = Vec::new();
    for (path, text) in files_that_count(files)? {
        let content = read::prow_yaml(text)
            .map_err(|problem| Problem { path: join(path, &problem.path), ..problem })?;
        read.push((path, content));
    }
    let own = read.iter().flat_map(|(_, content)| &content.presets);
    let presets: Vec<&Preset> = central.presets.iter().chain(own).collect();
    let rules = |_: &str| rules;
    let around = Surroundings { repo: Some(repo), rules: &rules, presets: &presets };
    let (mut presubmits, mut postsubmits, mut problems) = (Vec::new(), Vec::new(), Vec::new());
    for (path, content) in &read {
        let in_file = |problem: &Problem| Problem { path: join(path, &problem.path), ..problem.clone() };
        problems.extend(content.problems.iter().map(in_file));
        let root = At::root("");
        let list = root.field("presubmits");
        for (i, raw) in content.presubmits.iter().enumerate() {
            let at = join(path, &list.index(content.gaps.written_index(&list, i)).to_string());
            let job = compile::presubmit(raw.clone(), &around, &At::root(&at), &mut problems);
            presubmits.extend(job.map(|job| (at, job)));
        }
        let list = root.field("postsubmits");
        for (i, raw) in content.postsubmits.iter().enumerate() {
            let at = join(path, &list.index(content.gaps.written_index(&list, i)).to_string());
            let job = compile::postsubmit(raw.clone(), &around, &At::root(&at), &mut problems);
            postsubmits.extend(job.map(|job| (at, job)));
        }
    }
    Ok(InRepo {
        presubmits: beside(central.presubmits, presubmits, &mut problems),
        postsubmits: beside(central.postsubmits, postsubmits, &mut problems),
        problems,
    })
}

/// The jobs that can stand beside the central ones and each other.
fn beside<J: Contender>(central: &[J], own: Vec<(String, J)>, problems: &mut Vec<Problem>) -> Vec<J> {
    let mut seats = Seats::new();
    for job in central {
        // The central jobs were seated when they were loaded; here they only take their places.
        let _seated = seats.take(job, "outside this repository");
    }
    let fits: Vec<bool> = own
        .iter()
        .map(|(path, job)| match seats.take(job, path) {
            Ok(()) => true,
            Err(message) => {
                problems.push(Problem::error(&At::root(path), message));
                false
            }
        })
        .collect();
    own.into_iter().zip(fits).filter(|(_, fits)| *fits).map(|((_, job), _)| job).collect()
}

fn join(file: &str, path: &str) -> String {
    if path.is_empty() { file.to_owned() } else { format!("{file}: {path}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(files: &[(&str, &str)]) -> BTreeMap<String, String> {
        files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
    }

    const UNIT: &str = "presubmits: [{name: unit, spec: {containers: [{image: x}]}}]";

    fn loaded(given: &[(&str, &str)]) -> InRepo {
        let central = Central { presubmits: &[], postsubmits: &[], presets: &[] };
        load("acme/widgets", &files(given), &central, &JobRules::default()).unwrap()
    }

    #[test]
    fn a_folder_wins_over_the_file_and_is_read_in_the_order_of_a_walk() {
        let given = files(&[
            (".prow.yaml", ""),
            (".prow/b.yaml", ""),
            (".prow/a/z.yml", ""),
            (".prow/a.yaml", ""),
            (".prow/README.md", ""),
            (".prow/skipped.yaml", ""),
            (".prowignore", "skipped.yaml\n"),
        ]);
        let paths: Vec<&str> = files_that_count(&given).unwrap().iter().map(|(path, _)| *path).collect();
        assert_eq!(paths, [".prow/a/z.yml", ".prow/a.yaml", ".prow/b.yaml"]);
        assert!(files_that_count(&files(&[(".prow", "")])).is_err());
        assert_eq!(files_that_count(&files(&[("README.md", "")])), Ok(vec![]));
    }

    #[test]
    fn two_files_cannot_define_one_job() {
        let both = loaded(&[(".prow/a.yaml", UNIT), (".prow/b.yaml", UNIT)]);
        assert_eq!(both.presubmits.len(), 1);
        assert_eq!(
            both.problems[0].to_string(),
            r#".prow/b.yaml: presubmits[0]: a job "unit" is there already: .prow/a.yaml: presubmits[0]"#
        );
    }
}
