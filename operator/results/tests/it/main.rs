//! Uploads, against storage in memory and in a folder, on virtual time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a broken upload is a failed test

mod clouds;
mod failing;
mod uploads;
