//! Labels as policies ask for them: `a,b` means either.

use std::{collections::BTreeSet, fmt};

/// A label, or one of several.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AnyOf(Vec<String>);

impl AnyOf {
    /// Reads `a` or `a,b,c`.
    pub fn new(entry: &str) -> Self {
        Self(entry.split(',').map(str::to_owned).collect())
    }

    /// The alternatives.
    pub fn names(&self) -> &[String] {
        &self.0
    }

    /// Whether one of them is there.
    pub fn is_among(&self, labels: &BTreeSet<String>) -> bool {
        self.0.iter().any(|name| labels.contains(name))
    }
}

impl fmt::Display for AnyOf {
    /// As people read it: `a or b`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" or "))
    }
}
