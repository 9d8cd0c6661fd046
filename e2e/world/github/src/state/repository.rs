//! A repository: its settings, branches as last seen in git, labels, milestones, protection, and what hangs on commits.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::{Issue, Role};
use crate::Name;

/// The id of a git object in hexadecimal.
pub type Sha = String;

/// A repository.
#[derive(Clone, Debug)]
pub struct Repo {
    /// The number that never changes.
    pub id: u64,
    /// `owner/name`.
    pub name: Name,
    /// Hidden from those without a role.
    pub private: bool,
    /// Read-only.
    pub archived: bool,
    /// The branch that `HEAD` names.
    pub default_branch: String,
    /// The repository it was forked from.
    pub parent: Option<Name>,
    /// Which merges the settings allow.
    pub merges: MergeSettings,
    /// When it was made.
    pub created_at: Timestamp,
    /// When git last changed.
    pub pushed_at: Timestamp,
    /// Roles given to single accounts.
    pub collaborators: BTreeMap<Name, Role>,
    /// Labels that may be set.
    pub labels: BTreeMap<Name, Label>,
    /// Milestones by number.
    pub milestones: BTreeMap<u64, Milestone>,
    /// Issues and pull requests by number.
    pub issues: BTreeMap<u64, Issue>,
    /// The issue of each comment, review and comment on a line, by their ids.
    pub homes: BTreeMap<u64, u64>,
    /// Refs below `refs/heads/` and `refs/tags/` with their full names, as this GitHub last saw them.
    pub refs: BTreeMap<String, Sha>,
    /// Protection by branch.
    pub protection: BTreeMap<String, Protection>,
    /// Commit statuses by commit, oldest first; the last of a context counts.
    pub statuses: BTreeMap<Sha, Vec<Status>>,
    /// Check runs, oldest first.
    pub check_runs: Vec<CheckRun>,
}

impl Repo {
    /// The tip of a branch.
    pub fn tip(&self, branch: &str) -> Option<&Sha> {
        self.refs.get(&format!("refs/heads/{branch}"))
    }

    /// The names and tips of the branches.
    pub fn branches(&self) -> impl Iterator<Item = (&str, &Sha)> {
        self.refs.iter().filter_map(|(name, sha)| Some((name.strip_prefix("refs/heads/")?, sha)))
    }

    /// The status that counts for each context of a commit, in the order in which contexts first appeared.
    pub fn latest_statuses(&self, sha: &str) -> Vec<&Status> {
        let all = self.statuses.get(sha).map_or(&[][..], Vec::as_slice);
        let mut latest: Vec<&Status> = Vec::new();
        for status in all {
            match latest.iter_mut().find(|seen| seen.context == status.context) {
                Some(seen) => *seen = status,
                None => latest.push(status),
            }
        }
        latest
    }

    /// The check runs of a commit that count: the last of each App and name.
    pub fn latest_check_runs(&self, sha: &str) -> Vec<&CheckRun> {
        let mut latest: Vec<&CheckRun> = Vec::new();
        for run in self.check_runs.iter().filter(|run| run.head_sha == sha) {
            match latest.iter_mut().find(|seen| seen.name == run.name && seen.app == run.app) {
                Some(seen) => *seen = run,
                None => latest.push(run),
            }
        }
        latest
    }
}

/// The repository settings that decide which merges are allowed.
#[derive(Clone, Debug)]
pub struct MergeSettings {
    /// Merge commits.
    pub merge: bool,
    /// Squashed into one commit.
    pub squash: bool,
    /// Rebased onto the base.
    pub rebase: bool,
    /// Whether a merge deletes the head branch.
    pub delete_branch: bool,
}

/// A label that a repository offers.
#[derive(Clone, Debug)]
pub struct Label {
    /// The number that never changes.
    pub id: u64,
    /// The name.
    pub name: Name,
    /// Six hexadecimal digits.
    pub color: String,
    /// The description.
    pub description: Option<String>,
}

/// A milestone.
#[derive(Clone, Debug)]
pub struct Milestone {
    /// The number that never changes.
    pub id: u64,
    /// The number in addresses.
    pub number: u64,
    /// The title.
    pub title: String,
    /// The description.
    pub description: Option<String>,
    /// Whether it is open.
    pub open: bool,
    /// Who made it.
    pub creator: Name,
    /// When.
    pub created_at: Timestamp,
}

/// The protection of a branch, as far as this GitHub enforces it; the rest is kept and shown.
#[derive(Clone, Debug, Default)]
pub struct Protection {
    /// Contexts that must have succeeded on the head.
    pub required_contexts: Option<RequiredContexts>,
    /// Reviews that must have been given.
    pub required_reviews: Option<RequiredReviews>,
    /// Whether administrators are bound too.
    pub enforce_admins: bool,
    /// Only these may push; `None` for everybody with the right to write.
    pub restrictions: Option<Restrictions>,
    /// Whether pushes may lose commits.
    pub allow_force_pushes: bool,
    /// Whether the branch may be deleted.
    pub allow_deletions: bool,
    /// Whether merge commits are refused.
    pub linear_history: bool,
}

/// `required_status_checks`.
#[derive(Clone, Debug, Default)]
pub struct RequiredContexts {
    /// The head must contain the tip of the base.
    pub strict: bool,
    /// Names of statuses and check runs.
    pub contexts: Vec<String>,
}

/// `required_pull_request_reviews`.
#[derive(Clone, Debug, Default)]
pub struct RequiredReviews {
    /// How many approvals.
    pub count: u64,
    /// A push dismisses approvals.
    pub dismiss_stale: bool,
    /// Kept and shown, not enforced.
    pub code_owners: bool,
}

/// `restrictions`.
#[derive(Clone, Debug, Default)]
pub struct Restrictions {
    /// Logins.
    pub users: Vec<Name>,
    /// Team slugs.
    pub teams: Vec<Name>,
    /// App slugs.
    pub apps: Vec<Name>,
}

/// A commit status.
#[derive(Clone, Debug)]
pub struct Status {
    /// The number that never changes.
    pub id: u64,
    /// The context.
    pub context: String,
    /// `error`, `failure`, `pending` or `success`.
    pub state: String,
    /// At most 140 characters.
    pub description: Option<String>,
    /// Where to read more.
    pub target_url: Option<String>,
    /// Who set it.
    pub creator: Name,
    /// When.
    pub created_at: Timestamp,
}

/// A check run.
#[derive(Clone, Debug)]
pub struct CheckRun {
    /// The number that never changes.
    pub id: u64,
    /// The App that made it.
    pub app: u64,
    /// The name.
    pub name: String,
    /// The commit.
    pub head_sha: Sha,
    /// `queued`, `in_progress` or `completed`.
    pub status: String,
    /// Set when completed.
    pub conclusion: Option<String>,
    /// Where to read more.
    pub details_url: Option<String>,
    /// The App's own name for it.
    pub external_id: Option<String>,
    /// `title`, `summary` and `text`.
    pub output: Value,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
}
