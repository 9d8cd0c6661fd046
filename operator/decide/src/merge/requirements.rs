//! What a pool required lately: a requirement that disappears stays one for a while (DESIGN M1).
//!
//! An apply that is not atomic, a job that moves between two objects, a job that is refused for a typing error: none of
//! these may unlock a merge. The record is written down before a merge relies on it, and survives restarts.

use super::{
    evidence::{Verdict, Verdicts},
    pool::Member,
    reason::MergeReason,
};
use crate::{
    facts::HeadSha,
    job::{Branches, Changes, Presubmit},
};
use api::job::{Brancher, ChangeMatcher};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// How long a change stays out after GitHub refused it, by how often it did in a row.
const REFUSED_FOR: [SignedDuration; 3] =
    [SignedDuration::from_mins(30), SignedDuration::from_hours(2), SignedDuration::from_hours(12)];

/// What a pool remembers of one repository: its requirements, as last seen, and what GitHub refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// By context, then job.
    pub rules: Vec<Rule>,
    /// Merges that GitHub refused, of heads that are still there.
    #[serde(default)]
    pub refusals: Vec<Refusal>,
}

/// A merge that GitHub refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The pull request.
    pub number: u64,
    /// The head that was refused.
    pub head: HeadSha,
    /// GitHub's words.
    pub message: String,
    /// When.
    pub at: Timestamp,
    /// How often in a row.
    pub times: u32,
}

impl Refusal {
    /// When the head may be tried again.
    pub fn until(&self) -> Timestamp {
        let nth = usize::try_from(self.times.saturating_sub(1)).unwrap_or(usize::MAX);
        let [.., last] = REFUSED_FOR;
        self.at.saturating_add(REFUSED_FOR.get(nth).copied().unwrap_or(last)).unwrap_or(Timestamp::MAX)
    }
}

impl Record {
    /// The refusal of this head.
    pub fn refusal_of(&self, member: &Member) -> Option<&Refusal> {
        self.refusals.iter().find(|refusal| refusal.number == member.number && refusal.head == member.head)
    }
}

/// When a job is required.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Rule {
    /// The context that has to be green.
    pub context: String,
    /// The job behind it.
    pub job: String,
    /// On which branches.
    #[serde(default)]
    pub branches: Vec<String>,
    /// On which not.
    #[serde(default)]
    pub skip_branches: Vec<String>,
    /// For which files.
    #[serde(default)]
    pub run_if_changed: String,
    /// Unless only these files change.
    #[serde(default)]
    pub skip_if_only_changed: String,
    /// Whatever files change.
    #[serde(default)]
    pub always: bool,
    /// Since when it is gone; `None`: it is there, or it is kept for a job that was refused.
    #[serde(default)]
    pub missing_since: Option<Timestamp>,
}

impl Rule {
    fn of(job: &Presubmit, require_manual_jobs: bool) -> Option<Self> {
        let manual = require_manual_jobs && job.context_required() && job.needs_explicit_trigger();
        let required = job.context_required() || job.run_before_merge();
        let conditional = job.changes().is_some() && !job.run_before_merge();
        // A job that only a command starts is no requirement.
        let runs = job.always_run() || job.run_before_merge() || manual || conditional;
        let Brancher { branches, skip_branches } = job.branches().raw().clone();
        let ChangeMatcher { run_if_changed, skip_if_only_changed } = job.raw().changes.clone();
        (required && runs).then(|| Self {
            context: job.context().to_owned(),
            job: job.name().to_owned(),
            branches,
            skip_branches,
            run_if_changed,
            skip_if_only_changed,
            always: !conditional,
            missing_since: None,
        })
    }

    fn without_time(&self) -> Self {
        Self { missing_since: None, ..self.clone() }
    }

    /// Whether it is about a change of these files into the branch. A record that cannot be read counts as about all.
    pub fn is_about(&self, branch: &str, files: &[String]) -> bool {
        let raw = Brancher { branches: self.branches.clone(), skip_branches: self.skip_branches.clone() };
        if Branches::new(&raw).is_ok_and(|branches| !branches.run_on(branch)) {
            return false;
        }
        let raw = ChangeMatcher {
            run_if_changed: self.run_if_changed.clone(),
            skip_if_only_changed: self.skip_if_only_changed.clone(),
        };
        self.always || Changes::new(&raw).map_or(true, |c| c.is_none_or(|changes| changes.run_for(files)))
    }
}

/// The rules after a look at the present jobs. Jobs in `refused` (with their contexts) are known to exist and are only
/// set aside: they require what they last required, however long that takes, and a new one its context.
pub fn remember<'a>(
    record: &Record,
    jobs: impl IntoIterator<Item = &'a Presubmit>,
    refused: &BTreeMap<String, String>,
    require_manual_jobs: bool,
    now: Timestamp,
    settle: SignedDuration,
) -> Vec<Rule> {
    let mut rules: BTreeSet<Rule> =
        jobs.into_iter().filter_map(|job| Rule::of(job, require_manual_jobs)).collect();
    for old in &record.rules {
        if rules.contains(&old.without_time()) {
            continue;
        }
        let missing_since =
            if refused.contains_key(&old.job) { None } else { Some(old.missing_since.unwrap_or(now)) };
        let kept = Rule { missing_since, ..old.clone() };
        if missing_since.is_none_or(|since| now < end(since, settle)) {
            rules.insert(kept);
        }
    }
    for (job, context) in refused {
        if !rules.iter().any(|rule| rule.job == *job) {
            rules.insert(Rule {
                context: context.clone(),
                job: job.clone(),
                always: true,
                ..Rule::default()
            });
        }
    }
    rules.into_iter().collect()
}

/// When a rule that is missing since then stops counting.
pub fn end(missing_since: Timestamp, settle: SignedDuration) -> Timestamp {
    missing_since.saturating_add(settle).unwrap_or(Timestamp::MAX)
}

/// The first rule of the record that is about these files and that the verdicts do not satisfy.
///
/// Rules of jobs that are still there are satisfied by the train's own required jobs; they are judged all the same,
/// which costs nothing and does not rely on it.
pub fn unsatisfied<'r>(
    record: &'r Record,
    branch: &str,
    files: &[String],
    verdicts: &Verdicts<'_>,
) -> Option<&'r Rule> {
    record.rules.iter().find(|rule| {
        rule.is_about(branch, files) && verdicts.get(rule.context.as_str()) != Some(&Verdict::Green)
    })
}

/// Why changes of these files, with these verdicts, do not land: something that was required until lately.
pub fn held(
    record: &Record,
    branch: &str,
    files: &[String],
    verdicts: &Verdicts<'_>,
    settle: SignedDuration,
) -> Option<MergeReason> {
    let rule = unsatisfied(record, branch, files, verdicts)?;
    Some(match rule.missing_since {
        Some(since) => MergeReason::Settling { requirement: rule.context.clone(), until: end(since, settle) },
        None => MergeReason::JobSetAside { job: rule.job.clone(), context: rule.context.clone() },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merge::testing::job;

    const SETTLE: SignedDuration = SignedDuration::from_mins(5);

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(minute * 60).unwrap()
    }

    fn seen(before: &[Rule], jobs: &[Presubmit], refused: &[&str], minute: i64) -> Vec<Rule> {
        let record = Record { rules: before.to_vec(), refusals: Vec::new() };
        let refused = refused.iter().map(|job| ((*job).to_owned(), (*job).to_owned())).collect();
        remember(&record, jobs, &refused, false, at(minute), SETTLE)
    }

    fn unit_and_lint() -> Vec<Rule> {
        seen(&[], &[job("unit"), job("lint")], &[], 0)
    }

    #[test]
    fn a_job_that_moves_between_two_objects_never_stops_being_required() {
        let gone = seen(&unit_and_lint(), &[job("lint")], &[], 1);
        let record = Record { rules: gone.clone(), refusals: Vec::new() };
        let only_lint = Verdicts::from([("lint", Verdict::Green)]);
        assert_eq!(unsatisfied(&record, "main", &[], &only_lint).map(|rule| rule.job.as_str()), Some("unit"));
        assert_eq!(seen(&gone, &[job("unit"), job("lint")], &[], 2), unit_and_lint());
    }

    #[test]
    fn what_stays_away_stops_being_required_after_a_while() {
        let gone = seen(&unit_and_lint(), &[job("lint")], &[], 1);
        assert_eq!(seen(&gone, &[job("lint")], &[], 5).len(), 2);
        assert_eq!(seen(&gone, &[job("lint")], &[], 6).len(), 1);
    }

    #[test]
    fn a_new_job_that_is_refused_requires_its_context() {
        let rules = seen(&unit_and_lint(), &[job("unit"), job("lint")], &["e2e"], 1);
        let record = Record { rules, refusals: Vec::new() };
        let others = Verdicts::from([("unit", Verdict::Green), ("lint", Verdict::Green)]);
        assert_eq!(unsatisfied(&record, "main", &[], &others).map(|rule| rule.job.as_str()), Some("e2e"));
    }

    #[test]
    fn a_refused_job_requires_what_it_last_required() {
        let refused = seen(&unit_and_lint(), &[job("lint")], &["unit"], 1);
        assert_eq!(seen(&refused, &[job("lint")], &["unit"], 600).len(), 2);
    }
}
