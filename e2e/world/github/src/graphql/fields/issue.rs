//! Issues, and what pull requests have in common with them.

use serde_json::{Value, json};

use super::conversation::reaction_groups;
use super::query::author;
use super::repository::state_of;
use super::{Node, maybe_time, plain, shouted, time, unanswered};
use crate::Name;
use crate::act::Subject;
use crate::graphql::execute::{Out, Resolved, Run};
use crate::render::node_id;

impl Run<'_> {
    pub(super) fn issue(&mut self, repo: &Name, number: u64, field: &str, arguments: &Value) -> Resolved {
        let issue = self.state.issue(repo, number)?;
        match field {
            "id" => plain(issue.node_id()),
            "databaseId" => plain(issue.id),
            "number" => plain(number),
            "title" => plain(issue.title.as_str()),
            "body" => plain(issue.body.clone().unwrap_or_default()),
            "author" => Ok(author(self.state, &issue.author)),
            "authorAssociation" => plain(self.state.association(&issue.author, repo)),
            "state" => plain(state_of(issue)),
            "closed" => plain(!issue.open),
            "locked" => plain(issue.locked),
            "activeLockReason" => issue.lock_reason.as_deref().map_or(plain(Value::Null), shouted),
            "createdAt" => time(issue.created_at),
            "updatedAt" => time(issue.updated_at),
            "closedAt" => maybe_time(issue.closed_at),
            "lastEditedAt" => maybe_time(issue.last_edited_at),
            "url" => {
                let kind = if issue.pull.is_some() { "pull" } else { "issues" };
                plain(self.state.web(format_args!("/{repo}/{kind}/{number}")))
            }
            "repository" => Ok(Out::Node(Node::Repository(repo.clone()))),
            "labels" => {
                Ok(Out::pages(issue.labels.iter().map(|name| Node::Label(repo.clone(), name.clone()))))
            }
            "assignees" => Ok(Out::pages(issue.assignees.iter().map(|login| Node::Actor(login.clone())))),
            "comments" => {
                Ok(Out::pages(issue.comments.iter().map(|comment| Node::Comment(repo.clone(), comment.id))))
            }
            "milestone" => {
                let milestone =
                    issue.milestone.and_then(|number| self.state.repo(repo).ok()?.milestones.get(&number));
                Ok(Out::maybe(milestone.map(|one| {
                    Node::Small(
                        "Milestone",
                        json!({"id": node_id("MI", one.id), "number": one.number, "title": one.title}),
                    )
                })))
            }
            "reactionGroups" => Ok(reaction_groups(repo, Subject::Issue(number))),
            "reactions" => self.reactions(repo, Subject::Issue(number), arguments),
            _ => unanswered("Issue", field),
        }
    }
}
