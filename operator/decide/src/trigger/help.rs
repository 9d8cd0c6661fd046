//! When a comment is answered with a list of commands instead of being carried out (spec jobs-and-runs 3.5 step 6).

use super::{
    Answer, Observed, TenantJob, TriggerReason,
    command::{Said, TriggerCommand},
    filter,
};
use crate::{facts::RepoName, job::Presubmit};
use std::collections::BTreeSet;

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
        // Jobs of different branches may share a name and a command: each is told once.
        let commands = |optional| {
            let commands = here.iter().filter(|job| job.optional() == optional);
            sorted(commands.map(|job| job.raw().rerun_command.clone()))
        };
        let (required, optional) = (commands(false), commands(true));
        let all = sorted(filter::automatic(jobs, observed)?.iter().map(|s| s.job.job.name().to_owned()));
        let everything = all.len() == required.len() + optional.len();
        let test_all = if everything { TestAll::Everything } else { TestAll::Only(all) };
        Ok(Self::Commands { note, required, optional, test_all })
    }
}

fn sorted(texts: impl Iterator<Item = String>) -> Vec<String> {
    texts.collect::<BTreeSet<_>>().into_iter().collect()
}
