//! Pods of jobs of real configurations (`corpus/effective-pods`).

use crate::{
    configuration::{Configuration, Loaded},
    pod::{Metadata, ProwJob, compare},
};
use api::{
    prow_job::{ProwJobState, ProwJobStatus},
    refs::Refs,
};
use decide::job::prow_job::{NewRun, new_run, periodic_spec, postsubmit_spec, presubmit_spec};
use golden::{Case, corpus, hold};
use serde_json::Value;
use std::{cell::RefCell, collections::BTreeMap};

/// The run of the case's job, as a trigger makes it.
fn run(loaded: &Loaded, input: &Value) -> Result<NewRun, String> {
    let index = input["index"].as_u64().and_then(|index| usize::try_from(index).ok()).ok_or("no index")?;
    let repo = input["repo"].as_str().unwrap_or_default();
    let refs: Option<Refs> = input
        .get("refs")
        .map(|refs| serde_json::from_value(refs.clone()))
        .transpose()
        .map_err(|e| e.to_string())?;
    let refs = refs.unwrap_or_default();
    let jobs = &loaded.prow.jobs;
    let in_repo = input.get("in_repo").is_some();
    match input["type"].as_str().unwrap_or_default() {
        "presubmit" => {
            let all = if in_repo { loaded.in_repo.presubmits.clone() } else { jobs.presubmits_of(repo) };
            let job = all.get(index).ok_or("no such presubmit")?;
            let base = &job.raw().base;
            Ok(new_run(presubmit_spec(job, refs), &base.labels, &base.annotations))
        }
        "postsubmit" => {
            let all = if in_repo { loaded.in_repo.postsubmits.clone() } else { jobs.postsubmits_of(repo) };
            let job = all.get(index).ok_or("no such postsubmit")?;
            let base = &job.raw().base;
            Ok(new_run(postsubmit_spec(job, refs), &base.labels, &base.annotations))
        }
        _ => {
            let job = &jobs.periodics.get(index).ok_or("no such periodic")?.job;
            let base = &job.raw().base;
            Ok(new_run(periodic_spec(job), &base.labels, &base.annotations))
        }
    }
}

fn answer(loaded: &Loaded, case: &Case) -> Result<(), String> {
    let NewRun { labels, annotations, spec, .. } = run(loaded, &case.input)?;
    if case.input["name"].as_str() != Some(spec.job.as_str()) {
        return Err(format!("another job stands here: {}", spec.job));
    }
    let text = |field: &str| case.input[field].as_str().unwrap_or_default().to_owned();
    let status = ProwJobStatus {
        state: Some(ProwJobState::Triggered),
        build_id: text("build_id"),
        ..ProwJobStatus::default()
    };
    let metadata = Metadata { name: text("prowjob_name"), labels, annotations };
    compare(&ProwJob { metadata, spec, status }, None, &case.want)
}

#[test]
fn a_real_job_becomes_the_pod_that_prow_makes() {
    let Some(corpus) = corpus("pods of real configurations") else { return };
    let loaded: RefCell<BTreeMap<String, Loaded>> = RefCell::default();
    hold("corpus/effective-pods", &corpus.cases("effective-pods"), |case| {
        let source = case.input["source"].as_str().unwrap_or_default();
        let mut loaded = loaded.borrow_mut();
        let configuration =
            loaded.entry(source.to_owned()).or_insert_with(|| Configuration::of(source).load(&corpus));
        answer(configuration, case)
    });
}
