//! The shell: for each kind observe, decide, apply, status, and nothing else. What is decided is decided in `decide`.

pub mod runtime;
