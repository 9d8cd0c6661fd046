//! Issues, and pull requests as issues with a head and a base, as GitHub has them.

use jiff::Timestamp;
use serde_json::Value;

use super::Sha;
use crate::Name;

/// An issue or a pull request.
#[derive(Clone, Debug)]
pub struct Issue {
    /// The number that never changes.
    pub id: u64,
    /// The number in the repository.
    pub number: u64,
    /// The title.
    pub title: String,
    /// The description.
    pub body: Option<String>,
    /// Who opened it.
    pub author: Name,
    /// Whether it is open.
    pub open: bool,
    /// Why it was closed, for issues.
    pub state_reason: Option<String>,
    /// Whether only collaborators may comment.
    pub locked: bool,
    /// The reason given with the lock.
    pub lock_reason: Option<String>,
    /// Labels in the order in which they were set.
    pub labels: Vec<Name>,
    /// Assignees.
    pub assignees: Vec<Name>,
    /// The milestone's number.
    pub milestone: Option<u64>,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it last changed; statuses and pushes to the base do not move it.
    pub updated_at: Timestamp,
    /// When the description was last edited.
    pub last_edited_at: Option<Timestamp>,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
    /// Comments, oldest first.
    pub comments: Vec<Comment>,
    /// Reactions to the description.
    pub reactions: Vec<Reaction>,
    /// What happened, oldest first.
    pub events: Vec<Event>,
    /// What makes it a pull request.
    pub pull: Option<Pull>,
}

/// What a pull request has beyond an issue.
#[derive(Clone, Debug)]
pub struct Pull {
    /// The repository of the head; `None` once a fork is gone.
    pub head_repo: Option<Name>,
    /// The branch of the head.
    pub head_ref: String,
    /// The head.
    pub head_sha: Sha,
    /// The branch to merge into.
    pub base_ref: String,
    /// The base's tip when the pull request was opened, pushed to or retargeted last.
    pub base_sha: Sha,
    /// Whether it is a draft.
    pub draft: bool,
    /// Set when merged.
    pub merged: Option<Merged>,
    /// Accounts asked for a review.
    pub requested_reviewers: Vec<Name>,
    /// Teams asked for a review.
    pub requested_teams: Vec<Name>,
    /// Reviews, oldest first.
    pub reviews: Vec<Review>,
    /// Comments on lines, oldest first.
    pub review_comments: Vec<ReviewComment>,
    /// The last trial merge, behind `refs/pull/N/merge`.
    pub trial: Option<Trial>,
}

/// A trial merge of a pull request, good for one pair of tips.
#[derive(Clone, Debug)]
pub struct Trial {
    /// The base's tip.
    pub base: Sha,
    /// The head.
    pub head: Sha,
    /// The merge commit; `None` on a conflict.
    pub merge: Option<Sha>,
}

/// How a pull request was merged.
#[derive(Clone, Debug)]
pub struct Merged {
    /// By whom.
    pub by: Name,
    /// When.
    pub at: Timestamp,
    /// The commit on the base.
    pub sha: Sha,
}

/// A comment on an issue or pull request.
#[derive(Clone, Debug)]
pub struct Comment {
    /// The number that never changes.
    pub id: u64,
    /// Who wrote it.
    pub author: Name,
    /// The text.
    pub body: String,
    /// When.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When its text was last edited.
    pub last_edited_at: Option<Timestamp>,
    /// Reactions.
    pub reactions: Vec<Reaction>,
}

/// A review.
#[derive(Clone, Debug)]
pub struct Review {
    /// The number that never changes.
    pub id: u64,
    /// Who gave it.
    pub author: Name,
    /// The text.
    pub body: String,
    /// `APPROVED`, `CHANGES_REQUESTED`, `COMMENTED` or `DISMISSED`.
    pub state: String,
    /// The head it was given for.
    pub commit_id: Sha,
    /// When.
    pub submitted_at: Timestamp,
    /// When its text was last edited.
    pub last_edited_at: Option<Timestamp>,
    /// Reactions.
    pub reactions: Vec<Reaction>,
}

/// A comment on a line.
#[derive(Clone, Debug)]
pub struct ReviewComment {
    /// The number that never changes.
    pub id: u64,
    /// The review it belongs to.
    pub review: u64,
    /// Who wrote it.
    pub author: Name,
    /// The text.
    pub body: String,
    /// The file.
    pub path: String,
    /// The line.
    pub line: Option<u64>,
    /// The head it was made on.
    pub commit_id: Sha,
    /// The comment it answers.
    pub in_reply_to: Option<u64>,
    /// When.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When its text was last edited.
    pub last_edited_at: Option<Timestamp>,
    /// Reactions.
    pub reactions: Vec<Reaction>,
}

/// A reaction.
#[derive(Clone, Debug)]
pub struct Reaction {
    /// The number that never changes.
    pub id: u64,
    /// Who reacted.
    pub user: Name,
    /// `+1`, `-1`, `laugh`, `confused`, `heart`, `hooray`, `rocket` or `eyes`.
    pub content: String,
    /// When.
    pub created_at: Timestamp,
}

/// An entry of the timeline.
#[derive(Clone, Debug)]
pub struct Event {
    /// The number that never changes.
    pub id: u64,
    /// GitHub's word for it, such as `labeled`.
    pub event: String,
    /// Who did it.
    pub actor: Name,
    /// When.
    pub created_at: Timestamp,
    /// The fields that only this kind of event has.
    pub extra: Value,
}
