//! Check runs.

use axum::Router;
use axum::extract::Path;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::Value;

use super::call::{Answer, Call, InRepo, Input, Named, Numbered, created, ok};
use super::statuses::commit;
use crate::GitHub;
use crate::act::CheckRunChange;

pub(super) fn router() -> Router<GitHub> {
    Router::new()
        .route("/repos/{owner}/{repo}/check-runs", post(create))
        .route("/repos/{owner}/{repo}/check-runs/{id}", get(one).patch(change))
        .route("/repos/{owner}/{repo}/commits/{sha}/check-runs", get(list))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CheckRunInput {
    head_sha: Option<String>,
    name: Option<String>,
    status: Option<String>,
    conclusion: Option<String>,
    details_url: Option<String>,
    external_id: Option<String>,
    output: Option<Value>,
    /// The world's clock decides both.
    #[expect(dead_code, reason = "clients send it")]
    started_at: Option<String>,
    #[expect(dead_code, reason = "clients send it")]
    completed_at: Option<String>,
}

impl CheckRunInput {
    fn read(self) -> CheckRunChange {
        CheckRunChange {
            name: self.name,
            status: self.status,
            conclusion: self.conclusion,
            details_url: self.details_url,
            external_id: self.external_id,
            output: self.output,
        }
    }
}

async fn create(call: Call, Path((owner, repo)): InRepo, Input(input): Input<CheckRunInput>) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        let sha = input.head_sha.clone().unwrap_or_default();
        let id = state.create_check_run(&call.caller, repo, &sha, input.read())?;
        created(state.show_check_run(state.repo(repo)?, state.check_run(repo, id)?))
    })
}

async fn change(call: Call, Path((owner, repo, id)): Numbered, Input(input): Input<CheckRunInput>) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        state.change_check_run(&call.caller, repo, id, input.read())?;
        ok(state.show_check_run(state.repo(repo)?, state.check_run(repo, id)?))
    })
}

async fn one(call: Call, Path((owner, repo, id)): Numbered) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        ok(state.show_check_run(state.repo(repo)?, state.check_run(repo, id)?))
    })
}

async fn list(call: Call, Path((owner, repo, rev)): Named) -> Answer {
    call.knows(&["check_name", "status", "filter"])?;
    call.within(&owner, &repo, |state, repo| {
        let sha = commit(state, repo, &rev)?;
        let found = state.repo(repo)?;
        let all = match call.param("filter") {
            Some("all") => found.check_runs.iter().filter(|run| run.head_sha == sha).collect(),
            Some(_) | None => found.latest_check_runs(&sha),
        };
        let chosen = all
            .into_iter()
            .filter(|run| call.param("check_name").is_none_or(|name| run.name == name))
            .filter(|run| call.param("status").is_none_or(|status| run.status == status));
        call.list_in(state, "check_runs", chosen.map(|run| state.show_check_run(found, run)))
    })
}
