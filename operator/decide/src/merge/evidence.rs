//! Which runs count as evidence, for exactly which base and heads (spec 3.1 to 3.3).
//!
//! A run speaks about the tree it tested: a base and the heads merged onto it. A result on another base, of another
//! head, or of a run that somebody made by hand says nothing about a merge.

use super::{
    context_policy::ContextRules,
    contexts::HeadContext,
    policy::Reporters,
    pool::{Change, Member, Run},
};
use crate::{
    facts::{BaseSha, StatusState},
    job::Presubmit,
    report::status::{SKIP_RETEST, tested_base},
};
use api::prow_job::{ProwJobState, ProwJobType};
use std::collections::BTreeMap;

/// What a run, or the best of several, says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It ended without success.
    Red,
    /// It has not ended.
    Running,
    /// It passed.
    Green,
}

impl Verdict {
    /// What a run in this state says.
    pub const fn of(state: ProwJobState) -> Self {
        match state {
            ProwJobState::Scheduling | ProwJobState::Triggered | ProwJobState::Pending => Self::Running,
            ProwJobState::Success => Self::Green,
            ProwJobState::Failure | ProwJobState::Aborted | ProwJobState::Error => Self::Red,
        }
    }
}

/// How something stands over all its required jobs.
#[derive(Clone, Debug, PartialEq)]
pub enum Standing<'a> {
    /// Every job passed, or none is required.
    Green,
    /// No job is red or missing, and some run.
    Running,
    /// These jobs are red, or were never run.
    Missing(Vec<&'a Presubmit>),
}

/// The best verdict of each context.
pub type Verdicts<'a> = BTreeMap<&'a str, Verdict>;

/// The presubmits that a merge of these files into the branch needs, in the order of the configuration.
pub fn required<'a>(
    jobs: impl IntoIterator<Item = &'a Presubmit>,
    rules: &ContextRules,
    branch: &str,
    files: &[String],
) -> Vec<&'a Presubmit> {
    jobs.into_iter()
        .filter(|job| {
            let manual = rules.require_manual_jobs && job.context_required() && job.needs_explicit_trigger();
            let forced = job.run_before_merge() || manual;
            (job.context_required() || job.run_before_merge()) && job.should_run(branch, files, forced, false)
        })
        .collect()
}

/// The runs whose result counts for merges onto exactly this tip of the branch.
pub fn runs_at<'a>(runs: &'a [Run], branch: &str, tip: &BaseSha) -> Vec<&'a Run> {
    runs.iter()
        .filter(|run| run.gates && run.branch == branch && run.base == *tip)
        .filter(|run| match run.kind {
            ProwJobType::Presubmit | ProwJobType::Batch => true,
            ProwJobType::Postsubmit | ProwJobType::Periodic => false,
        })
        .collect()
}

/// What is known about one change alone on the tip: its runs there, and statuses that say they were earned there.
pub fn alone<'a>(
    change: &Change,
    contexts: &'a [HeadContext],
    runs: &[&'a Run],
    tip: &BaseSha,
    reporters: &Reporters,
) -> Verdicts<'a> {
    let member = change.member();
    let mut verdicts = Verdicts::new();
    let of_runs = runs
        .iter()
        .filter(|run| run.kind == ProwJobType::Presubmit && run.members.first() == Some(&member))
        .map(|run| (run.context.as_str(), Verdict::of(run.state)));
    let of_statuses = contexts
        .iter()
        .filter(|context| {
            context.state == StatusState::Success
                && reporters.trust(context.creator.as_ref())
                && (tested_base(&context.description).as_ref() == Some(tip)
                    || context.description.contains(SKIP_RETEST))
        })
        .map(|context| (context.name.as_str(), Verdict::Green));
    for (context, verdict) in of_runs.chain(of_statuses) {
        keep_best(&mut verdicts, context, verdict);
    }
    verdicts
}

/// Takes a verdict in, where it is better than what is known.
pub(super) fn keep_best<'a>(verdicts: &mut Verdicts<'a>, context: &'a str, verdict: Verdict) {
    let best = verdicts.entry(context).or_insert(verdict);
    *best = (*best).max(verdict);
}

/// How these jobs stand.
pub fn standing<'a>(required: &[&'a Presubmit], verdicts: &Verdicts<'_>) -> Standing<'a> {
    let verdict = |job: &Presubmit| verdicts.get(job.context()).copied();
    let missing: Vec<&Presubmit> =
        required.iter().copied().filter(|job| verdict(job).is_none_or(|v| v == Verdict::Red)).collect();
    if !missing.is_empty() {
        Standing::Missing(missing)
    } else if required.iter().any(|job| verdict(job) == Some(Verdict::Running)) {
        Standing::Running
    } else {
        Standing::Green
    }
}

/// Changes that are tested together on the tip, and what their runs say. The order is part of a batch: in another order
/// it is another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch<'a> {
    /// The changes, in the order in which they are merged.
    pub members: Vec<Member>,
    /// The best verdict of each context.
    pub verdicts: Verdicts<'a>,
}

/// The batches among these runs.
pub fn batches<'a>(runs: &[&'a Run]) -> Vec<Batch<'a>> {
    let mut found: BTreeMap<&[Member], Verdicts<'a>> = BTreeMap::new();
    for run in runs.iter().filter(|run| run.kind == ProwJobType::Batch) {
        keep_best(found.entry(&run.members).or_default(), &run.context, Verdict::of(run.state));
    }
    found.into_iter().map(|(members, verdicts)| Batch { members: members.to_vec(), verdicts }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        facts::{HeadSha, Login},
        merge::testing::{approved, job, job_with, pool},
        report::status::description,
    };
    use std::collections::BTreeSet;

    const TIP: &str = "b000000000000000000000000000000000000001";

    fn run(state: ProwJobState) -> Run {
        Run {
            name: "r".into(),
            kind: ProwJobType::Presubmit,
            job: "unit".into(),
            context: "unit".into(),
            branch: "main".into(),
            base: BaseSha::new(TIP),
            members: vec![Member { number: 1, head: HeadSha::new("h1") }],
            state,
            by_pool: false,
            gates: true,
            description: String::new(),
            url: String::new(),
            started: None,
            completed: None,
            expected: None,
        }
    }

    fn counts(run: Run) -> bool {
        let runs = [run];
        let change = approved(1, &[]);
        let tip = BaseSha::new(TIP);
        !alone(&change, &[], &runs_at(&runs, "main", &tip), &tip, &Reporters::Anybody).is_empty()
    }

    #[test]
    fn only_a_run_for_a_cause_on_this_tip_and_head_counts() {
        let green = || run(ProwJobState::Success);
        assert!(counts(green()));
        assert!(!counts(Run { gates: false, ..green() }), "made by hand");
        assert!(!counts(Run { base: BaseSha::new("other"), ..green() }), "on another tip");
        assert!(!counts(Run { branch: "release".into(), ..green() }), "for another branch");
        let members = vec![Member { number: 1, head: HeadSha::new("old") }];
        assert!(!counts(Run { members, ..green() }), "of another head");
    }

    #[test]
    fn a_status_proves_something_only_from_our_account_and_for_this_tip() {
        let tip = BaseSha::new(TIP);
        let proves = |text: &str, creator: Option<&str>, reporters: &Reporters| {
            let mut change = approved(1, &["unit"]);
            change.statuses[0].description = text.into();
            change.statuses[0].creator = creator.map(Login::new);
            let contexts = crate::merge::contexts::on_head(&change.statuses, &[]);
            !alone(&change, &contexts, &[], &tip, reporters).is_empty()
        };
        let ours = Reporters::Only(BTreeSet::from([Login::new("ci-bot")]));
        let earned = description("Job succeeded.", Some(&tip));
        assert!(proves(&earned, Some("ci-bot"), &ours));
        assert!(!proves(&earned, Some("mallory"), &ours) && !proves(&earned, None, &ours));
        assert!(proves(&earned, None, &Reporters::Anybody));
        assert!(proves("Overridden by kim [prow:skip-retest]", Some("ci-bot"), &ours));
        assert!(!proves("Job succeeded.", Some("ci-bot"), &ours), "it does not say on which tip");
    }

    #[test]
    fn required_are_jobs_that_gate_and_run_for_these_files() {
        let docs = job_with("docs", |raw| {
            raw.always_run = None;
            raw.changes.run_if_changed = "^docs/".into();
        });
        let late = job_with("late", |raw| {
            (raw.always_run, raw.run_before_merge, raw.optional) = (Some(false), Some(true), Some(true));
        });
        let manual = job_with("manual", |raw| raw.always_run = Some(false));
        let jobs = [job("unit"), docs, late, manual, job_with("extra", |raw| raw.optional = Some(true))];
        let names = |rules: &ContextRules, files: &[&str]| {
            let files: Vec<String> = files.iter().map(ToString::to_string).collect();
            let required = required(&jobs, rules, "main", &files);
            required.iter().map(|job| job.name().to_owned()).collect::<Vec<_>>()
        };
        let mut rules = ContextRules::default();
        assert_eq!(names(&rules, &["src/a"]), ["unit", "late"]);
        assert_eq!(names(&rules, &["docs/a"]), ["unit", "docs", "late"]);
        rules.require_manual_jobs = true;
        assert_eq!(names(&rules, &[]), ["unit", "late", "manual"]);
    }

    #[test]
    fn another_order_is_another_batch() {
        let pool = pool(&["unit"], &[1, 2]);
        let members: Vec<Member> = pool.changes.iter().map(Change::member).collect();
        let turned = members.iter().rev().cloned().collect();
        let batch = |members, state| Run { kind: ProwJobType::Batch, members, ..run(state) };
        let runs = [batch(members, ProwJobState::Success), batch(turned, ProwJobState::Failure)];
        let found = batches(&runs.iter().collect::<Vec<_>>());
        assert_eq!(
            found.iter().map(|b| b.verdicts["unit"]).collect::<Vec<_>>(),
            [Verdict::Green, Verdict::Red]
        );
    }
}
