//! `context_options`: one policy for all, refined for an organisation, a repository, a branch (spec 1.5).

use super::protection::BranchProtection;
use crate::{
    facts::RepoName,
    job::Presubmit,
    merge::context_policy::{ContextRules, Contradictions},
};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// The section as written.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct ContextOptions {
    #[serde(flatten)]
    options: Options,
    #[serde(default)]
    orgs: BTreeMap<String, OrgOptions>,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct OrgOptions {
    #[serde(flatten)]
    options: Options,
    #[serde(default)]
    repos: BTreeMap<String, RepoOptions>,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct RepoOptions {
    #[serde(flatten)]
    options: Options,
    #[serde(default)]
    branches: BTreeMap<String, Options>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Options {
    from_branch_protection: Option<bool>,
    skip_unknown_contexts: Option<bool>,
    overwrite_pending_contexts: Option<bool>,
    #[serde(default)]
    required_contexts: Option<BTreeSet<String>>,
    #[serde(default)]
    required_if_present_contexts: Option<BTreeSet<String>>,
    #[serde(default)]
    optional_contexts: Option<BTreeSet<String>>,
    #[serde(default)]
    optional_regex_contexts: Option<BTreeSet<String>>,
}

impl Options {
    /// These options, refined by narrower ones: switches are replaced, lists grow.
    fn refined(mut self, by: &Self) -> Self {
        let switch = |mine: &mut Option<bool>, theirs: Option<bool>| *mine = theirs.or(*mine);
        switch(&mut self.from_branch_protection, by.from_branch_protection);
        switch(&mut self.skip_unknown_contexts, by.skip_unknown_contexts);
        switch(&mut self.overwrite_pending_contexts, by.overwrite_pending_contexts);
        let grow = |mine: &mut Option<BTreeSet<String>>, theirs: &Option<BTreeSet<String>>| {
            if let Some(theirs) = theirs {
                mine.get_or_insert_default().extend(theirs.iter().cloned());
            }
        };
        grow(&mut self.required_contexts, &by.required_contexts);
        grow(&mut self.required_if_present_contexts, &by.required_if_present_contexts);
        grow(&mut self.optional_contexts, &by.optional_contexts);
        grow(&mut self.optional_regex_contexts, &by.optional_regex_contexts);
        self
    }
}

impl ContextOptions {
    fn of(&self, repository: &RepoName, branch: &str) -> Options {
        let mut options = self.options.clone();
        let Some(org) = self.orgs.get(&repository.owner) else { return options };
        options = options.refined(&org.options);
        let Some(repo) = org.repos.get(&repository.name) else { return options };
        options = options.refined(&repo.options);
        match repo.branches.get(branch) {
            Some(branch) => options.refined(branch),
            None => options,
        }
    }

    /// The rules for one branch, branch protection included. A protection that contradicts itself adds nothing, as
    /// with Prow; whoever lints it is told elsewhere.
    pub fn rules(
        &self,
        protection: &BranchProtection,
        repository: &RepoName,
        branch: &str,
        jobs: &[Presubmit],
    ) -> ContextRules {
        let options = self.of(repository, branch);
        let mut rules = ContextRules {
            required: options.required_contexts.unwrap_or_default(),
            required_if_present: options.required_if_present_contexts.unwrap_or_default(),
            optional: options.optional_contexts.unwrap_or_default(),
            optional_regex: options.optional_regex_contexts.unwrap_or_default(),
            skip_unknown: options.skip_unknown_contexts,
            overwrite_pending: options.overwrite_pending_contexts,
            require_manual_jobs: false,
            contradictions: Contradictions::Refuse,
        };
        if options.from_branch_protection == Some(true) {
            rules.require_manual_jobs = protection.requires_manual_jobs(repository, branch);
            if let Ok(required) = protection.required_contexts(repository, branch, jobs) {
                rules.required.extend(required);
            }
        }
        rules
    }
}
