//! Whether a pull request could be merged, and what GitHub says stands in the way.
//!
//! One list of obstacles serves `mergeable_state`, `mergeStateStatus`, `reviewDecision` and the refusals of the
//! merge call, so that the double cannot contradict itself.

use crate::Name;
use crate::git::ZERO;
use crate::refusal::{Allowed, Refusal};
use crate::state::{Pull, Repo, Role, State, Trial};

/// What GitHub has found out about merging a pull request.
#[derive(Clone, Debug)]
pub(crate) struct Verdict {
    /// No conflict.
    pub mergeable: bool,
    /// `mergeable_state`.
    pub state: &'static str,
    /// The trial merge behind `refs/pull/N/merge`.
    pub trial: Option<String>,
}

impl State {
    /// Finds out whether a pull request merges; `None` if it is closed, or (if lazy) nobody has asked since it changed.
    pub(crate) fn verdict(&mut self, repo: &Name, number: u64) -> Allowed<Option<Verdict>> {
        let issue = self.issue(repo, number)?;
        let pull = self.pull(repo, number)?;
        if !issue.open {
            return Ok(None);
        }
        let Some(base) = self.repo(repo)?.tip(&pull.base_ref).cloned() else { return Ok(None) };
        let head = pull.head_sha.clone();
        let known = pull.trial.as_ref().filter(|trial| trial.base == base && trial.head == head);
        let merge = if let Some(trial) = known {
            trial.merge.clone()
        } else {
            let merge = self.try_merge(repo, number, &base, &head)?;
            let trial = Trial { base: base.clone(), head, merge: merge.clone() };
            self.pull_mut(repo, number)?.trial = Some(trial);
            if self.options.lazy_mergeable {
                return Ok(None);
            }
            merge
        };
        let state = self.merge_state(self.repo(repo)?, self.pull(repo, number)?, merge.is_some(), &base)?;
        Ok(Some(Verdict { mergeable: merge.is_some(), state, trial: merge }))
    }

    /// Makes the trial merge and points `refs/pull/N/merge` at it; on a conflict there is no such ref.
    fn try_merge(&self, repo: &Name, number: u64, base: &str, head: &str) -> Allowed<Option<String>> {
        let name = format!("refs/pull/{number}/merge");
        let Some(tree) = self.git.merge_tree(repo, base, head)? else {
            if self.git.resolve(repo, &name).is_some() {
                self.git.set_ref(repo, &name, ZERO, "")?;
            }
            return Ok(None);
        };
        let mut who = self.git.commit(repo, head)?.committer;
        "GitHub".clone_into(&mut who.name);
        "noreply@github.com".clone_into(&mut who.email);
        let merge = self.git.commit_tree(
            repo,
            &tree,
            &[base, head],
            &who,
            &who,
            &format!("Merge {head} into {base}"),
        )?;
        self.git.set_ref(repo, &name, &merge, "")?;
        Ok(Some(merge))
    }

    fn merge_state(&self, repo: &Repo, pull: &Pull, mergeable: bool, base: &str) -> Allowed<&'static str> {
        if !mergeable {
            return Ok("dirty");
        }
        if pull.draft {
            return Ok("draft");
        }
        let protection = repo.protection.get(&pull.base_ref);
        let strict =
            protection.and_then(|one| one.required_contexts.as_ref()).is_some_and(|required| required.strict);
        if strict && !self.git.is_ancestor(&repo.name, base, &pull.head_sha)? {
            return Ok("behind");
        }
        if self.obstacle(repo, pull)?.is_some() {
            return Ok("blocked");
        }
        let good = |status: &str| status == "success";
        let statuses = repo.latest_statuses(&pull.head_sha).into_iter().all(|status| good(&status.state));
        let passed = |conclusion: Option<&str>| {
            conclusion.is_some_and(|word| ["success", "neutral", "skipped"].contains(&word))
        };
        let checks =
            repo.latest_check_runs(&pull.head_sha).into_iter().all(|run| passed(run.conclusion.as_deref()));
        Ok(if statuses && checks { "clean" } else { "unstable" })
    }

    /// What protection has against merging, in GitHub's words.
    pub(super) fn obstacle(&self, repo: &Repo, pull: &Pull) -> Allowed<Option<String>> {
        let Some(protection) = repo.protection.get(&pull.base_ref) else { return Ok(None) };
        match self.review_decision(repo, pull) {
            Some("CHANGES_REQUESTED") => return Ok(Some("Changes have been requested.".to_owned())),
            Some("REVIEW_REQUIRED") => {
                let count = protection.required_reviews.as_ref().map_or(0, |reviews| reviews.count);
                let (noun, verb) = if count == 1 { ("review", "is") } else { ("reviews", "are") };
                return Ok(Some(format!(
                    "At least {count} approving {noun} {verb} required by reviewers with write access."
                )));
            }
            _ => {}
        }
        if let Some(required) = &protection.required_contexts
            && required.strict
        {
            // GitHub calls the required contexts of an outdated head "expected", whatever they are.
            let base = repo.tip(&pull.base_ref).cloned().unwrap_or_default();
            if !self.git.is_ancestor(&repo.name, &base, &pull.head_sha)? {
                return Ok(Some(words(
                    &required.contexts.iter().map(|one| (one.as_str(), "expected")).collect::<Vec<_>>(),
                    required.contexts.len(),
                )));
            }
        }
        Ok(missing_contexts(repo, &pull.base_ref, &pull.head_sha))
    }

    /// `reviewDecision`: `None` where protection asks for no reviews.
    pub(crate) fn review_decision(&self, repo: &Repo, pull: &Pull) -> Option<&'static str> {
        let required = repo.protection.get(&pull.base_ref)?.required_reviews.as_ref()?;
        let mut opinions: Vec<(&Name, &str)> = Vec::new();
        for review in pull.reviews.iter().filter(|review| review.state != "COMMENTED") {
            if self.role_of(&review.author, &repo.name) < Some(Role::Write) {
                continue;
            }
            opinions.retain(|(author, _)| **author != review.author);
            opinions.push((&review.author, &review.state));
        }
        let count = |state: &str| opinions.iter().filter(|(_, given)| *given == state).count();
        if count("CHANGES_REQUESTED") > 0 {
            return Some("CHANGES_REQUESTED");
        }
        let enough = u64::try_from(count("APPROVED")).unwrap_or(u64::MAX) >= required.count;
        Some(if enough { "APPROVED" } else { "REVIEW_REQUIRED" })
    }

    /// The base's tip of an open pull request, or why there is none.
    pub(super) fn base_tip(&self, repo: &Name, number: u64) -> Allowed<String> {
        let base = &self.pull(repo, number)?.base_ref;
        self.repo(repo)?.tip(base).cloned().ok_or_else(|| Refusal::invalid("PullRequest", "base", "invalid"))
    }
}

/// What is missing of the contexts that a branch requires of a commit, in GitHub's words.
pub(super) fn missing_contexts(repo: &Repo, branch: &str, sha: &str) -> Option<String> {
    let required = repo.protection.get(branch)?.required_contexts.as_ref()?;
    let statuses = repo.latest_statuses(sha);
    let runs = repo.latest_check_runs(sha);
    let mut missing = Vec::new();
    for context in &required.contexts {
        let status = statuses.iter().find(|one| one.context == *context).map(|one| one.state.as_str());
        let run = runs
            .iter()
            .find(|one| one.name == *context)
            .map(|one| one.conclusion.as_deref().unwrap_or("pending"));
        match status.or(run) {
            Some("success" | "neutral" | "skipped") => {}
            None => missing.push((context.as_str(), "expected")),
            Some("pending") => missing.push((context.as_str(), "pending")),
            Some(_) => missing.push((context.as_str(), "failing")),
        }
    }
    (!missing.is_empty()).then(|| words(&missing, required.contexts.len()))
}

fn words(missing: &[(&str, &str)], required: usize) -> String {
    let first = missing.first().map_or("", |(_, how)| *how);
    match missing {
        [(context, how)] => format!("Required status check \"{context}\" is {how}."),
        all if all.iter().all(|(_, how)| *how == first) => {
            format!("{} of {required} required status checks are {first}.", all.len())
        }
        all => {
            let counts = ["expected", "pending", "failing"]
                .map(|how| (all.iter().filter(|(_, is)| *is == how).count(), how));
            let told: Vec<String> =
                counts.iter().filter(|(n, _)| *n > 0).map(|(n, how)| format!("{n} {how}")).collect();
            format!(
                "{} of {required} required status checks have not succeeded: {}.",
                all.len(),
                told.join(" and ")
            )
        }
    }
}
