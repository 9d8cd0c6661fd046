//! One reconcile of one run (`jobs/plank`).

use crate::{go_view, prow_job, storage_path};
use api::{duration::GoDuration, prow_job::ProwJobStatus};
use decide::{
    reason::Reason,
    run::{ClusterSettings, Observed, PodAction, PodFacts, Run, RunPlan, RunSettings, pod_refused, step},
};
use golden::{Case, normalised};
use k8s_openapi::api::core::v1::Pod;
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};

fn settings(config: &Value) -> Result<RunSettings, String> {
    let (plank, defaults) = (&config["plank"], RunSettings::default());
    let duration = |field: &str, default: Duration| -> Result<Duration, String> {
        let given =
            plank[field].as_str().map(str::parse::<GoDuration>).transpose().map_err(|e| e.to_string())?;
        Ok(given.map_or(default, GoDuration::to_std))
    };
    let pods = config["pod_namespace"].as_str().unwrap_or("default").to_owned();
    let cluster = ClusterSettings { pod_namespaces: BTreeMap::from([("default".to_owned(), pods)]) };
    let queues = plank.get("job_queue_capacities").cloned().unwrap_or_else(|| json!({}));
    Ok(RunSettings {
        clusters: ["default", "build-2"].map(|name| (name.to_owned(), cluster.clone())).into(),
        pending_timeout: duration("pod_pending_timeout", defaults.pending_timeout)?,
        unscheduled_timeout: duration("pod_unscheduled_timeout", defaults.unscheduled_timeout)?,
        running_timeout: duration("pod_running_timeout", defaults.running_timeout)?,
        revivals: plank["max_revivals"].as_i64().unwrap_or(defaults.revivals),
        max_concurrency: plank["max_concurrency"].as_i64().unwrap_or(0),
        queues: serde_json::from_value(queues).map_err(|e| e.to_string())?,
        urls: storage_path::urls(config)?,
    })
}

/// The world of a case.
struct World {
    runs: Vec<Run>,
    pods: Vec<(String, Pod)>,
    settings: RunSettings,
    now: jiff::Timestamp,
}

impl World {
    fn read(input: &Value) -> Result<Self, String> {
        let list = |field: &str| input[field].as_array().cloned().unwrap_or_default();
        let pod = |placed: &Value| -> Result<(String, Pod), String> {
            let pod = serde_json::from_value(placed["pod"].clone()).map_err(|e| e.to_string())?;
            Ok((placed["cluster"].as_str().unwrap_or_default().to_owned(), pod))
        };
        Ok(Self {
            runs: list("prowjobs").iter().map(prow_job::run).collect::<Result<_, _>>()?,
            pods: list("pods").iter().map(pod).collect::<Result<_, _>>()?,
            settings: settings(&input["config"])?,
            now: input["now"].as_str().unwrap_or_default().parse().map_err(|e: jiff::Error| e.to_string())?,
        })
    }

    fn step(&self, run: &Run, refused: Option<&str>) -> RunPlan {
        let siblings: Vec<&Run> =
            self.runs.iter().filter(|other| other.name != run.name && !other.is_complete()).collect();
        let pod = self.pods.iter().find(|(cluster, pod)| {
            cluster == run.cluster() && pod.metadata.name.as_deref() == Some(run.name.as_str())
        });
        let facts = pod.map(|(_, pod)| PodFacts::observe(pod));
        let observed = Observed {
            run,
            pod: facts.as_ref(),
            siblings: &siblings,
            settings: &self.settings,
            now: self.now,
            new_build_id: "NEW",
        };
        refused.map_or_else(|| step(&observed), |message| pod_refused(&observed, message))
    }
}

/// A status as the cases show it: without our additions, with the case's words for the time and for a number that the
/// run did not have before.
fn shown(status: &ProwJobStatus, old_build_id: &str, now: jiff::Timestamp) -> Result<Value, String> {
    let mut status = ProwJobStatus { conditions: Vec::new(), pod_revival_count: None, ..status.clone() };
    // Fixed words end at the first colon.
    status.description = status.description.split(':').next().unwrap_or_default().to_owned();
    if !status.build_id.is_empty() && status.build_id != old_build_id {
        status.url = status.url.replace(&status.build_id, "NEW");
        "NEW".clone_into(&mut status.build_id);
    }
    let text = serde_json::to_string(&status).map_err(|e| e.to_string())?;
    serde_json::from_str(&text.replace(&now.to_string(), "NOW")).map_err(|e| e.to_string())
}

/// The pods after the plan, as the cases list them.
fn apply(world: &World, plan: &RunPlan, answer: &mut Value) {
    let known = world.pods.iter().filter(|(cluster, _)| world.settings.clusters.contains_key(cluster));
    let mut pods: Vec<Value> = known
        .map(|(cluster, pod)| {
            json!({
                "cluster": cluster,
                "name": pod.metadata.name,
                "deleting": pod.metadata.deletion_timestamp.is_some(),
                "finalizers": pod.metadata.finalizers.clone().unwrap_or_default(),
            })
        })
        .collect();
    let (mut created, mut deleted) = (Vec::new(), Vec::new());
    for planned in &plan.actions {
        match &planned.action {
            PodAction::Create { cluster, namespace, pod } => {
                let name = &pod["metadata"]["name"];
                created.push(json!(format!("{cluster}/{namespace}/{}", name.as_str().unwrap_or_default())));
                pods.push(json!({ "cluster": cluster, "name": name, "deleting": false, "finalizers": [] }));
            }
            PodAction::Delete { cluster, namespace, name, .. } => {
                deleted.push(json!(format!("{cluster}/{namespace}/{name}")));
                pods.iter_mut()
                    .filter(|pod| pod["cluster"] == **cluster)
                    .for_each(|pod| pod["deleting"] = json!(true));
            }
            PodAction::RemoveFinalizer { cluster, finalizer, .. } => {
                for pod in pods.iter_mut().filter(|pod| pod["cluster"] == **cluster) {
                    pod["finalizers"].as_array_mut().unwrap().retain(|known| known != finalizer);
                }
            }
        }
    }
    pods.retain(|pod| pod["deleting"] == false || pod["finalizers"] != json!([]));
    answer["pods_created"] = json!(created);
    answer["pods_deleted"] = json!(deleted);
    answer["pods_after"] = json!(pods);
}

fn answer(case: &Case) -> Result<(), String> {
    let world = World::read(&case.input)?;
    let name = case.input["reconcile"].as_str().unwrap_or_default();
    let Some(run) = world.runs.iter().find(|run| run.name == name) else {
        // Nothing is reconciled that is not there.
        return if case.want["status_after"] == json!({}) {
            Ok(())
        } else {
            Err("the run is missing".to_owned())
        };
    };
    let mut plan = world.step(run, None);
    let creates = plan.actions.iter().any(|planned| matches!(planned.action, PodAction::Create { .. }));
    if case.input.get("pod_create_error_code").is_some_and(|code| !code.is_null()) && creates {
        plan = world.step(run, Some("injected"));
    }
    let mut ours = json!({ "error": plan.reason.is_stuck(), "status_after": {} });
    apply(&world, &plan, &mut ours);
    let mut note = |run: &Run, status: &ProwJobStatus| -> Result<(), String> {
        let old = &run.status.build_id;
        let (before, after) = (shown(&run.status, old, world.now)?, shown(status, old, world.now)?);
        if before != after {
            ours["status_after"][&run.name] = after;
        }
        Ok(())
    };
    note(run, &plan.status)?;
    // Prow ends the duplicates of a job in any of its runs' reconciles; ours end themselves, in their own steps.
    for other in world.runs.iter().filter(|other| other.name != name && other.spec.job == run.spec.job) {
        let plan = world.step(other, None);
        if plan.reason.name() == "Superseded" {
            note(other, &plan.status)?;
        }
    }
    compare(&ours, &case.want, &plan)
}

fn compare(ours: &Value, want: &Value, plan: &RunPlan) -> Result<(), String> {
    let mut want = want.clone();
    for (_, status) in want["status_after"].as_object_mut().into_iter().flatten() {
        let typed: ProwJobStatus =
            serde_json::from_str(&status.to_string().replace("\"NOW\"", "\"1970-01-01T00:00:00Z\""))
                .map_err(|e| e.to_string())?;
        *status = shown(&typed, &typed.build_id, jiff::Timestamp::UNIX_EPOCH)?;
    }
    let requeue = want.as_object_mut().and_then(|members| members.remove("requeue_after_seconds"));
    if let Some(seconds) = requeue.as_ref().and_then(Value::as_u64)
        && plan.requeue_after.is_none_or(|after| after > Duration::from_secs(seconds))
    {
        return Err(format!("looks again after {:?}, Prow after {seconds} s", plan.requeue_after));
    }
    let (ours, want) = (normalised(ours), normalised(&want));
    if ours == want { Ok(()) } else { Err(go_view::difference("", &ours, &want)) }
}

#[test]
fn a_run_moves_as_plank_moves_it() {
    golden::hold("jobs/plank", &golden::synthetic("jobs/plank"), answer);
}
