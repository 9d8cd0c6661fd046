//! What is wrong in an object, as its status and `bowsprit lint` show it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Whether a problem keeps something from working.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Severity {
    /// What stands at the path is in force, but has no effect or another than it seems.
    Warning,
    /// It is not in force.
    Error,
}

/// One thing that is wrong, where, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// Where in the object, as in `spec.presubmits["acme/widgets"][2].run_if_changed`. Empty: the whole.
    pub path: String,
    /// What is wrong and what to do.
    pub message: String,
    /// `Error`: what stands there is not in force. `Warning`: it is, but not as it seems.
    pub severity: Severity,
}

impl Problem {
    /// Something that is not in force.
    pub fn error(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into(), severity: Severity::Error }
    }

    /// Something that is in force, but not as it seems.
    pub fn warning(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into(), severity: Severity::Warning }
    }

    /// Whether what the path names is not in force.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", self.path, self.message)
        }
    }
}
