//! Jobs after defaulting and checking, and what can be asked of one.
//!
//! A value here is only made by `config` from a raw [`api::job`] value, so whoever holds one need not check it again.

pub mod environment;
pub mod labels;
mod matcher;
mod periodic;
pub mod pod;
pub mod prow_job;

pub use matcher::{Branches, Changes};
pub use periodic::{Periodic, Retry, When};

use crate::text::GoRegex;
use std::sync::Arc;

/// A presubmit with all defaults applied and all expressions compiled.
#[derive(Clone, Debug, PartialEq)]
pub struct Presubmit {
    raw: Arc<api::job::Presubmit>,
    branches: Branches,
    changes: Option<Changes>,
    trigger: GoRegex,
}

/// A postsubmit with all defaults applied and all expressions compiled.
#[derive(Clone, Debug, PartialEq)]
pub struct Postsubmit {
    raw: Arc<api::job::Postsubmit>,
    branches: Branches,
    changes: Option<Changes>,
}

impl Presubmit {
    /// For `config` alone: the parts must already agree.
    pub(crate) fn new(
        raw: api::job::Presubmit,
        branches: Branches,
        changes: Option<Changes>,
        trigger: GoRegex,
    ) -> Self {
        Self { raw: Arc::new(raw), branches, changes, trigger }
    }

    /// The job as defaulted.
    pub fn raw(&self) -> &api::job::Presubmit {
        &self.raw
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.raw.base.name
    }

    /// Its status context.
    pub fn context(&self) -> &str {
        &self.raw.context
    }

    /// The comments that start it.
    pub fn trigger(&self) -> &GoRegex {
        &self.trigger
    }

    /// The branches it runs on.
    pub fn branches(&self) -> &Branches {
        &self.branches
    }

    /// The files it runs for; `None`: it does not look.
    pub fn changes(&self) -> Option<&Changes> {
        self.changes.as_ref()
    }

    /// Runs for every pull request.
    pub fn always_run(&self) -> bool {
        self.raw.always_run.unwrap_or(false)
    }

    /// Not needed for a merge.
    pub fn optional(&self) -> bool {
        self.raw.optional.unwrap_or(false)
    }

    /// Reports no status.
    pub fn skip_report(&self) -> bool {
        self.raw.skip_report.unwrap_or(false)
    }

    /// The merge pool runs it before a merge.
    pub fn run_before_merge(&self) -> bool {
        self.raw.run_before_merge.unwrap_or(false)
    }

    /// A merge needs its context.
    pub fn context_required(&self) -> bool {
        !self.optional() && !self.skip_report()
    }

    /// Only a command starts it.
    pub fn needs_explicit_trigger(&self) -> bool {
        !self.always_run() && self.changes.is_none()
    }

    /// It does not run for every pull request by itself.
    pub fn triggers_conditionally(&self) -> bool {
        self.needs_explicit_trigger() || self.changes.is_some()
    }

    /// Whether it runs on this branch for these files. `forced`: somebody asked for it; `default`: the answer where
    /// nothing else speaks (spec jobs-and-runs 1.3).
    pub fn should_run(&self, branch: &str, changed: &[String], forced: bool, default: bool) -> bool {
        if !self.branches.run_on(branch) {
            return false;
        }
        self.always_run() || forced || default || self.changes.as_ref().is_some_and(|c| c.run_for(changed))
    }
}

impl Postsubmit {
    /// For `config` alone: the parts must already agree.
    pub(crate) fn new(raw: api::job::Postsubmit, branches: Branches, changes: Option<Changes>) -> Self {
        Self { raw: Arc::new(raw), branches, changes }
    }

    /// The job as defaulted.
    pub fn raw(&self) -> &api::job::Postsubmit {
        &self.raw
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.raw.base.name
    }

    /// The branches it runs on.
    pub fn branches(&self) -> &Branches {
        &self.branches
    }

    /// The files it runs for; `None`: it does not look.
    pub fn changes(&self) -> Option<&Changes> {
        self.changes.as_ref()
    }

    /// Its status context.
    pub fn context(&self) -> &str {
        &self.raw.context
    }

    /// Whether it runs after a push to this branch that changed these files.
    pub fn should_run(&self, branch: &str, changed: &[String]) -> bool {
        self.branches.run_on(branch)
            && match &self.changes {
                Some(changes) => changes.run_for(changed),
                None => self.raw.always_run.unwrap_or(true),
            }
    }
}
