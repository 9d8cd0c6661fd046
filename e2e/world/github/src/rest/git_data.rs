//! Commits, comparisons, trees, blobs and refs.

use axum::Router;
use axum::extract::Path;
use axum::routing::{get, post};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::call::{Answer, Call, InRepo, Input, Named, created, no_content, ok};
use super::contents::wrapped;
use super::statuses::commit;
use crate::git::ZERO;
use crate::refusal::{Allowed, Refusal};
use crate::render::node_id;
use crate::state::{Role, State};
use crate::{GitHub, Name};

pub(super) fn router() -> Router<GitHub> {
    Router::new()
        .route("/repos/{owner}/{repo}/commits", get(list))
        .route("/repos/{owner}/{repo}/commits/{sha}", get(one))
        .route("/repos/{owner}/{repo}/commits/{sha}/pulls", get(pulls_of))
        .route("/repos/{owner}/{repo}/compare/{range}", get(compare))
        .route("/repos/{owner}/{repo}/git/commits", post(create_commit))
        .route("/repos/{owner}/{repo}/git/commits/{sha}", get(git_commit))
        .route("/repos/{owner}/{repo}/git/trees/{sha}", get(tree))
        .route("/repos/{owner}/{repo}/git/blobs/{sha}", get(blob))
        .route("/repos/{owner}/{repo}/git/refs", post(create_ref))
        .route("/repos/{owner}/{repo}/git/ref/{*name}", get(one_ref))
        .route("/repos/{owner}/{repo}/git/matching-refs/{*name}", get(matching_refs))
        .route("/repos/{owner}/{repo}/git/refs/{*name}", axum::routing::patch(move_ref).delete(delete_ref))
}

async fn list(call: Call, Path((owner, repo)): InRepo) -> Answer {
    call.knows(&["sha", "path", "since"])?;
    call.within(&owner, &repo, |state, repo| {
        let found = state.repo(repo)?;
        let tip = commit(state, repo, call.param("sha").unwrap_or(&found.default_branch))
            .map_err(|_| Refusal::not_found())?;
        let since = call.param("since").map(str::parse::<Timestamp>).transpose();
        let since = since.map_err(|_| Refusal::invalid("Commit", "since", "invalid"))?;
        let mut commits = state.git.log(repo, &tip, None, call.param("path"))?;
        commits.retain(|one| since.is_none_or(|since| one.committer.at >= since));
        call.list(state, commits.iter().map(|one| state.show_commit(repo, one)))
    })
}

async fn one(call: Call, Path((owner, repo, rev)): Named) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        let sha = commit(state, repo, &rev)?;
        if call.accept.contains("vnd.github.sha") || call.accept.contains(".sha") {
            return Ok(axum::response::IntoResponse::into_response(sha));
        }
        let found = state.git.commit(repo, &sha)?;
        let files = match found.parents.first() {
            Some(parent) => state.git.diff(repo, parent, &sha)?,
            None => Vec::new(),
        };
        let (added, deleted) =
            (files.iter().map(|f| f.additions).sum::<u64>(), files.iter().map(|f| f.deletions).sum::<u64>());
        let mut shown = state.show_commit(repo, &found);
        shown["stats"] = json!({"total": added + deleted, "additions": added, "deletions": deleted});
        shown["files"] = files.iter().map(|file| state.show_file(repo, &sha, file)).collect();
        ok(shown)
    })
}

async fn pulls_of(call: Call, Path((owner, repo, rev)): Named) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        let sha = commit(state, repo, &rev)?;
        let mut numbers = Vec::new();
        for issue in state.repo(repo)?.issues.values() {
            let Some(pull) = &issue.pull else { continue };
            let landed = pull.merged.as_ref().is_some_and(|merged| merged.sha == sha);
            let commits = state.git.compare(repo, &pull.base_sha, &pull.head_sha)?.commits;
            if landed || commits.iter().any(|one| one.sha == sha) {
                numbers.push(issue.number);
            }
        }
        let shown: Vec<Value> =
            numbers.into_iter().map(|number| state.show_pull(repo, number)).collect::<Allowed<_>>()?;
        call.list(state, shown)
    })
}

async fn compare(call: Call, Path((owner, repo, range)): Named) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        let (base, head) = range.split_once("...").ok_or_else(Refusal::not_found)?;
        let known = |rev| commit(state, repo, rev).map_err(|_| Refusal::not_found());
        let (base, head) = (known(base)?, known(head)?);
        let comparison = state.git.compare(repo, &base, &head)?;
        let merge_base = comparison.merge_base.clone().ok_or_else(|| {
            Refusal::new(http::StatusCode::NOT_FOUND, format!("No common ancestor between {base} and {head}."))
        })?;
        let status = match (comparison.commits.len(), comparison.behind_by) {
            (0, 0) => "identical",
            (_, 0) => "ahead",
            (0, _) => "behind",
            (_, _) => "diverged",
        };
        let url = state.api(format_args!("/repos/{repo}/compare/{range}"));
        let html = state.web(format_args!("/{repo}/compare/{range}"));
        ok(json!({
            "url": url,
            "html_url": html,
            "permalink_url": html,
            "diff_url": format!("{html}.diff"),
            "patch_url": format!("{html}.patch"),
            "base_commit": state.show_commit(repo, &state.git.commit(repo, &base)?),
            "merge_base_commit": state.show_commit(repo, &state.git.commit(repo, &merge_base)?),
            "status": status,
            "ahead_by": comparison.commits.len(),
            "behind_by": comparison.behind_by,
            "total_commits": comparison.commits.len(),
            "commits": comparison.commits.iter().take(250).map(|one| state.show_commit(repo, one)).collect::<Vec<_>>(),
            "files": comparison.files.iter().take(300).map(|file| state.show_file(repo, &head, file)).collect::<Vec<_>>(),
        }))
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewCommit {
    message: String,
    tree: String,
    #[serde(default)]
    parents: Vec<String>,
}

async fn create_commit(call: Call, Path((owner, repo)): InRepo, Input(new): Input<NewCommit>) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        let actor = state.permit(&call.caller, repo, Role::Write)?;
        let who = state.signature(&actor)?;
        let parents: Vec<&str> = new.parents.iter().map(String::as_str).collect();
        let sha = state.git.commit_tree(repo, &new.tree, &parents, &who, &who, &new.message);
        let sha = sha.map_err(|_| Refusal::unprocessable("Tree SHA does not exist"))?;
        created(state.show_git_commit(repo, &state.git.commit(repo, &sha)?))
    })
}

async fn git_commit(call: Call, Path((owner, repo, sha)): Named) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        let sha = state.git.resolve(repo, &sha).ok_or_else(Refusal::not_found)?;
        ok(state.show_git_commit(repo, &state.git.commit(repo, &sha)?))
    })
}

async fn tree(call: Call, Path((owner, repo, rev)): Named) -> Answer {
    call.knows(&["recursive"])?;
    call.within(&owner, &repo, |state, repo| {
        let named = state.repo(repo)?.tip(&rev).cloned().unwrap_or_else(|| rev.clone());
        let (_, sha) = state.git.at_path(repo, &named, "").ok_or_else(Refusal::not_found)?;
        let entries = state.git.tree(repo, &sha, call.param("recursive").is_some()).map_err(|_| Refusal::not_found())?;
        let api = state.api(format_args!("/repos/{repo}/git"));
        let shown = entries.iter().map(|entry| {
            let folder = if entry.kind == "tree" { "trees" } else { "blobs" };
            let mut shown = json!({"path": entry.path, "mode": entry.mode, "type": entry.kind, "sha": entry.sha});
            if let Some(size) = entry.size {
                shown["size"] = json!(size);
            }
            shown["url"] = json!(format!("{api}/{folder}/{}", entry.sha));
            shown
        });
        ok(json!({"sha": sha, "url": format!("{api}/trees/{sha}"), "tree": shown.collect::<Vec<_>>(), "truncated": false}))
    })
}

async fn blob(call: Call, Path((owner, repo, sha)): Named) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        let bytes = state.git.blob(repo, &sha).map_err(|_| Refusal::not_found())?;
        ok(json!({
            "sha": sha,
            "node_id": node_id("B", &sha),
            "size": bytes.len(),
            "url": state.api(format_args!("/repos/{repo}/git/blobs/{sha}")),
            "content": wrapped(&bytes),
            "encoding": "base64",
        }))
    })
}

fn show_ref(state: &State, repo: &Name, name: &str, sha: &str) -> Value {
    json!({
        "ref": name,
        "node_id": node_id("REF", format_args!("{repo}:{name}")),
        "url": state.api(format_args!("/repos/{repo}/git/{name}")),
        "object": {"type": "commit", "sha": sha, "url": state.api(format_args!("/repos/{repo}/git/commits/{sha}"))},
    })
}

async fn one_ref(call: Call, Path((owner, repo, name)): Named) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        let name = format!("refs/{name}");
        let sha = state.repo(repo)?.refs.get(&name).cloned();
        let sha = sha.or_else(|| state.git.resolve(repo, &name).filter(|_| name.starts_with("refs/pull/")));
        ok(show_ref(state, repo, &name, &sha.ok_or_else(Refusal::not_found)?))
    })
}

async fn matching_refs(call: Call, Path((owner, repo, name)): Named) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        let start = format!("refs/{name}");
        let chosen = state.repo(repo)?.refs.iter().filter(|(name, _)| name.starts_with(&start));
        call.list(state, chosen.map(|(name, sha)| show_ref(state, repo, name, sha)))
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewRef {
    #[serde(rename = "ref")]
    name: String,
    sha: String,
}

async fn create_ref(call: Call, Path((owner, repo)): InRepo, Input(new): Input<NewRef>) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        if state.git.resolve(repo, &new.sha).is_none() {
            return Err(Refusal::unprocessable("Object does not exist"));
        }
        state.update_ref(&call.caller, repo, &new.name, &new.sha, None)?;
        created(show_ref(state, repo, &new.name, &new.sha))
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RefChange {
    sha: String,
    #[serde(default)]
    force: bool,
}

async fn move_ref(call: Call, Path((owner, repo, name)): Named, Input(change): Input<RefChange>) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        let name = format!("refs/{name}");
        let missing = || Refusal::unprocessable("Reference does not exist");
        let old = state.repo(repo)?.refs.get(&name).cloned().ok_or_else(missing)?;
        if state.git.resolve(repo, &change.sha).is_none() {
            return Err(Refusal::unprocessable("Object does not exist"));
        }
        if !change.force && !state.git.is_ancestor(repo, &old, &change.sha)? {
            return Err(Refusal::unprocessable("Update is not a fast forward"));
        }
        state.update_ref(&call.caller, repo, &name, &change.sha, Some(&old))?;
        ok(show_ref(state, repo, &name, &change.sha))
    })
}

async fn delete_ref(call: Call, Path((owner, repo, name)): Named) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        let name = format!("refs/{name}");
        let missing = || Refusal::unprocessable("Reference does not exist");
        let old = state.repo(repo)?.refs.get(&name).cloned().ok_or_else(missing)?;
        state.update_ref(&call.caller, repo, &name, ZERO, Some(&old))?;
        no_content()
    })
}
