//! Bowsprit's answers beside Prow's, a module a file of cases.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a broken case is a broken test

mod approve;
mod clone_commands;
mod commands;
mod config_load;
mod configuration;
mod context_policy;
mod corpus_jobs;
mod corpus_pods;
mod decisions;
mod go_view;
mod owners;
mod periodic;
mod plank;
mod pod;
mod prow_job;
mod prowjob;
mod reports;
mod sinker;
mod storage_path;
mod tide_accumulate;
mod tide_action;
mod tide_corpus;
mod tide_merge_method;
mod tide_query;
mod tide_sequence;
mod tide_status;
mod tide_subpool;
mod tide_world;
mod trigger_comment;
mod trigger_pr;
mod trigger_push;
mod webhook;
