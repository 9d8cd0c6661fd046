//! Texts that people write: Go's regular expressions, and the parts of a Markdown comment that count.

mod escape;
mod go_regex;
mod markdown;
mod nearest;
pub mod template;

pub use escape::query_escaped;
pub use go_regex::{GoRegex, InvalidRegex};
pub use markdown::CommandText;
pub use nearest::nearest;
