//! The stories.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a story that cannot go on has failed

mod crash_story;
mod kinds_story;
mod merge_story;
mod seed;
mod trace_story;
mod troubled_story;
