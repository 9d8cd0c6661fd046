//! The pool's status on a pull request (spec 4).
//!
//! A pool of strategy `Tide` says it in Tide's words, which people's scripts read; others say the sentence of the first
//! reason, the same as everywhere else.

use super::{
    checks::{self, Case},
    context_policy::InvalidContextPolicy,
    contexts::{self, POOL_CONTEXT},
    evidence::{self, Verdict, Verdicts},
    label::AnyOf,
    members::{MemberReport, MemberState},
    method::GitHubBlocked,
    policy::{Policy, StatusTarget},
    pool::{Change, Member, Pool},
    query::{Query, Unmet, distance},
    reason::MergeReason,
};
use crate::{
    facts::{MergeState, StatusState},
    report::status::DESCRIPTION_MAX,
    text::query_escaped,
};
use std::collections::BTreeSet;

/// How much of a list of names a text has room for, in bytes.
const NAMES_MAX: usize = 50;

/// A status to be written to a head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolStatus {
    /// Green: in the pool. Pending: waits for something. Error: something must be changed first.
    pub state: StatusState,
    /// The text, of any length.
    pub description: String,
    /// The page behind it; may be empty.
    pub target_url: String,
}

impl PoolStatus {
    /// The text within what GitHub takes.
    pub fn cut(&self) -> String {
        if self.description.chars().count() <= DESCRIPTION_MAX {
            return self.description.clone();
        }
        self.description.chars().take(DESCRIPTION_MAX - 3).chain("...".chars()).collect()
    }

    /// Whether the head does not say this already.
    pub fn is_news(&self, change: &Change) -> bool {
        let known = change.statuses.iter().find(|status| status.context == POOL_CONTEXT);
        known.is_none_or(|known| known.state != self.state || known.description != self.cut())
    }
}

/// What the sync has found out about a change, as far as its status depends on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TideStanding {
    /// It is in the pool.
    pub in_pool: bool,
    /// Contexts that a merge needs and that have not passed on the present tip, by name.
    pub retesting: BTreeSet<String>,
}

/// The status in Tide's words.
///
/// # Errors
/// Where the rules about contexts contradict each other: then nothing is written.
pub fn in_tides_words(case: &Case<'_>, standing: &TideStanding) -> Result<PoolStatus, InvalidContextPolicy> {
    let change = case.examined.change;
    let policy = case.examined.policy.as_ref().map_err(Clone::clone)?;
    let target_url = target_url(&case.policy.status.target, change);
    let status =
        |state, description: String| PoolStatus { state, description, target_url: target_url.clone() };
    let not_mergeable = |why: &str| format!("Not mergeable.{why}");
    if let Some(reason) = checks::not_allowed(case) {
        return Ok(status(StatusState::Error, not_mergeable(&format!(" {}", tide_reason(&reason)))));
    }
    if !standing.in_pool {
        if !case.pool.blockers.is_empty() {
            let numbers: Vec<String> = case.pool.blockers.iter().map(|b| b.number.to_string()).collect();
            let s = if numbers.len() == 1 { "" } else { "s" };
            let why = format!(" Merging is blocked by issue{s} {}.", numbers.join(", "));
            return Ok(status(StatusState::Error, not_mergeable(&why)));
        }
        let not_green = contexts::not_green(&case.examined.contexts, policy);
        let blocked = checks::blocked_by_github(case.policy, change);
        let unmet = |query: &Query| query.unmet(&change.pull, &not_green, blocked);
        if let Some(difference) = difference(case.policy, change, unmet) {
            return Ok(status(StatusState::Pending, not_mergeable(&difference)));
        }
    }
    if !standing.retesting.is_empty() {
        let names: Vec<&str> = standing.retesting.iter().map(String::as_str).collect();
        let mut text = not_mergeable(&format!(" Retesting: {}", names.join(" ")));
        if text.chars().count() > DESCRIPTION_MAX {
            let s = if names.len() == 1 { "" } else { "s" };
            text = not_mergeable(&format!(" Retesting {} job{s}.", names.len()));
        }
        return Ok(status(StatusState::Pending, text));
    }
    let despite =
        change.pull.merge_state == MergeState::Blocked && case.policy.github_blocked == GitHubBlocked::Permit;
    let text = if despite { "In merge pool (despite BLOCKED)." } else { "In merge pool." };
    Ok(status(StatusState::Success, text.to_owned()))
}

/// The status of any other pool: the first reason's sentence.
pub fn in_our_words(policy: &Policy, change: &Change, reason: &MergeReason) -> PoolStatus {
    use crate::reason::Reason as _;
    let state = match reason {
        MergeReason::Queued { .. }
        | MergeReason::Testing { .. }
        | MergeReason::Green { .. }
        | MergeReason::Landing
        | MergeReason::Merged { .. } => StatusState::Success,
        MergeReason::Conflict
        | MergeReason::ConflictingMethodLabels
        | MergeReason::CannotRebase
        | MergeReason::MethodForbidden(_)
        | MergeReason::BlockedByGitHub
        | MergeReason::BlockedByIssues(_)
        | MergeReason::InvalidContextPolicy(_)
        | MergeReason::JobsUnknown(_)
        | MergeReason::Refused { .. }
        | MergeReason::Excluded { .. }
        | MergeReason::Unsupported(_) => StatusState::Error,
        MergeReason::NotOpen
        | MergeReason::Draft
        | MergeReason::NotLookedAt
        | MergeReason::Paused
        | MergeReason::NoQuery
        | MergeReason::QueryUnmet { .. }
        | MergeReason::ContextFailed(_)
        | MergeReason::ContextMissing(_)
        | MergeReason::ContextPending(_)
        | MergeReason::Settling { .. }
        | MergeReason::JobSetAside { .. }
        | MergeReason::NoRecord { .. }
        | MergeReason::Frozen { .. }
        | MergeReason::NextOnTip { .. }
        | MergeReason::RequirementsChanged
        | MergeReason::ConflictsWithTrain
        | MergeReason::SplitAfterRed { .. }
        | MergeReason::Retry { .. }
        | MergeReason::BaseMoved { .. }
        | MergeReason::MemberLeft { .. }
        | MergeReason::HeadMoved { .. }
        | MergeReason::Superseded
        | MergeReason::ForeignPush { .. }
        | MergeReason::Unverified { .. }
        | MergeReason::LastLook
        | MergeReason::Unresolved => StatusState::Pending,
    };
    let target_url = target_url(&policy.status.target, change);
    PoolStatus { state, description: reason.sentence(), target_url }
}

/// The statuses of these changes that their heads do not say already. One that is being merged is left alone: its
/// green status is what GitHub waits for.
pub fn news(pool: &Pool, policy: &Policy, members: &[MemberReport]) -> Vec<(Member, PoolStatus)> {
    let told = members.iter().filter(|report| report.state != MemberState::Merging).filter_map(|report| {
        let change = pool.changes.iter().find(|change| change.member() == report.member)?;
        Some((change, in_our_words(policy, change, &report.why)))
    });
    told.filter(|(change, status)| status.is_news(change))
        .map(|(change, status)| (change.member(), status))
        .collect()
}

/// How a change stands for Tide's words. `required` are the contexts of the jobs that the last sync found to be required,
/// `tip_known` says whether there is a pool for the branch at all.
pub fn standing(
    case: &Case<'_>,
    in_pool: bool,
    required: impl IntoIterator<Item = String>,
    tip_known: bool,
) -> TideStanding {
    let (pool, examined) = (case.pool, case.examined);
    let member = examined.change.member();
    let runs = if tip_known { evidence::runs_at(&pool.runs, &pool.branch, &pool.tip) } else { Vec::new() };
    let of_runs = runs
        .iter()
        .filter(|run| Verdict::of(run.state) == Verdict::Green && run.members.contains(&member))
        .map(|run| run.context.as_str());
    // A change that the sync took counts what its statuses prove, as the sync does; Tide forgets them here. Of any
    // other change only runs speak: nobody has weighed its statuses.
    let of_statuses = if in_pool && tip_known {
        evidence::alone(examined.change, &examined.contexts, &[], &pool.tip, &case.policy.reporters)
    } else {
        Verdicts::new()
    };
    let passed: BTreeSet<&str> = of_runs.chain(of_statuses.keys().copied()).collect();
    let written = examined.policy.iter().flat_map(|policy| policy.required().iter().cloned());
    let retesting = written.chain(required).filter(|context| !passed.contains(context.as_str())).collect();
    TideStanding { in_pool, retesting }
}

/// What stands between the change and the pool; `None` where a query takes it.
fn difference(policy: &Policy, change: &Change, unmet: impl Fn(&Query) -> Vec<Unmet>) -> Option<String> {
    let Some((_, closest)) = checks::closest(&policy.queries, &unmet, change) else {
        return Some(if policy.status.all_queries { no_query(change) } else { String::new() });
    };
    if closest.is_empty() {
        return None;
    }
    if !policy.status.all_queries {
        return Some(tide_text(&closest));
    }
    let texts: Vec<String> = policy
        .queries
        .iter()
        .filter(|query| query.applies_to(&change.pull.repository))
        .map(unmet)
        // Another branch is another world: such a query would only confuse.
        .filter(|unmet| distance(unmet) < 2000)
        .map(|unmet| tide_text(&unmet))
        .collect();
    let joined = texts.into_iter().reduce(|all, text| format!("{} OR{text}", all.trim_end_matches('.')));
    Some(joined.unwrap_or_else(|| no_query(change)))
}

fn no_query(change: &Change) -> String {
    format!(" No Tide query for branch {} found.", change.pull.base_ref)
}

/// Tide's words for what is missing first; empty where nothing is.
pub fn tide_text(unmet: &[Unmet]) -> String {
    let Some(first) = unmet.first() else { return String::new() };
    match first {
        Unmet::Branch(branch) => format!(" Merging to branch {branch} is forbidden."),
        Unmet::Author(author) => format!(" Must be by author {author}."),
        Unmet::Milestone(milestone) => format!(" Must be in milestone {milestone}."),
        Unmet::MissingLabels(labels) => {
            let (names, s) = names(labels.iter().map(AnyOf::to_string));
            format!(" Needs {names} label{s}.")
        }
        Unmet::ForbiddenLabels(labels) => {
            let (names, s) = names(labels.iter().cloned());
            format!(" Should not have {names} label{s}.")
        }
        Unmet::Contexts(contexts) => {
            let contexts: BTreeSet<&String> = contexts.iter().map(|(name, _)| name).collect();
            let (names, s) = names(contexts.into_iter().cloned());
            format!(" Job{s} {names} {} not succeeded.", if s.is_empty() { "has" } else { "have" })
        }
        Unmet::Review => " PullRequest is missing sufficient approving GitHub review(s)".to_owned(),
        Unmet::BlockedByGitHub => " Blocked by GitHub (branch rulesets or protection)".to_owned(),
    }
}

/// As many names as there is room for, sorted, and the ending of the noun before or behind them.
fn names(all: impl Iterator<Item = String>) -> (String, &'static str) {
    let mut all: Vec<String> = all.collect();
    all.sort();
    let mut length = 0;
    let kept = all
        .iter()
        .enumerate()
        .take_while(|(i, name)| {
            // As Tide counts: the first separator is free.
            let with_it = length + name.len();
            length = if *i == 0 { with_it } else { with_it + 2 };
            *i == 0 || with_it <= NAMES_MAX
        })
        .count();
    all.truncate(kept);
    (all.join(", "), if all.len() == 1 { "" } else { "s" })
}

/// Tide's words for why a merge is not allowed at all.
pub fn tide_reason(reason: &MergeReason) -> String {
    use crate::reason::Reason as _;
    match reason {
        MergeReason::Conflict => "PR has a merge conflict.".into(),
        MergeReason::ConflictingMethodLabels => "PR has conflicting merge method override labels".into(),
        MergeReason::CannotRebase => "PR can't be rebased".into(),
        MergeReason::MethodForbidden(method) => {
            format!("Merge type \"{method}\" disallowed by repo settings")
        }
        MergeReason::BlockedByGitHub => {
            "PR is blocked from merging by GitHub (check branch protection, required reviews, or rulesets)"
                .into()
        }
        other => other.sentence(),
    }
}

/// The page behind the status.
pub fn target_url(target: &StatusTarget, change: &Change) -> String {
    let page = match target {
        StatusTarget::None => return String::new(),
        StatusTarget::Page(page) => return page.clone(),
        StatusTarget::Search(page) => page,
    };
    let pull = &change.pull;
    let app = if pull.author_is_bot { "app/" } else { "" };
    let author = pull.author.as_ref().map_or("", |login| login.as_str());
    let query = format!("is:pr repo:{} author:{app}{author} head:{}", pull.repository, pull.head_ref);
    format!("{page}?query={}", query_escaped(&query))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_names_are_shown_as_there_is_room_for() {
        let list = |lengths: &[usize]| {
            let all = lengths.iter().enumerate().map(|(i, n)| format!("{i}{}", "x".repeat(n - 1)));
            names(all).0.split(", ").count()
        };
        assert_eq!(list(&[80, 3]), 1, "one is always shown");
        assert_eq!(list(&[25, 25, 1]), 2, "the first separator is free");
        assert_eq!(list(&[20, 20, 8, 1]), 3, "the second one takes two");
        assert_eq!(list(&[20, 20, 9, 1]), 2);
    }
}
