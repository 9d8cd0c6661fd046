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

    /// The method of a branch. Without one: what holds whatever the branch, which an expression says that matches even
    /// the empty name.
    pub fn method(&self, repository: &RepoName, branch: Option<&str>) -> Method {
        let below = self.nested.get(&repository.owner);
        let nested = below.and_then(|below| below.get(&repository.name).or_else(|| below.get("*")));
        let (by_expression, whole) = match nested {
            Some(RepoRule::ByBranch(rules)) => {
                let branch = branch.unwrap_or_default();
                (rules.iter().find(|(regex, _)| regex.is_match(branch)).map(|(_, method)| *method), None)
            }
            Some(RepoRule::Whole(method)) => (None, Some(*method)),
            None => (None, None),
        };
        let exact = |key: &str| self.exact.get(key).copied();
        branch
            .and_then(|branch| exact(&format!("{repository}@{branch}")))
            .or(by_expression)
            .or_else(|| exact(&repository.to_string()))
            .or(whole)
            .or_else(|| exact(&repository.owner))
            .unwrap_or_default()
    }
}
