//! `branch-protection`, as far as merging asks: which contexts GitHub is told to require (spec 7.1).

use crate::{
    facts::RepoName,
    job::Presubmit,
    merge::context_policy::{JobClass, class_of},
};
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The section as written.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct BranchProtection {
    #[serde(flatten)]
    policy: ProtectionPolicy,
    #[serde(default, rename = "protect-tested-repos")]
    protect_tested_repos: bool,
    #[serde(default)]
    allow_disabled_policies: bool,
    #[serde(default)]
    allow_disabled_job_policies: bool,
    #[serde(default)]
    protect_repos_with_optional_jobs: bool,
    #[serde(default)]
    orgs: BTreeMap<String, OrgProtection>,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct OrgProtection {
    #[serde(flatten)]
    policy: ProtectionPolicy,
    #[serde(default)]
    repos: BTreeMap<String, RepoProtection>,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct RepoProtection {
    #[serde(flatten)]
    policy: ProtectionPolicy,
    #[serde(default)]
    branches: BTreeMap<String, ProtectionPolicy>,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct ProtectionPolicy {
    unmanaged: Option<bool>,
    protect: Option<bool>,
    required_status_checks: Option<RequiredStatusChecks>,
    require_manually_triggered_jobs: Option<bool>,
    enforce_admins: Option<Value>,
    restrictions: Option<Value>,
    required_pull_request_reviews: Option<Value>,
    required_linear_history: Option<Value>,
    allow_force_pushes: Option<Value>,
    allow_deletions: Option<Value>,
    require_signed_commits: Option<Value>,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct RequiredStatusChecks {
    contexts: Option<BTreeSet<String>>,
}

/// The section contradicts itself, or the jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Contradiction {
    /// A branch is named and nothing is said about it.
    #[error("a branch that is named must say protect, or unmanaged: true")]
    Undecided,
    /// Jobs need what is switched off.
    #[error(
        "required jobs need protection, and protect is false: set it to true, or allow_disabled_job_policies"
    )]
    JobsNeedProtection,
    /// Settings of what is switched off.
    #[error("protect is false beside other settings: remove them, or set allow_disabled_policies")]
    SettingsWithoutProtection,
}

impl ProtectionPolicy {
    fn refined(mut self, by: &Self) -> Self {
        let choose = |mine: &mut Option<Value>, theirs: &Option<Value>| {
            if theirs.is_some() {
                mine.clone_from(theirs);
            }
        };
        self.unmanaged = by.unmanaged.or(self.unmanaged);
        self.protect = by.protect.or(self.protect);
        self.require_manually_triggered_jobs =
            by.require_manually_triggered_jobs.or(self.require_manually_triggered_jobs);
        if let Some(theirs) = &by.required_status_checks {
            let mine = self.required_status_checks.get_or_insert_default();
            mine.contexts.get_or_insert_default().extend(theirs.contexts.iter().flatten().cloned());
        }
        choose(&mut self.enforce_admins, &by.enforce_admins);
        choose(&mut self.restrictions, &by.restrictions);
        choose(&mut self.required_pull_request_reviews, &by.required_pull_request_reviews);
        choose(&mut self.required_linear_history, &by.required_linear_history);
        choose(&mut self.allow_force_pushes, &by.allow_force_pushes);
        choose(&mut self.allow_deletions, &by.allow_deletions);
        choose(&mut self.require_signed_commits, &by.require_signed_commits);
        self
    }

    fn says_more_than_protect(&self) -> bool {
        let others = [
            &self.enforce_admins,
            &self.restrictions,
            &self.required_pull_request_reviews,
            &self.required_linear_history,
            &self.allow_force_pushes,
            &self.allow_deletions,
            &self.require_signed_commits,
        ];
        self.required_status_checks.is_some() || others.iter().any(|other| other.is_some())
    }
}

impl BranchProtection {
    fn policy(&self, repository: &RepoName, branch: &str) -> Result<ProtectionPolicy, Contradiction> {
        let mut policy = self.policy.clone();
        let Some(org) = self.orgs.get(&repository.owner) else { return Ok(policy) };
        policy = policy.refined(&org.policy);
        let Some(repo) = org.repos.get(&repository.name) else { return Ok(policy) };
        policy = policy.refined(&repo.policy);
        let Some(named) = repo.branches.get(branch) else { return Ok(policy) };
        policy = policy.refined(named);
        if policy.protect.is_none() && policy.unmanaged != Some(true) {
            return Err(Contradiction::Undecided);
        }
        Ok(policy)
    }

    /// Whether jobs that only a command starts are required on this branch.
    pub fn requires_manual_jobs(&self, repository: &RepoName, branch: &str) -> bool {
        self.policy(repository, branch).is_ok_and(|p| p.require_manually_triggered_jobs == Some(true))
    }

    /// The contexts that GitHub is told to require on this branch: written ones, and those of required jobs.
    ///
    /// # Errors
    /// Where the section contradicts itself or the jobs.
    pub fn required_contexts(
        &self,
        repository: &RepoName,
        branch: &str,
        jobs: &[Presubmit],
    ) -> Result<BTreeSet<String>, Contradiction> {
        if !self.orgs.contains_key(&repository.owner) {
            return Ok(BTreeSet::new());
        }
        let mut policy = self.policy(repository, branch)?;
        let manual = policy.require_manually_triggered_jobs == Some(true);
        let mut of_jobs = BTreeSet::new();
        let mut other_jobs = false;
        for job in jobs.iter().filter(|job| job.branches().run_on(branch)) {
            match class_of(job, manual) {
                JobClass::Required => {
                    of_jobs.insert(job.context().to_owned());
                }
                JobClass::RequiredIfPresent | JobClass::Optional => other_jobs = true,
            }
        }
        if !of_jobs.is_empty() || self.protect_repos_with_optional_jobs && other_jobs {
            if policy.protect == Some(false) {
                if self.allow_disabled_job_policies {
                    return Ok(BTreeSet::new());
                }
                return Err(Contradiction::JobsNeedProtection);
            }
            if self.protect_tested_repos {
                policy.protect = Some(true);
            }
            let checks = policy.required_status_checks.get_or_insert_default();
            checks.contexts.get_or_insert_default().extend(of_jobs);
        }
        match policy.protect {
            Some(false) if policy.says_more_than_protect() && !self.allow_disabled_policies => {
                Err(Contradiction::SettingsWithoutProtection)
            }
            Some(true) => Ok(policy.required_status_checks.and_then(|c| c.contexts).unwrap_or_default()),
            Some(false) | None => Ok(BTreeSet::new()),
        }
    }
}
