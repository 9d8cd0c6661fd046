//! What is wrong in an object, as its status and `bowsprit lint` show it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Whether a problem keeps something from working.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Severity {
    /// What stands at the path is not in force.
    Error,
    /// It is in force, but has no effect or another than it seems.
    Warning,
}

/// One thing that is wrong, where, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// What is wrong and what to do.
    pub message: String,
    /// Where in the object, as in `spec.presubmits["acme/widgets"][2].run_if_changed`.
    pub path: String,
    /// `Error`: what stands there is not in force. `Warning`: it is, but not as it seems.
    pub severity: Severity,
}

impl Problem {
    /// Something that is not in force.
    pub fn error(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { message: message.into(), path: path.into(), severity: Severity::Error }
    }

    /// Something that is in force, but not as it seems.
    pub fn warning(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { message: message.into(), path: path.into(), severity: Severity::Warning }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(f, "{severity}: {}: {}", self.path, self.message)
    }
}
