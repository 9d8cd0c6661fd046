//! A pool's status: put together from what its branches came to, and written only when it says something new.

use super::{
    PoolError,
    apply::{Applied, sooner},
    observe::Observed,
};
use crate::{context::Context, look::LookError, runtime};
use api::{
    MergePool,
    merge_pool::{BranchStatus, MergePoolSpec, MergePoolStatus},
    problem::Problem,
};
use decide::{
    facts::RepoName,
    merge::{
        overview::{self, Overview, PoolReason},
        pool::Run,
        spent,
    },
};
use jiff::Timestamp;
use kube::{Api, ResourceExt};
use std::{collections::BTreeSet, sync::Arc, time::Duration};

const MANAGER: &str = "bowsprit-merge-pool";

/// A look at a pool, as its branches are done one after another.
pub(super) struct Looked {
    spec: Arc<MergePoolSpec>,
    generation: Option<i64>,
    branches: Vec<BranchStatus>,
    unseen: Vec<RepoName>,
    reasons: Vec<PoolReason>,
    problems: Vec<Problem>,
    merged_at: Option<Timestamp>,
    runs: Vec<Run>,
    gated: BTreeSet<String>,
    again: Option<Duration>,
    /// The first thing that went wrong, and where.
    pub(super) trouble: Option<(String, LookError)>,
}

impl Looked {
    /// A look that has seen this, and has done nothing yet.
    pub(super) fn of(observed: &mut Observed) -> Self {
        Self {
            spec: observed.spec.clone(),
            generation: observed.generation,
            branches: Vec::new(),
            unseen: std::mem::take(&mut observed.unseen),
            reasons: std::mem::take(&mut observed.reasons),
            problems: std::mem::take(&mut observed.problems),
            merged_at: None,
            runs: Vec::new(),
            gated: BTreeSet::new(),
            again: None,
            trouble: observed.trouble.take(),
        }
    }

    /// A branch is done.
    pub(super) fn add(&mut self, applied: Applied) {
        self.branches.push(applied.status);
        self.problems.extend(applied.problems);
        self.reasons.extend(applied.reasons);
        self.merged_at = self.merged_at.max(applied.merged_at);
        self.runs.extend(applied.runs);
        self.gated.extend(applied.gated);
        self.again = sooner(self.again, applied.again);
        self.trouble = self.trouble.take().or(applied.trouble);
    }

    /// When to look again, at the latest.
    pub(super) fn next(&self) -> Option<Duration> {
        self.again
    }

    /// The status that this look leads to.
    fn status(mut self, old: Option<&MergePoolStatus>, now: Timestamp) -> MergePoolStatus {
        let done: BTreeSet<String> = self.branches.iter().map(|branch| branch.branch.clone()).collect();
        let mut branches = std::mem::take(&mut self.branches);
        // Of a repository that could not be seen the last that was known stays.
        let before = old.iter().flat_map(|old| &old.branches);
        let unseen =
            before.filter(|known| is_of(&known.branch, &self.unseen) && !done.contains(&known.branch));
        branches.extend(unseen.cloned());
        let overview = Overview {
            spec: &self.spec,
            generation: self.generation,
            branches,
            reasons: self.reasons,
            problems: self.problems,
            merged_at: self.merged_at,
            waste: spent::waste(&self.runs, &self.gated),
        };
        overview::status(overview, old, now)
    }
}

fn is_of(branch: &str, repositories: &[RepoName]) -> bool {
    let name = branch.split_once(' ').map_or(branch, |(repository, _)| repository);
    repositories.iter().any(|repository| repository.matches(name))
}

/// Writes the status; intents are left to their own writer.
pub(super) async fn write(context: &Context, pool: &MergePool, looked: Looked) -> Result<(), PoolError> {
    let without_intents =
        |status: &MergePoolStatus| MergePoolStatus { intents: Vec::new(), ..status.clone() };
    let old = pool.status.as_ref().map(without_intents);
    let new = looked.status(old.as_ref(), context.clock.now());
    let api: Api<MergePool> = Api::namespaced(context.home.clone(), &pool.namespace().unwrap_or_default());
    runtime::status::apply(&api, &context.writes, MANAGER, &pool.name_any(), old.as_ref(), &new)
        .await
        .map_err(PoolError::Status)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looked(unseen: &[&str]) -> Looked {
        Looked {
            spec: Arc::default(),
            generation: Some(1),
            branches: vec![BranchStatus { branch: "acme/widgets main".into(), ..BranchStatus::default() }],
            unseen: unseen.iter().map(|name| name.parse().unwrap()).collect(),
            reasons: Vec::new(),
            problems: Vec::new(),
            merged_at: None,
            runs: Vec::new(),
            gated: BTreeSet::new(),
            again: None,
            trouble: None,
        }
    }

    fn shown(looked: Looked) -> Vec<String> {
        let branch = |name: &str| BranchStatus { branch: name.into(), ..BranchStatus::default() };
        let old = MergePoolStatus {
            branches: vec![branch("acme/gears main"), branch("acme/widgets release")],
            ..MergePoolStatus::default()
        };
        let new = looked.status(Some(&old), Timestamp::UNIX_EPOCH);
        new.branches.into_iter().map(|branch| branch.branch).collect()
    }

    #[test]
    fn what_is_known_of_an_unseen_repository_stays() {
        assert_eq!(shown(looked(&["acme/gears"])), ["acme/gears main", "acme/widgets main"]);
    }

    #[test]
    fn a_branch_that_was_seen_before_its_repository_failed_is_shown_once() {
        assert_eq!(shown(looked(&["acme/widgets"])), ["acme/widgets main", "acme/widgets release"]);
    }

    #[test]
    fn a_branch_that_is_gone_is_not_shown_any_more() {
        assert_eq!(shown(looked(&[])), ["acme/widgets main"]);
    }
}
