//! A look at a pull request: what is still to be done, from what is there (DESIGN §5, C1 to C3, R2).
//!
//! Webhooks only say that it is time to look. Whatever was done before is seen in what it left: marks on comments,
//! runs, statuses, labels, our own replies. So a lost delivery, a repeated one and a restart at any point lead to the
//! same runs, and a second look at the same state asks for nothing.

use super::{
    Cause, NEEDS_OK_TO_TEST, OK_TO_TEST, Observed, Occasion, ReplyKind, SeenRun, StartRun, TenantJob,
    TriggerAction, TriggerKey, TriggerPolicy, TriggerReason, Unanswered, comment,
    cursor::CatchUp,
    mark::ContextMark,
    pull_request::{self, say},
    reply::{About, DRAFT, HELP, OK_TO_TEST_BOUND, ReplyMark, WELCOME},
    run::AbortCause,
    standing::Standing,
    start, trust,
    trust::BindTo,
};
use crate::{
    facts::{Comment, CommentId, HeadSha, Login},
    job::Presubmit,
    reason::Planned,
};
use api::prow_job::ProwJobType;
use std::collections::BTreeSet;

/// The outcome of a look.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a look does nothing until its steps are applied"]
pub struct Look {
    /// What to do, step by step.
    pub steps: Vec<Step>,
    /// What ended the look early. The steps stand all the same; the next look finds the rest.
    pub unanswered: Option<Unanswered>,
    /// How many runs wait for the next round of catching up.
    pub deferred: usize,
}

/// What belongs together in a look.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Step {
    /// In this order.
    pub actions: Vec<Planned<TriggerAction, TriggerReason>>,
    /// The comment that this carries out. It is to be marked (C2) after the actions, and after those of the other
    /// plugins for it, but before the next step: what a later comment changes must not change what this one meant.
    pub comment: Option<CommentId>,
}

/// Looks at a pull request. What `catch_up` does not admit is left to the next round.
pub fn look(
    observed: &Observed,
    policy: &TriggerPolicy,
    jobs: &[TenantJob<Presubmit>],
    catch_up: &mut CatchUp,
) -> Look {
    let before = catch_up.deferred();
    let mut looking = Looking {
        seen: observed.clone(),
        said: our_replies(observed, policy),
        policy,
        jobs,
        steps: Vec::new(),
        step: Step::default(),
    };
    let unanswered = looking.go(catch_up).err();
    looking.end_step(None);
    Look { steps: looking.steps, unanswered, deferred: catch_up.deferred() - before }
}

/// About whom a look has to know what they are to the repository.
pub fn people(observed: &Observed, policy: &TriggerPolicy, jobs: &[TenantJob<Presubmit>]) -> BTreeSet<Login> {
    let commenters = observed
        .comments
        .iter()
        .filter(|comment| Standing::of(comment, observed.commands_since) == Standing::Due)
        .filter_map(|comment| comment::commands_in(comment, policy, jobs).map(|(_, author)| author));
    observed.pull.author.iter().cloned().chain(commenters).collect()
}

/// Our own replies, by their marks.
fn our_replies(observed: &Observed, policy: &TriggerPolicy) -> BTreeSet<ReplyMark> {
    let ours = |comment: &&Comment| comment.author.as_ref() == Some(&policy.bot);
    observed.comments.iter().filter(ours).filter_map(|comment| ReplyMark::read(&comment.body)).collect()
}

/// A look in progress. What is planned counts as done in `seen` and `said`, so that nothing is planned twice.
struct Looking<'a> {
    seen: Observed,
    said: BTreeSet<ReplyMark>,
    policy: &'a TriggerPolicy,
    jobs: &'a [TenantJob<Presubmit>],
    steps: Vec<Step>,
    step: Step,
}

impl Looking<'_> {
    fn go(&mut self, catch_up: &mut CatchUp) -> Result<(), Unanswered> {
        self.take_back_outdated_ok_to_test()?;
        self.end_step(None);
        if !self.carry_out_comments(catch_up)? {
            return Ok(());
        }
        self.bind_ok_to_test();
        self.answer_occasions(catch_up)
    }

    /// Comments in the order in which they were written, each on the state that the one before left. `false`: one has
    /// to wait, and with it whatever comes after.
    fn carry_out_comments(&mut self, catch_up: &mut CatchUp) -> Result<bool, Unanswered> {
        let mut comments = self.seen.comments.clone();
        comments.sort_by_key(|comment| (comment.created_at, comment.id));
        for comment in &comments {
            let standing = Standing::of(comment, self.seen.commands_since);
            if matches!(standing, Standing::Done | Standing::TooOld) {
                continue;
            }
            let Some((_, author)) = comment::commands_in(comment, self.policy, self.jobs) else { continue };
            if standing == Standing::Edited {
                let reply = comment::answer(ReplyKind::Edited, comment, &author, self.policy);
                self.add(vec![Planned::new(reply, TriggerReason::Edited)]);
            } else {
                let bound = self.bound_head();
                let plan = comment::plan(comment, &self.seen, self.policy, self.jobs, bound.as_ref());
                let missing = self.missing_of_comment(plan.actions);
                if !catch_up.admit(missing.iter().filter(|planned| planned.action.start().is_some()).count())
                {
                    return Ok(false);
                }
                self.add(missing);
                plan.unanswered.map_or(Ok(()), Err)?;
            }
            self.end_step(Some(comment.id));
        }
        Ok(true)
    }

    /// Without the runs that this comment has started already, on whatever head: its key is comment and line (C1).
    fn missing_of_comment(
        &self,
        actions: Vec<Planned<TriggerAction, TriggerReason>>,
    ) -> Vec<Planned<TriggerAction, TriggerReason>> {
        let runs = || self.seen.runs.iter().filter_map(|run| run.key.as_ref()).chain(&self.seen.past_runs);
        let started = |start: &StartRun<Presubmit>| {
            let same = |key: &TriggerKey| {
                (key.namespace(), key.job(), key.cause())
                    == (start.key.namespace(), start.key.job(), start.key.cause())
            };
            runs().any(same)
        };
        actions.into_iter().filter(|planned| !planned.action.start().is_some_and(started)).collect()
    }

    fn answer_occasions(&mut self, catch_up: &mut CatchUp) -> Result<(), Unanswered> {
        let mut waiting = BTreeSet::new();
        for (occasion, runs) in self.occasions() {
            let bound = self.bound_head();
            let plan =
                pull_request::plan(occasion, &self.seen, self.policy, self.jobs, &runs, bound.as_ref());
            for planned in plan.actions {
                if let Some(start) = planned.action.start() {
                    if waiting.contains(&start.key) || self.was_run(&start.job)? {
                        continue;
                    }
                    if !catch_up.admit(1) {
                        waiting.insert(start.key.clone());
                        continue;
                    }
                }
                self.add(vec![planned]);
            }
            plan.unanswered.map_or(Ok(()), Err)?;
        }
        Ok(())
    }

    /// What has happened, as far as it can be seen, each with the runs that it ends.
    fn occasions(&self) -> Vec<(Occasion, Vec<SeenRun>)> {
        let pull = &self.seen.pull;
        let runs = |ended: &dyn Fn(&SeenRun) -> bool| -> Vec<SeenRun> {
            self.seen.runs.iter().filter(|run| ended(run)).cloned().collect()
        };
        if !pull.open {
            return vec![(Occasion::Closed, runs(&|_| true))];
        }
        let of_other_head = |run: &SeenRun| {
            run.key
                .as_ref()
                .is_some_and(|key| key.pull_heads().iter().any(|(_, head)| *head != pull.head_sha))
        };
        let by_itself =
            |run: &SeenRun| run.key.as_ref().is_some_and(|key| matches!(key.cause(), Cause::NewHead { .. }));
        let mut occasions = vec![(Occasion::HeadChanged, runs(&of_other_head))];
        if pull.draft {
            // What a command started on a draft goes on.
            occasions.push((Occasion::ConvertedToDraft, runs(&|run| by_itself(run) && !of_other_head(run))));
        }
        if self.is_new_here() {
            occasions.push((Occasion::Opened, Vec::new()));
        }
        if self.seen.has_label("lgtm") && self.seen.lgtm_on.as_ref() == Some(&pull.head_sha) {
            occasions.push((Occasion::LgtmAdded, Vec::new()));
        }
        occasions
    }

    /// Whether its author has still to be told how it gets tested. A draft for which something ran was none when it was
    /// opened, or its author knows the commands.
    fn is_new_here(&self) -> bool {
        let pull = &self.seen.pull;
        pull.created_at >= self.seen.commands_since
            && !self.said.iter().any(|mark| mark.kind == WELCOME || mark.kind == DRAFT)
            && !self.seen.has_label(OK_TO_TEST)
            && !(pull.draft && (!self.seen.runs.is_empty() || !self.seen.past_runs.is_empty()))
    }

    /// Whether the job counts as run for this head on this base (R2).
    fn was_run(&self, job: &TenantJob<Presubmit>) -> Result<bool, Unanswered> {
        let pull = &self.seen.pull;
        let key = start::key(job, pull, Cause::NewHead { again: 0 });
        let as_run = self.seen.runs.iter().any(|run| {
            run.aborted.is_none() && run.key.as_ref().is_some_and(|there| there.tests_the_same_as(&key))
        });
        if as_run || self.seen.past_runs.iter().any(|there| there.tests_the_same_as(&key)) {
            return Ok(true);
        }
        let ours = ContextMark { pull: pull.number, base_ref: pull.base_ref.clone() };
        let before_us = self.seen.head_since.is_some_and(|since| since < self.seen.commands_since);
        Ok(self.seen.contexts()?.iter().any(|status| {
            status.context == job.job.context()
                && (before_us || ContextMark::read(&status.target_url).as_ref() == Some(&ours))
        }))
    }

    /// The head for which `ok-to-test` was given, as our note says.
    fn bound_head(&self) -> Option<HeadSha> {
        let note = self.said.iter().find(|mark| mark.kind == OK_TO_TEST_BOUND)?;
        match &note.about {
            Some(About::Head(head)) => Some(head.clone()),
            Some(About::Comment(_)) | None => None,
        }
    }

    /// Where the label is bound to a head, a push takes it back. The note then names no head, so that the label counts
    /// again when somebody puts it on by hand.
    fn take_back_outdated_ok_to_test(&mut self) -> Result<(), Unanswered> {
        let outdated = self.bound_head().is_some_and(|head| head != self.seen.pull.head_sha);
        if !self.seen.pull.open || !self.binds() || !outdated {
            return Ok(());
        }
        let author = self.seen.pull.author.clone();
        let mut actions = Vec::new();
        // Each step leaves what the next look needs to do the rest: the label goes after its successor, the note last.
        if self.seen.has_label(OK_TO_TEST) {
            if trust::person(author.as_ref(), &self.seen, self.policy)?.is_none() {
                actions.push(TriggerAction::AddLabel(NEEDS_OK_TO_TEST));
            }
            actions.push(TriggerAction::RemoveLabel(OK_TO_TEST));
        }
        actions.push(say(ReplyKind::OkToTestBound { head: None }, self.policy));
        let why = TriggerReason::OkToTestOutdated;
        self.add(actions.into_iter().map(|action| Planned::new(action, why)).collect());
        Ok(())
    }

    /// Notes for which head the label was given.
    fn bind_ok_to_test(&mut self) {
        if self.seen.pull.open && self.binds() && self.seen.has_label(OK_TO_TEST) {
            let head = Some(self.seen.pull.head_sha.clone());
            let note = say(ReplyKind::OkToTestBound { head }, self.policy);
            self.add(vec![Planned::new(note, TriggerReason::HasOkToTest)]);
        }
    }

    fn binds(&self) -> bool {
        match self.policy.trust.bind_to {
            BindTo::PullRequest => false,
            BindTo::HeadCommit => true,
        }
    }

    /// Ends the present step, where there is something in it.
    fn end_step(&mut self, comment: Option<CommentId>) {
        let step = std::mem::take(&mut self.step);
        if comment.is_some() || !step.actions.is_empty() {
            self.steps.push(Step { comment, ..step });
        }
    }

    /// Plans what would change something, and remembers it as done.
    fn add(&mut self, actions: Vec<Planned<TriggerAction, TriggerReason>>) {
        for planned in actions {
            let changes = match &planned.action {
                TriggerAction::StartRun(start) => {
                    let name = super::run_name(&start.key);
                    self.seen.runs.push(SeenRun {
                        name,
                        type_: ProwJobType::Presubmit,
                        repository: self.seen.pull.repository.clone(),
                        pull: Some(self.seen.pull.number),
                        key: Some(start.key.clone()),
                        complete: false,
                        aborted: None,
                    });
                    true
                }
                TriggerAction::AbortRun { run, cause } => self.abort(run, *cause),
                TriggerAction::AddLabel(label) => {
                    !self.seen.has_label(label) && self.seen.pull.labels.insert((*label).to_owned())
                }
                TriggerAction::RemoveLabel(label) => {
                    let before = self.seen.pull.labels.len();
                    self.seen.pull.labels.retain(|there| !there.eq_ignore_ascii_case(label));
                    self.seen.pull.labels.len() < before
                }
                TriggerAction::Comment(reply) => {
                    let mark = reply.mark();
                    let is_new = !self.said.contains(&mark);
                    self.said.retain(|there| !mark.replaces(there));
                    self.said.insert(mark);
                    is_new
                }
                TriggerAction::ApproveWorkflows(_) | TriggerAction::RerunFailedWorkflows(_) => true,
                TriggerAction::PruneHelp => {
                    let before = self.said.len();
                    self.said.retain(|mark| mark.kind != HELP);
                    self.said.len() < before
                }
            };
            if changes {
                self.step.actions.push(planned);
            }
        }
    }

    fn abort(&mut self, name: &str, cause: AbortCause) -> bool {
        self.seen.runs.iter_mut().filter(|run| run.name == name && run.aborted.is_none()).fold(
            false,
            |_, run| {
                run.aborted = Some(cause);
                true
            },
        )
    }
}

#[cfg(test)]
mod tests;
