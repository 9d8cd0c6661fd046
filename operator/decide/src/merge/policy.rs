//! What a pool is told to do, for one repository and branch: plain values, from whatever form they were written in.
//!
//! `prow` makes them from a Prow configuration, the controller from a `MergePool`. Everything that layers, overrides or
//! defaults has happened before.

use super::{
    context_policy::ContextRules,
    label::AnyOf,
    method::{GitHubBlocked, Method, MethodLabels},
    query::Query,
};
use crate::{facts::Login, text::template::Template};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;

/// How one branch of one repository is merged into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// A change may merge when one of these takes it.
    pub queries: Vec<Query>,
    /// Which contexts a merge needs.
    pub contexts: ContextRules,
    /// How changes are put onto the branch, where no label asks for another way.
    pub method: Method,
    /// The labels that ask for another way.
    pub method_labels: MethodLabels,
    /// Texts of merge commits.
    pub commit: CommitTexts,
    /// What GitHub's `BLOCKED` means.
    pub github_blocked: GitHubBlocked,
    /// By which call changes land.
    pub landing: Landing,
    /// Which of the tips that a landing makes were tested.
    pub coverage: Coverage,
    /// How tests and merges are ordered.
    pub strategy: Strategy,
    /// Sets of labels, most urgent first.
    pub priority: Vec<Vec<AnyOf>>,
    /// When nothing lands, but tests go on.
    pub freezes: Vec<Freeze>,
    /// How many runs a merge may cost on average; `None`: any number.
    pub runs_per_merge: Option<u32>,
    /// Nothing is tested or merged.
    pub paused: bool,
    /// Whose statuses count as results.
    pub reporters: Reporters,
    /// How long a requirement that disappeared stays one (DESIGN M1).
    pub settle: SignedDuration,
    /// How the status on the pull request is shown.
    pub status: StatusStyle,
}

impl Default for Policy {
    /// A pool as `MergePool` documents its defaults, without any query.
    fn default() -> Self {
        Self {
            queries: Vec::new(),
            contexts: ContextRules::default(),
            method: Method::default(),
            method_labels: MethodLabels::default(),
            commit: CommitTexts::default(),
            github_blocked: GitHubBlocked::default(),
            landing: Landing::default(),
            coverage: Coverage::default(),
            strategy: Strategy::default(),
            priority: Vec::new(),
            freezes: Vec::new(),
            runs_per_merge: Some(3),
            paused: false,
            reporters: Reporters::Only(BTreeSet::new()),
            settle: SignedDuration::from_mins(5),
            status: StatusStyle::default(),
        }
    }
}

impl Policy {
    /// How often a red run is tried again; `None`: the strategy tries again by rules of its own.
    pub fn retries(&self) -> Option<u32> {
        match self.strategy {
            Strategy::Serial { retries } | Strategy::Batch { retries, .. } => Some(retries),
            Strategy::Train | Strategy::Tide(_) => None,
        }
    }
}

/// Title and body of merge commits; GitHub's own where one is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommitTexts {
    /// The first line.
    pub title: Option<Template>,
    /// The rest.
    pub body: Option<Template>,
}

/// By which call changes land.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Landing {
    /// GitHub's merge call, once a change. It cannot say on which base.
    #[default]
    MergeApi,
    /// A push of tested commits that fails where the branch moved.
    FastForward,
}

/// Which of the tips that a landing makes were tested.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Coverage {
    /// Every one.
    Exact,
    /// The last one; those between it and the old tip stand for the seconds between two calls.
    #[default]
    Prefix,
}

/// How tests and merges are ordered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// One change at a time is tested and landed.
    Serial {
        /// How often a red run is tried again.
        retries: u32,
    },
    /// Several changes are tested together and land together; a red batch is split.
    Batch {
        /// How many trains may run at once.
        window: usize,
        /// How many changes a train may hold.
        size: usize,
        /// How often a red run is tried again.
        retries: u32,
    },
    /// Speculative trains; not there yet.
    Train,
    /// As Prow's Tide decides, for parity and migration.
    Tide(TideLimits),
}

impl Default for Strategy {
    fn default() -> Self {
        Self::Batch { window: 4, size: 8, retries: 1 }
    }
}

/// Tide's limits of batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TideLimits {
    /// Whether and how large batches are tested.
    pub batch: BatchLimit,
    /// Go on with a batch that has results before a new one is picked.
    pub prioritize_existing: bool,
}

/// How many changes are tested together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchLimit {
    /// None are.
    Never,
    /// Any number.
    Any,
    /// At most so many.
    AtMost(usize),
}

impl BatchLimit {
    /// Whether a batch of this size may be.
    pub const fn allows(self, size: usize) -> bool {
        match self {
            Self::Never => false,
            Self::Any => true,
            Self::AtMost(limit) => size <= limit,
        }
    }
}

/// A time in which nothing lands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Freeze {
    /// Its name, for people.
    pub name: String,
    /// When it begins.
    pub from: Timestamp,
    /// When it is over.
    pub until: Timestamp,
    /// Changes with one of these labels land all the same.
    pub except_labels: BTreeSet<String>,
}

impl Freeze {
    /// Whether it holds back a change with these labels now.
    pub fn holds(&self, now: Timestamp, labels: &BTreeSet<String>) -> bool {
        self.from <= now && now < self.until && self.except_labels.is_disjoint(labels)
    }
}

/// Whose statuses count as results of runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reporters {
    /// Anybody's: in shadow mode, and for comparing with Prow.
    Anybody,
    /// Only those of these accounts: ours.
    Only(BTreeSet<Login>),
}

impl Reporters {
    /// Whether this account's word counts. An unknown one's does not.
    pub fn trust(&self, creator: Option<&Login>) -> bool {
        match self {
            Self::Anybody => true,
            Self::Only(ours) => creator.is_some_and(|creator| ours.contains(creator)),
        }
    }
}

/// How the pool's status on a pull request is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatusStyle {
    /// The page behind it.
    pub target: StatusTarget,
    /// In Tide's words: what is missing for each query, instead of for the closest one.
    pub all_queries: bool,
}

/// The page behind the status.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum StatusTarget {
    /// None.
    #[default]
    None,
    /// This one.
    Page(String),
    /// This one, asked about the pull request.
    Search(String),
}
