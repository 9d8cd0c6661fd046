//! Triggers: from what was observed of a pull request or a branch to the runs to start and to abort.

pub mod cursor;
mod escape;
mod key;
mod mark;
mod name;

pub use key::{Cause, InvalidKey, TriggerKey};
pub use mark::ContextMark;
pub use name::{run_name, run_name_beside};
