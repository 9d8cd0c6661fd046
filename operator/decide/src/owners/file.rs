//! One OWNERS file: from its text to rules and options.
//!
//! There are two forms. The simple one lists people at the top; the full one gives them by file name. A file that has
//! both is read as the simple one, as Prow reads it, and says so. Keys are read without regard to case.

use crate::{
    config::{
        Problem, Severity,
        yaml::{self, Budget},
    },
    facts::Login,
    text::GoRegex,
};
use serde_json::Value;
use std::collections::BTreeSet;

/// Who is named for some files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entries {
    /// May approve. Names of aliases stand here until the tree expands them.
    pub approvers: BTreeSet<Login>,
    /// May review.
    pub reviewers: BTreeSet<Login>,
    /// Are always asked for a review.
    pub required_reviewers: BTreeSet<Login>,
    /// Labels for changes.
    pub labels: BTreeSet<String>,
}

impl Entries {
    fn is_empty(&self) -> bool {
        self.approvers.is_empty()
            && self.reviewers.is_empty()
            && self.required_reviewers.is_empty()
            && self.labels.is_empty()
    }
}

/// Entries for all files of a folder, or for those whose path below it matches.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// `None`: all files.
    pub filter: Option<GoRegex>,
    /// Who is named.
    pub entries: Entries,
}

impl Rule {
    /// Whether it speaks of this path, given as seen from the rule's folder.
    pub fn covers(&self, relative: &str) -> bool {
        self.filter.as_ref().is_none_or(|filter| filter.is_match(relative))
    }
}

/// How a folder stands to its parents and children.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// What the parents say does not count below, where this folder names somebody.
    pub no_parent_owners: bool,
    /// New folders below need no approval.
    pub auto_approve_unowned_subfolders: bool,
}

/// A whole file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OwnersFile {
    /// Who is named.
    pub rules: Vec<Rule>,
    /// Its options.
    pub options: Options,
}

impl OwnersFile {
    /// Reads an ownership file. `None` where nothing in it counts; the problems tell why.
    pub fn parse(path: &str, text: &str) -> (Option<Self>, Vec<Problem>) {
        let document = match yaml(text) {
            Ok(document) => document,
            Err(message) => {
                return (None, vec![Problem { path: path.to_owned(), message, severity: Severity::Error }]);
            }
        };
        let mut problems = Problems { path, found: Vec::new() };
        let file = match simple_form(&document) {
            Ok((entries, options)) if !entries.is_empty() => {
                if fields(&document).is_ok_and(|f| f.iter().any(|(k, v)| k == "filters" && !v.is_null())) {
                    problems.note(
                        "filters do not count beside approvers, reviewers, required_reviewers or labels at \
                        the top; move these into a filter \".*\"",
                    );
                }
                Some(Self { rules: vec![Rule { filter: None, entries }], options })
            }
            other => {
                let ignored = other.err();
                let file = full_form(&document, &mut problems);
                if let (Some(why), Some(_)) = (ignored, &file) {
                    problems.note(&format!("{why}; nobody at the top of this file counts"));
                }
                file
            }
        };
        (file, problems.found)
    }

    /// Reads the header of a Markdown file, which has the simple form; `None` without one.
    pub fn parse_header(path: &str, text: &str) -> (Option<Self>, Vec<Problem>) {
        let Some(header) = header(text) else { return (None, Vec::new()) };
        let read = yaml(header).and_then(|document| simple_form(&document));
        match read {
            Ok((entries, options)) => {
                (Some(Self { rules: vec![Rule { filter: None, entries }], options }), Vec::new())
            }
            Err(message) => {
                let message = format!("the header is not read: {message}");
                (None, vec![Problem { path: path.to_owned(), message, severity: Severity::Error }])
            }
        }
    }
}

struct Problems<'a> {
    path: &'a str,
    found: Vec<Problem>,
}

impl Problems<'_> {
    fn note(&mut self, message: &str) {
        self.found.push(Problem {
            path: self.path.to_owned(),
            message: message.to_owned(),
            severity: Severity::Warning,
        });
    }

    fn fatal(&mut self, message: String) {
        self.found.push(Problem { path: self.path.to_owned(), message, severity: Severity::Error });
    }
}

fn simple_form(document: &Value) -> Result<(Entries, Options), String> {
    let fields = fields(document)?;
    Ok((entries(&fields)?, options(&fields)?))
}

fn full_form(document: &Value, problems: &mut Problems<'_>) -> Option<OwnersFile> {
    match try_full_form(document, problems) {
        Ok(file) => Some(file),
        Err(message) => {
            problems.fatal(message);
            None
        }
    }
}

fn try_full_form(document: &Value, problems: &mut Problems<'_>) -> Result<OwnersFile, String> {
    let top = fields(document)?;
    let options = options(&top)?;
    let mut rules = Vec::new();
    for (_, filters) in top.iter().filter(|(key, value)| key == "filters" && !value.is_null()) {
        let filters = filters.as_object().ok_or("filters: expected a map from expressions to people")?;
        for (expression, named) in filters {
            let entries = fields(named)
                .and_then(|named| entries(&named))
                .map_err(|why| format!("filters[{expression:?}]: {why}"))?;
            // The literal `.*` is the customary way to write "all files".
            let filter = match expression.as_str() {
                ".*" => None,
                other => match GoRegex::new(other) {
                    Ok(filter) => Some(filter),
                    Err(why) => {
                        problems.note(&format!("filters: {why}; the people behind it do not count"));
                        continue;
                    }
                },
            };
            rules.push(Rule { filter, entries });
        }
    }
    Ok(OwnersFile { rules, options })
}

/// Members of a map by their keys in lower case. An empty document is an empty map.
fn fields(value: &Value) -> Result<Vec<(String, &Value)>, String> {
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Object(members) => {
            Ok(members.iter().map(|(key, value)| (key.to_lowercase(), value)).collect())
        }
        other => Err(format!("expected a map, found {}", kind(other))),
    }
}

fn entries(fields: &[(String, &Value)]) -> Result<Entries, String> {
    let mut entries = Entries::default();
    for (key, value) in fields {
        match key.as_str() {
            "approvers" => entries.approvers = logins(key, value)?,
            "reviewers" => entries.reviewers = logins(key, value)?,
            "required_reviewers" => entries.required_reviewers = logins(key, value)?,
            "labels" => entries.labels = texts(key, value)?.map(str::to_owned).collect(),
            // `emeritus_approvers` and whatever people keep here for themselves.
            _ => {}
        }
    }
    Ok(entries)
}

fn logins(key: &str, value: &Value) -> Result<BTreeSet<Login>, String> {
    Ok(texts(key, value)?.map(|name| Login::new(name.to_lowercase())).collect())
}

fn options(fields: &[(String, &Value)]) -> Result<Options, String> {
    let mut options = Options::default();
    for (_, value) in fields.iter().filter(|(key, value)| key == "options" && !value.is_null()) {
        for (key, value) in self::fields(value).map_err(|why| format!("options: {why}"))? {
            let target = match key.as_str() {
                "no_parent_owners" => &mut options.no_parent_owners,
                "auto_approve_unowned_subfolders" => &mut options.auto_approve_unowned_subfolders,
                _ => continue,
            };
            *target = match value {
                Value::Null => false,
                Value::Bool(value) => *value,
                other => return Err(format!("options.{key}: expected true or false, found {}", kind(other))),
            };
        }
    }
    Ok(options)
}

/// The texts of a list. An entry left empty names nobody.
pub(super) fn texts<'a>(key: &str, value: &'a Value) -> Result<impl Iterator<Item = &'a str>, String> {
    let items = match value {
        Value::Null => [].as_slice(),
        Value::Array(items) => items,
        other => return Err(format!("{key}: expected a list, found {}", kind(other))),
    };
    if let Some(wrong) = items.iter().find(|item| !matches!(item, Value::String(_) | Value::Null)) {
        return Err(format!("{key}: {wrong} is {}; put it in quotes if it is a name", kind(wrong)));
    }
    Ok(items.iter().filter_map(Value::as_str).filter(|text| !text.is_empty()))
}

pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}

/// A YAML text, read as Go reads it.
pub(super) fn yaml(text: &str) -> Result<Value, String> {
    yaml::read(text, Budget::IN_REPO).map(|document| document.value).map_err(|problem| problem.to_string())
}

/// What stands between a first line `---` and a later line that begins so.
fn header(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("---\n")?;
    let end = if rest.starts_with("---") { 0 } else { rest.find("\n---")? + 1 };
    rest.get(..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> (Option<OwnersFile>, Vec<Problem>) {
        OwnersFile::parse("a/OWNERS", text)
    }

    fn approvers(text: &str) -> Vec<String> {
        let (file, problems) = parse(text);
        assert_eq!(problems, []);
        file.unwrap().rules[0].entries.approvers.iter().map(Login::to_string).collect()
    }

    #[test]
    fn logins_lose_their_case_and_one_at_sign() {
        assert_eq!(approvers("approvers: [Robin, '@kim', '@@lee']"), ["@lee", "kim", "robin"]);
    }

    #[test]
    fn keys_have_no_case_and_unknown_keys_do_not_matter() {
        assert_eq!(approvers("Approvers: [robin]\nemeritus_approvers: [kim]\nx: {y: 1}\n"), ["robin"]);
    }

    #[test]
    fn an_empty_entry_names_nobody() {
        assert_eq!(approvers("approvers:\n-\n- kim\n"), ["kim"]);
    }

    #[test]
    fn a_number_among_the_logins_takes_the_list_away_but_not_the_options() {
        let (file, problems) = parse("approvers: [robin, 1e3]\noptions: {no_parent_owners: true}\n");
        let file = file.unwrap();
        assert!(file.rules.is_empty() && file.options.no_parent_owners);
        assert!(problems[0].to_string().starts_with("a/OWNERS: approvers: "), "{problems:?}");
    }

    #[test]
    fn filters_beside_simple_keys_are_reported() {
        let (file, problems) = parse("approvers: [robin]\nfilters: {'\\.go$': {approvers: [kim]}}\n");
        assert_eq!(file.unwrap().rules.len(), 1);
        assert!(problems[0].message.contains("filters do not count"));
    }

    #[test]
    fn a_broken_filter_is_dropped_alone() {
        let (file, problems) =
            parse("filters:\n  '(?=x)': {approvers: [kim]}\n  '.*': {approvers: [robin]}\n");
        assert_eq!(file.unwrap().rules.len(), 1);
        assert_eq!(problems.len(), 1);
        assert!(!problems[0].is_error());
    }

    #[test]
    fn only_the_first_document_counts() {
        assert_eq!(approvers("# ours\n---\napprovers: [robin]\n---\napprovers: [kim]\n"), ["robin"]);
    }

    #[test]
    fn a_markdown_header_ends_at_the_next_dashes() {
        let (file, _) = OwnersFile::parse_header("README.md", "---\napprovers: [robin]\n---\n# Title\n---\n");
        assert_eq!(file.unwrap().rules[0].entries.approvers.len(), 1);
        let (none, problems) = OwnersFile::parse_header("README.md", "# Title\n");
        assert!(none.is_none() && problems.is_empty());
    }
}
