//! Configuration: reading job files as leniently as Prow, defaults, checks, and the layers of Repository.
//!
//! The only place where a raw job ([`api::job`]) becomes one that may run ([`crate::job`]). Nothing here refuses more
//! than it must: a wrong job is set aside alone, with the path of what is wrong in it.

pub mod catalogue;
mod check;
mod compile;
mod decoration;
mod defaults;
mod effective;
mod entries;
mod fit;
mod ignore;
pub mod in_repo;
pub mod layers;
mod load;
mod preset;
mod problem;
pub mod prow;
pub mod quantity;
mod read;
mod rules;
mod set;
pub mod settings;
mod shape;
pub mod yaml;

pub use compile::{periodics_of, postsubmits_of, presubmits_of};
pub use decoration::fill as fill_decoration;
pub use effective::{effective_periodic, effective_postsubmit, effective_presubmit};
pub use entries::{Entry, matching};
pub use load::{Accepted, JobId, Loaded, Source, Unlabelled, load};
pub use problem::{At, Problem, Severity, any_error};
pub use read::{Gaps, ReadFile, ReadProwYaml, job_file, prow_yaml};
pub use rules::{Allowed, JobRules};
