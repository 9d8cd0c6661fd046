//! What Tide does to a head before it merges it: the statuses that branch protection waits for, and the call (spec 3.9).

use super::{
    checks::Examined,
    commit::{self, CommitMessage},
    contexts::POOL_CONTEXT,
    evidence::{self, Verdict},
    method::Method,
    policy::Policy,
    pool::{Member, Pool},
    status::target_url,
};
use crate::{facts::StatusState, report::status::description};
use api::prow_job::ProwJobType;
use std::collections::BTreeSet;

/// One merge of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TideMerge {
    /// The change, at the head that must still be there.
    pub member: Member,
    /// How; `None`: its labels ask for several ways, so it is left out.
    pub method: Option<Method>,
    /// The commit's texts.
    pub message: CommitMessage,
    /// What is written to the head first, in order.
    pub statuses: Vec<StatusWrite>,
}

/// A green status for a head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusWrite {
    /// The context.
    pub context: String,
    /// The text.
    pub description: String,
    /// The page behind it.
    pub target_url: String,
}

/// The merges of these changes, in order.
pub fn merges(pool: &Pool, policy: &Policy, kept: &[Examined<'_>], target: &[Member]) -> Vec<TideMerge> {
    target
        .iter()
        .filter_map(|member| kept.iter().find(|examined| examined.change.member() == *member))
        .map(|examined| TideMerge {
            member: examined.change.member(),
            method: examined.method,
            message: commit::message(&policy.commit, examined.change),
            statuses: statuses(pool, policy, examined, target),
        })
        .collect()
}

/// What is written to a head before it merges, together with the target.
pub fn statuses(
    pool: &Pool,
    policy: &Policy,
    examined: &Examined<'_>,
    target: &[Member],
) -> Vec<StatusWrite> {
    let mut writes = Vec::new();
    let green = |c: &super::contexts::HeadContext| c.name == POOL_CONTEXT && c.state == StatusState::Success;
    if !examined.contexts.iter().any(green) {
        writes.push(StatusWrite {
            context: POOL_CONTEXT.to_owned(),
            description: String::new(),
            target_url: target_url(&policy.status.target, examined.change),
        });
    }
    let overwrite = examined.policy.as_ref().is_ok_and(|p| p.overwrite_pending() == Some(true));
    if overwrite {
        writes.extend(taken_over(pool, &examined.change.member(), target));
    }
    writes
}

/// Contexts of the member that still run, and that the batch it merges with has passed.
fn taken_over(pool: &Pool, member: &Member, target: &[Member]) -> Vec<StatusWrite> {
    let runs = evidence::runs_at(&pool.runs, &pool.branch, &pool.tip);
    let pending: BTreeSet<&str> = runs
        .iter()
        .filter(|run| run.kind == ProwJobType::Presubmit && run.members.first() == Some(member))
        .filter(|run| Verdict::of(run.state) == Verdict::Running)
        .map(|run| run.context.as_str())
        .collect();
    let of_batch = |context: &str| {
        runs.iter().find(|run| {
            run.kind == ProwJobType::Batch
                && run.context == context
                && Verdict::of(run.state) == Verdict::Green
                && run.members.iter().all(|other| target.contains(other))
        })
    };
    pending
        .into_iter()
        .filter_map(|context| of_batch(context).map(|run| (context, run)))
        .map(|(context, run)| StatusWrite {
            context: context.to_owned(),
            description: description(&run.description, Some(&pool.tip)),
            target_url: run.url.clone(),
        })
        .collect()
}
