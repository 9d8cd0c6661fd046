//! What commands and labels do on GitHub, and why.

use super::{Command, Reviewer, Said};
use crate::{
    facts::{Login, StatusState},
    reason::{Planned, Reason},
};

/// What is to be done, in order.
pub type Plan = Vec<Planned<CommandAction, CommandReason>>;

/// Why an issue is closed, in GitHub's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// Done. Pull requests are only ever closed so.
    Completed,
    /// It will not be done.
    NotPlanned,
}

/// An effect on an issue or pull request. Each is harmless when it is done twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandAction {
    /// Put a label on it.
    AddLabel(String),
    /// Take a label from it.
    RemoveLabel(String),
    /// Assign people.
    Assign {
        /// Whom.
        people: Vec<Login>,
        /// Who is told, with [`super::assign::refused`], whom GitHub left out; `None`: nobody asked for it in words.
        tell: Option<Login>,
    },
    /// Take the assignment back.
    Unassign(Vec<Login>),
    /// Ask for reviews.
    RequestReview {
        /// Whose.
        people: Vec<Reviewer>,
        /// Who is told, with [`super::assign::refused`], whom GitHub refused; `None`: nobody asked for it in words.
        tell: Option<Login>,
    },
    /// Ask no longer.
    UnrequestReview(Vec<Reviewer>),
    /// Close it.
    Close(CloseReason),
    /// Open it again. Where GitHub refuses, [`super::lifecycle::reopen_refused`] tells so.
    Reopen,
    /// Give it another title.
    Retitle(String),
    /// Set its milestone; `None`: none.
    SetMilestone(Option<String>),
    /// Set a status on its head.
    SetStatus {
        /// The context.
        context: String,
        /// The state.
        state: StatusState,
        /// The text.
        description: String,
        /// The link; `None`: none.
        target_url: Option<String>,
    },
    /// Report a check run of its head as passed.
    PassCheck {
        /// The check's name.
        name: String,
        /// By whom, for the check's text.
        by: Login,
    },
    /// Record that a job of its head counts as passed: a run that is complete from the start.
    RecordPassed {
        /// The job's name.
        job: String,
        /// Its context.
        context: String,
        /// What the run says.
        description: String,
    },
    /// Answer somebody; [`super::reply`] makes the comment.
    Reply {
        /// Whom.
        to: Login,
        /// What, without the mention.
        text: String,
    },
    /// Write the one comment with this hidden marker: edit it in place, or create it. Not at all if it reads so already.
    Keep {
        /// The hidden text that the comment begins with. It counts only there, and only in our own comments: further
        /// down, and in replies, we repeat what others wrote.
        marker: &'static str,
        /// The whole text, marker included.
        text: String,
    },
    /// Remove the comment with this hidden marker, where there is one.
    Drop {
        /// The marker.
        marker: &'static str,
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
    /// A review says so.
    Reviewed {
        /// Whose.
        by: Login,
    },
    /// Somebody asked for what they may not ask for.
    NotAllowed {
        /// Who.
        by: Login,
    },
    /// A command cannot be carried out as it is written.
    NotUnderstood {
        /// Whose.
        by: Login,
    },
    /// What was said is about an older head.
    HeadChanged,
    /// A label that was put on asks for it.
    Labelled {
        /// Which.
        label: String,
    },
    /// GitHub refused it.
    Refused,
    /// It is a draft, or its title says that it is not ready.
    NotReady,
    /// It is ready.
    Ready,
    /// The owners of the changed files ask for it.
    Owners,
    /// Ownership files may not come in as they are.
    OwnersInvalid,
    /// Nothing is wrong with the ownership files.
    OwnersValid,
    /// So many lines are changed.
    Size {
        /// How many, without generated files.
        lines: u64,
    },
}

impl CommandReason {
    /// The reason behind a command.
    pub(super) fn requested(said: &Said<'_>, command: &Command) -> Self {
        Self::Requested { by: said.by.clone(), command: command.text.clone() }
    }
}

impl Reason for CommandReason {
    fn name(&self) -> &'static str {
        match self {
            Self::Approved => "Approved",
            Self::ApprovalMissing => "ApprovalMissing",
            Self::Requested { .. } => "Requested",
            Self::Reviewed { .. } => "Reviewed",
            Self::NotAllowed { .. } => "NotAllowed",
            Self::NotUnderstood { .. } => "NotUnderstood",
            Self::HeadChanged => "HeadChanged",
            Self::Labelled { .. } => "Labelled",
            Self::Refused => "Refused",
            Self::NotReady => "NotReady",
            Self::Ready => "Ready",
            Self::Owners => "Owners",
            Self::OwnersInvalid => "OwnersInvalid",
            Self::OwnersValid => "OwnersValid",
            Self::Size { .. } => "Size",
        }
    }

    fn sentence(&self) -> String {
        match self {
            Self::Approved => "Everybody whose approval is needed has approved.".to_owned(),
            Self::ApprovalMissing => "An approval is missing.".to_owned(),
            Self::Requested { by, command } => format!("{by} asked for it: {command}"),
            Self::Reviewed { by } => format!("The review by {by} says so."),
            Self::NotAllowed { by } => format!("{by} may not ask for it."),
            Self::NotUnderstood { by } => {
                format!("The command by {by} cannot be carried out as it is written.")
            }
            Self::HeadChanged => "The head changed since.".to_owned(),
            Self::Labelled { label } => format!("The label {label} was put on."),
            Self::Refused => "GitHub refused it.".to_owned(),
            Self::NotReady => "It is a draft, or its title says that it is not ready.".to_owned(),
            Self::Ready => "It is ready.".to_owned(),
            Self::Owners => "The OWNERS files of the changed paths ask for it.".to_owned(),
            Self::OwnersInvalid => {
                "An OWNERS file is invalid, or names somebody who is not trusted.".to_owned()
            }
            Self::OwnersValid => "Nothing is wrong with the OWNERS files.".to_owned(),
            Self::Size { lines } => format!("{lines} lines are changed, generated files left out."),
        }
    }
}

/// A reply with its reason.
pub(super) fn reply(to: &Login, text: String, why: CommandReason) -> Planned<CommandAction, CommandReason> {
    Planned::new(CommandAction::Reply { to: to.clone(), text }, why)
}
