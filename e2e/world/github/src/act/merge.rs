//! `PUT /pulls/N/merge`: a real git merge, refused in GitHub's words.
//!
//! As on GitHub the call has no precondition on the base, and a repeated call after success is refused, not repeated.

use http::StatusCode;

use super::refs::NOT_AUTHORIZED;
use crate::Name;
use crate::git::{Signature, ZERO};
use crate::refusal::{Allowed, Refusal};
use crate::state::{Caller, Role, State};

/// How to merge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MergeMethod {
    /// With a merge commit.
    #[default]
    Merge,
    /// As one new commit.
    Squash,
    /// As a copy of each commit.
    Rebase,
}

/// What the caller of a merge chooses.
#[derive(Clone, Debug, Default)]
pub struct MergeRequest {
    /// The head that must be there.
    pub sha: Option<String>,
    /// How to merge.
    pub method: MergeMethod,
    /// The first line of the new commit's message.
    pub title: Option<String>,
    /// The rest of it.
    pub message: Option<String>,
}

fn not_allowed(message: impl Into<String>) -> Refusal {
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, message)
}

impl State {
    /// Merges a pull request and returns the new tip of the base.
    pub fn merge(
        &mut self,
        by: &Caller,
        repo: &Name,
        number: u64,
        request: &MergeRequest,
    ) -> Allowed<String> {
        let pull = self.pull(repo, number)?;
        let (head, base_ref) = (pull.head_sha.clone(), pull.base_ref.clone());
        let actor = self.permit(by, repo, Role::Write)?;
        if !self.issue(repo, number)?.open {
            return Err(not_allowed("Pull Request is not mergeable"));
        }
        if request.sha.as_ref().is_some_and(|sha| *sha != head) {
            return Err(Refusal::new(
                StatusCode::CONFLICT,
                "Head branch was modified. Review and try the merge again.",
            ));
        }
        self.check_settings(by, repo, number, request.method)?;
        let base = self.base_tip(repo, number)?;
        let sha = match request.method {
            MergeMethod::Merge => self.merge_commit(repo, number, &base, &head, &actor, request)?,
            MergeMethod::Squash => self.squash(repo, number, &base, &head, request)?,
            MergeMethod::Rebase => {
                let commits = self.git.compare(repo, &base, &head)?.commits;
                let rebased = self.git.rebase(repo, &base, &commits, &self.web_flow())?;
                rebased.ok_or_else(|| not_allowed("This branch can't be rebased"))?
            }
        };
        let name = format!("refs/heads/{base_ref}");
        if self.git.set_ref(repo, &name, &sha, &base).is_err() {
            return Err(not_allowed("Base branch was modified. Review and try the merge again."));
        }
        self.set_merged(repo, number, &actor, &sha)?;
        self.moved(repo, &name, &base, &sha, &actor)?;
        self.delete_merged_branch(repo, number, &actor)?;
        Ok(sha)
    }

    /// Refuses what the repository's settings or the branch's protection forbid.
    fn check_settings(&self, by: &Caller, repo: &Name, number: u64, method: MergeMethod) -> Allowed<()> {
        let found = self.repo(repo)?;
        let pull = self.pull(repo, number)?;
        let (allowed, word) = match method {
            MergeMethod::Merge => (found.merges.merge, "Merge commits"),
            MergeMethod::Squash => (found.merges.squash, "Squash merges"),
            MergeMethod::Rebase => (found.merges.rebase, "Rebase merges"),
        };
        let linear = found.protection.get(&pull.base_ref).is_some_and(|one| one.linear_history);
        if !allowed || (linear && method == MergeMethod::Merge) {
            return Err(not_allowed(format!("{word} are not allowed on this repository.")));
        }
        if pull.draft {
            return Err(not_allowed("Pull Request is still a draft"));
        }
        if !self.may_push_to(by, repo, &pull.base_ref) {
            return Err(not_allowed(NOT_AUTHORIZED));
        }
        if self.bypasses(by, repo, &pull.base_ref) {
            return Ok(());
        }
        self.obstacle(found, pull)?.map_or(Ok(()), |words| Err(not_allowed(words)))
    }

    fn merge_commit(
        &self,
        repo: &Name,
        number: u64,
        base: &str,
        head: &str,
        actor: &Name,
        request: &MergeRequest,
    ) -> Allowed<String> {
        let tree = self.merged_tree(repo, base, head)?;
        let pull = self.pull(repo, number)?;
        let owner = pull.head_repo.as_ref().map_or("unknown", Name::owner);
        let title = request
            .title
            .clone()
            .unwrap_or_else(|| format!("Merge pull request #{number} from {owner}/{}", pull.head_ref));
        let message = request.message.clone().unwrap_or_else(|| {
            self.issue(repo, number).map_or_else(|_| String::new(), |one| one.title.clone())
        });
        Ok(self.git.commit_tree(
            repo,
            &tree,
            &[base, head],
            &self.signature(actor)?,
            &self.web_flow(),
            &joined(&title, &message),
        )?)
    }

    fn squash(
        &self,
        repo: &Name,
        number: u64,
        base: &str,
        head: &str,
        request: &MergeRequest,
    ) -> Allowed<String> {
        let tree = self.merged_tree(repo, base, head)?;
        let issue = self.issue(repo, number)?;
        let commits = self.git.compare(repo, base, head)?.commits;
        let (title, message) = match commits.as_slice() {
            [only] => {
                let (title, rest) = only.message.split_once('\n').unwrap_or((&only.message, ""));
                (title.to_owned(), rest.trim().to_owned())
            }
            many => {
                let list: Vec<String> = many.iter().map(|commit| format!("* {}", commit.message)).collect();
                (issue.title.clone(), list.join("\n\n"))
            }
        };
        let title = request.title.clone().unwrap_or_else(|| format!("{title} (#{number})"));
        let message = request.message.clone().unwrap_or(message);
        let author = self.signature(&issue.author)?;
        Ok(self.git.commit_tree(
            repo,
            &tree,
            &[base],
            &author,
            &self.web_flow(),
            &joined(&title, &message),
        )?)
    }

    fn merged_tree(&self, repo: &Name, base: &str, head: &str) -> Allowed<String> {
        self.git.merge_tree(repo, base, head)?.ok_or_else(|| not_allowed("Pull Request is not mergeable"))
    }

    /// The account in whose name GitHub itself commits.
    fn web_flow(&self) -> Signature {
        Signature { name: "GitHub".to_owned(), email: "noreply@github.com".to_owned(), at: self.now() }
    }

    fn delete_merged_branch(&mut self, repo: &Name, number: u64, actor: &Name) -> Allowed<()> {
        let pull = self.pull(repo, number)?;
        let here = pull.head_repo.as_ref() == Some(repo);
        let name = format!("refs/heads/{}", pull.head_ref);
        let Some(tip) = self
            .repo(repo)?
            .refs
            .get(&name)
            .cloned()
            .filter(|_| here && self.repos.get(repo).is_some_and(|one| one.merges.delete_branch))
        else {
            return Ok(());
        };
        self.git.set_ref(repo, &name, ZERO, &tip)?;
        self.moved(repo, &name, &tip, ZERO, actor)
    }
}

fn joined(title: &str, message: &str) -> String {
    if message.is_empty() { title.to_owned() } else { format!("{title}\n\n{message}") }
}
