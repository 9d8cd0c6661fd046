//! Hints: "look at this". A queue in which each thing stands once, is looked at by one worker at a time, and comes back
//! when it was hinted at while it was being looked at.
//!
//! A hint carries no state: losing one costs time, repeating one costs a look.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Debug,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::{sync::Notify, time::Instant};

/// The queue. `K` names what to look at.
#[derive(Debug)]
pub struct Hints<K> {
    state: Mutex<State<K>>,
    changed: Notify,
}

#[derive(Debug)]
struct State<K> {
    /// When each waiting thing is due.
    due: BTreeMap<K, Instant>,
    /// What is being looked at now, and whether it was hinted at meanwhile, and for when.
    at_work: BTreeMap<K, Option<Instant>>,
    /// Everything ever hinted at that has not been looked at since: for metrics and readiness.
    waiting: BTreeSet<K>,
}

impl<K: Ord + Clone + Debug> Default for Hints<K> {
    fn default() -> Self {
        let state = State { due: BTreeMap::new(), at_work: BTreeMap::new(), waiting: BTreeSet::new() };
        Self { state: Mutex::new(state), changed: Notify::new() }
    }
}

impl<K: Ord + Clone + Debug> Hints<K> {
    /// Look at this now.
    pub fn hint(&self, key: K) {
        self.hint_in(key, Duration::ZERO);
    }

    /// Look at this after a while, or sooner if it is due sooner anyway.
    pub fn hint_in(&self, key: K, wait: Duration) {
        let due = Instant::now() + wait;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.waiting.insert(key.clone());
        if let Some(again) = state.at_work.get_mut(&key) {
            *again = Some(again.map_or(due, |known| known.min(due)));
        } else {
            let known = state.due.entry(key).or_insert(due);
            *known = due.min(*known);
        }
        drop(state);
        self.changed.notify_one();
    }

    /// Waits for the next due thing and hands it out; nobody else gets it until [`done`](Self::done).
    pub async fn next(&self) -> K {
        loop {
            let until = {
                let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
                let first = state.due.iter().min_by_key(|(key, due)| (**due, (*key).clone()));
                let first = first.map(|(key, due)| (key.clone(), *due));
                match first {
                    Some((key, due)) if due <= Instant::now() => {
                        state.due.remove(&key);
                        state.waiting.remove(&key);
                        state.at_work.insert(key.clone(), None);
                        drop(state);
                        self.changed.notify_one(); // another worker may take the one behind it
                        return key;
                    }
                    Some((_, due)) => Some(due),
                    None => None,
                }
            };
            match until {
                Some(due) => {
                    tokio::select! {
                        biased;
                        () = self.changed.notified() => {}
                        () = tokio::time::sleep_until(due) => {}
                    }
                }
                None => self.changed.notified().await,
            }
        }
    }

    /// The look has ended; `again`: look again after this.
    pub fn done(&self, key: &K, again: Option<Duration>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let hinted = state.at_work.remove(key).flatten();
        let planned = again.map(|wait| Instant::now() + wait);
        let due = match (hinted, planned) {
            (Some(hinted), Some(planned)) => Some(hinted.min(planned)),
            (hinted, planned) => hinted.or(planned),
        };
        if let Some(due) = due {
            state.due.insert(key.clone(), due);
        }
        drop(state);
        self.changed.notify_one();
    }

    /// How many things wait or are being looked at.
    pub fn len(&self) -> usize {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.due.len() + state.at_work.len()
    }

    /// Whether nothing waits and nothing is being looked at.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_thing_hinted_at_twice_is_looked_at_once() {
        let hints = Hints::default();
        hints.hint("a");
        hints.hint("a");
        assert_eq!(hints.next().await, "a");
        hints.done(&"a", None);
        assert!(hints.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_hint_during_a_look_causes_another_look() {
        let hints = Hints::default();
        hints.hint("a");
        let key = hints.next().await;
        hints.hint("a");
        let other = tokio::time::timeout(Duration::from_secs(1), hints.next()).await;
        assert!(other.is_err(), "nobody else may look at it meanwhile");
        hints.done(&key, None);
        assert_eq!(hints.next().await, "a");
    }

    #[tokio::test(start_paused = true)]
    async fn a_sooner_hint_wins_over_a_later_one() {
        let hints = Hints::default();
        hints.hint_in("a", Duration::from_hours(1));
        hints.hint_in("a", Duration::from_secs(1));
        let start = Instant::now();
        hints.next().await;
        assert_eq!(start.elapsed(), Duration::from_secs(1));
    }
}
