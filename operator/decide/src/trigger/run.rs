//! A ProwJob as the trigger sees it.

use super::TriggerKey;
use crate::{facts::RepoName, run::Run};
use api::{keys, prow_job::ProwJobType};

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

    /// Why we ended this run; `None`: we did not.
    pub fn of(run: &Run) -> Option<Self> {
        run.annotations.get(keys::ABORT).and_then(|annotation| Self::read(annotation))
    }

    /// Reads the annotation; `None`: somebody else asked.
    fn read(annotation: &str) -> Option<Self> {
        [Self::HeadMoved, Self::Closed, Self::Draft].into_iter().find(|cause| cause.as_str() == annotation)
    }
}

/// What the trigger needs to know of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenRun {
    /// The ProwJob's name.
    pub name: String,
    /// What caused it to be made.
    pub type_: ProwJobType,
    /// The repository that it tests.
    pub repository: RepoName,
    /// The pull request that it tests: the first, for a batch.
    pub pull: Option<u64>,
    /// The key of its annotation; `None`: somebody made it by hand.
    pub key: Option<TriggerKey>,
    /// It has ended.
    pub complete: bool,
    /// Why we ended it, where we did.
    pub aborted: Option<AbortCause>,
}

impl SeenRun {
    /// Reads a run; `None` where it tests no repository. What its refs leave open its labels say: people select by
    /// those, and a run made by hand may have nothing else.
    pub fn of(run: &Run) -> Option<Self> {
        let refs = run.spec.refs.as_ref();
        let label = |key: &str| run.labels.get(key);
        let of_labels = || Some(RepoName::new(label(keys::REFS_ORG)?, label(keys::REFS_REPO)?));
        let pull = refs.and_then(|refs| refs.pulls.first()).and_then(|pull| u64::try_from(pull.number).ok());
        Some(Self {
            name: run.name.clone(),
            type_: run.spec.type_,
            repository: refs.map(|refs| RepoName::new(&refs.org, &refs.repo)).or_else(of_labels)?,
            pull: pull.or_else(|| label(keys::REFS_PULL)?.parse().ok()),
            key: run.annotations.get(keys::TRIGGER).and_then(|key| key.parse().ok()),
            complete: run.is_complete(),
            aborted: AbortCause::of(run),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trigger::samples::run;

    #[test]
    fn refs_say_what_a_run_tests_and_labels_where_there_are_none() {
        let refs = serde_json::json!({ "org": "acme", "repo": "widgets", "pulls": [{ "number": 41 }] });
        let labels = [(keys::REFS_ORG, "acme"), (keys::REFS_REPO, "gadgets"), (keys::REFS_PULL, "7")];
        let what = |run: Run| SeenRun::of(&run).map(|seen| (seen.repository.name, seen.pull));
        assert_eq!(what(run(&refs, &labels, &[])), Some(("widgets".into(), Some(41))));
        assert_eq!(what(run(&serde_json::Value::Null, &labels, &[])), Some(("gadgets".into(), Some(7))));
        assert_eq!(what(run(&serde_json::Value::Null, &[], &[])), None);
    }

    #[test]
    fn only_our_annotation_proves_that_a_run_is_ours() {
        let refs = serde_json::json!({ "org": "acme", "repo": "widgets" });
        let key_of = |text: &str| SeenRun::of(&run(&refs, &[], &[(keys::TRIGGER, text)])).unwrap().key;
        assert_eq!(key_of("something"), None);
        let key = TriggerKey::periodic("acme", "unit", jiff::Timestamp::UNIX_EPOCH, 0);
        assert_eq!(key_of(&key.to_string()), Some(key));
    }

    #[test]
    fn an_abort_of_ours_is_told_from_one_by_a_person() {
        for cause in [AbortCause::HeadMoved, AbortCause::Closed, AbortCause::Draft] {
            assert_eq!(AbortCause::read(cause.as_str()), Some(cause));
        }
        assert_eq!(AbortCause::read("robin"), None);
    }
}
