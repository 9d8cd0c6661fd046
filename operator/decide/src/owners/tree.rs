//! All ownership of a repository at one commit: built once, then asked for any path.
//!
//! A path's owners are collected level by level, from the path itself up to the root. Nothing here reads git: the
//! caller hands in the texts of the paths that [`Layout::reads`] names.

use super::{Aliases, Entries, Layout, Options, OwnersFile, Rule, folder};
use crate::{config::Problem, facts::Login};
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

/// What somebody is named for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// May approve.
    Approver,
    /// May review.
    Reviewer,
    /// Is always asked.
    RequiredReviewer,
}

impl Role {
    fn of(self, entries: &Entries) -> &BTreeSet<Login> {
        match self {
            Self::Approver => &entries.approvers,
            Self::Reviewer => &entries.reviewers,
            Self::RequiredReviewer => &entries.required_reviewers,
        }
    }
}

/// The ownership of a repository.
#[derive(Clone, Debug, Default)]
pub struct Owners {
    /// By folder, the root as the empty path; by file for Markdown files with a header.
    places: BTreeMap<String, OwnersFile>,
    problems: Vec<Problem>,
}

impl Owners {
    /// Builds the tree from paths and texts. Paths that [`Layout::reads`] does not name are passed over.
    pub fn read<'a>(layout: &Layout, files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let files: BTreeMap<&str, &str> = files.into_iter().filter(|(path, _)| layout.reads(path)).collect();
        let mut owners = Self::default();
        let aliases = match files.get(layout.aliases_file.as_str()) {
            Some(text) => {
                let (aliases, problems) = Aliases::parse(&layout.aliases_file, text);
                owners.problems.extend(problems);
                aliases
            }
            None => Aliases::default(),
        };
        for (path, text) in files {
            if path == layout.aliases_file || layout.denied.denies(path) {
                continue;
            }
            let (place, (file, problems)) = if layout.is_ownership(path) {
                (folder(path), OwnersFile::parse(path, text))
            } else {
                (path, OwnersFile::parse_header(path, text))
            };
            owners.problems.extend(problems);
            if let Some(file) = file {
                owners.places.insert(place.to_owned(), expanded(file, &aliases));
            }
        }
        owners
    }

    /// Keeps only collaborators as approvers and reviewers: who has no access is asked for nothing. Required reviewers
    /// stay, because a rule that names them must not vanish without a word.
    #[must_use]
    pub fn limited_to(mut self, collaborators: &BTreeSet<Login>) -> Self {
        for rule in self.places.values_mut().flat_map(|file| &mut file.rules) {
            rule.entries.approvers.retain(|login| collaborators.contains(login));
            rule.entries.reviewers.retain(|login| collaborators.contains(login));
        }
        self
    }

    /// What does not count in these files.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Who is named for a path, innermost level first, everybody in the innermost level only; levels are never empty.
    pub fn layers(&self, role: Role, path: &str) -> Vec<BTreeSet<Login>> {
        self.collect(path, |entries| role.of(entries))
    }

    /// Who is named for a path, at any level.
    pub fn all(&self, role: Role, path: &str) -> BTreeSet<Login> {
        self.layers(role, path).into_iter().flatten().collect()
    }

    /// Who is named at the innermost level that names anybody.
    pub fn leaf(&self, role: Role, path: &str) -> BTreeSet<Login> {
        self.layers(role, path).into_iter().next().unwrap_or_default()
    }

    /// The labels for a path.
    pub fn labels(&self, path: &str) -> BTreeSet<String> {
        self.collect(path, |entries| &entries.labels).into_iter().flatten().collect()
    }

    /// The innermost place that names somebody for a path; the root, as the empty path, where none does.
    pub fn place_of(&self, role: Role, path: &str) -> &str {
        levels(&clean(path))
            .find_map(|(place, relative)| {
                let (place, file) = self.places.get_key_value(place)?;
                let names = |rule: &Rule| rule.covers(relative) && !role.of(&rule.entries).is_empty();
                file.rules.iter().any(names).then_some(place.as_str())
            })
            .unwrap_or("")
    }

    /// The options of a place.
    pub fn options(&self, place: &str) -> Options {
        self.places.get(place).map(|file| file.options).unwrap_or_default()
    }

    /// Who may approve the repository as a whole: the root's approvers without a filter, or with one that takes the root
    /// itself.
    pub fn top_level_approvers(&self) -> BTreeSet<Login> {
        let rules = self.places.get("").map_or([].as_slice(), |file| &file.rules);
        rules.iter().filter(|rule| rule.covers(".")).flat_map(|rule| rule.entries.approvers.clone()).collect()
    }

    /// Everybody who is approver or reviewer of anything.
    pub fn everybody(&self) -> BTreeSet<Login> {
        let rules = self.places.values().flat_map(|file| &file.rules);
        rules.flat_map(|rule| rule.entries.approvers.union(&rule.entries.reviewers).cloned()).collect()
    }

    fn collect<T: Ord + Clone>(
        &self,
        path: &str,
        named: impl Fn(&Entries) -> &BTreeSet<T>,
    ) -> Vec<BTreeSet<T>> {
        let mut layers: Vec<BTreeSet<T>> = Vec::new();
        for (place, relative) in levels(&clean(path)) {
            let Some(file) = self.places.get(place) else { continue };
            let covering = file.rules.iter().filter(|rule| rule.covers(relative));
            let layer: BTreeSet<T> = covering
                .flat_map(|rule| named(&rule.entries))
                .filter(|name| !layers.iter().any(|inner| inner.contains(name)))
                .cloned()
                .collect();
            if !layer.is_empty() {
                layers.push(layer);
            }
            // A place that names nobody for this role isolates nothing.
            if file.options.no_parent_owners && !layers.is_empty() {
                break;
            }
        }
        layers
    }
}

/// A path without empty steps; the root is empty.
fn clean(path: &str) -> Cow<'_, str> {
    let odd = path == "." || path.starts_with('/') || path.ends_with('/') || path.contains("//");
    if odd {
        let steps: Vec<&str> = path.split('/').filter(|step| !step.is_empty() && *step != ".").collect();
        Cow::Owned(steps.join("/"))
    } else {
        Cow::Borrowed(path)
    }
}

/// A path and its folders up to the root, each with the path as seen from there.
fn levels(path: &str) -> impl Iterator<Item = (&str, &str)> {
    let itself = std::iter::once((path, "."));
    let folders = path
        .rmatch_indices('/')
        .filter_map(move |(slash, _)| Some((path.get(..slash)?, path.get(slash + 1..)?)));
    let root = (!path.is_empty()).then_some(("", path));
    itself.chain(folders).chain(root)
}

fn expanded(mut file: OwnersFile, aliases: &Aliases) -> OwnersFile {
    for Rule { entries, .. } in &mut file.rules {
        for people in [&mut entries.approvers, &mut entries.reviewers, &mut entries.required_reviewers] {
            *people = aliases.expand(people);
        }
    }
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owners(files: &[(&str, &str)]) -> Owners {
        Owners::read(&Layout::default(), files.iter().copied())
    }

    fn approvers(owners: &Owners, path: &str) -> Vec<String> {
        owners.all(Role::Approver, path).iter().map(Login::to_string).collect()
    }

    #[test]
    fn owners_are_collected_up_to_the_root() {
        let owners = owners(&[("OWNERS", "approvers: [root]"), ("a/b/OWNERS", "approvers: [bob]")]);
        assert_eq!(approvers(&owners, "a/b/c/x.go"), ["bob", "root"]);
        assert_eq!(owners.place_of(Role::Approver, "a/b/c/x.go"), "a/b");
        assert_eq!(owners.place_of(Role::Approver, "a/x.go"), "");
    }

    #[test]
    fn a_folder_without_parents_isolates_only_where_it_names_somebody() {
        let closed = "options: {no_parent_owners: true}\napprovers: [carl]";
        let empty = "options: {no_parent_owners: true}\nreviewers: [rita]";
        let owners = owners(&[("OWNERS", "approvers: [root]"), ("c/OWNERS", closed), ("e/OWNERS", empty)]);
        assert_eq!(approvers(&owners, "c/x"), ["carl"]);
        assert_eq!(approvers(&owners, "e/x"), ["root"]);
    }

    #[test]
    fn a_filter_sees_the_path_from_its_own_folder() {
        let owners = owners(&[("a/OWNERS", "filters: {'^b/.*\\.go$': {approvers: [gopher]}}")]);
        assert_eq!(approvers(&owners, "a/b/x.go"), ["gopher"]);
        assert!(approvers(&owners, "a/x.go").is_empty());
    }

    #[test]
    fn only_collaborators_are_left_and_required_reviewers_stay() {
        let owners = owners(&[("OWNERS", "approvers: [robin, kim]\nrequired_reviewers: [lee]")])
            .limited_to(&[Login::new("Kim")].into());
        assert_eq!(approvers(&owners, "x"), ["kim"]);
        assert_eq!(owners.all(Role::RequiredReviewer, "x").len(), 1);
    }

    #[test]
    fn one_broken_file_does_not_stop_the_others() {
        let owners = owners(&[("OWNERS", "approvers: [root]"), ("a/OWNERS", "approvers: [robin\n")]);
        assert_eq!(approvers(&owners, "a/x"), ["root"]);
        assert!(owners.problems()[0].is_error() && owners.problems()[0].path == "a/OWNERS");
    }
}
