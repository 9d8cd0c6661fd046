//! The timeline: when, who, what, one line each.

use std::{
    convert::Infallible,
    fmt::Display,
    io::Write as _,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// After so long without news it is said that we still wait.
const QUIET: Duration = Duration::from_secs(10);

/// Prints what happens. Clones print the same timeline.
#[derive(Clone)]
pub(crate) struct Timeline {
    start: Instant,
    last: Arc<Mutex<Instant>>,
}

impl Timeline {
    /// Begins now.
    pub(crate) fn begin() -> Self {
        let start = Instant::now();
        Self { start, last: Arc::new(Mutex::new(start)) }
    }

    /// Somebody did something, or something is so now.
    pub(crate) fn tell(&self, who: &str, what: impl Display) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        say(&line(self.start.elapsed(), who, &what.to_string()));
    }

    /// Tells from time to time that nothing has happened, until it is dropped.
    pub(crate) async fn tell_when_quiet(&self) -> Infallible {
        loop {
            let last = *self.last.lock().unwrap_or_else(PoisonError::into_inner);
            tokio::time::sleep_until(last + QUIET).await;
            if *self.last.lock().unwrap_or_else(PoisonError::into_inner) == last {
                self.tell("", "... waiting");
            }
        }
    }
}

/// Prints a line. Who closed the pipe does not want to read on, which is no reason to stop.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

fn line(since: Duration, who: &str, what: &str) -> String {
    format!("{:>6.1}s  {who:<10} {what}", since.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_when_who_and_what() {
        let told = line(Duration::from_millis(12_345), "robin", "opens #1");
        assert_eq!(told, "  12.3s  robin      opens #1");
    }
}
