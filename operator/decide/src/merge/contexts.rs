//! What has reported on a head commit, and what of it is not green (spec 2.5).
//!
//! Commit statuses and check runs are one list here: to a merge they are the same.

use super::context_policy::ContextPolicy;
use crate::facts::{CheckConclusion, CheckRun, CheckStatus, CommitStatus, Login, StatusState};

/// The context under which the pool itself reports; it never holds a merge back.
pub const POOL_CONTEXT: &str = "tide";

/// One context of a head commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeadContext {
    /// Its name.
    pub name: String,
    /// What it says.
    pub state: StatusState,
    /// The text beside it; a check run has none.
    pub description: String,
    /// Who set it, where GitHub says.
    pub creator: Option<Login>,
}

/// How a context that is not green stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NotGreen {
    /// Waits or runs.
    Pending,
    /// Failed, or could not be carried out.
    Failed,
    /// Is required and has not reported.
    Missing,
}

/// Statuses and check runs of one commit as contexts, in their order.
///
/// Of check runs with one name the best counts: a newer, green one overrides a red one.
pub fn on_head(statuses: &[CommitStatus], checks: &[CheckRun]) -> Vec<HeadContext> {
    let mut contexts: Vec<HeadContext> = statuses
        .iter()
        .map(|status| HeadContext {
            name: status.context.clone(),
            state: status.state,
            description: status.description.clone(),
            creator: status.creator.clone(),
        })
        .collect();
    let first_check = contexts.len();
    // GitHub lists a status context among the check runs as a run without a name.
    for check in checks.iter().filter(|check| !check.name.is_empty()) {
        let state = state_of(check);
        match contexts.iter_mut().skip(first_check).find(|context| context.name == check.name) {
            Some(known) if goodness(state) > goodness(known.state) => known.state = state,
            Some(_) => {}
            None => contexts.push(HeadContext {
                name: check.name.clone(),
                state,
                description: String::new(),
                creator: None,
            }),
        }
    }
    contexts
}

fn state_of(check: &CheckRun) -> StatusState {
    match (&check.status, &check.conclusion) {
        (CheckStatus::Running | CheckStatus::Other(_), _) => StatusState::Pending,
        (
            CheckStatus::Completed,
            Some(CheckConclusion::Success | CheckConclusion::Neutral | CheckConclusion::Skipped),
        ) => StatusState::Success,
        (CheckStatus::Completed, Some(CheckConclusion::Failure | CheckConclusion::Other(_)) | None) => {
            StatusState::Failure
        }
    }
}

const fn goodness(state: StatusState) -> u8 {
    match state {
        StatusState::Success => 2,
        StatusState::Pending => 1,
        StatusState::Failure | StatusState::Error => 0,
    }
}

/// The contexts that a merge needs and that are not green: first those that reported, in their order, then the missing
/// ones by name.
pub fn not_green(contexts: &[HeadContext], policy: &ContextPolicy) -> Vec<(String, NotGreen)> {
    let reported = contexts.iter().filter(|c| c.name != POOL_CONTEXT && !policy.is_optional(&c.name));
    let mut found: Vec<(String, NotGreen)> = reported
        .filter_map(|context| match context.state {
            StatusState::Success => None,
            StatusState::Pending => Some((context.name.clone(), NotGreen::Pending)),
            StatusState::Failure | StatusState::Error => Some((context.name.clone(), NotGreen::Failed)),
        })
        .collect();
    let present = contexts.iter().map(|context| context.name.as_str());
    found.extend(policy.missing(present).into_iter().map(|name| (name, NotGreen::Missing)));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, status: CheckStatus, conclusion: Option<CheckConclusion>) -> CheckRun {
        CheckRun { name: name.into(), status, conclusion }
    }

    #[test]
    fn the_best_check_run_of_a_name_counts() {
        let red = check("build", CheckStatus::Completed, Some(CheckConclusion::Failure));
        let green = check("build", CheckStatus::Completed, Some(CheckConclusion::Neutral));
        for checks in [[red.clone(), green.clone()], [green, red]] {
            let contexts = on_head(&[], &checks);
            assert_eq!((contexts.len(), contexts[0].state), (1, StatusState::Success));
        }
    }

    #[test]
    fn an_unknown_end_is_no_success() {
        for conclusion in [None, Some(CheckConclusion::Other("STALE".into()))] {
            let contexts = on_head(&[], &[check("build", CheckStatus::Completed, conclusion)]);
            assert_eq!(contexts[0].state, StatusState::Failure);
        }
    }
}
