//! How each open change of a pool stands, and why: what `kubectl describe mergepool` shows of it.

use super::{
    intent::Intent,
    pool::{Change, Member, Pool},
    reason::MergeReason,
    rounds::{Place, Round},
    tide::trialled,
    train::{Train, TrainState},
};
use std::collections::BTreeSet;

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
            | MergeReason::JobSetAside { .. }
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
    let passed_over = passed_over(round);
    let mut before = 0;
    round
        .order
        .iter()
        .map(|place| {
            let why = known(round, place, &passed_over).unwrap_or_else(|| {
                before += 1;
                MergeReason::Queued { before: before - 1 }
            });
            report(place.examined.change, why)
        })
        .collect()
}

/// What can be said about a change beyond that it waits for its turn.
fn known(round: &Round<'_>, place: &Place<'_>, passed_over: &BTreeSet<Member>) -> Option<MergeReason> {
    let member = place.member();
    let landing = |intent: &Intent| intent.cars.iter().any(|car| car.member == member);
    if round.pool.intent.as_ref().is_some_and(landing) {
        return Some(MergeReason::Landing);
    }
    let paused = round.policy.paused.then_some(MergeReason::Paused);
    let conflict = passed_over.contains(&member).then_some(MergeReason::ConflictsWithTrain);
    place
        .belongs
        .clone()
        .or_else(|| tested(round, &member))
        .or_else(|| place.joins.clone())
        .or(paused)
        .or_else(|| place.lands.clone())
        .or(conflict)
}

/// The changes that git could not merge behind others when the next train was made up.
fn passed_over(round: &Round<'_>) -> BTreeSet<Member> {
    let Some(trial) = round.trial() else { return BTreeSet::new() };
    let Some(answer) = trialled(round.pool, &trial) else { return BTreeSet::new() };
    let place = |member: &Member| trial.candidates.iter().position(|(candidate, _)| candidate == member);
    // Behind the last one that was taken nobody was asked, once the train was full.
    let full = answer.taken.len() >= round.limits.size;
    let asked = answer.taken.last().and_then(place).filter(|_| full).unwrap_or(trial.candidates.len());
    let asked = trial.candidates.iter().take(asked).map(|(member, _)| member);
    asked.filter(|member| !answer.taken.contains(member)).cloned().collect()
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
