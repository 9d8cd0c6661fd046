//! Which changes a pool takes: queries over a pull request's branch, author, labels, milestone and review (spec 1.2).
//!
//! Prow hands its queries to GitHub's search; here they are evaluated on observed facts, so that nothing depends on an
//! index that lags. What stands in the way is a value, [`Unmet`], from which each text is made.

use super::{contexts::NotGreen, label::AnyOf};
use crate::facts::{Login, PullRequest, RepoName, ReviewDecision};
use std::collections::BTreeSet;

/// What a query asks for, as written. [`Query::new`] checks it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueryFields {
    /// A name for people; may be empty.
    pub name: String,
    /// All repositories of these owners.
    pub owners: Vec<String>,
    /// These repositories.
    pub repositories: Vec<String>,
    /// Not these, of the owners.
    pub excluded_repositories: Vec<String>,
    /// Only by this author; `app/NAME` and `NAME[bot]` mean the app.
    pub author: String,
    /// Only into these branches; none: into all.
    pub included_branches: Vec<String>,
    /// Not into these branches.
    pub excluded_branches: Vec<String>,
    /// Labels that must be there; `a,b` means either.
    pub labels: Vec<String>,
    /// Labels that must not be there.
    pub missing_labels: Vec<String>,
    /// Only in the milestone of this title.
    pub milestone: String,
    /// GitHub must count the pull request as approved.
    pub review_approved: bool,
}

/// A checked query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    fields: QueryFields,
    labels: Vec<AnyOf>,
}

/// Why a query is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidQuery {
    /// Nothing is selected.
    #[error("the query names no repository: give owners or repositories")]
    Nowhere,
    /// An owner is not one.
    #[error("{0:?} is not an owner: write an organisation or user without a slash")]
    Owner(String),
    /// A repository is not one.
    #[error("{0:?} is not a repository: write owner/name")]
    Repository(String),
    /// A repository is there twice, through its owner.
    #[error("{repository} is already included through {owner}: remove one of the two")]
    AlreadyIncluded {
        /// The repository.
        repository: String,
        /// Its owner.
        owner: String,
    },
    /// An exclusion excludes nothing.
    #[error("excluding {0} has no effect, since its owner is not included: remove it")]
    ExcludesNothing(String),
    /// A label is asked for and forbidden.
    #[error("label {0:?} is both required and forbidden: no pull request can match")]
    RequiredAndForbidden(String),
    /// Both branch lists are given.
    #[error("give either included or excluded branches: the excluded ones have no effect beside the others")]
    BothBranchLists,
    /// A list names something twice.
    #[error("{list} names {entry:?} twice: remove one")]
    Twice {
        /// The list.
        list: &'static str,
        /// What is in it twice.
        entry: String,
    },
}

impl Query {
    /// Checks what was written.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn new(fields: QueryFields) -> Result<Self, Vec<InvalidQuery>> {
        let faults = faults(&fields);
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Self::joined(fields))
    }

    /// One query out of several that were checked one by one: joined, they may name a repository twice.
    pub(super) fn joined(fields: QueryFields) -> Self {
        let labels = fields.labels.iter().map(|entry| AnyOf::new(entry)).collect();
        Self { fields, labels }
    }

    /// As written.
    pub fn fields(&self) -> &QueryFields {
        &self.fields
    }

    /// Whether the query speaks about this repository.
    pub fn applies_to(&self, repository: &RepoName) -> bool {
        let name = repository.to_string();
        self.fields.repositories.contains(&name)
            || self.fields.owners.contains(&repository.owner)
                && !self.fields.excluded_repositories.contains(&name)
    }

    /// Whether the query takes this pull request. Contexts play no part: they are judged by the context policy.
    pub fn selects(&self, pull: &PullRequest) -> bool {
        self.applies_to(&pull.repository) && self.unmet(pull, &[], false).is_empty()
    }

    /// What the query asks for and the pull request does not have, in the order in which people are told.
    ///
    /// `contexts` are those that are not green, `blocked` says that GitHub's rules stand in the way and count.
    pub fn unmet(&self, pull: &PullRequest, contexts: &[(String, NotGreen)], blocked: bool) -> Vec<Unmet> {
        let fields = &self.fields;
        let mut unmet = Vec::new();
        let included = &fields.included_branches;
        if fields.excluded_branches.contains(&pull.base_ref)
            || !included.is_empty() && !included.contains(&pull.base_ref)
        {
            unmet.push(Unmet::Branch(pull.base_ref.clone()));
        }
        if !fields.author.is_empty() && !is_by(&fields.author, pull) {
            unmet.push(Unmet::Author(Login::new(&fields.author).folded()));
        }
        if !fields.milestone.is_empty() && pull.milestone.as_ref() != Some(&fields.milestone) {
            unmet.push(Unmet::Milestone(fields.milestone.clone()));
        }
        let missing: Vec<AnyOf> =
            self.labels.iter().filter(|any| !any.is_among(&pull.labels)).cloned().collect();
        if !missing.is_empty() {
            unmet.push(Unmet::MissingLabels(missing));
        }
        let forbidden: Vec<String> =
            fields.missing_labels.iter().filter(|label| pull.labels.contains(*label)).cloned().collect();
        if !forbidden.is_empty() {
            unmet.push(Unmet::ForbiddenLabels(forbidden));
        }
        if !contexts.is_empty() {
            unmet.push(Unmet::Contexts(contexts.to_vec()));
        }
        if fields.review_approved && pull.review_decision != ReviewDecision::Approved {
            unmet.push(Unmet::Review);
        }
        if blocked {
            unmet.push(Unmet::BlockedByGitHub);
        }
        unmet
    }

    /// GitHub's search for what the query takes of one owner's repositories: the link behind a dashboard's query.
    pub fn search(&self, owner: &str) -> String {
        let f = &self.fields;
        let below = |names: &[String]| -> Vec<String> {
            names.iter().filter(|name| name.split('/').next() == Some(owner)).cloned().collect()
        };
        let mut tokens = vec!["is:pr".to_owned(), "state:open".into(), "archived:false".into()];
        let mut add = |key: &str, values: &[String]| {
            // A comma stands between alternatives, each in its own quotes.
            tokens.extend(values.iter().map(|value| format!("{key}:\"{}\"", value.replace(',', "\",\""))));
        };
        add("author", one(&f.author));
        add("-base", &f.excluded_branches);
        add("base", &f.included_branches);
        add("label", &f.labels);
        add("-label", &f.missing_labels);
        add("milestone", one(&f.milestone));
        if f.review_approved {
            tokens.push("review:approved".into());
        }
        let mut add = |key: &str, values: &[String]| {
            tokens.extend(values.iter().map(|value| format!("{key}:\"{value}\"")));
        };
        if f.owners.iter().any(|o| o == owner) {
            add("org", &[owner.to_owned()]);
        }
        add("repo", &below(&f.repositories));
        add("-repo", &below(&f.excluded_repositories));
        tokens.join(" ")
    }
}

fn one(text: &String) -> &[String] {
    if text.is_empty() { &[] } else { std::slice::from_ref(text) }
}

/// Whether the query's author opened it. An app's account has a suffix or prefix where people write it, and none where
/// GraphQL reports it.
fn is_by(author: &str, pull: &PullRequest) -> bool {
    let bare = |name: &str| {
        let name = Login::new(name).folded();
        match name.strip_prefix("app/").or_else(|| name.strip_suffix("[bot]")) {
            Some(app) => (app.to_owned(), true),
            None => (name, false),
        }
    };
    let Some(login) = &pull.author else { return false };
    let (asked, asks_for_app) = bare(author);
    let (found, is_app) = bare(login.as_str());
    asked == found && (!asks_for_app || is_app || pull.author_is_bot)
}

fn faults(f: &QueryFields) -> Vec<InvalidQuery> {
    let mut faults = Vec::new();
    if f.owners.is_empty() && f.repositories.is_empty() {
        faults.push(InvalidQuery::Nowhere);
    }
    for owner in &f.owners {
        if owner.is_empty() || owner.contains('/') {
            faults.push(InvalidQuery::Owner(owner.clone()));
        }
    }
    for repository in &f.repositories {
        match repository.parse::<RepoName>() {
            Err(_) => faults.push(InvalidQuery::Repository(repository.clone())),
            Ok(name) if f.owners.contains(&name.owner) => faults
                .push(InvalidQuery::AlreadyIncluded { repository: repository.clone(), owner: name.owner }),
            Ok(_) => {}
        }
    }
    for repository in &f.excluded_repositories {
        match repository.parse::<RepoName>() {
            Err(_) => faults.push(InvalidQuery::Repository(repository.clone())),
            Ok(name) if !f.owners.contains(&name.owner) => {
                faults.push(InvalidQuery::ExcludesNothing(repository.clone()));
            }
            Ok(_) => {}
        }
    }
    for label in &f.labels {
        if f.missing_labels.contains(label) {
            faults.push(InvalidQuery::RequiredAndForbidden(label.clone()));
        }
    }
    if !f.included_branches.is_empty() && !f.excluded_branches.is_empty() {
        faults.push(InvalidQuery::BothBranchLists);
    }
    for (list, entries) in [
        ("owners", &f.owners),
        ("repositories", &f.repositories),
        ("excluded repositories", &f.excluded_repositories),
        ("included branches", &f.included_branches),
        ("excluded branches", &f.excluded_branches),
        ("labels", &f.labels),
        ("missing labels", &f.missing_labels),
    ] {
        let mut seen = BTreeSet::new();
        let twice = entries.iter().find(|entry| !seen.insert(*entry));
        faults.extend(twice.map(|entry| InvalidQuery::Twice { list, entry: entry.clone() }));
    }
    faults
}

/// Something that a query asks for and a pull request does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unmet {
    /// It merges into a branch that the query does not take.
    Branch(String),
    /// Somebody else opened it.
    Author(String),
    /// It is in another milestone, or in none.
    Milestone(String),
    /// Labels are missing.
    MissingLabels(Vec<AnyOf>),
    /// Labels are there that must not be.
    ForbiddenLabels(Vec<String>),
    /// Contexts are not green.
    Contexts(Vec<(String, NotGreen)>),
    /// The review is missing.
    Review,
    /// GitHub's own rules refuse the merge.
    BlockedByGitHub,
}

impl Unmet {
    /// How far this is from being met: the query with the least sum is the one that people are told about.
    pub fn weight(&self) -> usize {
        match self {
            Self::Branch(_) => 2000,
            Self::Author(_) => 1000,
            Self::Milestone(_) | Self::BlockedByGitHub => 100,
            Self::MissingLabels(labels) => labels.len(),
            Self::ForbiddenLabels(names) => names.len(),
            // One that has not even reported is further away.
            Self::Contexts(contexts) => {
                contexts.iter().map(|(_, how)| if *how == NotGreen::Missing { 2 } else { 1 }).sum()
            }
            Self::Review => 50,
        }
    }
}

/// The sum of the weights.
pub fn distance(unmet: &[Unmet]) -> usize {
    unmet.iter().map(Unmet::weight).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merge::testing::pull;

    fn query(change: impl FnOnce(&mut QueryFields)) -> Query {
        let mut fields = QueryFields { owners: vec!["acme".into()], ..QueryFields::default() };
        change(&mut fields);
        Query::new(fields).unwrap()
    }

    #[test]
    fn either_of_two_labels_is_enough() {
        let query = query(|q| q.labels = vec!["size/S,size/M".into()]);
        assert!(query.selects(&pull(1).label("size/M").facts()));
        assert!(!query.selects(&pull(1).label("size/L").facts()));
    }

    #[test]
    fn an_app_is_recognised_however_it_is_written() {
        let bot = pull(1).author("renovate").bot().facts();
        for author in ["app/renovate", "renovate[bot]", "@Renovate", "renovate"] {
            assert!(query(|q| q.author = author.into()).selects(&bot), "{author}");
        }
        let person = pull(1).author("renovate").facts();
        assert!(!query(|q| q.author = "app/renovate".into()).selects(&person), "a person of the same name");
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        let fields = QueryFields {
            owners: vec!["ac/me".into()],
            repositories: vec!["widgets".into()],
            included_branches: vec!["main".into(), "main".into()],
            ..QueryFields::default()
        };
        assert_eq!(Query::new(fields).unwrap_err().len(), 3);
    }
}
