//! Bowsprit's answers beside Prow's, a module a file of cases.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a broken case is a broken test

mod clone_commands;
mod decisions;
mod go_view;
mod plank;
mod pod;
mod prow_job;
mod prowjob;
mod reports;
mod sinker;
mod storage_path;
mod trigger_comment;
mod trigger_pr;
mod trigger_push;
