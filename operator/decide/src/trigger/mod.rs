//! Triggers: from what was observed of a pull request or a branch to the runs to start and to abort.
//!
//! [`look`] is what the operator calls for a pull request, [`push::plan`] for a branch that moved. Everything below is
//! a function from facts to actions with reasons; who creates the runs, and when, is not decided here.

mod action;
mod command;
pub mod comment;
pub mod cursor;
mod escape;
pub mod filter;
mod help;
mod key;
mod look;
mod mark;
mod name;
mod observed;
pub mod pull_request;
pub mod push;
pub(crate) mod refs;
mod reply;
mod run;
#[cfg(test)]
mod samples;
mod standing;
mod start;
pub mod trust;

pub use action::{Plan, StartRun, TriggerAction, TriggerReason};
pub use command::{Said, TriggerCommand};
pub use help::{Help, HelpNote, TestAll};
pub use key::{Cause, InvalidKey, TriggerKey};
pub use look::{Look, Step, look, people};
pub use mark::ContextMark;
pub use name::{run_name, run_name_beside};
pub use observed::{
    Answer, NEEDS_OK_TO_TEST, OK_TO_TEST, Observed, Person, TenantJob, TriggerPolicy, Unanswered,
};
pub use pull_request::Occasion;
pub use reply::{About, Answered, HELP, Reply, ReplyKind, ReplyMark, Welcome};
pub use run::{AbortCause, SeenRun};
pub use standing::Standing;
