//! Which pool a branch belongs to: one pool a branch, or two would merge into it (KINDS 4).
//!
//! A pool that names a repository beats one that names its owner, then the older one wins. A pool wants a branch where
//! one of its queries could take a change into it, so two pools may share a repository by branches.

use super::effective::names;
use crate::{facts::RepoName, reason::Reason};
use api::{
    MergePool,
    merge_pool::{MergePoolSpec, Query},
};
use jiff::Timestamp;
use std::cmp::Reverse;

/// How closely a pool names a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Named {
    /// With all of its owner, as in `acme/*`.
    OfOwner,
    /// By its name.
    Exactly,
}

/// Whose a branch is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Belongs {
    /// The pool's own.
    Ours,
    /// The pool does not want it.
    NotWanted,
    /// Another pool's that wants it too.
    Theirs(Overlap),
}

/// Two pools want one branch.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Overlap {
    /// The repository.
    pub repository: String,
    /// The branch.
    pub branch: String,
    /// The pool that has it.
    pub pool: String,
    /// It names the repository more closely: perhaps that is what was meant.
    pub closer: bool,
}

impl Reason for Overlap {
    fn name(&self) -> &'static str {
        "Overlap"
    }

    fn sentence(&self) -> String {
        let Self { repository, branch, pool, closer } = self;
        let because = if *closer { "names the repository more closely" } else { "is older" };
        format!(
            "Pool {pool} owns {repository} {branch}, since it {because}: leave it out here with spec.exclude, or in a query."
        )
    }
}

/// How closely the pool names the repository; `None`: it does not.
pub fn named(spec: &MergePoolSpec, repository: &RepoName) -> Option<Named> {
    if spec.exclude.iter().any(|pattern| names(pattern, repository)) {
        return None;
    }
    let of = |pattern: &String| if pattern.ends_with("/*") { Named::OfOwner } else { Named::Exactly };
    spec.repositories.iter().filter(|pattern| names(pattern, repository)).map(of).max()
}

/// Whether some change into this branch could match a query of the pool.
pub fn wants(spec: &MergePoolSpec, repository: &RepoName, branch: &str) -> bool {
    let could_match = |query: &&Query| {
        let here = query.repositories.is_empty() || query.repositories.iter().any(|p| names(p, repository));
        let included = query.included_branches.is_empty()
            || query.included_branches.iter().any(|included| included == branch);
        here && included
            && !query.exclude.iter().any(|pattern| names(pattern, repository))
            && !query.excluded_branches.iter().any(|excluded| excluded == branch)
    };
    named(spec, repository).is_some() && spec.queries.iter().any(|query| could_match(&query))
}

/// Whose a branch is, from the pool's point of view. `others` are the pools of its namespace that are not being deleted;
/// the pool itself among them does not matter.
pub fn belongs<'a>(
    pool: &MergePool,
    others: impl IntoIterator<Item = &'a MergePool>,
    repository: &RepoName,
    branch: &str,
) -> Belongs {
    let Some(ours) = claim(pool, repository, branch) else { return Belongs::NotWanted };
    let best = others
        .into_iter()
        .filter_map(|other| claim(other, repository, branch))
        .max()
        .filter(|theirs| *theirs > ours);
    match best {
        None => Belongs::Ours,
        Some((closeness, _, Reverse(name))) => Belongs::Theirs(Overlap {
            repository: repository.to_string(),
            branch: branch.to_owned(),
            pool: name.to_owned(),
            closer: closeness > ours.0,
        }),
    }
}

/// What a pool's claim is worth: the greatest wins.
fn claim<'a>(
    pool: &'a MergePool,
    repository: &RepoName,
    branch: &str,
) -> Option<(Named, Reverse<Timestamp>, Reverse<&'a str>)> {
    let closeness = named(&pool.spec, repository)?;
    let created = pool.metadata.creation_timestamp.as_ref().map_or(Timestamp::MAX, |time| time.0);
    let name = pool.metadata.name.as_deref().unwrap_or_default();
    wants(&pool.spec, repository, branch).then_some((closeness, Reverse(created), Reverse(name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merge::testing::minute;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

    fn pool(name: &str, created: i64, repositories: &[&str], branches: &[&str]) -> MergePool {
        let strings = |words: &[&str]| words.iter().map(ToString::to_string).collect();
        let query = Query { name: "q".into(), included_branches: strings(branches), ..Query::default() };
        let spec = MergePoolSpec {
            repositories: strings(repositories),
            queries: vec![query],
            ..MergePoolSpec::default()
        };
        let mut pool = MergePool::new(name, spec);
        pool.metadata.creation_timestamp = Some(Time(minute(created)));
        pool
    }

    fn whose(pool: &MergePool, other: &MergePool, branch: &str) -> Belongs {
        belongs(pool, [pool, other], &RepoName::new("acme", "widgets"), branch)
    }

    #[test]
    fn a_pool_that_names_the_repository_beats_an_older_one_of_the_owner() {
        let (all, one) = (pool("all", 0, &["acme/*"], &[]), pool("one", 5, &["acme/widgets"], &[]));
        assert_eq!(whose(&one, &all, "main"), Belongs::Ours);
        let Belongs::Theirs(overlap) = whose(&all, &one, "main") else { panic!("one has it") };
        assert!(overlap.closer && overlap.pool == "one");
    }

    #[test]
    fn of_two_that_name_it_alike_the_older_has_it() {
        let (old, new) = (pool("z", 0, &["acme/widgets"], &[]), pool("a", 5, &["acme/widgets"], &[]));
        assert_eq!(whose(&old, &new, "main"), Belongs::Ours);
        assert!(matches!(whose(&new, &old, "main"), Belongs::Theirs(overlap) if !overlap.closer));
    }

    #[test]
    fn two_pools_share_a_repository_by_branches() {
        let main = pool("main", 0, &["acme/widgets"], &["main"]);
        let release = pool("release", 5, &["acme/widgets"], &["release"]);
        assert_eq!(whose(&release, &main, "release"), Belongs::Ours);
        assert_eq!(whose(&release, &main, "main"), Belongs::NotWanted);
    }

    #[test]
    fn what_is_left_out_is_not_wanted() {
        let mut all = pool("all", 0, &["acme/*"], &[]);
        all.spec.exclude = vec!["acme/widgets".into()];
        assert_eq!(whose(&all, &all, "main"), Belongs::NotWanted);
    }
}
