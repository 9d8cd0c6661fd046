//! Job and refs to ProwJob (`jobs/prowjob`).

use crate::go_view;
use api::{decoration::DecorationConfig, keys, refs::Refs};
use decide::{
    config::{Entry, JobRules, Loaded, Source, Unlabelled, job_file, load, yaml::Budget},
    job::{
        Presubmit,
        prow_job::{
            NewRun, PullRequestRefs, batch_spec, new_run, periodic_spec, postsubmit_spec, presubmit_run,
            presubmit_spec,
        },
    },
};
use golden::{Case, normalised};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

fn read<T: DeserializeOwned + Default>(value: Option<&Value>) -> Result<T, String> {
    value.map_or_else(
        || Ok(T::default()),
        |value| serde_json::from_value(value.clone()).map_err(|e| e.to_string()),
    )
}

/// The rules that the case's main configuration makes.
fn rules(config: &Value) -> Result<JobRules, String> {
    let defaults: BTreeMap<String, DecorationConfig> =
        read(config.pointer("/plank/default_decoration_configs"))?;
    let entry = |(repo, config)| Entry { repo, config: Some(config), ..Entry::default() };
    Ok(JobRules {
        decoration: defaults.into_iter().map(entry).collect(),
        default_pod_namespace: "default".to_owned(),
        ..JobRules::default()
    })
}

fn jobs(case: &Case) -> Result<Loaded, String> {
    let rules = rules(&case.input["config"])?;
    let file = job_file(&case.input["jobs"].to_string(), Budget::CENTRAL).map_err(|e| e.to_string())?;
    let loaded = load(&[Source::file("jobs", file)], Unlabelled::Everybody, &|_| &rules, &BTreeSet::new());
    if loaded.has_errors() { Err(format!("refused: {:?}", loaded.problems)) } else { Ok(loaded) }
}

fn presubmit(loaded: &Loaded) -> Result<&Presubmit, String> {
    let jobs = loaded.presubmits.values().flatten().next();
    jobs.map(|accepted| &accepted.job).ok_or_else(|| "no presubmit was loaded".to_owned())
}

/// Made from a pull request, as a trigger makes it.
fn from_pull_request(job: &Presubmit, input: &Value) -> Result<NewRun, String> {
    let pull = &input["pull_request"];
    let text = |pointer: &str| pull.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let refs = PullRequestRefs {
        org: text("/base/repo/owner/login"),
        repo: text("/base/repo/name"),
        repo_link: text("/base/repo/html_url"),
        base_ref: text("/base/ref"),
        base_sha: input["base_sha"].as_str().unwrap_or_default(),
        number: pull["number"].as_i64().unwrap_or_default(),
        author: text("/user/login"),
        author_link: text("/user/html_url"),
        head_sha: text("/head/sha"),
        head_ref: text("/head/ref"),
        title: text("/title"),
        link: text("/html_url"),
    };
    let mut cause: BTreeMap<String, String> = read(input.get("additional_labels"))?;
    cause.insert(keys::EVENT_GUID.to_owned(), input["guid"].as_str().unwrap_or_default().to_owned());
    Ok(presubmit_run(job, refs.refs(), &cause))
}

fn run(case: &Case) -> Result<NewRun, String> {
    let loaded = jobs(case)?;
    let refs: Refs = read(case.input.get("refs"))?;
    let labels: BTreeMap<String, String> = read(case.input.get("labels"))?;
    match (case.input["type"].as_str().unwrap_or_default(), case.input["via"].as_str()) {
        ("presubmit", Some("pull_request")) => from_pull_request(presubmit(&loaded)?, &case.input),
        ("presubmit", _) => {
            let job = presubmit(&loaded)?;
            Ok(new_run(presubmit_spec(job, refs), &labels, &job.raw().base.annotations))
        }
        ("batch", _) => {
            let job = presubmit(&loaded)?;
            Ok(new_run(batch_spec(job, refs), &labels, &job.raw().base.annotations))
        }
        ("postsubmit", _) => {
            let job = &loaded.postsubmits.values().flatten().next().ok_or("no postsubmit was loaded")?.job;
            Ok(new_run(postsubmit_spec(job, refs), &labels, &job.raw().base.annotations))
        }
        _ => {
            let job = &loaded.periodics.first().ok_or("no periodic was loaded")?.job;
            Ok(new_run(periodic_spec(job), &labels, &job.raw().base.annotations))
        }
    }
}

fn answer(case: &Case) -> Result<(), String> {
    let run = run(case)?;
    let ours = json!({
        "apiVersion": "prow.k8s.io/v1",
        "kind": "ProwJob",
        "metadata": { "labels": run.labels, "annotations": run.annotations },
        "spec": run.spec,
        "status": run.status,
    });
    let (ours, want) = (normalised(&go_view::read(&ours)), normalised(&go_view::read(&case.want)));
    if ours == want { Ok(()) } else { Err(go_view::difference("", &ours, &want)) }
}

#[test]
fn a_job_becomes_the_run_that_prow_makes() {
    golden::hold("jobs/prowjob", &golden::synthetic("jobs/prowjob"), answer);
}
