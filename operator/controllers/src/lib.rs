//! The shell: for each kind observe, decide, apply, status, and nothing else. What is decided is decided in `decide`.

pub mod runtime;

pub mod accounts;
pub mod build_id;
pub mod pulls;
