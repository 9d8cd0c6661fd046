//! Reactions to descriptions, comments, reviews and comments on lines.

use crate::Name;
use crate::refusal::{Allowed, Refusal};
use crate::render::REACTIONS;
use crate::state::{Caller, Reaction, Role, State};

/// What can be reacted to, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The description of the issue or pull request with this number in the repository.
    Issue(u64),
    /// A comment.
    Comment(u64),
    /// A review.
    Review(u64),
    /// A comment on a line.
    ReviewComment(u64),
}

impl State {
    /// Reacts; a second equal reaction of one account changes nothing. Returns the reaction's id and whether it is new.
    pub fn react(
        &mut self,
        by: &Caller,
        repo: &Name,
        subject: Subject,
        content: &str,
    ) -> Allowed<(u64, bool)> {
        let user = self.permit(by, repo, Role::Read)?;
        if !REACTIONS.contains(&content) {
            return Err(Refusal::invalid("Reaction", "content", "invalid"));
        }
        let (id, created_at) = (self.next_id(), self.now());
        let locked = self.issue_of(repo, subject).is_some_and(|issue| issue.locked)
            && self.role(by, repo) < Some(Role::Triage);
        let reactions = self.reactions_mut(repo, subject)?;
        if let Some(there) = reactions.iter().find(|one| one.user == user && one.content == content) {
            return Ok((there.id, false));
        }
        if locked {
            return Err(Refusal::forbidden("Reactions are disabled on locked issues."));
        }
        reactions.push(Reaction { id, user, content: content.to_owned(), created_at });
        Ok((id, true))
    }

    /// Takes the caller's own reaction of this content back; returns whether there was one.
    pub fn unreact(&mut self, by: &Caller, repo: &Name, subject: Subject, content: &str) -> Allowed<bool> {
        let user = self.permit(by, repo, Role::Read)?;
        let reactions = self.reactions_mut(repo, subject)?;
        let before = reactions.len();
        reactions.retain(|one| one.user != user || one.content != content);
        Ok(reactions.len() < before)
    }

    /// Deletes a reaction by its id.
    pub fn delete_reaction(&mut self, by: &Caller, repo: &Name, subject: Subject, id: u64) -> Allowed<()> {
        let user = self.permit(by, repo, Role::Read)?;
        let reaction =
            self.reactions(repo, subject)?.iter().find(|one| one.id == id).ok_or_else(Refusal::not_found)?;
        if reaction.user != user {
            self.permit(by, repo, Role::Write)?;
        }
        self.reactions_mut(repo, subject)?.retain(|one| one.id != id);
        Ok(())
    }

    /// The reactions to something.
    pub fn reactions(&self, repo: &Name, subject: Subject) -> Allowed<&[Reaction]> {
        let issue = self.issue_of(repo, subject).ok_or_else(Refusal::not_found)?;
        let pull = issue.pull.as_ref();
        let found = match subject {
            Subject::Issue(_) => Some(&issue.reactions),
            Subject::Comment(id) => issue.comments.iter().find(|one| one.id == id).map(|one| &one.reactions),
            Subject::Review(id) => {
                pull.and_then(|pull| pull.reviews.iter().find(|one| one.id == id)).map(|one| &one.reactions)
            }
            Subject::ReviewComment(id) => pull
                .and_then(|pull| pull.review_comments.iter().find(|one| one.id == id))
                .map(|one| &one.reactions),
        };
        found.map(Vec::as_slice).ok_or_else(Refusal::not_found)
    }

    fn reactions_mut(&mut self, repo: &Name, subject: Subject) -> Allowed<&mut Vec<Reaction>> {
        let number = self.issue_of(repo, subject).ok_or_else(Refusal::not_found)?.number;
        let issue = self.issue_mut(repo, number)?;
        let pull = issue.pull.as_mut();
        let found = match subject {
            Subject::Issue(_) => Some(&mut issue.reactions),
            Subject::Comment(id) => {
                issue.comments.iter_mut().find(|one| one.id == id).map(|one| &mut one.reactions)
            }
            Subject::Review(id) => pull
                .and_then(|pull| pull.reviews.iter_mut().find(|one| one.id == id))
                .map(|one| &mut one.reactions),
            Subject::ReviewComment(id) => pull
                .and_then(|pull| pull.review_comments.iter_mut().find(|one| one.id == id))
                .map(|one| &mut one.reactions),
        };
        found.ok_or_else(Refusal::not_found)
    }

    fn issue_of(&self, repo: &Name, subject: Subject) -> Option<&crate::state::Issue> {
        match subject {
            Subject::Issue(number) => self.issue(repo, number).ok(),
            Subject::Comment(id) | Subject::Review(id) | Subject::ReviewComment(id) => {
                self.home(repo, id).ok()
            }
        }
    }
}
