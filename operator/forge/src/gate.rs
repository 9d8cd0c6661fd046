//! The one gate through which all writes go (DESIGN G2): open in mode Active, closed in Shadow and Paused.
//!
//! A closed gate is an error of its own kind, so that whoever acts records what would have been done.

use crate::{
    BranchTip, CloseReason, CommentBody, Delivery, Forge, ForgeError, Hook, HookSource, HookWish,
    ItemSnapshot, Label, MergeAnswer, MergeCall, Permission, PullSnapshot, RequiredContexts, StatusWish,
    Viewer,
};
use async_trait::async_trait;
use decide::{
    facts::{BaseSha, CommentId, CommitSha, HeadSha, Login, RepoName},
    merge::method::AllowedMethods,
};
use std::{collections::BTreeSet, sync::Arc};

type Answer<T> = Result<T, ForgeError>;

/// Whether writes pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GateState {
    /// They do.
    Open,
    /// They do not; the mode that says so.
    Closed(&'static str),
}

/// A forge whose writes pass only while the gate is open.
#[derive(Clone)]
pub struct Gate {
    inner: Arc<dyn Forge>,
    state: GateState,
}

impl Gate {
    /// Puts a gate before a forge.
    pub fn new(inner: Arc<dyn Forge>, state: GateState) -> Self {
        Self { inner, state }
    }

    fn pass(&self, what: &str) -> Answer<&dyn Forge> {
        match self.state {
            GateState::Open => Ok(self.inner.as_ref()),
            GateState::Closed(mode) => Err(ForgeError::Closed { what: what.to_owned(), mode }),
        }
    }
}

#[async_trait]
impl Forge for Gate {
    async fn viewer(&self) -> Answer<Viewer> {
        self.inner.viewer().await
    }
    async fn repositories(&self, owner: &str) -> Answer<Vec<RepoName>> {
        self.inner.repositories(owner).await
    }
    async fn open_pulls(&self, repository: &RepoName) -> Answer<Vec<PullSnapshot>> {
        self.inner.open_pulls(repository).await
    }
    async fn pull(&self, repository: &RepoName, number: u64) -> Answer<PullSnapshot> {
        self.inner.pull(repository, number).await
    }
    async fn changed_files(&self, repository: &RepoName, number: u64) -> Answer<Vec<String>> {
        self.inner.changed_files(repository, number).await
    }
    async fn issue(&self, repository: &RepoName, number: u64) -> Answer<ItemSnapshot> {
        self.inner.issue(repository, number).await
    }
    async fn issues_with_label(&self, repository: &RepoName, label: &str) -> Answer<Vec<(u64, String)>> {
        self.inner.issues_with_label(repository, label).await
    }
    async fn items_with_label(&self, repository: &RepoName, label: &str) -> Answer<Vec<u64>> {
        self.inner.items_with_label(repository, label).await
    }
    async fn branches(&self, repository: &RepoName) -> Answer<Vec<BranchTip>> {
        self.inner.branches(repository).await
    }
    async fn tip(&self, repository: &RepoName, branch: &str) -> Answer<Option<BaseSha>> {
        self.inner.tip(repository, branch).await
    }
    async fn allowed_methods(&self, repository: &RepoName) -> Answer<AllowedMethods> {
        self.inner.allowed_methods(repository).await
    }
    async fn changed_between(
        &self,
        repository: &RepoName,
        from: &CommitSha,
        to: &CommitSha,
    ) -> Answer<Vec<String>> {
        self.inner.changed_between(repository, from, to).await
    }
    async fn required_contexts(&self, repository: &RepoName, branch: &str) -> Answer<RequiredContexts> {
        self.inner.required_contexts(repository, branch).await
    }
    async fn is_member(&self, organization: &str, login: &Login) -> Answer<bool> {
        self.inner.is_member(organization, login).await
    }
    async fn permission(&self, repository: &RepoName, login: &Login) -> Answer<Permission> {
        self.inner.permission(repository, login).await
    }
    async fn collaborators(&self, repository: &RepoName) -> Answer<BTreeSet<Login>> {
        self.inner.collaborators(repository).await
    }
    async fn team_members(&self, organization: &str, slug: &str) -> Answer<BTreeSet<Login>> {
        self.inner.team_members(organization, slug).await
    }
    async fn labels(&self, repository: &RepoName) -> Answer<Vec<Label>> {
        self.inner.labels(repository).await
    }
    async fn status_history(
        &self,
        repository: &RepoName,
        sha: &HeadSha,
    ) -> Answer<Vec<decide::facts::CommitStatus>> {
        self.inner.status_history(repository, sha).await
    }
    async fn hooks(&self, source: &HookSource) -> Answer<Vec<Hook>> {
        self.inner.hooks(source).await
    }
    async fn deliveries(&self, source: &HookSource, hook: u64) -> Answer<Vec<Delivery>> {
        self.inner.deliveries(source, hook).await
    }
    async fn git_token(&self) -> Answer<secrecy::SecretString> {
        self.inner.git_token().await
    }

    async fn create_label(&self, repository: &RepoName, label: &Label) -> Answer<()> {
        self.pass("a new label")?.create_label(repository, label).await
    }
    async fn edit_label(&self, repository: &RepoName, name: &str, to: &Label) -> Answer<()> {
        self.pass("a label's change")?.edit_label(repository, name, to).await
    }
    async fn delete_label(&self, repository: &RepoName, name: &str) -> Answer<()> {
        self.pass("a label's removal")?.delete_label(repository, name).await
    }
    async fn add_labels(&self, repository: &RepoName, number: u64, labels: &BTreeSet<String>) -> Answer<()> {
        self.pass("a label")?.add_labels(repository, number, labels).await
    }
    async fn remove_label(&self, repository: &RepoName, number: u64, label: &str) -> Answer<()> {
        self.pass("a label's removal")?.remove_label(repository, number, label).await
    }
    async fn create_comment(&self, repository: &RepoName, number: u64, body: &CommentBody) -> Answer<u64> {
        self.pass("a comment")?.create_comment(repository, number, body).await
    }
    async fn edit_comment(&self, repository: &RepoName, id: u64, body: &CommentBody) -> Answer<()> {
        self.pass("a comment's change")?.edit_comment(repository, id, body).await
    }
    async fn delete_comment(&self, repository: &RepoName, id: u64) -> Answer<()> {
        self.pass("a comment's removal")?.delete_comment(repository, id).await
    }
    async fn mark(&self, node_id: &str, what: CommentId) -> Answer<()> {
        self.pass("a reaction")?.mark(node_id, what).await
    }
    async fn assign(&self, repository: &RepoName, number: u64, logins: &BTreeSet<Login>) -> Answer<()> {
        self.pass("an assignment")?.assign(repository, number, logins).await
    }
    async fn unassign(&self, repository: &RepoName, number: u64, logins: &BTreeSet<Login>) -> Answer<()> {
        self.pass("an assignment's end")?.unassign(repository, number, logins).await
    }
    async fn request_reviews(
        &self,
        repository: &RepoName,
        number: u64,
        logins: &BTreeSet<Login>,
        teams: &BTreeSet<String>,
    ) -> Answer<()> {
        self.pass("a review request")?.request_reviews(repository, number, logins, teams).await
    }
    async fn unrequest_reviews(
        &self,
        repository: &RepoName,
        number: u64,
        logins: &BTreeSet<Login>,
        teams: &BTreeSet<String>,
    ) -> Answer<()> {
        self.pass("a review request's end")?.unrequest_reviews(repository, number, logins, teams).await
    }
    async fn close(&self, repository: &RepoName, number: u64, reason: CloseReason) -> Answer<()> {
        self.pass("a close")?.close(repository, number, reason).await
    }
    async fn reopen(&self, repository: &RepoName, number: u64) -> Answer<()> {
        self.pass("a reopening")?.reopen(repository, number).await
    }
    async fn retitle(&self, repository: &RepoName, number: u64, title: &str) -> Answer<()> {
        self.pass("a title")?.retitle(repository, number, title).await
    }
    async fn set_status(&self, repository: &RepoName, sha: &CommitSha, status: &StatusWish) -> Answer<()> {
        self.pass("a status")?.set_status(repository, sha, status).await
    }
    async fn merge(&self, repository: &RepoName, call: &MergeCall) -> Answer<MergeAnswer> {
        self.pass("a merge")?.merge(repository, call).await
    }
    async fn ensure_hook(&self, source: &HookSource, wish: &HookWish) -> Answer<u64> {
        self.pass("a hook")?.ensure_hook(source, wish).await
    }
    async fn delete_hook(&self, source: &HookSource, id: u64) -> Answer<()> {
        self.pass("a hook's removal")?.delete_hook(source, id).await
    }
    async fn redeliver(&self, source: &HookSource, hook: u64, delivery: u64) -> Answer<()> {
        self.pass("a redelivery")?.redeliver(source, hook, delivery).await
    }
}
