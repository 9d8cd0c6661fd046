//! All that this GitHub knows, as plain values, and the ways to find them.
//!
//! The types of the parts are beside this file; what may be done to them is in `act`, how they look as JSON
//! is in `render`. Nothing here waits: the state is held under one lock, and git is asked synchronously.

mod access;
mod hook;
mod issue;
mod people;
mod repository;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

pub use self::hook::{Delivery, Hook, Outcome, Scope};
pub use self::issue::{Comment, Event, Issue, Merged, Pull, Reaction, Review, ReviewComment, Trial};
pub use self::people::{App, Caller, Installation, Org, Role, Team, Token, User, Who};
pub use self::repository::{
    CheckRun, Label, MergeSettings, Milestone, Protection, Repo, RequiredContexts, RequiredReviews,
    Restrictions, Sha, Status,
};
use crate::git::Git;
use crate::refusal::{Allowed, Refusal};
use crate::{Clock, Name};

/// What a test chooses about a GitHub.
#[derive(Clone, Debug)]
pub struct Options {
    /// What the clock shows at the beginning.
    pub epoch: Timestamp,
    /// Decides tokens and delivery ids.
    pub seed: u64,
    /// The first reader of a pull request after a change is told that mergeability is not known yet, as GitHub does.
    pub lazy_mergeable: bool,
    /// Requests (and GraphQL points) an hour and token.
    pub rate_limit: u64,
    /// Whether the times in an App's JSON web token are compared with the clock. Off by default: clients sign with the machine's clock, not with the world's.
    pub check_jwt_times: bool,
    /// How long a webhook's receiver may take.
    pub webhook_timeout: Duration,
    /// The address of the pages and of git.
    pub web: String,
    /// The address of the REST API.
    pub api: String,
    /// Where the repositories are kept; `None` for a folder that vanishes with the world.
    pub folder: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            epoch: Timestamp::constant(1_767_225_600, 0),
            seed: 0,
            lazy_mergeable: false,
            rate_limit: 5000,
            check_jwt_times: false,
            webhook_timeout: Duration::from_secs(10),
            web: "https://github.com".to_owned(),
            api: "https://api.github.com".to_owned(),
            folder: None,
        }
    }
}

/// All that this GitHub knows.
#[derive(Debug)]
pub struct State {
    /// Accounts of people and bots.
    pub users: BTreeMap<Name, User>,
    /// Organisations.
    pub orgs: BTreeMap<Name, Org>,
    /// Repositories.
    pub repos: BTreeMap<Name, Repo>,
    /// Apps.
    pub apps: BTreeMap<u64, App>,
    /// Installations of Apps.
    pub installations: BTreeMap<u64, Installation>,
    /// Tokens.
    pub tokens: BTreeMap<String, Token>,
    /// Webhooks.
    pub hooks: BTreeMap<u64, Hook>,
    /// What was sent to them.
    pub deliveries: BTreeMap<u64, Delivery>,
    /// What the test chose.
    pub options: Options,
    pub(crate) clock: Clock,
    pub(crate) git: Git,
    /// Deliveries to be sent when the lock is released.
    pub(crate) outbox: Vec<u64>,
    last_id: u64,
}

impl State {
    pub(crate) fn new(options: Options, clock: Clock, git: Git) -> Self {
        Self {
            users: BTreeMap::new(),
            orgs: BTreeMap::new(),
            repos: BTreeMap::new(),
            apps: BTreeMap::new(),
            installations: BTreeMap::new(),
            tokens: BTreeMap::new(),
            hooks: BTreeMap::new(),
            deliveries: BTreeMap::new(),
            options,
            clock,
            git,
            outbox: Vec::new(),
            last_id: 1000,
        }
    }

    /// The time that this GitHub shows.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A number that nothing else has.
    pub(crate) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// A text that looks random but depends on the seed and on what happened before only.
    pub(crate) fn next_secret(&mut self) -> String {
        let id = self.next_id();
        hex::encode(Sha256::digest(format!("{}/{id}", self.options.seed)))
    }

    /// A repository that must exist.
    pub fn repo(&self, name: &Name) -> Allowed<&Repo> {
        self.repos.get(name).ok_or_else(Refusal::not_found)
    }

    pub(crate) fn repo_mut(&mut self, name: &Name) -> Allowed<&mut Repo> {
        self.repos.get_mut(name).ok_or_else(Refusal::not_found)
    }

    /// The issue or pull request that a comment, a review or a comment on a line belongs to.
    pub(crate) fn home(&self, repo: &Name, id: u64) -> Allowed<&Issue> {
        self.issue(repo, *self.repo(repo)?.homes.get(&id).ok_or_else(Refusal::not_found)?)
    }

    /// An issue or pull request that must exist.
    pub fn issue(&self, repo: &Name, number: u64) -> Allowed<&Issue> {
        self.repo(repo)?.issues.get(&number).ok_or_else(Refusal::not_found)
    }

    pub(crate) fn issue_mut(&mut self, repo: &Name, number: u64) -> Allowed<&mut Issue> {
        self.repo_mut(repo)?.issues.get_mut(&number).ok_or_else(Refusal::not_found)
    }

    /// A pull request that must exist.
    pub fn pull(&self, repo: &Name, number: u64) -> Allowed<&Pull> {
        self.issue(repo, number)?.pull.as_ref().ok_or_else(Refusal::not_found)
    }

    pub(crate) fn pull_mut(&mut self, repo: &Name, number: u64) -> Allowed<&mut Pull> {
        self.issue_mut(repo, number)?.pull.as_mut().ok_or_else(Refusal::not_found)
    }

    /// An account or a bot that must exist.
    pub fn user(&self, login: &Name) -> Allowed<&User> {
        self.users.get(login).ok_or_else(Refusal::not_found)
    }

    /// The open pull requests that `of` chooses, as repository and number.
    pub(crate) fn open_pulls(&self, of: impl Fn(&Repo, &Pull) -> bool) -> Vec<(Name, u64)> {
        let mut found = Vec::new();
        for repo in self.repos.values() {
            for issue in repo.issues.values().filter(|issue| issue.open) {
                if issue.pull.as_ref().is_some_and(|pull| of(repo, pull)) {
                    found.push((repo.name.clone(), issue.number));
                }
            }
        }
        found
    }
}
