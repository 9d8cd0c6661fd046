//! A pull request and what hangs on it: comments, reviews, statuses, check runs.

use super::{BaseSha, HeadSha, Login, RepoName};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What GitHub says about merging a pull request cleanly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mergeable {
    /// It merges.
    Mergeable,
    /// It has conflicts.
    Conflicting,
    /// GitHub has not computed it yet.
    #[default]
    Unknown,
}

/// GitHub's `mergeStateStatus`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum MergeState {
    /// The branch rules hold it back.
    Blocked,
    /// The head is behind the base, where the rules ask for an up-to-date head.
    Behind,
    /// Nothing in the way.
    Clean,
    /// Conflicts.
    Dirty,
    /// A draft.
    Draft,
    /// Hooks run before the merge.
    HasHooks,
    /// Mergeable, with a status that is not green.
    Unstable,
    /// Not computed yet.
    #[default]
    Unknown,
    /// A value that GitHub added after this was written.
    Other(String),
}

/// GitHub's summary of the reviews.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReviewDecision {
    /// The reviews that the rules ask for are there.
    Approved,
    /// Somebody asked for changes.
    ChangesRequested,
    /// Reviews are missing.
    ReviewRequired,
    /// The branch asks for no reviews.
    #[default]
    None,
    /// A value that GitHub added after this was written.
    Other(String),
}

/// What GitHub says somebody is to the repository.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum AuthorAssociation {
    /// Owns it.
    Owner,
    /// Belongs to the organisation, publicly or visibly to us.
    Member,
    /// Was invited to the repository.
    Collaborator,
    /// Anything else: not a proof of trust.
    #[default]
    Other,
}

/// An open or closed pull request, as the last look found it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullRequest {
    /// Where it was opened.
    pub repository: RepoName,
    /// Its number.
    pub number: u64,
    /// GraphQL node id, for the calls that need it.
    #[serde(default)]
    pub node_id: String,
    /// Its title.
    pub title: String,
    /// Its description.
    pub body: String,
    /// Who opened it; `None` where the account is gone.
    pub author: Option<Login>,
    /// Whether an app opened it.
    #[serde(default)]
    pub author_is_bot: bool,
    /// The branch that it merges into.
    pub base_ref: String,
    /// The tip of that branch when the pull request was read.
    pub base_sha: BaseSha,
    /// The branch that it comes from.
    pub head_ref: String,
    /// The commit that it asks to merge.
    pub head_sha: HeadSha,
    /// Labels, as GitHub spells them.
    pub labels: BTreeSet<String>,
    /// Title of its milestone.
    #[serde(default)]
    pub milestone: Option<String>,
    /// Who is to work on it.
    #[serde(default)]
    pub assignees: Vec<Login>,
    /// Who is asked for a review.
    #[serde(default)]
    pub requested_reviewers: Vec<Login>,
    /// Not ready yet.
    #[serde(default)]
    pub draft: bool,
    /// Open, that is neither closed nor merged.
    pub open: bool,
    /// Merged.
    #[serde(default)]
    pub merged: bool,
    /// Whether it merges cleanly.
    #[serde(default)]
    pub mergeable: Mergeable,
    /// What GitHub's rules say.
    #[serde(default)]
    pub merge_state: MergeState,
    /// What the reviews say.
    #[serde(default)]
    pub review_decision: ReviewDecision,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it last changed, as far as GitHub counts changes.
    pub updated_at: Timestamp,
}

/// State of a commit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StatusState {
    /// Waits or runs; also a context that is required and has not reported.
    Pending,
    /// Passed.
    Success,
    /// Failed.
    Failure,
    /// Could not be carried out.
    Error,
}

impl StatusState {
    /// GitHub's word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Error => "error",
        }
    }
}

/// A status of a commit, by context.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitStatus {
    /// The name.
    pub context: String,
    /// The state.
    pub state: StatusState,
    /// The text beside it.
    #[serde(default)]
    pub description: String,
    /// The link behind it.
    #[serde(default)]
    pub target_url: String,
    /// Who set it, where GitHub says.
    #[serde(default)]
    pub creator: Option<Login>,
    /// When it was set.
    #[serde(default)]
    pub created_at: Option<Timestamp>,
}

/// How far a check run has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CheckStatus {
    /// Ended; the conclusion tells how.
    Completed,
    /// Not ended.
    Running,
    /// A value that GitHub added after this was written.
    Other(String),
}

/// How a check run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CheckConclusion {
    /// Passed.
    Success,
    /// Neither good nor bad.
    Neutral,
    /// Not run.
    Skipped,
    /// Failed.
    Failure,
    /// Any other end (cancelled, timed out, action required, stale, startup failure, unknown).
    Other(String),
}

/// A check run on a commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckRun {
    /// The name, which stands beside the contexts of statuses.
    pub name: String,
    /// How far it has come.
    pub status: CheckStatus,
    /// How it ended.
    pub conclusion: Option<CheckConclusion>,
}

/// Names one text in which commands may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum CommentId {
    /// The description of the issue or pull request.
    Description,
    /// A comment of the conversation.
    Comment(u64),
    /// A submitted review.
    Review(u64),
    /// A comment on a line of the change.
    ReviewComment(u64),
}

/// A comment of the conversation or on a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    /// Which one.
    pub id: CommentId,
    /// GraphQL node id, for reactions.
    #[serde(default)]
    pub node_id: String,
    /// Who wrote it; `None` where the account is gone.
    pub author: Option<Login>,
    /// Whether an app wrote it.
    #[serde(default)]
    pub author_is_bot: bool,
    /// The text.
    pub body: String,
    /// When it was written.
    pub created_at: Timestamp,
    /// When its text was last changed; `None`: never.
    #[serde(default)]
    pub last_edited_at: Option<Timestamp>,
    /// Whether we put our mark on it (DESIGN C2).
    #[serde(default)]
    pub marked: bool,
    /// The link to it.
    #[serde(default)]
    pub url: String,
}

impl Comment {
    /// Whether this account wrote it. An app's login ends in `[bot]` in some of GitHub's answers and not in others; a
    /// person who took the same name is somebody else.
    pub fn is_by(&self, account: &Login) -> bool {
        let bare = |login: &Login| login.folded().trim_end_matches("[bot]").to_owned();
        let same = |author: &Login| author == account || self.author_is_bot && bare(author) == bare(account);
        self.author.as_ref().is_some_and(same)
    }
}

/// What a review says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReviewState {
    /// Approves.
    Approved,
    /// Asks for changes.
    ChangesRequested,
    /// Only comments.
    Commented,
    /// Was dismissed.
    Dismissed,
    /// Was begun, not sent.
    Pending,
    /// A value that GitHub added after this was written.
    Other(String),
}

/// A submitted review: a comment with a verdict on one commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// Its text and author.
    pub comment: Comment,
    /// Its verdict.
    pub state: ReviewState,
    /// The head that it was made on.
    pub commit: HeadSha,
}
