//! Pull requests: list, open, read, edit, merge; their commits and files.

use axum::Router;
use axum::extract::Path;
use axum::response::IntoResponse;
use axum::routing::{get, post, put};
use http::{StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};

use super::call::{Answer, Call, InRepo, Input, Numbered, created, maybe_null, names, no_content, ok};
use super::issues::{open_or_closed, sort};
use crate::act::{IssueChange, MergeMethod, MergeRequest, NewPull};
use crate::refusal::{Allowed, Refusal};
use crate::state::{Issue, Pull, State};
use crate::{GitHub, Name};

pub(super) fn router() -> Router<GitHub> {
    Router::new()
        .route("/repos/{owner}/{repo}/pulls", get(list).post(open))
        .route("/repos/{owner}/{repo}/pulls/{number}", get(one).patch(change))
        .route("/repos/{owner}/{repo}/pulls/{number}/commits", get(commits))
        .route("/repos/{owner}/{repo}/pulls/{number}/files", get(files))
        .route("/repos/{owner}/{repo}/pulls/{number}/merge", get(is_merged).put(merge))
        .route("/repos/{owner}/{repo}/pulls/{number}/update-branch", put(update_branch))
        .route("/repos/{owner}/{repo}/pulls/{number}/requested_reviewers", post(ask).delete(unask).get(asked))
}

async fn list(call: Call, Path((owner, repo)): InRepo) -> Answer {
    call.knows(&["state", "head", "base", "sort", "direction"])?;
    call.within(&owner, &repo, |state, repo| {
        let wanted = call.param("state").unwrap_or("open");
        let head = call.param("head").map(|head| state.head_of(repo, head)).transpose();
        // A head that names nobody's fork matches nothing.
        let Ok(head) = head else { return call.list(state, []) };
        let fits = |pull: &Pull| {
            let head = head.as_ref().is_none_or(|(repo, branch)| {
                pull.head_repo.as_ref() == Some(repo) && pull.head_ref == *branch
            });
            head && call.param("base").is_none_or(|base| pull.base_ref == base)
        };
        let mut chosen: Vec<&Issue> = state
            .repo(repo)?
            .issues
            .values()
            .filter(|issue| {
                issue.pull.as_ref().is_some_and(fits) && (wanted == "all" || issue.open == (wanted == "open"))
            })
            .collect();
        sort(&mut chosen, &call)?;
        let chosen: Vec<Value> =
            chosen.into_iter().map(|issue| state.show_pull(repo, issue.number)).collect::<Allowed<_>>()?;
        call.list(state, chosen)
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Opening {
    title: String,
    body: Option<String>,
    head: String,
    base: String,
    #[serde(default)]
    draft: bool,
    /// Taken and ignored: maintainers cannot push to forks here.
    #[serde(default)]
    #[expect(dead_code, reason = "clients send it")]
    maintainer_can_modify: bool,
}

async fn open(call: Call, Path((owner, repo)): InRepo, Input(new): Input<Opening>) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        let new =
            NewPull { title: new.title, body: new.body, head: new.head, base: new.base, draft: new.draft };
        let number = state.open_pull(&call.caller, repo, new)?;
        created(show(state, repo, number)?)
    })
}

fn show(state: &mut State, repo: &Name, number: u64) -> Allowed<Value> {
    let verdict = state.verdict(repo, number)?;
    state.show_full_pull(repo, number, verdict.as_ref())
}

async fn one(call: Call, Path((owner, repo, number)): Numbered) -> Answer {
    call.knows(&[])?;
    call.within(&owner, &repo, |state, repo| {
        let pull = state.pull(repo, number)?;
        let diff = call.accept.contains("diff");
        if diff {
            let base = state.git.compare(repo, &pull.base_sha, &pull.head_sha)?.merge_base;
            let text = state.git.patch(repo, base.as_deref().unwrap_or(&pull.base_sha), &pull.head_sha)?;
            let kind = [(header::CONTENT_TYPE, "application/vnd.github.v3.diff; charset=utf-8")];
            return Ok((kind, format!("{text}\n")).into_response());
        }
        if call.accept.contains("patch") {
            return Err(Refusal::not_simulated("pull requests as mail patches"));
        }
        ok(show(state, repo, number)?)
    })
}

#[expect(clippy::option_option, reason = "absent, null and a value are three different requests")]
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    title: Option<String>,
    #[serde(default, deserialize_with = "maybe_null")]
    body: Option<Option<String>>,
    state: Option<String>,
    base: Option<String>,
}

async fn change(call: Call, Path((owner, repo, number)): Numbered, Input(change): Input<Change>) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        state.pull(repo, number)?;
        let open = open_or_closed(change.state.as_deref())?;
        let text = IssueChange { title: change.title, body: change.body, open, ..IssueChange::default() };
        state.change_issue(&call.caller, repo, number, text)?;
        if let Some(base) = &change.base {
            state.retarget(&call.caller, repo, number, base)?;
        }
        ok(show(state, repo, number)?)
    })
}

async fn commits(call: Call, Path((owner, repo, number)): Numbered) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        let pull = state.pull(repo, number)?;
        let comparison = state.git.compare(repo, &pull.base_sha, &pull.head_sha)?;
        call.list(state, comparison.commits.iter().take(250).map(|commit| state.show_commit(repo, commit)))
    })
}

async fn files(call: Call, Path((owner, repo, number)): Numbered) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        let pull = state.pull(repo, number)?;
        let comparison = state.git.compare(repo, &pull.base_sha, &pull.head_sha)?;
        call.list(
            state,
            comparison.files.iter().take(3000).map(|file| state.show_file(repo, &pull.head_sha, file)),
        )
    })
}

async fn is_merged(call: Call, Path((owner, repo, number)): Numbered) -> Answer {
    call.within(&owner, &repo, |state, repo| match state.pull(repo, number)?.merged {
        Some(_) => no_content(),
        None => Err(Refusal::not_found()),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Merging {
    commit_title: Option<String>,
    commit_message: Option<String>,
    sha: Option<String>,
    merge_method: Option<String>,
}

async fn merge(call: Call, Path((owner, repo, number)): Numbered, Input(input): Input<Merging>) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        let method = match input.merge_method.as_deref() {
            None | Some("merge") => MergeMethod::Merge,
            Some("squash") => MergeMethod::Squash,
            Some("rebase") => MergeMethod::Rebase,
            Some(other) => {
                let words = format!(
                    "Invalid request.\n\n{other} is not a member of [\"merge\", \"squash\", \"rebase\"]."
                );
                return Err(Refusal::unprocessable(words));
            }
        };
        let request =
            MergeRequest { sha: input.sha, method, title: input.commit_title, message: input.commit_message };
        let sha = state.merge(&call.caller, repo, number, &request)?;
        ok(json!({"sha": sha, "merged": true, "message": "Pull Request successfully merged"}))
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Updating {
    expected_head_sha: Option<String>,
}

async fn update_branch(
    call: Call,
    Path((owner, repo, number)): Numbered,
    Input(input): Input<Updating>,
) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        state.update_branch(&call.caller, repo, number, input.expected_head_sha.as_deref())?;
        let url = state.web(format_args!("/{repo}/pull/{number}"));
        let body = json!({"message": "Updating pull request branch.", "url": url});
        Ok((StatusCode::ACCEPTED, axum::Json(body)).into_response())
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reviewers {
    #[serde(default)]
    reviewers: Vec<String>,
    #[serde(default)]
    team_reviewers: Vec<String>,
}

async fn ask(call: Call, Path((owner, repo, number)): Numbered, Input(input): Input<Reviewers>) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        state.request_reviews(
            &call.caller,
            repo,
            number,
            &names(&input.reviewers),
            &names(&input.team_reviewers),
        )?;
        created(state.show_pull(repo, number)?)
    })
}

async fn unask(call: Call, Path((owner, repo, number)): Numbered, Input(input): Input<Reviewers>) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        state.unrequest_reviews(
            &call.caller,
            repo,
            number,
            &names(&input.reviewers),
            &names(&input.team_reviewers),
        )?;
        ok(state.show_pull(repo, number)?)
    })
}

async fn asked(call: Call, Path((owner, repo, number)): Numbered) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        let pull = state.pull(repo, number)?;
        ok(json!({"users": state.show_users(&pull.requested_reviewers), "teams": state.show_requested_teams(state.repo(repo)?, pull)}))
    })
}
