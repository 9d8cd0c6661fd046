//! The mirror of open pull requests: what the last look at each one found. Fed by looks, repaired by sweeps, empty after
//! a restart.

use decide::facts::{HeadSha, RepoName};
use forge::PullSnapshot;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

/// A pull request as the last finished look left it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mirrored {
    /// What was seen.
    pub snapshot: Arc<PullSnapshot>,
    /// The head that a whole look, with all commands and labels, has finished on since this leader started. A pool
    /// takes no other head (DESIGN C4).
    pub looked_at: Option<HeadSha>,
}

/// All of them.
#[derive(Debug, Default)]
pub struct Pulls {
    mirrored: Mutex<BTreeMap<RepoName, BTreeMap<u64, Mirrored>>>,
}

impl Pulls {
    /// What a sweep saw, without comments. Tells whether something that matters changed, so that a look is due.
    pub fn swept(&self, snapshot: PullSnapshot) -> bool {
        let mut mirrored = self.mirrored.lock().unwrap_or_else(PoisonError::into_inner);
        let of_repository = mirrored.entry(snapshot.pull.repository.clone()).or_default();
        let number = snapshot.pull.number;
        match of_repository.get_mut(&number) {
            Some(known) => {
                let (old, new) = (&known.snapshot.pull, &snapshot.pull);
                let changed = old != new
                    || known.snapshot.statuses != snapshot.statuses
                    || known.snapshot.check_runs != snapshot.check_runs;
                let comments = known.snapshot.comments.clone();
                let reviews = known.snapshot.reviews.clone();
                known.snapshot = Arc::new(PullSnapshot { comments, reviews, ..snapshot });
                changed
            }
            None => {
                of_repository.insert(number, Mirrored { snapshot: Arc::new(snapshot), looked_at: None });
                true
            }
        }
    }

    /// What a whole look saw; `finished`: nothing was left for later. A closed pull request leaves the mirror.
    pub fn looked(&self, snapshot: PullSnapshot, finished: bool) {
        let mut mirrored = self.mirrored.lock().unwrap_or_else(PoisonError::into_inner);
        let of_repository = mirrored.entry(snapshot.pull.repository.clone()).or_default();
        if !snapshot.pull.open {
            of_repository.remove(&snapshot.pull.number);
            return;
        }
        let looked_at = if finished { Some(snapshot.pull.head_sha.clone()) } else { None };
        of_repository.insert(snapshot.pull.number, Mirrored { snapshot: Arc::new(snapshot), looked_at });
    }

    /// A sweep listed these open pull requests; the others are gone. Gives the numbers that left.
    pub fn keep_only(&self, repository: &RepoName, open: &[u64]) -> Vec<u64> {
        let mut mirrored = self.mirrored.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(of_repository) = mirrored.get_mut(repository) else { return Vec::new() };
        let gone: Vec<u64> = of_repository.keys().filter(|number| !open.contains(number)).copied().collect();
        of_repository.retain(|number, _| open.contains(number));
        gone
    }

    /// The open pull requests of a repository; `None`: it was not swept yet, so nothing is known.
    pub fn of(&self, repository: &RepoName) -> Option<Vec<Mirrored>> {
        let mirrored = self.mirrored.lock().unwrap_or_else(PoisonError::into_inner);
        mirrored.get(repository).map(|pulls| pulls.values().cloned().collect())
    }

    /// The repositories that were swept.
    pub fn repositories(&self) -> Vec<RepoName> {
        self.mirrored.lock().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    /// A repository was swept, whether or not it has open pull requests.
    pub fn known(&self, repository: &RepoName) {
        let mut mirrored = self.mirrored.lock().unwrap_or_else(PoisonError::into_inner);
        mirrored.entry(repository.clone()).or_default();
    }
}
