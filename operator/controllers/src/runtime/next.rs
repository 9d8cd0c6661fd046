//! When to look again: the one place where a plan or an error becomes a requeue.
//!
//! An error says what can be done about it, not how long to wait. The wait is decided here: back-off with jitter for
//! what may pass by itself, nothing for what a person must change.

use kube_runtime::controller::Action;
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// What can be done about an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Intent {
    /// It may pass by itself: again, later each time.
    Retry,
    /// It passes after this: no alarm.
    Wait(Duration),
    /// A person must change something: not again until then.
    Stalled,
    /// An invariant of ours is broken: loud, and not again soon.
    Bug,
}

/// An error of a stage, with what can be done about it.
pub trait StageError: std::error::Error {
    /// What can be done about it.
    fn intent(&self) -> Intent;
}

const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_mins(5);
const AFTER_BUG: Duration = Duration::from_mins(10);
/// Everything is looked at again after this, whatever was missed.
const RESYNC: Duration = Duration::from_mins(10);

/// Back-off by object.
#[derive(Debug, Default)]
pub struct Backoff {
    failures: Mutex<BTreeMap<String, u32>>,
}

impl Backoff {
    /// An object came through: when to look again, as its plan says.
    pub fn succeeded(&self, object: &str, look_again: Option<Duration>) -> Action {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).remove(object);
        Action::requeue(look_again.map_or(RESYNC, |wait| wait.min(RESYNC)))
    }

    /// An object did not come through.
    pub fn failed(&self, object: &str, intent: &Intent) -> Action {
        Action::requeue(self.wait_after(object, intent).unwrap_or(RESYNC))
    }

    /// How long something that did not come through waits; `None`: until a person changed something.
    pub fn wait_after(&self, object: &str, intent: &Intent) -> Option<Duration> {
        match intent {
            Intent::Retry => Some(self.next_wait(object)),
            Intent::Wait(wait) => Some(*wait),
            Intent::Stalled => None,
            Intent::Bug => Some(AFTER_BUG),
        }
    }

    /// Doubles from [`FIRST`] to [`LONGEST`], a little longer or shorter for each object so that they do not come back
    /// together. The spread comes from the name: no randomness is needed.
    fn next_wait(&self, object: &str) -> Duration {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let count = failures.entry(object.to_owned()).or_default();
        let wait = FIRST.saturating_mul(1_u32.checked_shl(*count).unwrap_or(u32::MAX)).min(LONGEST);
        *count = count.saturating_add(1);
        let spread =
            object.bytes().fold(0_u32, |sum, byte| (sum.wrapping_mul(31).wrapping_add(u32::from(byte))) % 41);
        wait * (80 + spread) / 100
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_that_fails_again_waits_longer_and_starts_anew_after_a_success() {
        let backoff = Backoff::default();
        let first = backoff.next_wait("a");
        let second = backoff.next_wait("a");
        assert_eq!(second, first * 2);
        backoff.succeeded("a", None);
        assert_eq!(backoff.next_wait("a"), first);
    }

    #[test]
    fn no_wait_is_longer_than_the_longest_and_its_spread() {
        let backoff = Backoff::default();
        let longest = (0..50).map(|_| backoff.next_wait("a")).max().unwrap();
        assert!(longest <= LONGEST * 121 / 100, "{longest:?}");
    }
}
