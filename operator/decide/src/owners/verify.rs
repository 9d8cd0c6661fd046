//! Whether the ownership files of a pull request may come in: they can be read, they give no label that stands for a
//! human decision, the root has approvers, and nobody is named who is not trusted.
//!
//! Files are compared as they are read, before and after, so it does not matter how a list is written.

use super::{Aliases, Layout, OwnersFile, Rule};
use crate::{
    config::{Problem, Severity},
    facts::Login,
};
use std::collections::{BTreeMap, BTreeSet};

/// Most people that are asked about: each costs a question to GitHub.
const PEOPLE_MAX: usize = 50;

/// The ownership files before and after, and what may not stand in them.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// Where ownership is written down.
    pub layout: &'a Layout,
    /// Labels that no file may give.
    pub denied_labels: &'a [String],
    /// Texts at the base, by path.
    pub base: &'a BTreeMap<String, String>,
    /// Texts at the head, by path: all that [`Layout::reads`] names.
    pub head: &'a BTreeMap<String, String>,
    /// The paths that the pull request changes and does not remove.
    pub changed: &'a [String],
}

/// What came out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// What makes a file invalid.
    pub errors: Vec<Problem>,
    /// What counts otherwise than it looks.
    pub warnings: Vec<Problem>,
    /// Who is named and was not before, with the files that name them.
    pub people: BTreeMap<Login, BTreeSet<String>>,
}

impl Change<'_> {
    /// Whether it touches ownership at all.
    pub fn concerns(&self) -> bool {
        self.changed.iter().any(|path| self.is_file(path) || *path == self.layout.aliases_file)
    }

    fn is_file(&self, path: &str) -> bool {
        self.layout.is_ownership(path) && !self.layout.denied.denies(path)
    }

    /// Reads all that is changed.
    pub fn verify(&self) -> Findings {
        let mut findings = Findings::default();
        let aliases = self.aliases(self.head, &mut findings.errors);
        if !findings.errors.is_empty() {
            // Without aliases nobody can say who is named.
            return findings;
        }
        if self.changed.contains(&self.layout.aliases_file) {
            let before = self.aliases(self.base, &mut Vec::new());
            findings.warnings.extend(self.empty_aliases(&aliases));
            let known: BTreeSet<&Login> = before.groups().values().flatten().collect();
            for login in aliases.groups().values().flatten().filter(|login| !known.contains(login)) {
                findings.name(login, &self.layout.aliases_file);
            }
        }
        for path in self.changed.iter().filter(|path| self.is_file(path)) {
            if let Some(text) = self.head.get(path) {
                self.file(path, text, &aliases, &mut findings);
            }
        }
        while findings.people.len() > PEOPLE_MAX {
            findings.people.pop_last();
        }
        findings
    }

    fn aliases(&self, texts: &BTreeMap<String, String>, errors: &mut Vec<Problem>) -> Aliases {
        let Some(text) = texts.get(&self.layout.aliases_file) else { return Aliases::default() };
        let (aliases, problems) = Aliases::parse(&self.layout.aliases_file, text);
        errors.extend(problems);
        aliases
    }

    fn empty_aliases(&self, aliases: &Aliases) -> Vec<Problem> {
        let empty = aliases.groups().iter().filter(|(_, members)| members.is_empty());
        let path = &self.layout.aliases_file;
        empty
            .map(|(name, _)| problem(path, format!("the alias {name} names nobody"), Severity::Warning))
            .collect()
    }

    fn file(&self, path: &str, text: &str, aliases: &Aliases, findings: &mut Findings) {
        let (file, problems) = OwnersFile::parse(path, text);
        let (errors, warnings): (Vec<Problem>, Vec<Problem>) =
            problems.into_iter().partition(Problem::is_error);
        findings.errors.extend(errors);
        findings.warnings.extend(warnings);
        let Some(file) = file else { return };
        let labels = file.rules.iter().flat_map(|rule| &rule.entries.labels);
        let denied: Vec<&str> = labels
            .filter(|label| self.denied_labels.iter().any(|denied| denied.eq_ignore_ascii_case(label)))
            .map(String::as_str)
            .collect();
        if !denied.is_empty() {
            let why = format!("the labels {} are not for OWNERS files to give", denied.join(", "));
            findings.errors.push(problem(path, why, Severity::Error));
        }
        if path == self.layout.file && file.rules.iter().all(|rule| rule.entries.approvers.is_empty()) {
            findings.errors.push(problem(path, "the root names no approver".to_owned(), Severity::Error));
        }
        let before = self.base.get(path).and_then(|text| OwnersFile::parse(path, text).0).unwrap_or_default();
        let known = named(&before);
        for name in named(&file).difference(&known).filter(|name| !aliases.groups().contains_key(name)) {
            if is_login(name) {
                findings.name(name, path);
            } else {
                let why = format!("\"{name}\" is neither a login nor an alias");
                findings.errors.push(problem(path, why, Severity::Error));
            }
        }
    }
}

impl Findings {
    fn name(&mut self, login: &Login, path: &str) {
        self.people.entry(login.clone()).or_default().insert(path.to_owned());
    }
}

/// Whether GitHub could know somebody by this name: what it could not is not worth a question.
fn is_login(name: &Login) -> bool {
    name.as_str().chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '[' | ']'))
}

fn named(file: &OwnersFile) -> BTreeSet<Login> {
    let people = |Rule { entries, .. }: &Rule| {
        [&entries.approvers, &entries.reviewers, &entries.required_reviewers].map(Clone::clone)
    };
    file.rules.iter().flat_map(people).flatten().collect()
}

fn problem(path: &str, message: String, severity: Severity) -> Problem {
    Problem { path: path.to_owned(), message, severity }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(files: &[(&str, &str)]) -> BTreeMap<String, String> {
        files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
    }

    fn verify(base: &[(&str, &str)], head: &[(&str, &str)]) -> Findings {
        let (layout, base, head) = (Layout::default(), texts(base), texts(head));
        let changed: Vec<String> = head.keys().cloned().collect();
        let denied_labels = ["lgtm".to_owned()];
        Change { layout: &layout, denied_labels: &denied_labels, base: &base, head: &head, changed: &changed }
            .verify()
    }

    #[test]
    fn only_people_who_are_new_are_asked_about_however_the_list_is_written() {
        let findings =
            verify(&[("OWNERS", "approvers:\n- robin\n")], &[("OWNERS", "approvers: [Robin, kim]\n")]);
        assert_eq!(findings.people.keys().collect::<Vec<_>>(), [&Login::new("kim")]);
        assert!(findings.errors.is_empty());
    }

    #[test]
    fn a_member_of_an_alias_is_named_by_the_aliases_file() {
        let head = [("OWNERS", "approvers: [team]"), ("OWNERS_ALIASES", "aliases: {team: [kim], none: []}")];
        let findings = verify(&[], &head);
        assert_eq!(findings.people[&Login::new("kim")], BTreeSet::from(["OWNERS_ALIASES".to_owned()]));
        assert_eq!(findings.people.len(), 1);
        assert_eq!(findings.warnings.len(), 1);
    }

    #[test]
    fn a_label_that_stands_for_a_decision_is_refused() {
        let findings = verify(&[], &[("a/OWNERS", "labels: [LGTM, kind/bug]")]);
        assert!(findings.errors[0].to_string().contains("LGTM"));
    }

    #[test]
    fn a_slip_of_the_pen_is_no_name() {
        let findings = verify(&[], &[("a/OWNERS", "approvers:\n- kim\n  - lee\n")]);
        assert!(
            findings.people.is_empty() && findings.errors[0].message.contains("kim - lee"),
            "{findings:?}"
        );
    }

    #[test]
    fn the_root_needs_approvers() {
        assert_eq!(verify(&[], &[("OWNERS", "reviewers: [kim]")]).errors.len(), 1);
        assert!(verify(&[], &[("a/OWNERS", "reviewers: [kim]")]).errors.is_empty());
    }

    #[test]
    fn broken_aliases_stop_everything() {
        let findings = verify(&[], &[("OWNERS_ALIASES", "aliases: {a: b}"), ("OWNERS", "x: [")]);
        assert_eq!(findings.errors.len(), 1);
        assert_eq!(findings.errors[0].path, "OWNERS_ALIASES");
    }
}
