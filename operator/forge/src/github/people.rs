//! Who somebody is: the credentials themselves, members, collaborators, teams.

use super::transport::{Transport, segment};
use crate::{ForgeError, Permission, Viewer, ViewerKind};
use decide::facts::{Login, RepoName};
use serde::Deserialize;
use std::collections::BTreeSet;

#[derive(Deserialize)]
struct User {
    login: String,
}

pub(super) async fn viewer(via: &Transport) -> Result<Viewer, ForgeError> {
    #[derive(Deserialize)]
    struct Me {
        login: String,
        #[serde(rename = "type", default)]
        kind: String,
    }
    match via.get::<Me>("/user").await {
        Ok(me) => {
            let kind = if me.kind == "Bot" { ViewerKind::App } else { ViewerKind::User };
            Ok(Viewer { login: Login::new(me.login), kind })
        }
        // An installation has no user: GraphQL tells its bot's name.
        Err(ForgeError::Forbidden { .. }) => super::graphql::viewer(via).await,
        Err(error) => Err(error),
    }
}

pub(super) async fn is_member(
    via: &Transport,
    organization: &str,
    login: &Login,
) -> Result<bool, ForgeError> {
    let (organization, login) = (segment(organization), segment(login.as_str()));
    match via.exists(&format!("/orgs/{organization}/members/{login}")).await {
        // GitHub tells strangers only about public members, and sends them there.
        Err(ForgeError::Refused { status: 302, .. }) => {
            via.exists(&format!("/orgs/{organization}/public_members/{login}")).await
        }
        other => other,
    }
}

pub(super) async fn permission(
    via: &Transport,
    repository: &RepoName,
    login: &Login,
) -> Result<Permission, ForgeError> {
    #[derive(Deserialize)]
    struct Answer {
        permission: String,
        #[serde(default)]
        role_name: String,
    }
    let (owner, name) = (segment(&repository.owner), segment(&repository.name));
    let path = format!("/repos/{owner}/{name}/collaborators/{}/permission", segment(login.as_str()));
    let answer: Answer = match via.get(&path).await {
        Err(ForgeError::NotFound { .. }) => return Ok(Permission::None),
        other => other?,
    };
    Ok(match (answer.role_name.as_str(), answer.permission.as_str()) {
        ("admin", _) | (_, "admin") => Permission::Admin,
        ("maintain", _) => Permission::Maintain,
        (_, "write") => Permission::Write,
        ("triage", _) => Permission::Triage,
        (_, "read") => Permission::Read,
        _ => Permission::None,
    })
}

pub(super) async fn collaborators(
    via: &Transport,
    repository: &RepoName,
) -> Result<BTreeSet<Login>, ForgeError> {
    let (owner, name) = (segment(&repository.owner), segment(&repository.name));
    let users: Vec<User> = via.list(&format!("/repos/{owner}/{name}/collaborators?per_page=100")).await?;
    Ok(users.into_iter().map(|user| Login::new(user.login)).collect())
}

pub(super) async fn team_members(
    via: &Transport,
    organization: &str,
    slug: &str,
) -> Result<BTreeSet<Login>, ForgeError> {
    let (organization, slug) = (segment(organization), segment(slug));
    let users: Vec<User> =
        via.list(&format!("/orgs/{organization}/teams/{slug}/members?per_page=100")).await?;
    Ok(users.into_iter().map(|user| Login::new(user.login)).collect())
}
