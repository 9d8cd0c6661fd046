//! Real configurations: every job file is read and written out without loss, and every job is in effect as in Prow.

use crate::configuration::{CONFIGURATIONS, Configuration, Loaded, job_files};
use decide::{
    config::{effective_periodic, effective_postsubmit, effective_presubmit, job_file, yaml::Budget},
    schedule::Cron,
    text::GoRegex,
};
use golden::{Case, corpus, hold};
use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::{cell::RefCell, collections::BTreeMap};

#[test]
fn every_job_is_in_effect_as_in_prow() {
    let Some(corpus) = corpus("effective jobs of real configurations") else { return };
    let loaded: RefCell<BTreeMap<String, Loaded>> = RefCell::default();
    hold("corpus/effective-jobs", &corpus.cases("effective-jobs"), |case| {
        let source = case.input["source"].as_str().unwrap();
        let mut loaded = loaded.borrow_mut();
        let configuration = loaded
            .entry(source.to_owned())
            .or_insert_with(|| CONFIGURATIONS.iter().find(|c| c.source == source).unwrap().load(&corpus));
        effective_as_in_prow(configuration, case)
    });
}

fn effective_as_in_prow(loaded: &Loaded, case: &Case) -> Result<(), String> {
    let input = &case.input;
    let index = usize::try_from(input["index"].as_u64().unwrap()).unwrap();
    let repo = input.get("repo").and_then(Value::as_str).unwrap_or_default();
    let jobs = &loaded.prow.jobs;
    let got = match (input["type"].as_str().unwrap(), input.get("in_repo").is_some()) {
        ("presubmit", false) => jobs.presubmits_of(repo).get(index).map(effective_presubmit),
        ("presubmit", true) => loaded.in_repo.presubmits.get(index).map(effective_presubmit),
        ("postsubmit", false) => jobs.postsubmits_of(repo).get(index).map(effective_postsubmit),
        ("postsubmit", true) => loaded.in_repo.postsubmits.get(index).map(effective_postsubmit),
        (_, _) => jobs.periodics.get(index).map(|accepted| effective_periodic(&accepted.job)),
    };
    let Some(Value::Object(mut got)) = got else { return Err("no such job".into()) };
    if got.remove("name").as_ref() != input.get("name") {
        return Err("another job stands here".into());
    }
    // The cases of the corpus leave out the tags of periodics; those of `jobs/config-load` have them.
    got.remove("tags");
    let spec = got.remove("spec").unwrap_or_default();
    got.insert("spec_sha256".into(), sha256(&spec).into());
    if let Some(annotations) = got.remove("annotations") {
        got.insert("annotations_sha256".into(), sha256(&annotations).into());
    }
    let want = without_empty(case.want.clone());
    let got = without_empty(Value::Object(got));
    if got == want { Ok(()) } else { Err(format!("want {want}\n got {got}\nspec {}", canonical(&spec))) }
}

fn sha256(value: &Value) -> String {
    hex::encode(Sha256::digest(canonical(value).to_string()))
}

/// Sorted keys; without `null`, `resources: {}` and `name: ""`.
fn canonical(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let sorted: BTreeMap<&String, Value> = members
                .iter()
                .map(|(name, value)| (name, canonical(value)))
                .filter(|(name, value)| {
                    let empty = value.as_object().is_some_and(Map::is_empty) && *name == "resources";
                    !(value.is_null() || empty || (*name == "name" && value == ""))
                })
                .collect();
            sorted.into_iter().map(|(name, value)| (name.clone(), value)).collect()
        }
        Value::Array(items) => items.iter().map(canonical).collect(),
        other => other.clone(),
    }
}

/// Without fields that are empty, `false` or 0, and without empty lists anywhere.
fn without_empty(value: Value) -> Value {
    let Value::Object(members) = without_empty_lists(value) else { return Value::Null };
    let says = |value: &Value| match value {
        Value::Null => false,
        Value::Bool(set) => *set,
        Value::Number(number) => number.as_i64() != Some(0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
    };
    Value::Object(members.into_iter().filter(|(_, value)| says(value)).collect())
}

/// Go leaves out a list that is empty, even where that says something.
fn without_empty_lists(value: Value) -> Value {
    match value {
        Value::Object(members) => members
            .into_iter()
            .filter(|(_, value)| !value.as_array().is_some_and(Vec::is_empty))
            .map(|(name, value)| (name, without_empty_lists(value)))
            .collect(),
        Value::Array(items) => items.into_iter().map(without_empty_lists).collect(),
        other => other,
    }
}

#[derive(Deserialize)]
struct Counts {
    source: String,
    presets: usize,
    presubmits: usize,
    postsubmits: usize,
    periodics: usize,
    repositories: usize,
    in_repo: Option<InRepoCounts>,
}

#[derive(Deserialize)]
struct InRepoCounts {
    presubmits: usize,
    postsubmits: usize,
}

#[test]
fn all_jobs_are_counted_as_prow_counts_them() {
    let Some(corpus) = corpus("counts of real configurations") else { return };
    let counts = std::fs::read_to_string(corpus.golden_path("counts.json")).unwrap();
    let counts: Vec<Counts> = serde_json::from_str(&counts).unwrap();
    for want in counts {
        let Loaded { prow, in_repo } = Configuration::of(&want.source).load(&corpus);
        let jobs = &prow.jobs;
        let (presubmits, postsubmits) = (
            jobs.presubmits.values().map(Vec::len).sum::<usize>(),
            jobs.postsubmits.values().map(Vec::len).sum::<usize>(),
        );
        let repositories: std::collections::BTreeSet<&String> =
            jobs.presubmits.keys().chain(jobs.postsubmits.keys()).collect();
        assert_eq!(
            (jobs.presets.len(), presubmits, postsubmits, jobs.periodics.len(), repositories.len()),
            (want.presets, want.presubmits, want.postsubmits, want.periodics, want.repositories),
            "{}",
            want.source
        );
        if let Some(inside) = want.in_repo {
            assert_eq!(
                (in_repo.presubmits.len(), in_repo.postsubmits.len()),
                (inside.presubmits, inside.postsubmits),
                "inside {}",
                want.source
            );
        }
    }
}

#[test]
fn every_job_file_fits_into_a_job_config_and_comes_back_without_loss() {
    let Some(corpus) = corpus("job files of real configurations") else { return };
    let mut read = 0;
    for configuration in CONFIGURATIONS.iter().filter(|c| c.source != "kcp-kcp") {
        for (name, text) in
            configuration.jobs.map(|folder| job_files(&corpus.path(folder))).unwrap_or_default()
        {
            let file = job_file(&text, Budget::CENTRAL).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert!(file.problems.iter().all(|p| !p.is_error()), "{name}: {:?}", file.problems);
            let written = serde_json::to_string(&file.file).unwrap();
            assert_eq!(serde_json::from_str::<api::job::JobFile>(&written).unwrap(), file.file, "{name}");
            assert_eq!(job_file(&written, Budget::CENTRAL).unwrap().file, file.file, "{name}");
            read += 1;
        }
    }
    assert!(read > 500, "only {read} files");
}

#[derive(Deserialize)]
struct CronAnswers {
    cron: String,
    runs: Vec<CronRun>,
}

#[derive(Deserialize)]
struct CronRun {
    after: jiff::Timestamp,
    /// Times, and `never` where there is no other.
    next: Vec<String>,
}

#[test]
fn every_cron_expression_fires_when_it_fires_in_prow() {
    let Some(corpus) = corpus("cron expressions of real configurations") else { return };
    for line in std::fs::read_to_string(corpus.path("derived/cron-next.jsonl")).unwrap().lines() {
        let answers: CronAnswers = serde_json::from_str(line).unwrap();
        let cron: Cron = answers.cron.parse().unwrap_or_else(|e| panic!("{}: {e}", answers.cron));
        for run in answers.runs {
            let fires = std::iter::successors(cron.next_after(run.after), |last| cron.next_after(*last));
            let never = std::iter::once("never".to_owned());
            let fires: Vec<String> =
                fires.map(|time| time.to_string()).chain(never).take(run.next.len()).collect();
            assert_eq!(fires, run.next, "{} after {}", answers.cron, run.after);
        }
    }
}

#[derive(Deserialize)]
struct RegexAnswers {
    pattern: String,
    matches: BTreeMap<String, bool>,
}

#[test]
fn every_regular_expression_matches_what_it_matches_in_go() {
    let Some(corpus) = corpus("regular expressions of real configurations") else { return };
    for line in std::fs::read_to_string(corpus.path("derived/regex-answers.jsonl")).unwrap().lines() {
        let answers: RegexAnswers = serde_json::from_str(line).unwrap();
        let expression =
            GoRegex::new(&answers.pattern).unwrap_or_else(|e| panic!("{}: {e}", answers.pattern));
        for (text, wanted) in answers.matches {
            assert_eq!(expression.is_match(&text), wanted, "{} on {text:?}", answers.pattern);
        }
    }
}
