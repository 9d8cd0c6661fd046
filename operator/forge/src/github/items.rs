//! Calls that issues and pull requests share: comments, assignees, state, title.

use super::transport::{Transport, parse, segment};
use crate::{CloseReason, CommentBody, ForgeError};
use decide::facts::{Login, RepoName};
use http::Method;
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeSet;

pub(super) fn path(repository: &RepoName, number: u64) -> String {
    format!("/repos/{}/{}/issues/{number}", segment(&repository.owner), segment(&repository.name))
}

fn comment_path(repository: &RepoName, id: u64) -> String {
    format!("/repos/{}/{}/issues/comments/{id}", segment(&repository.owner), segment(&repository.name))
}

/// An open issue or pull request.
#[derive(Deserialize)]
pub(super) struct Listed {
    pub(super) number: u64,
    pub(super) title: String,
    pull_request: Option<serde::de::IgnoredAny>,
}

impl Listed {
    pub(super) fn is_pull_request(&self) -> bool {
        self.pull_request.is_some()
    }
}

pub(super) async fn with_label(
    via: &Transport,
    repository: &RepoName,
    label: &str,
) -> Result<Vec<Listed>, ForgeError> {
    let (owner, name) = (segment(&repository.owner), segment(&repository.name));
    via.list(&format!("/repos/{owner}/{name}/issues?state=open&per_page=100&labels={}", segment(label))).await
}

pub(super) async fn create_comment(
    via: &Transport,
    repository: &RepoName,
    number: u64,
    body: &CommentBody,
) -> Result<u64, ForgeError> {
    #[derive(Deserialize)]
    struct Created {
        id: u64,
    }
    let path = path(repository, number) + "/comments";
    let answer = via.write(Method::POST, &path, Some(&json!({ "body": body.0 }))).await?;
    Ok(parse::<Created>(&path, &answer)?.id)
}

pub(super) async fn edit_comment(
    via: &Transport,
    repository: &RepoName,
    id: u64,
    body: &CommentBody,
) -> Result<(), ForgeError> {
    let path = comment_path(repository, id);
    via.write(Method::PATCH, &path, Some(&json!({ "body": body.0 }))).await.map(drop)
}

pub(super) async fn delete_comment(
    via: &Transport,
    repository: &RepoName,
    id: u64,
) -> Result<(), ForgeError> {
    gone_is_good(via.write(Method::DELETE, &comment_path(repository, id), None::<&()>).await.map(drop))
}

/// Removing what is not there is done.
pub(super) fn gone_is_good(answer: Result<(), ForgeError>) -> Result<(), ForgeError> {
    match answer {
        Err(ForgeError::NotFound { .. }) => Ok(()),
        other => other,
    }
}

fn texts(logins: &BTreeSet<Login>) -> Vec<&str> {
    logins.iter().map(Login::as_str).collect()
}

pub(super) async fn assign(
    via: &Transport,
    repository: &RepoName,
    number: u64,
    logins: &BTreeSet<Login>,
) -> Result<(), ForgeError> {
    let path = path(repository, number) + "/assignees";
    via.write(Method::POST, &path, Some(&json!({ "assignees": texts(logins) }))).await.map(drop)
}

pub(super) async fn unassign(
    via: &Transport,
    repository: &RepoName,
    number: u64,
    logins: &BTreeSet<Login>,
) -> Result<(), ForgeError> {
    let path = path(repository, number) + "/assignees";
    via.write(Method::DELETE, &path, Some(&json!({ "assignees": texts(logins) }))).await.map(drop)
}

pub(super) async fn close(
    via: &Transport,
    repository: &RepoName,
    number: u64,
    reason: CloseReason,
) -> Result<(), ForgeError> {
    let reason = match reason {
        CloseReason::Completed => "completed",
        CloseReason::NotPlanned => "not_planned",
    };
    let body = json!({ "state": "closed", "state_reason": reason });
    via.write(Method::PATCH, &path(repository, number), Some(&body)).await.map(drop)
}

pub(super) async fn reopen(via: &Transport, repository: &RepoName, number: u64) -> Result<(), ForgeError> {
    via.write(Method::PATCH, &path(repository, number), Some(&json!({ "state": "open" }))).await.map(drop)
}

pub(super) async fn retitle(
    via: &Transport,
    repository: &RepoName,
    number: u64,
    title: &str,
) -> Result<(), ForgeError> {
    via.write(Method::PATCH, &path(repository, number), Some(&json!({ "title": title }))).await.map(drop)
}
