//! The shell: for each kind observe, decide, apply, status, and nothing else. What is decided is decided in `decide`.

pub mod accounts;
pub mod build_id;
pub mod context;
pub mod cursors;
pub mod installation;
pub mod job_config;
pub mod label_policy;
pub mod lead;
pub mod look;
pub mod memory;
pub mod merge_pool;
pub mod prow_job;
pub mod pulls;
pub mod repository;
pub mod runtime;
pub mod stores;
mod triggers;
pub mod webhook;
