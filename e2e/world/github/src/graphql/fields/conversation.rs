//! Comments, reviews, comments on lines, reactions.

use serde_json::{Value, json};

use super::mutation::CONTENTS;
use super::query::author;
use super::{Node, maybe_time, plain, time, unanswered};
use crate::Name;
use crate::act::Subject;
use crate::graphql::execute::{Out, Resolved, Run};
use crate::refusal::Refusal;
use crate::render::node_id;

impl Run<'_> {
    fn is_mine(&self, login: &Name) -> Resolved {
        plain(self.state.login(self.caller).is_ok_and(|me| me == *login))
    }

    pub(super) fn comment(&mut self, repo: &Name, id: u64, field: &str, arguments: &Value) -> Resolved {
        let (number, comment) = self.state.find_comment(repo, id)?;
        let is_pull = self.state.pull(repo, number).is_ok();
        match field {
            "id" => plain(node_id("IC", id)),
            "databaseId" => plain(id),
            "fullDatabaseId" => plain(id.to_string()),
            "author" => Ok(author(self.state, &comment.author)),
            "authorAssociation" => plain(self.state.association(&comment.author, repo)),
            "body" => plain(comment.body.as_str()),
            "createdAt" => time(comment.created_at),
            "updatedAt" => time(comment.updated_at),
            "lastEditedAt" => maybe_time(comment.last_edited_at),
            "isMinimized" => plain(false),
            "viewerDidAuthor" => self.is_mine(&comment.author),
            "issue" => Ok(Out::maybe((!is_pull).then(|| Node::Issue(repo.clone(), number)))),
            "pullRequest" => Ok(Out::maybe(is_pull.then(|| Node::Pull(repo.clone(), number)))),
            "url" => {
                let kind = if is_pull { "pull" } else { "issues" };
                plain(self.state.web(format_args!("/{repo}/{kind}/{number}#issuecomment-{id}")))
            }
            "reactionGroups" => Ok(reaction_groups(repo, Subject::Comment(id))),
            "reactions" => self.reactions(repo, Subject::Comment(id), arguments),
            _ => unanswered("IssueComment", field),
        }
    }

    pub(super) fn review(
        &mut self,
        repo: &Name,
        number: u64,
        id: u64,
        field: &str,
        arguments: &Value,
    ) -> Resolved {
        let pull = self.state.pull(repo, number)?;
        let review = pull.reviews.iter().find(|one| one.id == id).ok_or_else(Refusal::not_found)?;
        match field {
            "id" => plain(node_id("PRR", id)),
            "databaseId" => plain(id),
            "fullDatabaseId" => plain(id.to_string()),
            "author" => Ok(author(self.state, &review.author)),
            "authorAssociation" => plain(self.state.association(&review.author, repo)),
            "body" => plain(review.body.as_str()),
            "state" => plain(review.state.as_str()),
            "commit" => Ok(Out::Node(Node::Commit(repo.clone(), review.commit_id.clone()))),
            "createdAt" | "submittedAt" => time(review.submitted_at),
            "updatedAt" => time(review.last_edited_at.unwrap_or(review.submitted_at)),
            "lastEditedAt" => maybe_time(review.last_edited_at),
            "viewerDidAuthor" => self.is_mine(&review.author),
            "pullRequest" => Ok(Out::Node(Node::Pull(repo.clone(), number))),
            "url" => plain(self.state.web(format_args!("/{repo}/pull/{number}#pullrequestreview-{id}"))),
            "comments" => {
                let mine = pull.review_comments.iter().filter(|comment| comment.review == id);
                Ok(Out::pages(mine.map(|comment| Node::ReviewComment(repo.clone(), comment.id))))
            }
            "reactionGroups" => Ok(reaction_groups(repo, Subject::Review(id))),
            "reactions" => self.reactions(repo, Subject::Review(id), arguments),
            _ => unanswered("PullRequestReview", field),
        }
    }

    pub(super) fn review_comment(
        &mut self,
        repo: &Name,
        id: u64,
        field: &str,
        arguments: &Value,
    ) -> Resolved {
        let (number, comment) = self.state.find_review_comment(repo, id)?;
        match field {
            "id" => plain(node_id("PRRC", id)),
            "databaseId" => plain(id),
            "fullDatabaseId" => plain(id.to_string()),
            "author" => Ok(author(self.state, &comment.author)),
            "authorAssociation" => plain(self.state.association(&comment.author, repo)),
            "body" => plain(comment.body.as_str()),
            "path" => plain(comment.path.as_str()),
            "line" => plain(json!(comment.line)),
            "commit" => Ok(Out::Node(Node::Commit(repo.clone(), comment.commit_id.clone()))),
            "createdAt" => time(comment.created_at),
            "updatedAt" => time(comment.updated_at),
            "lastEditedAt" => maybe_time(comment.last_edited_at),
            "isMinimized" => plain(false),
            "viewerDidAuthor" => self.is_mine(&comment.author),
            "pullRequest" => Ok(Out::Node(Node::Pull(repo.clone(), number))),
            "url" => plain(self.state.web(format_args!("/{repo}/pull/{number}#discussion_r{id}"))),
            "reactionGroups" => Ok(reaction_groups(repo, Subject::ReviewComment(id))),
            "reactions" => self.reactions(repo, Subject::ReviewComment(id), arguments),
            _ => unanswered("PullRequestReviewComment", field),
        }
    }

    pub(super) fn reactions(&mut self, repo: &Name, subject: Subject, arguments: &Value) -> Resolved {
        let me = self.state.login(self.caller).ok();
        let wanted =
            CONTENTS.iter().find(|(word, _)| arguments["content"] == *word).map(|(_, content)| *content);
        let chosen: Vec<_> = self
            .state
            .reactions(repo, subject)?
            .iter()
            .filter(|one| wanted.is_none_or(|wanted| one.content == wanted))
            .collect();
        let mine = chosen.iter().any(|one| me.as_ref() == Some(&one.user));
        let nodes = chosen.iter().map(|one| Node::Reaction(repo.clone(), subject, one.id)).collect();
        Ok(Out::Pages(nodes, json!({"viewerHasReacted": mine})))
    }

    pub(super) fn reaction(&mut self, repo: &Name, subject: Subject, id: u64, field: &str) -> Resolved {
        let all = self.state.reactions(repo, subject)?;
        let reaction = all.iter().find(|one| one.id == id).ok_or_else(Refusal::not_found)?;
        match field {
            "id" => plain(node_id("REA", id)),
            "databaseId" => plain(id),
            "createdAt" => time(reaction.created_at),
            "user" => Ok(author(self.state, &reaction.user)),
            "content" => plain(
                CONTENTS
                    .iter()
                    .find(|(_, content)| *content == reaction.content)
                    .map_or("", |(word, _)| word),
            ),
            _ => unanswered("Reaction", field),
        }
    }

    pub(super) fn reaction_group(
        &mut self,
        repo: &Name,
        subject: Subject,
        content: &str,
        field: &str,
    ) -> Resolved {
        let me = self.state.login(self.caller).ok();
        let given: Vec<_> =
            self.state.reactions(repo, subject)?.iter().filter(|one| one.content == content).collect();
        match field {
            "content" => {
                plain(CONTENTS.iter().find(|(_, rest)| *rest == content).map_or("", |(word, _)| word))
            }
            "createdAt" => maybe_time(given.first().map(|one| one.created_at)),
            "viewerHasReacted" => plain(given.iter().any(|one| me.as_ref() == Some(&one.user))),
            "reactors" => Ok(Out::pages(given.into_iter().map(|one| Node::Actor(one.user.clone())))),
            _ => unanswered("ReactionGroup", field),
        }
    }
}

/// One group for each of the eight reactions, given or not.
pub(super) fn reaction_groups(repo: &Name, subject: Subject) -> Out {
    Out::List(
        CONTENTS.iter().map(|(_, content)| Node::ReactionGroup(repo.clone(), subject, content)).collect(),
    )
}
