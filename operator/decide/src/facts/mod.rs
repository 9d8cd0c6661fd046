//! What was observed outside, as values: people, repositories, pull requests, statuses.
//!
//! The forge fills these types in, the decisions read them. A fact carries no behaviour beyond comparing itself.

mod name;
mod pull_request;
mod sha;

pub use name::{InvalidName, Login, RepoName};
pub use pull_request::{
    AuthorAssociation, CheckConclusion, CheckRun, CheckStatus, Comment, CommentId, CommitStatus, MergeState,
    Mergeable, PullRequest, Review, ReviewDecision, ReviewState, StatusState,
};
pub use sha::{BaseSha, CommitSha, HeadSha, TreeSha};
