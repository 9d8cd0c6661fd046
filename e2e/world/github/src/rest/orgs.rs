//! Organisations, teams, collaborators: who belongs where.

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::call::{Answer, Call, InRepo, Input, Named, no_content, ok};
use crate::refusal::{Allowed, Refusal};
use crate::state::{Org, Role, State, Team};
use crate::{GitHub, Name};

pub(super) fn router() -> Router<GitHub> {
    Router::new()
        .route("/orgs/{org}", get(org))
        .route("/orgs/{org}/repos", get(repos))
        .route("/orgs/{org}/members", get(members))
        .route("/orgs/{org}/members/{login}", get(is_member))
        .route("/orgs/{org}/public_members/{login}", get(is_public_member))
        .route("/orgs/{org}/memberships/{login}", get(membership))
        .route("/orgs/{org}/teams", get(teams))
        .route("/orgs/{org}/teams/{slug}", get(team))
        .route("/orgs/{org}/teams/{slug}/members", get(team_members))
        .route("/orgs/{org}/teams/{slug}/memberships/{login}", get(team_membership))
        .route("/orgs/{org}/teams/{slug}/repos", get(team_repos))
        .route("/repos/{owner}/{repo}/teams", get(teams_of_repo))
        .route("/repos/{owner}/{repo}/collaborators", get(collaborators))
        .route(
            "/repos/{owner}/{repo}/collaborators/{login}",
            get(is_collaborator).put(invite).delete(dismiss),
        )
        .route("/repos/{owner}/{repo}/collaborators/{login}/permission", get(permission))
        .route("/repos/{owner}/{repo}/assignees", get(assignees))
        .route("/repos/{owner}/{repo}/assignees/{login}", get(is_assignable))
}

impl Call {
    /// Works on an organisation.
    fn in_org(&self, org: &str, work: impl FnOnce(&State, &Org) -> Answer) -> Answer {
        self.github.look(|state| work(state, state.org(&Name::from(org))?))
    }

    /// Works on a team, which only members of the organisation may see.
    fn in_team(&self, org: &str, slug: &str, work: impl FnOnce(&State, &Org, &Team) -> Answer) -> Answer {
        self.in_org(org, |state, org| {
            let team = org.teams.get(&Name::from(slug)).filter(|_| state.is_insider(&self.caller, org));
            work(state, org, team.ok_or_else(Refusal::not_found)?)
        })
    }
}

async fn org(call: Call, Path(org): Path<String>) -> Answer {
    call.in_org(&org, |state, org| ok(state.show_org(org)))
}

async fn repos(call: Call, Path(org): Path<String>) -> Answer {
    call.knows(&["type", "sort", "direction"])?;
    call.in_org(&org, |state, org| {
        let owned = state
            .repos
            .values()
            .filter(|repo| org.login == *repo.name.owner() && state.role(&call.caller, &repo.name).is_some());
        call.list(state, owned.map(|repo| state.show_repo(repo)))
    })
}

async fn members(call: Call, Path(org): Path<String>) -> Answer {
    call.knows(&["role", "filter"])?;
    call.in_org(&org, |state, org| {
        let insider = state.is_insider(&call.caller, org);
        let chosen = org.members.iter().filter(|(login, _)| insider || org.public_members.contains(login));
        let chosen = chosen.filter(|(_, owner)| match call.param("role") {
            Some("admin") => **owner,
            Some("member") => !**owner,
            Some(_) | None => true,
        });
        call.list(state, chosen.map(|(login, _)| state.show_user(login)))
    })
}

async fn is_member(call: Call, Path((org, login)): Path<(String, String)>) -> Answer {
    call.in_org(&org, |state, org| {
        if !state.is_insider(&call.caller, org) {
            // Strangers are sent to the public list.
            let to = state.api(format_args!("/orgs/{}/public_members/{login}", org.login));
            return Ok(axum::response::IntoResponse::into_response((
                StatusCode::FOUND,
                [(http::header::LOCATION, to)],
            )));
        }
        if org.members.contains_key(&Name::from(login.as_str())) {
            no_content()
        } else {
            Err(Refusal::not_found())
        }
    })
}

async fn is_public_member(call: Call, Path((org, login)): Path<(String, String)>) -> Answer {
    call.in_org(&org, |_, org| {
        if org.public_members.contains(&Name::from(login.as_str())) {
            no_content()
        } else {
            Err(Refusal::not_found())
        }
    })
}

async fn membership(call: Call, Path((org, login)): Path<(String, String)>) -> Answer {
    call.in_org(&org, |state, org| {
        if !state.is_insider(&call.caller, org) {
            return Err(Refusal::forbidden(
                "You must be a member of this organization to see membership information.",
            ));
        }
        let login = Name::from(login.as_str());
        let owner = org.members.get(&login).ok_or_else(Refusal::not_found)?;
        ok(json!({
            "url": state.api(format_args!("/orgs/{}/memberships/{login}", org.login)),
            "state": "active",
            "role": if *owner { "admin" } else { "member" },
            "organization_url": state.api(format_args!("/orgs/{}", org.login)),
            "user": state.show_user(&login),
            "organization": state.show_org(org),
        }))
    })
}

async fn teams(call: Call, Path(org): Path<String>) -> Answer {
    call.in_org(&org, |state, org| {
        let visible = state.is_insider(&call.caller, org);
        call.list(state, org.teams.values().filter(|_| visible).map(|team| state.show_team(org, team)))
    })
}

async fn team(call: Call, Path((org, slug)): Path<(String, String)>) -> Answer {
    call.in_team(&org, &slug, |state, org, team| ok(state.show_team(org, team)))
}

async fn team_members(call: Call, Path((org, slug)): Path<(String, String)>) -> Answer {
    call.knows(&["role"])?;
    call.in_team(&org, &slug, |state, _, team| {
        let wanted = call.param("role").unwrap_or("all");
        let chosen = team
            .members
            .iter()
            .filter(|(_, maintainer)| wanted == "all" || **maintainer == (wanted == "maintainer"));
        call.list(state, chosen.map(|(login, _)| state.show_user(login)))
    })
}

async fn team_membership(call: Call, Path((org, slug, login)): Named) -> Answer {
    call.in_team(&org, &slug, |state, org, team| {
        let maintainer = team.members.get(&Name::from(login.as_str())).ok_or_else(Refusal::not_found)?;
        ok(json!({
            "url": state.api(format_args!("/orgs/{}/teams/{}/memberships/{login}", org.login, team.slug)),
            "role": if *maintainer { "maintainer" } else { "member" },
            "state": "active",
        }))
    })
}

async fn team_repos(call: Call, Path((org, slug)): Path<(String, String)>) -> Answer {
    call.in_team(&org, &slug, |state, _, team| {
        let repos = team.repos.iter().filter_map(|(name, role)| Some((state.repos.get(name)?, *role)));
        call.list(
            state,
            repos.map(|(repo, role)| {
                let mut shown = state.show_repo(repo);
                shown["permissions"] = permissions(Some(role));
                shown["role_name"] = json!(role.as_str());
                shown
            }),
        )
    })
}

async fn teams_of_repo(call: Call, Path((owner, repo)): InRepo) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        state.permit(&call.caller, repo, Role::Write)?;
        let Some(org) = state.orgs.get(&Name::from(repo.owner())) else { return call.list(state, []) };
        let teams = org.teams.values().filter_map(|team| Some((team, team.repos.get(repo)?)));
        call.list(
            state,
            teams.map(|(team, role)| {
                let mut shown = state.show_team(org, team);
                shown["permission"] = json!(if *role == Role::Read { "pull" } else { role.as_str() });
                shown
            }),
        )
    })
}

/// The five rights of a role.
pub(super) fn permissions(role: Option<Role>) -> Value {
    json!({
        "admin": role >= Some(Role::Admin),
        "maintain": role >= Some(Role::Maintain),
        "push": role >= Some(Role::Write),
        "triage": role >= Some(Role::Triage),
        "pull": role >= Some(Role::Read),
    })
}

fn show_collaborator(state: &State, repo: &Name, login: &Name) -> Value {
    let role = state.role_of(login, repo);
    let mut shown = state.show_user(login);
    shown["permissions"] = permissions(role);
    shown["role_name"] = json!(role.map_or("none", Role::as_str));
    shown
}

async fn collaborators(call: Call, Path((owner, repo)): InRepo) -> Answer {
    call.knows(&["affiliation", "permission"])?;
    call.within(&owner, &repo, |state, repo| {
        state.permit(&call.caller, repo, Role::Write)?;
        let all = state.users.keys().filter(|login| state.is_collaborator(login, repo));
        let least = match call.param("permission") {
            Some(word) => {
                Some(Role::parse(word).ok_or_else(|| Refusal::not_simulated(format!("permission={word}")))?)
            }
            None => None,
        };
        let all = all.filter(|login| state.role_of(login, repo) >= least);
        call.list(state, all.map(|login| show_collaborator(state, repo, login)))
    })
}

async fn is_collaborator(call: Call, Path((owner, repo, login)): Named) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        state.permit(&call.caller, repo, Role::Write)?;
        let login = Name::from(login);
        if state.users.contains_key(&login) && state.is_collaborator(&login, repo) {
            no_content()
        } else {
            Err(Refusal::not_found())
        }
    })
}

async fn permission(call: Call, Path((owner, repo, login)): Named) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        state.permit(&call.caller, repo, Role::Read)?;
        let login = Name::from(login);
        let user = state.user(&login)?.login.clone();
        let role = state.role_of(&user, repo);
        ok(json!({
            "permission": role.map_or("none", Role::permission),
            "role_name": role.map_or("none", Role::as_str),
            "user": show_collaborator(state, repo, &user),
        }))
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Invitation {
    permission: Option<String>,
}

async fn invite(call: Call, Path((owner, repo, login)): Named, Input(input): Input<Invitation>) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        state.permit(&call.caller, repo, Role::Admin)?;
        let login = state.user(&Name::from(login))?.login.clone();
        let role = parse_role(input.permission.as_deref())?;
        // GitHub sends an invitation; here everybody accepts at once.
        state.repo_mut(repo)?.collaborators.insert(login, role);
        no_content()
    })
}

fn parse_role(word: Option<&str>) -> Allowed<Role> {
    let word = word.unwrap_or("push");
    Role::parse(word).ok_or_else(|| Refusal::invalid("Collaborator", "permission", "invalid"))
}

async fn dismiss(call: Call, Path((owner, repo, login)): Named) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        state.permit(&call.caller, repo, Role::Admin)?;
        state.repo_mut(repo)?.collaborators.remove(&Name::from(login));
        no_content()
    })
}

async fn assignees(call: Call, Path((owner, repo)): InRepo) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        let all = state.users.keys().filter(|login| state.is_collaborator(login, repo));
        call.list(state, all.map(|login| state.show_user(login)))
    })
}

async fn is_assignable(call: Call, Path((owner, repo, login)): Named) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        let login = Name::from(login);
        if state.users.contains_key(&login) && state.is_collaborator(&login, repo) {
            no_content()
        } else {
            Err(Refusal::not_found())
        }
    })
}
