//! What happens when an object is deleted (KINDS 6). Nothing here unlocks a merge, and nothing holds a namespace.

use crate::reason::{Planned, Reason};
use api::repository::WebhookOnDelete;
use jiff::{SignedDuration, Timestamp};

/// How long a finalizer may hold an object after its deletion was asked for; then it goes, done or not.
pub const FINALIZER_LIMIT: SignedDuration = SignedDuration::from_secs(60);

/// What was deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deleted {
    /// Jobs.
    JobConfig,
    /// A pool.
    MergePool,
    /// Labels and rules.
    LabelPolicy,
    /// A Repository.
    Repository {
        /// What it says about its hook.
        on_delete: WebhookOnDelete,
        /// Whether another Repository needs the same hook.
        hook_is_shared: bool,
    },
    /// A run.
    ProwJob {
        /// Whether it had an outcome.
        finished: bool,
    },
}

/// Something to do, or to leave alone on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeletionStep {
    /// Runs go on, finish and report.
    FinishRuns,
    /// Its periodics start no more.
    StopPeriodics,
    /// Its contexts are retired, after `runs.settle` and as DESIGN M1 says.
    RetireContextsAfterSettle,
    /// No new merge begins; a merge that has begun is resolved.
    StopMerging,
    /// Runs of its trains are aborted.
    AbortTrains,
    /// The `tide` status of its pull requests says that there is no pool.
    ReportNoPool,
    /// Labels on GitHub stay.
    KeepLabels,
    /// Branch protection on GitHub stays.
    KeepBranchProtection,
    /// The hook stays.
    KeepWebhook,
    /// The hook is removed.
    RemoveWebhook,
    /// Jobs, pools and policies of the repositories become `NotGoverned`; their contexts are not retired.
    LoseGovernance,
    /// Its pod is removed.
    RemovePod,
    /// It is reported as aborted.
    ReportAborted,
    /// Its trigger key is remembered, so that the name is never made again.
    RememberTrigger,
}

/// Why a step follows from a deletion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeletionReason {
    /// What runs was asked for while the object was there.
    RunsWereWanted,
    /// The object asked for it, and is gone.
    NobodyAsksAnyMore,
    /// An apply that is not atomic must never unlock a merge.
    MayComeBack,
    /// People on GitHub rely on it, and cannot see the object.
    OthersRelyOnIt,
    /// The object said so.
    AskedFor,
    /// Another object needs it.
    StillNeeded,
    /// Deleting a run means that it shall not run.
    Cancelled,
}

impl Reason for DeletionReason {
    fn name(&self) -> &'static str {
        match self {
            Self::RunsWereWanted => "RunsWereWanted",
            Self::NobodyAsksAnyMore => "NobodyAsksAnyMore",
            Self::MayComeBack => "MayComeBack",
            Self::OthersRelyOnIt => "OthersRelyOnIt",
            Self::AskedFor => "AskedFor",
            Self::StillNeeded => "StillNeeded",
            Self::Cancelled => "Cancelled",
        }
    }

    fn sentence(&self) -> String {
        let text = match self {
            Self::RunsWereWanted => "What runs was asked for while the object was there.",
            Self::NobodyAsksAnyMore => "The object that asked for it is gone.",
            Self::MayComeBack => "The object may come back at once, and its absence must not unlock a merge.",
            Self::OthersRelyOnIt => "People on GitHub rely on it.",
            Self::AskedFor => "The object asked for it.",
            Self::StillNeeded => "Another object needs it.",
            Self::Cancelled => "The run was deleted, so it shall not run.",
        };
        text.to_owned()
    }
}

/// What follows from a deletion, in this order.
pub fn plan_deletion(deleted: Deleted) -> Vec<Planned<DeletionStep, DeletionReason>> {
    use DeletionReason as Why;
    use DeletionStep as Step;
    let steps = match deleted {
        Deleted::JobConfig => vec![
            (Step::StopPeriodics, Why::NobodyAsksAnyMore),
            (Step::FinishRuns, Why::RunsWereWanted),
            (Step::RetireContextsAfterSettle, Why::MayComeBack),
        ],
        Deleted::MergePool => vec![
            (Step::StopMerging, Why::NobodyAsksAnyMore),
            (Step::AbortTrains, Why::NobodyAsksAnyMore),
            (Step::ReportNoPool, Why::NobodyAsksAnyMore),
        ],
        Deleted::LabelPolicy => vec![(Step::KeepLabels, Why::OthersRelyOnIt)],
        Deleted::Repository { on_delete, hook_is_shared } => vec![
            (Step::FinishRuns, Why::RunsWereWanted),
            (Step::KeepLabels, Why::OthersRelyOnIt),
            (Step::KeepBranchProtection, Why::OthersRelyOnIt),
            match (on_delete, hook_is_shared) {
                (WebhookOnDelete::Keep, _) => (Step::KeepWebhook, Why::AskedFor),
                (WebhookOnDelete::Remove, true) => (Step::KeepWebhook, Why::StillNeeded),
                (WebhookOnDelete::Remove, false) => (Step::RemoveWebhook, Why::AskedFor),
            },
            (Step::LoseGovernance, Why::NobodyAsksAnyMore),
        ],
        Deleted::ProwJob { finished: false } => vec![
            (Step::RememberTrigger, Why::Cancelled),
            (Step::RemovePod, Why::Cancelled),
            (Step::ReportAborted, Why::Cancelled),
        ],
        Deleted::ProwJob { finished: true } => {
            vec![(Step::RememberTrigger, Why::Cancelled), (Step::RemovePod, Why::NobodyAsksAnyMore)]
        }
    };
    steps.into_iter().map(|(step, why)| Planned::new(step, why)).collect()
}

/// Whether a finalizer must go although its steps are not done: a namespace's deletion is not held for longer.
pub fn finalizer_is_overdue(deleted_at: Timestamp, now: Timestamp) -> bool {
    now.duration_since(deleted_at) >= FINALIZER_LIMIT
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(deleted: Deleted) -> Vec<DeletionStep> {
        plan_deletion(deleted).into_iter().map(|planned| planned.action).collect()
    }

    #[test]
    fn jobs_that_go_let_their_runs_finish_and_stay_required_for_a_while() {
        let steps = steps(Deleted::JobConfig);
        assert!(steps.contains(&DeletionStep::FinishRuns));
        assert!(steps.contains(&DeletionStep::StopPeriodics));
        assert!(steps.contains(&DeletionStep::RetireContextsAfterSettle));
    }

    #[test]
    fn a_pool_that_goes_merges_nothing_more_and_says_so() {
        let steps = steps(Deleted::MergePool);
        assert_eq!(steps, [DeletionStep::StopMerging, DeletionStep::AbortTrains, DeletionStep::ReportNoPool]);
    }

    #[test]
    fn a_repository_that_goes_retires_no_context() {
        for hook_is_shared in [false, true] {
            let deleted = Deleted::Repository { on_delete: WebhookOnDelete::Remove, hook_is_shared };
            let steps = steps(deleted);
            assert!(!steps.contains(&DeletionStep::RetireContextsAfterSettle));
            assert!(steps.contains(&DeletionStep::LoseGovernance));
        }
    }

    #[test]
    fn the_hook_goes_only_when_asked_for_and_when_nobody_else_needs_it() {
        let hook = |on_delete, hook_is_shared| {
            steps(Deleted::Repository { on_delete, hook_is_shared }).contains(&DeletionStep::RemoveWebhook)
        };
        assert!(hook(WebhookOnDelete::Remove, false));
        assert!(!hook(WebhookOnDelete::Remove, true));
        assert!(!hook(WebhookOnDelete::Keep, false));
    }

    #[test]
    fn a_run_that_goes_is_never_made_again_and_its_key_is_remembered_first() {
        for finished in [false, true] {
            let steps = steps(Deleted::ProwJob { finished });
            assert_eq!(steps[0], DeletionStep::RememberTrigger);
            assert!(steps.contains(&DeletionStep::RemovePod));
            assert_eq!(steps.contains(&DeletionStep::ReportAborted), !finished);
        }
    }

    #[test]
    fn labels_stay() {
        assert_eq!(steps(Deleted::LabelPolicy), [DeletionStep::KeepLabels]);
    }

    #[test]
    fn no_finalizer_holds_a_namespace_for_more_than_a_minute() {
        let deleted: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
        assert!(!finalizer_is_overdue(deleted, "2026-11-24T12:00:59Z".parse().unwrap()));
        assert!(finalizer_is_overdue(deleted, "2026-11-24T12:01:00Z".parse().unwrap()));
    }
}
