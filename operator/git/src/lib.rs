//! Repository mirrors: bare, without file contents until they are needed; merges without a work tree; files at a commit.
//!
//! git itself does the work, as a subprocess: it is the reference, and the only implementation with partial clones. What
//! it is told from outside (names, ids) is checked first and stands behind `--`; hooks, system configuration and prompts
//! are off; a token goes to git through a file that only git's own question opens, never into an address, an argument or
//! a log. Calls run on the blocking pool, where virtual time stands still.

mod command;
mod mirror;

pub use command::GitError;
pub use mirror::{MergedTree, Mirror, Mirrors, Remote};
