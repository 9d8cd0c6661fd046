//! What a trigger can ask for, and why.

use super::{AbortCause, Reply, TenantJob, TriggerKey, Unanswered};
use crate::{
    facts::HeadSha,
    job::{
        Postsubmit, Presubmit,
        prow_job::{self, NewRun},
    },
    reason::{Planned, Reason},
};
use api::{keys, refs::Refs};
use std::collections::BTreeMap;

type Labels = BTreeMap<String, String>;

/// A run to start. Its name follows from the key ([`super::run_name`]).
#[derive(Clone, Debug, PartialEq)]
pub struct StartRun<J> {
    /// The job.
    pub job: TenantJob<J>,
    /// Its identity.
    pub key: TriggerKey,
    /// What it tests, without what the job adds (path alias, clone URI, ...).
    pub refs: Refs,
    /// Whether it repeats an earlier one (label `prow.k8s.io/retest`).
    pub retest: bool,
}

impl<J> StartRun<J> {
    /// The run without name and times. `run`: as its job makes it.
    fn with_key(&self, mut run: NewRun) -> NewRun {
        run.annotations.insert(keys::TRIGGER.to_owned(), self.key.to_string());
        run
    }

    /// The job's labels and those of the cause, which win.
    fn labels(&self, of_job: &Labels, of_cause: &Labels) -> Labels {
        let mut labels = of_job.clone();
        labels.extend(of_cause.clone());
        if self.retest {
            labels.insert(keys::RETEST.to_owned(), "true".to_owned());
        }
        labels
    }
}

impl StartRun<Presubmit> {
    /// The run to create, under [`super::run_name`]. `cause`: labels of what told us, such as the delivery.
    pub fn new_run(&self, cause: &Labels) -> NewRun {
        let labels = self.labels(&Labels::new(), cause);
        self.with_key(prow_job::presubmit_run(&self.job.job, self.refs.clone(), &labels))
    }
}

impl StartRun<Postsubmit> {
    /// The run to create, under [`super::run_name`]. `cause`: labels of what told us, such as the delivery.
    pub fn new_run(&self, cause: &Labels) -> NewRun {
        let base = &self.job.job.raw().base;
        let labels = self.labels(&base.labels, cause);
        let spec = prow_job::postsubmit_spec(&self.job.job, self.refs.clone());
        self.with_key(prow_job::new_run(spec, &labels, &base.annotations))
    }
}

/// Something to do for a pull request.
#[derive(Clone, Debug, PartialEq)]
pub enum TriggerAction {
    /// Create a run; one of the same key counts as success.
    StartRun(Box<StartRun<Presubmit>>),
    /// End a run early.
    AbortRun {
        /// The ProwJob's name.
        run: String,
        /// What its annotation is to say.
        cause: AbortCause,
    },
    /// Put a label on the pull request.
    AddLabel(&'static str),
    /// Take a label off; one that is not there counts as success.
    RemoveLabel(&'static str),
    /// Write a comment, or rewrite the one that its mark [replaces](super::ReplyMark::replaces).
    Comment(Box<Reply>),
    /// Approve the workflow runs of this head that wait for approval; none is fine.
    ApproveWorkflows(HeadSha),
    /// Run the failed jobs of this head's failed workflow runs again; none is fine.
    RerunFailedWorkflows(HeadSha),
    /// Delete the bot's earlier replies that list commands.
    PruneHelp,
}

impl TriggerAction {
    /// The run to start, where that is the action.
    pub fn start(&self) -> Option<&StartRun<Presubmit>> {
        match self {
            Self::StartRun(start) => Some(start),
            Self::AbortRun { .. }
            | Self::AddLabel(_)
            | Self::RemoveLabel(_)
            | Self::Comment(_)
            | Self::ApproveWorkflows(_)
            | Self::RerunFailedWorkflows(_)
            | Self::PruneHelp => None,
        }
    }
}

/// What is to be done, in this order, as far as it could be decided.
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use = "a plan does nothing until it is applied"]
pub struct Plan {
    /// The actions.
    pub actions: Vec<Planned<TriggerAction, TriggerReason>>,
    /// What ended the look early. The actions stand all the same; the next look finds the rest.
    pub unanswered: Option<Unanswered>,
}

impl Plan {
    pub(super) fn push(&mut self, action: TriggerAction, why: TriggerReason) {
        self.actions.push(Planned::new(action, why));
    }

    /// Goes on deciding, as far as the answers reach.
    pub(super) fn decide(mut self, decide: impl FnOnce(&mut Self) -> Result<(), Unanswered>) -> Self {
        self.unanswered = decide(&mut self).err();
        self
    }
}

/// Why a trigger does something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TriggerReason {
    /// The job runs for every change, or for the files of this one.
    RunsAutomatically,
    /// A comment named the job.
    Named,
    /// A comment asked for what failed, and this did.
    FailedBefore,
    /// A comment asked for what failed, and this has never reported.
    NeverReported,
    /// A comment asked for the required jobs that nothing else starts.
    ManualRequired,
    /// A comment asked for everything that runs automatically.
    AskedForAll,
    /// A branch or tag was pushed.
    Pushed,
    /// The pull request has another head.
    HeadMoved,
    /// The pull request was closed.
    Closed,
    /// The pull request is a draft.
    IsDraft,
    /// Somebody trusted said `/ok-to-test`.
    OkToTestGiven,
    /// Somebody trusted took `/ok-to-test` back.
    OkToTestTaken,
    /// The label `ok-to-test` was given for an earlier head.
    OkToTestOutdated,
    /// The label `ok-to-test` is there.
    HasOkToTest,
    /// The author is not trusted.
    AuthorUntrusted,
    /// Neither the commenter nor the pull request is trusted.
    CommenterUntrusted,
    /// The commenter may not take `/ok-to-test` back.
    CancelRefused,
    /// A comment asked which commands there are.
    HelpAsked,
    /// A comment asked to test, and not what.
    NoTarget,
    /// A comment gave `/retest` a target.
    RetestWithTarget,
    /// A comment named nothing that exists here.
    TargetUnknown,
    /// A comment asked for everything, and nothing runs automatically here.
    NothingAutomatic,
    /// An earlier list of commands is out of date.
    NewCommand,
    /// A command stands in a text that was edited before we read it.
    Edited,
}

impl Reason for TriggerReason {
    fn name(&self) -> &'static str {
        match self {
            Self::RunsAutomatically => "RunsAutomatically",
            Self::Named => "Named",
            Self::FailedBefore => "FailedBefore",
            Self::NeverReported => "NeverReported",
            Self::ManualRequired => "ManualRequired",
            Self::AskedForAll => "AskedForAll",
            Self::Pushed => "Pushed",
            Self::HeadMoved => "HeadMoved",
            Self::Closed => "Closed",
            Self::IsDraft => "IsDraft",
            Self::OkToTestGiven => "OkToTestGiven",
            Self::OkToTestTaken => "OkToTestTaken",
            Self::OkToTestOutdated => "OkToTestOutdated",
            Self::HasOkToTest => "HasOkToTest",
            Self::AuthorUntrusted => "AuthorUntrusted",
            Self::CommenterUntrusted => "CommenterUntrusted",
            Self::CancelRefused => "CancelRefused",
            Self::HelpAsked => "HelpAsked",
            Self::NoTarget => "NoTarget",
            Self::RetestWithTarget => "RetestWithTarget",
            Self::TargetUnknown => "TargetUnknown",
            Self::NothingAutomatic => "NothingAutomatic",
            Self::NewCommand => "NewCommand",
            Self::Edited => "Edited",
        }
    }

    fn sentence(&self) -> String {
        match self {
            Self::RunsAutomatically => "The job runs for every change, or for the files of this one.",
            Self::Named => "A comment named the job.",
            Self::FailedBefore => "A comment asked for what failed, and this job did.",
            Self::NeverReported => "A comment asked for what failed, and this job has never reported.",
            Self::ManualRequired => "A comment asked for the required jobs that nothing else starts.",
            Self::AskedForAll => "A comment asked for all jobs that run automatically.",
            Self::Pushed => "A branch or tag was pushed.",
            Self::HeadMoved => "The pull request has another head now.",
            Self::Closed => "The pull request was closed.",
            Self::IsDraft => {
                "The pull request is a draft: a comment `/test all` starts its jobs all the same."
            }
            Self::OkToTestGiven => "Somebody who is trusted said /ok-to-test.",
            Self::OkToTestTaken => "Somebody who is trusted took /ok-to-test back.",
            Self::OkToTestOutdated => "The label ok-to-test was given for an earlier head.",
            Self::HasOkToTest => "The pull request carries the label ok-to-test.",
            Self::AuthorUntrusted => "The author is not trusted: a member can comment /ok-to-test.",
            Self::CommenterUntrusted => {
                "Neither the commenter nor the author is trusted: a member can comment /ok-to-test."
            }
            Self::CancelRefused => "Only somebody who is trusted can take /ok-to-test back.",
            Self::HelpAsked => "A comment asked which commands there are.",
            Self::NoTarget => "A comment said /test without saying what.",
            Self::RetestWithTarget => "A comment gave /retest a target; it takes none.",
            Self::TargetUnknown => "A comment named no job that exists for this branch.",
            Self::NothingAutomatic => {
                "A comment asked for all jobs that run automatically, and there is none."
            }
            Self::NewCommand => "A new command makes the earlier list of commands superfluous.",
            Self::Edited => "A command stands in a text that was edited; write it in a new comment.",
        }
        .to_owned()
    }
}
