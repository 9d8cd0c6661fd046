//! Landing, written down before it begins (DESIGN M2): a merge without a result is resolved by reading, never by
//! repeating.
//!
//! GitHub's merge call cannot say on which base, has no key by which a repeat would be recognised, and may have merged
//! although it answered with an error. So one intent a branch is open at most. It names the commit that the branch must
//! still be at and what lands on it; after each landing it is written anew, with the new commit and the rest.

use super::{
    landing::Answer,
    method::Method,
    plan::MergeAction,
    policy::Landing,
    pool::{Member, Pool},
    reason::MergeReason,
    requirements::{Record, Refusal},
};
use crate::{
    facts::{BaseSha, HeadSha, TreeSha},
    reason::Planned,
};
use jiff::{SignedDuration, Timestamp};

/// How long a merge whose answer was unclear is watched before it counts as not done.
pub const UNCLEAR_FOR: SignedDuration = SignedDuration::from_secs(30);

/// A landing that was begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// The commit that the branch must still be at.
    pub base: BaseSha,
    /// What lands, in this order; never empty.
    pub cars: Vec<Car>,
    /// How it lands.
    pub landing: Landing,
    /// The term of the leader that wrote this.
    pub term: u64,
    /// When it was written.
    pub written: Timestamp,
}

/// One change of an intent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Car {
    /// The change, at the head that may merge, and no other.
    pub member: Member,
    /// How its commits enter the branch.
    pub method: Method,
    /// The tree that the branch must have afterwards, where it is known.
    pub tree: Option<TreeSha>,
}

/// What GitHub shows of the first car, read after the intent was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// It was merged.
    Merged {
        /// As which commit: the branch's tip right after.
        commit: BaseSha,
        /// The head that was merged.
        head: HeadSha,
        /// The commit that it was merged onto, where git could tell.
        onto: Option<BaseSha>,
        /// The tree of the commit, where git could tell.
        tree: Option<TreeSha>,
    },
    /// It is open.
    Open {
        /// At which head.
        head: HeadSha,
    },
    /// It was closed without a merge.
    Closed,
}

/// What to do about an open intent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// Ask GitHub to merge the first car.
    Call,
    /// The first car has landed as this commit: write the rest down.
    Landed(BaseSha),
    /// Give up what is left, and plan anew.
    Close(MergeReason),
    /// Read the first car again, at this time.
    Read(Timestamp),
}

/// Resolves an open intent from what was read: the tip, and the first car.
pub fn resolve(pool: &Pool, intent: &Intent, now: Timestamp) -> Resolution {
    let Some(car) = intent.cars.first() else { return Resolution::Close(MergeReason::Unresolved) };
    let Some(reading) = &pool.reading else { return Resolution::Read(now) };
    let foreign = |found: &BaseSha| MergeReason::ForeignPush {
        expected: intent.base.short().to_owned(),
        found: found.short().to_owned(),
    };
    match reading {
        Reading::Merged { commit, head, onto, tree } => {
            let found = onto.as_ref().unwrap_or(commit);
            let other_base = onto.as_ref().is_some_and(|onto| *onto != intent.base);
            let other_tree = matches!((tree, &car.tree), (Some(is), Some(planned)) if is != planned);
            // Merged by hand at another head, or onto somebody else's push: nobody tested what is on the branch now.
            if *head != car.member.head || other_base || other_tree {
                Resolution::Close(foreign(found))
            } else if onto.is_none() && tree.is_none() && intent.cars.len() > 1 {
                Resolution::Close(MergeReason::Unverified { number: car.member.number })
            } else {
                Resolution::Landed(commit.clone())
            }
        }
        Reading::Open { head } if *head != car.member.head => {
            Resolution::Close(MergeReason::HeadMoved { number: car.member.number })
        }
        Reading::Open { .. } if pool.tip != intent.base => Resolution::Close(foreign(&pool.tip)),
        Reading::Open { .. } => match unclear_until(pool, intent) {
            Some(until) if now < until => Resolution::Read(until),
            Some(_) | None => Resolution::Call,
        },
        Reading::Closed => Resolution::Close(MergeReason::MemberLeft {
            number: car.member.number,
            why: Box::new(MergeReason::NotOpen),
        }),
    }
}

/// Whether a call may have been made whose answer is not known.
pub fn is_unclear(pool: &Pool, intent: &Intent) -> bool {
    intent.term != pool.term || pool.called_at.is_some()
}

/// Until when a call may still be under way at GitHub. Of another leader's intent nobody knows whether it called.
fn unclear_until(pool: &Pool, intent: &Intent) -> Option<Timestamp> {
    let since = if intent.term == pool.term { pool.called_at } else { Some(intent.written) };
    since.map(|since| since.saturating_add(UNCLEAR_FOR).unwrap_or(Timestamp::MAX))
}

/// The intent after its first car landed; `None`: that was the last.
pub fn rest(intent: &Intent, commit: &BaseSha, term: u64, now: Timestamp) -> Option<Intent> {
    let cars: Vec<Car> = intent.cars.iter().skip(1).cloned().collect();
    if cars.is_empty() {
        return None;
    }
    Some(Intent { base: commit.clone(), cars, landing: intent.landing, term, written: now })
}

/// What follows when the first car has landed.
pub fn landed(
    intent: &Intent,
    commit: &BaseSha,
    term: u64,
    now: Timestamp,
) -> Planned<MergeAction, MergeReason> {
    let action = match rest(intent, commit, term, now) {
        Some(rest) => MergeAction::WriteIntent(rest),
        None => MergeAction::CloseIntent,
    };
    let number = intent.cars.first().map_or(0, |car| car.member.number);
    Planned::new(action, MergeReason::Merged { number, commit: commit.short().to_owned() })
}

/// What follows from GitHub's answer to the call for the first car. A refusal is written down before the intent is
/// closed, or the same call would be made again at once.
pub fn after_answer(
    pool: &Pool,
    intent: &Intent,
    answer: &Answer,
    now: Timestamp,
) -> Vec<Planned<MergeAction, MergeReason>> {
    let Some(car) = intent.cars.first() else { return Vec::new() };
    match answer {
        // What was asked for is done. GitHub does not say onto which base: that is read before anything else lands.
        Answer::Merged { commit } => {
            let why = MergeReason::Merged { number: car.member.number, commit: commit.clone() };
            vec![Planned::new(MergeAction::Read(car.member.number), why)]
        }
        Answer::HeadModified => {
            vec![Planned::new(MergeAction::CloseIntent, MergeReason::HeadMoved { number: car.member.number })]
        }
        Answer::BaseModified | Answer::Unclear(_) | Answer::Throttled(_) => {
            vec![Planned::new(MergeAction::Read(car.member.number), MergeReason::Unresolved)]
        }
        Answer::Unauthorized(_)
        | Answer::MethodForbidden(_)
        | Answer::Unmergeable(_)
        | Answer::Invalid(_)
        | Answer::Refused(_) => {
            let record = pool.record.clone().unwrap_or_default();
            let record = refused(record, &car.member, &answer.words(), now);
            let until = record.refusal_of(&car.member).map_or(now, Refusal::until);
            let why = MergeReason::Refused { message: answer.words(), until };
            vec![
                Planned::new(MergeAction::WriteRecord(record), why.clone()),
                Planned::new(
                    MergeAction::CloseIntent,
                    MergeReason::MemberLeft { number: car.member.number, why: Box::new(why) },
                ),
            ]
        }
    }
}

fn refused(mut record: Record, member: &Member, message: &str, now: Timestamp) -> Record {
    let times = record.refusal_of(member).map_or(0, |refusal| refusal.times);
    record.refusals.retain(|refusal| refusal.number != member.number);
    record.refusals.push(Refusal {
        number: member.number,
        head: member.head.clone(),
        message: message.to_owned(),
        at: now,
        times: times.saturating_add(1),
    });
    record
}
