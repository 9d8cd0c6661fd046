//! Stories of one run, told step by step.

use super::*;
use crate::reason::Reason;
use api::refs::{Pull, Refs};
use serde_json::{Value, json};

const NOON: &str = "2026-03-01T12:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn run(name: &str) -> Run {
    let spec = json!({
        "type": "presubmit",
        "job": "unit",
        "context": "unit",
        "report": true,
        "pod_spec": { "containers": [{ "image": "rust:1", "command": ["cargo", "test"] }] },
    });
    let mut spec: ProwJobSpec = serde_json::from_value(spec).unwrap();
    spec.refs = Some(Refs {
        org: "acme".into(),
        repo: "widgets".into(),
        base_ref: "main".into(),
        pulls: vec![Pull { number: 41, ..Pull::default() }],
        ..Refs::default()
    });
    Run {
        namespace: "acme".into(),
        name: name.into(),
        uid: format!("uid-{name}"),
        generation: Some(1),
        created: at("2026-03-01T11:00:00Z"),
        deleted: None,
        labels: BTreeMap::new(),
        annotations: BTreeMap::from([(keys::TRIGGER.to_owned(), "key".to_owned())]),
        spec,
        status: ProwJobStatus::default(),
    }
}

fn pod(run: &Run, phase: PodPhase) -> PodFacts {
    PodFacts {
        uid: "pod".into(),
        prow_job_uid: run.uid.clone(),
        id_label: run.name.clone(),
        build_id: run.status.build_id.clone(),
        created: at("2026-03-01T11:59:00Z"),
        deleting: false,
        finalizers: Vec::new(),
        phase,
        reason: String::new(),
        started: Some(at("2026-03-01T11:59:00Z")),
        containers: vec![ContainerEnd { exit_code: Some(0), reason: String::new(), has_finish_time: true }],
    }
}

/// Looks at a run with its pod, at noon; the next new pod gets this number.
fn look(run: &Run, pod: Option<&PodFacts>, siblings: &[&Run], build_id: &str) -> RunPlan {
    let settings = RunSettings::default();
    step(&Observed { run, pod, siblings, settings: &settings, now: at(NOON), new_build_id: build_id })
}

fn after(run: &Run, plan: &RunPlan) -> Run {
    Run { status: plan.status.clone(), ..run.clone() }
}

fn created(plan: &RunPlan) -> Vec<&Value> {
    let pods = plan.actions.iter().filter_map(|planned| match &planned.action {
        PodAction::Create { pod, .. } => Some(pod),
        PodAction::Delete { .. } | PodAction::RemoveFinalizer { .. } => None,
    });
    pods.collect()
}

fn condition(status: &ProwJobStatus, type_: &str) -> Option<(String, String)> {
    let condition = status.conditions.iter().find(|condition| condition.type_ == type_)?;
    Some((condition.status.clone(), condition.reason.clone()))
}

#[test]
fn a_green_run_goes_from_triggered_to_success_and_stays_there() {
    let fresh = run("a");
    let plan = look(&fresh, None, &[], "7");
    assert_eq!(created(&plan)[0]["metadata"]["namespace"], "acme-jobs");
    assert_eq!(created(&plan)[0]["metadata"]["annotations"][keys::PROW_JOB_UID], "uid-a");
    let pending = after(&fresh, &plan);
    assert_eq!((pending.state(), pending.status.build_id.as_str()), (ProwJobState::Pending, "7"));
    assert_eq!(pending.started(), fresh.created, "a missing start time is the creation time");

    let running = look(&pending, Some(&pod(&pending, PodPhase::Running)), &[], "8");
    assert_eq!(running.reason, RunReason::PodRunning);
    let done = look(&pending, Some(&pod(&pending, PodPhase::Succeeded)), &[], "8");
    let done = after(&pending, &done);
    assert_eq!(done.state(), ProwJobState::Success);
    assert!(done.is_complete());
    assert_eq!(look(&done, None, &[], "9").status, done.status, "an end is final");
}

#[test]
fn a_lost_status_is_found_again_in_the_pod() {
    let fresh = run("a");
    let mut made = pod(&fresh, PodPhase::Pending);
    "7".clone_into(&mut made.build_id);
    let plan = look(&fresh, Some(&made), &[], "8");
    assert_eq!(plan.reason, RunReason::PodAdopted);
    assert!(plan.actions.is_empty());
    assert_eq!(plan.status.build_id, "7");
}

#[test]
fn every_further_pod_is_counted_even_if_its_status_is_lost() {
    let pending = after(&run("a"), &look(&run("a"), None, &[], "1"));
    let again = look(&pending, None, &[], "2");
    assert_eq!((again.reason.name(), again.status.pod_revival_count), ("PodRecreated", Some(1)));
    // The pod was made, the status was not written.
    let mut second = pod(&pending, PodPhase::Pending);
    "2".clone_into(&mut second.build_id);
    let found = look(&pending, Some(&second), &[], "3");
    assert_eq!((found.status.build_id.as_str(), found.status.pod_revival_count), ("2", Some(1)));
}

#[test]
fn a_pod_that_stops_unexpectedly_is_made_anew_until_the_limit() {
    let mut run = after(&run("a"), &look(&run("a"), None, &[], "1"));
    for round in 1..=3 {
        let mut evicted = pod(&run, PodPhase::Failed);
        "Evicted".clone_into(&mut evicted.reason);
        assert_eq!(look(&run, Some(&evicted), &[], "x").reason, RunReason::PodStopped(Revival::Evicted));
        let id = (round + 1).to_string();
        let plan = look(&run, None, &[], &id);
        run = after(&run, &plan);
    }
    let mut evicted = pod(&run, PodPhase::Failed);
    "Evicted".clone_into(&mut evicted.reason);
    let plan = look(&run, Some(&evicted), &[], "x");
    assert_eq!(plan.reason, RunReason::RevivalsExhausted { cause: Revival::Evicted, limit: 3 });
    assert_eq!(plan.status.state, Some(ProwJobState::Error));
}

#[test]
fn an_abort_by_annotation_stops_the_pod_and_then_completes() {
    let mut pending = after(&run("a"), &look(&run("a"), None, &[], "1"));
    pending.annotations.insert(keys::ABORT.to_owned(), "robin".to_owned());
    let asked = look(&pending, Some(&pod(&pending, PodPhase::Running)), &[], "2");
    assert_eq!(asked.status.description, "Aborted by robin.");
    assert!(asked.actions.is_empty() && asked.status.completion_time.is_none());
    let aborted = after(&pending, &asked);
    let stopped = look(&aborted, Some(&pod(&aborted, PodPhase::Running)), &[], "2");
    assert!(matches!(stopped.actions[0].action, PodAction::Delete { .. }));
    assert!(stopped.status.completion_time.is_some());
}

#[test]
fn a_run_by_hand_never_ends_one_that_gates() {
    let (older, mut newer) = (run("a"), run("b"));
    newer.created = at("2026-03-01T11:30:00Z");
    assert_eq!(superseded_by(&older, &[&newer]).map(|run| run.name.as_str()), Some("b"));
    newer.annotations.clear();
    assert_eq!(superseded_by(&older, &[&newer]), None);
}

#[test]
fn a_stranger_under_the_runs_name_is_never_touched() {
    let fresh = run("a");
    let mut stranger = pod(&fresh, PodPhase::Running);
    "somebody".clone_into(&mut stranger.prow_job_uid);
    let plan = look(&fresh, Some(&stranger), &[], "1");
    assert_eq!((plan.reason, plan.actions.len()), (RunReason::PodNameTaken, 0));
}

#[test]
fn a_namespace_of_its_own_is_refused() {
    let mut fresh = run("a");
    "kube-system".clone_into(&mut fresh.spec.namespace);
    let plan = look(&fresh, None, &[], "1");
    assert_eq!(plan.reason.name(), "ForeignNamespace");
    assert!(plan.actions.is_empty() && plan.status.completion_time.is_some());
}

#[test]
fn runs_of_one_job_start_in_the_order_of_their_creation() {
    let mut runs: Vec<Run> = ["a", "b", "c"].map(run).into();
    for (at, run) in runs.iter_mut().enumerate() {
        run.spec.max_concurrency = Some(1);
        run.spec.refs.as_mut().unwrap().pulls[0].number = i64::try_from(at).unwrap();
    }
    let waiting = |run: &Run, siblings: &[&Run]| look(run, None, siblings, "1").reason;
    assert_eq!(waiting(&runs[1], &[&runs[0], &runs[2]]), RunReason::JobConcurrency);
    assert_eq!(waiting(&runs[0], &[&runs[1], &runs[2]]), RunReason::PodCreated);
    let plan = look(&runs[1], None, &[&runs[0]], "1");
    assert_eq!(condition(&plan.status, "Scheduled"), Some(("False".into(), "JobConcurrency".into())));
}

#[test]
fn conditions_say_what_was_told_and_move_only_with_the_facts() {
    let fresh = run("a");
    let pending = after(&fresh, &look(&fresh, None, &[], "1"));
    assert_eq!(condition(&pending.status, "Scheduled"), Some(("True".into(), "PodCreated".into())));
    assert_eq!(condition(&pending.status, "PodReady"), Some(("False".into(), "PodStarting".into())));
    assert_eq!(condition(&pending.status, "Reported"), Some(("False".into(), "NotTold".into())));
    let told = Run { status: reported(&pending, &api_time()), ..pending.clone() };
    assert_eq!(condition(&told.status, "Reported"), Some(("True".into(), "Told".into())));
    let starting = pod(&told, PodPhase::Pending);
    assert_eq!(look(&told, Some(&starting), &[], "2").status, told.status, "nothing new, nothing to write");
}

#[test]
fn a_deleted_run_ends_and_is_let_go_once_its_end_was_told() {
    let mut gone = after(&run("a"), &look(&run("a"), None, &[], "1"));
    gone.deleted = Some(at("2026-03-01T11:59:50Z"));
    let ended = look(&gone, Some(&pod(&gone, PodPhase::Running)), &[], "2");
    assert_eq!(
        (ended.status.state, ended.actions.len(), ended.release),
        (Some(ProwJobState::Aborted), 1, false)
    );
    let ended = after(&gone, &ended);
    assert!(!look(&ended, None, &[], "2").release, "GitHub does not know yet");
    let mut late = ended.clone();
    late.deleted = Some(at("2026-03-01T11:59:00Z"));
    assert!(look(&late, None, &[], "2").release, "a namespace is not held for a report");
    let told = Run { status: reported(&ended, &api_time()), ..ended };
    assert!(look(&told, None, &[], "2").release);
}

#[test]
fn a_link_that_cannot_be_made_is_a_warning() {
    let mut settings = RunSettings::default();
    settings.urls.template = Some(crate::text::template::Template::new("{{ .Spec.Nothing }}").unwrap());
    let fresh = run("a");
    let (now, new_build_id) = (at(NOON), "1");
    let plan =
        step(&Observed { run: &fresh, pod: None, siblings: &[], settings: &settings, now, new_build_id });
    assert_eq!((plan.status.url.as_str(), plan.warnings.len(), plan.actions.len()), ("", 1, 1));
}

fn api_time() -> k8s_openapi::apimachinery::pkg::apis::meta::v1::Time {
    k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(at(NOON))
}

mod invariants {
    //! What holds for every run with every pod (reliability I1, I2).

    use super::*;
    use proptest::prelude::*;

    fn states() -> impl Strategy<Value = Option<ProwJobState>> {
        use ProwJobState::{Aborted, Error, Failure, Pending, Scheduling, Success, Triggered};
        prop::option::of(prop::sample::select(vec![
            Scheduling, Triggered, Pending, Success, Failure, Aborted, Error,
        ]))
    }

    fn pods() -> impl Strategy<Value = Option<PodFacts>> {
        use PodPhase::{Failed, NotSaid, Pending, Running, Succeeded, Unknown};
        let phase = prop::sample::select(vec![Pending, Running, Succeeded, Failed, Unknown, NotSaid]);
        let reason = prop::sample::select(vec!["", "Evicted", "NodeLost"]);
        let id = prop::sample::select(vec!["", "1", "2"]);
        prop::option::of((phase, reason, id, any::<bool>(), any::<bool>(), any::<bool>(), 0_i64..200_000))
            .prop_map(|pod| {
                pod.map(|(phase, reason, id, ours, deleting, started, age)| {
                    let since = at(NOON) - jiff::SignedDuration::from_secs(age);
                    PodFacts {
                        prow_job_uid: if ours { "uid-a" } else { "other" }.to_owned(),
                        build_id: id.to_owned(),
                        created: since,
                        deleting,
                        reason: reason.to_owned(),
                        started: started.then_some(since),
                        ..pod_of(phase)
                    }
                })
            })
    }

    fn pod_of(phase: PodPhase) -> PodFacts {
        pod(&run("a"), phase)
    }

    /// What may follow a state that is not complete.
    fn may_follow(before: ProwJobState, next: ProwJobState) -> bool {
        use ProwJobState::{Aborted, Error, Failure, Pending, Scheduling, Success, Triggered};
        before == next
            || match before {
                Scheduling => matches!(next, Aborted),
                Triggered => matches!(next, Pending | Aborted | Error),
                Pending => matches!(next, Success | Failure | Aborted | Error),
                Aborted => matches!(next, Error),
                Success | Failure | Error => false,
            }
    }

    proptest! {
        #[test]
        fn a_run_moves_only_along_the_graph_and_ends_once(
            state in states(),
            pod in pods(),
            complete: bool,
            abort: bool,
            revivals in 0_i64..5,
            cluster in prop::sample::select(vec!["", "default", "nowhere"]),
        ) {
            let mut run = run("a");
            run.status.state = state;
            run.status.build_id = "1".into();
            run.status.pod_revival_count = Some(revivals);
            run.spec.cluster = cluster.into();
            if abort {
                run.annotations.insert(keys::ABORT.to_owned(), "kim".to_owned());
            }
            if complete {
                run.status.completion_time = Some(api_time());
            }
            let plan = look(&run, pod.as_ref(), &[], "9");
            let next = plan.status.state.unwrap_or(ProwJobState::Triggered);
            if complete {
                prop_assert_eq!(next, run.state());
                prop_assert_eq!(&plan.status.completion_time, &run.status.completion_time);
                prop_assert!(plan.actions.is_empty());
            } else {
                prop_assert!(may_follow(run.state(), next), "{:?} to {next:?}", run.state());
            }
            if plan.status.completion_time.is_some() && !complete {
                prop_assert!(next.is_final(), "{next:?} is complete");
            }
            if next != run.state() && next.is_final() && next != ProwJobState::Aborted {
                prop_assert!(plan.status.completion_time.is_some());
            }
            let makes = created(&plan).len();
            prop_assert!(makes == 0 || pod.is_none() && makes == 1, "a pod beside another");
            if makes == 1 && run.state() == ProwJobState::Pending {
                prop_assert_eq!(plan.status.pod_revival_count, Some(revivals + 1));
            }
            let touches = plan.actions.len() > makes;
            prop_assert!(!touches || pod.is_some_and(|pod| pod.belongs_to(&run)), "a stranger's pod");
        }
    }
}
