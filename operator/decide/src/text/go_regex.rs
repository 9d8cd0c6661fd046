//! Regular expressions in Go's syntax (RE2), which is what job files, OWNERS and policies contain.

use std::fmt;

/// A compiled expression that matches as Go's `regexp` does: anywhere in the text unless it anchors itself.
#[derive(Clone)]
pub struct GoRegex {
    source: String,
    compiled: regex::Regex,
}

/// Why an expression is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{expression:?} is not a regular expression: {problem}")]
pub struct InvalidRegex {
    expression: String,
    problem: String,
}

impl GoRegex {
    /// Compiles an expression written for Go.
    ///
    /// # Errors
    /// Where Go refuses it, or where it is too large to compile.
    pub fn new(expression: &str) -> Result<Self, InvalidRegex> {
        let compiled = regex::RegexBuilder::new(expression)
            .size_limit(1 << 20)
            .build()
            .map_err(|e| InvalidRegex { expression: expression.to_owned(), problem: e.to_string() })?;
        Ok(Self { source: expression.to_owned(), compiled })
    }

    /// Whether it matches anywhere in the text.
    pub fn is_match(&self, text: &str) -> bool {
        self.compiled.is_match(text)
    }

    /// The expression as it was written.
    pub fn as_str(&self) -> &str {
        &self.source
    }

    /// The compiled form, for captures and splits.
    pub fn compiled(&self) -> &regex::Regex {
        &self.compiled
    }
}

impl fmt::Debug for GoRegex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GoRegex({:?})", self.source)
    }
}

impl PartialEq for GoRegex {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}
impl Eq for GoRegex {}
