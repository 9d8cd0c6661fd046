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

/// What is open in one repository.
#[derive(Debug, Default)]
struct Open {
    pulls: BTreeMap<u64, Mirrored>,
    /// Whether a sweep has listed all of them. Before, a pull request that is not here may be open all the same.
    listed: bool,
}

/// All of them.
#[derive(Debug, Default)]
pub struct Pulls {
    mirrored: Mutex<BTreeMap<RepoName, Open>>,
}

impl Pulls {
    /// What a sweep saw, without comments. Tells whether something that matters changed, so that a look is due.
    pub fn swept(&self, snapshot: PullSnapshot) -> bool {
        let mut mirrored = self.mirrored.lock().unwrap_or_else(PoisonError::into_inner);
        let of_repository = &mut mirrored.entry(snapshot.pull.repository.clone()).or_default().pulls;
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
        let of_repository = &mut mirrored.entry(snapshot.pull.repository.clone()).or_default().pulls;
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
        let Some(Open { pulls: of_repository, .. }) = mirrored.get_mut(repository) else { return Vec::new() };
        let gone: Vec<u64> = of_repository.keys().filter(|number| !open.contains(number)).copied().collect();
        of_repository.retain(|number, _| open.contains(number));
        gone
    }

    /// The open pull requests of a repository; `None`: it was not swept yet, so nothing is known.
    pub fn of(&self, repository: &RepoName) -> Option<Vec<Mirrored>> {
        let mirrored = self.mirrored.lock().unwrap_or_else(PoisonError::into_inner);
        let open = mirrored.get(repository).filter(|open| open.listed)?;
        Some(open.pulls.values().cloned().collect())
    }

    /// The repositories that were swept.
    pub fn repositories(&self) -> Vec<RepoName> {
        let mirrored = self.mirrored.lock().unwrap_or_else(PoisonError::into_inner);
        mirrored.iter().filter(|(_, open)| open.listed).map(|(repository, _)| repository.clone()).collect()
    }

    /// A sweep has listed what is open in a repository. Tells whether it is the first one.
    pub fn listed(&self, repository: &RepoName) -> bool {
        let mut mirrored = self.mirrored.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut mirrored.entry(repository.clone()).or_default().listed, true);
        !before
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn open(number: u64) -> PullSnapshot {
        let pull = json!({
            "repository": "acme/widgets", "number": number, "title": "", "body": "", "author": "robin",
            "base_ref": "main", "base_sha": "b", "head_ref": "mend", "head_sha": "h", "labels": [], "open": true,
            "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
        });
        PullSnapshot {
            pull: serde_json::from_value(pull).unwrap(),
            comments: Vec::new(),
            reviews: Vec::new(),
            statuses: Vec::new(),
            check_runs: Vec::new(),
            description_marked: false,
            description_edited_at: None,
            merge_commit: None,
            can_be_rebased: true,
        }
    }

    #[test]
    fn one_pull_request_that_was_looked_at_does_not_make_the_others_seem_closed() {
        let (pulls, widgets) = (Pulls::default(), RepoName::new("acme", "widgets"));
        pulls.looked(open(1), true);
        assert_eq!(pulls.of(&widgets), None);
        assert!(pulls.repositories().is_empty());

        pulls.swept(open(1));
        pulls.swept(open(2));
        assert!(pulls.listed(&widgets));
        assert_eq!(pulls.of(&widgets).map(|open| open.len()), Some(2));
        assert!(!pulls.listed(&widgets));
    }
}
