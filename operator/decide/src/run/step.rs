//! One step in the life of a run.
//!
//! States move only along this graph: `triggered` to `pending`, either to `aborted`, each of them to an end. An end is
//! written together with its completion time, and nothing follows it (reliability I2). A pod is made at most once a
//! build id, and each further one raises the revival count by one (I1).

use super::{
    ClusterSettings, PodAction, PodFacts, Run, RunPlan, RunReason, RunSettings, concurrency, conditions,
    duplicates,
    outcome::{self, Outcome},
    superseded_by,
};
use crate::{
    job::pod::{self, PodCause},
    reason::Planned,
};
use api::{
    keys,
    prow_job::{ProwJobState, ProwJobStatus},
};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::json;
use std::time::Duration;

/// The finalizer by which Prow's reporter keeps a pod until it was recorded.
const REPORTER_FINALIZER: &str = "prow.x-k8s.io/gcsk8sreporter";
/// How soon a run that must wait is looked at again, if nothing ends before.
const WAIT: Duration = Duration::from_secs(10);
/// A run that is being deleted is held no longer than this for its report, so that namespaces can go (KINDS 6).
const HOLD: Duration = Duration::from_secs(45);
/// How soon a run that is stuck is looked at again: somebody may have changed the settings.
const STUCK: Duration = Duration::from_mins(1);

/// What a step looks at.
#[derive(Clone, Copy, Debug)]
pub struct Observed<'a> {
    /// The run.
    pub run: &'a Run,
    /// The pod under its name in its cluster; `None` only where the API server says that there is none.
    pub pod: Option<&'a PodFacts>,
    /// The other runs of the installation that are not complete, with what the caller itself has just written.
    pub siblings: &'a [&'a Run],
    /// The installation's settings.
    pub settings: &'a RunSettings,
    /// The time.
    pub now: Timestamp,
    /// The number that a new pod gets.
    pub new_build_id: &'a str,
}

/// What is to be done about a run now.
pub fn step(observed: &Observed<'_>) -> RunPlan {
    let run = observed.run;
    let mut plan = if let Some(since) = run.deleted {
        deleted(observed, since)
    } else if run.is_complete() {
        stay(run, RunReason::Complete)
    } else if !run.is_ours_to_run() {
        stay(run, RunReason::ForeignAgent)
    } else {
        match run.state() {
            ProwJobState::Scheduling => match abort_request(run) {
                Some(reason) => ask_to_stop(run, reason),
                None => stay(run, RunReason::WaitingForScheduler),
            },
            ProwJobState::Triggered | ProwJobState::Pending => under_way(observed),
            ProwJobState::Aborted => in_its_cluster(observed, aborted),
            ProwJobState::Success | ProwJobState::Failure | ProwJobState::Error => {
                stay(run, RunReason::Complete)
            }
        }
    };
    conditions::refresh(run, observed.pod, &mut plan.status, &plan.reason, &time(observed.now));
    plan
}

/// What is to be done when the API server refused the run's pod with a 4xx: the run ends. `message` is shown to people
/// and must hold no secret.
pub fn pod_refused(observed: &Observed<'_>, message: &str) -> RunPlan {
    let mut run = observed.run.clone();
    // The number is kept: what is stored about the run is found under it.
    observed.new_build_id.clone_into(&mut run.status.build_id);
    let reason = RunReason::PodRefused(message.to_owned());
    let plan = end(observed, run.status.clone(), ProwJobState::Error, reason);
    let mut plan = with_link(observed, plan);
    conditions::refresh(&run, observed.pod, &mut plan.status, &plan.reason, &time(observed.now));
    plan
}

fn time(at: Timestamp) -> Time {
    Time(at)
}

fn stay(run: &Run, reason: RunReason) -> RunPlan {
    RunPlan {
        status: run.status.clone(),
        actions: Vec::new(),
        requeue_after: None,
        reason,
        look_at: Vec::new(),
        release: false,
        warnings: Vec::new(),
    }
}

fn wait(run: &Run, reason: RunReason) -> RunPlan {
    let requeue_after = Some(if reason.is_stuck() { STUCK } else { WAIT });
    RunPlan { requeue_after, ..stay(run, reason) }
}

/// The run is over.
fn end(observed: &Observed<'_>, status: ProwJobStatus, state: ProwJobState, reason: RunReason) -> RunPlan {
    let mut status = ProwJobStatus {
        state: Some(state),
        completion_time: Some(time(observed.now)),
        start_time: status.start_time.clone().or_else(|| Some(time(observed.run.created))),
        ..status
    };
    if let Some(description) = reason.description(observed.run) {
        status.description = description;
    }
    RunPlan { status, ..stay(observed.run, reason) }
}

/// The plan with the link that the run has once it has the plan's status. A run goes on without one.
fn with_link(observed: &Observed<'_>, mut plan: RunPlan) -> RunPlan {
    let run = Run { status: plan.status.clone(), ..observed.run.clone() };
    match observed.settings.urls.url(&run) {
        Ok(url) => plan.status.url = url,
        Err(problem) => {
            plan.status.url.clear();
            plan.warnings.push(format!("The link to the run cannot be made: {problem}."));
        }
    }
    plan
}

/// Deleting a ProwJob ends its run: the pod goes, the end is told, then nothing holds the object any more.
fn deleted(observed: &Observed<'_>, since: Timestamp) -> RunPlan {
    let run = observed.run;
    if !run.is_ours_to_run() {
        return RunPlan { release: true, ..stay(run, RunReason::ForeignAgent) };
    }
    let mut plan = if run.is_complete() {
        stay(run, RunReason::Deleted)
    } else {
        end(observed, run.status.clone(), ProwJobState::Aborted, RunReason::Deleted)
    };
    let namespace = observed.settings.clusters.get(run.cluster()).map(|c| c.pod_namespace(&run.namespace));
    if let (Some(namespace), Some(pod)) = (namespace, observed.pod.filter(|pod| pod.belongs_to(run))) {
        let place = Place { cluster: run.cluster(), namespace, pod: Some(pod) };
        plan.actions = remove(run, &place, pod, &RunReason::Deleted);
    }
    let held = Duration::try_from(observed.now.duration_since(since)).unwrap_or_default();
    plan.release = plan.actions.is_empty() && (conditions::is_told(run, &plan.status) || held >= HOLD);
    plan.requeue_after = (!plan.release).then_some(WAIT);
    plan
}

fn abort_request(run: &Run) -> Option<RunReason> {
    run.annotations.get(keys::ABORT).map(|by| RunReason::AbortRequested { by: by.clone() })
}

/// A run that nobody has ended yet.
fn under_way(observed: &Observed<'_>) -> RunPlan {
    let run = observed.run;
    if let Some(reason) = abort_request(run) {
        return ask_to_stop(run, reason);
    }
    if let Some(newer) = superseded_by(run, observed.siblings) {
        return ask_to_stop(run, RunReason::Superseded { by: newer.name.clone() });
    }
    let proceed = if run.state() == ProwJobState::Pending { pending } else { triggered };
    let mut plan = in_its_cluster(observed, proceed);
    plan.look_at = duplicates::supersedes(run, observed.siblings);
    plan
}

/// Anything may end a run by setting its state; the next step stops the pod and completes it.
fn ask_to_stop(run: &Run, reason: RunReason) -> RunPlan {
    let mut plan = RunPlan { requeue_after: Some(Duration::ZERO), ..stay(run, reason) };
    plan.status.state = Some(ProwJobState::Aborted);
    if let Some(description) = plan.reason.description(run) {
        plan.status.description = description;
    } else {
        // The newer run reports on the same context: this end must not show over it.
        let reported = &mut plan.status.prev_report_states;
        reported.insert(conditions::GITHUB_REPORTER.to_owned(), ProwJobState::Aborted);
    }
    plan
}

/// Where the run's pod is.
struct Place<'a> {
    cluster: &'a str,
    namespace: String,
    pod: Option<&'a PodFacts>,
}

fn in_its_cluster(observed: &Observed<'_>, proceed: fn(&Observed<'_>, &Place<'_>) -> RunPlan) -> RunPlan {
    let run = observed.run;
    let refused = |why| end(observed, run.status.clone(), ProwJobState::Error, why);
    let cluster = run.cluster();
    let Some(namespace) =
        observed.settings.clusters.get(cluster).map(|c: &ClusterSettings| c.pod_namespace(&run.namespace))
    else {
        return refused(RunReason::UnknownCluster);
    };
    if !run.spec.namespace.is_empty() && run.spec.namespace != namespace {
        return refused(RunReason::ForeignNamespace { pod_namespace: namespace });
    }
    if observed.pod.is_some_and(|pod| !pod.belongs_to(run)) {
        return refused(RunReason::PodNameTaken);
    }
    proceed(observed, &Place { cluster, namespace, pod: observed.pod })
}

/// Waits for its turn, then gets its pod.
fn triggered(observed: &Observed<'_>, place: &Place<'_>) -> RunPlan {
    let run = observed.run;
    if let Some(pod) = place.pod {
        return made(observed, run.status.clone(), &pod.build_id, RunReason::PodAdopted);
    }
    if let Some(reason) = concurrency::must_wait(run, observed.siblings, observed.settings) {
        return wait(run, reason);
    }
    create(observed, place, run.status.clone(), RunReason::PodCreated)
}

fn pending(observed: &Observed<'_>, place: &Place<'_>) -> RunPlan {
    let run = observed.run;
    let Some(pod) = place.pod else {
        return create(observed, place, once_more(&run.status), RunReason::PodRecreated);
    };
    if !pod.build_id.is_empty() && !run.status.build_id.is_empty() && pod.build_id != run.status.build_id {
        // The pod was made anew, and the status of its making was lost.
        return made(observed, once_more(&run.status), &pod.build_id, RunReason::PodAdopted);
    }
    let settings = observed.settings;
    match outcome::judge(run, pod, settings.timeouts(run), settings.revivals, observed.now) {
        Outcome::GoesOn { why, limit_in } => RunPlan { requeue_after: limit_in, ..stay(run, why) },
        Outcome::Revive(cause) => {
            let why = RunReason::PodStopped(cause);
            RunPlan { actions: remove(run, place, pod, &why), ..stay(run, why) }
        }
        Outcome::Ends { state, why, delete_pod } => {
            let mut plan = with_link(observed, end(observed, run.status.clone(), state, why));
            if delete_pod {
                plan.actions.push(Planned::new(delete(run, place, pod), plan.reason.clone()));
            }
            plan
        }
    }
}

/// Its pod goes, and with that it is complete; entrypoint and sidecar still have their grace period.
fn aborted(observed: &Observed<'_>, place: &Place<'_>) -> RunPlan {
    let mut plan = end(observed, observed.run.status.clone(), ProwJobState::Aborted, RunReason::Stopped);
    if let Some(pod) = place.pod.filter(|pod| !pod.deleting) {
        plan.actions.push(Planned::new(delete(observed.run, place, pod), RunReason::Stopped));
    }
    plan
}

fn once_more(status: &ProwJobStatus) -> ProwJobStatus {
    let count = status.pod_revival_count.unwrap_or(0).saturating_add(1);
    ProwJobStatus { pod_revival_count: Some(count), ..status.clone() }
}

/// A new pod with a new number.
fn create(observed: &Observed<'_>, place: &Place<'_>, status: ProwJobStatus, reason: RunReason) -> RunPlan {
    let run = observed.run;
    let cause = PodCause {
        name: &run.name,
        build_id: observed.new_build_id,
        labels: &run.labels,
        annotations: &run.annotations,
        spec: &run.spec,
        local_output_dir: None,
    };
    let mut pod = match pod::build(&cause) {
        Ok(pod) => pod,
        Err(problem) => return wait(run, RunReason::PodInvalid(problem)),
    };
    pod["metadata"]["namespace"] = json!(place.namespace);
    pod["metadata"]["annotations"][keys::PROW_JOB_UID] = json!(run.uid);
    pod["metadata"]["annotations"][keys::PROW_JOB_NAMESPACE] = json!(run.namespace);
    let mut plan = made(observed, status, observed.new_build_id, reason);
    let action =
        PodAction::Create { cluster: place.cluster.to_owned(), namespace: place.namespace.clone(), pod };
    plan.actions.push(Planned::new(action, plan.reason.clone()));
    plan
}

/// The status of a run whose pod was made.
fn made(observed: &Observed<'_>, status: ProwJobStatus, build_id: &str, reason: RunReason) -> RunPlan {
    let run = observed.run;
    let mut status = ProwJobStatus {
        state: Some(ProwJobState::Pending),
        start_time: status.start_time.clone().or_else(|| Some(time(run.created))),
        pending_time: status.pending_time.clone().or_else(|| Some(time(observed.now))),
        build_id: build_id.to_owned(),
        pod_name: run.name.clone(),
        ..status
    };
    if let Some(description) = reason.description(run) {
        status.description = description;
    }
    with_link(observed, RunPlan { status, ..stay(run, reason) })
}

/// Takes a stopped pod away, past the finalizer of Prow's reporter, which would never release it.
fn remove(
    run: &Run,
    place: &Place<'_>,
    pod: &PodFacts,
    why: &RunReason,
) -> Vec<Planned<PodAction, RunReason>> {
    let mut actions = Vec::new();
    if pod.finalizers.iter().any(|finalizer| finalizer == REPORTER_FINALIZER) {
        let action = PodAction::RemoveFinalizer {
            cluster: place.cluster.to_owned(),
            namespace: place.namespace.clone(),
            name: run.name.clone(),
            uid: pod.uid.clone(),
            finalizer: REPORTER_FINALIZER.to_owned(),
        };
        actions.push(Planned::new(action, why.clone()));
    }
    if !pod.deleting {
        actions.push(Planned::new(delete(run, place, pod), why.clone()));
    }
    actions
}

fn delete(run: &Run, place: &Place<'_>, pod: &PodFacts) -> PodAction {
    PodAction::Delete {
        cluster: place.cluster.to_owned(),
        namespace: place.namespace.clone(),
        name: run.name.clone(),
        uid: pod.uid.clone(),
    }
}
