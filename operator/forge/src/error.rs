//! Why the forge did not do what was asked, by what the asker can do about it.

use jiff::Timestamp;
use std::time::Duration;

/// A call that brought no answer, or a refusal. Texts never hold a token: they are built from status and message alone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ForgeError {
    /// It is not there, or we may not see it. GitHub does not tell the two apart.
    #[error("{what} is not there, or the credentials may not see it")]
    NotFound {
        /// What was asked for.
        what: String,
    },
    /// The credentials are wrong or were withdrawn. Nothing but new ones helps.
    #[error("GitHub refuses the credentials: {message}")]
    Unauthorized {
        /// GitHub's words.
        message: String,
    },
    /// The credentials are right but lack a permission.
    #[error("GitHub forbids {what}: {message}")]
    Forbidden {
        /// What was asked for.
        what: String,
        /// GitHub's words.
        message: String,
    },
    /// Too many calls. No call before the given time.
    #[error("GitHub's rate limit is used up until {until}")]
    RateLimited {
        /// When calls are allowed again.
        until: Timestamp,
    },
    /// The request is wrong or does not fit the state: repeating it changes nothing.
    #[error("GitHub refuses {what} with {status}: {message}")]
    Refused {
        /// What was asked for.
        what: String,
        /// HTTP status.
        status: u16,
        /// GitHub's words.
        message: String,
    },
    /// No answer, or one that says nothing about the effect: a write may or may not have happened.
    #[error("{what}: no usable answer from GitHub ({message})")]
    Unclear {
        /// What was asked for.
        what: String,
        /// What came instead.
        message: String,
    },
    /// The mode of the governing Repository closes the gate (DESIGN G2): nothing was sent.
    #[error("{what} is not sent: the repository is in mode {mode}")]
    Closed {
        /// What would have been sent.
        what: String,
        /// The mode.
        mode: &'static str,
    },
}

impl ForgeError {
    /// Whether the same call may succeed later without anybody changing anything.
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::RateLimited { .. } | Self::Unclear { .. } => true,
            Self::NotFound { .. }
            | Self::Unauthorized { .. }
            | Self::Forbidden { .. }
            | Self::Refused { .. }
            | Self::Closed { .. } => false,
        }
    }

    /// How long to wait before the next try, at least; `None`: as the caller's back-off says.
    pub fn wait(&self, now: Timestamp) -> Option<Duration> {
        match self {
            Self::RateLimited { until } => {
                Some(Duration::try_from(until.duration_since(now)).unwrap_or_default())
            }
            Self::NotFound { .. }
            | Self::Unauthorized { .. }
            | Self::Forbidden { .. }
            | Self::Refused { .. }
            | Self::Unclear { .. }
            | Self::Closed { .. } => None,
        }
    }
}
