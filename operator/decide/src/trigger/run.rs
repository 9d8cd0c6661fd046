//! A ProwJob as the trigger sees it.

use super::TriggerKey;
use crate::facts::RepoName;
use api::prow_job::ProwJobType;

/// Why the trigger ends a run early. The name stands in the run's abort annotation, where a later look reads it.
///
/// Each of them can be undone: a pull request is opened again, a draft becomes ready, a head comes back. So a run that
/// we ended does not count as one that was run, and its status must not carry our mark (DESIGN R2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AbortCause {
    /// The pull request has another head now.
    HeadMoved,
    /// The pull request was closed.
    Closed,
    /// The pull request became a draft.
    Draft,
}

impl AbortCause {
    /// The value of the annotation `bowsprit.dev/abort`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HeadMoved => "trigger/head-moved",
            Self::Closed => "trigger/closed",
            Self::Draft => "trigger/draft",
        }
    }

    /// Reads the annotation; `None`: somebody else asked.
    pub fn read(annotation: &str) -> Option<Self> {
        [Self::HeadMoved, Self::Closed, Self::Draft].into_iter().find(|cause| cause.as_str() == annotation)
    }
}

/// What the trigger needs to know of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The ProwJob's name.
    pub name: String,
    /// What caused it to be made.
    pub type_: ProwJobType,
    /// The repository of its labels.
    pub repository: RepoName,
    /// The pull request of its labels: the first, for a batch.
    pub pull: Option<u64>,
    /// The key of its annotation; `None`: somebody made it by hand.
    pub key: Option<TriggerKey>,
    /// It has ended.
    pub complete: bool,
    /// Why we ended it, where we did.
    pub aborted: Option<AbortCause>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_abort_of_ours_is_told_from_one_by_a_person() {
        for cause in [AbortCause::HeadMoved, AbortCause::Closed, AbortCause::Draft] {
            assert_eq!(AbortCause::read(cause.as_str()), Some(cause));
        }
        assert_eq!(AbortCause::read("robin"), None);
    }
}
