//! Our mark in a status's target URL: which pull request and base the status speaks of (DESIGN R2).
//!
//! A status belongs to a commit, and one commit can be the head of several pull requests, or of one that changed its
//! base. The mark is a fragment, so the page behind the URL is the same with and without it.

use super::{
    AbortCause, SeenRun,
    escape::{escaped, unescaped},
};
use crate::run::Run;
use api::prow_job::ProwJobType;

/// What a status of ours speaks of. The reporter puts it on every status of a presubmit, except where the trigger itself
/// ended the run ([`super::AbortCause`]): such a status must not count as a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextMark {
    /// The pull request's number.
    pub pull: u64,
    /// The branch that it was tested on.
    pub base_ref: String,
}

const FIELD: &str = "bowsprit=";

impl ContextMark {
    /// The mark for a run's status; `None` where its status must not count: a run made by hand, one that is no
    /// presubmit, one that we ended ourselves.
    pub fn of(run: &Run) -> Option<Self> {
        let seen = SeenRun::of(run)?;
        let key =
            seen.key.filter(|_| seen.type_ == ProwJobType::Presubmit && AbortCause::of(run).is_none())?;
        Some(Self { pull: seen.pull?, base_ref: key.base().to_owned() })
    }

    /// The URL with the mark.
    pub fn on(&self, url: &str) -> String {
        let joint = if url.contains('#') { '&' } else { '#' };
        format!("{url}{joint}{FIELD}{}@{}", self.pull, escaped(&self.base_ref))
    }

    /// The mark on a URL, if there is one.
    pub fn read(url: &str) -> Option<Self> {
        let (_, fragment) = url.split_once('#')?;
        let (pull, base_ref) =
            fragment.split('&').find_map(|part| part.strip_prefix(FIELD))?.split_once('@')?;
        Some(Self { pull: pull.parse().ok()?, base_ref: unescaped(base_ref)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trigger::{
        Cause,
        samples::{always, observed, run},
        start::key,
    };
    use api::keys;
    use proptest::prelude::*;

    #[test]
    fn a_mark_leaves_the_page_as_it_is() {
        let mark = ContextMark { pull: 41, base_ref: "release/1".into() };
        assert_eq!(
            mark.on("https://ci.example.org/view/7"),
            "https://ci.example.org/view/7#bowsprit=41@release/1"
        );
        assert_eq!(ContextMark::read("https://ci.example.org/view/7#log"), None);
    }

    #[test]
    fn only_a_presubmit_that_we_started_and_did_not_end_gets_a_mark() {
        let refs = serde_json::json!({ "org": "acme", "repo": "widgets", "pulls": [{ "number": 41 }] });
        let job = always("unit");
        let key = key(&job, &observed().pull, Cause::NewHead { again: 0 }).to_string();
        let of = |annotations: &[(&str, &str)]| ContextMark::of(&run(&refs, &[], annotations));
        let mark = ContextMark { pull: 41, base_ref: "main".into() };
        assert_eq!(of(&[(keys::TRIGGER, &key)]), Some(mark.clone()));
        assert_eq!(of(&[(keys::TRIGGER, &key), (keys::ABORT, "robin")]), Some(mark));
        assert_eq!(of(&[(keys::TRIGGER, &key), (keys::ABORT, AbortCause::Draft.as_str())]), None);
        assert_eq!(of(&[]), None);
    }

    proptest! {
        #[test]
        fn a_mark_is_read_as_it_was_written(pull: u64, base_ref: String, url in "https://[a-z./?=&]{0,20}(#[a-z]{0,9})?") {
            let mark = ContextMark { pull, base_ref };
            prop_assert_eq!(ContextMark::read(&mark.on(&url)), Some(mark));
        }

        #[test]
        fn no_url_makes_reading_panic(url: String) {
            let _ = ContextMark::read(&url);
        }
    }
}
