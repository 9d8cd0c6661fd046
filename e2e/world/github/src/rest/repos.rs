//! Repositories themselves.

use axum::Router;
use axum::extract::Path;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::call::{Answer, Call, InRepo, Input, ok};
use super::orgs::permissions;
use crate::GitHub;
use crate::state::{Role, Who};

pub(super) fn router() -> Router<GitHub> {
    Router::new()
        .route("/repos/{owner}/{repo}", get(one).patch(change))
        .route("/repos/{owner}/{repo}/forks", post(fork).get(forks))
}

async fn one(call: Call, Path((owner, repo)): InRepo) -> Answer {
    call.knows(&[])?;
    call.within(&owner, &repo, |state, repo| {
        let mut shown = state.show_full_repo(state.repo(repo)?);
        if call.caller.who != Who::Nobody {
            shown["permissions"] = permissions(state.role(&call.caller, repo));
        }
        ok(shown)
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    allow_merge_commit: Option<bool>,
    allow_squash_merge: Option<bool>,
    allow_rebase_merge: Option<bool>,
    delete_branch_on_merge: Option<bool>,
    private: Option<bool>,
    archived: Option<bool>,
}

async fn change(call: Call, Path((owner, repo)): InRepo, Input(change): Input<Change>) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        state.permit(&call.caller, repo, Role::Admin)?;
        let found = state.repo_mut(repo)?;
        for (setting, value) in [
            (&mut found.merges.merge, change.allow_merge_commit),
            (&mut found.merges.squash, change.allow_squash_merge),
            (&mut found.merges.rebase, change.allow_rebase_merge),
            (&mut found.merges.delete_branch, change.delete_branch_on_merge),
            (&mut found.private, change.private),
            (&mut found.archived, change.archived),
        ] {
            *setting = value.unwrap_or(*setting);
        }
        ok(state.show_full_repo(state.repo(repo)?))
    })
}

async fn fork(call: Call, Path((owner, repo)): InRepo) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        let fork = state.fork(&call.caller, repo)?;
        let shown = state.show_full_repo(state.repo(&fork)?);
        Ok((StatusCode::ACCEPTED, axum::Json(json!(shown))).into_response())
    })
}

async fn forks(call: Call, Path((owner, repo)): InRepo) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        let forks = state.repos.values().filter(|one| one.parent.as_ref() == Some(repo));
        call.list(state, forks.map(|one| state.show_repo(one)))
    })
}
