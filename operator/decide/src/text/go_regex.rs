//! Regular expressions in Go's syntax (RE2), which is what job files, OWNERS and policies contain.
//!
//! The `regex` crate matches in linear time as Go does, but reads another dialect: what Go takes literally (`{foo}`,
//! `[[a]`) it refuses, what Go ends at ASCII (`\d`, `\b`) it extends to Unicode, and some marks (`&&`, `\<`) mean
//! something of their own. So an expression is read by Go's rules first and written anew for the crate; nothing that
//! Go refuses gets that far. Two words on size: both limits below are ours, so that no configuration can eat the
//! operator's memory; no expression of the known configurations comes near them.

mod class;
mod cursor;
mod invalid;
mod translate;

pub use invalid::InvalidRegex;

use invalid::Fault;
use std::fmt;

/// The longest expression, in bytes.
const LENGTH_MAX: usize = 4 << 10;
/// The largest compiled form, in bytes.
const COMPILED_MAX: usize = 1 << 20;

/// A compiled expression that matches as Go's `regexp` does: anywhere in the text unless it anchors itself.
#[derive(Clone)]
pub struct GoRegex {
    source: String,
    compiled: regex::Regex,
}

impl GoRegex {
    /// Compiles an expression written for Go.
    ///
    /// # Errors
    /// Where Go refuses it, or where it is too large.
    pub fn new(expression: &str) -> Result<Self, InvalidRegex> {
        if expression.len() > LENGTH_MAX {
            return Err(InvalidRegex::new(expression, Fault::TooLong { max: LENGTH_MAX }));
        }
        Self::compile(expression)
    }

    /// One expression that matches where any of these does, joined with `|` as Prow joins lists. A flag such as `(?i)`
    /// in one entry therefore holds in the entries after it.
    ///
    /// # Errors
    /// Where an entry is no expression by itself (joined, two halves could make a whole), or where all are too large.
    pub fn any_of(expressions: &[String]) -> Result<Self, InvalidRegex> {
        for expression in expressions {
            Self::new(expression)?;
        }
        Self::compile(&expressions.join("|"))
    }

    fn compile(expression: &str) -> Result<Self, InvalidRegex> {
        let refused = |fault| InvalidRegex::new(expression, fault);
        let translated = translate::translate(expression).map_err(refused)?;
        let compiled =
            regex::RegexBuilder::new(&translated).size_limit(COMPILED_MAX).nest_limit(1000).build().map_err(
                |e| match e {
                    regex::Error::CompiledTooBig(_) => refused(Fault::TooLarge),
                    // A syntax error here would be a hole in the translation; say so instead of hiding it.
                    other => refused(Fault::Untranslated { message: other.to_string() }),
                },
            )?;
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

#[cfg(test)]
mod tests;
