//! Users, organisations, teams, Apps and their tokens: who may see and do what.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::Name;

/// An account.
#[derive(Clone, Debug)]
pub struct User {
    /// The number that never changes.
    pub id: u64,
    /// The login, with `[bot]` at the end for an App's bot.
    pub login: Name,
    /// Whether GitHub calls it `User` or `Bot`.
    pub bot: bool,
}

impl User {
    /// The address that GitHub gives to commits of accounts that hide theirs.
    pub fn email(&self) -> String {
        format!("{}+{}@users.noreply.github.com", self.id, self.login)
    }
}

/// An organisation.
#[derive(Clone, Debug)]
pub struct Org {
    /// The number that never changes.
    pub id: u64,
    /// Its login.
    pub login: Name,
    /// Members; `true` for owners.
    pub members: BTreeMap<Name, bool>,
    /// Members whose membership everybody sees.
    pub public_members: BTreeSet<Name>,
    /// Teams by slug.
    pub teams: BTreeMap<Name, Team>,
}

/// A team of an organisation.
#[derive(Clone, Debug)]
pub struct Team {
    /// The number that never changes.
    pub id: u64,
    /// The slug.
    pub slug: Name,
    /// Members; `true` for maintainers.
    pub members: BTreeMap<Name, bool>,
    /// What the team may do, by repository.
    pub repos: BTreeMap<Name, Role>,
}

/// What somebody may do in a repository; each role includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Look and comment.
    Read,
    /// Manage issues and pull requests, without writing to git.
    Triage,
    /// Push and merge.
    Write,
    /// Manage the repository without dangerous actions.
    Maintain,
    /// Everything.
    Admin,
}

impl Role {
    /// The name in `role_name` and in requests (`pull`, `push` are the older words for read and write).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Triage => "triage",
            Self::Write => "write",
            Self::Maintain => "maintain",
            Self::Admin => "admin",
        }
    }

    /// The name in `permission`, which knows only three roles.
    pub fn permission(self) -> &'static str {
        match self {
            Self::Read | Self::Triage => "read",
            Self::Write | Self::Maintain => "write",
            Self::Admin => "admin",
        }
    }

    /// Reads a role from a request.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "read" | "pull" => Some(Self::Read),
            "triage" => Some(Self::Triage),
            "write" | "push" => Some(Self::Write),
            "maintain" => Some(Self::Maintain),
            "admin" => Some(Self::Admin),
            _ => None,
        }
    }
}

/// A GitHub App.
#[derive(Clone, Debug)]
pub struct App {
    /// The number in the `iss` of its JSON web tokens.
    pub id: u64,
    /// The name in addresses; its bot is `SLUG[bot]`.
    pub slug: Name,
    /// Whose App it is.
    pub owner: Name,
}

/// An App installed on an account.
#[derive(Clone, Debug)]
pub struct Installation {
    /// The number in addresses.
    pub id: u64,
    /// The App.
    pub app: u64,
    /// The account it is installed on.
    pub account: Name,
    /// The repositories it reaches; `None` for all of the account.
    pub repos: Option<BTreeSet<Name>>,
}

/// Who a token speaks for.
#[derive(Clone, Debug)]
pub struct Token {
    /// Its bearer.
    pub who: Who,
    /// When it ends; `None` for a personal token.
    pub expires_at: Option<Timestamp>,
    /// A token made for some repositories of an installation only.
    pub repos: Option<BTreeSet<Name>>,
}

/// Who makes a request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// No token.
    Nobody,
    /// A personal token, or a person acting directly.
    User(Name),
    /// An installation token.
    Installation(u64),
    /// A JSON web token of an App.
    App(u64),
}

/// A request's identity and how far it reaches.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who it is.
    pub who: Who,
    /// The only repositories it may see; `None` for no such limit.
    pub only: Option<BTreeSet<Name>>,
}

impl Caller {
    /// A person acting directly, with all that is theirs.
    pub fn person(login: impl Into<Name>) -> Self {
        Self { who: Who::User(login.into()), only: None }
    }

    /// A request without a token.
    pub fn nobody() -> Self {
        Self { who: Who::Nobody, only: None }
    }
}
