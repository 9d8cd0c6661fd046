//! Names of objects. A name is checked once, where it comes in; from then on it can neither leave its folder nor break
//! a link (reliability T11).

use std::fmt;

/// Longest name that Google's and Amazon's storage take, in bytes.
const MAX_BYTES: usize = 1024;

/// Where an object lies in a bucket: names of folders and a last name, joined by `/`. Without `#`, which would cut links
/// short: it is written `%23`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectName(String);

/// Why a text names no object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// Nothing between two slashes, at the start or at the end.
    #[error("{0:?} has an empty part; an object is named as in logs/unit/7/started.json")]
    EmptyPart(String),
    /// `.` or `..`.
    #[error("{0:?} leaves its folder; write it without . and .. parts")]
    Leaves(String),
    /// A control character or a back-slash.
    #[error("{0:?} has a control character or a back-slash; rename the file")]
    Character(String),
    /// Longer than storage allows.
    #[error("the name that begins with {0:?} is longer than {MAX_BYTES} bytes; shorten it")]
    TooLong(String),
}

impl ObjectName {
    /// Checks a name that starts at the root of the bucket.
    pub fn parse(text: &str) -> Result<Self, BadName> {
        for part in text.split('/') {
            match part {
                "" => return Err(BadName::EmptyPart(text.to_owned())),
                "." | ".." => return Err(BadName::Leaves(text.to_owned())),
                part if part.contains(|c: char| c.is_control() || c == '\\') => {
                    return Err(BadName::Character(text.to_owned()));
                }
                _ => {}
            }
        }
        let name = text.replace('#', "%23");
        if name.len() > MAX_BYTES {
            return Err(BadName::TooLong(text.chars().take(80).collect()));
        }
        Ok(Self(name))
    }

    /// The object of this name in a folder.
    pub fn below(&self, name: &str) -> Result<Self, BadName> {
        let below = Self::parse(name)?;
        Self::parse(&format!("{self}/{below}"))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part after the last slash.
    pub fn last(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// The same folder with another last name. `last` holds no slash.
    pub(crate) fn with_last(&self, last: &str) -> Self {
        Self(match self.0.rsplit_once('/') {
            Some((folder, _)) => format!("{folder}/{last}"),
            None => last.to_owned(),
        })
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_never_leaves_its_folder() {
        let run = ObjectName::parse("logs/unit/7").unwrap();
        for bad in [
            "..",
            "../8/started.json",
            "a/../../x",
            "a/./b",
            "/etc/passwd",
            "a//b",
            "a/",
            "",
            "a\\..\\b",
            "a\nb",
            "a\0",
        ] {
            assert!(run.below(bad).is_err(), "{bad:?}");
        }
        assert_eq!(run.below("artifacts/%2e%2e/x").unwrap().as_str(), "logs/unit/7/artifacts/%2e%2e/x");
    }

    #[test]
    fn a_hash_is_escaped_once() {
        let name = ObjectName::parse("logs/a#b").unwrap();
        assert_eq!(name.as_str(), "logs/a%23b");
        assert_eq!(name.below("c#d").unwrap().as_str(), "logs/a%23b/c%23d");
    }

    #[test]
    fn a_name_that_storage_would_refuse_is_refused_here() {
        assert!(matches!(ObjectName::parse(&"x".repeat(1025)), Err(BadName::TooLong(_))));
        assert!(matches!(ObjectName::parse(&"#".repeat(400)), Err(BadName::TooLong(_))));
    }
}
