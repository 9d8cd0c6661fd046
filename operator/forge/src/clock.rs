//! The wall clock, as a value that is handed in: tests and the simulated world run on virtual time.

use jiff::Timestamp;
use std::time::Duration;

/// Tells the wall time. For waiting, `tokio::time` is used directly: it is virtual where the runtime is.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the machine's clock")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A wall clock that follows tokio's time from a given moment on: virtual where the runtime's time is paused.
#[derive(Clone, Copy, Debug)]
pub struct TokioClock {
    epoch: Timestamp,
    start: tokio::time::Instant,
}

impl TokioClock {
    /// A clock that shows `epoch` now. Must be made inside a tokio runtime.
    pub fn starting_at(epoch: Timestamp) -> Self {
        Self { epoch, start: tokio::time::Instant::now() }
    }
}

impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        let since: Duration = self.start.elapsed();
        self.epoch.checked_add(since).unwrap_or(Timestamp::MAX)
    }
}
