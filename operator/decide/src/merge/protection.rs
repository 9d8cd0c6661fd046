//! What a Repository's `branchProtection` asks of a branch, as far as a merge depends on it. GitHub may not have it yet:
//! in mode Report it never will.

use crate::text::GoRegex;
use api::repository::{BranchPolicy, BranchProtection, Protection};
use std::collections::BTreeSet;

/// What is declared for a branch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declared {
    /// Contexts that a merge needs.
    pub contexts: BTreeSet<String>,
    /// Heads must contain the tip.
    pub strict: bool,
    /// Jobs that only a command starts are required too.
    pub manual_jobs: bool,
}

/// What is declared for this branch. An expression that cannot be read counts as matching where that requires more.
pub fn declared(protection: &BranchProtection, branch: &str) -> Declared {
    let matches = |expression: &String, unreadable: bool| {
        GoRegex::new(expression).map_or(unreadable, |regex| regex.is_match(branch))
    };
    let included = protection.include.as_ref().is_none_or(|list| list.iter().any(|e| matches(e, true)));
    let excluded = protection.exclude.iter().flatten().any(|e| matches(e, false));
    if !included || excluded {
        return Declared::default();
    }
    let is_about = |entry: &&BranchPolicy| match &entry.match_ {
        Some(expression) => matches(expression, true),
        None => entry.name == branch,
    };
    let entries = protection.branches.iter().flatten().filter(is_about).map(|entry| &entry.policy);
    let policies: Vec<&Protection> = std::iter::once(&protection.policy).chain(entries).collect();
    if policies.iter().filter_map(|policy| policy.protect).next_back() == Some(false) {
        return Declared::default();
    }
    let checks = policies.iter().filter_map(|policy| policy.required_status_checks.as_ref());
    let mut manual = policies.iter().filter_map(|policy| policy.require_manually_triggered_jobs);
    Declared {
        contexts: checks.clone().flat_map(|checks| checks.contexts.iter().flatten().cloned()).collect(),
        strict: checks.filter_map(|checks| checks.strict).next_back() == Some(true),
        manual_jobs: manual.next_back() == Some(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(yaml: &str, branch: &str) -> Declared {
        declared(&serde_saphyr::from_str(yaml).unwrap(), branch)
    }

    const TWO: &str = "
protect: true
requiredStatusChecks: { contexts: [cla] }
branches: [ { name: releases, match: '^release-', requiredStatusChecks: { contexts: [qa], strict: true } } ]
";

    #[test]
    fn the_contexts_of_a_branch_come_on_top_of_those_of_all() {
        assert_eq!(of(TWO, "main").contexts, BTreeSet::from(["cla".to_owned()]));
        let release = of(TWO, "release-1");
        assert_eq!((release.contexts.len(), release.strict), (2, true));
    }

    #[test]
    fn what_is_not_protected_requires_nothing() {
        assert_eq!(
            of("{ protect: false, requiredStatusChecks: { contexts: [cla] } }", "main"),
            Declared::default()
        );
        let excluded = "{ exclude: ['^wip-'], requiredStatusChecks: { contexts: [cla] } }";
        assert_eq!(of(excluded, "wip-1"), Declared::default());
        assert_eq!(of(excluded, "main").contexts.len(), 1);
    }

    #[test]
    fn what_cannot_be_read_requires_more() {
        let odd = "{ exclude: ['('], branches: [ { name: x, match: '(', requiredStatusChecks: { contexts: [qa] } } ] }";
        assert_eq!(of(odd, "main").contexts.len(), 1);
    }
}
