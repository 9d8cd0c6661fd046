//! What was observed about one branch: the pull requests into it, the jobs, the runs, what blocks, what the pool wrote
//! down before. A controller fills this from GitHub, from ProwJobs and from its own status; nothing here is computed.

use super::{
    intent::{Intent, Reading},
    label::AnyOf,
    method::{AllowedMethods, Method},
    requirements::Record,
};
use crate::{
    facts::{BaseSha, CheckRun, CommitStatus, HeadSha, Login, PullRequest, RepoName, TreeSha},
    job::Presubmit,
};
use api::prow_job::{ProwJobState, ProwJobType};
use jiff::Timestamp;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// One branch that changes merge into.
#[derive(Clone, Debug, PartialEq)]
pub struct Pool {
    /// Where.
    pub repository: RepoName,
    /// The branch.
    pub branch: String,
    /// Its tip, freshly read.
    pub tip: BaseSha,
    /// The open pull requests into it.
    pub changes: Vec<Change>,
    /// The presubmits of the repository.
    pub jobs: Jobs,
    /// Runs of presubmits and batches for the branch, whatever their base.
    pub runs: Vec<Run>,
    /// Open issues that block it.
    pub blockers: Vec<Blocker>,
    /// What the repository's settings allow.
    pub allowed_methods: AllowedMethods,
    /// Merges that were tried out in our copy of the repository, because a plan asked for them.
    pub trials: Vec<(Trial, Trialled)>,
    /// The term of the leader that observes this.
    pub term: u64,
    /// The landing that is under way, as written down before it began.
    pub intent: Option<Intent>,
    /// What GitHub shows of the intent's first car, read after the intent; `None`: not read yet.
    pub reading: Option<Reading>,
    /// When this leader called for the intent's first car, unless GitHub clearly refused.
    pub called_at: Option<Timestamp>,
    /// What the pool last required (DESIGN M1); `None`: there is no record, as after its loss.
    pub record: Option<Record>,
    /// Whether every JobConfig was observed since the process began.
    pub all_jobs_observed: bool,
    /// Since when this process observes the pool.
    pub observed_since: Timestamp,
    /// Jobs that exist and are set aside, because something is wrong with them, with their contexts.
    pub refused_jobs: BTreeMap<String, String>,
    /// Runs and merges of the recent past, for the budget.
    pub spent: Spent,
    /// GitHub asks for an up-to-date head before a merge (a strict branch rule).
    pub protected_strict: bool,
}

/// A pull request with all that a merge asks about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The pull request.
    pub pull: PullRequest,
    /// Commit statuses of its head.
    pub statuses: Vec<CommitStatus>,
    /// Check runs of its head.
    pub check_runs: Vec<CheckRun>,
    /// Whether GitHub can rebase it.
    pub can_be_rebased: bool,
    /// The files that it changes.
    pub files: Vec<String>,
    /// Its labels in the order in which GitHub lists them, which commit templates show.
    pub listed_labels: Vec<String>,
    /// A look at exactly this head, which acts on commands and labels, has finished (DESIGN C4).
    pub looked_at: bool,
    /// When somebody last asked to test this head again.
    pub retested_at: Option<Timestamp>,
    /// Who can bring which label, and how.
    pub remedies: BTreeMap<String, Remedy>,
}

/// Who can do something, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remedy {
    /// Who; none: anybody with the right to.
    pub people: Vec<Login>,
    /// What to comment.
    pub command: String,
}

/// One pull request at one head.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Member {
    /// Its number.
    pub number: u64,
    /// The head.
    pub head: HeadSha,
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.number)
    }
}

impl Change {
    /// The pull request at its present head.
    pub fn member(&self) -> Member {
        Member { number: self.pull.number, head: self.pull.head_sha.clone() }
    }
}

/// The presubmits of a repository.
#[derive(Clone, Debug, PartialEq)]
pub struct Jobs {
    /// The namespace that governs the repository.
    pub namespace: String,
    /// Jobs that a JobConfig of another namespace defines, by context: their runs live there (DESIGN R6).
    pub granted: BTreeMap<String, String>,
    /// Those of the central configuration.
    pub central: Vec<Presubmit>,
    /// Those in the repository itself.
    pub in_repo: InRepo,
}

/// Presubmits that stand in the repository, and so depend on what is merged.
#[derive(Clone, Debug, PartialEq)]
pub enum InRepo {
    /// They are switched off.
    Off,
    /// What was read at the tip with these heads merged in; an error where that cannot be read.
    At(BTreeMap<BTreeSet<HeadSha>, Result<Vec<Presubmit>, String>>),
}

/// What a plan must know before it can say what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// Which of these merge onto the tip, one after the other.
    Trial(Trial),
    /// The jobs in the repository at the tip with these heads merged in.
    JobsIn(BTreeSet<HeadSha>),
}

/// Why the jobs of a change are not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobsUnknown {
    /// They were not read yet.
    NotRead(BTreeSet<HeadSha>),
    /// They cannot be read.
    Broken(String),
}

impl Jobs {
    /// The namespace that runs of this job live in.
    pub fn namespace_of(&self, job: &Presubmit) -> &str {
        self.granted.get(job.context()).unwrap_or(&self.namespace)
    }

    /// The jobs for these heads together: the central ones, then those in the repository.
    ///
    /// # Errors
    /// Where those in the repository are not known.
    pub fn at<'a>(&'a self, heads: &BTreeSet<HeadSha>) -> Result<Vec<&'a Presubmit>, JobsUnknown> {
        let in_repo: &[Presubmit] = match &self.in_repo {
            InRepo::Off => &[],
            InRepo::At(known) => match known.get(heads) {
                Some(Ok(jobs)) => jobs,
                Some(Err(problem)) => return Err(JobsUnknown::Broken(problem.clone())),
                None => return Err(JobsUnknown::NotRead(heads.clone())),
            },
        };
        Ok(self.central.iter().chain(in_repo).collect())
    }
}

/// One run of a presubmit, alone or for a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The ProwJob's name.
    pub name: String,
    /// Presubmit or batch.
    pub kind: ProwJobType,
    /// The job.
    pub job: String,
    /// Its status context.
    pub context: String,
    /// The branch that it tests against.
    pub branch: String,
    /// The tip that it tests on.
    pub base: BaseSha,
    /// What it merges onto the tip, in order.
    pub members: Vec<Member>,
    /// How far it has come.
    pub state: ProwJobState,
    /// The merge pool started it.
    pub by_pool: bool,
    /// The operator created it for a cause, so its result counts; a hand-made one's does not.
    pub gates: bool,
    /// Its words about itself.
    pub description: String,
    /// Its page.
    pub url: String,
    /// When it was created.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub completed: Option<Timestamp>,
    /// When it should end, from past runs.
    pub expected: Option<Timestamp>,
}

/// An open issue that blocks merging.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Blocker {
    /// Its number.
    pub number: u64,
    /// Its title without the words that name branches.
    pub title: String,
}

/// A question to git: which of the candidates merge onto the base, each on top of those before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    /// Where to begin.
    pub base: BaseSha,
    /// What to merge, in order, and how.
    pub candidates: Vec<(Member, Method)>,
    /// Stop after so many; `None`: take all that merge.
    pub limit: Option<usize>,
}

/// The answer to a [`Trial`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trialled {
    /// Those that merge, in order.
    pub taken: Vec<Member>,
    /// The tree with all of them.
    pub tree: Option<TreeSha>,
}

/// Runs started and changes merged in the recent past.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Trains started.
    pub runs: u32,
    /// Changes merged.
    pub merges: u32,
}

/// Sets of labels that make a change urgent: how urgent this one is, the most urgent being 0.
pub fn urgency(priority: &[Vec<AnyOf>], labels: &BTreeSet<String>) -> usize {
    priority.iter().position(|set| set.iter().all(|any| any.is_among(labels))).unwrap_or(priority.len())
}
