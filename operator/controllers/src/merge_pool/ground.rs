//! Which repositories and branches a pool is about, and why others are not.

use crate::{context::Context, stores::sorted};
use api::{MergePool, problem::Problem};
use decide::{
    facts::RepoName,
    govern::Governors,
    merge::{
        describe::branch_key,
        ground::{self, Belongs, Overlap},
        overview::PoolReason,
    },
    reason::Reason,
};
use kube::ResourceExt;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// What a pool is about.
#[derive(Debug, Default)]
pub(super) struct Ground {
    /// The repositories that its namespace governs.
    pub(super) repositories: Vec<RepoName>,
    /// What stands in its way.
    pub(super) reasons: Vec<PoolReason>,
    /// What is wrong in the object.
    pub(super) problems: Vec<Problem>,
}

/// The repositories of a pool: those it names, and of `owner/*` those that were swept.
pub(super) fn of(context: &Context, pool: &MergePool) -> Ground {
    let (settings, claims) = (context.installation.settings(), context.installation.claims());
    let governors = Governors::new(&settings.tenants, &claims);
    let namespace = pool.namespace().unwrap_or_default();
    let swept = context.pulls.repositories();
    let mut ground = Ground::default();
    let mut found: BTreeMap<String, RepoName> = BTreeMap::new();
    let mut refused = Vec::new();
    for (i, pattern) in pool.spec.repositories.iter().enumerate() {
        let path = format!("spec.repositories[{i}]");
        let Ok(written) = pattern.parse::<RepoName>() else {
            let message = format!("{pattern:?} is no repository: write owner/name or owner/*");
            ground.problems.push(Problem::error(path, message));
            continue;
        };
        let matching: Vec<RepoName> = swept.iter().filter(|name| name.matches(pattern)).cloned().collect();
        // As GitHub spells it, where that is known.
        let named =
            if written.name == "*" || !matching.is_empty() { matching } else { vec![written.clone()] };
        // Of all of an owner a part may be governed elsewhere: that is no fault of the pool.
        let judged = if written.name == "*" && !named.is_empty() { None } else { Some(&written) };
        match judged.map(|name| governors.governs(&namespace, name)) {
            Some(Err(why)) => {
                ground.problems.push(Problem::error(path, why.sentence()));
                refused.push(why.sentence());
            }
            Some(Ok(())) if named.is_empty() => ground.reasons.push(PoolReason::NotSwept(pattern.clone())),
            Some(Ok(())) | None => {}
        }
        for name in named.into_iter().filter(|name| governors.governs(&namespace, name).is_ok()) {
            if ground::named(&pool.spec, &name).is_some() {
                found.insert(name.to_string().to_lowercase(), name);
            }
        }
    }
    if pool.spec.queries.is_empty() {
        let message = "there is no query, so nothing is tested or merged: say what a change needs";
        ground.problems.push(Problem::warning("spec.queries", message));
    }
    ground.repositories = found.into_values().collect();
    if ground.repositories.is_empty()
        && let Some(why) = refused.into_iter().next()
    {
        ground.reasons.push(PoolReason::NotGoverned(why));
    }
    ground
}

/// The branches of a repository that are the pool's.
#[derive(Debug, Default)]
pub(super) struct Branches {
    pub(super) ours: BTreeSet<String>,
    /// Keys of branches with an open intent that are not the pool's any more.
    pub(super) abandoned: Vec<String>,
    pub(super) overlaps: Vec<Overlap>,
}

/// The branches that the open pull requests want to merge into, those that queries name, those that the status shows, and
/// those with an intent.
pub(super) fn branches<'a>(
    context: &Context,
    pool: &'a MergePool,
    repository: &RepoName,
    wanted: impl Iterator<Item = &'a str>,
) -> Branches {
    let others: Vec<Arc<MergePool>> = sorted(&context.stores.merge_pools)
        .into_iter()
        .filter(|other| other.namespace() == pool.namespace() && other.metadata.deletion_timestamp.is_none())
        .collect();
    let known =
        pool.status.iter().flat_map(|status| status.branches.iter().map(|branch| branch.branch.as_str()));
    let intended: BTreeSet<&str> = pool
        .status
        .iter()
        .flat_map(|status| status.intents.iter().map(|intent| intent.branch.as_str()))
        .collect();
    let of_status = known.chain(intended.iter().copied()).filter_map(|key| {
        let (of, branch) = key.split_once(' ')?;
        of.eq_ignore_ascii_case(&repository.to_string()).then_some(branch)
    });
    // A branch that is named is got ready before the first change into it.
    let named = pool.spec.queries.iter().flat_map(|query| query.included_branches.iter().map(String::as_str));
    let names: BTreeSet<&str> = wanted.chain(of_status).chain(named).collect();
    let mut branches = Branches::default();
    for name in names {
        match ground::belongs(pool, others.iter().map(AsRef::as_ref), repository, name) {
            Belongs::Ours => {
                branches.ours.insert(name.to_owned());
                continue;
            }
            Belongs::NotWanted => {}
            Belongs::Theirs(overlap) => branches.overlaps.push(overlap),
        }
        let key = branch_key(repository, name);
        if intended.contains(key.as_str()) {
            branches.abandoned.push(key);
        }
    }
    branches
}
