//! Landing, written down before it begins (DESIGN M2): an intent that has no result is resolved by reading, never by
//! repeating.
//!
//! GitHub's merge call cannot say on which base, has no key by which a repeat would be recognised, and may have merged
//! although it answered with an error. So one intent a branch is open at most; it names the changes, the tip that they
//! were tested on, and what has landed so far.

use super::{
    landing::Answer,
    pool::{Change, Member},
    reason::MergeReason,
};
use crate::facts::BaseSha;
use serde::{Deserialize, Serialize};

/// A landing that was begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// The leader's term in which it was written: one of another term is only resolved.
    pub term: u64,
    /// The tip that the changes were tested on.
    pub base: BaseSha,
    /// The changes, in the order in which they land: number and head.
    pub members: Vec<IntentMember>,
    /// The commits of those that have landed, in order.
    #[serde(default)]
    pub landed: Vec<BaseSha>,
    /// The runs that prove that they pass.
    #[serde(default)]
    pub evidence: Vec<String>,
}

/// A change of an intent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntentMember {
    /// Its number.
    pub number: u64,
    /// The head that was tested.
    pub head: crate::facts::HeadSha,
}

impl From<&Member> for IntentMember {
    fn from(member: &Member) -> Self {
        Self { number: member.number, head: member.head.clone() }
    }
}

impl Intent {
    /// What the tip is when nobody else has moved the branch.
    pub fn expected_tip(&self) -> &BaseSha {
        self.landed.last().unwrap_or(&self.base)
    }

    /// The change whose turn it is; `None`: all have landed.
    pub fn next(&self) -> Option<Member> {
        let next = self.members.get(self.landed.len())?;
        Some(Member { number: next.number, head: next.head.clone() })
    }
}

/// What GitHub shows of the change whose turn it is, read after the intent was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// It was merged.
    Merged {
        /// As which commit.
        commit: BaseSha,
        /// The head that was merged.
        head: crate::facts::HeadSha,
    },
    /// It is open.
    Open {
        /// At which head.
        head: crate::facts::HeadSha,
    },
    /// It was closed.
    Closed,
}

/// What to do about an open intent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// Call for the next change.
    Call(Member),
    /// It has landed: write that down, then go on.
    Record(BaseSha),
    /// Give the rest up: write the result down and plan anew.
    Close(MergeReason),
    /// All has landed.
    Done,
    /// Read the change again first.
    Read(u64),
}

/// Resolves an open intent from what was read: the tip, and the change whose turn it is.
pub fn resolve(intent: &Intent, tip: &BaseSha, reading: Option<&Reading>) -> Resolution {
    let Some(next) = intent.next() else { return Resolution::Done };
    let Some(reading) = reading else { return Resolution::Read(next.number) };
    let expected = intent.expected_tip();
    let foreign =
        || MergeReason::ForeignPush { expected: expected.short().to_owned(), found: tip.short().to_owned() };
    match reading {
        // Somebody may have merged it by hand, at another head; then nothing that was tested is on the branch.
        Reading::Merged { head, .. } if *head != next.head => Resolution::Close(foreign()),
        Reading::Merged { commit, .. } => Resolution::Record(commit.clone()),
        Reading::Open { head } if *head != next.head => {
            Resolution::Close(MergeReason::HeadMoved { number: next.number })
        }
        Reading::Open { .. } if tip != expected => Resolution::Close(foreign()),
        Reading::Open { .. } => Resolution::Call(next),
        Reading::Closed => {
            let why = Box::new(MergeReason::NotOpen);
            Resolution::Close(MergeReason::MemberLeft { number: next.number, why })
        }
    }
}

/// What follows from GitHub's answer to the call for one change.
pub fn after_call(member: &Member, answer: &Answer) -> Resolution {
    match answer {
        Answer::Merged { commit } => Resolution::Record(BaseSha::new(commit)),
        Answer::HeadModified => Resolution::Close(MergeReason::HeadMoved { number: member.number }),
        // What GitHub now calls the base may hold somebody else's push: read, then decide.
        Answer::BaseModified | Answer::Unclear(_) | Answer::Throttled(_) => Resolution::Read(member.number),
        Answer::Unauthorized(_)
        | Answer::MethodForbidden(_)
        | Answer::Unmergeable(_)
        | Answer::Invalid(_)
        | Answer::Refused(_) => Resolution::Close(MergeReason::MemberLeft {
            number: member.number,
            why: Box::new(MergeReason::Refused { message: answer.words(), until: jiff::Timestamp::MAX }),
        }),
    }
}

/// How GitHub shows a change that was just read.
pub fn reading(change: &Change, merged_as: Option<&str>) -> Reading {
    let pull = &change.pull;
    match merged_as {
        Some(commit) if pull.merged => {
            Reading::Merged { commit: BaseSha::new(commit), head: pull.head_sha.clone() }
        }
        _ if pull.open => Reading::Open { head: pull.head_sha.clone() },
        _ => Reading::Closed,
    }
}
