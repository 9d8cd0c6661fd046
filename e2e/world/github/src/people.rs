//! People who act directly, as tests and the sandbox need them: what a person does in a browser or with git.
//!
//! Rights are those of the person: somebody without the right to push works in a fork, as on GitHub.

use std::time::Duration;

use crate::act::{IssueChange, MergeRequest, NewPull, NewReview, NewReviewComment, NewStatus, Subject};
use crate::refusal::{Allowed, Refusal};
use crate::state::{Caller, Role};
use crate::{GitHub, Name};

/// A person at work.
#[derive(Clone, Debug)]
pub struct Person {
    github: GitHub,
    caller: Caller,
}

impl Person {
    pub(crate) fn new(github: GitHub, login: &str) -> Self {
        Self { github, caller: Caller::person(login) }
    }

    /// Commits files (`None` deletes) on a branch of the repository, and makes the branch if it is absent. Returns the commit.
    pub fn commit(
        &self,
        repo: &str,
        branch: &str,
        files: &[(&str, Option<&str>)],
        message: &str,
    ) -> Allowed<String> {
        let files: Vec<_> = files.iter().map(|(path, text)| (*path, text.map(str::as_bytes))).collect();
        self.github.change(|state| state.commit(&self.caller, &Name::from(repo), branch, &files, message))
    }

    /// Changes files on a new branch (of a fork, without the right to push) and opens a pull request to the default branch. Returns its number.
    pub fn open_pull(&self, repo: &str, branch: &str, title: &str, files: &[(&str, &str)]) -> Allowed<u64> {
        self.open_pull_as(repo, branch, NewPull { title: title.to_owned(), ..NewPull::default() }, files)
    }

    /// As `open_pull`, with a description, another base or a draft; `head` is filled in, and `base` if it is empty.
    pub fn open_pull_as(
        &self,
        repo: &str,
        branch: &str,
        new: NewPull,
        files: &[(&str, &str)],
    ) -> Allowed<u64> {
        let repo = Name::from(repo);
        self.github.change(|state| {
            let home = if state.role(&self.caller, &repo) >= Some(Role::Write) {
                repo.clone()
            } else {
                state.fork(&self.caller, &repo)?
            };
            let base = if new.base.is_empty() { state.repo(&repo)?.default_branch.clone() } else { new.base };
            let tip = state.repo(&repo)?.tip(&base).cloned().ok_or_else(Refusal::not_found)?;
            // A fork has its parent's branches as they were; a person brings it up to date before working in it.
            let mut old = None;
            if home != repo {
                state.git.fetch(&repo, &home, &tip)?;
                old = state.repo(&home)?.tip(branch).cloned();
            }
            let files: Vec<_> = files.iter().map(|(path, text)| (*path, Some(text.as_bytes()))).collect();
            let author = state.signature(&state.permit(&self.caller, &home, Role::Write)?)?;
            let sha = state.git.commit_files(&home, Some(&tip), &files, &author, &new.title)?;
            state.update_ref(&self.caller, &home, &format!("refs/heads/{branch}"), &sha, old.as_deref())?;
            let head = format!("{}:{branch}", home.owner());
            state.open_pull(&self.caller, &repo, NewPull { head, base, ..new })
        })
    }

    /// Opens a pull request for what is in git already. Returns its number.
    pub fn open(&self, repo: &str, new: NewPull) -> Allowed<u64> {
        self.github.change(|state| state.open_pull(&self.caller, &Name::from(repo), new))
    }

    /// Adds a commit to a pull request's branch. Returns the new head.
    pub fn push(&self, repo: &str, number: u64, files: &[(&str, &str)], message: &str) -> Allowed<String> {
        let files: Vec<_> = files.iter().map(|(path, text)| (*path, Some(text.as_bytes()))).collect();
        self.github.change(|state| {
            let pull = state.pull(&Name::from(repo), number)?.clone();
            let home = pull.head_repo.ok_or_else(Refusal::not_found)?;
            state.commit(&self.caller, &home, &pull.head_ref, &files, message)
        })
    }

    /// Replaces a pull request's commits by one on the present base. Returns the new head.
    pub fn force_push(
        &self,
        repo: &str,
        number: u64,
        files: &[(&str, &str)],
        message: &str,
    ) -> Allowed<String> {
        let repo = Name::from(repo);
        let files: Vec<_> = files.iter().map(|(path, text)| (*path, Some(text.as_bytes()))).collect();
        self.github.change(|state| {
            let pull = state.pull(&repo, number)?.clone();
            let home = pull.head_repo.ok_or_else(Refusal::not_found)?;
            let author = state.permit(&self.caller, &home, Role::Write)?;
            let base = state.repo(&repo)?.tip(&pull.base_ref).cloned().ok_or_else(Refusal::not_found)?;
            if home != repo {
                state.git.fetch(&repo, &home, &base)?;
            }
            let sha =
                state.git.commit_files(&home, Some(&base), &files, &state.signature(&author)?, message)?;
            state.update_ref(
                &self.caller,
                &home,
                &format!("refs/heads/{}", pull.head_ref),
                &sha,
                Some(&pull.head_sha),
            )?;
            Ok(sha)
        })
    }

    /// Opens an issue. Returns its number.
    pub fn open_issue(&self, repo: &str, title: &str, body: &str) -> Allowed<u64> {
        self.github
            .change(|state| state.open_issue(&self.caller, &Name::from(repo), title, Some(body.to_owned())))
    }

    /// Comments. Returns the comment's id.
    pub fn comment(&self, repo: &str, number: u64, body: &str) -> Allowed<u64> {
        self.github.change(|state| state.comment(&self.caller, &Name::from(repo), number, body))
    }

    /// Edits a comment.
    pub fn edit_comment(&self, repo: &str, id: u64, body: &str) -> Allowed<()> {
        self.github.change(|state| state.edit_comment(&self.caller, &Name::from(repo), id, body))
    }

    /// Deletes a comment.
    pub fn delete_comment(&self, repo: &str, id: u64) -> Allowed<()> {
        self.github.change(|state| state.delete_comment(&self.caller, &Name::from(repo), id))
    }

    /// Reviews: `APPROVE`, `REQUEST_CHANGES` or `COMMENT`. Returns the review's id.
    pub fn review(&self, repo: &str, number: u64, event: &str, body: &str) -> Allowed<u64> {
        let review = NewReview { event: event.to_owned(), body: body.to_owned(), ..NewReview::default() };
        self.github.change(|state| state.review(&self.caller, &Name::from(repo), number, review))
    }

    /// Comments on a line. Returns the comment's id.
    pub fn comment_on_line(
        &self,
        repo: &str,
        number: u64,
        path: &str,
        line: u64,
        body: &str,
    ) -> Allowed<u64> {
        let (path, body) = (path.to_owned(), body.to_owned());
        let comment = NewReviewComment { body, path, line: Some(line), in_reply_to: None };
        self.github.change(|state| state.comment_on_line(&self.caller, &Name::from(repo), number, comment))
    }

    /// Reacts.
    pub fn react(&self, repo: &str, subject: Subject, content: &str) -> Allowed<()> {
        self.github.change(|state| state.react(&self.caller, &Name::from(repo), subject, content)).map(drop)
    }

    /// Sets a label.
    pub fn label(&self, repo: &str, number: u64, label: &str) -> Allowed<()> {
        self.github
            .change(|state| state.add_labels(&self.caller, &Name::from(repo), number, &[Name::from(label)]))
    }

    /// Takes a label off.
    pub fn unlabel(&self, repo: &str, number: u64, label: &str) -> Allowed<()> {
        self.github
            .change(|state| state.remove_label(&self.caller, &Name::from(repo), number, &Name::from(label)))
    }

    /// Edits title, description, labels and the like.
    pub fn change(&self, repo: &str, number: u64, change: IssueChange) -> Allowed<()> {
        self.github.change(|state| state.change_issue(&self.caller, &Name::from(repo), number, change))
    }

    /// Closes an issue or pull request.
    pub fn close(&self, repo: &str, number: u64) -> Allowed<()> {
        self.change(repo, number, IssueChange { open: Some(false), ..IssueChange::default() })
    }

    /// Reopens an issue or pull request.
    pub fn reopen(&self, repo: &str, number: u64) -> Allowed<()> {
        self.change(repo, number, IssueChange { open: Some(true), ..IssueChange::default() })
    }

    /// Makes a pull request a draft, or ready for review.
    pub fn set_draft(&self, repo: &str, number: u64, draft: bool) -> Allowed<()> {
        self.github.change(|state| state.set_draft(&self.caller, &Name::from(repo), number, draft))
    }

    /// Sets a commit status.
    pub fn set_status(&self, repo: &str, sha: &str, context: &str, status: &str) -> Allowed<()> {
        let status =
            NewStatus { state: status.to_owned(), context: context.to_owned(), ..NewStatus::default() };
        self.github.change(|state| state.set_status(&self.caller, &Name::from(repo), sha, status)).map(drop)
    }

    /// Merges a pull request. Returns the new tip of its base.
    pub fn merge(&self, repo: &str, number: u64, request: &MergeRequest) -> Allowed<String> {
        self.github.change(|state| state.merge(&self.caller, &Name::from(repo), number, request))
    }

    /// Makes a fork of a repository in the person's account.
    pub fn fork(&self, repo: &str) -> Allowed<Name> {
        self.github.change(|state| state.fork(&self.caller, &Name::from(repo)))
    }
}

impl GitHub {
    /// Waits until every webhook of the past has been answered or has failed, or until `patience` has passed.
    /// Lost ones are not waited for; late ones are. Returns whether all are through.
    pub async fn webhooks_settled(&self, patience: Duration) -> bool {
        let end = tokio::time::Instant::now() + patience;
        loop {
            if self.look(|state| state.deliveries.values().all(|one| one.outcome.is_some())) {
                return true;
            }
            if tokio::time::Instant::now() >= end {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}
