//! What people read about a JobConfig.

use super::*;
use api::job_config::JobCounts;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ManagedFieldsEntry;

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(minute * 60).unwrap()
}

fn cluster(reach: Reach) -> SeenCluster {
    SeenCluster { name: "default".into(), pod_namespace: "acme-jobs".into(), reach }
}

struct Look {
    report: ObjectReport,
    standing: Result<(), GovernReason>,
    clusters: Vec<SeenCluster>,
    quiet: BTreeMap<Quiet, Vec<String>>,
}

impl Look {
    fn new() -> Self {
        let jobs = JobCounts { presubmits: 2, periodics: 1, ..JobCounts::default() };
        Self {
            report: ObjectReport { jobs, ..ObjectReport::default() },
            standing: Ok(()),
            clusters: vec![cluster(Reach::Ready)],
            quiet: BTreeMap::new(),
        }
    }

    fn at(&self, minute: i64, before: Vec<Condition>) -> JobConfigStatus {
        let facts = Facts {
            namespace: "acme",
            report: &self.report,
            standing: &self.standing,
            clusters: &self.clusters,
            quiet: self.quiet.clone(),
        };
        describe(&facts, before, Some(7), at(minute))
    }
}

fn told(status: &JobConfigStatus, type_: ConditionType) -> (String, String) {
    let found = status.conditions.iter().find(|condition| condition.type_ == type_.as_str()).unwrap();
    (format!("{}/{}", found.status, found.reason), found.message.clone())
}

fn refused(number: usize) -> Vec<Problem> {
    (0..number).map(|n| Problem::error(format!("spec.periodics[{n}]"), "it is wrong: correct it")).collect()
}

#[test]
fn jobs_that_are_all_in_force_are_counted() {
    let status = Look::new().at(1, Vec::new());
    let (ready, message) = told(&status, ConditionType::Ready);
    assert_eq!(ready, "True/InForce");
    assert_eq!(message, "In force: 2 presubmits, 0 postsubmits, 1 periodics.");
    assert_eq!(status.observed_generation, Some(7));
    assert!(status.clusters[0].reachable);
}

#[test]
fn a_job_that_is_set_aside_is_named_and_the_others_stay() {
    let mut look = Look::new();
    look.report.problems = refused(1);
    let status = look.at(1, Vec::new());
    let (stalled, message) = told(&status, ConditionType::Stalled);
    assert_eq!(stalled, "True/JobsRefused");
    assert!(message.contains("2 presubmits") && message.contains("spec.periodics[0]"), "{message}");
    assert_eq!(status.jobs.map(|jobs| jobs.presubmits), Some(2));
}

#[test]
fn a_hundred_problems_are_shown_errors_first_and_the_others_counted() {
    let mut look = Look::new();
    look.report.problems = vec![Problem::warning("spec", "odd")];
    look.report.problems.extend(refused(130));
    let status = look.at(1, Vec::new());
    assert_eq!((status.problems.len(), status.problems_omitted), (100, Some(31)));
    assert!(status.problems.iter().all(Problem::is_error));
}

#[test]
fn a_namespace_that_governs_nothing_of_it_is_told_what_to_do() {
    let mut look = Look::new();
    look.standing = Err(GovernReason::NotGoverned { repository: "acme/widgets".into(), tenants: false });
    let (stalled, message) = told(&look.at(1, Vec::new()), ConditionType::Stalled);
    assert_eq!(stalled, "True/NotGoverned");
    assert!(message.contains("acme/widgets") && message.contains("create one"), "{message}");
}

#[test]
fn a_namespace_for_pods_that_is_not_there_comes_with_the_command() {
    let with = |reach| Look { clusters: vec![cluster(reach)], ..Look::new() }.at(1, Vec::new());
    let (stalled, message) = told(&with(Reach::NoNamespace), ConditionType::Stalled);
    assert_eq!(stalled, "True/PodNamespaceMissing");
    let label = "kubectl label namespace acme-jobs bowsprit.dev/tenant=acme";
    assert!(message.ends_with(&format!("kubectl create namespace acme-jobs && {label}")), "{message}");
    let (_, message) = told(&with(Reach::NotLabelled), ConditionType::Stalled);
    assert!(message.ends_with(&format!("Type there: {label}")), "{message}");
}

#[test]
fn a_cluster_that_does_not_answer_passes_by_itself() {
    let status = Look { clusters: vec![cluster(Reach::Unreachable)], ..Look::new() }.at(1, Vec::new());
    assert_eq!(told(&status, ConditionType::Reconciling).0, "True/ClusterUnreachable");
    assert_eq!(told(&status, ConditionType::Stalled).0, "False/Settled");
    assert!(!status.clusters[0].reachable);
}

#[test]
fn periodics_that_the_mode_keeps_quiet_are_named() {
    let quiet = BTreeMap::from([(Quiet::NothingIsActive, vec!["nightly".to_owned(), "weekly".to_owned()])]);
    let status = Look { quiet, ..Look::new() }.at(1, Vec::new());
    assert_eq!(told(&status, ConditionType::Ready).0, "True/InForce");
    let (warnings, message) = told(&status, ConditionType::Warnings);
    assert_eq!(warnings, "True/Problems");
    assert!(message.contains("nightly and 1 more will not start: NothingIsActive"), "{message}");
}

#[test]
fn the_same_facts_later_are_the_same_status() {
    let look = Look::new();
    let first = look.at(1, Vec::new());
    assert_eq!(look.at(99, first.conditions.clone()), first);
}

#[test]
fn the_last_writing_is_the_one_that_the_api_server_recorded_for_us() {
    let entry = |manager: &str, subresource: Option<&str>, minute| ManagedFieldsEntry {
        manager: Some(manager.into()),
        subresource: subresource.map(Into::into),
        time: Some(Time(at(minute))),
        ..ManagedFieldsEntry::default()
    };
    let mut object = JobConfig::default();
    assert_eq!(last_written(&object), None);
    object.metadata.managed_fields = Some(vec![
        entry("kubectl", None, 9),
        entry("somebody", Some("status"), 8),
        entry(MANAGER, Some("status"), 5),
    ]);
    assert_eq!(last_written(&object), Some(at(5)));
}

#[test]
fn looks_follow_when_jobs_come_or_go() {
    let mut look = Look::new();
    let first = look.at(1, Vec::new());
    assert!(is_news(None, &first) && !is_news(Some(&first), &first));
    look.report.jobs.presubmits = 3;
    assert!(is_news(Some(&first), &look.at(2, Vec::new())));
}
