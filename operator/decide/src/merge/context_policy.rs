//! Which contexts a merge needs: those written down, those of branch protection, those of the jobs (spec 1.5).

use crate::{
    job::Presubmit,
    text::{GoRegex, InvalidRegex},
};
use std::collections::BTreeSet;

/// What is written down about contexts, for one repository and branch, before the jobs are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContextRules {
    /// Must be there and green.
    pub required: BTreeSet<String>,
    /// Must be green where they are there.
    pub required_if_present: BTreeSet<String>,
    /// Do not count.
    pub optional: BTreeSet<String>,
    /// Do not count where one of these matches.
    pub optional_regex: BTreeSet<String>,
    /// What nobody named does not count. Unset is `false`.
    pub skip_unknown: Option<bool>,
    /// Before a batch merges, contexts of its members that are still pending take over the batch's success.
    pub overwrite_pending: Option<bool>,
    /// Jobs that only a command starts are required too.
    pub require_manual_jobs: bool,
    /// What happens to a context that is named in two ways.
    pub contradictions: Contradictions,
}

/// What happens to a context that is named both as required and as optional.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Contradictions {
    /// The policy is refused, as Prow does.
    #[default]
    Refuse,
    /// The stricter word counts.
    StricterWins,
}

/// Why a policy is refused: nothing merges under it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidContextPolicy {
    /// One name, two meanings.
    #[error("context {context} is both {one} and {other}: remove it from one of the two")]
    Contradiction {
        /// The context.
        context: String,
        /// One meaning.
        one: &'static str,
        /// The other.
        other: &'static str,
    },
    /// An expression makes optional what is required.
    #[error(
        "the optional expression {expression:?} matches {context}, which is {class}: narrow the expression"
    )]
    Overlap {
        /// The expression.
        expression: String,
        /// The context.
        context: String,
        /// What the context is.
        class: &'static str,
    },
    /// An expression is none.
    #[error(transparent)]
    Regex(#[from] InvalidRegex),
}

/// Which contexts a merge needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContextPolicy {
    required: BTreeSet<String>,
    required_if_present: BTreeSet<String>,
    optional: BTreeSet<String>,
    optional_regex: Vec<GoRegex>,
    skip_unknown: Option<bool>,
    overwrite_pending: Option<bool>,
}

/// What a job means to a merge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobClass {
    /// Its context must be there and green.
    Required,
    /// Its context must be green where it is there.
    RequiredIfPresent,
    /// Its context does not count.
    Optional,
}

/// What this job means to a merge, where it runs on the branch at all.
pub fn class_of(job: &Presubmit, require_manual_jobs: bool) -> JobClass {
    if !job.context_required() {
        JobClass::Optional
    } else if job.always_run() || require_manual_jobs && job.needs_explicit_trigger() {
        JobClass::Required
    } else {
        JobClass::RequiredIfPresent
    }
}

impl ContextPolicy {
    /// The rules, and what follows from the jobs of the branch.
    ///
    /// # Errors
    /// Where the rules and jobs contradict each other and the rules do not say that the stricter wins.
    pub fn new<'a>(
        rules: &ContextRules,
        jobs: impl IntoIterator<Item = &'a Presubmit>,
        branch: &str,
    ) -> Result<Self, InvalidContextPolicy> {
        let mut policy = Self {
            required: rules.required.clone(),
            required_if_present: rules.required_if_present.clone(),
            optional: rules.optional.clone(),
            optional_regex: rules
                .optional_regex
                .iter()
                .map(|expression| GoRegex::new(expression))
                .collect::<Result<_, _>>()?,
            skip_unknown: rules.skip_unknown,
            overwrite_pending: rules.overwrite_pending,
        };
        for job in jobs.into_iter().filter(|job| job.branches().run_on(branch)) {
            match class_of(job, rules.require_manual_jobs) {
                JobClass::Required => policy.required.insert(job.context().to_owned()),
                JobClass::RequiredIfPresent => policy.required_if_present.insert(job.context().to_owned()),
                JobClass::Optional => policy.optional.insert(job.context().to_owned()),
            };
        }
        match rules.contradictions {
            Contradictions::Refuse => policy.refuse_contradictions()?,
            Contradictions::StricterWins => policy.keep_the_stricter(),
        }
        Ok(policy)
    }

    fn refuse_contradictions(&self) -> Result<(), InvalidContextPolicy> {
        let classes = [
            ("required", &self.required),
            ("required if present", &self.required_if_present),
            ("optional", &self.optional),
        ];
        for [(one, left), (other, right)] in
            [[classes[0], classes[2]], [classes[0], classes[1]], [classes[1], classes[2]]]
        {
            if let Some(context) = left.intersection(right).next() {
                return Err(InvalidContextPolicy::Contradiction { context: context.clone(), one, other });
            }
        }
        for expression in &self.optional_regex {
            for (class, contexts) in [classes[0], classes[1]] {
                if let Some(context) = contexts.iter().find(|context| expression.is_match(context)) {
                    let expression = expression.as_str().to_owned();
                    return Err(InvalidContextPolicy::Overlap {
                        expression,
                        context: context.clone(),
                        class,
                    });
                }
            }
        }
        Ok(())
    }

    fn keep_the_stricter(&mut self) {
        self.required_if_present.retain(|context| !self.required.contains(context));
        self.optional.retain(|context| {
            !self.required.contains(context) && !self.required_if_present.contains(context)
        });
    }

    /// Whether this context does not count.
    pub fn is_optional(&self, context: &str) -> bool {
        // The order matters where the stricter wins: an expression may match a required name.
        if self.required.contains(context) || self.required_if_present.contains(context) {
            return false;
        }
        self.optional.contains(context)
            || self.optional_regex.iter().any(|expression| expression.is_match(context))
            || self.skip_unknown.unwrap_or(false)
    }

    /// The required contexts that are not among those present, by name.
    pub fn missing<'a>(&self, present: impl IntoIterator<Item = &'a str>) -> Vec<String> {
        let present: BTreeSet<&str> = present.into_iter().collect();
        self.required.iter().filter(|context| !present.contains(context.as_str())).cloned().collect()
    }

    /// Must be there and green.
    pub fn required(&self) -> &BTreeSet<String> {
        &self.required
    }

    /// Must be green where they are there.
    pub fn required_if_present(&self) -> &BTreeSet<String> {
        &self.required_if_present
    }

    /// Do not count.
    pub fn optional(&self) -> &BTreeSet<String> {
        &self.optional
    }

    /// Do not count where one of these matches.
    pub fn optional_regex(&self) -> &[GoRegex] {
        &self.optional_regex
    }

    /// Whether what nobody named does not count, where that was said.
    pub fn skip_unknown(&self) -> Option<bool> {
        self.skip_unknown
    }

    /// Whether pending contexts take over a batch's success, where that was said.
    pub fn overwrite_pending(&self) -> Option<bool> {
        self.overwrite_pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[&str]) -> BTreeSet<String> {
        list.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_contradiction_is_refused_or_the_stricter_word_counts() {
        let mut rules = ContextRules {
            required: names(&["unit"]),
            optional: names(&["unit"]),
            optional_regex: names(&["^un"]),
            ..ContextRules::default()
        };
        assert!(ContextPolicy::new(&rules, [], "main").is_err());
        rules.contradictions = Contradictions::StricterWins;
        let policy = ContextPolicy::new(&rules, [], "main").unwrap();
        assert!(!policy.is_optional("unit") && policy.is_optional("unknown"));
    }

    #[test]
    fn what_nobody_named_counts_unless_the_policy_says_otherwise() {
        let mut rules = ContextRules::default();
        assert!(!ContextPolicy::new(&rules, [], "main").unwrap().is_optional("codecov"));
        rules.skip_unknown = Some(true);
        assert!(ContextPolicy::new(&rules, [], "main").unwrap().is_optional("codecov"));
    }
}
