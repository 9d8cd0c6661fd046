//! Job files, read as leniently as Prow reads them.
//!
//! The answer is the job format of `api` plus everything that was wrong. A job that cannot be read is left out alone;
//! whoever wants Prow's own rule (one error refuses the file) looks whether there is an error. Files come as text: which
//! files there are, and whether one is compressed, is for the caller.

use super::{
    fit::{fit, unknown_field},
    problem::{At, Problem},
    shape::{SHAPES, Shape},
    yaml::{self, Budget},
};
use api::job::{JobFile, Periodic, Postsubmit, Preset, Presubmit, Unknown};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A job file as far as it could be read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReadFile {
    /// The jobs that could be read.
    pub file: JobFile,
    /// What was wrong, with paths as the file has them.
    pub problems: Vec<Problem>,
    /// Which entries of which list were left out.
    pub gaps: Gaps,
}

/// The entries that were left out of lists, so that paths still count as the file does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gaps {
    by_list: BTreeMap<String, Vec<usize>>,
}

impl Gaps {
    /// The place in the file of an entry of a list.
    pub fn written_index(&self, list: &At<'_>, index: usize) -> usize {
        if self.by_list.is_empty() {
            return index;
        }
        let left_out = self.by_list.get(&list.to_string()).map_or(&[][..], Vec::as_slice);
        left_out.iter().fold(index, |index, gap| if *gap <= index { index + 1 } else { index })
    }
}

/// The content of `.prow.yaml`, or of one file below `.prow`: as a job file, for one repository and without periodics.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReadProwYaml {
    /// Pieces of pod specs, for the jobs of this repository alone.
    pub presets: Vec<Preset>,
    /// The presubmits that could be read.
    pub presubmits: Vec<Presubmit>,
    /// The postsubmits that could be read.
    pub postsubmits: Vec<Postsubmit>,
    /// What was wrong, with paths as the file has them.
    pub problems: Vec<Problem>,
    /// Which entries of which list were left out.
    pub gaps: Gaps,
}

/// Reads a job file.
///
/// # Errors
/// Where it is no YAML, or no mapping.
pub fn job_file(text: &str, budget: Budget) -> Result<ReadFile, Problem> {
    let document = yaml::read(text, budget)?;
    let (members, at) = (mapping(document.value)?, At::root(""));
    let mut reading = Reading { problems: document.warnings, gaps: Gaps::default() };
    let file = reading.file(members, &at);
    Ok(ReadFile { file, problems: reading.problems, gaps: reading.gaps })
}

/// Reads the job keys of a document that was already read (Prow's main configuration), leaving the other keys in
/// `JobFile.unknown` without a word.
pub(super) fn job_keys(members: Map<String, Value>) -> ReadFile {
    let mut reading = Reading::default();
    let file = reading.file(members, &At::root(""));
    reading.problems.retain(|problem| is_job_key(&problem.path));
    ReadFile { file, problems: reading.problems, gaps: reading.gaps }
}

/// Looks through an object's jobs as through a file's: its schema has not looked into pod specs, and keeps unknown
/// fields. `root` stands before every path.
pub(super) fn object(spec: &JobFile, root: &str) -> ReadFile {
    let members = match serde_json::to_value(spec) {
        Ok(Value::Object(members)) => members,
        Ok(_) | Err(_) => Map::new(),
    };
    let mut reading = Reading::default();
    let file = reading.file(members, &At::root(root));
    ReadFile { file, problems: reading.problems, gaps: reading.gaps }
}

/// Reads `.prow.yaml` or a file below `.prow`.
///
/// # Errors
/// Where it is no YAML, no mapping, or above the budget of [`Budget::IN_REPO`].
pub fn prow_yaml(text: &str) -> Result<ReadProwYaml, Problem> {
    let document = yaml::read(text, Budget::IN_REPO)?;
    let (members, at) = (mapping(document.value)?, At::root(""));
    let mut reading = Reading { problems: document.warnings, gaps: Gaps::default() };
    let mut read = ReadProwYaml::default();
    for (key, value) in named(members, &["presets", "presubmits", "postsubmits", "prow_ignored"]) {
        let at = at.field(&key);
        match key.as_str() {
            "presets" => read.presets = reading.list(&SHAPES.preset, value, &at),
            "presubmits" => read.presubmits = reading.list(&SHAPES.presubmit, value, &at),
            "postsubmits" => read.postsubmits = reading.list(&SHAPES.postsubmit, value, &at),
            "prow_ignored" => {}
            "periodics" => reading.warn(&at, "periodics inside a repository have no effect"),
            _ => reading.problems.push(unknown_field(&at, &key, JOB_KEYS.into_iter())),
        }
    }
    read.problems = reading.problems;
    read.gaps = reading.gaps;
    Ok(read)
}

/// Whether a path in a main file leads into its jobs.
pub(super) fn is_job_key(path: &str) -> bool {
    let key = &path[..path.find(['.', '[']).unwrap_or(path.len())];
    JOB_KEYS.contains(&key) || key == "prow_ignored"
}

const JOB_KEYS: [&str; 4] = ["presets", "presubmits", "postsubmits", "periodics"];

#[derive(Default)]
struct Reading {
    problems: Vec<Problem>,
    gaps: Gaps,
}

impl Reading {
    fn file(&mut self, members: Map<String, Value>, at: &At<'_>) -> JobFile {
        let mut file = JobFile::default();
        for (key, value) in named(members, &JOB_KEYS) {
            let at = at.field(&key);
            match key.as_str() {
                "presets" => file.presets = self.list(&SHAPES.preset, value, &at),
                "presubmits" => file.presubmits = self.by_repository(&SHAPES.presubmit, value, &at),
                "postsubmits" => file.postsubmits = self.by_repository(&SHAPES.postsubmit, value, &at),
                "periodics" => file.periodics = self.list::<Periodic>(&SHAPES.periodic, value, &at),
                _ => self.unknown(key.clone(), value, &at, &mut file.unknown),
            }
        }
        file
    }

    fn unknown(&mut self, key: String, value: Value, at: &At<'_>, unknown: &mut Unknown) {
        match key.as_str() {
            "prow_ignored" => {}
            "decorate_all_jobs" => {
                self.warn(at, "has no effect here: write `decorate: true` in the jobs");
            }
            _ => self.problems.push(unknown_field(at, &key, JOB_KEYS.into_iter())),
        }
        unknown.insert(key, value);
    }

    fn warn(&mut self, at: &At<'_>, message: &str) {
        self.problems.push(Problem::warning(at, message));
    }

    fn by_repository<T: DeserializeOwned>(
        &mut self,
        shape: &Shape,
        value: Value,
        at: &At<'_>,
    ) -> BTreeMap<String, Vec<T>> {
        match value {
            Value::Null => BTreeMap::new(),
            Value::Object(repositories) => repositories
                .into_iter()
                .map(|(name, jobs)| {
                    let jobs = self.list(shape, jobs, &at.field(&name));
                    (name, jobs)
                })
                .collect(),
            _ => {
                let message = "must be a mapping from repositories (owner/name) to lists of jobs";
                self.problems.push(Problem::error(at, message));
                BTreeMap::new()
            }
        }
    }

    fn list<T: DeserializeOwned>(&mut self, shape: &Shape, value: Value, at: &At<'_>) -> Vec<T> {
        let items = match value {
            Value::Null => return Vec::new(),
            Value::Array(items) => items,
            _ => {
                self.problems.push(Problem::error(at, "must be a list"));
                return Vec::new();
            }
        };
        let mut read = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            match self.entry(shape, item, &at.index(index)) {
                Some(item) => read.push(item),
                None => self.gaps.by_list.entry(at.to_string()).or_default().push(index),
            }
        }
        read
    }

    fn entry<T: DeserializeOwned>(&mut self, shape: &Shape, value: Value, at: &At<'_>) -> Option<T> {
        let before = self.problems.len();
        let value = if value.is_null() { Value::Object(Map::new()) } else { value };
        let value = fit(shape, value, at, &mut self.problems);
        if self.problems.iter().skip(before).any(Problem::is_error) {
            return None;
        }
        match serde_json::from_value(value) {
            Ok(entry) => Some(entry),
            // What fits the schema of a type can be read as the type; if ever not, the job is told, not lost.
            Err(e) => {
                self.problems.push(Problem::error(at, e.to_string()));
                None
            }
        }
    }
}

/// The members of a document's root. Nothing at all is an empty mapping.
pub(super) fn mapping(value: Value) -> Result<Map<String, Value>, Problem> {
    match value {
        Value::Null => Ok(Map::new()),
        Value::Object(members) => Ok(members),
        _ => Err(Problem::error(&At::root(""), "the file must hold a mapping (`presubmits:` and so on)")),
    }
}

/// Members with the names that `fields` has for them, whatever their case.
fn named(members: Map<String, Value>, fields: &[&str]) -> impl Iterator<Item = (String, Value)> {
    members.into_iter().map(|(key, value)| {
        let name = fields.iter().find(|field| field.eq_ignore_ascii_case(&key));
        (name.map_or(key, ToString::to_string), value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
presets:
- labels: { preset-go: "true" }
  env: [ { name: GOFLAGS, value: -mod=vendor } ]
presubmits:
  acme/widgets:
  - name: unit
    always_run: yes
    Branches: [main]
  - name: 5
  - name: lint
    max_concurency: 3
    spec:
      containers:
      - image: "go:1"
        args: [on, "off"]
periodics:
- name: nightly
  interval: 24h
prow_ignored: { anything: [1] }
"#;

    #[test]
    fn a_job_that_cannot_be_read_is_left_out_alone_and_paths_count_as_the_file_does() {
        let read = job_file(FILE, Budget::CENTRAL).unwrap();
        let names: Vec<&str> =
            read.file.presubmits["acme/widgets"].iter().map(|j| j.base.name.as_str()).collect();
        assert_eq!((names, read.file.periodics.len()), (vec!["unit"], 1));
        let errors: Vec<String> =
            read.problems.iter().filter(|p| p.is_error()).map(ToString::to_string).collect();
        assert_eq!(
            errors,
            [
                r#"presubmits["acme/widgets"][1].name: must be text, not the number 5; put it in quotes"#,
                r#"presubmits["acme/widgets"][2].spec.containers[0].args[0]: must be text, not the boolean true; put it in quotes"#,
            ]
        );
        let root = At::root("");
        let presubmits = root.field("presubmits");
        assert_eq!(read.gaps.written_index(&presubmits.field("acme/widgets"), 1), 3);
    }

    #[test]
    fn what_is_read_is_written_out_and_read_back_without_loss() {
        let text = FILE.replace("name: 5", "name: five").replace("args: [on,", "args: ['on',");
        let read = job_file(&text, Budget::CENTRAL).unwrap().file;
        let written = serde_json::to_string(&read).unwrap();
        assert_eq!(job_file(&written, Budget::CENTRAL).unwrap().file, read);
        assert_eq!(serde_json::from_str::<JobFile>(&written).unwrap(), read);
        assert_eq!(read.presubmits["acme/widgets"][2].unknown["max_concurency"], 3);
        assert_eq!(read.unknown["prow_ignored"]["anything"][0], 1);
    }

    #[test]
    fn a_file_in_a_repository_holds_lists_and_no_periodics() {
        let read = prow_yaml("presubmits: [{name: unit}]\nperiodics: [{name: n}]\n").unwrap();
        assert_eq!((read.presubmits.len(), read.problems.len()), (1, 1));
        let wrong = prow_yaml("presubmits: {acme/widgets: [{name: unit}]}\n").unwrap();
        assert_eq!(wrong.problems[0].to_string(), "presubmits: must be a list");
        assert!(prow_yaml("- a\n").is_err());
    }
}
