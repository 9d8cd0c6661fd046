//! What the rest of Bowsprit asks of the forge.

use crate::{
    BranchTip, CloseReason, CommentBody, Delivery, ForgeError, Hook, HookSource, HookWish, ItemSnapshot,
    Label, MergeAnswer, MergeCall, Permission, PullSnapshot, StatusWish, Viewer,
};
use async_trait::async_trait;
use decide::{
    facts::{BaseSha, CommentId, CommitSha, HeadSha, Login, RepoName},
    merge::method::AllowedMethods,
};
use std::collections::BTreeSet;

type Answer<T> = Result<T, ForgeError>;

/// The verbs, for one set of credentials.
///
/// Every read says what was asked for in its error. Every write is level: it is harmless where the wanted state is
/// already there, except [`merge`](Forge::merge) and [`create_comment`](Forge::create_comment), whose callers look first.
/// No call waits for a rate limit: it fails with the time from which calls are allowed.
#[async_trait]
pub trait Forge: Send + Sync {
    /// Who the credentials are.
    async fn viewer(&self) -> Answer<Viewer>;
    /// The repositories of an owner that the credentials see, archived ones left out.
    async fn repositories(&self, owner: &str) -> Answer<Vec<RepoName>>;

    /// All open pull requests, with statuses, without comments: one page a hundred.
    async fn open_pulls(&self, repository: &RepoName) -> Answer<Vec<PullSnapshot>>;
    /// One pull request with everything.
    async fn pull(&self, repository: &RepoName, number: u64) -> Answer<PullSnapshot>;
    /// Paths that a pull request changes.
    async fn changed_files(&self, repository: &RepoName, number: u64) -> Answer<Vec<String>>;
    /// One issue with its comments. A pull request is `NotFound` here.
    async fn issue(&self, repository: &RepoName, number: u64) -> Answer<ItemSnapshot>;
    /// Numbers of the open issues that carry a label, with their titles.
    async fn issues_with_label(&self, repository: &RepoName, label: &str) -> Answer<Vec<(u64, String)>>;
    /// Numbers of the open issues and pull requests that carry a label.
    async fn items_with_label(&self, repository: &RepoName, label: &str) -> Answer<Vec<u64>>;

    /// All branches.
    async fn branches(&self, repository: &RepoName) -> Answer<Vec<BranchTip>>;
    /// The tip of one branch; `None`: there is no such branch.
    async fn tip(&self, repository: &RepoName, branch: &str) -> Answer<Option<BaseSha>>;
    /// The ways in which the repository's settings let pull requests be merged.
    async fn allowed_methods(&self, repository: &RepoName) -> Answer<AllowedMethods>;
    /// Paths changed between two commits, and whether the second follows from the first.
    async fn changed_between(
        &self,
        repository: &RepoName,
        from: &CommitSha,
        to: &CommitSha,
    ) -> Answer<Vec<String>>;
    /// Contexts that the branch's protection requires, and whether it is strict.
    async fn required_contexts(&self, repository: &RepoName, branch: &str) -> Answer<RequiredContexts>;

    /// Whether somebody belongs to an organisation.
    async fn is_member(&self, organization: &str, login: &Login) -> Answer<bool>;
    /// What somebody may do in a repository.
    async fn permission(&self, repository: &RepoName, login: &Login) -> Answer<Permission>;
    /// Everybody who may be asked for a review or assigned.
    async fn collaborators(&self, repository: &RepoName) -> Answer<BTreeSet<Login>>;
    /// Members of a team.
    async fn team_members(&self, organization: &str, slug: &str) -> Answer<BTreeSet<Login>>;

    /// All labels of a repository.
    async fn labels(&self, repository: &RepoName) -> Answer<Vec<Label>>;
    /// Makes a label.
    async fn create_label(&self, repository: &RepoName, label: &Label) -> Answer<()>;
    /// Changes a label, or renames it.
    async fn edit_label(&self, repository: &RepoName, name: &str, to: &Label) -> Answer<()>;
    /// Removes a label from the repository and all that carries it.
    async fn delete_label(&self, repository: &RepoName, name: &str) -> Answer<()>;

    /// Puts labels on an issue or pull request.
    async fn add_labels(&self, repository: &RepoName, number: u64, labels: &BTreeSet<String>) -> Answer<()>;
    /// Takes a label off.
    async fn remove_label(&self, repository: &RepoName, number: u64, label: &str) -> Answer<()>;
    /// Writes a comment and tells its id.
    async fn create_comment(&self, repository: &RepoName, number: u64, body: &CommentBody) -> Answer<u64>;
    /// Replaces a comment's text.
    async fn edit_comment(&self, repository: &RepoName, id: u64, body: &CommentBody) -> Answer<()>;
    /// Removes a comment.
    async fn delete_comment(&self, repository: &RepoName, id: u64) -> Answer<()>;
    /// Puts our mark (an `eyes` reaction) on a text (DESIGN C2).
    async fn mark(&self, node_id: &str, what: CommentId) -> Answer<()>;
    /// Assigns people; those whom GitHub cannot assign are left out by it.
    async fn assign(&self, repository: &RepoName, number: u64, logins: &BTreeSet<Login>) -> Answer<()>;
    /// Takes people off.
    async fn unassign(&self, repository: &RepoName, number: u64, logins: &BTreeSet<Login>) -> Answer<()>;
    /// Asks for reviews; `teams` by slug.
    async fn request_reviews(
        &self,
        repository: &RepoName,
        number: u64,
        logins: &BTreeSet<Login>,
        teams: &BTreeSet<String>,
    ) -> Answer<()>;
    /// Takes the request back.
    async fn unrequest_reviews(
        &self,
        repository: &RepoName,
        number: u64,
        logins: &BTreeSet<Login>,
        teams: &BTreeSet<String>,
    ) -> Answer<()>;
    /// Closes an issue or pull request; the reason only counts for issues.
    async fn close(&self, repository: &RepoName, number: u64, reason: CloseReason) -> Answer<()>;
    /// Opens it again.
    async fn reopen(&self, repository: &RepoName, number: u64) -> Answer<()>;
    /// Gives it another title.
    async fn retitle(&self, repository: &RepoName, number: u64, title: &str) -> Answer<()>;

    /// Sets a status on a commit.
    async fn set_status(&self, repository: &RepoName, sha: &CommitSha, status: &StatusWish) -> Answer<()>;
    /// All statuses that a commit ever had, newest first, at most a thousand.
    async fn status_history(
        &self,
        repository: &RepoName,
        sha: &HeadSha,
    ) -> Answer<Vec<decide::facts::CommitStatus>>;
    /// Merges. Never repeated by the forge.
    async fn merge(&self, repository: &RepoName, call: &MergeCall) -> Answer<MergeAnswer>;

    /// The hooks of an organisation or repository.
    async fn hooks(&self, source: &HookSource) -> Answer<Vec<Hook>>;
    /// Makes a hook, or changes the one that delivers to this URL.
    async fn ensure_hook(&self, source: &HookSource, wish: &HookWish) -> Answer<u64>;
    /// Removes a hook.
    async fn delete_hook(&self, source: &HookSource, id: u64) -> Answer<()>;
    /// The latest deliveries of a hook, newest first, at most two hundred.
    async fn deliveries(&self, source: &HookSource, hook: u64) -> Answer<Vec<Delivery>>;
    /// Asks GitHub to deliver again.
    async fn redeliver(&self, source: &HookSource, hook: u64, delivery: u64) -> Answer<()>;

    /// A token for git over HTTPS, good for at least some minutes.
    async fn git_token(&self) -> Answer<secrecy::SecretString>;
}

/// What branch protection requires.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequiredContexts {
    /// The contexts.
    pub contexts: BTreeSet<String>,
    /// The head must contain the base's tip.
    pub strict: bool,
}
