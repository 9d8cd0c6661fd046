//! What the pool says on the heads of its changes: the `tide` status of each, where the head does not say it yet.

use super::{
    checks::{self, Case},
    plan::Plan,
    policy::{Policy, Strategy},
    pool::{Change, Member, Pool},
    reason::MergeReason,
    status::{self, PoolStatus},
    tide,
};
use crate::facts::StatusState;
use jiff::Timestamp;
use std::collections::BTreeSet;

/// The statuses to write, those of changes that merge first before the others.
pub fn news(pool: &Pool, policy: &Policy, plan: &Plan, now: Timestamp) -> Vec<(Member, PoolStatus)> {
    let in_pool: BTreeSet<Member> = match &policy.strategy {
        Strategy::Tide(_) => tide::filter(pool, policy, now)
            .map(|filtered| filtered.kept.iter().map(|examined| examined.change.member()).collect())
            .unwrap_or_default(),
        Strategy::Serial { .. } | Strategy::Batch { .. } | Strategy::Train => BTreeSet::new(),
    };
    plan.members
        .iter()
        .filter_map(|report| {
            let change = pool.changes.iter().find(|change| change.member() == report.member)?;
            // A head that is new is not spoken about before it was looked at: a moment later there is more to say.
            if report.why == MergeReason::NotLookedAt {
                return None;
            }
            let status = match &policy.strategy {
                Strategy::Tide(_) => {
                    in_tides_words(pool, policy, change, in_pool.contains(&report.member), now)?
                }
                Strategy::Serial { .. } | Strategy::Batch { .. } | Strategy::Train => {
                    status::in_our_words(policy, change, &report.why)
                }
            };
            status.is_news(change).then_some((report.member.clone(), status))
        })
        .collect()
}

/// `None`: the rules about contexts contradict each other, and nothing is said.
fn in_tides_words(
    pool: &Pool,
    policy: &Policy,
    change: &Change,
    in_pool: bool,
    now: Timestamp,
) -> Option<PoolStatus> {
    let examined = checks::examine(pool, policy, change);
    let required: Vec<String> =
        examined.required.iter().flatten().map(|job| job.context().to_owned()).collect();
    let case = Case { pool, policy, examined: &examined, now };
    status::in_tides_words(&case, &status::standing(&case, in_pool, required, true)).ok()
}

/// What is said where the pool is gone and no other has the branch.
pub fn no_pool(branch: &str) -> PoolStatus {
    PoolStatus {
        state: StatusState::Pending,
        description: format!("No merge pool is about branch {branch}."),
        target_url: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        facts::CommitStatus,
        merge::{
            contexts::POOL_CONTEXT,
            plan,
            policy::{BatchLimit, TideLimits},
            testing::{minute, policy, pool},
        },
    };

    fn said(pool: &Pool, policy: &Policy) -> Vec<(u64, String)> {
        let plan = plan::plan(pool, policy, minute(0));
        let news = news(pool, policy, &plan, minute(0));
        news.into_iter().map(|(member, status)| (member.number, status.description)).collect()
    }

    #[test]
    fn a_head_that_says_it_already_is_left_alone() {
        let mut pool = pool(&["unit"], &[1, 2]);
        pool.changes[0].pull.labels.remove("lgtm");
        let told = said(&pool, &policy());
        assert_eq!(told.len(), 2);
        assert_eq!(told[0], (1, "Needs the lgtm label.".to_owned()));
        pool.changes[0].statuses.push(CommitStatus {
            context: POOL_CONTEXT.into(),
            state: StatusState::Pending,
            description: told[0].1.clone(),
            target_url: String::new(),
            creator: None,
            created_at: None,
        });
        assert_eq!(said(&pool, &policy()).len(), 1);
    }

    #[test]
    fn a_head_that_was_not_looked_at_is_not_spoken_about() {
        let mut pool = pool(&["unit"], &[1]);
        pool.changes[0].looked_at = false;
        assert_eq!(said(&pool, &policy()), []);
    }

    #[test]
    fn a_pool_like_tide_speaks_like_tide() {
        let mut pool = pool(&["unit"], &[1]);
        pool.changes[0].pull.labels.remove("lgtm");
        let limits = TideLimits { batch: BatchLimit::Any, prioritize_existing: true };
        let policy = Policy { strategy: Strategy::Tide(limits), ..policy() };
        assert_eq!(said(&pool, &policy), [(1, "Not mergeable. Needs lgtm label.".to_owned())]);
    }
}
