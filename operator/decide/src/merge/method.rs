//! How a change is put onto the branch, and what may change that (spec 1.3).

use std::{collections::BTreeSet, fmt};

/// How a change is put onto the branch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// A merge commit.
    #[default]
    Merge,
    /// One commit with the whole change.
    Squash,
    /// The change's commits, put on top of the branch.
    Rebase,
}

impl Method {
    /// GitHub's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Merge => "merge",
            Self::Squash => "squash",
            Self::Rebase => "rebase",
        }
    }

    /// From GitHub's word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Merge, Self::Squash, Self::Rebase].into_iter().find(|method| method.as_str() == word)
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Labels by which a pull request asks for another method; empty: none does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MethodLabels {
    /// Asks for a merge commit.
    pub merge: String,
    /// Asks for one commit.
    pub squash: String,
    /// Asks for a rebase.
    pub rebase: String,
}

impl MethodLabels {
    /// The method for a pull request with these labels; `None` where its labels ask for several.
    pub fn method(&self, configured: Method, labels: &BTreeSet<String>) -> Option<Method> {
        // One label may stand for two methods; then it asks for the first of these.
        let methods =
            [(&self.squash, Method::Squash), (&self.rebase, Method::Rebase), (&self.merge, Method::Merge)];
        let of_label =
            |label: &String| methods.iter().find(|(known, _)| *known == label).map(|(_, method)| *method);
        let mut asked = labels.iter().filter(|label| !label.is_empty()).filter_map(of_label);
        match (asked.next(), asked.next()) {
            (None, _) => Some(configured),
            (Some(method), None) => Some(method),
            (Some(_), Some(_)) => None,
        }
    }
}

/// Which methods the repository's settings allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AllowedMethods {
    /// Merge commits.
    pub merge: bool,
    /// Squashing.
    pub squash: bool,
    /// Rebasing.
    pub rebase: bool,
}

impl AllowedMethods {
    /// Every method.
    pub const ALL: Self = Self { merge: true, squash: true, rebase: true };

    /// Whether this one is allowed.
    pub const fn allows(self, method: Method) -> bool {
        match method {
            Method::Merge => self.merge,
            Method::Squash => self.squash,
            Method::Rebase => self.rebase,
        }
    }
}

/// What GitHub's `BLOCKED` (a rule of the branch is not met, perhaps one that we may bypass) means to the pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GitHubBlocked {
    /// Nothing.
    Ignore,
    /// It is told, and tried all the same.
    #[default]
    Permit,
    /// The pull request is held back.
    Block,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_changes_the_method_and_two_labels_are_no_method() {
        let labels =
            MethodLabels { squash: "squash".into(), rebase: "rebase".into(), ..MethodLabels::default() };
        let on = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        assert_eq!(labels.method(Method::Merge, &on(&["lgtm"])), Some(Method::Merge));
        assert_eq!(labels.method(Method::Merge, &on(&["squash"])), Some(Method::Squash));
        assert_eq!(labels.method(Method::Squash, &on(&["squash", "rebase"])), None);
    }
}
