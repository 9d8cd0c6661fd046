//! Strategy `Tide`: decides as Prow's Tide decides, exactly one action a pool a sync (spec 3.2 to 3.7).
//!
//! For parity and migration. What is kept and what is mended stands in spec 14 and docs/differences-from-prow.md.

use super::{
    checks::{self, Case, Examined},
    contexts::{self, NotGreen},
    evidence::{self, Standing, Verdict},
    policy::{BatchLimit, Policy, TideLimits},
    pool::{Change, JobsUnknown, Member, Pool, Question, Run, Trial, Trialled, urgency},
    reason::MergeReason,
};
use crate::{facts::HeadSha, job::Presubmit};
use api::prow_job::{ProwJobState, ProwJobType};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// What Tide does in one sync.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TideAction {
    /// Nothing.
    Wait,
    /// Starts runs for one change.
    Trigger,
    /// Starts runs for several changes together.
    TriggerBatch,
    /// Merges one change.
    Merge,
    /// Merges several changes that were tested together.
    MergeBatch,
    /// An issue blocks the branch.
    Blocked,
}

/// Which changes are in the pool, and why the others are not.
#[derive(Clone, Debug)]
pub struct Filtered<'a> {
    /// In the pool, by number.
    pub kept: Vec<Examined<'a>>,
    /// A query takes them, and something else stands in the way.
    pub dropped: Vec<(&'a Change, MergeReason)>,
}

/// The changes that a query takes, and of them those that may merge once their jobs have passed.
///
/// # Errors
/// Where the rules about contexts contradict each other: the whole pool is left alone.
pub fn filter<'a>(pool: &'a Pool, policy: &Policy, now: Timestamp) -> Result<Filtered<'a>, MergeReason> {
    let mut filtered = Filtered { kept: Vec::new(), dropped: Vec::new() };
    let found = pool.changes.iter().filter(|change| policy.queries.iter().any(|q| q.selects(&change.pull)));
    for change in found {
        let examined = checks::examine(pool, policy, change);
        if let Err(problem) = &examined.policy {
            return Err(MergeReason::InvalidContextPolicy(problem.to_string()));
        }
        let case = Case { pool, policy, examined: &examined, now };
        match checks::not_allowed(&case).or_else(|| not_on_the_way(&examined)) {
            Some(reason) => filtered.dropped.push((change, reason)),
            None => filtered.kept.push(examined),
        }
    }
    filtered.kept.sort_by_key(|examined| examined.change.pull.number);
    Ok(filtered)
}

/// A context that is not green and that no required job is about to make green.
fn not_on_the_way(examined: &Examined<'_>) -> Option<MergeReason> {
    let required = match &examined.required {
        Ok(required) => required,
        Err(JobsUnknown::NotRead(_)) => return Some(MergeReason::JobsUnknown("not read yet".into())),
        Err(JobsUnknown::Broken(problem)) => return Some(MergeReason::JobsUnknown(problem.clone())),
    };
    let policy = examined.policy.as_ref().ok()?;
    let ours = |context: &str| required.iter().any(|job| job.context() == context);
    contexts::not_green(&examined.contexts, policy).into_iter().find_map(|(context, how)| match how {
        NotGreen::Pending if ours(&context) => None,
        NotGreen::Pending => Some(MergeReason::ContextPending(context)),
        NotGreen::Missing => Some(MergeReason::ContextMissing(context)),
        NotGreen::Failed => Some(MergeReason::ContextFailed(context)),
    })
}

/// How the changes of the pool stand on the tip.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Accumulated<'a> {
    /// All required jobs passed on the tip, by number.
    pub success: Vec<u64>,
    /// Their runs go on.
    pub pending: Vec<u64>,
    /// The jobs that each of the others lacks.
    pub missing: BTreeMap<u64, Vec<&'a Presubmit>>,
    /// A batch of which every required job passed; empty: there is none.
    pub batch_success: Vec<Member>,
    /// A batch whose runs go on.
    pub batch_pending: Vec<Member>,
}

/// Sorts the pool's changes by how they stand on the tip, and finds the batches.
///
/// # Errors
/// Where the jobs of a batch have to be read first.
pub fn accumulate<'a>(
    pool: &'a Pool,
    policy: &Policy,
    kept: &[Examined<'a>],
) -> Result<Accumulated<'a>, Question> {
    let runs = evidence::runs_at(&pool.runs, &pool.branch, &pool.tip);
    let mut found = Accumulated::default();
    for examined in kept {
        let number = examined.change.pull.number;
        let verdicts =
            evidence::alone(examined.change, &examined.contexts, &runs, &pool.tip, &policy.reporters);
        match evidence::standing(examined.required.as_deref().unwrap_or_default(), &verdicts) {
            Standing::Green => found.success.push(number),
            Standing::Running => found.pending.push(number),
            Standing::Missing(jobs) => {
                found.missing.insert(number, jobs);
            }
        }
    }
    // Of several, the largest is kept, and of those the first in the order of numbers.
    for batch in evidence::batches(&runs) {
        let changes: Option<Vec<&Change>> =
            batch.members.iter().map(|member| in_pool(kept, member).map(|e| e.change)).collect();
        let Some(changes) = changes else { continue };
        let Ok(required) = required_of(pool, policy, &changes)? else { continue };
        let place = match evidence::standing(&required, &batch.verdicts) {
            Standing::Green => &mut found.batch_success,
            Standing::Running => &mut found.batch_pending,
            Standing::Missing(_) => continue,
        };
        if batch.members.len() > place.len() {
            *place = batch.members;
        }
    }
    Ok(found)
}

fn in_pool<'e, 'a>(kept: &'e [Examined<'a>], member: &Member) -> Option<&'e Examined<'a>> {
    kept.iter().find(|examined| examined.change.member() == *member)
}

/// The jobs that these changes need together; the inner error says that they cannot be read.
fn required_of<'a>(
    pool: &'a Pool,
    policy: &Policy,
    changes: &[&Change],
) -> Result<Result<Vec<&'a Presubmit>, String>, Question> {
    let heads: BTreeSet<HeadSha> = changes.iter().map(|change| change.pull.head_sha.clone()).collect();
    let files: Vec<String> = changes.iter().flat_map(|change| change.files.iter().cloned()).collect();
    match pool.jobs.at(&heads) {
        Ok(jobs) => Ok(Ok(evidence::required(jobs, &policy.contexts, &pool.branch, &files))),
        Err(JobsUnknown::NotRead(heads)) => Err(Question::JobsIn(heads)),
        Err(JobsUnknown::Broken(problem)) => Ok(Err(problem)),
    }
}

/// What Tide does.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision<'a> {
    /// The action.
    pub action: TideAction,
    /// With which changes, in order.
    pub target: Vec<Member>,
    /// Which jobs are started for them.
    pub jobs: Vec<&'a Presubmit>,
}

impl Decision<'_> {
    const fn wait() -> Self {
        Self { action: TideAction::Wait, target: Vec::new(), jobs: Vec::new() }
    }
}

/// The one thing to do in this sync: the first row of Tide's table that holds.
///
/// # Errors
/// Where git has to be asked first.
pub fn decide<'a>(
    pool: &'a Pool,
    policy: &Policy,
    limits: TideLimits,
    kept: &[Examined<'a>],
    found: &Accumulated<'a>,
) -> Result<Decision<'a>, Question> {
    if !pool.blockers.is_empty() {
        return Ok(Decision { action: TideAction::Blocked, ..Decision::wait() });
    }
    if !found.batch_success.is_empty() {
        let target = found.batch_success.clone();
        return Ok(Decision { action: TideAction::MergeBatch, target, jobs: Vec::new() });
    }
    let no_batch = found.batch_pending.is_empty();
    if no_batch {
        let passing = kept.iter().filter(|e| found.success.contains(&e.change.pull.number) && is_passing(e));
        if let Some(first) = most_urgent(policy, passing) {
            let target = vec![first.change.member()];
            return Ok(Decision { action: TideAction::Merge, target, jobs: Vec::new() });
        }
    }
    if kept.iter().all(|e| e.required.as_deref().unwrap_or_default().is_empty()) {
        return Ok(Decision::wait());
    }
    if kept.len() > 1
        && no_batch
        && let Some(decision) = pick_batch(pool, policy, limits, kept)?
    {
        return Ok(decision);
    }
    if found.pending.is_empty() && found.success.is_empty() {
        let eligible = kept
            .iter()
            .filter(|e| found.missing.contains_key(&e.change.pull.number) && is_retest_eligible(pool, e));
        if let Some(first) = most_urgent(policy, eligible) {
            let missing = found.missing.get(&first.change.pull.number).cloned().unwrap_or_default();
            return Ok(Decision {
                action: TideAction::Trigger,
                target: vec![first.change.member()],
                jobs: one_a_context(missing),
            });
        }
    }
    Ok(Decision::wait())
}

/// Of these the most urgent, and of those the one with the lowest number.
fn most_urgent<'e, 'a: 'e>(
    policy: &Policy,
    changes: impl Iterator<Item = &'e Examined<'a>>,
) -> Option<&'e Examined<'a>> {
    changes.min_by_key(|e| (urgency(&policy.priority, &e.change.pull.labels), e.change.pull.number))
}

fn is_passing(examined: &Examined<'_>) -> bool {
    examined.policy.as_ref().is_ok_and(|policy| contexts::not_green(&examined.contexts, policy).is_empty())
}

/// Whether the change has passed on its own, apart from runs that the pool itself has under way. A change that never
/// passed is not worth a test.
fn is_retest_eligible(pool: &Pool, examined: &Examined<'_>) -> bool {
    let Ok(policy) = &examined.policy else { return false };
    let member = examined.change.member();
    contexts::not_green(&examined.contexts, policy).into_iter().all(|(context, how)| match how {
        NotGreen::Missing | NotGreen::Failed => false,
        NotGreen::Pending => pool.runs.iter().any(|run| {
            run.by_pool
                && run.kind == ProwJobType::Presubmit
                && run.context == context
                && run.branch == pool.branch
                && run.members == [member.clone()]
        }),
    })
}

fn one_a_context(jobs: Vec<&Presubmit>) -> Vec<&Presubmit> {
    let mut seen = BTreeSet::new();
    jobs.into_iter().filter(|job| seen.insert(job.context().to_owned())).collect()
}

/// A batch of at least two with something to start; `None`: there is none.
fn pick_batch<'a>(
    pool: &'a Pool,
    policy: &Policy,
    limits: TideLimits,
    kept: &[Examined<'a>],
) -> Result<Option<Decision<'a>>, Question> {
    if limits.batch == BatchLimit::Never {
        return Ok(None);
    }
    let candidates: Vec<&Examined<'a>> = kept.iter().filter(|e| is_retest_eligible(pool, e)).collect();
    if candidates.is_empty() {
        return Ok(None);
    }
    let existing =
        if limits.prioritize_existing { existing_batch(pool, limits.batch, &candidates) } else { None };
    let members = match existing {
        Some(members) => members,
        None => new_batch(pool, limits.batch, &candidates)?,
    };
    if members.len() < 2 {
        return Ok(None);
    }
    let changes: Vec<&Change> =
        members.iter().filter_map(|member| in_pool(kept, member).map(|e| e.change)).collect();
    let Ok(required) = required_of(pool, policy, &changes)? else { return Ok(Some(Decision::wait())) };
    let jobs: Vec<&Presubmit> =
        required.into_iter().filter(|job| !has_unfailed_run(pool, job, &members)).collect();
    // Tide calls it a batch even where nothing is left to start, and then tests no single change either.
    if jobs.is_empty() {
        return Ok(None);
    }
    Ok(Some(Decision { action: TideAction::TriggerBatch, target: members, jobs: one_a_context(jobs) }))
}

/// The batch to go on with: the one with most successes, else with most runs under way.
fn existing_batch(pool: &Pool, limit: BatchLimit, candidates: &[&Examined<'_>]) -> Option<Vec<Member>> {
    let mut counts: BTreeMap<&[Member], (usize, usize)> = BTreeMap::new();
    for run in evidence::runs_at(&pool.runs, &pool.branch, &pool.tip) {
        let known = |member: &Member| candidates.iter().any(|e| e.change.member() == *member);
        if run.kind != ProwJobType::Batch
            || !limit.allows(run.members.len())
            || !run.members.iter().all(known)
        {
            continue;
        }
        let count = counts.entry(&run.members).or_default();
        match run.state {
            ProwJobState::Success => count.0 += 1,
            ProwJobState::Pending => count.1 += 1,
            ProwJobState::Scheduling
            | ProwJobState::Triggered
            | ProwJobState::Failure
            | ProwJobState::Aborted
            | ProwJobState::Error => {}
        }
    }
    let most = |by: fn(&(usize, usize)) -> usize| {
        // The first of equals, so that the choice stays.
        counts.iter().rev().max_by_key(|(_, count)| by(count)).filter(|(_, count)| by(count) > 0)
    };
    most(|count| count.0).or_else(|| most(|count| count.1)).map(|(members, _)| members.to_vec())
}

/// As many candidates, by number, as merge onto the tip one after the other.
fn new_batch(pool: &Pool, limit: BatchLimit, candidates: &[&Examined<'_>]) -> Result<Vec<Member>, Question> {
    let trial = Trial {
        base: pool.tip.clone(),
        candidates: candidates
            .iter()
            .filter_map(|e| e.method.map(|method| (e.change.member(), method)))
            .collect(),
        limit: match limit {
            BatchLimit::AtMost(limit) => Some(limit),
            BatchLimit::Never | BatchLimit::Any => None,
        },
    };
    trialled(pool, &trial).map(|trialled| trialled.taken.clone()).ok_or(Question::Trial(trial))
}

/// The answer to a trial, where it is known.
pub(super) fn trialled<'p>(pool: &'p Pool, trial: &Trial) -> Option<&'p Trialled> {
    pool.trials.iter().find(|(asked, _)| asked == trial).map(|(_, answer)| answer)
}

/// Whether a run of this job for these changes on the tip has passed or goes on, whatever their order.
fn has_unfailed_run(pool: &Pool, job: &Presubmit, members: &[Member]) -> bool {
    let sorted = |members: &[Member]| members.iter().cloned().collect::<BTreeSet<_>>();
    let wanted = sorted(members);
    evidence::runs_at(&pool.runs, &pool.branch, &pool.tip).into_iter().any(|run: &Run| {
        run.kind == ProwJobType::Batch
            && run.job == job.name()
            && Verdict::of(run.state) != Verdict::Red
            && sorted(&run.members) == wanted
    })
}
