//! What happens to a pull request, and what follows for its runs (spec jobs-and-runs 3.3, 3.4).
//!
//! An occasion is not a webhook: `look` derives occasions from what it sees, so that a lost delivery changes nothing.

use super::{
    AbortCause, Answer, NEEDS_OK_TO_TEST, OK_TO_TEST, Observed, Plan, Reply, ReplyKind, SeenRun, TenantJob,
    TriggerAction, TriggerPolicy, TriggerReason, filter,
    reply::Welcome,
    start::{new_head, start},
    trust::{self, TrustedBy},
};
use crate::{
    facts::{HeadSha, Mergeable},
    job::Presubmit,
};
use api::prow_job::ProwJobType;

/// Something that happened to a pull request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// It was opened.
    Opened,
    /// It was opened again.
    Reopened,
    /// It merges into another branch now.
    BaseChanged,
    /// It has a new head.
    HeadChanged,
    /// It got the label `lgtm`.
    LgtmAdded,
    /// Somebody, not the bot, put the label `ok-to-test` on it.
    OkToTestAdded,
    /// It is no draft any more.
    ReadyForReview,
    /// It became a draft.
    ConvertedToDraft,
    /// It was closed or merged.
    Closed,
}

/// Plans an occasion. `runs`: those that it may end. `bound`: the head for which `ok-to-test` was given, where it is
/// bound to one. A repository without jobs is left alone, without so much as a greeting.
pub fn plan(
    occasion: Occasion,
    observed: &Observed,
    policy: &TriggerPolicy,
    jobs: &[TenantJob<Presubmit>],
    runs: &[SeenRun],
    bound: Option<&HeadSha>,
) -> Plan {
    if jobs.is_empty() {
        return Plan::default();
    }
    let trusted = || trust::pull_request(observed, policy, bound);
    Plan::default().decide(|plan| match occasion {
        Occasion::Opened => opened(observed, policy, jobs, plan),
        Occasion::Reopened | Occasion::BaseChanged | Occasion::ReadyForReview => match trusted()? {
            Some(by) => test(&by, observed, policy, jobs, plan),
            None => Ok(()),
        },
        Occasion::HeadChanged => {
            abort(AbortCause::HeadMoved, observed, runs, plan);
            match trusted()? {
                Some(by) => test(&by, observed, policy, jobs, plan),
                None => Ok(()),
            }
        }
        Occasion::LgtmAdded => match trusted()? {
            Some(_) => Ok(()),
            None => start_automatic(observed, policy, jobs, plan),
        },
        Occasion::OkToTestAdded => start_automatic(observed, policy, jobs, plan),
        Occasion::ConvertedToDraft => {
            abort(AbortCause::Draft, observed, runs, plan);
            Ok(())
        }
        Occasion::Closed => {
            abort(AbortCause::Closed, observed, runs, plan);
            Ok(())
        }
    })
}

/// A trusted author's change is tested, or the author is told why not. An outsider is greeted, whatever the labels say.
fn opened(
    observed: &Observed,
    policy: &TriggerPolicy,
    jobs: &[TenantJob<Presubmit>],
    plan: &mut Plan,
) -> Answer<()> {
    if trust::person(observed.pull.author.as_ref(), observed, policy)?.is_some() {
        if observed.pull.draft {
            plan.push(say(ReplyKind::Draft, policy), TriggerReason::IsDraft);
            return Ok(());
        }
        return start_automatic(observed, policy, jobs, plan);
    }
    // The greeting comes last: it is what a later look knows the whole by.
    if policy.trust.ok_to_test && !observed.has_label(OK_TO_TEST) {
        plan.push(TriggerAction::AddLabel(NEEDS_OK_TO_TEST), TriggerReason::AuthorUntrusted);
    }
    plan.push(say(welcome(observed, policy), policy), TriggerReason::AuthorUntrusted);
    Ok(())
}

fn welcome(observed: &Observed, policy: &TriggerPolicy) -> ReplyKind {
    let pull = &observed.pull;
    let author = pull.author.clone();
    if !policy.trust.ok_to_test {
        return ReplyKind::WelcomeWithoutOkToTest { author };
    }
    let organizations = policy.trust.organizations.clone();
    let people =
        organizations.last().map_or(pull.repository.owner.as_str(), |organization| organization.as_str());
    let comes_often = !pull.author_is_bot
        && policy
            .press_to_join_from
            .zip(observed.merged_of_author)
            .is_some_and(|(from, merged)| merged >= from);
    ReplyKind::Welcome(Welcome {
        author,
        repository: pull.repository.clone(),
        join_url: policy.join_url.clone().unwrap_or_else(|| format!("{}/orgs/{people}/people", policy.web)),
        organizations,
        press_to_join: comes_often.then(|| policy.press_to_join.clone()),
        web: policy.web.clone(),
    })
}

/// A comment that answers nobody's.
pub(super) fn say(kind: ReplyKind, policy: &TriggerPolicy) -> TriggerAction {
    let commands_url = policy.commands_url.clone();
    TriggerAction::Comment(Box::new(Reply { kind, answers: None, commands_url }))
}

/// Takes `needs-ok-to-test` off where the label `ok-to-test` has answered it, and starts what runs by itself.
fn test(
    by: &TrustedBy,
    observed: &Observed,
    policy: &TriggerPolicy,
    jobs: &[TenantJob<Presubmit>],
    plan: &mut Plan,
) -> Answer<()> {
    if *by == TrustedBy::OkToTest && observed.has_label(NEEDS_OK_TO_TEST) {
        plan.push(TriggerAction::RemoveLabel(NEEDS_OK_TO_TEST), TriggerReason::HasOkToTest);
    }
    start_automatic(observed, policy, jobs, plan)
}

/// Drafts and changes that conflict with their base start nothing by themselves.
fn start_automatic(
    observed: &Observed,
    policy: &TriggerPolicy,
    jobs: &[TenantJob<Presubmit>],
    plan: &mut Plan,
) -> Answer<()> {
    if observed.pull.draft || observed.pull.mergeable == Mergeable::Conflicting {
        return Ok(());
    }
    let selected = filter::automatic(jobs, observed)?;
    if selected.is_empty() {
        return Ok(());
    }
    let base = observed.base_tip()?;
    for job in selected {
        let cause = new_head(job.job, observed);
        plan.push(start(job.job, &observed.pull, base, cause, false, policy), job.why);
    }
    Ok(())
}

/// Ends the presubmits of this pull request that still run, whoever started them. Batches are the merge pool's.
fn abort(cause: AbortCause, observed: &Observed, runs: &[SeenRun], plan: &mut Plan) {
    let why = match cause {
        AbortCause::HeadMoved => TriggerReason::HeadMoved,
        AbortCause::Closed => TriggerReason::Closed,
        AbortCause::Draft => TriggerReason::IsDraft,
    };
    let pull = &observed.pull;
    for run in runs {
        if run.type_ == ProwJobType::Presubmit
            && run.repository == pull.repository
            && run.pull == Some(pull.number)
            && !run.complete
        {
            plan.push(TriggerAction::AbortRun { run: run.name.clone(), cause }, why);
        }
    }
}
