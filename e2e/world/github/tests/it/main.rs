//! The simulated GitHub, asked in-process through its router and over loopback with a real git.

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
