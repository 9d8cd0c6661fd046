//! Configuration: reading job files as leniently as Prow, defaults, checks, and the layers of Repository.
//!
//! The only place where a raw job ([`api::job`]) becomes one that may run ([`crate::job`]). Nothing here refuses more
//! than it must: a wrong job is set aside alone, with the path of what is wrong in it.

mod compile;
mod problem;
pub mod quantity;
mod read;
mod shape;
pub mod yaml;

pub use compile::{postsubmits_of, presubmits_of};
pub use problem::{At, Problem, Severity, any_error};
pub use read::{Gaps, ReadFile, ReadProwYaml, job_file, prow_yaml};
