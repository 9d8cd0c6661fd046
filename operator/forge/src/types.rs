//! What is asked of the forge and what it answers, beyond the facts that `decide` defines.

use decide::facts::{
    BaseSha, CheckRun, Comment, CommitSha, CommitStatus, HeadSha, Login, PullRequest, RepoName, Review,
    StatusState,
};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// Who the credentials are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Viewer {
    /// The login under which everything is written.
    pub login: Login,
    /// What kind of account.
    pub kind: ViewerKind,
}

/// What kind of account the credentials belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ViewerKind {
    /// A user account, which must be a machine's (DESIGN C2).
    User,
    /// An installation of a GitHub App.
    App,
}

/// A pull request with everything that hangs on it, read at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullSnapshot {
    /// The pull request itself.
    pub pull: PullRequest,
    /// Conversation and line comments, oldest first. Empty where only heads were listed.
    pub comments: Vec<Comment>,
    /// Submitted reviews, oldest first.
    pub reviews: Vec<Review>,
    /// Statuses of the head, newest of each context.
    pub statuses: Vec<CommitStatus>,
    /// Check runs of the head.
    pub check_runs: Vec<CheckRun>,
    /// Whether the description carries our mark (DESIGN C2).
    pub description_marked: bool,
    /// When the description was last changed; `None`: never.
    pub description_edited_at: Option<Timestamp>,
    /// As which commit it was merged, where it was.
    pub merge_commit: Option<CommitSha>,
    /// Whether GitHub can rebase it.
    pub can_be_rebased: bool,
}

/// An issue, which takes some of the commands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemSnapshot {
    /// Where.
    pub repository: RepoName,
    /// Its number.
    pub number: u64,
    /// GraphQL node id.
    pub node_id: String,
    /// Its title.
    pub title: String,
    /// Its description.
    pub body: String,
    /// Who opened it.
    pub author: Option<Login>,
    /// Open.
    pub open: bool,
    /// Its labels.
    pub labels: BTreeSet<String>,
    /// Who works on it.
    pub assignees: Vec<Login>,
    /// Its comments, oldest first.
    pub comments: Vec<Comment>,
    /// Whether the description carries our mark.
    pub description_marked: bool,
    /// When the description was last changed; `None`: never.
    pub description_edited_at: Option<Timestamp>,
    /// When it was opened.
    pub created_at: Timestamp,
}

/// The tip of a branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BranchTip {
    /// The branch's name.
    pub name: String,
    /// Its tip.
    pub sha: BaseSha,
    /// Whether GitHub protects it.
    pub protected: bool,
}

/// A label of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Its name.
    pub name: String,
    /// Six hexadecimal digits, without `#`.
    pub color: String,
    /// Its description.
    pub description: String,
}

/// What somebody may do in a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permission {
    /// Nothing beyond what everybody may.
    None,
    /// Read.
    Read,
    /// Triage issues and pull requests.
    Triage,
    /// Push.
    Write,
    /// Manage without access to sensitive settings.
    Maintain,
    /// Everything.
    Admin,
}

/// A status to set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusWish {
    /// The name.
    pub context: String,
    /// The state.
    pub state: StatusState,
    /// At most 140 characters.
    pub description: String,
    /// The link behind it; empty: none.
    pub target_url: String,
}

/// The text of a comment of ours. Made by `decide`, so that it carries its marker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommentBody(pub String);

/// Why an issue is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// Done.
    Completed,
    /// It will not be done.
    NotPlanned,
}

/// How GitHub is to merge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MergeMethodName {
    /// A merge commit.
    Merge,
    /// One commit.
    Squash,
    /// The commits on top of the base.
    Rebase,
}

/// A merge to ask for. The head is part of it: GitHub refuses where it moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MergeCall {
    /// The pull request.
    pub number: u64,
    /// The head that was tested.
    pub head: HeadSha,
    /// How.
    pub method: MergeMethodName,
    /// Title of the commit; empty: GitHub's default.
    pub title: String,
    /// Text of the commit; empty: GitHub's default.
    pub message: String,
}

/// What GitHub answered to a merge call. A lost answer is `Unclear` of [`crate::ForgeError`]: read before repeating.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MergeAnswer {
    /// Merged, as this commit.
    Merged(CommitSha),
    /// Refused; status and words say why (405, 409, 422, 403).
    Refused {
        /// HTTP status.
        status: u16,
        /// GitHub's words.
        message: String,
    },
}

/// Which kind of hook delivers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HookSource {
    /// The App's own.
    App,
    /// An organisation's.
    Organization(String),
    /// A repository's.
    Repository(RepoName),
}

/// A hook as GitHub has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// GitHub's number of it.
    pub id: u64,
    /// Where it delivers to.
    pub url: String,
    /// Which events.
    pub events: BTreeSet<String>,
    /// Whether it delivers.
    pub active: bool,
}

/// A hook to have. The secret is GitHub's to keep: it is written, never read.
#[derive(Clone, Debug)]
pub struct HookWish {
    /// Where it delivers to.
    pub url: String,
    /// Which events.
    pub events: BTreeSet<String>,
    /// What deliveries are signed with.
    pub secret: secrecy::SecretString,
}

/// A delivery as GitHub lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// GitHub's number of this attempt.
    pub id: u64,
    /// The id that stays when it is delivered again.
    pub guid: String,
    /// When.
    pub delivered_at: Timestamp,
    /// Whether we answered.
    pub status: DeliveryStatus,
}

/// Whether a delivery arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryStatus {
    /// Answered with 2xx.
    Arrived,
    /// Anything else.
    Failed,
}
