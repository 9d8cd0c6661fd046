//! Trains: changes that are tested together on the tip, in the order in which they land, and how far they are.
//!
//! A train is not stored: it is what the runs on exactly this tip say. Push to the branch, and there is none.

use super::{
    checks::Examined,
    evidence::{self, Verdict, Verdicts},
    policy::Policy,
    pool::{JobsUnknown, Member, Pool, Question, Run},
    progress::JobProgress,
};
use crate::{facts::HeadSha, job::Presubmit};
use api::prow_job::{ProwJobState, ProwJobType};
use std::collections::{BTreeMap, BTreeSet};

/// A train on the tip.
#[derive(Clone, Debug)]
pub struct Train<'a> {
    /// The changes, in order.
    pub members: Vec<Member>,
    /// How each of its required jobs stands, in the order of the configuration.
    pub jobs: Vec<JobState<'a>>,
    verdicts: BTreeMap<String, Verdict>,
    /// The files that it changes.
    pub files: Vec<String>,
}

/// How one job of a train stands.
#[derive(Clone, Debug)]
pub struct JobState<'a> {
    /// The job.
    pub job: &'a Presubmit,
    /// The best of its results; `None`: it has none.
    pub verdict: Option<Verdict>,
    /// How many of its runs failed. One that was aborted says nothing.
    pub failures: u32,
    /// The run that goes on.
    pub running: Option<&'a Run>,
    /// How many runs it has had on this train.
    pub runs: u32,
}

/// How a train stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrainState {
    /// Every required job passed.
    Green,
    /// Some job has to be started, or started again.
    Incomplete,
    /// Runs go on.
    Running,
    /// A job failed as often as it may.
    Red,
}

impl Train<'_> {
    /// How the train stands when a job may be tried again so often.
    pub fn state(&self, retries: u32) -> TrainState {
        if self.jobs.iter().any(|job| job.is_red(retries)) {
            TrainState::Red
        } else if self.jobs.iter().any(JobState::is_to_start) {
            TrainState::Incomplete
        } else if self.jobs.iter().any(|job| job.verdict == Some(Verdict::Running)) {
            TrainState::Running
        } else {
            TrainState::Green
        }
    }

    /// The best verdict of every context that anything reported for it, of required jobs and of others.
    pub fn verdicts(&self) -> Verdicts<'_> {
        self.verdicts.iter().map(|(context, verdict)| (context.as_str(), *verdict)).collect()
    }

    /// The names of the jobs that failed as often as they may.
    pub fn red_jobs(&self, retries: u32) -> Vec<String> {
        let red = self.jobs.iter().filter(|job| job.is_red(retries));
        red.map(|job| job.job.name().to_owned()).collect()
    }

    /// The numbers of its changes.
    pub fn numbers(&self) -> Vec<u64> {
        self.members.iter().map(|member| member.number).collect()
    }

    /// How its jobs stand, for people.
    pub fn progress(&self, retries: u32) -> Vec<JobProgress> {
        self.jobs
            .iter()
            .map(|job| {
                let name = job.job.name().to_owned();
                match job.verdict {
                    Some(Verdict::Green) => JobProgress::Passed(name),
                    Some(Verdict::Running) => JobProgress::Running {
                        job: name,
                        since: job.running.and_then(|run| run.started),
                        expected: job.running.and_then(|run| run.expected),
                    },
                    Some(Verdict::Red) if job.is_red(retries) => JobProgress::Failed(name),
                    Some(Verdict::Red) | None => JobProgress::Waiting(name),
                }
            })
            .collect()
    }
}

impl JobState<'_> {
    fn is_red(&self, retries: u32) -> bool {
        self.verdict.is_none_or(|verdict| verdict == Verdict::Red) && self.failures > retries
    }

    /// Whether it has neither passed nor runs.
    pub fn is_to_start(&self) -> bool {
        self.verdict.is_none_or(|verdict| verdict == Verdict::Red)
    }
}

/// What these changes, tested together in this order on the tip, would need, and what is known of it.
///
/// # Errors
/// Where the jobs have to be read first, or (the inner error) cannot be read.
pub fn train<'a>(
    pool: &'a Pool,
    policy: &Policy,
    cars: &[&Examined<'a>],
) -> Result<Result<Train<'a>, String>, Question> {
    let members: Vec<Member> = cars.iter().map(|car| car.change.member()).collect();
    let files: Vec<String> = cars.iter().flat_map(|car| car.change.files.iter().cloned()).collect();
    let heads: BTreeSet<HeadSha> = members.iter().map(|member| member.head.clone()).collect();
    let jobs = match pool.jobs.at(&heads) {
        Ok(jobs) => evidence::required(jobs, &policy.contexts, &pool.branch, &files),
        Err(JobsUnknown::NotRead(heads)) => return Err(Question::JobsIn(heads)),
        Err(JobsUnknown::Broken(problem)) => return Ok(Err(problem)),
    };
    let on_tip = evidence::runs_at(&pool.runs, &pool.branch, &pool.tip);
    // A change alone is also tested by its own presubmits, where they ran on the tip.
    let alone = match cars {
        [car] => evidence::alone(car.change, &car.contexts, &on_tip, &pool.tip, &policy.reporters),
        _ => Verdicts::new(),
    };
    let runs: Vec<&Run> = on_tip
        .into_iter()
        .filter(|run| run.members == members)
        .filter(|run| run.kind == ProwJobType::Batch || members.len() == 1)
        .collect();
    let mut verdicts = alone.clone();
    for run in &runs {
        evidence::keep_best(&mut verdicts, &run.context, Verdict::of(run.state));
    }
    let mut seen = BTreeSet::new();
    let jobs = jobs
        .into_iter()
        .filter(|job| seen.insert(job.context().to_owned()))
        .map(|job| job_state(job, &runs, alone.get(job.context()).copied()))
        .collect();
    let verdicts = verdicts.into_iter().map(|(context, verdict)| (context.to_owned(), verdict)).collect();
    Ok(Ok(Train { members, jobs, verdicts, files }))
}

fn job_state<'a>(job: &'a Presubmit, runs: &[&'a Run], alone: Option<Verdict>) -> JobState<'a> {
    let mine: Vec<&Run> = runs.iter().copied().filter(|run| run.context == job.context()).collect();
    let failed = |run: &&&Run| matches!(run.state, ProwJobState::Failure | ProwJobState::Error);
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    JobState {
        job,
        verdict: mine.iter().map(|run| Verdict::of(run.state)).chain(alone).max(),
        failures: count(mine.iter().filter(failed).count()),
        running: mine.iter().copied().find(|run| Verdict::of(run.state) == Verdict::Running),
        runs: count(mine.len()),
    }
}

/// The member lists that have runs on the tip, in order, with whether all their changes are still what was tested.
pub fn on_tip(pool: &Pool) -> BTreeMap<Vec<Member>, Vec<&Run>> {
    let mut found: BTreeMap<Vec<Member>, Vec<&Run>> = BTreeMap::new();
    for run in evidence::runs_at(&pool.runs, &pool.branch, &pool.tip) {
        if run.kind == ProwJobType::Batch {
            found.entry(run.members.clone()).or_default().push(run);
        }
    }
    found
}

/// Changes that were in a red train on an earlier tip, of which others have left: one of them may be why it was red.
pub fn suspects(pool: &Pool, retries: u32) -> BTreeSet<Member> {
    let mut failures: BTreeMap<(&[Member], &str, &str), u32> = BTreeMap::new();
    let mut green: BTreeSet<(&[Member], &str, &str)> = BTreeSet::new();
    let earlier = pool.runs.iter().filter(|run| {
        run.gates && run.kind == ProwJobType::Batch && run.branch == pool.branch && run.base != pool.tip
    });
    for run in earlier.filter(|run| run.members.len() > 1) {
        let key = (run.members.as_slice(), run.base.as_str(), run.context.as_str());
        match run.state {
            ProwJobState::Failure | ProwJobState::Error => *failures.entry(key).or_default() += 1,
            ProwJobState::Success => {
                green.insert(key);
            }
            ProwJobState::Scheduling
            | ProwJobState::Triggered
            | ProwJobState::Pending
            | ProwJobState::Aborted => {}
        }
    }
    failures
        .into_iter()
        .filter(|(key, count)| *count > retries && !green.contains(key))
        .flat_map(|((members, _, _), _)| members.iter().cloned())
        .collect()
}
