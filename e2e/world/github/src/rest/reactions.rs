//! Reactions. GitHub has no REST operation for reactions to reviews; GraphQL has.

use axum::Router;
use axum::extract::Path;
use axum::response::IntoResponse;
use axum::routing::{delete, get};
use http::StatusCode;
use serde::Deserialize;

use super::call::{Answer, Call, Input, Numbered, no_content};
use crate::GitHub;
use crate::act::Subject;
use crate::refusal::Refusal;

pub(super) fn router() -> Router<GitHub> {
    let of = |subject: fn(u64) -> Subject| {
        let list = move |call: Call, at: Numbered| list(call, at, subject);
        let create =
            move |call: Call, at: Numbered, input: Input<NewReaction>| create(call, at, subject, input);
        get(list).post(create)
    };
    let one =
        |subject: fn(u64) -> Subject| delete(move |call: Call, at: OneReaction| remove(call, at, subject));
    Router::new()
        .route("/repos/{owner}/{repo}/issues/{number}/reactions", of(Subject::Issue))
        .route("/repos/{owner}/{repo}/issues/{number}/reactions/{id}", one(Subject::Issue))
        .route("/repos/{owner}/{repo}/issues/comments/{number}/reactions", of(Subject::Comment))
        .route("/repos/{owner}/{repo}/issues/comments/{number}/reactions/{id}", one(Subject::Comment))
        .route("/repos/{owner}/{repo}/pulls/comments/{number}/reactions", of(Subject::ReviewComment))
        .route("/repos/{owner}/{repo}/pulls/comments/{number}/reactions/{id}", one(Subject::ReviewComment))
}

type OneReaction = Path<(String, String, u64, u64)>;

async fn list(call: Call, Path((owner, repo, id)): Numbered, subject: fn(u64) -> Subject) -> Answer {
    call.knows(&["content"])?;
    call.within(&owner, &repo, |state, repo| {
        let all = state.reactions(repo, subject(id))?;
        let chosen =
            all.iter().filter(|one| call.param("content").is_none_or(|content| one.content == content));
        call.list(state, chosen.map(|one| state.show_reaction(one)))
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewReaction {
    content: String,
}

async fn create(
    call: Call,
    Path((owner, repo, id)): Numbered,
    subject: fn(u64) -> Subject,
    Input(new): Input<NewReaction>,
) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        let (made, fresh) = state.react(&call.caller, repo, subject(id), &new.content)?;
        let reaction = state
            .reactions(repo, subject(id))?
            .iter()
            .find(|one| one.id == made)
            .ok_or_else(Refusal::not_found)?;
        let status = if fresh { StatusCode::CREATED } else { StatusCode::OK };
        Ok((status, axum::Json(state.show_reaction(reaction))).into_response())
    })
}

async fn remove(
    call: Call,
    Path((owner, repo, number, id)): OneReaction,
    subject: fn(u64) -> Subject,
) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        state.delete_reaction(&call.caller, repo, subject(number), id)?;
        no_content()
    })
}
