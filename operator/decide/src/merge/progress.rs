//! How the jobs of a train stand, for people.

use super::reason::clock;
use jiff::Timestamp;

/// How one job of a train stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobProgress {
    /// It waits for its run.
    Waiting(String),
    /// It runs.
    Running {
        /// The job.
        job: String,
        /// Since when.
        since: Option<Timestamp>,
        /// When it should be done.
        expected: Option<Timestamp>,
    },
    /// It passed.
    Passed(String),
    /// It failed.
    Failed(String),
}

impl JobProgress {
    /// A few words, without a full stop.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Waiting(job) => format!("{job} waits"),
            Self::Running { job, since, expected } => {
                let since = since.map(|since| format!(" since {}", clock(since))).unwrap_or_default();
                let expected =
                    expected.map(|at| format!(", expected about {}", clock(at))).unwrap_or_default();
                format!("{job} is running{since}{expected}")
            }
            Self::Passed(job) => format!("{job} passed"),
            Self::Failed(job) => format!("{job} failed"),
        }
    }
}
