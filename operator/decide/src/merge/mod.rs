//! Merging: which changes may merge, what is tested for them, and what lands when.
//!
//! Values in, plan with reasons out. Nothing here merges: a plan says what to do and why, the controller does it and
//! observes again. One ordered list of named checks feeds the plan, the status on the pull request, `kubectl describe`,
//! `explain` and the documentation.

pub mod context_policy;
pub mod contexts;
pub mod label;
pub mod method;
pub mod policy;
pub mod prow;
pub mod query;
#[cfg(test)]
pub(crate) mod testing;
