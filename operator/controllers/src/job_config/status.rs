//! The status of a JobConfig: which jobs are in force, what is wrong with the others, and what its periodics do next.

use super::observe::{Observed, Reach, SeenCluster};
use crate::{context::Context, runtime};
use api::{
    JobConfig,
    condition::{self, ConditionType},
    job_config::{ClusterReach, JobConfigStatus},
    problem::Problem,
};
use decide::{
    config::catalogue::ObjectReport,
    govern::GovernReason,
    reason::Reason,
    schedule::{Clock, ClockPlan, Quiet, Shown, shown},
};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::{Api, ResourceExt};
use std::collections::BTreeMap;

const MANAGER: &str = "bowsprit-job-config";
const PROBLEMS_MAX: usize = 100;

/// A status, and when the part of it that must wait is to be written.
pub(super) struct Summary {
    pub(super) status: JobConfigStatus,
    pub(super) wait_until: Option<Timestamp>,
}

/// What conditions and problems are made of.
struct Facts<'a> {
    namespace: &'a str,
    report: &'a ObjectReport,
    standing: &'a Result<(), GovernReason>,
    clusters: &'a [SeenCluster],
    /// The periodics that may not start, by why.
    quiet: BTreeMap<Quiet, Vec<String>>,
}

/// The status after a look.
pub(super) fn summarise(object: &JobConfig, observed: &Observed, plans: &[ClockPlan]) -> Summary {
    let before = object.status.clone().unwrap_or_default();
    let outlooks = plans.iter().map(|plan| plan.outlook.clone()).collect();
    let Shown { periodics, wait_until } =
        shown(outlooks, &before.periodics, last_written(object), observed.now);
    let namespace = object.namespace().unwrap_or_default();
    let facts = Facts {
        namespace: &namespace,
        report: &observed.report,
        standing: &observed.standing,
        clusters: &observed.clusters,
        quiet: quiet(&observed.clocks()),
    };
    let generation = object.metadata.generation;
    let status =
        JobConfigStatus { periodics, ..describe(&facts, before.conditions, generation, observed.now) };
    Summary { status, wait_until }
}

/// When this status was last written, as the API server recorded it.
fn last_written(object: &JobConfig) -> Option<Timestamp> {
    let entries = object.metadata.managed_fields.iter().flatten();
    let ours = entries.filter(|entry| {
        entry.manager.as_deref() == Some(MANAGER) && entry.subresource.as_deref() == Some("status")
    });
    ours.filter_map(|entry| entry.time.as_ref().map(|time| time.0)).max()
}

fn quiet(clocks: &[Clock<'_>]) -> BTreeMap<Quiet, Vec<String>> {
    let mut quiet: BTreeMap<Quiet, Vec<String>> = BTreeMap::new();
    for clock in clocks {
        if let Err(reason) = clock.permit {
            quiet.entry(reason).or_default().push(clock.job.name().to_owned());
        }
    }
    quiet
}

fn describe(
    facts: &Facts<'_>,
    before: Vec<Condition>,
    generation: Option<i64>,
    now: Timestamp,
) -> JobConfigStatus {
    let problems = problems(facts);
    let mut conditions = before;
    let mut say = |type_, status, reason: &str, message: &str| {
        condition::set(&mut conditions, type_, status, reason, message, generation, &Time(now));
    };
    let (warns, message) = match problems.as_slice() {
        [] => (false, "Everything that the object says has its effect.".to_owned()),
        [only] => (true, only.to_string()),
        [first, more @ ..] => (true, format!("{first} And {} more in status.problems.", more.len())),
    };
    say(ConditionType::Warnings, warns, if warns { "Problems" } else { "None" }, &message);
    let in_force = in_force(facts.report);
    match verdict(facts, &problems) {
        Verdict::InForce => {
            say(ConditionType::Ready, true, "InForce", &in_force);
            say(ConditionType::Reconciling, false, "Settled", "Nothing is to be done.");
            say(ConditionType::Stalled, false, "Settled", "Nothing is to be done.");
        }
        Verdict::Waiting { reason, message } => {
            say(ConditionType::Ready, false, reason, &message);
            say(ConditionType::Reconciling, true, reason, &message);
            say(ConditionType::Stalled, false, "Settled", "Nothing is to be done.");
        }
        Verdict::Stalled { reason, message } => {
            say(ConditionType::Ready, false, reason, &message);
            say(ConditionType::Reconciling, false, "Settled", "Nothing is to be done.");
            say(ConditionType::Stalled, true, reason, &message);
        }
    }
    conditions.sort_by(|one, other| one.type_.cmp(&other.type_));
    let omitted = problems.len().saturating_sub(PROBLEMS_MAX);
    let reachable = |cluster: &SeenCluster| ClusterReach {
        name: cluster.name.clone(),
        reachable: cluster.reach != Reach::Unreachable,
    };
    JobConfigStatus {
        clusters: facts.clusters.iter().map(reachable).collect(),
        conditions,
        jobs: Some(facts.report.jobs),
        observed_generation: generation,
        periodics: Vec::new(),
        problems: problems.into_iter().take(PROBLEMS_MAX).collect(),
        problems_omitted: (omitted > 0).then(|| i64::try_from(omitted).unwrap_or(i64::MAX)),
    }
}

/// Errors first: they must not be crowded out.
fn problems(facts: &Facts<'_>) -> Vec<Problem> {
    let mut problems = facts.report.problems.clone();
    for (reason, jobs) in &facts.quiet {
        let (first, more) = match jobs.as_slice() {
            [] => continue,
            [first, more @ ..] => (first, more.len()),
        };
        let jobs = if more == 0 { first.clone() } else { format!("{first} and {more} more") };
        problems.push(Problem::warning(
            "spec.periodics",
            format!("{jobs} will not start: {} {}", reason.name(), reason.sentence()),
        ));
    }
    problems.sort_by_key(|problem| !problem.is_error());
    problems
}

fn in_force(report: &ObjectReport) -> String {
    let jobs = &report.jobs;
    format!(
        "In force: {} presubmits, {} postsubmits, {} periodics.",
        jobs.presubmits, jobs.postsubmits, jobs.periodics
    )
}

enum Verdict {
    InForce,
    /// It passes by itself.
    Waiting {
        reason: &'static str,
        message: String,
    },
    /// A person must change something.
    Stalled {
        reason: &'static str,
        message: String,
    },
}

fn verdict(facts: &Facts<'_>, problems: &[Problem]) -> Verdict {
    if let Err(reason) = facts.standing {
        return Verdict::Stalled { reason: "NotGoverned", message: reason.sentence() };
    }
    let missing =
        facts.clusters.iter().find_map(|cluster| Some((cluster, command(cluster, facts.namespace)?)));
    if let Some((cluster, command)) = missing {
        let message = format!(
            "Cluster {} has no namespace {} for the pods of this namespace's runs. Type there: {command}",
            cluster.name, cluster.pod_namespace
        );
        return Verdict::Stalled { reason: "PodNamespaceMissing", message };
    }
    let errors: Vec<&Problem> = problems.iter().filter(|problem| problem.is_error()).collect();
    if let Some(first) = errors.first() {
        let more = match errors.len() - 1 {
            0 => String::new(),
            more => format!(" And {more} more in status.problems."),
        };
        let message = format!("{} Not in force: {first}{more}", in_force(facts.report));
        return Verdict::Stalled { reason: "JobsRefused", message };
    }
    match facts.clusters.iter().find(|cluster| cluster.reach == Reach::Unreachable) {
        Some(cluster) => Verdict::Waiting {
            reason: "ClusterUnreachable",
            message: format!("Cluster {} does not answer; its jobs start when it does.", cluster.name),
        },
        None => Verdict::InForce,
    }
}

/// What to type where the namespace for pods is not as it must be (DESIGN R4).
fn command(cluster: &SeenCluster, tenant: &str) -> Option<String> {
    let pods = &cluster.pod_namespace;
    let label = format!("kubectl label namespace {pods} {}={tenant}", api::keys::TENANT);
    match cluster.reach {
        Reach::NoNamespace => Some(format!("kubectl create namespace {pods} && {label}")),
        Reach::NotLabelled => Some(label),
        Reach::Ready | Reach::Unreachable => None,
    }
}

/// Writes the status. True: the jobs are others than before, so what they are for is to be looked at.
pub(super) async fn write(
    context: &Context,
    object: &JobConfig,
    new: &JobConfigStatus,
) -> Result<bool, kube::Error> {
    let api: Api<JobConfig> = Api::namespaced(context.home.clone(), &object.namespace().unwrap_or_default());
    let name = object.name_any();
    runtime::status::apply(&api, &context.writes, MANAGER, &name, object.status.as_ref(), new).await?;
    Ok(is_news(object.status.as_ref(), new))
}

fn is_news(old: Option<&JobConfigStatus>, new: &JobConfigStatus) -> bool {
    old.is_none_or(|old| (old.observed_generation, old.jobs) != (new.observed_generation, new.jobs))
}

#[cfg(test)]
#[path = "status_tests.rs"]
mod tests;
