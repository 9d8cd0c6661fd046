//! Comments on issues and pull requests.

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::call::{Answer, Call, InRepo, Input, Numbered, created, no_content, ok};
use crate::refusal::{Allowed, Refusal};
use crate::state::{Comment, Issue, State};
use crate::{GitHub, Name};

pub(super) fn router() -> Router<GitHub> {
    Router::new()
        .route("/repos/{owner}/{repo}/issues/comments", get(of_repo))
        .route("/repos/{owner}/{repo}/issues/comments/{id}", get(one).patch(change).delete(remove))
        .route("/repos/{owner}/{repo}/issues/{number}/comments", get(of_issue).post(create))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Text {
    pub(super) body: String,
}

fn since(call: &Call) -> Allowed<Option<Timestamp>> {
    let since = call.param("since").map(str::parse::<Timestamp>).transpose();
    since.map_err(|_| Refusal::invalid("IssueComment", "since", "invalid"))
}

async fn of_repo(call: Call, Path((owner, repo)): InRepo) -> Answer {
    call.knows(&["since", "sort", "direction"])?;
    call.within(&owner, &repo, |state, repo| {
        let since = since(&call)?;
        let issues = state.repo(repo)?.issues.values();
        let mut all: Vec<(&Issue, &Comment)> =
            issues.flat_map(|issue| issue.comments.iter().map(move |one| (issue, one))).collect();
        all.retain(|(_, one)| since.is_none_or(|since| one.updated_at >= since));
        all.sort_by_key(|(_, one)| {
            (if call.param("sort") == Some("updated") { one.updated_at } else { one.created_at }, one.id)
        });
        if call.param("sort").is_some() && call.param("direction").unwrap_or("desc") == "desc" {
            all.reverse();
        }
        call.list(state, all.into_iter().map(|(issue, one)| state.show_comment(repo, issue, one)))
    })
}

async fn of_issue(call: Call, Path((owner, repo, number)): Numbered) -> Answer {
    call.knows(&["since"])?;
    call.within(&owner, &repo, |state, repo| {
        let since = since(&call)?;
        let issue = state.issue(repo, number)?;
        let chosen = issue.comments.iter().filter(|one| since.is_none_or(|since| one.updated_at >= since));
        call.list(state, chosen.map(|one| state.show_comment(repo, issue, one)))
    })
}

fn show(state: &State, repo: &Name, id: u64) -> Allowed<Value> {
    let (number, comment) = state.find_comment(repo, id)?;
    Ok(state.show_comment(repo, state.issue(repo, number)?, comment))
}

async fn one(call: Call, Path((owner, repo, id)): Numbered) -> Answer {
    call.within(&owner, &repo, |state, repo| ok(show(state, repo, id)?))
}

async fn create(call: Call, Path((owner, repo, number)): Numbered, Input(text): Input<Text>) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        let id = state.comment(&call.caller, repo, number, &text.body)?;
        created(show(state, repo, id)?)
    })
}

async fn change(call: Call, Path((owner, repo, id)): Numbered, Input(text): Input<Text>) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        state.edit_comment(&call.caller, repo, id, &text.body)?;
        ok(show(state, repo, id)?)
    })
}

async fn remove(call: Call, Path((owner, repo, id)): Numbered) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        state.delete_comment(&call.caller, repo, id)?;
        no_content()
    })
}
