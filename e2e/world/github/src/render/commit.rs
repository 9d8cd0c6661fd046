//! Commits, files of a difference, statuses, check runs.

use serde_json::{Value, json};

use super::{maybe, node_id};
use crate::Name;
use crate::clock::shown;
use crate::git::{Commit, FileDiff, Signature};
use crate::render::encoded;
use crate::state::{CheckRun, Repo, State, Status};

fn show_signature(who: &Signature) -> Value {
    json!({"name": who.name, "email": who.email, "date": shown(who.at)})
}

impl State {
    /// The account whose address a commit bears.
    pub(crate) fn account_of(&self, who: &Signature) -> Option<&Name> {
        self.users.values().find(|user| user.email() == who.email).map(|user| &user.login)
    }

    fn show_account_of(&self, who: &Signature) -> Value {
        self.account_of(who).map_or(Value::Null, |login| self.show_user(login))
    }

    /// A commit as lists have it.
    pub(crate) fn show_commit(&self, repo: &Name, commit: &Commit) -> Value {
        let sha = &commit.sha;
        let api = self.api(format_args!("/repos/{repo}"));
        let html = self.web(format_args!("/{repo}/commit"));
        let parent = |sha: &String| json!({"sha": sha, "url": format!("{api}/commits/{sha}"), "html_url": format!("{html}/{sha}")});
        json!({
            "sha": sha,
            "node_id": node_id("C", sha),
            "commit": {
                "author": show_signature(&commit.author),
                "committer": show_signature(&commit.committer),
                "message": commit.message,
                "tree": {"sha": commit.tree, "url": format!("{api}/git/trees/{}", commit.tree)},
                "url": format!("{api}/git/commits/{sha}"),
                "comment_count": 0,
                "verification": {"verified": false, "reason": "unsigned", "signature": null, "payload": null, "verified_at": null},
            },
            "url": format!("{api}/commits/{sha}"),
            "html_url": format!("{html}/{sha}"),
            "comments_url": format!("{api}/commits/{sha}/comments"),
            "author": self.show_account_of(&commit.author),
            "committer": self.show_account_of(&commit.committer),
            "parents": commit.parents.iter().map(parent).collect::<Vec<_>>(),
        })
    }

    /// A commit as the git database has it.
    pub(crate) fn show_git_commit(&self, repo: &Name, commit: &Commit) -> Value {
        let mut shown_commit = self.show_commit(repo, commit);
        let mut inner = shown_commit["commit"].take();
        if let Some(fields) = inner.as_object_mut() {
            fields.insert("sha".to_owned(), json!(commit.sha));
            fields.insert("node_id".to_owned(), json!(node_id("C", &commit.sha)));
            fields.insert("html_url".to_owned(), shown_commit["html_url"].take());
            fields.insert("parents".to_owned(), shown_commit["parents"].take());
            fields.remove("comment_count");
        }
        inner
    }

    pub(crate) fn show_file(&self, repo: &Name, head: &str, file: &FileDiff) -> Value {
        let path: Vec<String> = file.path.split('/').map(encoded).collect();
        let path = path.join("/");
        let mut shown_file = json!({
            "sha": file.blob,
            "filename": file.path,
            "status": file.status,
            "additions": file.additions,
            "deletions": file.deletions,
            "changes": file.additions + file.deletions,
            "blob_url": self.web(format_args!("/{repo}/blob/{head}/{path}")),
            "raw_url": self.web(format_args!("/{repo}/raw/{head}/{path}")),
            "contents_url": self.api(format_args!("/repos/{repo}/contents/{path}?ref={head}")),
        });
        if let Some(patch) = &file.patch {
            shown_file["patch"] = json!(patch);
        }
        if let Some(previous) = &file.previous {
            shown_file["previous_filename"] = json!(previous);
        }
        shown_file
    }

    pub(crate) fn show_status(&self, repo: &Name, sha: &str, status: &Status) -> Value {
        let avatar = self.show_user(&status.creator)["avatar_url"].take();
        json!({
            "url": self.api(format_args!("/repos/{repo}/statuses/{sha}")),
            "avatar_url": avatar,
            "id": status.id,
            "node_id": node_id("SC", status.id),
            "state": status.state,
            "description": status.description,
            "target_url": status.target_url,
            "context": status.context,
            "created_at": shown(status.created_at),
            "updated_at": shown(status.created_at),
            "creator": self.show_user(&status.creator),
        })
    }

    /// The combined status of a commit. The list in it has no `creator`, as on GitHub.
    pub(crate) fn show_combined(&self, repo: &Repo, sha: &str, statuses: &[&Status], total: usize) -> Value {
        let url = self.api(format_args!("/repos/{}", repo.name));
        let latest = repo.latest_statuses(sha);
        let any = |state: &[&str]| latest.iter().any(|status| state.contains(&status.state.as_str()));
        let state = if any(&["failure", "error"]) {
            "failure"
        } else if latest.is_empty() || any(&["pending"]) {
            "pending"
        } else {
            "success"
        };
        let list = statuses.iter().map(|status| {
            let mut shown_status = self.show_status(&repo.name, sha, status);
            if let Some(fields) = shown_status.as_object_mut() {
                fields.remove("creator");
            }
            shown_status
        });
        json!({
            "state": state,
            "statuses": list.collect::<Vec<_>>(),
            "sha": sha,
            "total_count": total,
            "repository": self.show_repo(repo),
            "commit_url": format!("{url}/commits/{sha}"),
            "url": format!("{url}/commits/{sha}/status"),
        })
    }

    pub(crate) fn show_check_run(&self, repo: &Repo, run: &CheckRun) -> Value {
        let url = self.api(format_args!("/repos/{}/check-runs/{}", repo.name, run.id));
        let text = |field: &str| run.output.get(field).cloned().unwrap_or_default();
        let pulls = repo.issues.values().filter_map(|issue| Some((issue, issue.pull.as_ref()?))).filter(
            |(issue, pull)| {
                issue.open && pull.head_sha == run.head_sha && pull.head_repo.as_ref() == Some(&repo.name)
            },
        );
        let short = json!({"id": repo.id, "url": self.api(format_args!("/repos/{}", repo.name)), "name": repo.name.short()});
        let pulls = pulls.map(|(issue, pull)| {
            json!({
                "url": self.api(format_args!("/repos/{}/pulls/{}", repo.name, issue.number)),
                "id": issue.id,
                "number": issue.number,
                "head": {"ref": pull.head_ref, "sha": pull.head_sha, "repo": short},
                "base": {"ref": pull.base_ref, "sha": pull.base_sha, "repo": short},
            })
        });
        json!({
            "id": run.id,
            "name": run.name,
            "node_id": node_id("CR", run.id),
            "head_sha": run.head_sha,
            "external_id": run.external_id.as_deref().unwrap_or_default(),
            "url": url,
            "html_url": self.web(format_args!("/{}/runs/{}", repo.name, run.id)),
            "details_url": run.details_url,
            "status": run.status,
            "conclusion": run.conclusion,
            "started_at": shown(run.started_at),
            "completed_at": maybe(run.completed_at),
            "output": {
                "title": text("title"),
                "summary": text("summary"),
                "text": text("text"),
                "annotations_count": 0,
                "annotations_url": format!("{url}/annotations"),
            },
            "check_suite": {"id": run.app},
            "app": self.apps.get(&run.app).map_or(Value::Null, |app| self.show_app(app)),
            "pull_requests": pulls.collect::<Vec<_>>(),
        })
    }

    /// The check suite of a run, as webhooks have it. A suite here is all that one App said of a commit.
    pub(crate) fn show_check_suite(&self, repo: &Repo, run: &CheckRun, shown_run: &Value) -> Value {
        let branch = repo.branches().find(|(_, tip)| **tip == run.head_sha).map(|(name, _)| name);
        json!({
            "id": run.app,
            "node_id": node_id("CS", run.app),
            "head_branch": branch,
            "head_sha": run.head_sha,
            "status": run.status,
            "conclusion": run.conclusion,
            "url": self.api(format_args!("/repos/{}/check-suites/{}", repo.name, run.app)),
            "before": null,
            "after": run.head_sha,
            "pull_requests": shown_run["pull_requests"],
            "app": shown_run["app"],
            "created_at": shown(run.started_at),
            "updated_at": shown(run.completed_at.unwrap_or(run.started_at)),
        })
    }
}
