//! How each open change of a pool stands, and why: what `kubectl describe mergepool` shows of it.

use super::{
    checks::Stage,
    pool::{Change, Member, Pool},
    reason::MergeReason,
    rounds::Round,
    tide::trialled,
    train::{Train, TrainState},
};

/// How a change stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberReport {
    /// The change.
    pub member: Member,
    /// How it stands.
    pub state: MemberState,
    /// Why.
    pub why: MergeReason,
}

/// How a change stands, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MemberState {
    /// Something is missing.
    Waiting,
    /// It may merge and waits for its turn.
    Queued,
    /// It is in a train.
    Testing,
    /// Its merge was begun.
    Merging,
    /// It failed in the pool.
    Excluded,
    /// GitHub refused the merge.
    Refused,
}

impl MemberState {
    /// The word for this reason.
    pub fn of(why: &MergeReason) -> Self {
        match why {
            MergeReason::Queued { .. } | MergeReason::Green { .. } | MergeReason::NextOnTip { .. } => {
                Self::Queued
            }
            MergeReason::Testing { .. } | MergeReason::Retry { .. } | MergeReason::SplitAfterRed { .. } => {
                Self::Testing
            }
            MergeReason::Landing
            | MergeReason::Merged { .. }
            | MergeReason::Unverified { .. }
            | MergeReason::LastLook
            | MergeReason::Unresolved => Self::Merging,
            MergeReason::Excluded { .. } => Self::Excluded,
            MergeReason::Refused { .. } => Self::Refused,
            MergeReason::NotOpen
            | MergeReason::Draft
            | MergeReason::NotLookedAt
            | MergeReason::Paused
            | MergeReason::NoQuery
            | MergeReason::QueryUnmet { .. }
            | MergeReason::Conflict
            | MergeReason::ConflictingMethodLabels
            | MergeReason::CannotRebase
            | MergeReason::MethodForbidden(_)
            | MergeReason::BlockedByGitHub
            | MergeReason::BlockedByIssues(_)
            | MergeReason::JobsUnknown(_)
            | MergeReason::InvalidContextPolicy(_)
            | MergeReason::ContextFailed(_)
            | MergeReason::ContextMissing(_)
            | MergeReason::ContextPending(_)
            | MergeReason::Settling { .. }
            | MergeReason::NoRecord { .. }
            | MergeReason::Frozen { .. }
            | MergeReason::Unsupported(_)
            | MergeReason::RequirementsChanged
            | MergeReason::ConflictsWithTrain
            | MergeReason::BaseMoved { .. }
            | MergeReason::MemberLeft { .. }
            | MergeReason::HeadMoved { .. }
            | MergeReason::Superseded
            | MergeReason::ForeignPush { .. } => Self::Waiting,
        }
    }
}

/// A change that stands for this reason.
pub(super) fn report(change: &Change, why: MergeReason) -> MemberReport {
    MemberReport { member: change.member(), state: MemberState::of(&why), why }
}

/// Every change, for one reason.
pub(super) fn all(pool: &Pool, why: &MergeReason) -> Vec<MemberReport> {
    pool.changes.iter().map(|change| report(change, why.clone())).collect()
}

/// How every change of the pool stands, in the order in which they merge.
pub(super) fn reports(round: &Round<'_>) -> Vec<MemberReport> {
    let mut before = 0;
    round
        .order
        .iter()
        .map(|examined| {
            let member = examined.change.member();
            let why = known(round, &member, examined).unwrap_or_else(|| {
                before += 1;
                MergeReason::Queued { before: before - 1 }
            });
            report(examined.change, why)
        })
        .collect()
}

/// What can be said about a change beyond that it waits for its turn.
fn known<'a>(
    round: &Round<'a>,
    member: &Member,
    examined: &'a super::checks::Examined<'a>,
) -> Option<MergeReason> {
    let landing = |intent: &super::intent::Intent| intent.cars.iter().any(|car| car.member == *member);
    if round.pool.intent.as_ref().is_some_and(landing) {
        return Some(MergeReason::Landing);
    }
    if let Some(why) = round.held(examined, &[Stage::Belongs]) {
        return Some(why);
    }
    if let Some(why) = tested(round, member) {
        return Some(why);
    }
    if let Some(why) = round.held(examined, &[Stage::Joins]) {
        return Some(why);
    }
    if round.policy.paused {
        return Some(MergeReason::Paused);
    }
    if let Some(why) = round.held(examined, &[Stage::Lands]) {
        return Some(why);
    }
    let trial = round.trial()?;
    let answer = trialled(round.pool, &trial)?;
    let full = answer.taken.len() >= round.limits.size;
    let last = answer.taken.last().and_then(|last| place(&trial.candidates, last));
    let passed_over = place(&trial.candidates, member).is_some_and(|mine| !full || Some(mine) < last);
    (passed_over && !answer.taken.contains(member)).then_some(MergeReason::ConflictsWithTrain)
}

fn place<T>(candidates: &[(Member, T)], member: &Member) -> Option<usize> {
    candidates.iter().position(|(candidate, _)| candidate == member)
}

/// What the longest train that holds the change says about it.
fn tested(round: &Round<'_>, member: &Member) -> Option<MergeReason> {
    let retries = round.limits.retries;
    let mine = |state: &[TrainState]| {
        let of = |train: &&Train<'_>| train.members.contains(member) && state.contains(&train.state(retries));
        round.trains.iter().filter(of).max_by_key(|train| train.members.len())
    };
    if let Some(train) = mine(&[TrainState::Running, TrainState::Incomplete]) {
        return Some(MergeReason::Testing {
            position: train.members.iter().position(|m| m == member)? + 1,
            of: train.members.len(),
            jobs: train.progress(retries),
        });
    }
    let train = mine(&[TrainState::Green])?;
    Some(round.not_landing(train).unwrap_or_else(|| MergeReason::Green {
        base: round.pool.tip.short().to_owned(),
        members: train.numbers(),
    }))
}
