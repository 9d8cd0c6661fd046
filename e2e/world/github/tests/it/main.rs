//! The simulated GitHub, asked in-process through its router and over loopback with a real git.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "functions that tests share may fail as tests do"
)]

mod access;
mod faults;
mod git_http;
mod github;
mod graphql;
mod issues;
mod merging;
mod pages;
mod pulls;
mod webhooks;
