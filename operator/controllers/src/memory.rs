//! What this leader has found out about objects and could find out again: lost with its term, without harm.

use decide::webhook::Source;
use jiff::Timestamp;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// The memory of one term.
#[derive(Debug, Default)]
pub struct Memory {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    proven: BTreeSet<String>,
    hook_secrets: BTreeMap<Source, Vec<u8>>,
    recovered: BTreeMap<String, Timestamp>,
    periodics: BTreeMap<(String, String), Timestamp>,
    made_runs: BTreeMap<String, BTreeSet<String>>,
}

impl Memory {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether GitHub accepted the credentials of this Repository (its UID) for its owner.
    pub fn is_proven(&self, uid: &str) -> bool {
        self.known().proven.contains(uid)
    }

    /// Whether GitHub accepts them now.
    pub fn proved(&self, uid: &str, proven: bool) {
        let mut known = self.known();
        if proven {
            known.proven.insert(uid.to_owned());
        } else {
            known.proven.remove(uid);
        }
    }

    /// A digest of the secret that a hook was last written with; GitHub does not tell.
    pub fn hook_secret(&self, source: &Source) -> Option<Vec<u8>> {
        self.known().hook_secrets.get(source).cloned()
    }

    /// A hook was written with the secret of this digest.
    pub fn wrote_hook(&self, source: Source, digest: Vec<u8>) {
        self.known().hook_secrets.insert(source, digest);
    }

    /// When deliveries were last asked for again for this Repository (its UID).
    pub fn recovered(&self, uid: &str) -> Option<Timestamp> {
        self.known().recovered.get(uid).copied()
    }

    /// Deliveries were asked for again.
    pub fn recovers(&self, uid: &str, now: Timestamp) {
        self.known().recovered.insert(uid.to_owned(), now);
    }

    /// Since when this periodic is known and may start; from now on, if it was not known.
    pub fn periodic_since(&self, namespace: &str, job: &str, now: Timestamp) -> Timestamp {
        *self.known().periodics.entry((namespace.to_owned(), job.to_owned())).or_insert(now)
    }

    /// This periodic may not start: when it may again, it counts from then.
    pub fn periodic_rests(&self, namespace: &str, job: &str) {
        self.known().periodics.remove(&(namespace.to_owned(), job.to_owned()));
    }

    /// A run of a periodic was made; the mirror may not show it yet.
    pub fn made_run(&self, namespace: &str, name: String) {
        self.known().made_runs.entry(namespace.to_owned()).or_default().insert(name);
    }

    /// The runs of periodics that were made in a namespace and not seen since.
    pub fn made_runs(&self, namespace: &str) -> Vec<String> {
        self.known().made_runs.get(namespace).map(|runs| runs.iter().cloned().collect()).unwrap_or_default()
    }

    /// The mirror shows a run that was made, or it is gone.
    pub fn saw_run(&self, namespace: &str, name: &str) {
        if let Some(runs) = self.known().made_runs.get_mut(namespace) {
            runs.remove(name);
        }
    }

    /// A Repository is gone.
    pub fn forget(&self, uid: &str) {
        let mut known = self.known();
        known.proven.remove(uid);
        known.recovered.remove(uid);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_periodic_that_rested_counts_from_when_it_may_start_again() {
        let memory = Memory::default();
        let at = |second| Timestamp::from_second(second).unwrap();
        assert_eq!(memory.periodic_since("acme", "nightly", at(1)), at(1));
        assert_eq!(memory.periodic_since("acme", "nightly", at(9)), at(1));
        memory.periodic_rests("acme", "nightly");
        assert_eq!(memory.periodic_since("acme", "nightly", at(20)), at(20));
    }
}
