//! A name as GitHub compares it: the case it was written in is kept and shown, but does not distinguish.
//!
//! Logins, `owner/name` of repositories, team slugs and labels are all such names, so one type serves
//! as the key of every map in the state.

use std::cmp::Ordering;
use std::fmt;

/// A login, an `owner/name`, a team slug or a label; equal to another if they differ in case only.
#[derive(Clone, Debug, Default)]
pub struct Name(String);

impl Name {
    /// The name as it was first written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the slash of an `owner/name`; the whole of any other name.
    pub fn owner(&self) -> &str {
        self.0.split_once('/').map_or(self.as_str(), |(owner, _)| owner)
    }

    /// The part after the slash of an `owner/name`; the whole of any other name.
    pub fn short(&self) -> &str {
        self.0.split_once('/').map_or(self.as_str(), |(_, name)| name)
    }

    /// The name of a repository.
    pub fn of_repo(owner: &str, name: &str) -> Self {
        Self(format!("{owner}/{name}"))
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for Name {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&Name> for Name {
    fn from(name: &Name) -> Self {
        name.clone()
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> Ordering {
        fn folded(name: &Name) -> impl Iterator<Item = char> {
            name.0.chars().flat_map(char::to_lowercase)
        }
        folded(self).cmp(folded(other))
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Name {}

impl PartialEq<str> for Name {
    fn eq(&self, other: &str) -> bool {
        self.cmp(&Self::from(other)) == Ordering::Equal
    }
}
