//! Reviews and comments on lines.

use serde_json::json;

use crate::Name;
use crate::refusal::{Allowed, Refusal};
use crate::state::{Caller, Review, ReviewComment, Role, State};

/// A comment on a line.
#[derive(Clone, Debug, Default)]
pub struct NewReviewComment {
    /// The text.
    pub body: String,
    /// The file.
    pub path: String,
    /// The line.
    pub line: Option<u64>,
    /// The comment it answers.
    pub in_reply_to: Option<u64>,
}

/// A review.
#[derive(Clone, Debug, Default)]
pub struct NewReview {
    /// `APPROVE`, `REQUEST_CHANGES` or `COMMENT`.
    pub event: String,
    /// The text.
    pub body: String,
    /// The commit it is for; the head if absent.
    pub commit: Option<String>,
    /// Comments on lines.
    pub comments: Vec<NewReviewComment>,
}

impl State {
    /// Reviews, and returns the review's id.
    pub fn review(&mut self, by: &Caller, repo: &Name, number: u64, new: NewReview) -> Allowed<u64> {
        let NewReview { event, body, commit, comments } = new;
        let author = self.permit(by, repo, Role::Read)?;
        let issue = self.issue(repo, number)?;
        let pull = self.pull(repo, number)?;
        let state = match event.as_str() {
            "APPROVE" => "APPROVED",
            "REQUEST_CHANGES" => "CHANGES_REQUESTED",
            "COMMENT" => "COMMENTED",
            "PENDING" | "" => {
                return Err(Refusal::not_simulated("pending reviews (a review without an event)"));
            }
            _ => {
                return Err(Refusal::unprocessable(format!(
                    "Unprocessable Entity: event {event} is unknown"
                )));
            }
        };
        if issue.author == author && event != "COMMENT" {
            let what = if event == "APPROVE" { "approve" } else { "request changes on" };
            let mut refusal = Refusal::unprocessable("Unprocessable Entity");
            refusal.errors = vec![json!(format!("Can not {what} your own pull request"))];
            return Err(refusal);
        }
        if event != "APPROVE" && body.is_empty() && comments.is_empty() {
            return Err(Refusal::unprocessable("Unprocessable Entity"));
        }
        let commit_id = commit.unwrap_or_else(|| pull.head_sha.clone());
        let (id, submitted_at) = (self.next_id(), self.now());
        let pull = self.pull_mut(repo, number)?;
        pull.requested_reviewers.retain(|asked| *asked != author);
        pull.reviews.push(Review {
            id,
            author: author.clone(),
            body,
            state: state.to_owned(),
            commit_id: commit_id.clone(),
            submitted_at,
            last_edited_at: None,
            reactions: Vec::new(),
        });
        self.repo_mut(repo)?.homes.insert(id, number);
        self.touch(repo, number)?;
        self.emit_review(repo, number, id, &author, "submitted")?;
        for comment in comments {
            self.add_review_comment(repo, number, &author, id, &commit_id, comment)?;
        }
        Ok(id)
    }

    /// Comments on a line, in a review of its own. Returns the comment's id.
    pub fn comment_on_line(
        &mut self,
        by: &Caller,
        repo: &Name,
        number: u64,
        comment: NewReviewComment,
    ) -> Allowed<u64> {
        let head = self.pull(repo, number)?.head_sha.clone();
        let review = self.review(
            by,
            repo,
            number,
            NewReview { event: "COMMENT".to_owned(), comments: vec![comment], ..NewReview::default() },
        )?;
        let pull = self.pull(repo, number)?;
        let made =
            pull.review_comments.iter().rev().find(|one| one.review == review && one.commit_id == head);
        made.map(|one| one.id).ok_or_else(Refusal::not_found)
    }

    fn add_review_comment(
        &mut self,
        repo: &Name,
        number: u64,
        author: &Name,
        review: u64,
        commit: &str,
        new: NewReviewComment,
    ) -> Allowed<()> {
        if new.body.trim().is_empty() {
            return Err(Refusal::invalid("PullRequestReviewComment", "body", "missing_field"));
        }
        let (id, now) = (self.next_id(), self.now());
        let path = match new.in_reply_to {
            Some(answered) => self.find_review_comment(repo, answered)?.1.path.clone(),
            None => new.path,
        };
        let comment = ReviewComment {
            id,
            review,
            author: author.clone(),
            body: new.body,
            path,
            line: new.line,
            commit_id: commit.to_owned(),
            in_reply_to: new.in_reply_to,
            created_at: now,
            updated_at: now,
            last_edited_at: None,
            reactions: Vec::new(),
        };
        self.pull_mut(repo, number)?.review_comments.push(comment);
        self.repo_mut(repo)?.homes.insert(id, number);
        self.emit_review_comment(repo, id, author, "created")
    }

    /// Edits a comment on a line.
    pub fn edit_review_comment(&mut self, by: &Caller, repo: &Name, id: u64, body: &str) -> Allowed<()> {
        let (number, comment) = self.find_review_comment(repo, id)?;
        let mine = comment.author == self.login(by)?;
        let actor = self.permit(by, repo, if mine { Role::Read } else { Role::Write })?;
        let now = self.now();
        let comment = self.pull_mut(repo, number)?.review_comments.iter_mut().find(|one| one.id == id);
        let comment = comment.ok_or_else(Refusal::not_found)?;
        body.clone_into(&mut comment.body);
        comment.updated_at = now;
        comment.last_edited_at = Some(now);
        self.emit_review_comment(repo, id, &actor, "edited")
    }

    /// Edits the text of a review.
    pub fn edit_review(&mut self, by: &Caller, repo: &Name, number: u64, id: u64, body: &str) -> Allowed<()> {
        let actor = self.login(by)?;
        let now = self.now();
        let review = self
            .pull_mut(repo, number)?
            .reviews
            .iter_mut()
            .find(|one| one.id == id)
            .ok_or_else(Refusal::not_found)?;
        if review.author != actor {
            return Err(Refusal::forbidden("Must have admin rights to Repository."));
        }
        body.clone_into(&mut review.body);
        review.last_edited_at = Some(now);
        self.emit_review(repo, number, id, &actor, "edited")
    }

    /// Dismisses a review.
    pub fn dismiss_review(&mut self, by: &Caller, repo: &Name, number: u64, id: u64) -> Allowed<()> {
        let actor = self.permit(by, repo, Role::Write)?;
        self.dismiss(repo, number, id, &actor)
    }

    fn dismiss(&mut self, repo: &Name, number: u64, id: u64, actor: &Name) -> Allowed<()> {
        let review = self
            .pull_mut(repo, number)?
            .reviews
            .iter_mut()
            .find(|one| one.id == id)
            .ok_or_else(Refusal::not_found)?;
        if review.state == "COMMENTED" || review.state == "DISMISSED" {
            return Err(Refusal::unprocessable("Can not dismiss a commented pull request review"));
        }
        let before = std::mem::replace(&mut review.state, "DISMISSED".to_owned());
        let extra = json!({"dismissed_review": {"state": before.to_lowercase(), "review_id": id}});
        self.note(repo, number, actor, "review_dismissed", extra)?;
        self.emit_review(repo, number, id, actor, "dismissed")
    }

    /// A push dismisses approvals where protection says so.
    pub(super) fn dismiss_stale(&mut self, repo: &Name, number: u64, actor: &Name) -> Allowed<()> {
        let pull = self.pull(repo, number)?;
        let protection = self.repo(repo)?.protection.get(&pull.base_ref);
        if !protection
            .and_then(|one| one.required_reviews.as_ref())
            .is_some_and(|reviews| reviews.dismiss_stale)
        {
            return Ok(());
        }
        let stale: Vec<u64> =
            pull.reviews.iter().filter(|one| one.state == "APPROVED").map(|one| one.id).collect();
        stale.into_iter().try_for_each(|id| self.dismiss(repo, number, id, actor))
    }

    /// A review, with the number of its pull request.
    pub(crate) fn find_review(&self, repo: &Name, id: u64) -> Allowed<(u64, &Review)> {
        let issue = self.home(repo, id)?;
        let review = issue.pull.iter().flat_map(|pull| &pull.reviews).find(|one| one.id == id);
        Ok((issue.number, review.ok_or_else(Refusal::not_found)?))
    }

    /// A comment on a line, with the number of its pull request.
    pub(crate) fn find_review_comment(&self, repo: &Name, id: u64) -> Allowed<(u64, &ReviewComment)> {
        let issue = self.home(repo, id)?;
        let comment = issue.pull.iter().flat_map(|pull| &pull.review_comments).find(|one| one.id == id);
        Ok((issue.number, comment.ok_or_else(Refusal::not_found)?))
    }

    fn emit_review(&mut self, repo: &Name, number: u64, id: u64, sender: &Name, action: &str) -> Allowed<()> {
        let review = self
            .pull(repo, number)?
            .reviews
            .iter()
            .find(|one| one.id == id)
            .ok_or_else(Refusal::not_found)?;
        let mut shown = self.show_review(repo, self.issue(repo, number)?, review);
        // REST shouts the state, webhooks do not.
        shown["state"] = json!(review.state.to_lowercase());
        if review.body.is_empty() {
            shown["body"] = serde_json::Value::Null;
        }
        let mut payload =
            json!({"action": action, "review": shown, "pull_request": self.show_pull(repo, number)?});
        if action == "edited" {
            payload["changes"] = json!({});
        }
        self.emit(repo, sender, "pull_request_review", payload);
        Ok(())
    }

    fn emit_review_comment(&mut self, repo: &Name, id: u64, sender: &Name, action: &str) -> Allowed<()> {
        let (number, comment) = self.find_review_comment(repo, id)?;
        let mut payload = json!({
            "action": action,
            "comment": self.show_review_comment(repo, self.issue(repo, number)?, comment),
            "pull_request": self.show_pull(repo, number)?,
        });
        if action == "edited" {
            payload["changes"] = json!({});
        }
        self.emit(repo, sender, "pull_request_review_comment", payload);
        Ok(())
    }
}
