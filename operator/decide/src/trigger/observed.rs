//! Everything that a look at one pull request observed, and the rules that hold for its repository.

use super::{SeenRun, TriggerKey, trust::TrustPolicy};
use crate::{
    facts::{BaseSha, Comment, CommitStatus, HeadSha, Login, PullRequest},
    job::Presubmit,
};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// The label that lets an outsider's pull request be tested.
pub const OK_TO_TEST: &str = "ok-to-test";
/// The label that says that a member has to look first.
pub const NEEDS_OK_TO_TEST: &str = "needs-ok-to-test";

/// A question that was not answered. It never counts as a yes, and it ends the look: the next one asks again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("GitHub did not say {question}: {problem}")]
pub struct Unanswered {
    /// What was asked, as in `whether robin belongs to acme`.
    pub question: String,
    /// What came instead of an answer.
    pub problem: String,
}

/// A fact that has to be asked for and may stay unknown.
pub type Answer<T> = Result<T, Unanswered>;

/// What one person is to the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Whether they belong to each of the trusted organisations that were asked.
    pub member_of: BTreeMap<Login, Answer<bool>>,
    /// Whether they were invited to the repository.
    pub collaborator: Answer<bool>,
}

/// A job and the namespace whose JobConfig defines it. The run is made there (DESIGN R6).
#[derive(Clone, Debug, PartialEq)]
pub struct TenantJob<J> {
    /// The namespace.
    pub namespace: String,
    /// The job.
    pub job: J,
}

/// What was observed of one pull request.
#[derive(Clone, Debug)]
pub struct Observed {
    /// The pull request.
    pub pull: PullRequest,
    /// The tip of its base branch now; GitHub's own note in the pull request may be older.
    pub base_tip: Answer<BaseSha>,
    /// The paths that it changes.
    pub changed: Answer<Vec<String>>,
    /// The statuses of its head, the latest of each context.
    pub contexts: Answer<Vec<CommitStatus>>,
    /// What people are to the repository; whoever is missing was not asked about.
    pub people: BTreeMap<Login, Person>,
    /// How many pull requests of its author the organisation has merged, for the hint to join. `None`: not known.
    pub merged_of_author: Option<u32>,
    /// Description, comments, reviews and comments on lines, those of the bot included.
    pub comments: Vec<Comment>,
    /// The ProwJobs of this pull request.
    pub runs: Vec<SeenRun>,
    /// Keys of its runs whose objects were deleted (DESIGN R3), but for those that the trigger itself had ended.
    pub past_runs: BTreeSet<TriggerKey>,
    /// When its head was committed; `None`: not known.
    pub head_since: Option<Timestamp>,
    /// The head for which the lgtm label was given (DESIGN C4).
    pub lgtm_on: Option<HeadSha>,
    /// Nothing that was written before counts as a command (DESIGN C3).
    pub commands_since: Timestamp,
}

/// The rules of the `trigger` plugin for one repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TriggerPolicy {
    /// The account that we act as.
    pub bot: Login,
    /// Whom we trust.
    pub trust: TrustPolicy,
    /// Where people ask to join the organisation. `None`: the page of the organisation's people.
    pub join_url: Option<String>,
    /// From how many merged pull requests on an outsider is pressed to join. `None`: never.
    pub press_to_join_from: Option<u32>,
    /// The words for that; `{join_org_url}` stands for the address. `None`: ours.
    pub press_to_join: Option<String>,
    /// Whether `/ok-to-test` and `/retest` act on GitHub's own workflows too.
    pub workflows: bool,
    /// GitHub's pages, without a slash at the end (`https://github.com`).
    pub web: String,
    /// The page that explains the commands.
    pub commands_url: String,
}

impl Observed {
    /// Whether the pull request carries a label, in whatever case.
    pub fn has_label(&self, label: &str) -> bool {
        self.pull.labels.iter().any(|there| there.eq_ignore_ascii_case(label))
    }

    pub(super) fn base_tip(&self) -> Answer<&BaseSha> {
        self.base_tip.as_ref().map_err(Clone::clone)
    }

    pub(super) fn changed(&self) -> Answer<&[String]> {
        self.changed.as_deref().map_err(Clone::clone)
    }

    pub(super) fn contexts(&self) -> Answer<&[CommitStatus]> {
        self.contexts.as_deref().map_err(Clone::clone)
    }
}

impl TenantJob<Presubmit> {
    /// Whether it runs for the pull request's branch and files; the files are asked for only where they matter.
    pub(super) fn should_run(&self, observed: &Observed, forced: bool, default: bool) -> Answer<bool> {
        let (job, branch) = (&self.job, &observed.pull.base_ref);
        let files_matter =
            job.changes().is_some() && job.branches().run_on(branch) && !job.always_run() && !forced;
        let changed = if files_matter { observed.changed()? } else { &[] };
        Ok(job.should_run(branch, changed, forced, default))
    }
}
