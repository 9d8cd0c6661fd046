//! The ProwJobs of a train: their names, keys and specs.

use super::{
    plan::Start,
    pool::{Member, Pool, Run},
};
use crate::{
    facts::{BaseSha, HeadSha, RepoName},
    job::{
        Presubmit,
        prow_job::{self, NewRun},
    },
    run,
    trigger::{Cause, TriggerKey, refs, run_name},
};
use api::{keys, prow_job::ProwJobType, refs::Refs};
use std::collections::{BTreeMap, BTreeSet};

/// A ProwJob to create. Creating it twice is a no-op, since its name follows from its key.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainRun {
    /// The namespace: the one whose JobConfig defines the job.
    pub namespace: String,
    /// The name.
    pub name: String,
    /// Everything else.
    pub run: NewRun,
}

/// The ProwJobs of a start. `web` is GitHub's address without a slash at the end.
pub fn runs(pool: &Pool, start: &Start, web: &str) -> Vec<TrainRun> {
    start.jobs.iter().map(|(job, attempt)| train_run(pool, start, job, *attempt, web)).collect()
}

/// The ProwJobs of a start whose keys were not used by runs that are gone by now: a try that was is skipped.
pub fn unused(
    pool: &Pool,
    start: &Start,
    web: &str,
    past: &BTreeSet<TriggerKey>,
) -> Vec<(TriggerKey, TrainRun)> {
    let fresh = |(job, attempt): &(Presubmit, u32)| {
        let first = *attempt;
        let tries = (first..=u32::MAX)
            .map(|attempt| (key(pool, start, job, attempt), train_run(pool, start, job, attempt, web)));
        tries.into_iter().find(|(key, _)| !past.contains(key))
    };
    start.jobs.iter().filter_map(fresh).collect()
}

fn key(pool: &Pool, start: &Start, job: &Presubmit, attempt: u32) -> TriggerKey {
    let heads: Vec<(u64, HeadSha)> = start.members.iter().map(|m| (m.number, m.head.clone())).collect();
    // Keys count from 0.
    let cause = Cause::PoolAttempt { base: start.base.clone(), attempt: attempt.saturating_sub(1) };
    TriggerKey::pulls(pool.jobs.namespace_of(job), &pool.repository, heads, &pool.branch, job.name(), cause)
}

fn train_run(pool: &Pool, start: &Start, job: &Presubmit, attempt: u32, web: &str) -> TrainRun {
    let namespace = pool.jobs.namespace_of(job);
    let key = key(pool, start, job, attempt);
    let refs = refs_of(pool, start, web);
    let of_pool = BTreeMap::from([(keys::CREATED_BY_TIDE.to_owned(), "true".to_owned())]);
    let mut run = match start.kind {
        ProwJobType::Presubmit => prow_job::presubmit_run(job, refs, &of_pool),
        ProwJobType::Batch | ProwJobType::Postsubmit | ProwJobType::Periodic => {
            let base = &job.raw().base;
            let mut labels = base.labels.clone();
            labels.extend(of_pool);
            prow_job::new_run(prow_job::batch_spec(job, refs), &labels, &base.annotations)
        }
    };
    run.annotations.insert(keys::TRIGGER.to_owned(), key.to_string());
    TrainRun { namespace: namespace.to_owned(), name: run_name(&key), run }
}

fn refs_of(pool: &Pool, start: &Start, web: &str) -> Refs {
    let mut refs = Refs {
        org: pool.repository.owner.clone(),
        repo: pool.repository.name.clone(),
        base_ref: pool.branch.clone(),
        base_sha: start.base.to_string(),
        ..Refs::default()
    };
    for member in &start.members {
        let Some(change) = pool.changes.iter().find(|change| change.member() == *member) else { continue };
        let of_change = refs::of_pull_request(&change.pull, &start.base, web);
        let pulls = std::mem::take(&mut refs.pulls);
        refs = Refs { pulls: pulls.into_iter().chain(of_change.pulls).collect(), ..refs };
        refs.repo_link = of_change.repo_link;
        refs.base_link = format!("{}/tree/{}", refs.repo_link, start.base);
    }
    refs
}

impl Run {
    /// What the pool has to know of a ProwJob; `None` where it tests no pull request of this repository.
    pub fn of(run: &run::Run, repository: &RepoName) -> Option<Self> {
        let refs = run.spec.refs.as_ref()?;
        let here = refs.org.eq_ignore_ascii_case(&repository.owner)
            && refs.repo.eq_ignore_ascii_case(&repository.name);
        if !here || refs.pulls.is_empty() {
            return None;
        }
        let members: Result<Vec<Member>, _> = refs
            .pulls
            .iter()
            .map(|pull| {
                u64::try_from(pull.number).map(|number| Member { number, head: HeadSha::new(&pull.sha) })
            })
            .collect();
        Some(Self {
            name: run.name.clone(),
            kind: run.spec.type_,
            job: run.spec.job.clone(),
            context: run.spec.context.clone(),
            branch: refs.base_ref.clone(),
            base: BaseSha::new(&refs.base_sha),
            members: members.ok()?,
            state: run.state(),
            by_pool: run.labels.get(keys::CREATED_BY_TIDE).is_some_and(|value| value == "true"),
            gates: run.gates(),
            description: run.status.description.clone(),
            url: run.status.url.clone(),
            started: Some(run.started()),
            completed: run.status.completion_time.as_ref().map(|time| time.0),
            expected: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merge::testing::{job, pool};

    fn start(attempt: u32, kind: ProwJobType) -> (Pool, TrainRun) {
        let pool = pool(&["unit"], &[41, 42]);
        let members = pool.changes.iter().map(super::super::pool::Change::member).collect();
        let jobs = vec![(job("unit"), attempt)];
        let start = Start { base: pool.tip.clone(), members, kind, jobs };
        let run = runs(&pool, &start, "https://github.com").remove(0);
        (pool, run)
    }

    #[test]
    fn a_train_tests_its_members_in_order_and_is_read_back_as_it_was_meant() {
        let (pool, made) = start(1, ProwJobType::Batch);
        let refs = made.run.spec.refs.clone().unwrap();
        assert_eq!(refs.to_string(), "main:b1,41:h41,42:h42");
        assert_eq!(refs.base_link, "https://github.com/acme/widgets/tree/b1");
        let observed = run::Run {
            namespace: made.namespace,
            name: made.name,
            uid: String::new(),
            generation: None,
            created: crate::merge::testing::minute(0),
            deleted: None,
            labels: made.run.labels,
            annotations: made.run.annotations,
            spec: made.run.spec,
            status: made.run.status,
        };
        let read = Run::of(&observed, &pool.repository).unwrap();
        assert!(read.gates && read.by_pool && read.kind == ProwJobType::Batch);
        assert_eq!(read.members.len(), 2);
    }

    #[test]
    fn a_name_that_was_deleted_is_not_made_again() {
        let pool = pool(&["unit"], &[41]);
        let members = vec![pool.changes[0].member()];
        let jobs = vec![(job("unit"), 1)];
        let start = Start { base: pool.tip.clone(), members, kind: ProwJobType::Batch, jobs };
        let made = |past: &BTreeSet<TriggerKey>| unused(&pool, &start, "https://github.com", past).remove(0);
        let (key, run) = made(&BTreeSet::new());
        let (next_key, next) = made(&BTreeSet::from([key.clone()]));
        assert_ne!((key, run.name), (next_key, next.name));
    }

    #[test]
    fn the_same_attempt_has_the_same_name_and_the_next_another() {
        let name = |attempt| start(attempt, ProwJobType::Batch).1.name;
        assert_eq!(name(1), name(1));
        assert_ne!(name(1), name(2));
    }
}
