//! The programs as processes, in folders of their own, with nothing else running.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a program that does not start is a failed test

mod clone;
mod entrypoint;
mod git;
mod initupload;
mod programs;
mod sidecar;
