//! What commands and labels do on GitHub, and why.

use crate::{
    facts::Login,
    reason::{Planned, Reason},
};

/// What is to be done, in order.
pub type Plan = Vec<Planned<CommandAction, CommandReason>>;

/// An effect on an issue or pull request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandAction {
    /// Put a label on it.
    AddLabel(String),
    /// Take a label from it.
    RemoveLabel(String),
    /// Write the one comment with this hidden marker: edit it in place, or create it. Not at all if it reads so already.
    Keep {
        /// The hidden text by which the comment is found again, among our own comments only.
        marker: &'static str,
        /// The whole text, marker included.
        text: String,
    },
}

/// Why an effect is planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandReason {
    /// Who may approve it did.
    Approved,
    /// An approval is missing.
    ApprovalMissing,
    /// Somebody asked with a command.
    Requested {
        /// Who.
        by: Login,
        /// The line they wrote.
        command: String,
    },
}

impl Reason for CommandReason {
    fn name(&self) -> &'static str {
        match self {
            Self::Approved => "Approved",
            Self::ApprovalMissing => "ApprovalMissing",
            Self::Requested { .. } => "Requested",
        }
    }

    fn sentence(&self) -> String {
        match self {
            Self::Approved => "Everybody whose approval is needed has approved.".to_owned(),
            Self::ApprovalMissing => "An approval is missing.".to_owned(),
            Self::Requested { by, command } => format!("{by} asked for it: {command}"),
        }
    }
}
