//! The status on GitHub that tells a run's state (spec jobs-and-runs 8.2), and reading it back.
//!
//! The description ends in the base that was tested, out of sight of people: the merge pool reads there whether a
//! result still holds.

use crate::{
    facts::{BaseSha, CommitSha, StatusState},
    run::Run,
};
use api::{
    keys,
    prow_job::{ProwJobSpec, ProwJobState, ProwJobType},
};
use std::collections::BTreeMap;

/// The longest description that GitHub takes, in characters.
pub const DESCRIPTION_MAX: usize = 140;
/// In a description: the result holds for this head whatever the base.
pub const SKIP_RETEST: &str = "[prow:skip-retest]";
const SUFFIX: &str = " BaseSHA:";
/// How old reports wrote it.
const OLD_SUFFIX: &str = " Basesha:";
const SHA_LENGTH: usize = 40;
/// A wide space, which pushes what follows out of sight.
const PAD: char = '\u{2001}';
const ELISION: &str = " ... ";

/// A status to be set on a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusReport {
    /// The commit.
    pub sha: CommitSha,
    /// The context.
    pub context: String,
    /// The state.
    pub state: StatusState,
    /// What people read, and the tested base.
    pub description: String,
    /// The run's page.
    pub target_url: String,
}

/// Whether a run's state is told on GitHub: presubmits and postsubmits that report, with at most one pull request,
/// unless they report to Gerrit.
pub fn is_reported(spec: &ProwJobSpec, labels: &BTreeMap<String, String>) -> bool {
    let pulls = spec.refs.as_ref().map_or(0, |refs| refs.pulls.len());
    let kind = match spec.type_ {
        ProwJobType::Presubmit | ProwJobType::Postsubmit => true,
        ProwJobType::Periodic | ProwJobType::Batch => false,
    };
    spec.report && kind && pulls <= 1 && !labels.contains_key(keys::GERRIT_REPORT_LABEL)
}

/// The status of a run; `None` where there is no commit to put it on, or nothing to tell yet.
pub fn status(run: &Run) -> Option<StatusReport> {
    let refs = run.spec.refs.as_ref()?;
    let sha = refs.pulls.first().map_or(&refs.base_sha, |pull| &pull.sha);
    if sha.is_empty() {
        return None;
    }
    let base = (!refs.base_sha.is_empty()).then(|| BaseSha::new(&refs.base_sha));
    Some(StatusReport {
        sha: CommitSha::new(sha),
        context: run.spec.context.clone(),
        state: github_state(run.state())?,
        description: description(&run.status.description, base.as_ref()),
        target_url: run.status.url.clone(),
    })
}

/// GitHub's word for a state; `None`: it is not told.
pub const fn github_state(state: ProwJobState) -> Option<StatusState> {
    match state {
        ProwJobState::Scheduling => None,
        ProwJobState::Triggered | ProwJobState::Pending => Some(StatusState::Pending),
        ProwJobState::Success => Some(StatusState::Success),
        ProwJobState::Failure | ProwJobState::Aborted => Some(StatusState::Failure),
        ProwJobState::Error => Some(StatusState::Error),
    }
}

/// A description that fits, ending in the tested base where there is one.
pub fn description(text: &str, base: Option<&BaseSha>) -> String {
    let Some(base) = base else { return fit(text, DESCRIPTION_MAX) };
    let suffix = format!("{SUFFIX}{base}");
    let room = DESCRIPTION_MAX.saturating_sub(length(&suffix));
    let text = fit(text, room);
    let padding = room.saturating_sub(length(&text));
    format!("{text}{}{suffix}", PAD.to_string().repeat(padding))
}

/// The base that a description says was tested.
pub fn tested_base(description: &str) -> Option<BaseSha> {
    [SUFFIX, OLD_SUFFIX].into_iter().find_map(|suffix| {
        // A second suffix would be somebody's text, and then neither is believed.
        let (_, base) = description.split_once(suffix)?;
        (base.len() == SHA_LENGTH && base.bytes().all(|b| b.is_ascii_alphanumeric()))
            .then(|| BaseSha::new(base))
    })
}

/// Length as GitHub counts it at the most: in UTF-16 units, of which no character has fewer than it has code points.
fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

/// The text, or its two ends where it is too long.
fn fit(text: &str, max: usize) -> String {
    if length(text) <= max {
        return text.to_owned();
    }
    let half = max.saturating_sub(ELISION.len()) / 2;
    let head = take(text.chars(), half);
    let tail: String = take(text.chars().rev(), half).chars().rev().collect();
    format!("{head}{ELISION}{tail}")
}

fn take(chars: impl Iterator<Item = char>, max: usize) -> String {
    let mut left = max;
    chars
        .take_while(|c| {
            let fits = c.len_utf16() <= left;
            left = left.saturating_sub(c.len_utf16());
            fits
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> BaseSha {
        BaseSha::new("b".repeat(40))
    }

    #[test]
    fn the_tested_base_can_be_read_back() {
        for text in ["", "Job succeeded.", &"ä".repeat(200), &"😀".repeat(100)] {
            let description = description(text, Some(&base()));
            assert_eq!(tested_base(&description), Some(base()), "{description}");
            assert!(length(&description) <= DESCRIPTION_MAX, "{description}");
        }
        assert_eq!(tested_base("Job succeeded."), None);
        assert_eq!(tested_base(&format!("x Basesha:{}", "c".repeat(40))), Some(BaseSha::new("c".repeat(40))));
    }

    #[test]
    fn a_text_that_holds_a_base_itself_is_not_believed() {
        let text = format!("see BaseSHA:{} there", "c".repeat(40));
        assert_eq!(tested_base(&description(&text, Some(&base()))), None);
    }

    #[test]
    fn a_long_text_keeps_both_ends() {
        let fitted = fit(&format!("{}end", "x".repeat(300)), DESCRIPTION_MAX);
        assert!(fitted.starts_with("xxx") && fitted.ends_with("end") && fitted.contains(ELISION));
    }
}
