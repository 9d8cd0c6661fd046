//! Slash commands: from the text of a comment to a plan of effects on GitHub.
//!
//! `lines` finds the commands of a text, `grammar` is the table of all that exist, and each plugin is a file with pure
//! functions from facts to a plan. Nothing here remembers what was done: what a command asks for that is already so
//! needs no action. All words that people read are in `texts`.

mod action;
pub mod assign;
pub mod blunderbuss;
pub mod grammar;
pub mod hold;
mod item;
pub mod label;
pub mod lgtm;
pub mod lifecycle;
mod lines;
pub mod milestone;
pub mod overrides;
pub mod owners_label;
mod pending;
mod reply;
pub mod retitle;
pub mod skip;
mod texts;
pub mod verify_owners;
pub mod wip;

pub use action::{CloseReason, CommandAction, CommandReason, Plan};
pub use item::{Item, Kind, Reviewer, Rights, Said};
pub use lines::{Command, commands};
pub use pending::{Pending, Texts, pending};
pub use reply::{Footer, reply};
