//! From the exit codes of a pod's tests to the run's result. Values only.

use crate::marker::{ABORTED, PREVIOUS_FAILED};

/// The codes in all markers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Codes(pub Vec<i32>);

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// All tests passed.
    Passed,
    /// One was asked to stop.
    Aborted,
    /// One failed.
    Failed,
}

impl Codes {
    pub(super) fn verdict(&self) -> Verdict {
        if self.failures() == 0 {
            Verdict::Passed
        } else if self.0.contains(&ABORTED) {
            Verdict::Aborted
        } else {
            Verdict::Failed
        }
    }

    /// How many failed. What was not run because another failed is not one more.
    pub(super) fn failures(&self) -> usize {
        self.0.iter().filter(|code| !matches!(**code, 0 | PREVIOUS_FAILED)).count()
    }
}

impl Verdict {
    /// Before anything is known.
    pub(super) const INTERRUPTED: Self = Self::Aborted;

    /// The word in `finished.json`.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "SUCCESS",
            Self::Aborted => "ABORTED",
            Self::Failed => "FAILURE",
        }
    }

    pub(super) const fn passed(self) -> bool {
        match self {
            Self::Passed => true,
            Self::Aborted | Self::Failed => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_failure_fails_the_run_and_one_abort_aborts_it() {
        for (codes, verdict, failures) in [
            (vec![0], Verdict::Passed, 0),
            (vec![0, 0], Verdict::Passed, 0),
            (vec![0, 1], Verdict::Failed, 1),
            (vec![127], Verdict::Failed, 1),
            (vec![1, 130], Verdict::Aborted, 2),
            (vec![1, 1130], Verdict::Failed, 1),
        ] {
            let codes = Codes(codes);
            assert_eq!((codes.verdict(), codes.failures()), (verdict, failures), "{codes:?}");
        }
    }
}
