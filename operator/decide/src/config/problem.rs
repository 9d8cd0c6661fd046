//! What is wrong in a configuration, and where: one form for `status.problems`, `bowsprit lint` and refused files.

pub use api::problem::{Problem, Severity};
use std::fmt::{self, Write as _};

/// Whether any of these is an error.
pub fn any_error(problems: &[Problem]) -> bool {
    problems.iter().any(Problem::is_error)
}

/// A place in a document, as a list that lives on the stack of whoever walks it: nothing is allocated until a problem
/// is found.
#[derive(Clone, Copy, Debug)]
pub struct At<'a> {
    parent: Option<&'a At<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Step<'a> {
    Root(&'a str),
    Field(&'a str),
    Index(usize),
}

impl<'a> At<'a> {
    /// The whole document; `name` is put before every path (`spec` in an object, nothing in a file).
    pub const fn root(name: &'a str) -> Self {
        Self { parent: None, step: Step::Root(name) }
    }

    /// A field of this place, or an entry of a map whose keys people choose.
    #[must_use]
    pub const fn field(&'a self, name: &'a str) -> Self {
        Self { parent: Some(self), step: Step::Field(name) }
    }

    /// An entry of this list.
    #[must_use]
    pub const fn index(&'a self, index: usize) -> Self {
        Self { parent: Some(self), step: Step::Index(index) }
    }

    fn write(&self, text: &mut String) {
        if let Some(parent) = self.parent {
            parent.write(text);
        }
        match self.step {
            Step::Root(name) => text.push_str(name),
            Step::Field(name) if is_word(name) => {
                if !text.is_empty() {
                    text.push('.');
                }
                text.push_str(name);
            }
            Step::Field(name) => {
                let _ = write!(text, "[{name:?}]");
            }
            Step::Index(index) => {
                let _ = write!(text, "[{index}]");
            }
        }
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.write(&mut text);
        f.write_str(&text)
    }
}

impl From<&At<'_>> for String {
    fn from(at: &At<'_>) -> Self {
        at.to_string()
    }
}

/// Whether a name can stand after a dot without being taken for something else.
fn is_word(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_keys_in_brackets_and_fields_with_dots() {
        let root = At::root("spec");
        let presubmits = root.field("presubmits");
        let repo = presubmits.field("acme/widgets");
        let job = repo.index(2);
        assert_eq!(
            job.field("run_if_changed").to_string(),
            r#"spec.presubmits["acme/widgets"][2].run_if_changed"#
        );
        assert_eq!(At::root("").field("periodics").index(0).to_string(), "periodics[0]");
    }
}
