//! Opening pull requests and keeping their heads.

use serde_json::json;

use crate::Name;
use crate::git::ZERO;
use crate::refusal::{Allowed, Refusal};
use crate::state::{Caller, Pull, Repo, Role, State};

/// What a new pull request says.
#[derive(Clone, Debug, Default)]
pub struct NewPull {
    /// The title.
    pub title: String,
    /// The description.
    pub body: Option<String>,
    /// `branch`, or `owner:branch` of a fork.
    pub head: String,
    /// The branch to merge into.
    pub base: String,
    /// Whether it is a draft.
    pub draft: bool,
}

impl State {
    /// Opens a pull request.
    pub fn open_pull(&mut self, by: &Caller, repo: &Name, new: NewPull) -> Allowed<u64> {
        let author = self.permit(by, repo, Role::Read)?;
        let (head_repo, head_ref) = self.head_of(repo, &new.head)?;
        if self.role(by, &head_repo) < Some(Role::Write) {
            return Err(Refusal::invalid("PullRequest", "head", "invalid"));
        }
        let tip = |repo: &Name, branch: &str| self.repo(repo).ok().and_then(|repo| repo.tip(branch)).cloned();
        let head_sha =
            tip(&head_repo, &head_ref).ok_or_else(|| Refusal::invalid("PullRequest", "head", "invalid"))?;
        let base_sha =
            tip(repo, &new.base).ok_or_else(|| Refusal::invalid("PullRequest", "base", "invalid"))?;
        let same = |pull: &Pull| {
            pull.head_repo.as_ref() == Some(&head_repo)
                && pull.head_ref == head_ref
                && pull.base_ref == new.base
        };
        if !self.open_pulls(|found, pull| found.name == *repo && same(pull)).is_empty() {
            let owner = head_repo.owner();
            return Err(Refusal::custom(
                "PullRequest",
                &format!("A pull request already exists for {owner}:{head_ref}."),
            ));
        }
        self.bring(&head_repo, repo, &head_sha)?;
        if self.git.is_ancestor(repo, &head_sha, &base_sha)? {
            return Err(Refusal::custom(
                "PullRequest",
                &format!("No commits between {} and {}", new.base, new.head),
            ));
        }
        let pull = Pull {
            head_repo: Some(head_repo),
            head_ref,
            head_sha: head_sha.clone(),
            base_ref: new.base,
            base_sha,
            draft: new.draft,
            merged: None,
            requested_reviewers: Vec::new(),
            requested_teams: Vec::new(),
            reviews: Vec::new(),
            review_comments: Vec::new(),
            trial: None,
        };
        let number = self.add_issue(repo, &author, &new.title, new.body, Some(pull))?;
        self.git.set_ref(repo, &format!("refs/pull/{number}/head"), &head_sha, "")?;
        self.emit_issue(repo, number, &author, "opened", json!({}));
        Ok(number)
    }

    /// Finds the repository and branch that `branch` or `owner:branch` means.
    pub(crate) fn head_of(&self, repo: &Name, head: &str) -> Allowed<(Name, String)> {
        let Some((owner, branch)) = head.split_once(':') else {
            return Ok((repo.clone(), head.to_owned()));
        };
        let owner = Name::from(owner);
        let root = |one: &Repo| one.parent.clone().unwrap_or_else(|| one.name.clone());
        let network = root(self.repo(repo)?);
        let kin = self.repos.values().find(|one| owner == *one.name.owner() && root(one) == network);
        let kin = kin.ok_or_else(|| Refusal::invalid("PullRequest", "head", "invalid"))?;
        Ok((kin.name.clone(), branch.to_owned()))
    }

    /// Brings a commit from a fork into a repository, as GitHub's shared storage does.
    fn bring(&self, from: &Name, to: &Name, sha: &str) -> Allowed<()> {
        if from == to {
            return Ok(());
        }
        Ok(self.git.fetch(from, to, sha)?)
    }

    /// Gives a pull request a new head after a push to its branch.
    pub(super) fn synchronize(&mut self, repo: &Name, number: u64, head: &str, actor: &Name) -> Allowed<()> {
        let before = self.take_head(repo, number, head)?;
        if before == head {
            return Ok(());
        }
        if self.git.is_ancestor(repo, &before, head)? {
            self.touch(repo, number)?;
        } else {
            self.note(repo, number, actor, "head_ref_force_pushed", json!({"commit_id": head}))?;
        }
        self.dismiss_stale(repo, number, actor)?;
        self.emit_issue(repo, number, actor, "synchronize", json!({"before": before, "after": head}));
        Ok(())
    }

    /// Records a head and the base it is seen against; returns the head before.
    fn take_head(&mut self, repo: &Name, number: u64, head: &str) -> Allowed<String> {
        let pull = self.pull(repo, number)?;
        if let Some(from) = pull.head_repo.clone() {
            self.bring(&from, repo, head)?;
        }
        let base = self.repo(repo)?.tip(&self.pull(repo, number)?.base_ref).cloned();
        self.git.set_ref(repo, &format!("refs/pull/{number}/head"), head, "")?;
        let pull = self.pull_mut(repo, number)?;
        if let Some(base) = base {
            pull.base_sha = base;
        }
        Ok(std::mem::replace(&mut pull.head_sha, head.to_owned()))
    }

    /// A closed pull request does not follow its branch; it catches up when it is reopened.
    pub(super) fn follow_head_before_reopening(&mut self, repo: &Name, number: u64) -> Allowed<()> {
        let pull = self.pull(repo, number)?;
        let tip = pull
            .head_repo
            .as_ref()
            .and_then(|head| self.repos.get(head))
            .and_then(|head| head.tip(&pull.head_ref))
            .cloned();
        let Some(tip) = tip else {
            let message = format!("state cannot be changed. The {} branch has been deleted.", pull.head_ref);
            return Err(Refusal::custom("PullRequest", &message));
        };
        self.take_head(repo, number, &tip).map(drop)
    }

    /// Chooses another branch to merge into.
    pub fn retarget(&mut self, by: &Caller, repo: &Name, number: u64, base: &str) -> Allowed<()> {
        let actor = self.permit(by, repo, Role::Read)?;
        if self.issue(repo, number)?.author != actor {
            self.permit(by, repo, Role::Write)?;
        }
        let tip = self
            .repo(repo)?
            .tip(base)
            .cloned()
            .ok_or_else(|| Refusal::invalid("PullRequest", "base", "invalid"))?;
        let pull = self.pull_mut(repo, number)?;
        let from = json!({"base": {"ref": {"from": pull.base_ref}, "sha": {"from": pull.base_sha}}});
        if pull.base_ref == base {
            return Ok(());
        }
        base.clone_into(&mut pull.base_ref);
        pull.base_sha = tip;
        self.note(repo, number, &actor, "base_ref_changed", json!({}))?;
        self.emit_issue(repo, number, &actor, "edited", json!({"changes": from}));
        Ok(())
    }

    /// Makes a pull request a draft, or ready for review.
    pub fn set_draft(&mut self, by: &Caller, repo: &Name, number: u64, draft: bool) -> Allowed<()> {
        let actor = self.permit(by, repo, Role::Read)?;
        if self.issue(repo, number)?.author != actor {
            self.permit(by, repo, Role::Write)?;
        }
        let pull = self.pull_mut(repo, number)?;
        if pull.draft == draft {
            return Ok(());
        }
        pull.draft = draft;
        let (event, action) = if draft {
            ("convert_to_draft", "converted_to_draft")
        } else {
            ("ready_for_review", "ready_for_review")
        };
        self.note(repo, number, &actor, event, json!({}))?;
        self.emit_issue(repo, number, &actor, action, json!({}));
        Ok(())
    }

    /// Merges the base into the head branch, as the button `Update branch` does.
    pub fn update_branch(
        &mut self,
        by: &Caller,
        repo: &Name,
        number: u64,
        expected: Option<&str>,
    ) -> Allowed<()> {
        let actor = self.login(by)?;
        let pull = self.pull(repo, number)?;
        if expected.is_some_and(|sha| sha != pull.head_sha) {
            return Err(Refusal::unprocessable("expected head sha didn’t match current head ref."));
        }
        let (head, head_ref, base_ref) =
            (pull.head_sha.clone(), pull.head_ref.clone(), pull.base_ref.clone());
        let from = pull.head_repo.clone().ok_or_else(Refusal::not_found)?;
        self.permit(by, &from, Role::Write)?;
        let base = self.repo(repo)?.tip(&base_ref).cloned().ok_or_else(Refusal::not_found)?;
        if self.git.is_ancestor(repo, &base, &head)? {
            return Err(Refusal::unprocessable("There are no new commits on the base branch."));
        }
        let Some(tree) = self.git.merge_tree(repo, &head, &base)? else {
            return Err(Refusal::unprocessable("merge conflict between base and head"));
        };
        let who = self.signature(&actor)?;
        let message = format!("Merge branch '{base_ref}' into {head_ref}");
        let sha = self.git.commit_tree(repo, &tree, &[&head, &base], &who, &who, &message)?;
        self.git.set_ref(repo, "refs/world/update", &sha, "")?;
        self.bring(repo, &from, &sha)?;
        self.git.set_ref(repo, "refs/world/update", ZERO, "")?;
        self.update_ref(by, &from, &format!("refs/heads/{head_ref}"), &sha, Some(&head))
    }
}
