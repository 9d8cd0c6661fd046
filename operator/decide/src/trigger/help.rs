//! When a comment is answered with a list of commands instead of being carried out (spec jobs-and-runs 3.5 step 6).

use super::{
    Answer, Observed, TenantJob, TriggerReason,
    command::{Said, TriggerCommand},
    filter,
};
use crate::{facts::RepoName, job::Presubmit};

/// Why the list is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HelpNote {
    /// Somebody asked for it.
    Asked,
    /// `/test` without a target.
    NoTarget,
    /// `/retest` with a target.
    RetestWithTarget,
    /// `/test all`, and nothing runs by itself.
    NothingAutomatic,
    /// `/test` with a target that no job knows.
    TargetUnknown,
}

/// What `/test all` would run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TestAll {
    /// All jobs of the list.
    Everything,
    /// These, by name, sorted.
    Only(Vec<String>),
}

/// A list of commands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Help {
    /// The branch has no jobs.
    NoJobs {
        /// Where.
        repository: RepoName,
        /// On which branch.
        branch: String,
    },
    /// The branch has jobs.
    Commands {
        /// Why the list is shown.
        note: HelpNote,
        /// What starts each required job, sorted.
        required: Vec<String>,
        /// What starts each other job, sorted.
        optional: Vec<String>,
        /// What `/test all` would run.
        test_all: TestAll,
    },
}

impl HelpNote {
    /// Whether the comment is to be answered with the list, given how many jobs it selects.
    pub fn needed(said: &Said, selected: usize) -> Option<Self> {
        if said.says(TriggerCommand::TestHelp) {
            Some(Self::Asked)
        } else if said.says(TriggerCommand::TestNothing) {
            Some(Self::NoTarget)
        } else if said.says(TriggerCommand::RetestTarget) {
            Some(Self::RetestWithTarget)
        } else if selected > 0 {
            None
        } else if said.says(TriggerCommand::TestAll) {
            Some(Self::NothingAutomatic)
        } else {
            said.says(TriggerCommand::TestTarget).then_some(Self::TargetUnknown)
        }
    }

    /// The reason to show.
    pub fn reason(self) -> TriggerReason {
        match self {
            Self::Asked => TriggerReason::HelpAsked,
            Self::NoTarget => TriggerReason::NoTarget,
            Self::RetestWithTarget => TriggerReason::RetestWithTarget,
            Self::NothingAutomatic => TriggerReason::NothingAutomatic,
            Self::TargetUnknown => TriggerReason::TargetUnknown,
        }
    }
}

impl Help {
    /// Makes the list for the pull request's branch and files.
    ///
    /// # Errors
    /// Where the changed files matter and are not known.
    pub fn list(note: HelpNote, jobs: &[TenantJob<Presubmit>], observed: &Observed) -> Answer<Self> {
        let pull = &observed.pull;
        let here: Vec<&Presubmit> =
            jobs.iter().map(|job| &job.job).filter(|job| job.branches().run_on(&pull.base_ref)).collect();
        if here.is_empty() {
            return Ok(Self::NoJobs { repository: pull.repository.clone(), branch: pull.base_ref.clone() });
        }
        let commands = |optional| {
            let mut commands: Vec<String> = here
                .iter()
                .filter(|job| job.optional() == optional)
                .map(|job| job.raw().rerun_command.clone())
                .collect();
            commands.sort();
            commands
        };
        let mut all: Vec<String> = filter::automatic(jobs, observed)?
            .iter()
            .map(|selected| selected.job.job.name().to_owned())
            .collect();
        all.sort();
        let test_all = if all.len() == here.len() { TestAll::Everything } else { TestAll::Only(all) };
        Ok(Self::Commands { note, required: commands(false), optional: commands(true), test_all })
    }
}
