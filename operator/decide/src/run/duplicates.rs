//! Of several runs of one presubmit on one change only the newest goes on (spec jobs-and-runs 5.4).
//!
//! Every run decides for itself whether a newer one makes it needless, so no run writes another's status.

use super::Run;
use api::prow_job::{ProwJobState, ProwJobType};
use std::cmp::Reverse;

/// The newer run that makes this one needless. Commits do not count: a newer push has a newer run.
pub fn superseded_by<'a>(run: &Run, siblings: &[&'a Run]) -> Option<&'a Run> {
    if !takes_part(run) {
        return None;
    }
    let identity = identity(run);
    let newer = siblings.iter().copied().filter(|sibling| {
        takes_part(sibling)
            && age(sibling) > age(run)
            && sibling.namespace == run.namespace
            && sibling.spec.job == run.spec.job
            // A run made by hand never takes the place of one that gates a merge.
            && (sibling.gates() || !run.gates())
            && self::identity(sibling) == identity
    });
    newer.max_by_key(|sibling| age(sibling))
}

/// Names of the siblings that this run makes needless.
pub(super) fn supersedes(run: &Run, siblings: &[&Run]) -> Vec<String> {
    let older = siblings.iter().filter(|sibling| superseded_by(sibling, &[run]).is_some());
    older.map(|sibling| sibling.name.clone()).collect()
}

fn takes_part(run: &Run) -> bool {
    let presubmit = match run.spec.type_ {
        ProwJobType::Presubmit => true,
        ProwJobType::Postsubmit | ProwJobType::Periodic | ProwJobType::Batch => false,
    };
    let under_way = match run.state() {
        ProwJobState::Triggered | ProwJobState::Pending => true,
        ProwJobState::Scheduling
        | ProwJobState::Success
        | ProwJobState::Failure
        | ProwJobState::Aborted
        | ProwJobState::Error => false,
    };
    presubmit && under_way && !run.is_complete()
}

/// A later start is newer; of two equal ones the first name stays, so that all agree.
fn age(run: &Run) -> (jiff::Timestamp, Reverse<&str>) {
    (run.started(), Reverse(&run.name))
}

/// What a run is about: every repository with its branch and its pulls.
fn identity(run: &Run) -> Vec<(&str, &str, &str, Vec<i64>)> {
    let refs = run.spec.refs.iter().chain(&run.spec.extra_refs);
    refs.map(|refs| {
        let mut pulls: Vec<i64> = refs.pulls.iter().map(|pull| pull.number).collect();
        pulls.sort_unstable();
        (refs.org.as_str(), refs.repo.as_str(), refs.base_ref.as_str(), pulls)
    })
    .collect()
}
