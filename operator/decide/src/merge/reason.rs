//! Why a change merges or does not: one vocabulary for the plan, the status, `kubectl describe`, `explain` and the docs.
//!
//! Names are API. Sentences carry absolute times, never ages, so that a text changes only when a fact does (DESIGN W1).

use super::{label::AnyOf, method::Method, pool::Remedy, progress::JobProgress, query::Unmet};
use crate::{facts::Login, reason::Reason};
use jiff::Timestamp;

/// Why a change merges or does not, and why the pool acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MergeReason {
    /// It is closed or merged.
    NotOpen,
    /// It is a draft.
    Draft,
    /// Its head is new: commands and labels were not looked at yet.
    NotLookedAt,
    /// Somebody paused the pool.
    Paused,
    /// No query of the pool speaks about the repository.
    NoQuery,
    /// Of the queries, this is the closest, and this is what it lacks.
    QueryUnmet {
        /// What is missing first.
        unmet: Unmet,
        /// Who can help, where it is a label.
        remedy: Option<Remedy>,
    },
    /// It has conflicts with the branch.
    Conflict,
    /// Its labels ask for several merge methods.
    ConflictingMethodLabels,
    /// Its method is rebase, and GitHub cannot rebase it.
    CannotRebase,
    /// The repository does not allow its method.
    MethodForbidden(Method),
    /// GitHub's rules hold it back, and the pool is told to respect that.
    BlockedByGitHub,
    /// Open issues block the branch.
    BlockedByIssues(Vec<u64>),
    /// Its jobs cannot be read.
    JobsUnknown(String),
    /// The pool's rules about contexts contradict each other.
    InvalidContextPolicy(String),
    /// A context failed.
    ContextFailed(String),
    /// A required context has not reported.
    ContextMissing(String),
    /// A context waits, and no required job of ours reports it.
    ContextPending(String),
    /// GitHub refused to merge this head.
    Refused {
        /// GitHub's words.
        message: String,
        /// When it is tried again.
        until: Timestamp,
    },
    /// It failed alone, after all tries.
    Excluded {
        /// The jobs that failed.
        jobs: Vec<String>,
        /// When it is tried again.
        until: Timestamp,
    },
    /// Something that was required is gone, and counts until then.
    Settling {
        /// What it is.
        requirement: String,
        /// Until when.
        until: Timestamp,
    },
    /// A job is required and cannot be run, since something is wrong with it.
    JobSetAside {
        /// Which.
        job: String,
        /// What has to be green.
        context: String,
    },
    /// The pool does not know yet what it required before.
    NoRecord {
        /// From when on it merges.
        until: Option<Timestamp>,
    },
    /// Nothing lands in this time.
    Frozen {
        /// The freeze.
        name: String,
        /// Until when.
        until: Timestamp,
    },
    /// The pool is told to do what it cannot do yet.
    Unsupported(&'static str),
    /// Its turn has not come.
    Queued {
        /// How many are before it.
        before: usize,
    },
    /// Its runs go on.
    Testing {
        /// Its place in the train, from 1.
        position: usize,
        /// How many the train has.
        of: usize,
        /// How each job stands.
        jobs: Vec<JobProgress>,
    },
    /// All its required jobs passed on the tip.
    Green {
        /// The tip.
        base: String,
        /// The changes that were tested together.
        members: Vec<u64>,
    },
    /// These are next and are tested together on the tip.
    NextOnTip {
        /// Which.
        members: Vec<u64>,
        /// The tip.
        tip: String,
    },
    /// The requirements changed and are written down before a merge relies on them.
    RequirementsChanged,
    /// It does not merge together with those before it.
    ConflictsWithTrain,
    /// It is being merged.
    Landing,
    /// A train ended red and is split to find out who it was.
    SplitAfterRed {
        /// Who was in it.
        members: Vec<u64>,
        /// The jobs that failed.
        jobs: Vec<String>,
    },
    /// A red job is tried again, since it may have been bad luck.
    Retry {
        /// Which.
        jobs: Vec<String>,
        /// The how manieth try it is.
        attempt: u32,
    },
    /// The tip moved, so results on the old one say nothing.
    BaseMoved {
        /// The tip now.
        tip: String,
    },
    /// A change left the train.
    MemberLeft {
        /// Which.
        number: u64,
        /// Why.
        why: Box<MergeReason>,
    },
    /// The change was pushed to.
    HeadMoved {
        /// Which.
        number: u64,
    },
    /// A longer train says the same.
    Superseded,
    /// Somebody else moved the branch while changes were landing.
    ForeignPush {
        /// What the tip was expected to be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// It was merged.
    Merged {
        /// Which.
        number: u64,
        /// As which commit.
        commit: String,
    },
    /// It was merged, and onto which commit could not be told.
    Unverified {
        /// Which.
        number: u64,
    },
    /// Everything is read once more before a merge.
    LastLook,
    /// What happened to a merge is not known and is read from GitHub.
    Unresolved,
}

impl Reason for MergeReason {
    fn name(&self) -> &'static str {
        match self {
            Self::NotOpen => "NotOpen",
            Self::Draft => "Draft",
            Self::NotLookedAt => "NotLookedAt",
            Self::Paused => "Paused",
            Self::NoQuery => "NoQuery",
            Self::QueryUnmet { unmet, .. } => match unmet {
                Unmet::Branch(_) => "WrongBranch",
                Unmet::Author(_) => "WrongAuthor",
                Unmet::Milestone(_) => "WrongMilestone",
                Unmet::MissingLabels(_) => "MissingLabel",
                Unmet::ForbiddenLabels(_) => "ForbiddenLabel",
                Unmet::Contexts(_) => "ContextNotGreen",
                Unmet::Review => "ReviewMissing",
                Unmet::BlockedByGitHub => "BlockedByGitHub",
            },
            Self::Conflict => "Conflict",
            Self::ConflictingMethodLabels => "ConflictingMethodLabels",
            Self::CannotRebase => "CannotRebase",
            Self::MethodForbidden(_) => "MethodForbidden",
            Self::BlockedByGitHub => "BlockedByGitHub",
            Self::BlockedByIssues(_) => "BlockedByIssue",
            Self::JobsUnknown(_) => "JobsUnknown",
            Self::InvalidContextPolicy(_) => "InvalidContextPolicy",
            Self::ContextFailed(_) => "ContextFailed",
            Self::ContextMissing(_) => "ContextMissing",
            Self::ContextPending(_) => "ContextPending",
            Self::Refused { .. } => "RefusedByGitHub",
            Self::Excluded { .. } => "Excluded",
            Self::Settling { .. } => "Settling",
            Self::JobSetAside { .. } => "JobSetAside",
            Self::NoRecord { .. } => "NoRecord",
            Self::Frozen { .. } => "Frozen",
            Self::Unsupported(_) => "Unsupported",
            Self::Queued { .. } => "Queued",
            Self::Testing { .. } => "Testing",
            Self::Green { .. } => "AllJobsPassed",
            Self::NextOnTip { .. } => "NextOnTip",
            Self::RequirementsChanged => "RequirementsChanged",
            Self::ConflictsWithTrain => "ConflictsWithTrain",
            Self::Landing => "Landing",
            Self::SplitAfterRed { .. } => "SplitAfterRed",
            Self::Retry { .. } => "Retry",
            Self::BaseMoved { .. } => "BaseMoved",
            Self::MemberLeft { .. } => "MemberLeft",
            Self::HeadMoved { .. } => "HeadMoved",
            Self::Superseded => "Superseded",
            Self::ForeignPush { .. } => "ForeignPush",
            Self::Merged { .. } => "Merged",
            Self::Unverified { .. } => "Unverified",
            Self::LastLook => "LastLook",
            Self::Unresolved => "Unresolved",
        }
    }

    #[expect(clippy::too_many_lines, reason = "a table, a line or two a reason")]
    fn sentence(&self) -> String {
        match self {
            Self::NotOpen => "It is not open any more.".into(),
            Self::Draft => "It is a draft: mark it as ready for review.".into(),
            Self::NotLookedAt => "The head is new; labels and commands are being looked at first.".into(),
            Self::Paused => "The pool is paused: a maintainer set spec.paused.".into(),
            Self::NoQuery => "No query of the pool is about this repository.".into(),
            Self::QueryUnmet { unmet, remedy } => unmet_sentence(unmet, remedy.as_ref()),
            Self::Conflict => "It conflicts with the branch: rebase it, or merge the branch into it.".into(),
            Self::ConflictingMethodLabels => {
                "Its labels ask for several merge methods: remove all but one of them.".into()
            }
            Self::CannotRebase => {
                "GitHub cannot rebase it onto the branch: rebase it by hand, or choose another method.".into()
            }
            Self::MethodForbidden(method) => {
                format!("The repository's settings do not allow the merge method {method}.")
            }
            Self::BlockedByGitHub => {
                "GitHub's branch rules hold it back (required reviews, checks or rulesets).".into()
            }
            Self::BlockedByIssues(issues) => {
                format!("Merging is blocked by {} {}.", plural("issue", issues.len()), numbers(issues))
            }
            Self::JobsUnknown(problem) => format!("Its jobs cannot be read: {problem}"),
            Self::InvalidContextPolicy(problem) => {
                format!("The pool's rules about contexts contradict each other: {problem}.")
            }
            Self::ContextFailed(context) => format!("{context} failed: /retest runs it again."),
            Self::ContextMissing(context) => format!("{context} is required and has not reported."),
            Self::ContextPending(context) => format!("{context} has not ended yet."),
            Self::Refused { message, until } => format!(
                "GitHub refused the merge: {} Next try {}, or at the next push.",
                sentence_of(message),
                clock(*until)
            ),
            Self::Excluded { jobs, until } => format!(
                "It failed alone on the tip ({}). Next try {}, at the next push, or after /retest.",
                jobs.join(", "),
                clock(*until)
            ),
            Self::Settling { requirement, until } => format!(
                "{requirement} was required until a moment ago and has not passed here; it counts until {}.",
                clock(*until)
            ),
            Self::JobSetAside { job, context } => format!(
                "Job {job} is set aside because something is wrong with it; {context} stays required: see the problems of its JobConfig."
            ),
            Self::NoRecord { until: Some(until) } => {
                format!("The pool's record of what it requires is new; merging begins at {}.", clock(*until))
            }
            Self::NoRecord { until: None } => {
                "Merging begins when every JobConfig of the namespace was read once.".into()
            }
            Self::Frozen { name, until } => {
                format!(
                    "Nothing lands during freeze {name}, which ends at {}.",
                    until.strftime("%Y-%m-%d %H:%MZ")
                )
            }
            Self::Unsupported(what) => format!("{what} is not supported yet; nothing is tested or merged."),
            Self::Queued { before: 0 } => "Next to be tested.".into(),
            Self::Queued { before } => format!("Waits for {before} before it."),
            Self::Testing { position, of, jobs } => {
                let jobs: Vec<String> = jobs.iter().map(JobProgress::words).collect();
                format!("Position {position} of {of}; {}.", jobs.join("; "))
            }
            Self::Green { base, members } if members.len() < 2 => {
                format!("All required jobs passed on {base}.")
            }
            Self::Green { base, members } => {
                format!("All required jobs passed on {base} for {} together.", numbers(members))
            }
            Self::NextOnTip { members, tip } if members.len() == 1 => {
                format!("{} is next and is tested on {tip}.", numbers(members))
            }
            Self::NextOnTip { members, tip } => {
                format!("{} are next and are tested together on {tip}.", numbers(members))
            }
            Self::RequirementsChanged => {
                "What the pool requires has changed; that is written down before a merge relies on it.".into()
            }
            Self::ConflictsWithTrain => {
                "It does not merge together with changes before it; it is tried again after them.".into()
            }
            Self::Landing => "It is being merged.".into(),
            Self::SplitAfterRed { members, jobs } => format!(
                "{} failed for {} together; a part of them is tested to find out why.",
                jobs.join(", "),
                numbers(members)
            ),
            Self::Retry { jobs, attempt } => {
                format!("{} failed and is tried again (attempt {attempt}).", jobs.join(", "))
            }
            Self::BaseMoved { tip } => {
                format!("The branch is at {tip} now; results on the old tip say nothing.")
            }
            Self::MemberLeft { number, why } => format!("#{number} left the train: {}", why.sentence()),
            Self::HeadMoved { number } => format!("#{number} was pushed to."),
            Self::Superseded => "A longer train tells the same.".into(),
            Self::ForeignPush { expected, found } => format!(
                "Somebody else moved the branch: it was at {found}, not at {expected}. What is left is tested anew."
            ),
            Self::Merged { number, commit } => format!("#{number} was merged as {commit}."),
            Self::Unverified { number } => {
                format!("What #{number} was merged onto could not be told. What is left is tested anew.")
            }
            Self::LastLook => "Head, labels and tip are read once more before the merge.".into(),
            Self::Unresolved => {
                "Whether GitHub has merged it is not known; the pull request is read again.".into()
            }
        }
    }
}

impl MergeReason {
    /// When the reason ends by the clock alone, where it does.
    pub fn until(&self) -> Option<Timestamp> {
        match self {
            Self::Refused { until, .. }
            | Self::Excluded { until, .. }
            | Self::Settling { until, .. }
            | Self::Frozen { until, .. } => Some(*until),
            Self::NoRecord { until } => *until,
            Self::MemberLeft { why, .. } => why.until(),
            Self::NotOpen
            | Self::Draft
            | Self::NotLookedAt
            | Self::Paused
            | Self::NoQuery
            | Self::QueryUnmet { .. }
            | Self::Conflict
            | Self::ConflictingMethodLabels
            | Self::CannotRebase
            | Self::MethodForbidden(_)
            | Self::BlockedByGitHub
            | Self::BlockedByIssues(_)
            | Self::JobsUnknown(_)
            | Self::InvalidContextPolicy(_)
            | Self::ContextFailed(_)
            | Self::ContextMissing(_)
            | Self::ContextPending(_)
            | Self::JobSetAside { .. }
            | Self::Unsupported(_)
            | Self::Queued { .. }
            | Self::Testing { .. }
            | Self::Green { .. }
            | Self::NextOnTip { .. }
            | Self::RequirementsChanged
            | Self::ConflictsWithTrain
            | Self::Landing
            | Self::SplitAfterRed { .. }
            | Self::Retry { .. }
            | Self::BaseMoved { .. }
            | Self::HeadMoved { .. }
            | Self::Superseded
            | Self::ForeignPush { .. }
            | Self::Merged { .. }
            | Self::Unverified { .. }
            | Self::LastLook
            | Self::Unresolved => None,
        }
    }
}

fn unmet_sentence(unmet: &Unmet, remedy: Option<&Remedy>) -> String {
    match unmet {
        Unmet::Branch(branch) => format!("The pool does not merge into branch {branch}."),
        Unmet::Author(author) => format!("Must be by author {author}."),
        Unmet::Milestone(milestone) => format!("Must be in milestone {milestone}."),
        Unmet::MissingLabels(labels) => {
            let names: Vec<String> = labels.iter().map(AnyOf::to_string).collect();
            let needs = format!("Needs the {} {}", names.join(", "), plural("label", names.len()));
            match remedy {
                Some(remedy) => format!("{needs}: {}", remedy.words()),
                None => format!("{needs}."),
            }
        }
        Unmet::ForbiddenLabels(labels) => {
            let says = format!("Must not have the {} {}", labels.join(", "), plural("label", labels.len()));
            match remedy {
                Some(remedy) => format!("{says}: {}", remedy.words()),
                None => format!("{says}."),
            }
        }
        Unmet::Contexts(contexts) => {
            let names: Vec<&str> = contexts.iter().map(|(name, _)| name.as_str()).collect();
            format!("Not green: {}.", names.join(", "))
        }
        Unmet::Review => "Needs an approving review on GitHub.".into(),
        Unmet::BlockedByGitHub => "GitHub's branch rules hold it back.".into(),
    }
}

impl Remedy {
    fn words(&self) -> String {
        let people: Vec<&str> = self.people.iter().map(Login::as_str).collect();
        match people.as_slice() {
            [] => format!("comment {}.", self.command),
            [one] => format!("{one} can comment {}.", self.command),
            [all @ .., last] => format!("{} or {last} can comment {}.", all.join(", "), self.command),
        }
    }
}

/// `14:03Z`: the day is left out, since what is shown is never far away.
pub(super) fn clock(time: Timestamp) -> String {
    time.strftime("%H:%MZ").to_string()
}

pub(super) fn numbers(numbers: &[u64]) -> String {
    numbers.iter().map(|number| format!("#{number}")).collect::<Vec<_>>().join(" ")
}

fn plural(word: &str, count: usize) -> String {
    if count == 1 { word.to_owned() } else { format!("{word}s") }
}

fn sentence_of(text: &str) -> String {
    let text = text.trim();
    if text.ends_with(['.', '!', '?']) { text.to_owned() } else { format!("{text}.") }
}
