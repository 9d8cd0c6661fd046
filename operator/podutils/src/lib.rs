//! The small programs inside job pods, in one binary: `clonerefs`, `initupload`, `entrypoint`, `sidecar`, `gcsupload`.
//!
//! They take Prow's options and leave Prow's files, so that either project's images serve the other's pods. Each is told
//! everything in its environment, starts fast, and asks no service but git's server and the storage. What they decide
//! (which commands clone a repository, what is a secret, how a run ended) are functions that do no I/O.

mod artifacts;
mod censor;
mod clock;
pub mod clone;
mod entrypoint;
mod gcsupload;
mod initupload;
mod log;
mod marker;
mod options;
mod program;
mod sidecar;
mod target;

pub use program::{Program, main};
