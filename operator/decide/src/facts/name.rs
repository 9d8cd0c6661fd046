//! Names on GitHub: people and repositories, which GitHub compares without regard to case.

use serde::{Deserialize, Serialize};
use std::{cmp::Ordering, fmt, hash::Hash, hash::Hasher, str::FromStr};

/// A text is not a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not {expected}")]
pub struct InvalidName {
    text: String,
    expected: &'static str,
}

/// Somebody's login. Keeps the spelling, compares without regard to case, as GitHub does.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Login(String);

impl Login {
    /// Takes a login as it was observed or written; a leading `@` is dropped.
    pub fn new(login: impl AsRef<str>) -> Self {
        let login = login.as_ref();
        Self(login.strip_prefix('@').unwrap_or(login).to_owned())
    }

    /// As it was spelt.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// In lower case: the form in which two spellings of one login are equal.
    pub fn folded(&self) -> String {
        self.0.to_lowercase()
    }
}

impl PartialEq for Login {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl Eq for Login {}
impl Hash for Login {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.folded().hash(state);
    }
}
impl PartialOrd for Login {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Login {
    fn cmp(&self, other: &Self) -> Ordering {
        // Character by character: sets of owners compare thousands of logins, and need no copies for it.
        let (ours, theirs) = (self.0.chars(), other.0.chars());
        ours.flat_map(char::to_lowercase).cmp(theirs.flat_map(char::to_lowercase))
    }
}
impl fmt::Display for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A repository: `owner/name`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepoName {
    /// The organisation or user.
    pub owner: String,
    /// The name below it.
    pub name: String,
}

impl RepoName {
    /// From its two parts.
    pub fn new(owner: impl Into<String>, name: impl Into<String>) -> Self {
        Self { owner: owner.into(), name: name.into() }
    }

    /// Whether `owner/name` or `owner/*` means this repository, whatever the case.
    pub fn matches(&self, pattern: &str) -> bool {
        match pattern.split_once('/') {
            Some((owner, name)) => {
                owner.eq_ignore_ascii_case(&self.owner)
                    && (name == "*" || name.eq_ignore_ascii_case(&self.name))
            }
            None => false,
        }
    }
}

impl FromStr for RepoName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('/') {
            Some((owner, name)) if !owner.is_empty() && !name.is_empty() && !name.contains('/') => {
                Ok(Self::new(owner, name))
            }
            _ => Err(InvalidName { text: text.to_owned(), expected: "a repository: write owner/name" }),
        }
    }
}

impl fmt::Display for RepoName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

impl Serialize for RepoName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RepoName {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_are_equal_whatever_their_case() {
        assert_eq!(Login::new("@Robin"), Login::new("robin"));
        assert_eq!(Login::new("Robin").to_string(), "Robin");
    }

    #[test]
    fn a_pattern_means_one_repository_or_all_of_an_owner() {
        let widgets = RepoName::new("acme", "widgets");
        assert!(widgets.matches("acme/*") && widgets.matches("Acme/Widgets"));
        assert!(!widgets.matches("acme/widget") && !widgets.matches("*") && !widgets.matches("other/*"));
    }

    #[test]
    fn a_repository_has_two_parts() {
        assert_eq!("acme/widgets".parse(), Ok(RepoName::new("acme", "widgets")));
        for text in ["acme", "acme/", "/widgets", "a/b/c"] {
            assert!(text.parse::<RepoName>().is_err(), "{text}");
        }
    }
}
