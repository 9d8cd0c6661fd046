//! `.prowignore`: which files are no configuration, in the syntax of `.gitignore`.

use crate::text::GoRegex;
use std::{collections::BTreeMap, fmt::Write as _};

/// The rules of all `.prowignore` files, those of outer folders first.
#[derive(Clone, Debug, Default)]
pub(super) struct Ignore {
    rules: Vec<Rule>,
}

#[derive(Clone, Debug)]
struct Rule {
    /// The folder of the file that says it, with a slash at the end, or empty.
    below: String,
    pattern: GoRegex,
    /// `!pattern`: counts again.
    again: bool,
}

const NAME: &str = ".prowignore";

impl Ignore {
    /// Reads the rules out of a repository's files (path and text).
    pub(super) fn read(files: &BTreeMap<String, String>) -> Self {
        let mut sources: Vec<(&str, &str)> = files
            .iter()
            .filter_map(|(path, text)| {
                let folder = path.strip_suffix(NAME)?;
                (folder.is_empty() || folder.ends_with('/')).then_some((folder, text.as_str()))
            })
            .collect();
        sources.sort_by_key(|(folder, _)| folder.matches('/').count());
        let rules = sources.into_iter().flat_map(|(folder, text)| {
            text.lines().filter_map(|line| Rule::read(folder, line)).collect::<Vec<_>>()
        });
        Self { rules: rules.collect() }
    }

    /// Whether a file is no configuration: the last rule that speaks of it, or of a folder that it is in, decides.
    pub(super) fn ignores(&self, path: &str) -> bool {
        let spoken =
            self.rules.iter().rev().find(|rule| {
                path.strip_prefix(&rule.below).is_some_and(|below| rule.pattern.is_match(below))
            });
        spoken.is_some_and(|rule| !rule.again)
    }
}

impl Rule {
    /// One line; `None` for comments and empty lines.
    fn read(folder: &str, line: &str) -> Option<Self> {
        let line = line.trim_end();
        if line.is_empty() || line.starts_with('#') {
            return None;
        }
        let (again, line) = line.strip_prefix('!').map_or((false, line), |rest| (true, rest));
        let (folders_only, line) = line.strip_suffix('/').map_or((false, line), |rest| (true, rest));
        // A slash inside ties the pattern to the folder of its file.
        let (anchored, line) = match line.strip_prefix('/') {
            Some(rest) => (true, rest),
            None => (line.contains('/'), line),
        };
        let start = if anchored { "^" } else { "^(?:.*/)?" };
        let end = if folders_only { "/" } else { "(?:/|$)" };
        let pattern = GoRegex::new(&format!("{start}{}{end}", glob(line))).ok()?;
        Some(Self { below: folder.to_owned(), pattern, again })
    }
}

/// A glob as an expression.
fn glob(pattern: &str) -> String {
    let mut expression = String::new();
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("**/") {
            expression.push_str("(?:.*/)?");
            rest = after;
            continue;
        }
        if let Some(after) = rest.strip_prefix("**") {
            expression.push_str(".*");
            rest = after;
            continue;
        }
        rest = &rest[c.len_utf8()..];
        match c {
            '*' => expression.push_str("[^/]*"),
            '?' => expression.push_str("[^/]"),
            '[' => match rest.split_once(']') {
                Some((class, after)) if !class.is_empty() => {
                    let class = class.replacen('!', "^", 1).replace('\\', r"\\");
                    let _ = write!(expression, "[{class}]");
                    rest = after;
                }
                _ => expression.push_str(r"\["),
            },
            c if c.is_ascii() && !c.is_ascii_alphanumeric() => {
                expression.push('\\');
                expression.push(c);
            }
            c => expression.push(c),
        }
    }
    expression
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ignored(rules: &[(&str, &str)], path: &str) -> bool {
        let files = rules.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        Ignore::read(&files).ignores(path)
    }

    #[test]
    fn patterns_are_those_of_gitignore() {
        let root = |text| [(NAME, text)];
        assert!(ignored(&root("b.yaml\n"), ".prow/x/b.yaml") && !ignored(&root("b.yaml\n"), ".prow/ab.yaml"));
        assert!(ignored(&root("# c\n\n.prow/b.yaml\n"), ".prow/b.yaml"));
        assert!(!ignored(&root("/b.yaml\n"), ".prow/b.yaml"));
        assert!(ignored(&root("old/\n"), ".prow/old/a.yaml") && !ignored(&root("old/\n"), ".prow/old"));
        assert!(ignored(&root("*.gen.y?ml\n"), ".prow/a.gen.yaml"));
        assert!(ignored(&root(".prow/**/x[0-9].yaml\n"), ".prow/a/b/x1.yaml"));
        assert!(!ignored(&root("*.yaml\n!keep.yaml\n"), ".prow/keep.yaml"));
        assert!(ignored(&[(".prow/.prowignore", "/a.yaml")], ".prow/a.yaml"));
        assert!(!ignored(&[(".prow/.prowignore", "/a.yaml")], ".prow/x/a.yaml"));
    }
}
