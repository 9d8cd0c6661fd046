//! GitHub, over REST and GraphQL. octocrab gives credentials, TLS and the base address; the calls, their payloads and
//! what an error means are ours (research: octocrab's retry repeats writes, its models reject new enum values, its
//! GraphQL loses the error type).

mod cache;
mod connect;
mod graphql;
mod hooks;
mod items;
mod labels;
mod people;
mod pulls;
mod repositories;
mod statuses;
mod transport;

pub use connect::{Connection, Credentials, InProcess, connect};

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
use std::collections::BTreeSet;
use transport::Transport;

type Answer<T> = Result<T, ForgeError>;

/// GitHub, for one set of credentials and, with an App, one installation.
pub struct GitHub {
    transport: Transport,
}

#[async_trait]
impl Forge for GitHub {
    async fn viewer(&self) -> Answer<Viewer> {
        people::viewer(&self.transport).await
    }
    async fn repositories(&self, owner: &str) -> Answer<Vec<RepoName>> {
        repositories::list(&self.transport, owner).await
    }
    async fn open_pulls(&self, repository: &RepoName) -> Answer<Vec<PullSnapshot>> {
        graphql::open_pulls(&self.transport, repository).await
    }
    async fn pull(&self, repository: &RepoName, number: u64) -> Answer<PullSnapshot> {
        graphql::pull(&self.transport, repository, number).await
    }
    async fn changed_files(&self, repository: &RepoName, number: u64) -> Answer<Vec<String>> {
        pulls::changed_files(&self.transport, repository, number).await
    }
    async fn issue(&self, repository: &RepoName, number: u64) -> Answer<ItemSnapshot> {
        graphql::issue(&self.transport, repository, number).await
    }
    async fn issues_with_label(&self, repository: &RepoName, label: &str) -> Answer<Vec<(u64, String)>> {
        let items = items::with_label(&self.transport, repository, label).await?;
        let issues = items.into_iter().filter(|item| !item.is_pull_request());
        Ok(issues.map(|issue| (issue.number, issue.title)).collect())
    }
    async fn items_with_label(&self, repository: &RepoName, label: &str) -> Answer<Vec<u64>> {
        let items = items::with_label(&self.transport, repository, label).await?;
        Ok(items.into_iter().map(|item| item.number).collect())
    }
    async fn branches(&self, repository: &RepoName) -> Answer<Vec<BranchTip>> {
        repositories::branches(&self.transport, repository).await
    }
    async fn tip(&self, repository: &RepoName, branch: &str) -> Answer<Option<BaseSha>> {
        repositories::tip(&self.transport, repository, branch).await
    }
    async fn allowed_methods(&self, repository: &RepoName) -> Answer<AllowedMethods> {
        repositories::allowed_methods(&self.transport, repository).await
    }
    async fn changed_between(
        &self,
        repository: &RepoName,
        from: &CommitSha,
        to: &CommitSha,
    ) -> Answer<Vec<String>> {
        repositories::changed_between(&self.transport, repository, from, to).await
    }
    async fn required_contexts(&self, repository: &RepoName, branch: &str) -> Answer<RequiredContexts> {
        repositories::required_contexts(&self.transport, repository, branch).await
    }
    async fn is_member(&self, organization: &str, login: &Login) -> Answer<bool> {
        people::is_member(&self.transport, organization, login).await
    }
    async fn permission(&self, repository: &RepoName, login: &Login) -> Answer<Permission> {
        people::permission(&self.transport, repository, login).await
    }
    async fn collaborators(&self, repository: &RepoName) -> Answer<BTreeSet<Login>> {
        people::collaborators(&self.transport, repository).await
    }
    async fn team_members(&self, organization: &str, slug: &str) -> Answer<BTreeSet<Login>> {
        people::team_members(&self.transport, organization, slug).await
    }
    async fn labels(&self, repository: &RepoName) -> Answer<Vec<Label>> {
        labels::list(&self.transport, repository).await
    }
    async fn create_label(&self, repository: &RepoName, label: &Label) -> Answer<()> {
        labels::create(&self.transport, repository, label).await
    }
    async fn edit_label(&self, repository: &RepoName, name: &str, to: &Label) -> Answer<()> {
        labels::edit(&self.transport, repository, name, to).await
    }
    async fn delete_label(&self, repository: &RepoName, name: &str) -> Answer<()> {
        labels::delete(&self.transport, repository, name).await
    }
    async fn add_labels(&self, repository: &RepoName, number: u64, labels: &BTreeSet<String>) -> Answer<()> {
        labels::add(&self.transport, repository, number, labels).await
    }
    async fn remove_label(&self, repository: &RepoName, number: u64, label: &str) -> Answer<()> {
        labels::remove(&self.transport, repository, number, label).await
    }
    async fn create_comment(&self, repository: &RepoName, number: u64, body: &CommentBody) -> Answer<u64> {
        items::create_comment(&self.transport, repository, number, body).await
    }
    async fn edit_comment(&self, repository: &RepoName, id: u64, body: &CommentBody) -> Answer<()> {
        items::edit_comment(&self.transport, repository, id, body).await
    }
    async fn delete_comment(&self, repository: &RepoName, id: u64) -> Answer<()> {
        items::delete_comment(&self.transport, repository, id).await
    }
    async fn mark(&self, node_id: &str, what: CommentId) -> Answer<()> {
        graphql::mark(&self.transport, node_id, what).await
    }
    async fn assign(&self, repository: &RepoName, number: u64, logins: &BTreeSet<Login>) -> Answer<()> {
        items::assign(&self.transport, repository, number, logins).await
    }
    async fn unassign(&self, repository: &RepoName, number: u64, logins: &BTreeSet<Login>) -> Answer<()> {
        items::unassign(&self.transport, repository, number, logins).await
    }
    async fn request_reviews(
        &self,
        repository: &RepoName,
        number: u64,
        logins: &BTreeSet<Login>,
        teams: &BTreeSet<String>,
    ) -> Answer<()> {
        pulls::request_reviews(&self.transport, repository, number, logins, teams).await
    }
    async fn unrequest_reviews(
        &self,
        repository: &RepoName,
        number: u64,
        logins: &BTreeSet<Login>,
        teams: &BTreeSet<String>,
    ) -> Answer<()> {
        pulls::unrequest_reviews(&self.transport, repository, number, logins, teams).await
    }
    async fn close(&self, repository: &RepoName, number: u64, reason: CloseReason) -> Answer<()> {
        items::close(&self.transport, repository, number, reason).await
    }
    async fn reopen(&self, repository: &RepoName, number: u64) -> Answer<()> {
        items::reopen(&self.transport, repository, number).await
    }
    async fn retitle(&self, repository: &RepoName, number: u64, title: &str) -> Answer<()> {
        items::retitle(&self.transport, repository, number, title).await
    }
    async fn set_status(&self, repository: &RepoName, sha: &CommitSha, status: &StatusWish) -> Answer<()> {
        statuses::set(&self.transport, repository, sha, status).await
    }
    async fn status_history(
        &self,
        repository: &RepoName,
        sha: &HeadSha,
    ) -> Answer<Vec<decide::facts::CommitStatus>> {
        statuses::history(&self.transport, repository, sha).await
    }
    async fn merge(&self, repository: &RepoName, call: &MergeCall) -> Answer<MergeAnswer> {
        pulls::merge(&self.transport, repository, call).await
    }
    async fn hooks(&self, source: &HookSource) -> Answer<Vec<Hook>> {
        hooks::list(&self.transport, source).await
    }
    async fn ensure_hook(&self, source: &HookSource, wish: &HookWish) -> Answer<u64> {
        hooks::ensure(&self.transport, source, wish).await
    }
    async fn delete_hook(&self, source: &HookSource, id: u64) -> Answer<()> {
        hooks::delete(&self.transport, source, id).await
    }
    async fn deliveries(&self, source: &HookSource, hook: u64) -> Answer<Vec<Delivery>> {
        hooks::deliveries(&self.transport, source, hook).await
    }
    async fn redeliver(&self, source: &HookSource, hook: u64, delivery: u64) -> Answer<()> {
        hooks::redeliver(&self.transport, source, hook, delivery).await
    }
    async fn git_token(&self) -> Answer<secrecy::SecretString> {
        self.transport.git_token().await
    }
}
