//! From a raw job to one that may run: defaults, presets, checks, compiled expressions, in this order.

use super::{
    check, defaults, preset,
    problem::{At, Problem, any_error},
    rules::JobRules,
};
use crate::{
    job::{Branches, Changes, Periodic, Postsubmit, Presubmit, Retry, When},
    schedule::Cron,
    text::{GoRegex, InvalidRegex},
};
use api::{
    duration::GoDuration,
    job::{Brancher, ChangeMatcher, JobBase, Preset},
    prow_job::ProwJobType,
};

/// Presubmits of one repository with the defaults that hold where nobody says otherwise. Their expressions are
/// checked; their pods are not looked at.
///
/// # Errors
/// All that is wrong in any of them.
pub fn presubmits_of(raw: &[api::job::Presubmit]) -> Result<Vec<Presubmit>, Vec<Problem>> {
    all(raw, |job, at, problems| {
        let mut job = job.clone();
        defaults::presubmit(&mut job, "", &JobRules::default(), at, problems);
        compile_presubmit(job, at, problems)
    })
}

/// Postsubmits of one repository with the defaults that hold where nobody says otherwise. Their expressions are
/// checked; their pods are not looked at.
///
/// # Errors
/// All that is wrong in any of them.
pub fn postsubmits_of(raw: &[api::job::Postsubmit]) -> Result<Vec<Postsubmit>, Vec<Problem>> {
    all(raw, |job, at, problems| {
        let mut job = job.clone();
        defaults::postsubmit(&mut job, "", &JobRules::default(), at, problems);
        compile_postsubmit(job, at, problems)
    })
}

/// Periodics with the defaults that hold where nobody says otherwise. Their times are checked; their pods are not looked
/// at.
///
/// # Errors
/// All that is wrong in any of them.
pub fn periodics_of(raw: &[api::job::Periodic]) -> Result<Vec<Periodic>, Vec<Problem>> {
    all(raw, |job, at, problems| {
        let mut job = job.clone();
        defaults::periodic(&mut job, &JobRules::default(), at, problems);
        compile_periodic(job, at, problems)
    })
}

fn all<R, J>(
    raw: &[R],
    one: impl Fn(&R, &At<'_>, &mut Vec<Problem>) -> Option<J>,
) -> Result<Vec<J>, Vec<Problem>> {
    let root = At::root("");
    let mut problems = Vec::new();
    let jobs: Vec<J> =
        raw.iter().enumerate().filter_map(|(i, job)| one(job, &root.index(i), &mut problems)).collect();
    if any_error(&problems) { Err(problems) } else { Ok(jobs) }
}

/// What a job is compiled with.
pub(super) struct Surroundings<'a> {
    /// The repository it is for; `None`: a periodic, which takes the rules of the first of its `extra_refs`.
    pub repo: Option<&'a str>,
    /// The rules of a repository.
    pub rules: &'a dyn Fn(&str) -> &'a JobRules,
    /// The presets of files and objects that may apply, beside those of the rules.
    pub presets: &'a [&'a Preset],
}

impl<'a> Surroundings<'a> {
    fn repo_of(&self, job: &JobBase) -> String {
        self.repo.map_or_else(|| defaults::repo_of(job), str::to_owned)
    }

    fn presets_of(&self, job: &JobBase) -> Vec<&'a Preset> {
        (self.rules)(&self.repo_of(job)).presets.iter().chain(self.presets.iter().copied()).collect()
    }

    /// The job's `preset-*` labels that select no preset.
    pub(super) fn unanswered_presets(&self, job: &JobBase) -> Vec<String> {
        preset::unanswered(&job.labels, &self.presets_of(job))
    }
}

/// A presubmit; `None` where it is wrong, which `problems` then tell.
pub(super) fn presubmit(
    mut job: api::job::Presubmit,
    around: &Surroundings<'_>,
    at: &At<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Presubmit> {
    let before = problems.len();
    let repo = around.repo_of(&job.base);
    let rules = (around.rules)(&repo);
    defaults::presubmit(&mut job, &repo, rules, at, problems);
    let presets = around.presets_of(&job.base);
    preset::apply(&mut job.base, &presets, at, problems);
    check::base(&job.base, ProwJobType::Presubmit, rules, at, problems);
    check::changes(job.always_run == Some(true), &job.changes, at, problems);
    check::reporting(&job.base, &job.context, job.skip_report == Some(true), at, problems);
    let compiled = compile_presubmit(job, at, problems);
    compiled.filter(|_| !any_error_since(problems, before))
}

/// A postsubmit; `None` where it is wrong, which `problems` then tell.
pub(super) fn postsubmit(
    mut job: api::job::Postsubmit,
    around: &Surroundings<'_>,
    at: &At<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Postsubmit> {
    let before = problems.len();
    let repo = around.repo_of(&job.base);
    let rules = (around.rules)(&repo);
    defaults::postsubmit(&mut job, &repo, rules, at, problems);
    let presets = around.presets_of(&job.base);
    preset::apply(&mut job.base, &presets, at, problems);
    check::base(&job.base, ProwJobType::Postsubmit, rules, at, problems);
    check::changes(job.always_run == Some(true), &job.changes, at, problems);
    check::reporting(&job.base, &job.context, job.skip_report == Some(true), at, problems);
    let compiled = compile_postsubmit(job, at, problems);
    compiled.filter(|_| !any_error_since(problems, before))
}

/// A periodic; `None` where it is wrong, which `problems` then tell.
pub(super) fn periodic(
    mut job: api::job::Periodic,
    around: &Surroundings<'_>,
    at: &At<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Periodic> {
    let before = problems.len();
    let repo = around.repo_of(&job.base);
    let rules = (around.rules)(&repo);
    defaults::periodic(&mut job, rules, at, problems);
    let presets = around.presets_of(&job.base);
    preset::apply(&mut job.base, &presets, at, problems);
    check::base(&job.base, ProwJobType::Periodic, rules, at, problems);
    let compiled = compile_periodic(job, at, problems);
    compiled.filter(|_| !any_error_since(problems, before))
}

fn any_error_since(problems: &[Problem], before: usize) -> bool {
    problems.iter().skip(before).any(Problem::is_error)
}

/// Something is wrong, and the problems tell what.
struct Told;

fn compile_presubmit(
    job: api::job::Presubmit,
    at: &At<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Presubmit> {
    let branches = branches(&job.brancher, at, problems);
    let changes = changes(&job.changes, at, problems);
    let trigger = trigger(&job, at, problems);
    Some(Presubmit::new(job, branches?, changes.ok()?, trigger?))
}

fn compile_postsubmit(
    job: api::job::Postsubmit,
    at: &At<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Postsubmit> {
    let branches = branches(&job.brancher, at, problems);
    let changes = changes(&job.changes, at, problems);
    Some(Postsubmit::new(job, branches?, changes.ok()?))
}

fn compile_periodic(job: api::job::Periodic, at: &At<'_>, problems: &mut Vec<Problem>) -> Option<Periodic> {
    let when = when(&job, at, problems);
    let retry = retry(&job, at, problems);
    Some(Periodic::new(job, when?, retry.ok()?))
}

fn trigger(job: &api::job::Presubmit, at: &At<'_>, problems: &mut Vec<Problem>) -> Option<GoRegex> {
    let at_trigger = at.field("trigger");
    if job.trigger.is_empty() || job.rerun_command.is_empty() {
        let message = "trigger and rerun_command belong together: set both, or neither";
        problems.push(Problem::error(&at_trigger, message));
        return None;
    }
    let trigger = compiled(&job.trigger, &at_trigger, problems)?;
    if !trigger.is_match(&job.rerun_command) {
        let message = format!("{:?} does not match trigger {:?}", job.rerun_command, job.trigger);
        problems.push(Problem::error(&at.field("rerun_command"), message));
        return None;
    }
    Some(trigger)
}

fn branches(raw: &Brancher, at: &At<'_>, problems: &mut Vec<Problem>) -> Option<Branches> {
    let before = problems.len();
    for (field, list) in [("branches", &raw.branches), ("skip_branches", &raw.skip_branches)] {
        let at = at.field(field);
        for (i, entry) in list.iter().enumerate() {
            compiled(entry, &at.index(i), problems);
        }
    }
    if any_error_since(problems, before) {
        return None;
    }
    // Each entry is an expression, so the lists are; what is left is their size.
    told(Branches::new(raw), &at.field("branches"), problems)
}

/// The change expression, if one is given; an error where it is wrong, which `problems` then tell.
fn changes(raw: &ChangeMatcher, at: &At<'_>, problems: &mut Vec<Problem>) -> Result<Option<Changes>, Told> {
    let field = if raw.run_if_changed.is_empty() { "skip_if_only_changed" } else { "run_if_changed" };
    told(Changes::new(raw), &at.field(field), problems).ok_or(Told)
}

fn when(job: &api::job::Periodic, at: &At<'_>, problems: &mut Vec<Problem>) -> Option<When> {
    match (job.cron.as_str(), job.interval.as_str(), job.minimum_interval.as_str()) {
        ("", "", "") => {
            let message = "a periodic needs one of cron, interval and minimum_interval";
            problems.push(Problem::error(at, message));
            None
        }
        (cron, "", "") => match cron.parse::<Cron>() {
            Ok(cron) => Some(When::Cron(cron)),
            Err(e) => {
                problems.push(Problem::error(&at.field("cron"), e.to_string()));
                None
            }
        },
        ("", interval, "") => {
            let at = at.field("interval");
            let interval = duration(interval, &at, problems)?;
            if interval.as_nanos() <= 0 {
                problems
                    .push(Problem::warning(&at, "without a pause a run starts as soon as the last one ends"));
            }
            Some(When::Interval(interval))
        }
        ("", "", pause) => duration(pause, &at.field("minimum_interval"), problems).map(When::AfterEnd),
        _ => {
            let message = "cron, interval and minimum_interval exclude each other: choose one";
            problems.push(Problem::error(at, message));
            None
        }
    }
}

/// The retry, if one is given; an error where it is wrong, which `problems` then tell.
fn retry(job: &api::job::Periodic, at: &At<'_>, problems: &mut Vec<Problem>) -> Result<Option<Retry>, Told> {
    let Some(raw) = &job.retry else { return Ok(None) };
    let interval = duration(&raw.interval, &at.field("retry").field("interval"), problems).ok_or(Told)?;
    let attempts = u32::try_from(raw.attempts.unwrap_or(0)).unwrap_or(0);
    Ok(Some(Retry { run_all: raw.run_all == Some(true), attempts, interval }))
}

fn duration(text: &str, at: &At<'_>, problems: &mut Vec<Problem>) -> Option<GoDuration> {
    text.parse()
        .map_err(|e: api::duration::NotADuration| problems.push(Problem::error(at, e.to_string())))
        .ok()
}

fn compiled(expression: &str, at: &At<'_>, problems: &mut Vec<Problem>) -> Option<GoRegex> {
    told(GoRegex::new(expression), at, problems)
}

fn told<T>(result: Result<T, InvalidRegex>, at: &At<'_>, problems: &mut Vec<Problem>) -> Option<T> {
    result.map_err(|invalid| problems.push(Problem::error(at, invalid.to_string()))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(name: &str) -> api::job::Presubmit {
        api::job::Presubmit {
            base: JobBase { name: name.into(), ..JobBase::default() },
            ..api::job::Presubmit::default()
        }
    }

    #[test]
    fn a_presubmit_is_started_by_its_name_and_reports_under_it() {
        let jobs = presubmits_of(&[job("unit")]).unwrap();
        assert_eq!((jobs[0].context(), jobs[0].raw().rerun_command.as_str()), ("unit", "/test unit"));
        assert!(
            jobs[0].trigger().is_match("/test lint unit") && !jobs[0].trigger().is_match("/test unittest")
        );
    }

    #[test]
    fn every_wrong_expression_is_named_with_its_path() {
        let mut wrong = job("unit");
        wrong.brancher.branches = vec!["(main".into(), "dev)".into()];
        wrong.changes.run_if_changed = "[".into();
        let problems = presubmits_of(&[job("lint"), wrong]).unwrap_err();
        let paths: Vec<&str> = problems.iter().map(|p| p.path.as_str()).collect();
        assert_eq!(paths, ["[1].branches[0]", "[1].branches[1]", "[1].run_if_changed"]);
    }

    #[test]
    fn a_command_that_does_not_start_its_job_is_refused() {
        let mut wrong = job("unit");
        wrong.trigger = "(?m)^/go$".into();
        wrong.rerun_command = "/went".into();
        assert_eq!(
            presubmits_of(&[wrong]).unwrap_err()[0].to_string(),
            r#"[0].rerun_command: "/went" does not match trigger "(?m)^/go$""#
        );
    }

    #[test]
    fn a_retry_has_an_interval_of_its_own() {
        let raw = api::job::Periodic {
            base: JobBase { name: "nightly".into(), ..JobBase::default() },
            interval: "24h".into(),
            retry: Some(api::job::Retry { attempts: Some(3), interval: "10m".into(), run_all: None }),
            ..api::job::Periodic::default()
        };
        let job = periodics_of(&[raw]).unwrap().remove(0);
        assert_eq!(job.when(), &When::Interval(GoDuration::from_secs(86_400)));
        assert_eq!(job.retry().map(|r| r.interval), Some(GoDuration::from_secs(600)));
    }
}
