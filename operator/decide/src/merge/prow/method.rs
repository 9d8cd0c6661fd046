//! `merge_method`: the shapes in which Prow lets people write it, and which entry wins (spec 1.3).

use crate::{
    facts::RepoName,
    merge::method::Method,
    text::{GoRegex, InvalidRegex},
};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The section as written.
pub(super) type RawMethods = BTreeMap<String, OrgEntry>;

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum OrgEntry {
    Method(String),
    Repositories(BTreeMap<String, RepoEntry>),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum RepoEntry {
    Method(String),
    Branches(BTreeMap<String, String>),
}

/// Which method holds where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MethodRules {
    /// `org`, `org/repo` or `org/repo@branch`.
    exact: BTreeMap<String, Method>,
    /// By organisation and repository (or `*`).
    nested: BTreeMap<String, BTreeMap<String, RepoRule>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum RepoRule {
    Whole(Method),
    ByBranch(Vec<(GoRegex, Method)>),
}

/// Why the section is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum InvalidMethod {
    #[error("{place}: {word:?} is not a merge method: write merge, squash or rebase")]
    Word { place: String, word: String },
    #[error("{place}: {problem}")]
    Branch { place: String, problem: InvalidRegex },
}

impl MethodRules {
    pub(super) fn new(raw: &RawMethods) -> Result<Self, InvalidMethod> {
        let method = |place: &str, word: &str| {
            Method::from_word(word)
                .ok_or_else(|| InvalidMethod::Word { place: place.to_owned(), word: word.to_owned() })
        };
        let mut rules = Self::default();
        for (key, entry) in raw {
            match entry {
                OrgEntry::Method(word) => {
                    rules.exact.insert(key.clone(), method(key, word)?);
                }
                OrgEntry::Repositories(repositories) => {
                    let below = rules.nested.entry(key.clone()).or_default();
                    for (repo, entry) in repositories {
                        let place = format!("{key}/{repo}");
                        let rule = match entry {
                            RepoEntry::Method(word) => RepoRule::Whole(method(&place, word)?),
                            RepoEntry::Branches(branches) => RepoRule::ByBranch(
                                branches
                                    .iter()
                                    .map(|(branch, word)| {
                                        let regex = GoRegex::new(branch).map_err(|problem| {
                                            InvalidMethod::Branch { place: place.clone(), problem }
                                        })?;
                                        Ok((regex, method(&format!("{place}@{branch}"), word)?))
                                    })
                                    .collect::<Result<_, _>>()?,
                            ),
                        };
                        below.insert(repo.clone(), rule);
                    }
                }
            }
        }
        Ok(rules)
    }

    /// The method of a branch; without one, what holds for the repository whatever the branch.
    pub fn method(&self, repository: &RepoName, branch: Option<&str>) -> Method {
        let nested = self
            .nested
            .get(&repository.owner)
            .and_then(|below| below.get(&repository.name).or_else(|| below.get("*")));
        let of_branch = branch.and_then(|branch| {
            self.exact.get(&format!("{repository}@{branch}")).copied().or_else(|| match nested {
                Some(RepoRule::ByBranch(rules)) => {
                    rules.iter().find(|(regex, _)| regex.is_match(branch)).map(|(_, method)| *method)
                }
                Some(RepoRule::Whole(_)) | None => None,
            })
        });
        let whole = match nested {
            Some(RepoRule::Whole(method)) => Some(*method),
            Some(RepoRule::ByBranch(_)) | None => None,
        };
        of_branch
            .or_else(|| self.exact.get(&repository.to_string()).copied())
            .or(whole)
            .or_else(|| self.exact.get(&repository.owner).copied())
            .unwrap_or_default()
    }
}
