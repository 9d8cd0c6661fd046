//! Reviews and comments on lines.

use axum::Router;
use axum::extract::Path;
use axum::routing::{get, put};
use serde::Deserialize;
use serde_json::Value;

use super::call::{Answer, Call, Input, Numbered, created, ok};
use super::comments::Text;
use crate::act::{NewReview, NewReviewComment};
use crate::refusal::{Allowed, Refusal};
use crate::state::State;
use crate::{GitHub, Name};

pub(super) fn router() -> Router<GitHub> {
    Router::new()
        .route("/repos/{owner}/{repo}/pulls/{number}/reviews", get(list).post(create))
        .route("/repos/{owner}/{repo}/pulls/{number}/reviews/{id}", get(one).put(change))
        .route("/repos/{owner}/{repo}/pulls/{number}/reviews/{id}/dismissals", put(dismiss))
        .route("/repos/{owner}/{repo}/pulls/{number}/comments", get(comments).post(comment))
        .route("/repos/{owner}/{repo}/pulls/comments/{id}", get(one_comment).patch(change_comment))
}

type InPull = Path<(String, String, u64, u64)>;

async fn list(call: Call, Path((owner, repo, number)): Numbered) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        let issue = state.issue(repo, number)?;
        let pull = state.pull(repo, number)?;
        call.list(state, pull.reviews.iter().map(|review| state.show_review(repo, issue, review)))
    })
}

fn show(state: &State, repo: &Name, number: u64, id: u64) -> Allowed<Value> {
    let review =
        state.pull(repo, number)?.reviews.iter().find(|one| one.id == id).ok_or_else(Refusal::not_found)?;
    Ok(state.show_review(repo, state.issue(repo, number)?, review))
}

async fn one(call: Call, Path((owner, repo, number, id)): InPull) -> Answer {
    call.within(&owner, &repo, |state, repo| ok(show(state, repo, number, id)?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReviewInput {
    event: Option<String>,
    body: Option<String>,
    commit_id: Option<String>,
    #[serde(default)]
    comments: Vec<LineComment>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LineComment {
    body: String,
    #[serde(default)]
    path: String,
    /// The older way to name a line.
    position: Option<u64>,
    line: Option<u64>,
    in_reply_to: Option<u64>,
    /// Only the new side of a diff is simulated.
    side: Option<String>,
    commit_id: Option<String>,
}

impl LineComment {
    fn read(self) -> Allowed<NewReviewComment> {
        if self.side.is_some_and(|side| side != "RIGHT") {
            return Err(Refusal::not_simulated("comments on the old side of a diff"));
        }
        if self.commit_id.is_some() {
            // Accepted only as what it always is here: the present head.
            tracing::debug!("a comment on a line names its commit; it is put on the head");
        }
        Ok(NewReviewComment {
            body: self.body,
            path: self.path,
            line: self.line.or(self.position),
            in_reply_to: self.in_reply_to,
        })
    }
}

async fn create(call: Call, Path((owner, repo, number)): Numbered, Input(new): Input<ReviewInput>) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        let comments = new.comments.into_iter().map(LineComment::read).collect::<Allowed<_>>()?;
        let new = NewReview {
            event: new.event.unwrap_or_default(),
            body: new.body.unwrap_or_default(),
            commit: new.commit_id,
            comments,
        };
        let id = state.review(&call.caller, repo, number, new)?;
        ok(show(state, repo, number, id)?)
    })
}

async fn change(call: Call, Path((owner, repo, number, id)): InPull, Input(text): Input<Text>) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        state.edit_review(&call.caller, repo, number, id, &text.body)?;
        ok(show(state, repo, number, id)?)
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Dismissal {
    #[expect(dead_code, reason = "GitHub demands a message; nothing here shows it")]
    message: String,
}

async fn dismiss(call: Call, Path((owner, repo, number, id)): InPull, Input(_): Input<Dismissal>) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        state.dismiss_review(&call.caller, repo, number, id)?;
        ok(show(state, repo, number, id)?)
    })
}

async fn comments(call: Call, Path((owner, repo, number)): Numbered) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        let issue = state.issue(repo, number)?;
        let pull = state.pull(repo, number)?;
        call.list(
            state,
            pull.review_comments.iter().map(|comment| state.show_review_comment(repo, issue, comment)),
        )
    })
}

fn show_comment(state: &State, repo: &Name, id: u64) -> Allowed<Value> {
    let (number, comment) = state.find_review_comment(repo, id)?;
    Ok(state.show_review_comment(repo, state.issue(repo, number)?, comment))
}

async fn comment(
    call: Call,
    Path((owner, repo, number)): Numbered,
    Input(new): Input<LineComment>,
) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        let id = state.comment_on_line(&call.caller, repo, number, new.read()?)?;
        created(show_comment(state, repo, id)?)
    })
}

async fn one_comment(call: Call, Path((owner, repo, id)): Numbered) -> Answer {
    call.within(&owner, &repo, |state, repo| ok(show_comment(state, repo, id)?))
}

async fn change_comment(call: Call, Path((owner, repo, id)): Numbered, Input(text): Input<Text>) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        state.edit_review_comment(&call.caller, repo, id, &text.body)?;
        ok(show_comment(state, repo, id)?)
    })
}
