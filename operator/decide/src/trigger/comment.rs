//! What a comment on an open pull request asks for, carried out (spec jobs-and-runs 3.5).
//!
//! Label commands act in their order on the state that they leave (correction 2). Whether a comment is still to be
//! acted upon is not asked here: that is for `look`.

use super::{
    Answer, Answered, Cause, NEEDS_OK_TO_TEST, OK_TO_TEST, Observed, Plan, Reply, ReplyKind, TenantJob,
    TriggerAction, TriggerPolicy, TriggerReason,
    command::{Said, TriggerCommand},
    filter,
    help::{Help, HelpNote},
    start::start,
    trust,
};
use crate::{
    facts::{Comment, HeadSha, Login, Mergeable},
    job::Presubmit,
};

/// Plans one comment. `bound`: the head for which `ok-to-test` was given, where it is bound to one.
pub fn plan(
    comment: &Comment,
    observed: &Observed,
    policy: &TriggerPolicy,
    jobs: &[TenantJob<Presubmit>],
    bound: Option<&HeadSha>,
) -> Plan {
    Plan::default().decide(|plan| carry_out(comment, observed, policy, jobs, bound, plan))
}

/// Whether the comment is one that the trigger acts upon: somebody's, not the bot's own, with a command of ours.
pub(super) fn commands_in(
    comment: &Comment,
    policy: &TriggerPolicy,
    jobs: &[TenantJob<Presubmit>],
) -> Option<(Said, Login)> {
    let author = comment.author.clone().filter(|author| *author != policy.bot)?;
    let said = Said::read(&comment.body);
    said.concerns(jobs.iter().map(|job| &job.job)).then_some((said, author))
}

fn carry_out(
    comment: &Comment,
    observed: &Observed,
    policy: &TriggerPolicy,
    jobs: &[TenantJob<Presubmit>],
    bound: Option<&HeadSha>,
    plan: &mut Plan,
) -> Answer<()> {
    if !observed.pull.open {
        return Ok(());
    }
    let Some((said, author)) = commands_in(comment, policy, jobs) else { return Ok(()) };
    let answer = |kind| answer(kind, comment, &author, policy);

    let commenter_trusted = trust::person(Some(&author), observed, policy)?.is_some();
    if !commenter_trusted && trust::pull_request(observed, policy, bound)?.is_none() {
        let kind = if policy.trust.ok_to_test {
            ReplyKind::RefusedUntrusted { organizations: policy.trust.organizations.clone() }
        } else {
            ReplyKind::RefusedWithoutOkToTest
        };
        plan.push(answer(kind), TriggerReason::CommenterUntrusted);
        return Ok(());
    }

    let labels = Labels::before(observed).after(&said, policy.trust.ok_to_test, commenter_trusted);
    if labels.refused {
        plan.push(answer(ReplyKind::RefusedCancel), TriggerReason::CancelRefused);
        return Ok(());
    }
    labels.plan(observed, plan);
    if labels.taken_back {
        return Ok(());
    }

    let base = observed.base_tip()?;
    let selected = filter::asked_for(&said, jobs, observed, policy.trust.ok_to_test)?;
    if let Some(note) = HelpNote::needed(&said, selected.len()) {
        plan.push(answer(ReplyKind::Help(Help::list(note, jobs, observed)?)), note.reason());
        return Ok(());
    }
    if said.asks_for_tests() {
        plan.push(TriggerAction::PruneHelp, TriggerReason::NewCommand);
    }
    if observed.pull.mergeable == Mergeable::Conflicting {
        return Ok(());
    }
    if policy.workflows {
        workflows(&said, observed, policy, plan);
    }
    let retest = said.says(TriggerCommand::Retest) || said.says(TriggerCommand::RetestRequired);
    for job in selected {
        let cause = Cause::Comment { comment: comment.id, line: job.line };
        plan.push(start(job.job, &observed.pull, base, cause, retest, policy), job.why);
    }
    Ok(())
}

/// What the comment means for GitHub's own workflows.
fn workflows(said: &Said, observed: &Observed, policy: &TriggerPolicy, plan: &mut Plan) {
    let head = || observed.pull.head_sha.clone();
    if policy.trust.ok_to_test && said.says(TriggerCommand::OkToTest) {
        plan.push(TriggerAction::ApproveWorkflows(head()), TriggerReason::OkToTestGiven);
    }
    if said.says(TriggerCommand::Retest) {
        plan.push(TriggerAction::RerunFailedWorkflows(head()), TriggerReason::FailedBefore);
    } else if said.says(TriggerCommand::TestAll) {
        plan.push(TriggerAction::RerunFailedWorkflows(head()), TriggerReason::AskedForAll);
    }
}

/// A reply to a comment.
pub(super) fn answer(
    kind: ReplyKind,
    comment: &Comment,
    author: &Login,
    policy: &TriggerPolicy,
) -> TriggerAction {
    TriggerAction::Comment(Box::new(Reply {
        kind,
        answers: Some(Answered {
            comment: comment.id,
            author: author.clone(),
            url: comment.url.clone(),
            said: comment.body.clone(),
        }),
        commands_url: policy.commands_url.clone(),
    }))
}

/// The two labels, as the commands of a comment leave them.
#[derive(Clone, Copy)]
struct Labels {
    given: bool,
    needed: bool,
    /// Why `ok-to-test` is there in the end.
    why: TriggerReason,
    /// The last word was a cancel: nothing else of the comment is carried out.
    taken_back: bool,
    /// Somebody who may not asked for a cancel: nothing of the comment is carried out.
    refused: bool,
}

impl Labels {
    fn before(observed: &Observed) -> Self {
        Self {
            given: observed.has_label(OK_TO_TEST),
            needed: observed.has_label(NEEDS_OK_TO_TEST),
            why: TriggerReason::HasOkToTest,
            taken_back: false,
            refused: false,
        }
    }

    fn after(mut self, said: &Said, effective: bool, may_cancel: bool) -> Self {
        for (_, command) in said.commands().iter().filter(|_| effective) {
            match command {
                TriggerCommand::OkToTest => {
                    (self.given, self.taken_back, self.why) = (true, false, TriggerReason::OkToTestGiven);
                }
                TriggerCommand::OkToTestCancel if may_cancel => {
                    (self.given, self.needed, self.taken_back) = (false, true, true);
                }
                TriggerCommand::OkToTestCancel => self.refused = true,
                TriggerCommand::TestAll
                | TriggerCommand::TestHelp
                | TriggerCommand::TestNothing
                | TriggerCommand::TestTarget
                | TriggerCommand::TestManualRequired
                | TriggerCommand::Retest
                | TriggerCommand::RetestTarget
                | TriggerCommand::RetestRequired => {}
            }
        }
        if self.given {
            self.needed = false;
        }
        self
    }

    /// What differs from the labels that are there.
    fn plan(self, observed: &Observed, plan: &mut Plan) {
        let why = if self.taken_back { TriggerReason::OkToTestTaken } else { self.why };
        for (label, wanted) in [(OK_TO_TEST, self.given), (NEEDS_OK_TO_TEST, self.needed)] {
            match (observed.has_label(label), wanted) {
                (false, true) => plan.push(TriggerAction::AddLabel(label), why),
                (true, false) => plan.push(TriggerAction::RemoveLabel(label), why),
                (true, true) | (false, false) => {}
            }
        }
    }
}
