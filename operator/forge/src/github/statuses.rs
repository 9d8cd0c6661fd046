//! Statuses of commits.

use super::transport::{Transport, parse, segment};
use crate::{ForgeError, StatusWish};
use decide::facts::{CommitSha, CommitStatus, HeadSha, Login, RepoName, StatusState};
use http::Method;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

/// GitHub keeps a thousand statuses of a commit and context.
const PAGES: usize = 10;

fn word(state: StatusState) -> &'static str {
    match state {
        StatusState::Pending => "pending",
        StatusState::Success => "success",
        StatusState::Failure => "failure",
        StatusState::Error => "error",
    }
}

pub(super) async fn set(
    via: &Transport,
    repository: &RepoName,
    sha: &CommitSha,
    status: &StatusWish,
) -> Result<(), ForgeError> {
    let (owner, name) = (segment(&repository.owner), segment(&repository.name));
    let mut body = json!({
        "state": word(status.state), "context": status.context, "description": status.description,
    });
    if !status.target_url.is_empty() {
        body["target_url"] = status.target_url.as_str().into();
    }
    let path = format!("/repos/{owner}/{name}/statuses/{}", segment(sha.as_str()));
    via.write(Method::POST, &path, Some(&body)).await.map(drop)
}

pub(super) async fn history(
    via: &Transport,
    repository: &RepoName,
    sha: &HeadSha,
) -> Result<Vec<CommitStatus>, ForgeError> {
    #[derive(Deserialize)]
    struct Creator {
        login: String,
    }
    #[derive(Deserialize)]
    struct Listed {
        context: String,
        state: String,
        description: Option<String>,
        target_url: Option<String>,
        created_at: Option<Timestamp>,
        creator: Option<Creator>,
    }
    let (owner, name) = (segment(&repository.owner), segment(&repository.name));
    let path = format!("/repos/{owner}/{name}/commits/{}/statuses?per_page=100", segment(sha.as_str()));
    let listed: Vec<Listed> = via.pages(&path, PAGES, |body| parse(&path, body)).await?;
    Ok(listed
        .into_iter()
        .map(|status| CommitStatus {
            context: status.context,
            state: match status.state.as_str() {
                "success" => StatusState::Success,
                "failure" => StatusState::Failure,
                "error" => StatusState::Error,
                _ => StatusState::Pending,
            },
            description: status.description.unwrap_or_default(),
            target_url: status.target_url.unwrap_or_default(),
            creator: status.creator.map(|creator| Login::new(creator.login)),
            created_at: status.created_at,
        })
        .collect())
}
