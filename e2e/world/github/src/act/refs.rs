//! Branches and tags that move, and all that follows from it: push events, pull requests that get a new head,
//! pull requests that are merged by a push.

use serde_json::{Value, json};

use super::mergeability::missing_contexts;
use crate::Name;
use crate::git::{Signature, ZERO};
use crate::refusal::{Allowed, Refusal};
use crate::render::extend;
use crate::state::{Caller, Merged, Role, State};

/// GitHub lists at most this many commits in a push event.
const MOST_COMMITS_TOLD: usize = 2048;

impl State {
    /// How an account signs commits now.
    pub(crate) fn signature(&self, login: &Name) -> Allowed<Signature> {
        let user = self.user(login)?;
        Ok(Signature { name: user.login.to_string(), email: user.email(), at: self.now() })
    }

    /// Commits changed files (`None` deletes) on a branch; the branch is made from the default branch if it is absent.
    pub fn commit(
        &mut self,
        by: &Caller,
        repo: &Name,
        branch: &str,
        files: &[(&str, Option<&[u8]>)],
        message: &str,
    ) -> Allowed<String> {
        let actor = self.permit(by, repo, Role::Write)?;
        let found = self.repo(repo)?;
        let old = found.tip(branch).cloned();
        let parent = old.clone().or_else(|| found.tip(&found.default_branch).cloned());
        let sha = self.git.commit_files(repo, parent.as_deref(), files, &self.signature(&actor)?, message)?;
        self.update_ref(by, repo, &format!("refs/heads/{branch}"), &sha, old.as_deref())?;
        Ok(sha)
    }

    /// Moves, makes or (with [`ZERO`]) deletes a ref for a caller; `old` is what it must point to now.
    pub fn update_ref(
        &mut self,
        by: &Caller,
        repo: &Name,
        name: &str,
        new: &str,
        old: Option<&str>,
    ) -> Allowed<()> {
        let actor = self.permit(by, repo, Role::Write)?;
        if old.is_none() && self.repo(repo)?.refs.contains_key(name) {
            return Err(Refusal::unprocessable("Reference already exists"));
        }
        self.may_move(by, repo, name, old.unwrap_or(ZERO), new).map_err(Refusal::unprocessable)?;
        self.git.set_ref(repo, name, new, old.unwrap_or(ZERO))?;
        self.moved(repo, name, old.unwrap_or(ZERO), new, &actor)
    }

    /// Looks at git after a push over HTTP, and tells of what it moved.
    pub(crate) fn notice_push(&mut self, by: &Caller, repo: &Name) -> Allowed<()> {
        let actor = self.login(by)?;
        let before = self.repo(repo)?.refs.clone();
        let after = self.git.refs(repo)?;
        for (name, new) in &after {
            let old = before.get(name).map_or(ZERO, String::as_str);
            if old != new {
                self.moved(repo, name, old, new, &actor)?;
            }
        }
        for (name, old) in before.iter().filter(|(name, _)| !after.contains_key(*name)) {
            self.moved(repo, name, old, ZERO, &actor)?;
        }
        Ok(())
    }

    /// Whether branch protection lets a caller move a ref; the sentence that GitHub says if not.
    pub(crate) fn may_move(
        &self,
        by: &Caller,
        repo: &Name,
        name: &str,
        old: &str,
        new: &str,
    ) -> Result<(), String> {
        let found = self.repos.get(repo).ok_or("Not Found")?;
        let Some(branch) = name.strip_prefix("refs/heads/") else { return Ok(()) };
        let Some(protection) = found.protection.get(branch) else { return Ok(()) };
        if new == ZERO && !protection.allow_deletions {
            return Err("Cannot delete this protected branch".to_owned());
        }
        let forced = old != ZERO && new != ZERO && !self.git.is_ancestor(repo, old, new).unwrap_or(false);
        if forced && !protection.allow_force_pushes {
            return Err("Cannot force-push to this protected branch".to_owned());
        }
        if !self.may_push_to(by, repo, branch) {
            return Err(NOT_AUTHORIZED.to_owned());
        }
        if self.bypasses(by, repo, branch) || new == ZERO {
            return Ok(());
        }
        if protection.required_reviews.is_some() {
            return Err("Changes must be made through a pull request.".to_owned());
        }
        missing_contexts(found, branch, new).map_or(Ok(()), Err)
    }

    /// Whether protection restricts pushes to others than the caller.
    pub(crate) fn may_push_to(&self, by: &Caller, repo: &Name, branch: &str) -> bool {
        let Some(found) = self.repos.get(repo) else { return false };
        let Some(only) = found.protection.get(branch).and_then(|one| one.restrictions.as_ref()) else {
            return true;
        };
        let Ok(login) = self.login(by) else { return false };
        let teams = self.orgs.get(&Name::from(found.name.owner())).map(|org| &org.teams);
        let in_team = |slug: &Name| {
            teams.and_then(|teams| teams.get(slug)).is_some_and(|team| team.members.contains_key(&login))
        };
        let app = login.as_str().strip_suffix("[bot]").map(Name::from);
        only.users.contains(&login)
            || only.teams.iter().any(in_team)
            || app.is_some_and(|slug| only.apps.contains(&slug))
            || self.bypasses(by, repo, branch)
    }

    /// Administrators are not bound unless `enforce_admins` says so; Apps are always bound.
    pub(crate) fn bypasses(&self, by: &Caller, repo: &Name, branch: &str) -> bool {
        let bound = self
            .repos
            .get(repo)
            .and_then(|found| found.protection.get(branch))
            .is_some_and(|one| one.enforce_admins);
        !bound && matches!(by.who, crate::state::Who::User(_)) && self.role(by, repo) == Some(Role::Admin)
    }

    /// Records that a ref moved and does what GitHub does then.
    pub(super) fn moved(
        &mut self,
        repo: &Name,
        name: &str,
        old: &str,
        new: &str,
        actor: &Name,
    ) -> Allowed<()> {
        let now = self.now();
        let found = self.repo_mut(repo)?;
        found.pushed_at = now;
        if new == ZERO {
            found.refs.remove(name);
        } else {
            found.refs.insert(name.to_owned(), new.to_owned());
        }
        self.emit_push(repo, name, old, new, actor)?;
        let Some(branch) = name.strip_prefix("refs/heads/") else { return Ok(()) };
        let heads =
            self.open_pulls(|_, pull| pull.head_repo.as_ref() == Some(repo) && pull.head_ref == branch);
        for (base_repo, number) in heads {
            if new == ZERO {
                self.set_open(&base_repo, number, actor, false, None)?;
            } else {
                self.synchronize(&base_repo, number, new, actor)?;
            }
        }
        if new != ZERO && old != ZERO {
            self.merge_by_push(repo, branch, old, new, actor)?;
        }
        Ok(())
    }

    /// A pull request whose head a push has put into its base counts as merged.
    fn merge_by_push(
        &mut self,
        repo: &Name,
        branch: &str,
        old: &str,
        new: &str,
        actor: &Name,
    ) -> Allowed<()> {
        let on_it = self.open_pulls(|found, pull| found.name == *repo && pull.base_ref == branch);
        if on_it.is_empty() {
            return Ok(());
        }
        let arrived = self.git.between(repo, old, new)?;
        for (_, number) in on_it {
            let head = self.pull(repo, number)?.head_sha.clone();
            if arrived.contains(&head) {
                self.set_merged(repo, number, actor, &head)?;
            }
        }
        Ok(())
    }

    /// Closes a pull request as merged.
    pub(super) fn set_merged(&mut self, repo: &Name, number: u64, actor: &Name, sha: &str) -> Allowed<()> {
        let now = self.now();
        let issue = self.issue_mut(repo, number)?;
        issue.open = false;
        issue.closed_at = Some(now);
        if let Some(pull) = issue.pull.as_mut() {
            pull.merged = Some(Merged { by: actor.clone(), at: now, sha: sha.to_owned() });
        }
        let commit =
            json!({"commit_id": sha, "commit_url": self.api(format_args!("/repos/{repo}/commits/{sha}"))});
        self.note(repo, number, actor, "merged", commit)?;
        self.note(repo, number, actor, "closed", json!({}))?;
        self.emit_issue(repo, number, actor, "closed", json!({}));
        Ok(())
    }

    fn emit_push(&mut self, repo: &Name, name: &str, old: &str, new: &str, actor: &Name) -> Allowed<()> {
        let (kind, short) = match (name.strip_prefix("refs/heads/"), name.strip_prefix("refs/tags/")) {
            (Some(branch), _) => ("branch", branch),
            (None, Some(tag)) => ("tag", tag),
            (None, None) => return Ok(()),
        };
        let found = self.repo(repo)?;
        let ref_event = json!({"ref": short, "ref_type": kind, "pusher_type": "user"});
        let mut commits = Vec::new();
        if new != ZERO && kind == "branch" {
            let start =
                if old == ZERO { found.tip(&found.default_branch).filter(|tip| *tip != new) } else { None };
            let without = if old == ZERO { start.map(String::as_str) } else { Some(old) };
            commits = self.git.log(repo, new, without, None)?;
            commits.truncate(MOST_COMMITS_TOLD);
            commits.reverse();
        }
        let told: Vec<Value> =
            commits.iter().map(|commit| self.push_commit(repo, commit)).collect::<Allowed<_>>()?;
        let head_commit = match new {
            ZERO => Value::Null,
            new => self.push_commit(repo, &self.git.commit(repo, new)?)?,
        };
        let forced = old != ZERO && new != ZERO && !self.git.is_ancestor(repo, old, new)?;
        let user = self.user(actor)?;
        let push = json!({
            "ref": name,
            "before": old,
            "after": new,
            "created": old == ZERO,
            "deleted": new == ZERO,
            "forced": forced,
            "base_ref": null,
            "compare": self.web(format_args!("/{repo}/compare/{}...{}", old.get(..12).unwrap_or(old), new.get(..12).unwrap_or(new))),
            "commits": told,
            "head_commit": head_commit,
            "pusher": {"name": user.login.as_str(), "email": user.email()},
        });
        let mut created = ref_event.clone();
        extend(&mut created, json!({"master_branch": found.default_branch, "description": null}));
        self.emit(repo, actor, "push", push);
        if old == ZERO {
            self.emit(repo, actor, "create", created);
        } else if new == ZERO {
            self.emit(repo, actor, "delete", ref_event);
        }
        Ok(())
    }

    /// A commit as push events show it.
    fn push_commit(&self, repo: &Name, commit: &crate::git::Commit) -> Allowed<Value> {
        let files = match commit.parents.first() {
            Some(parent) => self.git.diff(repo, parent, &commit.sha)?,
            None => Vec::new(),
        };
        let paths = |status: &[&str]| {
            files
                .iter()
                .filter(|file| status.contains(&file.status))
                .map(|file| file.path.as_str())
                .collect::<Vec<_>>()
        };
        let who = |signature: &Signature| {
            let login = self.account_of(signature).map(Name::as_str);
            json!({"name": signature.name, "email": signature.email, "username": login})
        };
        let mut removed = paths(&["removed"]);
        removed.extend(files.iter().filter_map(|file| file.previous.as_deref()));
        Ok(json!({
            "id": commit.sha,
            "tree_id": commit.tree,
            "distinct": true,
            "message": commit.message,
            "timestamp": crate::clock::shown(commit.committer.at),
            "url": self.web(format_args!("/{repo}/commit/{}", commit.sha)),
            "author": who(&commit.author),
            "committer": who(&commit.committer),
            "added": paths(&["added", "renamed"]),
            "removed": removed,
            "modified": paths(&["modified"]),
        }))
    }
}

/// What GitHub says to those whom `restrictions` leaves out.
pub(super) const NOT_AUTHORIZED: &str = "You're not authorized to push to this branch. Visit https://docs.github.com/articles/about-protected-branches/ for more information.";
