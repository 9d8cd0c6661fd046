//! Merging: which changes may merge, what is tested for them, and what lands when.
//!
//! Values in, plan with reasons out. Nothing here merges: a plan says what to do and why, the controller does it and
//! observes again. One ordered list of named checks feeds the plan, the status on the pull request, `kubectl describe`,
//! `explain` and the documentation.

pub mod batch;
pub mod blockers;
pub mod checks;
pub mod commit;
pub mod context_policy;
pub mod contexts;
pub mod describe;
pub mod effective;
pub mod evidence;
pub mod ground;
pub mod heads;
pub mod intent;
pub mod label;
pub mod landing;
pub mod members;
pub mod method;
pub mod overview;
pub mod people;
pub mod plan;
pub mod policy;
pub mod pool;
pub mod progress;
pub mod protection;
pub mod prow;
pub mod query;
pub mod reason;
pub mod requirements;
mod rounds;
pub mod spent;
pub mod start;
pub mod status;
#[cfg(test)]
mod stories;
#[cfg(test)]
pub(crate) mod testing;
pub mod tide;
pub mod tide_merge;
mod tide_plan;
pub mod train;
