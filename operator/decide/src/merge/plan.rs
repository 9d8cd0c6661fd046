//! What a pool does next: from what was observed to actions with reasons, for one branch.
//!
//! The plan is a function: the same facts give the same plan, and carrying it out and observing again gives the next
//! one. It never asks twice for what exists, and where it has to know something first it says so as a question. One
//! step of a landing is planned at a time, on facts that were read for it.

use super::{
    batch::{self, Limits},
    checks::{self, Case, Examined, Stage},
    commit::{self, CommitMessage},
    intent::{self, Intent, Resolution},
    members::{self, MemberReport},
    method::Method,
    policy::{Landing, Policy, Strategy},
    pool::{Member, Pool, Question},
    reason::MergeReason,
    requirements::{self, Record},
    rounds::Round,
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
        return Plan { members: members::all(pool, &MergeReason::Unsupported(what)), ..Plan::default() };
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
    let mut actions: Vec<Planned<MergeAction, MergeReason>> = Vec::new();
    let record = record(pool, policy, now);
    let recorded = record.is_none();
    actions.extend(record);
    if let Some(intent) = &pool.intent {
        actions.extend(next_step(pool, policy, intent, &examined, now));
    } else {
        actions.extend(round.void_runs());
        let landing = if recorded && !policy.paused { round.landing() } else { None };
        match landing {
            Some(landing) => actions.push(landing),
            None if policy.paused => {}
            None => actions.extend(round.starts()),
        }
    }
    let members = members::reports(&round);
    let trains = round.train_reports();
    Plan { actions, members, trains, questions: round.questions, ..Plan::default() }
}

/// The record, where it has to be written anew. Without one there is a pause first, in which nothing lands: what is
/// seen first may be half of what there is.
pub(super) fn record(
    pool: &Pool,
    policy: &Policy,
    now: Timestamp,
) -> Option<Planned<MergeAction, MergeReason>> {
    if !pool.all_jobs_observed {
        return None;
    }
    let old = match &pool.record {
        Some(record) => record.clone(),
        None if now >= requirements::end(pool.observed_since, policy.settle) => Record::default(),
        None => return None,
    };
    let jobs = pool.jobs.at(&BTreeSet::new()).unwrap_or_else(|_| pool.jobs.central.iter().collect());
    let rules = requirements::remember(
        &old,
        jobs,
        &pool.refused_jobs,
        policy.contexts.require_manual_jobs,
        now,
        policy.settle,
    );
    let mut refusals = old.refusals.clone();
    let heads: BTreeSet<Member> = pool.changes.iter().map(super::pool::Change::member).collect();
    refusals.retain(|r| heads.contains(&Member { number: r.number, head: r.head.clone() }));
    let new = Record { rules, refusals };
    (pool.record.as_ref() != Some(&new))
        .then(|| Planned::new(MergeAction::WriteRecord(new), MergeReason::RequirementsChanged))
}

/// The next step of the landing that is under way.
pub(super) fn next_step(
    pool: &Pool,
    policy: &Policy,
    intent: &Intent,
    examined: &[Examined<'_>],
    now: Timestamp,
) -> Option<Planned<MergeAction, MergeReason>> {
    let why = if intent::is_unclear(pool, intent) { MergeReason::Unresolved } else { MergeReason::LastLook };
    let read = |number| Some(Planned::new(MergeAction::Read(number), why.clone()));
    let close = |why| Some(Planned::new(MergeAction::CloseIntent, why));
    match intent::resolve(pool, intent, now) {
        Resolution::Landed(commit) => Some(intent::landed(intent, &commit, pool.term, now)),
        Resolution::Close(why) => close(why),
        Resolution::Read(at) if at > now => None,
        Resolution::Read(_) => intent.cars.first().and_then(|car| read(car.member.number)),
        Resolution::Call => {
            let car = intent.cars.first()?;
            let number = car.member.number;
            let Some(examined) = examined.iter().find(|e| e.change.member() == car.member) else {
                return read(number);
            };
            // All that could have changed since the tests began is looked at once more, on fresh facts.
            let case = Case { pool, policy, examined, now };
            let held = checks::held(&case, &[Stage::Belongs, Stage::Lands]);
            let held = if policy.paused { Some(MergeReason::Paused) } else { held };
            if let Some(why) = held {
                return close(MergeReason::MemberLeft { number, why: Box::new(why) });
            }
            let call = Call {
                member: car.member.clone(),
                method: car.method,
                message: commit::message(&policy.commit, examined.change),
                statuses: tide_merge::statuses(pool, policy, examined, &pool_members(intent)),
            };
            Some(Planned::new(MergeAction::Call(call), MergeReason::Landing))
        }
    }
}

fn pool_members(intent: &Intent) -> Vec<Member> {
    intent.cars.iter().map(|car| car.member.clone()).collect()
}

/// The first time at which a reason that was given ends.
fn next_look(plan: &Plan, now: Timestamp) -> Option<Timestamp> {
    plan.members.iter().filter_map(|member| member.why.until()).filter(|until| *until > now).min()
}
