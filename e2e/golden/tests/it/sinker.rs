//! One clean-up sweep (`jobs/sinker`).

use crate::{go_view, prow_job};
use api::duration::GoDuration;
use decide::run::{
    PodFacts, Run,
    retention::{PlacedPod, Removal, RetentionSettings, plan},
};
use golden::Case;
use serde_json::{Value, json};
use std::{collections::BTreeSet, time::Duration};

fn settings(config: &Value) -> Result<RetentionSettings, String> {
    let sinker = &config["sinker"];
    let duration = |field: &str| -> Result<Option<Duration>, String> {
        let given = sinker[field].as_str().map(str::parse::<GoDuration>).transpose();
        Ok(given.map_err(|e| e.to_string())?.map(GoDuration::to_std))
    };
    let pods = duration("max_pod_age")?.unwrap_or(Duration::from_hours(24));
    let excluded = sinker.get("exclude_clusters").cloned().unwrap_or_else(|| json!([]));
    Ok(RetentionSettings {
        runs: duration("max_prowjob_age")?.unwrap_or(Duration::from_hours(168)),
        pods,
        finished_pods: duration("terminated_pod_ttl")?.unwrap_or(pods),
        exclude_clusters: serde_json::from_value(excluded).map_err(|e| e.to_string())?,
    })
}

/// A pod of the case. What Prow finds by its label and namespace, we find by our annotation.
fn placed(pod: &Value, pod_namespace: &str) -> Result<PlacedPod, String> {
    let metadata = &pod["pod"]["metadata"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let typed = serde_json::from_value(pod["pod"].clone()).map_err(|e| e.to_string())?;
    let mut facts = PodFacts::observe(&typed);
    if metadata["labels"]["created-by-prow"] == "true" && metadata["namespace"] == pod_namespace {
        "known".clone_into(&mut facts.prow_job_uid);
    }
    Ok(PlacedPod {
        cluster: text(&pod["cluster"]),
        namespace: text(&metadata["namespace"]),
        name: text(&metadata["name"]),
        facts,
    })
}

fn answer(case: &Case) -> Result<(), String> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let input = &case.input;
    let runs: Vec<Run> = list(&input["prowjobs"]).iter().map(prow_job::run).collect::<Result<_, _>>()?;
    let namespace = input["config"]["pod_namespace"].as_str().unwrap_or_default();
    let pods: Vec<PlacedPod> =
        list(&input["pods"]).iter().map(|pod| placed(pod, namespace)).collect::<Result<_, _>>()?;
    let periodics: BTreeSet<(String, String)> = list(&input["jobs"]["periodics"])
        .iter()
        .map(|job| ("default".to_owned(), job["name"].as_str().unwrap_or_default().to_owned()))
        .collect();
    let now = input["now"].as_str().unwrap_or_default().parse().map_err(|e: jiff::Error| e.to_string())?;
    let runs: Vec<&Run> = runs.iter().collect();
    let removals = plan(&runs, &pods, &periodics, &settings(&input["config"])?, now);

    let (mut gone_runs, mut gone_pods, mut freed) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for planned in removals {
        match planned.action {
            Removal::Run { name, .. } => {
                gone_runs.insert(name);
            }
            Removal::Pod { cluster, namespace, name, .. } => {
                gone_pods.insert(format!("{cluster}/{namespace}/{name}"));
            }
            Removal::Finalizer { cluster, namespace, name, .. } => {
                freed.insert(format!("{cluster}/{namespace}/{name}"));
            }
        }
    }
    // Shown only where the pod is still there: it is not deleted, or another finalizer holds it.
    let place = |pod: &PlacedPod| format!("{}/{}/{}", pod.cluster, pod.namespace, pod.name);
    let held: BTreeSet<String> =
        pods.iter().filter(|pod| pod.facts.finalizers.len() > 1).map(place).collect();
    freed.retain(|pod| !gone_pods.contains(pod) || held.contains(pod));
    let ours = json!({
        "prowjobs_deleted": gone_runs,
        "pods_deleted": gone_pods,
        "finalizer_removed_and_pod_still_there": freed,
    });
    if ours == case.want { Ok(()) } else { Err(go_view::difference("", &ours, &case.want)) }
}

#[test]
fn what_is_old_goes_as_the_sinker_removes_it() {
    golden::hold("jobs/sinker", &golden::synthetic("jobs/sinker"), answer);
}
