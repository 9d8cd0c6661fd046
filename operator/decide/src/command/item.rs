//! What a command is judged by: the issue or pull request it stands in, who wrote it, and what they said.

use super::grammar::Row;
use super::lines::{Command, commands};
use crate::facts::{HeadSha, Login, PullRequest, ReviewState};
use jiff::Timestamp;
use std::{collections::BTreeSet, fmt};

/// Issue or pull request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An issue.
    Issue,
    /// A pull request.
    PullRequest,
}

/// An issue or pull request, as commands see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Which of the two.
    pub kind: Kind,
    /// The owner of its repository.
    pub organization: String,
    /// Who opened it; `None` where the account is gone.
    pub author: Option<Login>,
    /// Its title.
    pub title: String,
    /// Its labels, as GitHub spells them.
    pub labels: BTreeSet<String>,
    /// Who is to work on it.
    pub assignees: BTreeSet<Login>,
    /// Who is asked for a review.
    pub reviewers: BTreeSet<Reviewer>,
    /// Neither closed nor merged.
    pub open: bool,
    /// A pull request that is not ready yet.
    pub draft: bool,
}

impl Item {
    /// A label as the item carries it, whatever the case.
    pub fn label(&self, name: &str) -> Option<&str> {
        self.labels.iter().find(|label| label.eq_ignore_ascii_case(name)).map(String::as_str)
    }

    /// Whether it carries a label.
    pub fn has(&self, name: &str) -> bool {
        self.label(name).is_some()
    }

    /// Whether somebody opened it.
    pub fn is_by(&self, login: &Login) -> bool {
        self.author.as_ref() == Some(login)
    }
}

impl From<&PullRequest> for Item {
    fn from(pull: &PullRequest) -> Self {
        Self {
            kind: Kind::PullRequest,
            organization: pull.repository.owner.clone(),
            author: pull.author.clone(),
            title: pull.title.clone(),
            labels: pull.labels.clone(),
            assignees: pull.assignees.iter().cloned().collect(),
            reviewers: pull.requested_reviewers.iter().cloned().map(Reviewer::User).collect(),
            open: pull.open,
            draft: pull.draft,
        }
    }
}

/// Somebody who can be asked for a review.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reviewer {
    /// A person.
    User(Login),
    /// A team, as `organisation/slug`.
    Team {
        /// Its organisation.
        organization: String,
        /// Its short name.
        slug: String,
    },
}

impl fmt::Display for Reviewer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(login) => write!(f, "{login}"),
            Self::Team { organization, slug } => write!(f, "{organization}/{slug}"),
        }
    }
}

/// What somebody is to the repository, as `trigger` found out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    /// Belongs to the organisation.
    pub member: bool,
    /// May write to the repository.
    pub collaborator: bool,
    /// Is trusted by the repository's settings.
    pub trusted: bool,
}

/// One text that was not acted upon yet.
#[derive(Clone, Debug)]
pub struct Said<'a> {
    /// Who wrote it.
    pub by: &'a Login,
    /// Whether an app did.
    pub by_app: bool,
    /// When.
    pub at: Timestamp,
    /// Its commands.
    pub commands: Vec<Command>,
    /// What the text is the summary of: a review's verdict, and the head it was made on.
    pub review: Option<(&'a ReviewState, &'a HeadSha)>,
}

impl<'a> Said<'a> {
    /// A text by somebody.
    pub fn new(by: &'a Login, at: Timestamp, text: &'a str) -> Self {
        Self { by, by_app: false, at, commands: commands(text), review: None }
    }

    /// The commands of one row of the grammar, in order.
    pub fn all<'s>(&'s self, row: &'s Row) -> impl Iterator<Item = &'s Command> {
        self.commands.iter().filter(|command| row.takes(&command.word))
    }

    /// The first command of a row.
    pub fn first(&self, row: &Row) -> Option<&Command> {
        self.commands.iter().find(|command| row.takes(&command.word))
    }
}

/// Builders for the tests of all plugins.
#[cfg(test)]
pub(super) mod samples {
    use super::{BTreeSet, Item, Kind, Login, Said, Timestamp};

    /// An open pull request of robin's.
    pub fn pull(labels: &[&str]) -> Item {
        Item {
            kind: Kind::PullRequest,
            organization: "acme".to_owned(),
            author: Some(Login::new("robin")),
            title: "T".to_owned(),
            labels: labels.iter().map(|label| (*label).to_owned()).collect(),
            assignees: BTreeSet::new(),
            reviewers: BTreeSet::new(),
            open: true,
            draft: false,
        }
    }

    /// An open issue of robin's.
    pub fn issue(labels: &[&str]) -> Item {
        Item { kind: Kind::Issue, ..pull(labels) }
    }

    /// Somebody says something at minute 10.
    pub fn says<'a>(by: &'a Login, text: &'a str) -> Said<'a> {
        Said::new(by, Timestamp::from_second(600).unwrap(), text)
    }
}
