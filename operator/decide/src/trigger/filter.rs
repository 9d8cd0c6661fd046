//! Which jobs a comment or a new head selects (spec jobs-and-runs 3.3, 3.5 step 5).
//!
//! Several commands of one comment may select a job; the first in the order below decides how.

use super::{
    Answer, Observed, TenantJob, TriggerReason,
    command::{Said, TriggerCommand},
};
use crate::{facts::StatusState, job::Presubmit};
use std::collections::BTreeSet;

/// A job that was selected and runs for this branch and these files.
#[derive(Clone, Debug)]
pub struct Selected<'a> {
    /// The job.
    pub job: &'a TenantJob<Presubmit>,
    /// The line of the comment that selected it; 0 where no comment did.
    pub line: u32,
    /// Why.
    pub why: TriggerReason,
}

/// How a job is selected.
struct Selection {
    line: u32,
    why: TriggerReason,
    /// It runs whatever its expressions say about files.
    forced: bool,
    /// It runs where nothing else speaks.
    default: bool,
}

/// The jobs that run by themselves for this branch and these files.
///
/// # Errors
/// Where the changed files matter and are not known.
pub fn automatic<'a>(jobs: &'a [TenantJob<Presubmit>], observed: &Observed) -> Answer<Vec<Selected<'a>>> {
    select(jobs, observed, |job| runs_by_itself(job, 0, TriggerReason::RunsAutomatically))
}

/// The jobs that a comment asks for. `ok_to_test`: whether `/ok-to-test` has an effect here.
///
/// # Errors
/// Where changed files or statuses matter and are not known.
pub fn asked_for<'a>(
    said: &Said,
    jobs: &'a [TenantJob<Presubmit>],
    observed: &Observed,
    ok_to_test: bool,
) -> Answer<Vec<Selected<'a>>> {
    let retests = said.says(TriggerCommand::Retest) || said.says(TriggerCommand::RetestRequired);
    let reported = if retests { Reported::of(observed)? } else { Reported::default() };
    let retest = said.line_of(TriggerCommand::Retest);
    let retest_required = said.line_of(TriggerCommand::RetestRequired);
    let manual = said.line_of(TriggerCommand::TestManualRequired);
    let all = ok_to_test
        .then(|| said.line_of(TriggerCommand::OkToTest))
        .flatten()
        .or_else(|| said.line_of(TriggerCommand::TestAll));
    select(jobs, observed, |job| {
        said.line_naming(job)
            .map(|line| Selection { line, why: TriggerReason::Named, forced: true, default: true })
            .or_else(|| reported.again(job, retest?))
            .or_else(|| reported.again(job, retest_required.filter(|_| !job.optional())?))
            .or_else(|| required_by_hand(job, manual?))
            .or_else(|| runs_by_itself(job, all?, TriggerReason::AskedForAll))
    })
}

fn select<'a>(
    jobs: &'a [TenantJob<Presubmit>],
    observed: &Observed,
    selection: impl Fn(&Presubmit) -> Option<Selection>,
) -> Answer<Vec<Selected<'a>>> {
    let mut selected = Vec::new();
    for job in jobs {
        let Some(Selection { line, why, forced, default }) = selection(&job.job) else { continue };
        if job.should_run(observed, forced, default)? {
            selected.push(Selected { job, line, why });
        }
    }
    Ok(selected)
}

fn runs_by_itself(job: &Presubmit, line: u32, why: TriggerReason) -> Option<Selection> {
    (!job.needs_explicit_trigger()).then_some(Selection { line, why, forced: false, default: false })
}

fn required_by_hand(job: &Presubmit, line: u32) -> Option<Selection> {
    (job.needs_explicit_trigger() && !job.optional()).then_some(Selection {
        line,
        why: TriggerReason::ManualRequired,
        forced: true,
        default: false,
    })
}

/// The contexts on the head.
#[derive(Default)]
struct Reported<'a> {
    all: BTreeSet<&'a str>,
    failed: BTreeSet<&'a str>,
}

impl<'a> Reported<'a> {
    fn of(observed: &'a Observed) -> Answer<Self> {
        let contexts = observed.contexts()?;
        let failed = |state| match state {
            StatusState::Failure | StatusState::Error => true,
            StatusState::Pending | StatusState::Success => false,
        };
        Ok(Self {
            all: contexts.iter().map(|status| status.context.as_str()).collect(),
            failed: contexts.iter().filter(|s| failed(s.state)).map(|s| s.context.as_str()).collect(),
        })
    }

    /// What failed runs again whatever its files; what should have run by itself and never did gets its chance.
    fn again(&self, job: &Presubmit, line: u32) -> Option<Selection> {
        let selection = |why, default| Some(Selection { line, why, forced: false, default });
        if self.failed.contains(job.context()) {
            return selection(TriggerReason::FailedBefore, true);
        }
        if job.needs_explicit_trigger() || self.all.contains(job.context()) {
            return None;
        }
        selection(TriggerReason::NeverReported, false)
    }
}
