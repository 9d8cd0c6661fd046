//! Build ids: Prow's 64-bit snowflakes (milliseconds since 2010-11-04, 10 bits of node, 12 bits of sequence), as
//! decimal text. They grow, so the newest execution of a job sorts last in storage.

use forge::Clock;
use std::sync::{Arc, Mutex, PoisonError};

const EPOCH_MS: i64 = 1_288_834_974_657;
const NODE: u64 = 1;

/// Gives out ids. There is one in a process, and one process leads.
pub struct BuildIds {
    clock: Arc<dyn Clock>,
    last: Mutex<(i64, u64)>,
}

impl BuildIds {
    /// Ids by this clock.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, last: Mutex::new((0, 0)) }
    }

    /// The next id: larger than every one before it.
    pub fn next(&self) -> String {
        let now = self.clock.now().as_millisecond().saturating_sub(EPOCH_MS).max(0);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let (time, sequence) = match *last {
            // A clock that stands still or goes back, or 4096 ids in one millisecond.
            (time, 0xFFF) if now <= time => (time + 1, 0),
            (time, sequence) if now <= time => (time, sequence + 1),
            _ => (now, 0),
        };
        *last = (time, sequence);
        (u64::try_from(time).unwrap_or(0) << 22 | NODE << 12 | sequence).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    struct Stopped;
    impl Clock for Stopped {
        fn now(&self) -> Timestamp {
            Timestamp::from_millisecond(EPOCH_MS + 5).unwrap()
        }
    }

    #[test]
    fn ids_grow_even_while_the_clock_stands() {
        let ids = BuildIds::new(Arc::new(Stopped));
        let ids: Vec<u64> = (0..10_000).map(|_| ids.next().parse().unwrap()).collect();
        assert!(ids.is_sorted_by(|a, b| a < b));
        assert_eq!(ids[0], 5 << 22 | 1 << 12);
    }
}
