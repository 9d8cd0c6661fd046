//! Labels: of a repository, and on an issue or pull request.

use super::{
    items::{self, gone_is_good},
    transport::{Transport, segment},
};
use crate::{ForgeError, Label};
use decide::facts::RepoName;
use http::Method;
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeSet;

fn path(repository: &RepoName) -> String {
    format!("/repos/{}/{}/labels", segment(&repository.owner), segment(&repository.name))
}

pub(super) async fn list(via: &Transport, repository: &RepoName) -> Result<Vec<Label>, ForgeError> {
    #[derive(Deserialize)]
    struct Listed {
        name: String,
        color: String,
        description: Option<String>,
    }
    let labels: Vec<Listed> = via.list(&(path(repository) + "?per_page=100")).await?;
    let label =
        |l: Listed| Label { name: l.name, color: l.color, description: l.description.unwrap_or_default() };
    Ok(labels.into_iter().map(label).collect())
}

pub(super) async fn create(via: &Transport, repository: &RepoName, label: &Label) -> Result<(), ForgeError> {
    let body = json!({ "name": label.name, "color": label.color, "description": label.description });
    via.write(Method::POST, &path(repository), Some(&body)).await.map(drop)
}

pub(super) async fn edit(
    via: &Transport,
    repository: &RepoName,
    name: &str,
    to: &Label,
) -> Result<(), ForgeError> {
    let body = json!({ "new_name": to.name, "color": to.color, "description": to.description });
    let path = format!("{}/{}", path(repository), segment(name));
    via.write(Method::PATCH, &path, Some(&body)).await.map(drop)
}

pub(super) async fn delete(via: &Transport, repository: &RepoName, name: &str) -> Result<(), ForgeError> {
    let path = format!("{}/{}", path(repository), segment(name));
    gone_is_good(via.write(Method::DELETE, &path, None::<&()>).await.map(drop))
}

pub(super) async fn add(
    via: &Transport,
    repository: &RepoName,
    number: u64,
    labels: &BTreeSet<String>,
) -> Result<(), ForgeError> {
    let path = items::path(repository, number) + "/labels";
    via.write(Method::POST, &path, Some(&json!({ "labels": labels }))).await.map(drop)
}

pub(super) async fn remove(
    via: &Transport,
    repository: &RepoName,
    number: u64,
    label: &str,
) -> Result<(), ForgeError> {
    let path = format!("{}/labels/{}", items::path(repository, number), segment(label));
    gone_is_good(via.write(Method::DELETE, &path, None::<&()>).await.map(drop))
}
