//! Bowsprit's answers beside Prow's, a module a file of cases.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a broken case is a broken test

mod context_policy;
mod tide_accumulate;
mod tide_action;
mod tide_merge_method;
mod tide_query;
mod tide_sequence;
mod tide_status;
mod tide_subpool;
mod tide_world;
