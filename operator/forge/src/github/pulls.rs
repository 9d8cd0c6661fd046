//! Calls that only pull requests have: files, review requests, the merge.

use super::transport::{Transport, judge, message_of, parse, segment};
use crate::{ForgeError, MergeAnswer, MergeCall, MergeMethodName};
use decide::facts::{CommitSha, Login, RepoName};
use http::Method;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

fn path(repository: &RepoName, number: u64) -> String {
    format!("/repos/{}/{}/pulls/{number}", segment(&repository.owner), segment(&repository.name))
}

pub(super) async fn changed_files(
    via: &Transport,
    repository: &RepoName,
    number: u64,
) -> Result<Vec<String>, ForgeError> {
    #[derive(Deserialize)]
    struct File {
        filename: String,
    }
    let files: Vec<File> = via.list(&(path(repository, number) + "/files?per_page=100")).await?;
    Ok(files.into_iter().map(|file| file.filename).collect())
}

fn reviewers(logins: &BTreeSet<Login>, teams: &BTreeSet<String>) -> Value {
    let logins: Vec<&str> = logins.iter().map(Login::as_str).collect();
    json!({ "reviewers": logins, "team_reviewers": teams })
}

pub(super) async fn request_reviews(
    via: &Transport,
    repository: &RepoName,
    number: u64,
    logins: &BTreeSet<Login>,
    teams: &BTreeSet<String>,
) -> Result<(), ForgeError> {
    let path = path(repository, number) + "/requested_reviewers";
    via.write(Method::POST, &path, Some(&reviewers(logins, teams))).await.map(drop)
}

pub(super) async fn unrequest_reviews(
    via: &Transport,
    repository: &RepoName,
    number: u64,
    logins: &BTreeSet<Login>,
    teams: &BTreeSet<String>,
) -> Result<(), ForgeError> {
    let path = path(repository, number) + "/requested_reviewers";
    via.write(Method::DELETE, &path, Some(&reviewers(logins, teams))).await.map(drop)
}

pub(super) async fn merge(
    via: &Transport,
    repository: &RepoName,
    call: &MergeCall,
) -> Result<MergeAnswer, ForgeError> {
    #[derive(Deserialize)]
    struct Merged {
        sha: String,
    }
    let mut body = Map::new();
    let method = match call.method {
        MergeMethodName::Merge => "merge",
        MergeMethodName::Squash => "squash",
        MergeMethodName::Rebase => "rebase",
    };
    body.insert("sha".to_owned(), call.head.as_str().into());
    body.insert("merge_method".to_owned(), method.into());
    for (key, text) in [("commit_title", &call.title), ("commit_message", &call.message)] {
        if !text.is_empty() {
            body.insert(key.to_owned(), text.as_str().into());
        }
    }
    let path = path(repository, call.number) + "/merge";
    let (status, answer) = via.write_unjudged(Method::PUT, &path, Some(&body)).await?;
    match status.as_u16() {
        200 => Ok(MergeAnswer::Merged(CommitSha::new(parse::<Merged>(&path, &answer)?.sha))),
        status @ (403 | 405 | 409 | 422) => Ok(MergeAnswer::Refused { status, message: message_of(&answer) }),
        _ => match judge(&path, status, &answer) {
            Err(error) => Err(error),
            Ok(()) => Err(ForgeError::Unclear { what: path, message: format!("status {status}") }),
        },
    }
}
