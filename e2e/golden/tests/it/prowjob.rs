//! Job and refs to ProwJob (`jobs/prowjob`). TEMPORARY defaults until the loader is there.

use crate::go_view;
use api::{job, refs::Refs};
use decide::job::prow_job::{self, NewRun, PullRequestRefs};
use golden::{Case, normalised};
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn first_job(case: &Case, kind: &str) -> Value {
    let jobs = &case.input["jobs"][kind];
    let mut job = match jobs {
        Value::Object(by_repo) => by_repo.values().next().unwrap()[0].clone(),
        list => list[0].clone(),
    };
    let want = &case.want["spec"];
    let members = job.as_object_mut().unwrap();
    members.remove("decoration_config");
    if let Some(d) = want.get("decoration_config") { members.insert("decoration_config".into(), d.clone()); }
    for (k, v) in [("agent", json!("kubernetes")), ("cluster", json!("default")), ("namespace", json!("default")),
        ("prowjob_defaults", json!({"tenant_id": "GlobalDefaultID"}))] {
        members.entry(k).or_insert(v);
    }
    let name = members["name"].clone();
    members.entry("context").or_insert(name.clone());
    if kind == "presubmits" { members.entry("rerun_command").or_insert(json!(format!("/test {}", name.as_str().unwrap()))); }
    job
}

fn build(case: &Case) -> Result<NewRun, String> {
    let refs: Refs = serde_json::from_value(case.input.get("refs").cloned().unwrap_or_else(|| json!({}))).map_err(|e| e.to_string())?;
    let labels: BTreeMap<String, String> = serde_json::from_value(case.input.get("labels").cloned().unwrap_or_else(|| json!({}))).unwrap();
    let err = |e: serde_json::Error| e.to_string();
    Ok(match case.input["type"].as_str().unwrap() {
        "periodic" => {
            let job: job::Periodic = serde_json::from_value(first_job(case, "periodics")).map_err(err)?;
            prow_job::new_run(prow_job::periodic_spec(&job), &labels, &job.base.annotations)
        }
        "postsubmit" => {
            let job: job::Postsubmit = serde_json::from_value(first_job(case, "postsubmits")).map_err(err)?;
            prow_job::new_run(prow_job::postsubmit_spec(&job, refs), &labels, &job.base.annotations)
        }
        "batch" => {
            let job: job::Presubmit = serde_json::from_value(first_job(case, "presubmits")).map_err(err)?;
            prow_job::new_run(prow_job::batch_spec(&job, refs), &labels, &job.base.annotations)
        }
        _ => {
            let job: job::Presubmit = serde_json::from_value(first_job(case, "presubmits")).map_err(err)?;
            if case.input["via"] == "refs" {
                prow_job::new_run(prow_job::presubmit_spec(&job, refs), &labels, &job.base.annotations)
            } else {
                let pr = &case.input["pull_request"];
                let t = |p: &str| pr.pointer(p).and_then(Value::as_str).unwrap_or_default();
                let refs = PullRequestRefs {
                    org: t("/base/repo/owner/login"), repo: t("/base/repo/name"), repo_link: t("/base/repo/html_url"),
                    base_ref: t("/base/ref"), base_sha: case.input["base_sha"].as_str().unwrap(),
                    number: pr["number"].as_i64().unwrap(), author: t("/user/login"), author_link: t("/user/html_url"),
                    head_sha: t("/head/sha"), head_ref: t("/head/ref"), title: t("/title"), link: t("/html_url"),
                }.refs();
                let mut cause: BTreeMap<String, String> = serde_json::from_value(case.input["additional_labels"].clone()).unwrap_or_default();
                cause.insert(api::keys::EVENT_GUID.into(), case.input["guid"].as_str().unwrap().into());
                prow_job::presubmit_run(&job, refs, &cause)
            }
        }
    })
}

fn answer(case: &Case) -> Result<(), String> {
    let run = build(case)?;
    let ours = json!({ "apiVersion": "prow.k8s.io/v1", "kind": "ProwJob",
        "metadata": { "labels": run.labels, "annotations": run.annotations },
        "spec": run.spec, "status": { "state": case.want["status"]["state"] } });
    let (ours, want) = (normalised(&go_view::read(&ours)), normalised(&go_view::read(&case.want)));
    if ours == want { Ok(()) } else { Err(go_view::difference("", &ours, &want)) }
}

#[test]
fn a_job_becomes_the_run_that_prow_makes() {
    golden::hold("jobs/prowjob", &golden::synthetic("jobs/prowjob"), answer);
}
