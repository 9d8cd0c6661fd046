//! Apps: their installations and tokens.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Value, json};

use super::call::{Answer, Call, InRepo, Input, created, ok};
use crate::clock::shown;
use crate::refusal::{Allowed, Refusal};
use crate::render::permissions;
use crate::state::{Installation, Repo, State, Token, Who};
use crate::{GitHub, Name};

/// Installation tokens end after an hour.
const TOKEN_LIFETIME: Duration = Duration::from_hours(1);

pub(super) fn router() -> Router<GitHub> {
    Router::new()
        .route("/app", get(app))
        .route("/app/installations", get(installations))
        .route("/app/installations/{id}", get(installation))
        .route("/app/installations/{id}/access_tokens", post(access_token))
        .route("/repos/{owner}/{repo}/installation", get(of_repo))
        .route("/orgs/{org}/installation", get(of_account))
        .route("/users/{org}/installation", get(of_account))
        .route("/installation/repositories", get(repositories))
}

impl Call {
    /// The App that calls with its own JSON web token.
    fn app(&self) -> Allowed<u64> {
        match self.caller.who {
            Who::App(app) => Ok(app),
            Who::Nobody | Who::User(_) | Who::Installation(_) => {
                Err(Refusal::new(http::StatusCode::UNAUTHORIZED, "A JSON web token could not be decoded"))
            }
        }
    }
}

async fn app(call: Call) -> Answer {
    let app = call.app()?;
    call.github.look(|state| {
        let mut shown = state.show_app(state.apps.get(&app).ok_or_else(Refusal::not_found)?);
        shown["installations_count"] =
            json!(state.installations.values().filter(|one| one.app == app).count());
        ok(shown)
    })
}

async fn installations(call: Call) -> Answer {
    let app = call.app()?;
    call.github.look(|state| {
        let mine = state.installations.values().filter(|one| one.app == app);
        call.list(state, mine.map(|one| state.show_installation(one)))
    })
}

fn find(state: &State, app: u64, id: u64) -> Allowed<&Installation> {
    state.installations.get(&id).filter(|one| one.app == app).ok_or_else(Refusal::not_found)
}

async fn installation(call: Call, Path(id): Path<u64>) -> Answer {
    let app = call.app()?;
    call.github.look(|state| ok(state.show_installation(find(state, app, id)?)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenInput {
    repositories: Option<Vec<String>>,
    repository_ids: Option<Vec<u64>>,
    /// Taken and ignored: every installation may do everything here.
    #[expect(dead_code, reason = "clients send it")]
    permissions: Option<Value>,
}

async fn access_token(call: Call, Path(id): Path<u64>, Input(input): Input<TokenInput>) -> Answer {
    let app = call.app()?;
    call.github.change(|state| {
        let installation = find(state, app, id)?.clone();
        let repos = narrowed(state, &installation, &input)?;
        let secret = state.next_secret();
        let token = format!("ghs_{}", secret.get(..36).unwrap_or(&secret));
        let expires_at = state.clock.after(TOKEN_LIFETIME);
        state.tokens.insert(
            token.clone(),
            Token { who: Who::Installation(id), expires_at: Some(expires_at), repos: repos.clone() },
        );
        let selected = repos.is_some() || installation.repos.is_some();
        let mut shown = json!({
            "token": token,
            "expires_at": shown(expires_at),
            "permissions": permissions(),
            "repository_selection": if selected { "selected" } else { "all" },
        });
        if let Some(repos) = &repos {
            shown["repositories"] = repos
                .iter()
                .filter_map(|name| state.repos.get(name))
                .map(|repo| state.show_repo(repo))
                .collect();
        }
        created(shown)
    })
}

/// The repositories that a token is asked for, all of which the installation must reach.
fn narrowed(
    state: &State,
    installation: &Installation,
    input: &TokenInput,
) -> Allowed<Option<BTreeSet<Name>>> {
    let by_name = input
        .repositories
        .iter()
        .flatten()
        .map(|name| Some(Name::of_repo(installation.account.as_str(), name)));
    let by_id = input
        .repository_ids
        .iter()
        .flatten()
        .map(|id| Some(state.repos.values().find(|repo| repo.id == *id)?.name.clone()));
    let wanted: Vec<Option<Name>> = by_name.chain(by_id).collect();
    if wanted.is_empty() {
        return Ok(None);
    }
    let reached = |name: Option<Name>| {
        name.filter(|name| state.repos.get(name).is_some_and(|repo| reaches(installation, repo)))
    };
    let found: Option<BTreeSet<Name>> = wanted.into_iter().map(reached).collect();
    let message = "There is at least one repository that does not exist or is not accessible to the parent installation.";
    found.map(Some).ok_or_else(|| Refusal::unprocessable(message))
}

fn reaches(installation: &Installation, repo: &Repo) -> bool {
    installation.account == *repo.name.owner()
        && installation.repos.as_ref().is_none_or(|only| only.contains(&repo.name))
}

async fn of_repo(call: Call, Path((owner, repo)): InRepo) -> Answer {
    let app = call.app()?;
    call.github.look(|state| {
        let repo = state.repo(&Name::of_repo(&owner, &repo))?;
        let found = state.installations.values().find(|one| one.app == app && reaches(one, repo));
        ok(state.show_installation(found.ok_or_else(Refusal::not_found)?))
    })
}

async fn of_account(call: Call, Path(account): Path<String>) -> Answer {
    let app = call.app()?;
    call.github.look(|state| {
        let found = state.installations.values().find(|one| one.app == app && one.account == *account);
        ok(state.show_installation(found.ok_or_else(Refusal::not_found)?))
    })
}

async fn repositories(call: Call) -> Answer {
    let Who::Installation(id) = call.caller.who else {
        return Err(Refusal::forbidden(
            "You must authenticate with an installation access token in order to list repositories for an installation.",
        ));
    };
    call.github.look(|state| {
        let installation = state.installations.get(&id).ok_or_else(Refusal::not_found)?;
        let reached = state.repos.values().filter(|repo| reaches(installation, repo));
        let reached =
            reached.filter(|repo| call.caller.only.as_ref().is_none_or(|only| only.contains(&repo.name)));
        call.list_in(state, "repositories", reached.map(|repo| state.show_repo(repo)))
    })
}
