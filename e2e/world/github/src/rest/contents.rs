//! Files of a repository: read one, list a folder, commit one.

use axum::Router;
use axum::extract::Path;
use axum::response::IntoResponse;
use axum::routing::get;
use data_encoding::BASE64;
use http::{StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};

use super::call::{Answer, Call, InRepo, Input, Named, ok};
use crate::refusal::{Allowed, Refusal};
use crate::render::encoded;
use crate::state::State;
use crate::{GitHub, Name};

/// GitHub shows larger files only raw.
const MOST_BYTES: usize = 1 << 20;

pub(super) fn router() -> Router<GitHub> {
    Router::new()
        .route("/repos/{owner}/{repo}/contents", get(root))
        .route("/repos/{owner}/{repo}/contents/", get(root))
        .route("/repos/{owner}/{repo}/contents/{*path}", get(read).put(write).delete(remove))
}

async fn root(call: Call, Path((owner, repo)): InRepo) -> Answer {
    show(&call, &owner, &repo, "")
}

async fn read(call: Call, Path((owner, repo, path)): Named) -> Answer {
    show(&call, &owner, &repo, &path)
}

fn show(call: &Call, owner: &str, repo: &str, path: &str) -> Answer {
    call.knows(&["ref"])?;
    call.within(owner, repo, |state, repo| {
        let found = state.repo(repo)?;
        let rev = call.param("ref").unwrap_or(&found.default_branch);
        let tip = found
            .tip(rev.trim_start_matches("refs/heads/"))
            .cloned()
            .or_else(|| state.git.resolve(repo, rev));
        let Some(sha) = tip else {
            return Err(Refusal::new(StatusCode::NOT_FOUND, format!("No commit found for the ref {rev}")));
        };
        let (kind, object) = state.git.at_path(repo, &sha, path).ok_or_else(Refusal::not_found)?;
        if kind == "tree" {
            let entries = state.git.tree(repo, &object, false)?;
            let shown: Vec<Value> = entries
                .iter()
                .map(|entry| {
                    let path = format!("{}/{}", path.trim_matches('/'), entry.path);
                    let kind = if entry.kind == "tree" { "dir" } else { "file" };
                    describe(
                        state,
                        repo,
                        path.trim_start_matches('/'),
                        kind,
                        &entry.sha,
                        entry.size.unwrap_or_default(),
                        rev,
                    )
                })
                .collect();
            return ok(Value::Array(shown));
        }
        let bytes = state.git.blob(repo, &object)?;
        if call.accept.contains("raw") {
            return Ok(([(header::CONTENT_TYPE, "application/vnd.github.v3.raw; charset=utf-8")], bytes)
                .into_response());
        }
        let size = bytes.len();
        let mut shown = describe(
            state,
            repo,
            path.trim_matches('/'),
            "file",
            &object,
            u64::try_from(size).unwrap_or_default(),
            rev,
        );
        let (content, encoding) =
            if size > MOST_BYTES { (String::new(), "none") } else { (wrapped(&bytes), "base64") };
        shown["content"] = json!(content);
        shown["encoding"] = json!(encoding);
        ok(shown)
    })
}

/// Base64 in lines of 60, as GitHub writes it.
pub(super) fn wrapped(bytes: &[u8]) -> String {
    let text = BASE64.encode(bytes);
    let lines: Vec<_> = text.as_bytes().chunks(60).map(String::from_utf8_lossy).collect();
    if lines.is_empty() { text } else { lines.join("\n") + "\n" }
}

fn describe(state: &State, repo: &Name, path: &str, kind: &str, sha: &str, size: u64, rev: &str) -> Value {
    let name = path.rsplit('/').next().unwrap_or(path);
    let place: Vec<String> = path.split('/').map(encoded).collect();
    let place = place.join("/");
    let url = state.api(format_args!("/repos/{repo}/contents/{place}?ref={}", encoded(rev)));
    let (html_kind, git_kind) = if kind == "dir" { ("tree", "trees") } else { ("blob", "blobs") };
    let html = state.web(format_args!("/{repo}/{html_kind}/{rev}/{place}"));
    let git = state.api(format_args!("/repos/{repo}/git/{git_kind}/{sha}"));
    json!({
        "name": name,
        "path": path,
        "sha": sha,
        "size": size,
        "url": url,
        "html_url": html,
        "git_url": git,
        "download_url": if kind == "dir" { Value::Null } else { json!(state.web(format_args!("/{repo}/raw/{rev}/{place}"))) },
        "type": kind,
        "_links": {"self": url, "git": git, "html": html},
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileChange {
    message: String,
    content: Option<String>,
    sha: Option<String>,
    branch: Option<String>,
}

async fn write(call: Call, Path((owner, repo, path)): Named, Input(input): Input<FileChange>) -> Answer {
    let content = input.content.clone().unwrap_or_default().replace(['\n', '\r'], "");
    let content = BASE64
        .decode(content.as_bytes())
        .map_err(|_| Refusal::unprocessable("content is not valid Base64."))?;
    put(&call, &owner, &repo, &path, &input, Some(&content))
}

async fn remove(call: Call, Path((owner, repo, path)): Named, Input(input): Input<FileChange>) -> Answer {
    put(&call, &owner, &repo, &path, &input, None)
}

fn put(
    call: &Call,
    owner: &str,
    repo: &str,
    path: &str,
    input: &FileChange,
    content: Option<&[u8]>,
) -> Answer {
    call.within(owner, repo, |state, repo| {
        let branch = input.branch.clone().unwrap_or(state.repo(repo)?.default_branch.clone());
        let tip = state.repo(repo)?.tip(&branch).cloned();
        let tip =
            tip.ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, format!("Branch {branch} not found")))?;
        let before = state.git.at_path(repo, &tip, path).map(|(_, object)| object);
        check_precondition(path, before.as_deref(), input.sha.as_deref())?;
        let sha = state.commit(&call.caller, repo, &branch, &[(path, content)], &input.message)?;
        let file = state.git.at_path(repo, &sha, path);
        let shown = file.map_or(Value::Null, |(_, object)| {
            let size = content.map_or(0, <[u8]>::len);
            describe(state, repo, path, "file", &object, u64::try_from(size).unwrap_or_default(), &branch)
        });
        let commit = state.show_git_commit(repo, &state.git.commit(repo, &sha)?);
        let status = if before.is_some() { StatusCode::OK } else { StatusCode::CREATED };
        Ok((status, axum::Json(json!({"content": shown, "commit": commit}))).into_response())
    })
}

/// An existing file is changed only by those who know its blob.
fn check_precondition(path: &str, before: Option<&str>, said: Option<&str>) -> Allowed<()> {
    match (before, said) {
        (Some(_), None) => Err(Refusal::unprocessable("Invalid request.\n\n\"sha\" wasn't supplied.")),
        (Some(is), Some(said)) if is != said => {
            Err(Refusal::new(StatusCode::CONFLICT, format!("{path} does not match {said}")))
        }
        (Some(_), Some(_)) | (None, _) => Ok(()),
    }
}
