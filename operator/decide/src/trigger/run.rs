//! A ProwJob as the trigger sees it.

use super::TriggerKey;
use crate::facts::RepoName;
use api::{
    keys,
    prow_job::{ProwJobSpec, ProwJobStatus, ProwJobType},
};
use std::collections::BTreeMap;

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

impl Run {
    /// Reads a ProwJob; `None` where it tests no repository. What its refs leave open its labels say: people select by
    /// those, and a run made by hand may have nothing else.
    pub fn read(
        name: &str,
        labels: &BTreeMap<String, String>,
        annotations: &BTreeMap<String, String>,
        spec: &ProwJobSpec,
        status: &ProwJobStatus,
    ) -> Option<Self> {
        let refs = spec.refs.as_ref();
        let of_labels = || Some(RepoName::new(labels.get(keys::REFS_ORG)?, labels.get(keys::REFS_REPO)?));
        let pull = refs.and_then(|refs| refs.pulls.first()).and_then(|pull| u64::try_from(pull.number).ok());
        Some(Self {
            name: name.to_owned(),
            type_: spec.type_,
            repository: refs.map(|refs| RepoName::new(&refs.org, &refs.repo)).or_else(of_labels)?,
            pull: pull.or_else(|| labels.get(keys::REFS_PULL)?.parse().ok()),
            key: annotations.get(keys::TRIGGER).and_then(|key| key.parse().ok()),
            complete: status.completion_time.is_some(),
            aborted: annotations.get(keys::ABORT).and_then(|cause| AbortCause::read(cause)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(refs: serde_json::Value) -> ProwJobSpec {
        serde_json::from_value(serde_json::json!({ "type": "presubmit", "job": "unit", "refs": refs }))
            .unwrap()
    }

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn refs_say_what_a_run_tests_and_labels_where_there_are_none() {
        let refs = serde_json::json!({ "org": "acme", "repo": "widgets", "pulls": [{ "number": 41 }] });
        let labels = map(&[(keys::REFS_ORG, "acme"), (keys::REFS_REPO, "gadgets"), (keys::REFS_PULL, "7")]);
        let read = |labels, refs| Run::read("run", labels, &map(&[]), &spec(refs), &ProwJobStatus::default());
        let what = |run: Run| (run.repository.name, run.pull);
        assert_eq!(read(&labels, refs.clone()).map(what), Some(("widgets".into(), Some(41))));
        assert_eq!(read(&labels, serde_json::Value::Null).map(what), Some(("gadgets".into(), Some(7))));
        assert_eq!(read(&map(&[]), serde_json::Value::Null), None);
    }

    #[test]
    fn only_our_annotation_proves_that_a_run_is_ours() {
        let refs = serde_json::json!({ "org": "acme", "repo": "widgets" });
        let read = |annotations: &[(&str, &str)]| {
            Run::read("run", &map(&[]), &map(annotations), &spec(refs.clone()), &ProwJobStatus::default())
                .unwrap()
        };
        assert_eq!(read(&[(keys::TRIGGER, "something")]).key, None);
        let key = TriggerKey::periodic("acme", "unit", jiff::Timestamp::UNIX_EPOCH, 0);
        assert_eq!(read(&[(keys::TRIGGER, &key.to_string())]).key, Some(key));
    }

    #[test]
    fn an_abort_of_ours_is_told_from_one_by_a_person() {
        for cause in [AbortCause::HeadMoved, AbortCause::Closed, AbortCause::Draft] {
            assert_eq!(AbortCause::read(cause.as_str()), Some(cause));
        }
        assert_eq!(AbortCause::read("robin"), None);
    }
}
