//! The named checks that a change passes before it merges: one ordered list, from which the plan, the status on the pull
//! request, the reasons in `kubectl describe`, `explain` and the documentation are made.
//!
//! A check looks at one change and either passes it or holds it back with a [`MergeReason`]. To add one: write the
//! function, add a line to [`CHECKS`], and two tests.

use super::{
    context_policy::{ContextPolicy, InvalidContextPolicy},
    contexts::{self, HeadContext, NotGreen},
    evidence::{self, Verdict},
    method::{GitHubBlocked, Method},
    policy::Policy,
    pool::{Change, JobsUnknown, Pool},
    query::{Query, Unmet, distance},
    reason::MergeReason,
};
use crate::{
    facts::{MergeState, Mergeable},
    job::Presubmit,
};
use api::prow_job::{ProwJobState, ProwJobType};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;

/// How long a change stays out after it failed alone.
const EXCLUDED_FOR: SignedDuration = SignedDuration::from_mins(30);

/// A change with what follows from it alone.
#[derive(Clone, Debug)]
pub struct Examined<'a> {
    /// The change.
    pub change: &'a Change,
    /// What has reported on its head.
    pub contexts: Vec<HeadContext>,
    /// How it would be merged; `None` where its labels ask for several ways.
    pub method: Option<Method>,
    /// The jobs that a merge of it alone needs.
    pub required: Result<Vec<&'a Presubmit>, JobsUnknown>,
    /// Which contexts a merge of it needs.
    pub policy: Result<ContextPolicy, InvalidContextPolicy>,
}

/// Works out what follows from one change.
pub fn examine<'a>(pool: &'a Pool, policy: &Policy, change: &'a Change) -> Examined<'a> {
    let heads = BTreeSet::from([change.pull.head_sha.clone()]);
    let jobs = pool.jobs.at(&heads);
    let known = jobs.as_deref().unwrap_or_default();
    Examined {
        change,
        contexts: contexts::on_head(&change.statuses, &change.check_runs),
        method: policy.method_labels.method(policy.method, &change.pull.labels),
        policy: ContextPolicy::new(&policy.contexts, known.iter().copied(), &pool.branch),
        required: jobs.map(|jobs| evidence::required(jobs, &policy.contexts, &pool.branch, &change.files)),
    }
}

/// All that a check may look at.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The branch.
    pub pool: &'a Pool,
    /// What the pool is told to do.
    pub policy: &'a Policy,
    /// The change.
    pub examined: &'a Examined<'a>,
    /// The time.
    pub now: Timestamp,
}

/// What a check holds back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// The change is neither tested nor merged.
    Belongs,
    /// The change joins no new train; one that it is in goes on.
    Joins,
    /// The change is tested, but does not land yet.
    Lands,
}

/// A named check.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// Its name, in `explain` and the documentation.
    pub name: &'static str,
    /// What it asks.
    pub asks: &'static str,
    /// What it holds back.
    pub stage: Stage,
    hold: fn(&Case<'_>) -> Option<MergeReason>,
}

impl Check {
    /// Why it holds the change back; `None`: it passes.
    pub fn hold(&self, case: &Case<'_>) -> Option<MergeReason> {
        (self.hold)(case)
    }
}

const fn check(
    name: &'static str,
    stage: Stage,
    asks: &'static str,
    hold: fn(&Case<'_>) -> Option<MergeReason>,
) -> Check {
    Check { name, asks, stage, hold }
}

/// Every check, in the order in which people are told what is missing.
pub const CHECKS: &[Check] = &[
    check("Open", Stage::Belongs, "Is the pull request open?", open),
    check("Query", Stage::Belongs, "Does a query of the pool take it?", query),
    check("Ready", Stage::Belongs, "Is it no draft?", ready),
    check("LookedAt", Stage::Belongs, "Were commands and labels looked at for this head?", looked_at),
    check("Mergeable", Stage::Belongs, "Does it merge without conflicts?", mergeable),
    check("OneMethod", Stage::Belongs, "Do its labels ask for one merge method at most?", one_method),
    check("Rebasable", Stage::Belongs, "Can GitHub rebase it, where it is to be rebased?", rebasable),
    check("MethodAllowed", Stage::Belongs, "Do the repository's settings allow its method?", method_allowed),
    check(
        "GitHubRules",
        Stage::Belongs,
        "Do GitHub's branch rules let it through, where they count?",
        github_rules,
    ),
    check("Jobs", Stage::Belongs, "Are its jobs known?", jobs_known),
    check(
        "ContextPolicy",
        Stage::Belongs,
        "Are the pool's rules about contexts free of contradictions?",
        rules_agree,
    ),
    check(
        "OtherContexts",
        Stage::Belongs,
        "Are all needed contexts green that no job of ours reports?",
        other_contexts,
    ),
    check("OwnContexts", Stage::Joins, "Has every required job passed on this head once?", own_contexts),
    check("NotExcluded", Stage::Joins, "Has it not just failed alone?", not_excluded),
    check("NotRefused", Stage::Belongs, "Has GitHub not just refused to merge this head?", not_refused),
    check("Unblocked", Stage::Lands, "Does no open issue block the branch?", unblocked),
    check("NoFreeze", Stage::Lands, "Is there no freeze that holds it?", no_freeze),
    check("Recorded", Stage::Lands, "Does the pool know what it required before?", recorded),
];

/// Why the first check of this stage holds the change back; `None`: all pass.
pub fn held(case: &Case<'_>, stage: Stage) -> Option<MergeReason> {
    CHECKS.iter().filter(|check| check.stage == stage).find_map(|check| check.hold(case))
}

/// What every check says, in order.
pub fn explain(case: &Case<'_>) -> Vec<(&'static Check, Option<MergeReason>)> {
    CHECKS.iter().map(|check| (check, check.hold(case))).collect()
}

/// Why GitHub or the method stands in the way of a merge: the checks that Prow knows as "is allowed to merge".
pub fn not_allowed(case: &Case<'_>) -> Option<MergeReason> {
    [mergeable, one_method, rebasable, method_allowed, github_rules].into_iter().find_map(|check| check(case))
}

fn open(case: &Case<'_>) -> Option<MergeReason> {
    let pull = &case.examined.change.pull;
    (!pull.open || pull.merged).then_some(MergeReason::NotOpen)
}

fn ready(case: &Case<'_>) -> Option<MergeReason> {
    case.examined.change.pull.draft.then_some(MergeReason::Draft)
}

fn looked_at(case: &Case<'_>) -> Option<MergeReason> {
    (!case.examined.change.looked_at).then_some(MergeReason::NotLookedAt)
}

fn mergeable(case: &Case<'_>) -> Option<MergeReason> {
    // Not computed yet is no reason: GitHub computes it only when somebody looks.
    (case.examined.change.pull.mergeable == Mergeable::Conflicting).then_some(MergeReason::Conflict)
}

fn one_method(case: &Case<'_>) -> Option<MergeReason> {
    case.examined.method.is_none().then_some(MergeReason::ConflictingMethodLabels)
}

fn rebasable(case: &Case<'_>) -> Option<MergeReason> {
    let rebase = case.examined.method == Some(Method::Rebase);
    (rebase && !case.examined.change.can_be_rebased).then_some(MergeReason::CannotRebase)
}

fn method_allowed(case: &Case<'_>) -> Option<MergeReason> {
    let method = case.examined.method?;
    (!case.pool.allowed_methods.allows(method)).then_some(MergeReason::MethodForbidden(method))
}

/// Whether GitHub calls it blocked and the pool is told to respect that.
pub fn blocked_by_github(policy: &Policy, change: &Change) -> bool {
    change.pull.merge_state == MergeState::Blocked && policy.github_blocked == GitHubBlocked::Block
}

fn github_rules(case: &Case<'_>) -> Option<MergeReason> {
    blocked_by_github(case.policy, case.examined.change).then_some(MergeReason::BlockedByGitHub)
}

/// The query that lacks least, and what it lacks, over those about this repository.
pub fn closest<'a>(
    queries: &'a [Query],
    unmet: impl Fn(&Query) -> Vec<Unmet>,
    change: &Change,
) -> Option<(&'a Query, Vec<Unmet>)> {
    queries
        .iter()
        .filter(|query| query.applies_to(&change.pull.repository))
        .map(|query| (query, unmet(query)))
        .min_by_key(|(_, unmet)| distance(unmet))
}

fn query(case: &Case<'_>) -> Option<MergeReason> {
    let change = case.examined.change;
    let unmet = |query: &Query| query.unmet(&change.pull, &[], false);
    let Some((_, unmet)) = closest(&case.policy.queries, unmet, change) else {
        return Some(MergeReason::NoQuery);
    };
    let unmet = unmet.into_iter().next()?;
    let label = match &unmet {
        Unmet::MissingLabels(labels) => labels.first().and_then(|any| any.names().first()),
        Unmet::ForbiddenLabels(labels) => labels.first(),
        Unmet::Branch(_)
        | Unmet::Author(_)
        | Unmet::Milestone(_)
        | Unmet::Contexts(_)
        | Unmet::Review
        | Unmet::BlockedByGitHub => None,
    };
    let remedy = label.and_then(|label| change.remedies.get(label)).cloned();
    Some(MergeReason::QueryUnmet { unmet, remedy })
}

fn jobs_known(case: &Case<'_>) -> Option<MergeReason> {
    match &case.examined.required {
        Ok(_) => None,
        Err(JobsUnknown::NotRead(_)) => {
            Some(MergeReason::JobsUnknown("the repository's own configuration is being read.".into()))
        }
        Err(JobsUnknown::Broken(problem)) => Some(MergeReason::JobsUnknown(problem.clone())),
    }
}

fn rules_agree(case: &Case<'_>) -> Option<MergeReason> {
    let problem = case.examined.policy.as_ref().err()?;
    Some(MergeReason::InvalidContextPolicy(problem.to_string()))
}

/// The contexts that are not green, split into those of jobs that the pool itself requires and runs, and all others.
fn not_green(case: &Case<'_>, own: bool) -> Option<(String, NotGreen)> {
    let (Ok(required), Ok(policy)) = (&case.examined.required, &case.examined.policy) else { return None };
    contexts::not_green(&case.examined.contexts, policy)
        .into_iter()
        .find(|(name, _)| required.iter().any(|job| job.context() == name) == own)
}

fn reason_of((context, how): (String, NotGreen)) -> MergeReason {
    match how {
        NotGreen::Failed => MergeReason::ContextFailed(context),
        NotGreen::Missing => MergeReason::ContextMissing(context),
        NotGreen::Pending => MergeReason::ContextPending(context),
    }
}

fn other_contexts(case: &Case<'_>) -> Option<MergeReason> {
    not_green(case, false).map(reason_of)
}

fn own_contexts(case: &Case<'_>) -> Option<MergeReason> {
    let found = not_green(case, true)?;
    let required = case.examined.required.as_deref().unwrap_or_default();
    // Such a job is meant to run in the pool only, so it need not have run before.
    let in_pool_only = required.iter().any(|job| job.context() == found.0 && job.run_before_merge());
    (!(in_pool_only && found.1 == NotGreen::Missing)).then(|| reason_of(found))
}

fn not_refused(case: &Case<'_>) -> Option<MergeReason> {
    let member = case.examined.change.member();
    let refusal = case.pool.record.as_ref()?.refusal_of(&member)?;
    let until = refusal.until();
    (case.now < until).then(|| MergeReason::Refused { message: refusal.message.clone(), until })
}

/// Whether it failed alone, on whatever tip, as often as it may: then it is the change and not its company.
fn not_excluded(case: &Case<'_>) -> Option<MergeReason> {
    let retries = case.policy.retries()?;
    let change = case.examined.change;
    let alone = [change.member()];
    let mine = || {
        let runs = case.pool.runs.iter().filter(|run| run.gates && run.kind == ProwJobType::Batch);
        runs.filter(|run| run.branch == case.pool.branch && run.members == alone)
    };
    let last = mine().filter_map(|run| run.completed).max()?;
    if change.retested_at.is_some_and(|at| at > last) {
        return None;
    }
    let until = last.saturating_add(EXCLUDED_FOR).ok()?;
    let mut jobs = BTreeSet::new();
    for run in mine() {
        let same = || mine().filter(|other| other.base == run.base && other.context == run.context);
        let failed = |state| matches!(state, ProwJobState::Failure | ProwJobState::Error);
        let failures = same().filter(|other| failed(other.state)).count();
        let passed = same().any(|other| Verdict::of(other.state) == Verdict::Green);
        if !passed && failures > usize::try_from(retries).unwrap_or(usize::MAX) {
            jobs.insert(run.job.clone());
        }
    }
    (case.now < until && !jobs.is_empty())
        .then(|| MergeReason::Excluded { jobs: jobs.into_iter().collect(), until })
}

fn unblocked(case: &Case<'_>) -> Option<MergeReason> {
    let issues: Vec<u64> = case.pool.blockers.iter().map(|blocker| blocker.number).collect();
    (!issues.is_empty()).then_some(MergeReason::BlockedByIssues(issues))
}

fn no_freeze(case: &Case<'_>) -> Option<MergeReason> {
    let labels = &case.examined.change.pull.labels;
    let freeze = case.policy.freezes.iter().find(|freeze| freeze.holds(case.now, labels))?;
    Some(MergeReason::Frozen { name: freeze.name.clone(), until: freeze.until })
}

fn recorded(case: &Case<'_>) -> Option<MergeReason> {
    if !case.pool.all_jobs_observed {
        return Some(MergeReason::NoRecord { until: None });
    }
    if case.pool.record.is_some() {
        return None;
    }
    let until = case.pool.observed_since.saturating_add(case.policy.settle).ok();
    Some(MergeReason::NoRecord { until })
}

#[cfg(test)]
mod tests;
