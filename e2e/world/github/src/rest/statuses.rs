//! Commit statuses.

use axum::Router;
use axum::extract::Path;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use serde::Deserialize;

use super::call::{Answer, Call, Input, Named, created};
use crate::act::NewStatus;
use crate::refusal::{Allowed, Refusal};
use crate::state::State;
use crate::{GitHub, Name};

pub(super) fn router() -> Router<GitHub> {
    Router::new()
        .route("/repos/{owner}/{repo}/statuses/{sha}", post(create))
        .route("/repos/{owner}/{repo}/commits/{sha}/status", get(combined))
        .route("/repos/{owner}/{repo}/commits/{sha}/statuses", get(list))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StatusInput {
    state: String,
    context: Option<String>,
    description: Option<String>,
    target_url: Option<String>,
}

async fn create(call: Call, Path((owner, repo, sha)): Named, Input(new): Input<StatusInput>) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        let new = NewStatus {
            state: new.state,
            context: new.context.unwrap_or_else(|| "default".to_owned()),
            description: new.description,
            target_url: new.target_url,
        };
        let id = state.set_status(&call.caller, repo, &sha, new)?;
        let made = state.repo(repo)?.statuses.get(&sha).and_then(|all| all.iter().find(|one| one.id == id));
        created(state.show_status(repo, &sha, made.ok_or_else(Refusal::not_found)?))
    })
}

/// The commit that a path segment means: a branch, a tag or an id.
pub(super) fn commit(state: &State, repo: &Name, rev: &str) -> Allowed<String> {
    let tip = state.repo(repo)?.tip(rev).cloned();
    tip.or_else(|| state.git.resolve(repo, rev))
        .ok_or_else(|| Refusal::unprocessable(format!("No commit found for SHA: {rev}")))
}

async fn combined(call: Call, Path((owner, repo, rev)): Named) -> Answer {
    call.knows(&[])?;
    call.within(&owner, &repo, |state, repo| {
        let sha = commit(state, repo, &rev)?;
        let found = state.repo(repo)?;
        let latest = found.latest_statuses(&sha);
        let shown = state.show_combined(found, &sha, call.slice(&latest), latest.len());
        Ok((call.links(state, latest.len()), axum::Json(shown)).into_response())
    })
}

async fn list(call: Call, Path((owner, repo, rev)): Named) -> Answer {
    call.knows(&[])?;
    call.within(&owner, &repo, |state, repo| {
        let sha = commit(state, repo, &rev)?;
        let all = state.repo(repo)?.statuses.get(&sha).map_or(&[][..], Vec::as_slice);
        call.list(state, all.iter().rev().map(|status| state.show_status(repo, &sha, status)))
    })
}
