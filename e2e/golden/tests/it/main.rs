//! Bowsprit's answers beside Prow's, a module a file of cases.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a broken case is a broken test

mod config_load;
mod configuration;
mod corpus_jobs;
mod periodic;
