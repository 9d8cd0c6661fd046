//! Slash commands: from the text of a comment to a plan of effects on GitHub.
//!
//! [`lines`] finds the commands of a text; each plugin is a file with one pure function from facts to a plan. Nothing
//! here remembers what was done: what a command asks for that is already so needs no action.

mod action;
mod lines;

pub use action::{CommandAction, CommandReason, Plan};
pub use lines::{Command, commands};
