//! Opening, editing, closing and locking issues and pull requests, and commenting on them.

use serde_json::{Value, json};

use crate::Name;
use crate::refusal::{Allowed, Refusal};
use crate::state::{Caller, Comment, Issue, Pull, Role, State};

/// What an edit changes; `None` leaves as is.
#[derive(Clone, Debug, Default)]
pub struct IssueChange {
    /// The title.
    pub title: Option<String>,
    /// The description; `Some(None)` removes it.
    pub body: Option<Option<String>>,
    /// Open or closed.
    pub open: Option<bool>,
    /// Why it is closed.
    pub state_reason: Option<String>,
    /// The whole set of labels.
    pub labels: Option<Vec<Name>>,
    /// The whole set of assignees.
    pub assignees: Option<Vec<Name>>,
    /// The milestone's number; `Some(None)` removes it.
    pub milestone: Option<Option<u64>>,
}

impl State {
    /// Opens an issue.
    pub fn open_issue(
        &mut self,
        by: &Caller,
        repo: &Name,
        title: &str,
        body: Option<String>,
    ) -> Allowed<u64> {
        let author = self.permit(by, repo, Role::Read)?;
        let number = self.add_issue(repo, &author, title, body, None)?;
        self.emit_issue(repo, number, &author, "opened", json!({}));
        Ok(number)
    }

    /// Gives the next number of a repository to a new issue or pull request.
    pub(super) fn add_issue(
        &mut self,
        repo: &Name,
        author: &Name,
        title: &str,
        body: Option<String>,
        pull: Option<Pull>,
    ) -> Allowed<u64> {
        if title.trim().is_empty() {
            return Err(Refusal::invalid(
                if pull.is_some() { "PullRequest" } else { "Issue" },
                "title",
                "missing_field",
            ));
        }
        let (id, now) = (self.next_id(), self.now());
        let found = self.repo_mut(repo)?;
        let number = found.issues.last_key_value().map_or(1, |(last, _)| last + 1);
        let issue = Issue {
            id,
            number,
            title: title.to_owned(),
            body,
            author: author.clone(),
            open: true,
            state_reason: None,
            locked: false,
            lock_reason: None,
            labels: Vec::new(),
            assignees: Vec::new(),
            milestone: None,
            created_at: now,
            updated_at: now,
            last_edited_at: None,
            closed_at: None,
            comments: Vec::new(),
            reactions: Vec::new(),
            events: Vec::new(),
            pull,
        };
        found.issues.insert(number, issue);
        Ok(number)
    }

    /// Edits an issue or a pull request.
    pub fn change_issue(
        &mut self,
        by: &Caller,
        repo: &Name,
        number: u64,
        change: IssueChange,
    ) -> Allowed<()> {
        let actor = self.permit(by, repo, Role::Read)?;
        let mine = self.issue(repo, number)?.author == actor;
        if change.title.is_some() || change.body.is_some() {
            self.permit(by, repo, if mine { Role::Read } else { Role::Write })?;
            self.rewrite(repo, number, &actor, change.title, change.body)?;
        }
        if let Some(open) = change.open {
            self.permit(by, repo, if mine { Role::Read } else { Role::Triage })?;
            self.set_open(repo, number, &actor, open, change.state_reason)?;
        }
        if let Some(labels) = change.labels {
            self.set_labels(by, repo, number, &labels)?;
        }
        if let Some(assignees) = change.assignees {
            self.set_assignees(by, repo, number, &assignees)?;
        }
        if let Some(milestone) = change.milestone {
            self.permit(by, repo, Role::Triage)?;
            self.set_milestone(repo, number, &actor, milestone)?;
        }
        Ok(())
    }

    #[expect(clippy::option_option, reason = "absent, null and a value are three different requests")]
    fn rewrite(
        &mut self,
        repo: &Name,
        number: u64,
        actor: &Name,
        title: Option<String>,
        body: Option<Option<String>>,
    ) -> Allowed<()> {
        let now = self.now();
        let mut changes = json!({});
        let issue = self.issue_mut(repo, number)?;
        let mut renamed = None;
        if let Some(title) = title.filter(|title| *title != issue.title) {
            changes["title"] = json!({"from": issue.title});
            renamed = Some(json!({"rename": {"from": issue.title, "to": title}}));
            issue.title = title;
        }
        if let Some(body) = body.filter(|body| *body != issue.body) {
            changes["body"] = json!({"from": issue.body});
            issue.body = body;
            issue.last_edited_at = Some(now);
        }
        if changes == json!({}) {
            return Ok(());
        }
        issue.updated_at = now;
        if let Some(extra) = renamed {
            self.note(repo, number, actor, "renamed", extra)?;
        }
        self.emit_issue(repo, number, actor, "edited", json!({"changes": changes}));
        Ok(())
    }

    /// Closes or reopens.
    pub(super) fn set_open(
        &mut self,
        repo: &Name,
        number: u64,
        actor: &Name,
        open: bool,
        reason: Option<String>,
    ) -> Allowed<()> {
        let issue = self.issue(repo, number)?;
        if issue.open == open {
            return Ok(());
        }
        if let Some(pull) = &issue.pull
            && open
        {
            if pull.merged.is_some() {
                return Err(Refusal::custom(
                    "PullRequest",
                    "state cannot be changed. The pull request is already merged.",
                ));
            }
            self.follow_head_before_reopening(repo, number)?;
        }
        let now = self.now();
        let issue = self.issue_mut(repo, number)?;
        issue.open = open;
        issue.closed_at = (!open).then_some(now);
        issue.state_reason = match (&issue.pull, open) {
            (Some(_), _) => None,
            (None, true) => Some("reopened".to_owned()),
            (None, false) => Some(reason.unwrap_or_else(|| "completed".to_owned())),
        };
        let action = if open { "reopened" } else { "closed" };
        self.note(repo, number, actor, action, json!({}))?;
        self.emit_issue(repo, number, actor, action, json!({}));
        Ok(())
    }

    fn set_milestone(
        &mut self,
        repo: &Name,
        number: u64,
        actor: &Name,
        milestone: Option<u64>,
    ) -> Allowed<()> {
        let found = self.repo(repo)?;
        let show = |number: Option<u64>| {
            number.and_then(|number| found.milestones.get(&number)).map(|one| self.show_milestone(found, one))
        };
        let (before, after) = (self.issue(repo, number)?.milestone, show(milestone));
        if milestone.is_some() && after.is_none() {
            return Err(Refusal::invalid("Issue", "milestone", "invalid"));
        }
        if before == milestone {
            return Ok(());
        }
        let (action, told) = match after {
            Some(told) => ("milestoned", told),
            None => ("demilestoned", show(before).unwrap_or_default()),
        };
        self.issue_mut(repo, number)?.milestone = milestone;
        self.note(repo, number, actor, action, json!({"milestone": {"title": told["title"]}}))?;
        self.emit_issue(repo, number, actor, action, json!({"milestone": told}));
        Ok(())
    }

    /// Locks or unlocks the conversation.
    pub fn set_locked(
        &mut self,
        by: &Caller,
        repo: &Name,
        number: u64,
        locked: bool,
        reason: Option<String>,
    ) -> Allowed<()> {
        let actor = self.permit(by, repo, Role::Triage)?;
        let issue = self.issue_mut(repo, number)?;
        issue.locked = locked;
        issue.lock_reason = reason.filter(|_| locked);
        let action = if locked { "locked" } else { "unlocked" };
        self.note(repo, number, &actor, action, json!({}))?;
        self.emit_issue(repo, number, &actor, action, json!({}));
        Ok(())
    }

    /// Comments, and returns the comment's id.
    pub fn comment(&mut self, by: &Caller, repo: &Name, number: u64, body: &str) -> Allowed<u64> {
        let author = self.permit(by, repo, Role::Read)?;
        if self.issue(repo, number)?.locked && self.role(by, repo) < Some(Role::Triage) {
            return Err(Refusal::forbidden("Unable to create comment because issue is locked."));
        }
        if body.trim().is_empty() {
            return Err(Refusal::invalid("IssueComment", "body", "missing_field"));
        }
        if body.chars().count() > 65_536 {
            return Err(Refusal::custom("IssueComment", "body is too long (maximum is 65536 characters)"));
        }
        let (id, now) = (self.next_id(), self.now());
        self.issue_mut(repo, number)?.comments.push(Comment {
            id,
            author: author.clone(),
            body: body.to_owned(),
            created_at: now,
            updated_at: now,
            last_edited_at: None,
            reactions: Vec::new(),
        });
        self.repo_mut(repo)?.homes.insert(id, number);
        self.touch(repo, number)?;
        self.emit_comment(repo, number, id, &author, "created", json!({}))?;
        Ok(id)
    }

    /// Edits a comment.
    pub fn edit_comment(&mut self, by: &Caller, repo: &Name, id: u64, body: &str) -> Allowed<()> {
        let (number, comment) = self.find_comment(repo, id)?;
        let mine = self.login(by)? == comment.author;
        let from = comment.body.clone();
        let actor = self.permit(by, repo, if mine { Role::Read } else { Role::Write })?;
        let now = self.now();
        let comment = self
            .issue_mut(repo, number)?
            .comments
            .iter_mut()
            .find(|one| one.id == id)
            .ok_or_else(Refusal::not_found)?;
        body.clone_into(&mut comment.body);
        comment.updated_at = now;
        comment.last_edited_at = Some(now);
        self.touch(repo, number)?;
        self.emit_comment(repo, number, id, &actor, "edited", json!({"changes": {"body": {"from": from}}}))
    }

    /// Deletes a comment.
    pub fn delete_comment(&mut self, by: &Caller, repo: &Name, id: u64) -> Allowed<()> {
        let (number, comment) = self.find_comment(repo, id)?;
        let mine = self.login(by)? == comment.author;
        let actor = self.permit(by, repo, if mine { Role::Read } else { Role::Write })?;
        // Told before it is gone: the payload shows the comment.
        self.emit_comment(repo, number, id, &actor, "deleted", json!({}))?;
        self.issue_mut(repo, number)?.comments.retain(|one| one.id != id);
        self.touch(repo, number)
    }

    /// A comment of a repository, with the number of its issue.
    pub(crate) fn find_comment(&self, repo: &Name, id: u64) -> Allowed<(u64, &Comment)> {
        let issue = self.home(repo, id)?;
        let comment = issue.comments.iter().find(|one| one.id == id);
        Ok((issue.number, comment.ok_or_else(Refusal::not_found)?))
    }

    fn emit_comment(
        &mut self,
        repo: &Name,
        number: u64,
        id: u64,
        sender: &Name,
        action: &str,
        more: Value,
    ) -> Allowed<()> {
        let (_, comment) = self.find_comment(repo, id)?;
        let mut payload = json!({
            "action": action,
            "issue": self.show_issue(repo, number)?,
            "comment": self.show_comment(repo, self.issue(repo, number)?, comment),
        });
        crate::render::extend(&mut payload, more);
        self.emit(repo, sender, "issue_comment", payload);
        Ok(())
    }
}
