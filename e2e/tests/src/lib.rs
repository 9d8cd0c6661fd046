//! Stories: the whole of Bowsprit in the simulated world, on virtual time.
//!
//! [`Stage`] is the world with a cast: an organisation, people, a repository with OWNERS, and the manifests of
//! `examples/quickstart`. A story tells people what to do and waits for what follows.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::missing_panics_doc)] // a stage that cannot be set up is a failed test

mod cast;
mod outside;
mod stage;
pub mod story;

pub use cast::{Cast, HOOK_SECRET, REPOSITORY};
pub use stage::{Operating, Stage, manifests};
