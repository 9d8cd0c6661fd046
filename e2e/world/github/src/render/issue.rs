//! Issues, comments, reactions, timeline events.

use serde_json::{Value, json};

use super::{maybe, node_id};
use crate::Name;
use crate::clock::shown;
use crate::refusal::Allowed;
use crate::render::extend;
use crate::state::{Comment, Event, Issue, Reaction, Repo, State};

/// The eight reactions, in GitHub's order.
pub(crate) const REACTIONS: [&str; 8] =
    ["+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes"];

impl State {
    pub(crate) fn show_issue(&self, repo: &Name, number: u64) -> Allowed<Value> {
        let found = self.repo(repo)?;
        let issue = self.issue(repo, number)?;
        let repo_url = self.api(format_args!("/repos/{}", found.name));
        let url = format!("{repo_url}/issues/{number}");
        let kind = if issue.pull.is_some() { "pull" } else { "issues" };
        let html = self.web(format_args!("/{}/{kind}/{number}", found.name));
        let mut shown_issue = json!({
            "url": url,
            "repository_url": repo_url,
            "labels_url": format!("{url}/labels{{/name}}"),
            "comments_url": format!("{url}/comments"),
            "events_url": format!("{url}/events"),
            "html_url": html,
            "id": issue.id,
            "node_id": issue.node_id(),
            "number": number,
            "title": issue.title,
            "user": self.show_user(&issue.author),
            "labels": self.show_labels(found, issue),
            "state": if issue.open { "open" } else { "closed" },
            "locked": issue.locked,
            "assignee": issue.assignees.first().map_or(Value::Null, |login| self.show_user(login)),
            "assignees": self.show_users(&issue.assignees),
            "milestone": self.show_milestone_of(found, issue),
            "comments": issue.comments.len(),
            "created_at": shown(issue.created_at),
            "updated_at": shown(issue.updated_at),
            "closed_at": maybe(issue.closed_at),
            "author_association": self.association(&issue.author, repo),
            "active_lock_reason": issue.lock_reason,
            "body": issue.body,
            "reactions": show_rollup(&url, &issue.reactions),
            "timeline_url": format!("{url}/timeline"),
            "performed_via_github_app": null,
            "state_reason": issue.state_reason,
        });
        if let Some(pull) = &issue.pull {
            extend(
                &mut shown_issue,
                json!({
                    "draft": pull.draft,
                    "pull_request": {
                        "url": format!("{repo_url}/pulls/{number}"),
                        "html_url": html,
                        "diff_url": format!("{html}.diff"),
                        "patch_url": format!("{html}.patch"),
                        "merged_at": maybe(pull.merged.as_ref().map(|merged| merged.at)),
                    },
                }),
            );
        }
        Ok(shown_issue)
    }

    pub(crate) fn show_labels(&self, repo: &Repo, issue: &Issue) -> Value {
        issue
            .labels
            .iter()
            .filter_map(|name| repo.labels.get(name))
            .map(|label| self.show_label(repo, label))
            .collect()
    }

    pub(crate) fn show_milestone_of(&self, repo: &Repo, issue: &Issue) -> Value {
        let milestone = issue.milestone.and_then(|number| repo.milestones.get(&number));
        milestone.map_or(Value::Null, |milestone| self.show_milestone(repo, milestone))
    }

    pub(crate) fn show_comment(&self, repo: &Name, issue: &Issue, comment: &Comment) -> Value {
        let id = comment.id;
        let url = self.api(format_args!("/repos/{repo}/issues/comments/{id}"));
        let kind = if issue.pull.is_some() { "pull" } else { "issues" };
        json!({
            "url": url,
            "html_url": self.web(format_args!("/{repo}/{kind}/{}#issuecomment-{id}", issue.number)),
            "issue_url": self.api(format_args!("/repos/{repo}/issues/{}", issue.number)),
            "id": id,
            "node_id": node_id("IC", id),
            "user": self.show_user(&comment.author),
            "created_at": shown(comment.created_at),
            "updated_at": shown(comment.updated_at),
            "author_association": self.association(&comment.author, repo),
            "body": comment.body,
            "reactions": show_rollup(&url, &comment.reactions),
            "performed_via_github_app": null,
        })
    }

    pub(crate) fn show_reaction(&self, reaction: &Reaction) -> Value {
        json!({
            "id": reaction.id,
            "node_id": node_id("REA", reaction.id),
            "user": self.show_user(&reaction.user),
            "content": reaction.content,
            "created_at": shown(reaction.created_at),
        })
    }

    pub(crate) fn show_event(&self, repo: &Name, event: &Event) -> Value {
        let mut shown_event = json!({
            "id": event.id,
            "node_id": node_id("EV", event.id),
            "url": self.api(format_args!("/repos/{repo}/issues/events/{}", event.id)),
            "actor": self.show_user(&event.actor),
            "event": event.event,
            "commit_id": null,
            "commit_url": null,
            "created_at": shown(event.created_at),
            "performed_via_github_app": null,
        });
        extend(&mut shown_event, event.extra.clone());
        shown_event
    }
}

impl Issue {
    /// The node id: those of issues and pull requests differ in kind.
    pub(crate) fn node_id(&self) -> String {
        node_id(if self.pull.is_some() { "PR" } else { "I" }, self.id)
    }
}

/// The counts that GitHub puts into everything that can be reacted to.
pub(crate) fn show_rollup(url: &str, reactions: &[Reaction]) -> Value {
    let mut rollup = json!({"url": format!("{url}/reactions"), "total_count": reactions.len()});
    for content in REACTIONS {
        rollup[content] = json!(reactions.iter().filter(|one| one.content == content).count());
    }
    rollup
}
