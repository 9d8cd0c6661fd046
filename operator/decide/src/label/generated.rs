//! Which files are generated, as `.generated_files` and `.gitattributes` at the root of a repository say: they do not
//! count for the size of a change.

use crate::config::{Problem, Severity};

/// The rules of a repository.
#[derive(Clone, Debug, Default)]
pub struct Generated {
    prefixes: Vec<String>,
    name_prefixes: Vec<String>,
    names: Vec<String>,
    paths: Vec<String>,
    /// In their order: the last one that matches decides.
    attributes: Vec<Attribute>,
}

#[derive(Clone, Debug)]
struct Attribute {
    pattern: regex::Regex,
    generated: bool,
}

impl Generated {
    /// Reads `.generated_files`. `file` gives the text of another file of the repository, which may list paths. A line
    /// that cannot be read does not stop the others.
    pub fn read_list<'a>(&mut self, text: &str, file: impl Fn(&str) -> Option<&'a str>) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let words: Vec<&str> = line.split_ascii_whitespace().collect();
            match words[..] {
                ["prefix" | "path-prefix", value] => self.prefixes.push(value.to_owned()),
                ["file-prefix", value] => self.name_prefixes.push(value.to_owned()),
                ["file-name", value] => self.names.push(value.to_owned()),
                ["path", value] => self.paths.push(value.to_owned()),
                ["paths-from-repo", value] => {
                    let Some(list) = file(value) else {
                        let why = format!("{value} is not in the repository");
                        problems.push(problem(".generated_files", number, why));
                        continue;
                    };
                    let paths = list.lines().map(str::trim);
                    let paths = paths.filter(|path| !path.is_empty() && !path.starts_with('#'));
                    self.paths.extend(paths.map(str::to_owned));
                }
                _ => {
                    let why = format!(
                        "{line:?} is not read: write path-prefix, file-prefix, file-name, path or paths-from-repo, and a value"
                    );
                    problems.push(problem(".generated_files", number, why));
                }
            }
        }
        problems
    }

    /// Reads `.gitattributes`.
    pub fn read_attributes(&mut self, text: &str) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            let mut words = line.split_ascii_whitespace();
            let Some(pattern) = words.next().filter(|pattern| !pattern.starts_with('#')) else { continue };
            let Some(generated) = words.filter_map(says_generated).next_back() else { continue };
            // Git takes these and never matches anything with them.
            if pattern.starts_with('!') || pattern.ends_with('/') {
                let why = format!("the pattern {pattern} matches no file");
                problems.push(problem(".gitattributes", number, why));
                continue;
            }
            let Ok(pattern) = regex::Regex::new(&expression(pattern)) else {
                let why = format!("the pattern {pattern} cannot be read");
                problems.push(problem(".gitattributes", number, why));
                continue;
            };
            self.attributes.push(Attribute { pattern, generated });
        }
        problems
    }

    /// Whether a file is generated.
    pub fn covers(&self, path: &str) -> bool {
        let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
        self.prefixes.iter().any(|prefix| path.starts_with(prefix))
            || self.name_prefixes.iter().any(|prefix| name.starts_with(prefix))
            || self.names.iter().any(|known| known == name)
            || self.paths.iter().any(|known| known == path)
            || self
                .attributes
                .iter()
                .rev()
                .find(|rule| rule.pattern.is_match(path))
                .is_some_and(|rule| rule.generated)
    }
}

fn problem(file: &str, line: usize, why: String) -> Problem {
    Problem { path: format!("{file}:{line}"), message: why, severity: Severity::Warning }
}

fn says_generated(attribute: &str) -> Option<bool> {
    match attribute {
        "linguist-generated" | "linguist-generated=true" => Some(true),
        "-linguist-generated" | "!linguist-generated" | "linguist-generated=false" => Some(false),
        _ => None,
    }
}

/// A pattern of git's as a regular expression over whole paths. One without a slash matches any step of a path.
fn expression(pattern: &str) -> String {
    let anchored = pattern.contains('/');
    let mut expression = String::from(if anchored { "^" } else { "(?:^|/)" });
    let mut rest = pattern.trim_start_matches('/');
    while let Some(next) = rest.chars().next() {
        let (piece, taken) = if rest.starts_with("**/") {
            ("(?:.*/)?".to_owned(), 3)
        } else if rest.starts_with("**") {
            (".*".to_owned(), 2)
        } else if next == '*' {
            ("[^/]*".to_owned(), 1)
        } else if next == '?' {
            ("[^/]".to_owned(), 1)
        } else if let Some(class) =
            rest.strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(class, _)| class)
        {
            (format!("[{}]", class.replace('!', "^").replace('\\', "\\\\")), class.len() + 2)
        } else {
            (regex::escape(&next.to_string()), next.len_utf8())
        };
        expression.push_str(&piece);
        rest = rest.get(taken..).unwrap_or("");
    }
    expression.push_str(if anchored { "$" } else { "(?:/|$)" });
    expression
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(attributes: &str, path: &str) -> bool {
        let mut generated = Generated::default();
        assert_eq!(generated.read_attributes(attributes), []);
        generated.covers(path)
    }

    #[test]
    fn patterns_are_git_s() {
        assert!(covers("*.pb.go linguist-generated=true", "a/b/x.pb.go"));
        assert!(covers("gen/*.go linguist-generated", "gen/x.go"));
        assert!(!covers("gen/*.go linguist-generated", "gen/a/x.go"));
        assert!(covers("gen/**/*.go linguist-generated", "gen/x.go"));
        assert!(covers("/docs/** linguist-generated", "docs/a/b"));
        assert!(covers("zz_[a-f]?.go linguist-generated", "x/zz_a1.go"));
    }

    #[test]
    fn the_last_line_that_matches_decides() {
        let attributes = "*.go linguist-generated\nmain.go -linguist-generated\n*.go text\n";
        assert!(covers(attributes, "x.go") && !covers(attributes, "main.go"));
    }

    #[test]
    fn a_line_that_cannot_be_read_does_not_stop_the_others() {
        let mut generated = Generated::default();
        let text = "# ours\nnonsense\npaths-from-repo gone\npath a/b.go\npaths-from-repo list\n";
        let problems = generated.read_list(text, |path| (path == "list").then_some("# all\nc/d.go\n"));
        assert_eq!(problems.len(), 2);
        assert_eq!(problems[0].path, ".generated_files:2");
        assert!(generated.covers("a/b.go") && generated.covers("c/d.go") && !generated.covers("b.go"));
        assert_eq!(generated.read_attributes("!a linguist-generated\n").len(), 1);
    }
}
