//! What a pool does next: from what was observed to actions with reasons, for one branch.
//!
//! The plan is a function: the same facts give the same plan, and carrying it out and observing again gives the next
//! one. It never asks twice for what exists, and where it has to know something first it says so as a question. One
//! step of a landing is planned at a time, on facts that were read for it.

use super::{
    batch::{self, Limits},
    checks::{self, Case, Examined, Stage},
    commit::{self, CommitMessage},
    intent::{self, Car, Intent, Resolution},
    members::{self, MemberReport},
    method::Method,
    policy::{Landing, Policy, Strategy},
    pool::{Change, Member, Pool, Question},
    reason::MergeReason,
    requirements::{self, Record},
    rounds::Round,
    status::{self, PoolStatus},
    tide_merge::{self, StatusWrite},
    tide_plan,
};
use crate::{facts::BaseSha, job::Presubmit, reason::Planned};
use api::prow_job::ProwJobType;
use jiff::Timestamp;
use std::collections::BTreeSet;

/// Something that a pool does.
#[derive(Clone, Debug, PartialEq)]
pub enum MergeAction {
    /// Write down what is required, and what GitHub refused.
    WriteRecord(Record),
    /// Start runs for changes together on the tip.
    Start(Start),
    /// End a run that nothing depends on any more.
    AbortRun(String),
    /// Write down what lands, before it does.
    WriteIntent(Intent),
    /// Ask GitHub to merge the first car of the intent that is written down.
    Call(Call),
    /// Remove the intent: it is done, or given up.
    CloseIntent,
    /// Read this pull request and the tip from GitHub again.
    Read(u64),
}

/// Runs for changes together on the tip.
#[derive(Clone, Debug, PartialEq)]
pub struct Start {
    /// The tip.
    pub base: BaseSha,
    /// The changes, in the order in which they are merged.
    pub members: Vec<Member>,
    /// A batch reports nothing on the heads; Tide tests a single change as a presubmit, which does.
    pub kind: ProwJobType,
    /// The jobs, each with the how manieth run of it this is on this train, from 1: a part of its name.
    pub jobs: Vec<(Presubmit, u32)>,
}

/// A call to merge one change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The change, at the head that must still be there.
    pub member: Member,
    /// How.
    pub method: Method,
    /// The commit's texts.
    pub message: CommitMessage,
    /// What is written to the head first.
    pub statuses: Vec<StatusWrite>,
}

/// What is under test, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrainReport {
    /// The changes, in order.
    pub members: Vec<Member>,
    /// How far it is.
    pub state: super::train::TrainState,
    /// How many of its jobs have not passed.
    pub left: usize,
    /// How many jobs it has.
    pub jobs: usize,
}

/// What a pool does next.
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use = "a plan does nothing until it is applied"]
pub struct Plan {
    /// What to do, in this order.
    pub actions: Vec<Planned<MergeAction, MergeReason>>,
    /// How every open change stands, first those that merge first.
    pub members: Vec<MemberReport>,
    /// What is under test.
    pub trains: Vec<TrainReport>,
    /// The statuses of changes that do not say the same already.
    pub statuses: Vec<(Member, PoolStatus)>,
    /// What has to be known for a better plan.
    pub questions: Vec<Question>,
    /// When something changes by the clock alone.
    pub look_again_at: Option<Timestamp>,
    /// The pool lands one change at a time because GitHub's rules for the branch are strict.
    pub strict_branch: bool,
}

/// What the pool does next.
pub fn plan(pool: &Pool, policy: &Policy, now: Timestamp) -> Plan {
    if let Some(what) = unsupported(policy) {
        let members = members::all(pool, &MergeReason::Unsupported(what));
        return Plan { statuses: status::news(pool, policy, &members), members, ..Plan::default() };
    }
    let mut plan = match policy.strategy {
        Strategy::Tide(limits) => tide_plan::plan(pool, policy, limits, now),
        Strategy::Serial { .. } | Strategy::Batch { .. } | Strategy::Train => {
            match batch::limits(pool, policy) {
                Some(limits) => own_trains(pool, policy, limits, now),
                None => Plan::default(),
            }
        }
    };
    plan.strict_branch = pool.protected_strict;
    plan.look_again_at = next_look(&plan, now);
    plan
}

/// What the policy asks for that cannot be done yet.
pub fn unsupported(policy: &Policy) -> Option<&'static str> {
    match (&policy.strategy, policy.landing) {
        (Strategy::Train, _) => Some("Strategy Train"),
        (_, Landing::FastForward) => Some("Landing FastForward"),
        (Strategy::Serial { .. } | Strategy::Batch { .. } | Strategy::Tide(_), Landing::MergeApi) => None,
    }
}

fn own_trains(pool: &Pool, policy: &Policy, limits: Limits, now: Timestamp) -> Plan {
    let examined: Vec<Examined<'_>> =
        pool.changes.iter().map(|change| checks::examine(pool, policy, change)).collect();
    let mut round = Round::new(pool, policy, limits, now, &examined);
    let mut plan = Plan::default();
    let recorded = record(pool, policy, now, &mut plan);
    if let Some(intent) = &pool.intent {
        next_step(pool, policy, intent, recorded, now, &mut plan);
    } else {
        plan.actions.extend(round.void_runs());
        let landing = if recorded && !policy.paused { round.landing() } else { None };
        match landing {
            Some(landing) => plan.actions.push(landing),
            None if policy.paused => {}
            None => plan.actions.extend(round.starts()),
        }
    }
    plan.members = members::reports(&round);
    plan.trains = round.train_reports();
    plan.questions = round.questions;
    plan.statuses = status::news(pool, policy, &plan.members);
    plan
}

/// Plans to write the record where it has changed, and says whether its rules stand, so that a merge may rely on them.
/// Without a record there is a pause first, in which nothing lands: what is seen first may be half of what there is.
pub(super) fn record(pool: &Pool, policy: &Policy, now: Timestamp, plan: &mut Plan) -> bool {
    if !pool.all_jobs_observed {
        return false;
    }
    let old = match &pool.record {
        Some(record) => record.clone(),
        None if now >= requirements::end(pool.observed_since, policy.settle) => Record::default(),
        None => return false,
    };
    let jobs = pool.jobs.at(&BTreeSet::new()).unwrap_or_else(|_| pool.jobs.central.iter().collect());
    let manual = policy.contexts.require_manual_jobs;
    let rules = requirements::remember(&old, jobs, &pool.refused_jobs, manual, now, policy.settle);
    let mut refusals = old.refusals;
    let heads: BTreeSet<Member> = pool.changes.iter().map(Change::member).collect();
    refusals.retain(|r| heads.contains(&Member { number: r.number, head: r.head.clone() }));
    let stands = pool.record.as_ref().is_some_and(|record| record.rules == rules);
    let new = Record { rules, refusals };
    if pool.record.as_ref() != Some(&new) {
        let why = MergeReason::RequirementsChanged;
        plan.actions.push(Planned::new(MergeAction::WriteRecord(new), why));
    }
    stands
}

/// Plans the next step of the landing that is under way.
pub(super) fn next_step(
    pool: &Pool,
    policy: &Policy,
    intent: &Intent,
    recorded: bool,
    now: Timestamp,
    plan: &mut Plan,
) {
    let Some(car) = intent.cars.first() else { return };
    let step = match intent::resolve(pool, intent, now) {
        Resolution::Landed(commit) => intent::landed(intent, &commit, pool.term, now),
        Resolution::Close(why) => Planned::new(MergeAction::CloseIntent, why),
        Resolution::Read(at) if at > now => {
            plan.look_again_at = Some(at);
            return;
        }
        Resolution::Read(_) => read(pool, intent, car),
        Resolution::Call => match pool.changes.iter().find(|change| change.member() == car.member) {
            None => read(pool, intent, car),
            Some(change) => call(pool, policy, intent, car, change, recorded, now),
        },
    };
    plan.actions.push(step);
}

fn read(pool: &Pool, intent: &Intent, car: &Car) -> Planned<MergeAction, MergeReason> {
    let why = if intent::is_unclear(pool, intent) { MergeReason::Unresolved } else { MergeReason::LastLook };
    Planned::new(MergeAction::Read(car.member.number), why)
}

/// The call for a car, or the end of the landing where something has changed since its tests began: all of it is looked
/// at once more, on fresh facts.
fn call(
    pool: &Pool,
    policy: &Policy,
    intent: &Intent,
    car: &Car,
    change: &Change,
    recorded: bool,
    now: Timestamp,
) -> Planned<MergeAction, MergeReason> {
    let examined = checks::examine(pool, policy, change);
    let case = Case { pool, policy, examined: &examined, now };
    let held = checks::held(&case, Stage::Belongs)
        .or_else(|| checks::held(&case, Stage::Lands))
        .or(policy.paused.then_some(MergeReason::Paused))
        .or((!recorded).then_some(MergeReason::RequirementsChanged));
    if let Some(why) = held {
        let why = MergeReason::MemberLeft { number: car.member.number, why: Box::new(why) };
        return Planned::new(MergeAction::CloseIntent, why);
    }
    let call = Call {
        member: car.member.clone(),
        method: car.method,
        message: commit::message(&policy.commit, change),
        statuses: tide_merge::statuses(pool, policy, &examined, &pool_members(intent)),
    };
    Planned::new(MergeAction::Call(call), MergeReason::Landing)
}

fn pool_members(intent: &Intent) -> Vec<Member> {
    intent.cars.iter().map(|car| car.member.clone()).collect()
}

/// The first time at which a reason that was given ends.
fn next_look(plan: &Plan, now: Timestamp) -> Option<Timestamp> {
    let ends = plan.members.iter().filter_map(|member| member.why.until());
    ends.chain(plan.look_again_at).filter(|until| *until > now).min()
}
