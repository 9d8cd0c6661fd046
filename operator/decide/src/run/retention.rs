//! Which runs and pods have been kept long enough (spec jobs-and-runs 6.1).
//!
//! A run that is not complete is never removed, nor is its pod. Of every periodic that still exists the newest run
//! stays: the schedule counts from it. Only pods that name a ProwJob of ours are touched (DESIGN R4).

use super::{PodFacts, Run};
use crate::reason::{Planned, Reason};
use api::prow_job::ProwJobType;
use jiff::Timestamp;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// The finalizer of Prow's reporter, and its name in `prev_report_states`.
const REPORTER_FINALIZER: &str = "prow.x-k8s.io/gcsk8sreporter";
const REPORTER: &str = "gcsk8sreporter";
/// A pod younger than this may belong to a run that was not seen yet.
const ORPHAN_AGE: Duration = Duration::from_secs(30);

/// How long things are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetentionSettings {
    /// Runs, from their start.
    pub runs: Duration,
    /// Pods of complete runs, from the pod's start.
    pub pods: Duration,
    /// Pods of complete runs, from the run's end.
    pub finished_pods: Duration,
    /// Clusters in which no pod is removed.
    pub exclude_clusters: BTreeSet<String>,
}

/// A pod, and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedPod {
    /// The build cluster.
    pub cluster: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// What was observed of it.
    pub facts: PodFacts,
}

/// What is to be removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Removal {
    /// A run. Its trigger key is recorded first, so that the same cause never makes it again (DESIGN R3).
    Run {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// The precondition.
        uid: String,
    },
    /// A pod. `orphan`: only after a live read says that its run does not exist.
    Pod {
        /// The build cluster.
        cluster: String,
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// The precondition.
        uid: String,
        /// No run was seen for it.
        orphan: bool,
    },
    /// A finalizer that nobody will take away any more, before its pod is removed.
    Finalizer {
        /// The build cluster.
        cluster: String,
        /// The pod's namespace.
        namespace: String,
        /// The pod's name.
        name: String,
        /// The precondition.
        uid: String,
        /// Which.
        finalizer: String,
    },
}

/// Why something is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetentionReason {
    /// It is older than it is kept.
    Aged,
    /// Its run ended longer ago than its pod is kept.
    Ended,
    /// It has no run.
    Orphaned,
}

impl Reason for RetentionReason {
    fn name(&self) -> &'static str {
        match self {
            Self::Aged => "Aged",
            Self::Ended => "Ended",
            Self::Orphaned => "Orphaned",
        }
    }

    fn sentence(&self) -> String {
        match self {
            Self::Aged => "It is older than the installation's retention keeps it.",
            Self::Ended => "Its run ended longer ago than retention.finishedPods keeps pods.",
            Self::Orphaned => "No run exists for it.",
        }
        .to_owned()
    }
}

/// What to remove now. `periodics`: names of the periodics that exist, with their namespaces.
pub fn plan(
    runs: &[&Run],
    pods: &[PlacedPod],
    periodics: &BTreeSet<(String, String)>,
    settings: &RetentionSettings,
    now: Timestamp,
) -> Vec<Planned<Removal, RetentionReason>> {
    let newest = newest_of_periodics(runs, periodics);
    let old_runs = runs.iter().filter(|run| {
        run.is_complete()
            && older(run.started(), settings.runs, now)
            && !newest.values().any(|kept| (&kept.namespace, &kept.name) == (&run.namespace, &run.name))
    });
    let mut removals: Vec<_> = old_runs
        .map(|run| {
            let (namespace, name, uid) = (run.namespace.clone(), run.name.clone(), run.uid.clone());
            Planned::new(Removal::Run { namespace, name, uid }, RetentionReason::Aged)
        })
        .collect();
    let by_name: BTreeMap<&str, &Run> = runs.iter().map(|run| (run.name.as_str(), *run)).collect();
    let ours = pods.iter().filter(|pod| {
        !pod.facts.prow_job_uid.is_empty() && !settings.exclude_clusters.contains(&pod.cluster)
    });
    for pod in ours {
        let id = if pod.facts.id_label.is_empty() { &pod.name } else { &pod.facts.id_label };
        removals.extend(pod_removals(pod, by_name.get(id.as_str()).copied(), settings, now));
    }
    removals
}

/// By namespace and job.
fn newest_of_periodics<'a>(
    runs: &[&'a Run],
    periodics: &BTreeSet<(String, String)>,
) -> BTreeMap<(String, String), &'a Run> {
    let mut newest: BTreeMap<(String, String), &Run> = BTreeMap::new();
    for run in runs.iter().filter(|run| run.spec.type_ == ProwJobType::Periodic) {
        let job = (run.namespace.clone(), run.spec.job.clone());
        if !periodics.contains(&job) {
            continue;
        }
        let known = newest.entry(job).or_insert(run);
        if run.started() > known.started() {
            *known = run;
        }
    }
    newest
}

fn pod_removals(
    pod: &PlacedPod,
    run: Option<&Run>,
    settings: &RetentionSettings,
    now: Timestamp,
) -> Vec<Planned<Removal, RetentionReason>> {
    let (cluster, namespace) = (pod.cluster.clone(), pod.namespace.clone());
    let (name, uid) = (pod.name.clone(), pod.facts.uid.clone());
    let mut removals = Vec::new();
    let held = pod.facts.finalizers.iter().any(|finalizer| finalizer == REPORTER_FINALIZER);
    let recorded =
        |run: &Run| run.is_complete() && run.status.prev_report_states.get(REPORTER) == Some(&run.state());
    if held && run.is_none_or(recorded) {
        let action = Removal::Finalizer {
            cluster: cluster.clone(),
            namespace: namespace.clone(),
            name: name.clone(),
            uid: uid.clone(),
            finalizer: REPORTER_FINALIZER.to_owned(),
        };
        let why = if run.is_none() { RetentionReason::Orphaned } else { RetentionReason::Ended };
        removals.push(Planned::new(action, why));
    }
    if let Some(why) = too_old(pod, run, settings, now).filter(|_| !pod.facts.deleting) {
        let orphan = run.is_none();
        removals.push(Planned::new(Removal::Pod { cluster, namespace, name, uid, orphan }, why));
    }
    removals
}

/// Why a pod goes; `None`: it stays.
fn too_old(
    pod: &PlacedPod,
    run: Option<&Run>,
    settings: &RetentionSettings,
    now: Timestamp,
) -> Option<RetentionReason> {
    let Some(run) = run else {
        return older(pod.facts.created, ORPHAN_AGE, now).then_some(RetentionReason::Orphaned);
    };
    let ended = run.status.completion_time.as_ref()?.0;
    if pod.facts.started.is_some_and(|started| older(started, settings.pods, now)) {
        return Some(RetentionReason::Aged);
    }
    older(ended, settings.finished_pods, now).then_some(RetentionReason::Ended)
}

fn older(since: Timestamp, age: Duration, now: Timestamp) -> bool {
    Duration::try_from(now.duration_since(since)).is_ok_and(|passed| passed > age)
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::ProwJob;
    use serde_json::json;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn nightly(name: &str, started: &str) -> Run {
        let object: ProwJob = serde_json::from_value(json!({
            "metadata": { "name": name, "namespace": "acme", "uid": name },
            "spec": { "type": "periodic", "job": "nightly" },
            "status": { "state": "success", "startTime": started, "completionTime": started },
        }))
        .unwrap();
        Run::observe(&object)
    }

    fn settings() -> RetentionSettings {
        let hours = Duration::from_hours;
        let exclude_clusters = BTreeSet::new();
        RetentionSettings { runs: hours(168), pods: hours(24), finished_pods: hours(1), exclude_clusters }
    }

    fn pod(prow_job_uid: &str) -> PlacedPod {
        let typed = serde_json::from_value(json!({
            "metadata": {
                "name": "gone", "uid": "u", "creationTimestamp": "2026-03-01T00:00:00Z",
                "annotations": { "bowsprit.dev/prowjob-uid": prow_job_uid },
            },
        }))
        .unwrap();
        let (cluster, namespace) = ("default".into(), "acme-jobs".into());
        PlacedPod { cluster, namespace, name: "gone".into(), facts: PodFacts::observe(&typed) }
    }

    fn gone(runs: &[&Run], pods: &[PlacedPod], periodics: &[&str]) -> Vec<(String, RetentionReason)> {
        let periodics = periodics.iter().map(|job| ("acme".to_owned(), (*job).to_owned())).collect();
        let name = |removal| match removal {
            Removal::Run { name, .. } | Removal::Pod { name, .. } | Removal::Finalizer { name, .. } => name,
        };
        plan(runs, pods, &periodics, &settings(), at("2026-03-02T00:00:00Z"))
            .into_iter()
            .map(|planned| (name(planned.action), planned.why))
            .collect()
    }

    #[test]
    fn the_newest_run_of_a_periodic_stays_while_the_periodic_exists() {
        let (old, newest) = (nightly("a", "2026-01-01T00:00:00Z"), nightly("b", "2026-01-02T00:00:00Z"));
        let aged = |name: &str| (name.to_owned(), RetentionReason::Aged);
        assert_eq!(gone(&[&old, &newest], &[], &["nightly"]), [aged("a")]);
        assert_eq!(gone(&[&old, &newest], &[], &[]), [aged("a"), aged("b")]);
    }

    #[test]
    fn only_pods_that_name_a_prowjob_of_ours_are_removed() {
        assert_eq!(gone(&[], &[pod("known")], &[]), [("gone".to_owned(), RetentionReason::Orphaned)]);
        assert_eq!(gone(&[], &[pod("")], &[]), []);
    }
}
