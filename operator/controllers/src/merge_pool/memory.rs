//! What a leader remembers of its pools between two looks. Losing it costs time and repeats questions, never safety: what
//! must not be lost stands in the pool's status (intents) and in its ConfigMaps (requirements).

use decide::{
    facts::{BaseSha, HeadSha, RepoName},
    merge::{
        intent::Intent,
        pool::{Member, Trial, Trialled},
        status::PoolStatus,
    },
};
use jiff::Timestamp;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
};

/// How many answers of git are kept a branch: a plan asks for one at a time.
const TRIALS_MAX: usize = 16;
/// How many merges are kept a branch, for its budget.
const MERGES_MAX: usize = 1000;

/// What is remembered of all pools.
#[derive(Debug, Default)]
pub struct Memory {
    /// Since when this leader looks at each pool, by UID.
    pools: Mutex<BTreeMap<String, Timestamp>>,
    branches: Mutex<BTreeMap<(String, String), Remembered>>,
    files: Mutex<BTreeMap<(RepoName, u64), Files>>,
}

/// The files that a pull request changes at one head, into one branch.
#[derive(Debug)]
struct Files {
    head: HeadSha,
    branch: String,
    paths: Vec<String>,
}

/// What is remembered of one branch of a pool.
#[derive(Clone, Debug)]
pub(super) struct Remembered {
    /// Since when this leader has looked at its pool without a record of what is required, or at all.
    pub(super) since: Timestamp,
    /// There was a record at the last look.
    had_record: bool,
    /// The merge that was asked for last, and when.
    called: Option<(BaseSha, Member, Timestamp)>,
    /// What git answered about the present tip.
    pub(super) trials: Vec<(Trial, Trialled)>,
    /// The runs that the open landing relies on.
    pub(super) evidence: Vec<String>,
    /// When something was merged.
    pub(super) merges: Vec<Timestamp>,
    /// The runs that gated a merge.
    pub(super) gated: BTreeSet<String>,
    /// What was said on heads whose mirror does not show it yet.
    pub(super) told: BTreeMap<Member, PoolStatus>,
}

impl Remembered {
    fn new(since: Timestamp) -> Self {
        Self {
            since,
            had_record: false,
            called: None,
            trials: Vec::new(),
            evidence: Vec::new(),
            merges: Vec::new(),
            gated: BTreeSet::new(),
            told: BTreeMap::new(),
        }
    }

    /// Whether there is a record now. One that is lost begins the wait for a new one anew (DESIGN M1).
    pub(super) fn record_is_there(&mut self, there: bool, now: Timestamp) {
        if self.had_record && !there {
            self.since = now;
        }
        self.had_record = there;
    }

    /// When the first car of this intent was called for by this leader.
    pub(super) fn called_at(&self, intent: &Intent) -> Option<Timestamp> {
        let (base, member, at) = self.called.as_ref()?;
        let first = intent.cars.first()?;
        (*base == intent.base && *member == first.member).then_some(*at)
    }

    /// A call is made.
    pub(super) fn call(&mut self, base: &BaseSha, member: &Member, at: Timestamp) {
        self.called = Some((base.clone(), member.clone(), at));
    }

    /// The landing has gone on or ended: what was called before is settled.
    pub(super) fn settle(&mut self) {
        self.called = None;
    }

    /// git answered.
    pub(super) fn answer(&mut self, trial: Trial, answer: Trialled) {
        self.trials.retain(|(known, _)| known.base == trial.base && *known != trial);
        self.trials.push((trial, answer));
        let old = self.trials.len().saturating_sub(TRIALS_MAX);
        self.trials.drain(..old);
    }

    /// A change was merged, on this evidence.
    pub(super) fn merged(&mut self, at: Timestamp) {
        self.merges.push(at);
        let old = self.merges.len().saturating_sub(MERGES_MAX);
        self.merges.drain(..old);
        self.gated.extend(self.evidence.iter().cloned());
    }
}

impl Memory {
    /// Reads or changes what is remembered of a branch of a pool, by the pool's UID.
    pub(super) fn of<T>(
        &self,
        pool: &str,
        branch: &str,
        now: Timestamp,
        work: impl FnOnce(&mut Remembered) -> T,
    ) -> T {
        let since = self.since(pool, now);
        let mut branches = self.branches.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (pool.to_owned(), branch.to_owned());
        work(branches.entry(key).or_insert_with(|| Remembered::new(since)))
    }

    /// Since when this leader looks at a pool: from now on, where it did not before.
    pub(super) fn since(&self, pool: &str, now: Timestamp) -> Timestamp {
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        *pools.entry(pool.to_owned()).or_insert(now)
    }

    /// Forgets a pool that is gone.
    pub(super) fn forget(&self, pool: &str) {
        self.pools.lock().unwrap_or_else(PoisonError::into_inner).remove(pool);
        self.branches.lock().unwrap_or_else(PoisonError::into_inner).retain(|(uid, _), _| uid != pool);
    }

    /// The files of a pull request at this head into this branch, where they were read.
    pub(super) fn files(&self, repository: &RepoName, member: &Member, branch: &str) -> Option<Vec<String>> {
        let files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let known = files.get(&(repository.clone(), member.number))?;
        (known.head == member.head && known.branch == branch).then(|| known.paths.clone())
    }

    /// Keeps the files of a pull request.
    pub(super) fn keep_files(
        &self,
        repository: &RepoName,
        member: &Member,
        branch: &str,
        paths: Vec<String>,
    ) {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let read = Files { head: member.head.clone(), branch: branch.to_owned(), paths };
        files.insert((repository.clone(), member.number), read);
    }

    /// Forgets the files of pull requests that are not open any more.
    pub(super) fn keep_only(&self, repository: &RepoName, open: &BTreeSet<u64>) {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.retain(|(of, number), _| of != repository || open.contains(number));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trial(base: &str) -> Trial {
        Trial { base: BaseSha::new(base), candidates: Vec::new(), limit: None }
    }

    #[test]
    fn answers_about_an_old_tip_are_forgotten() {
        let mut remembered = Remembered::new(Timestamp::UNIX_EPOCH);
        let none = || Trialled { taken: Vec::new(), tree: None };
        remembered.answer(trial("b1"), none());
        remembered.answer(trial("b2"), none());
        assert_eq!(remembered.trials.iter().map(|(t, _)| t.base.as_str()).collect::<Vec<_>>(), ["b2"]);
    }

    #[test]
    fn a_record_that_is_lost_begins_the_wait_anew_and_a_new_branch_does_not() {
        let memory = Memory::default();
        let at = |minute: i64| Timestamp::from_second(minute * 60).unwrap();
        let since = |branch: &str, there: bool, minute| {
            memory.of("uid", branch, at(minute), |remembered| {
                remembered.record_is_there(there, at(minute));
                remembered.since
            })
        };
        assert_eq!(since("main", false, 0), at(0));
        assert_eq!(since("release", false, 9), at(0));
        assert_eq!(since("main", true, 10), at(0));
        assert_eq!(since("main", false, 11), at(11));
    }

    #[test]
    fn files_are_of_one_head_and_one_branch() {
        let memory = Memory::default();
        let repository = RepoName::new("acme", "widgets");
        let member = |head: &str| Member { number: 1, head: HeadSha::new(head) };
        memory.keep_files(&repository, &member("h1"), "main", vec!["a".into()]);
        assert_eq!(memory.files(&repository, &member("h1"), "main"), Some(vec!["a".into()]));
        assert_eq!(memory.files(&repository, &member("h2"), "main"), None);
        assert_eq!(memory.files(&repository, &member("h1"), "release"), None);
    }
}
