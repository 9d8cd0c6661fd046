//! Carrying out what a branch's plan asks for, action by action, in its order. Each is harmless when it is done twice,
//! except the merge call, which stands behind an intent.

use super::{PoolError, intents::Intents, landing, observe::Branch, questions::Decided, requirements, tell};
use crate::{
    context::Context,
    cursors,
    look::{Look, LookError, observe::namespace_of_run, runs},
    runtime::events::Loudness,
};
use api::{merge_pool::BranchStatus, problem::Problem};
use decide::{
    facts::TreeSha,
    merge::{
        describe,
        intent::{self, Intent, Reading},
        overview::PoolReason,
        plan::{self, Call, MergeAction, Plan, Start},
        pool::Run,
        reason::MergeReason,
        requirements as required, spent, start,
    },
    reason::{Planned, Reason},
};
use jiff::Timestamp;
use kube::Resource;
use std::{
    collections::{BTreeSet, VecDeque},
    time::Duration,
};

/// Who ends runs, in the annotation of the run.
const BY: &str = "merge-pool";
/// A landing that is under way is looked at again after this.
const NEXT_STEP: Duration = Duration::from_secs(2);
/// A step that was just made is followed by the next.
const AT_ONCE: Duration = Duration::from_millis(100);

/// A branch after its plan was carried out.
pub(super) struct Applied {
    pub(super) status: BranchStatus,
    pub(super) problems: Vec<Problem>,
    pub(super) reasons: Vec<PoolReason>,
    pub(super) merged_at: Option<Timestamp>,
    /// The pool's own runs into the branch, and which of them gated a merge.
    pub(super) runs: Vec<Run>,
    pub(super) gated: BTreeSet<String>,
    /// When to look again, at the latest.
    pub(super) again: Option<Duration>,
    pub(super) trouble: Option<(String, LookError)>,
}

/// Carries a plan out.
///
/// # Errors
/// Where an intent could not be written: then nothing more is done for the whole pool, since what was seen is old.
pub(super) async fn apply(
    context: &Context,
    intents: &mut Intents,
    decided: Decided,
) -> Result<Applied, PoolError> {
    let Decided { branch, plan, mut trouble } = decided;
    let key = branch.key();
    let before = intents.pool().status.iter().flat_map(|status| &status.branches);
    let merged = before.clone().find(|known| known.branch == key).and_then(|known| known.merged.clone());
    let mut work = Work { context, intents, branch, merged, merged_at: None, called: false, again: None };
    let mut left: VecDeque<Planned<MergeAction, MergeReason>> = plan.actions.iter().cloned().collect();
    while let Some(planned) = left.pop_front() {
        match Box::pin(work.act(planned)).await {
            Ok(follows) => follows.into_iter().rev().for_each(|next| left.push_front(next)),
            Err(PoolError::Branch { error, .. }) => {
                trouble.get_or_insert(error);
                break;
            }
            Err(error) => return Err(error),
        }
    }
    // What was just asked for changes what there is to say: the next look says it.
    if !work.called {
        match tell::tell(context, &work.branch, &plan).await {
            Ok(more) => work.again = sooner(work.again, more),
            Err(error) => {
                trouble.get_or_insert(error);
            }
        }
    }
    Ok(work.applied(&plan, trouble))
}

struct Work<'a> {
    context: &'a Context,
    intents: &'a mut Intents,
    branch: Branch,
    merged: Option<String>,
    merged_at: Option<Timestamp>,
    called: bool,
    again: Option<Duration>,
}

impl Work<'_> {
    /// Carries one action out; gives what follows from it.
    async fn act(
        &mut self,
        planned: Planned<MergeAction, MergeReason>,
    ) -> Result<Vec<Planned<MergeAction, MergeReason>>, PoolError> {
        let Planned { action, why } = planned;
        let acts = self.branch.governed.acts();
        if acts {
            tracing::info!(branch = self.branch.key(), reason = why.name(), "{}", verb(&action));
        }
        match action {
            MergeAction::WriteRecord(record) => {
                let pool = &self.branch.pool;
                let (repository, name) = (pool.repository.clone(), pool.branch.clone());
                let recorded = &mut self.branch.recorded;
                let written = requirements::write(
                    self.context,
                    self.intents.pool(),
                    &repository,
                    &name,
                    recorded,
                    &record,
                );
                written.await.map_err(|error| self.wrong(error.into()))?;
                self.branch.pool.record = Some(record);
                self.again = sooner(self.again, Some(AT_ONCE));
            }
            MergeAction::Start(start) if acts => Box::pin(self.start(&start, &why)).await?,
            MergeAction::AbortRun(name) if acts => self.abort(&name, &why).await?,
            // A landing that was begun is brought to its end whatever the mode is now.
            MergeAction::WriteIntent(intent) if acts || self.branch.pool.intent.is_some() => {
                self.write(Some(intent), &why).await?;
            }
            MergeAction::CloseIntent => self.write(None, &why).await?,
            MergeAction::Call(call) if acts => return Box::pin(self.call(&call)).await,
            // Every look at an open intent reads; what it needs is another look.
            MergeAction::Read(_) => self.again = sooner(self.again, Some(NEXT_STEP)),
            MergeAction::Start(_)
            | MergeAction::AbortRun(_)
            | MergeAction::WriteIntent(_)
            | MergeAction::Call(_) => {}
        }
        Ok(Vec::new())
    }

    async fn start(&self, start: &Start, why: &MergeReason) -> Result<(), PoolError> {
        // The name of a run that was deleted is never made again (KINDS 6): such a try counts as used up.
        let namespace = &self.branch.governed.namespace;
        let cursors = cursors::read(self.context, namespace, &self.branch.pool.repository).await;
        let past = cursors.map_err(|error| self.wrong(error.into()))?.past_keys();
        for (key, train_run) in start::unused(&self.branch.pool, start, &self.branch.web, &past) {
            let made = runs::create(self.context, &train_run.namespace, &key, train_run.run, "", why);
            made.await.map_err(|error| self.wrong(error.into()))?;
        }
        Ok(())
    }

    async fn abort(&self, name: &str, why: &MergeReason) -> Result<(), PoolError> {
        let namespace =
            namespace_of_run(self.context, name).unwrap_or_else(|| self.branch.governed.namespace.clone());
        runs::abort(self.context, &namespace, name, BY, why).await.map_err(|error| self.wrong(error))
    }

    /// Writes what lands next, or that nothing does. What has landed is told first: an event is told once by its name.
    async fn write(&mut self, intent: Option<Intent>, why: &MergeReason) -> Result<(), PoolError> {
        if let MergeReason::Merged { number, .. } = why {
            self.landed(*number, why).await;
        } else if intent.is_none() {
            self.publish(Loudness::Warning, why).await; // a landing that is given up
        }
        let begins = self.branch.pool.intent.is_none();
        let runs = &self.branch.pool.runs;
        let name = &self.branch.pool.branch;
        let evidence = intent.as_ref().filter(|_| begins).map(|new| spent::evidence(runs, name, new));
        let status = intent.as_ref().map(|new| describe::intent_to_status(&self.branch.pool, new));
        self.intents.write(self.context, &self.branch.key(), status).await?;
        self.remember(|remembered| {
            remembered.settle();
            if let Some(evidence) = evidence {
                remembered.evidence = evidence;
            }
        });
        self.branch.pool.intent = intent;
        self.again = sooner(self.again, Some(AT_ONCE));
        Ok(())
    }

    /// The first car has landed.
    async fn landed(&mut self, number: u64, why: &MergeReason) {
        let now = self.context.clock.now();
        let evidence = self.remember(|remembered| {
            remembered.merged(now);
            remembered.evidence.clone()
        });
        let (commit, tree) = match &self.branch.pool.reading {
            Some(Reading::Merged { commit, tree, .. }) => (commit.to_string(), tree.clone()),
            Some(Reading::Open { .. } | Reading::Closed) | None => (String::new(), None::<TreeSha>),
        };
        let car = self.branch.pool.intent.as_ref().and_then(|intent| intent.cars.first());
        let method = car.map_or(self.branch.policy.method, |car| car.method);
        self.merged = Some(describe::merged(number, now, &commit, method, tree.as_ref(), &evidence));
        self.merged_at = Some(now);
        self.publish(Loudness::Normal, why).await;
        // The branch has moved: what runs after a push, and what conflicts now, is found out there.
        self.context.looks.hint(Look::Branches(self.branch.pool.repository.clone()));
    }

    async fn call(&mut self, call: &Call) -> Result<Vec<Planned<MergeAction, MergeReason>>, PoolError> {
        (self.called, self.again) = (true, sooner(self.again, Some(AT_ONCE)));
        let Some(intent) = self.branch.pool.intent.clone() else { return Ok(Vec::new()) };
        let answer = landing::call(self.context, &self.branch, &intent, call).await;
        let Some(answer) = answer.map_err(|error| self.wrong(error))? else { return Ok(Vec::new()) };
        Ok(intent::after_answer(&self.branch.pool, &intent, &answer, self.context.clock.now()))
    }

    async fn publish(&self, loudness: Loudness, why: &MergeReason) {
        let pool = self.intents.pool().object_ref(&());
        self.context.events.publish(&pool, loudness, why, "Merge").await;
    }

    fn remember<T>(&self, work: impl FnOnce(&mut super::memory::Remembered) -> T) -> T {
        self.context.merges.of(&self.branch.uid, &self.branch.key(), self.branch.now, work)
    }

    fn wrong(&self, error: LookError) -> PoolError {
        PoolError::Branch { place: self.branch.key(), error }
    }

    fn applied(self, plan: &Plan, trouble: Option<LookError>) -> Applied {
        let (branch, key) = (&self.branch, self.branch.key());
        // What this leader saw whole: of older runs it does not know whether they gated a merge.
        let since = branch.pool.observed_since;
        let of_pool = |run: &&Run| {
            run.by_pool && run.branch == branch.pool.branch && run.started.is_some_and(|at| at >= since)
        };
        let (gated, runs) =
            (self.remember(|remembered| remembered.gated.clone()), branch.pool.runs.iter().filter(of_pool));
        let mut reasons = Vec::new();
        if let Some(what) = plan::unsupported(&branch.policy) {
            reasons.push(PoolReason::Unsupported(format!(
                "{key}: {}",
                MergeReason::Unsupported(what).sentence()
            )));
        }
        let no_record = branch.pool.record.is_none().then(|| {
            let end = required::end(branch.pool.observed_since, branch.policy.settle);
            MergeReason::NoRecord { until: branch.pool.all_jobs_observed.then_some(end) }
        });
        if let Some(why) = &no_record {
            reasons.push(PoolReason::NoRecord(format!("{key}: {}", why.sentence())));
        }
        if let Some(error) = &trouble {
            reasons.push(PoolReason::Unreadable(format!("{key}: {error}")));
        }
        let mut problems = branch.problems.clone();
        if plan.strict_branch {
            let message = format!(
                "{key}: GitHub wants heads to be up to date (strict), so changes land one at a time; take strict off to land batches"
            );
            problems.push(Problem::warning("spec.strategy", message));
        }
        let until = plan.look_again_at.into_iter().chain(no_record.and_then(|why| why.until())).min();
        let wait = until.map(|until| {
            Duration::try_from(until.duration_since(self.context.clock.now())).unwrap_or_default()
        });
        let open = branch.pool.intent.as_ref().map(|_| NEXT_STEP);
        Applied {
            status: describe::branch(&branch.pool, plan, self.merged.clone()),
            problems,
            reasons,
            merged_at: self.merged_at,
            runs: runs.cloned().collect(),
            gated,
            again: sooner(self.again, sooner(wait.map(|wait| wait.max(AT_ONCE)), open)),
            trouble: trouble.map(|error| (key, error)),
        }
    }
}

/// The sooner of two waits.
pub(super) fn sooner(a: Option<Duration>, b: Option<Duration>) -> Option<Duration> {
    a.into_iter().chain(b).min()
}

fn verb(action: &MergeAction) -> &'static str {
    match action {
        MergeAction::WriteRecord(_) => "writing down what is required",
        MergeAction::Start(_) => "starting runs",
        MergeAction::AbortRun(_) => "ending a run",
        MergeAction::WriteIntent(_) => "writing down what lands",
        MergeAction::Call(_) => "asking GitHub to merge",
        MergeAction::CloseIntent => "ending a landing",
        MergeAction::Read(_) => "reading once more",
    }
}
