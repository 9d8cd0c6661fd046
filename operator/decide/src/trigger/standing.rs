//! Whether a comment is still to be acted upon (DESIGN C1 to C3). The same for every plugin that reads commands.

use crate::facts::Comment;
use jiff::Timestamp;

/// What a comment is to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Its commands are to be carried out.
    Due,
    /// They were carried out: it carries our mark.
    Done,
    /// It is older than our time here.
    TooOld,
    /// It was edited before we read it: an edit never runs a command.
    Edited,
}

impl Standing {
    /// Judges a comment. `since`: nothing that was written before counts as a command.
    pub fn of(comment: &Comment, since: Timestamp) -> Self {
        if comment.marked {
            Self::Done
        } else if comment.created_at < since {
            Self::TooOld
        } else if comment.last_edited_at.is_some() {
            Self::Edited
        } else {
            Self::Due
        }
    }
}
