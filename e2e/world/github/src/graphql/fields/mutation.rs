//! Mutations.

use serde_json::Value;

use super::conversation::reaction_groups;
use super::query::{client_id, reactable};
use super::{Node, unanswered};
use crate::Name;
use crate::act::Subject;
use crate::graphql::execute::{Failure, Out, Resolved, Run};

/// The words for reactions in GraphQL, and in REST.
pub(super) const CONTENTS: [(&str, &str); 8] = [
    ("THUMBS_UP", "+1"),
    ("THUMBS_DOWN", "-1"),
    ("LAUGH", "laugh"),
    ("HOORAY", "hooray"),
    ("CONFUSED", "confused"),
    ("HEART", "heart"),
    ("ROCKET", "rocket"),
    ("EYES", "eyes"),
];

impl Run<'_> {
    pub(super) fn mutation(&mut self, field: &str, input: &Value) -> Resolved {
        let text = |name: &str| input[name].as_str().unwrap_or_default();
        match field {
            "addReaction" | "removeReaction" => {
                let node = self.node(text("subjectId"))?;
                let wrong = || Failure {
                    kind: "UNPROCESSABLE",
                    message: "The subject cannot be reacted to".to_owned(),
                };
                let (repo, subject) = reactable(node).ok_or_else(wrong)?;
                let content =
                    CONTENTS.iter().find(|(word, _)| *word == text("content")).map_or("", |(_, rest)| rest);
                if field == "removeReaction" {
                    self.state.unreact(self.caller, &repo, subject, content)?;
                    return Ok(Out::Node(Node::Reacted(
                        "RemoveReactionPayload",
                        repo,
                        subject,
                        None,
                        client_id(input),
                    )));
                }
                let (id, _) = self.state.react(self.caller, &repo, subject, content)?;
                Ok(Out::Node(Node::Reacted("AddReactionPayload", repo, subject, Some(id), client_id(input))))
            }
            "convertPullRequestToDraft" | "markPullRequestReadyForReview" => {
                let Node::Pull(repo, number) = self.node(text("pullRequestId"))? else {
                    return Err(Failure {
                        kind: "NOT_FOUND",
                        message: "Could not resolve to a PullRequest".to_owned(),
                    });
                };
                let draft = field == "convertPullRequestToDraft";
                self.state.set_draft(self.caller, &repo, number, draft)?;
                let payload = if draft {
                    "ConvertPullRequestToDraftPayload"
                } else {
                    "MarkPullRequestReadyForReviewPayload"
                };
                Ok(Out::Node(Node::Changed(payload, repo, number, client_id(input))))
            }
            _ => unanswered("Mutation", field),
        }
    }

    pub(super) fn reacted(
        &mut self,
        repo: &Name,
        subject: Subject,
        made: Option<u64>,
        client: &Value,
        field: &str,
    ) -> Resolved {
        match field {
            "clientMutationId" => Ok(Out::Plain(client.clone())),
            "reaction" => Ok(Out::maybe(made.map(|id| Node::Reaction(repo.clone(), subject, id)))),
            "reactionGroups" => Ok(reaction_groups(repo, subject)),
            "subject" => Ok(Out::maybe(match subject {
                Subject::Issue(number) if self.state.pull(repo, number).is_ok() => {
                    Some(Node::Pull(repo.clone(), number))
                }
                Subject::Issue(number) => Some(Node::Issue(repo.clone(), number)),
                Subject::Comment(id) => Some(Node::Comment(repo.clone(), id)),
                Subject::ReviewComment(id) => Some(Node::ReviewComment(repo.clone(), id)),
                Subject::Review(id) => {
                    let (home, _) = self.state.find_review(repo, id)?;
                    Some(Node::Review(repo.clone(), home, id))
                }
            })),
            _ => unanswered("ReactionPayload", field),
        }
    }
}
