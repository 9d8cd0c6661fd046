//! Job files: accepted or refused, and the jobs after defaulting.

use decide::{
    config::{
        effective_periodic, effective_postsubmit, effective_presubmit, in_repo::InRepo, prow::ProwConfig,
    },
    job::{Periodic, When},
};
use golden::{Case, hold, normalised, synthetic};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

#[test]
fn config_load() {
    hold("jobs/config-load", &synthetic("jobs/config-load"), answer);
}

fn answer(case: &Case) -> Result<(), String> {
    let got = load(&case.input);
    let want = comparable(&case.want);
    let got = comparable(&got);
    if got == want { Ok(()) } else { Err(format!("want {want}\n got {got}")) }
}

fn load(input: &Value) -> Value {
    let text = |name: &str| match input.get(format!("{name}_text")) {
        Some(text) => text.as_str().unwrap().to_owned(),
        None => input.get(name).map_or_else(String::new, Value::to_string),
    };
    let loaded = match ProwConfig::load(&text("config"), [("jobs.yaml", text("jobs").as_str())]) {
        Ok(loaded) => loaded,
        Err(problems) => return refused("central", &problems),
    };
    let mut answer = json!({ "accepted": true });
    let jobs = &loaded.jobs;
    let presubmits = jobs.presubmits.iter().map(|(repo, jobs)| {
        (repo.clone(), jobs.iter().map(|accepted| effective_presubmit(&accepted.job)).collect::<Value>())
    });
    let postsubmits = jobs.postsubmits.iter().map(|(repo, jobs)| {
        (repo.clone(), jobs.iter().map(|accepted| effective_postsubmit(&accepted.job)).collect::<Value>())
    });
    answer["presubmits"] = presubmits.collect();
    answer["postsubmits"] = postsubmits.collect();
    answer["periodics"] = jobs.periodics.iter().map(|accepted| effective_periodic(&accepted.job)).collect();
    answer["intervals"] = jobs.periodics.iter().map(|accepted| intervals(&accepted.job)).collect();
    if let Some(repo) = input.get("repo").and_then(Value::as_str) {
        match loaded.in_repo(repo, &files(input)) {
            Ok(InRepo { presubmits, postsubmits, .. }) => {
                answer["in_repo"] = json!({
                    "presubmits": presubmits.iter().map(effective_presubmit).collect::<Value>(),
                    "postsubmits": postsubmits.iter().map(effective_postsubmit).collect::<Value>(),
                });
            }
            Err(problems) => return refused("in-repo", &problems),
        }
    }
    answer
}

fn refused(stage: &str, problems: &[decide::config::Problem]) -> Value {
    let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
    json!({ "accepted": false, "stage": stage, "error": told.join("; ") })
}

fn files(input: &Value) -> BTreeMap<String, String> {
    match (input.get("prow_yaml"), input.get("prow_files")) {
        (Some(content), _) => [(".prow.yaml".to_owned(), content.to_string())].into(),
        (None, Some(files)) => serde_json::from_value(files.clone()).unwrap(),
        (None, None) => BTreeMap::new(),
    }
}

fn intervals(job: &Periodic) -> Value {
    let mut answer = json!({ "name": job.name() });
    match job.when() {
        When::Interval(every) => answer["interval_ns"] = every.as_nanos().into(),
        When::AfterEnd(pause) => answer["minimum_interval_ns"] = pause.as_nanos().into(),
        When::Cron(_) => {}
    }
    if let Some(retry) = job.retry() {
        answer["retry_interval_ns"] = retry.interval.as_nanos().into();
    }
    answer
}

/// Without the text of the error, what `normalised` takes for absent, and empty lists of jobs.
fn comparable(answer: &Value) -> Value {
    let Value::Object(members) = normalised(answer) else { return Value::Null };
    let kept = members.into_iter().filter(|(name, value)| name != "error" && !is_empty(value));
    Value::Object(kept.map(|(name, value)| (name, without_defaults(value))).collect())
}

fn is_empty(value: &Value) -> bool {
    value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(Map::is_empty)
}

/// Without what says nothing: `false` where that is the default (Prow writes some out, some not), empty lists (Go leaves
/// them out), and Tekton's empty template.
fn without_defaults(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(without_defaults).collect(),
        Value::Object(members) => members
            .into_iter()
            .filter(|(name, value)| {
                let unsaid = matches!(name.as_str(), "decorate" | "hidden" | "optional" | "skip_report");
                let empty = value.as_array().is_some_and(Vec::is_empty);
                !(empty || (unsaid && *value == Value::Bool(false)) || name == "taskRunTemplate")
            })
            .map(|(name, value)| (name, without_defaults(value)))
            .collect(),
        other => other,
    }
}
