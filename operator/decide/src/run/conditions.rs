//! The conditions of a run: Scheduled, PodReady and Reported.

use super::{PodFacts, PodPhase, Run, RunReason};
use crate::{reason::Reason, report};
use api::{
    condition::{self, ConditionType},
    prow_job::{ProwJobState, ProwJobStatus},
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

/// The reporter that tells GitHub, under its name in `prev_report_states`.
pub const GITHUB_REPORTER: &str = "github-reporter";

/// The status of a run whose present state was told to GitHub.
pub fn reported(run: &Run, now: &Time) -> ProwJobStatus {
    let mut status = run.status.clone();
    status.prev_report_states.insert(GITHUB_REPORTER.to_owned(), run.state());
    set_reported(run, &mut status, now);
    status
}

/// Brings the conditions up to a status that a step has just decided.
pub(super) fn refresh(
    run: &Run,
    pod: Option<&PodFacts>,
    status: &mut ProwJobStatus,
    reason: &RunReason,
    now: &Time,
) {
    let has_pod = !status.pod_name.is_empty();
    let mut set = |type_, holds: bool, why: &str, message: &str| {
        condition::set(&mut status.conditions, type_, holds, why, message, run.generation, now);
    };
    if has_pod {
        let created = RunReason::PodCreated;
        set(ConditionType::Scheduled, true, created.name(), &created.sentence());
    } else if !run.is_complete() {
        set(ConditionType::Scheduled, false, reason.name(), &reason.sentence());
    }
    if has_pod && !run.is_complete() {
        let (ready, why) = match pod.map(|pod| pod.phase) {
            Some(PodPhase::Running | PodPhase::Succeeded | PodPhase::Failed) => (true, RunReason::PodRunning),
            Some(PodPhase::Pending | PodPhase::Unknown | PodPhase::NotSaid) | None => {
                (false, RunReason::PodStarting)
            }
        };
        set(ConditionType::PodReady, ready, why.name(), &why.sentence());
    }
    set_reported(run, status, now);
}

/// Whether nothing is left to tell GitHub.
pub(super) fn is_told(run: &Run, status: &ProwJobStatus) -> bool {
    let state = status.state.unwrap_or(ProwJobState::Triggered);
    !report::status::is_reported(&run.spec, &run.labels)
        || status.prev_report_states.get(GITHUB_REPORTER) == Some(&state)
}

fn set_reported(run: &Run, status: &mut ProwJobStatus, now: &Time) {
    if !report::status::is_reported(&run.spec, &run.labels) {
        return;
    }
    let state = status.state.unwrap_or(ProwJobState::Triggered);
    let told = is_told(run, status);
    let (why, message) = if told {
        ("Told", format!("Nothing is left to tell GitHub about the state {state}."))
    } else {
        ("NotTold", format!("The state {state} is still to be told to GitHub."))
    };
    let generation = run.generation;
    condition::set(&mut status.conditions, ConditionType::Reported, told, why, &message, generation, now);
}
