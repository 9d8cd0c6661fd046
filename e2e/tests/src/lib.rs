//! Stories: the whole of Bowsprit in the simulated world, on virtual time.
//!
//! [`Stage`] is the world with a cast: an organisation, people, a repository with OWNERS, and the manifests of
//! `examples/quickstart`. A story tells people what to do and waits for what follows.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::missing_panics_doc)] // a stage that cannot be set up is a failed test

mod cast;
pub mod invariants;
mod outcome;
mod outside;
mod performance;
mod stage;
pub mod story;
mod wire;

pub use cast::{Cast, HOOK_SECRET, REPOSITORY};
pub use outcome::Outcome;
pub use performance::{Performance, perform, perform_seeded};
pub use stage::{Operating, Stage, manifests};
pub use wire::{Call, Fate, Record, Whom, Wire};
