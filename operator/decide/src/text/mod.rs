//! Texts that people write: Go's regular expressions, and the parts of a Markdown comment that count.

mod go_regex;
mod markdown;

pub use go_regex::{GoRegex, InvalidRegex};
pub use markdown::CommandText;
