//! From a raw job to one that may run: the defaults that need nothing but the job, and compiled expressions.

use super::problem::{At, Problem};
use crate::{
    job::{Branches, Changes, Postsubmit, Presubmit},
    text::{GoRegex, InvalidRegex},
};
use api::job::{Brancher, ChangeMatcher, JobBase};

/// Checked presubmits of one repository, with the defaults that hold where no installation says otherwise.
///
/// # Errors
/// All that is wrong in any of them.
pub fn presubmits_of(raw: &[api::job::Presubmit]) -> Result<Vec<Presubmit>, Vec<Problem>> {
    all(raw, |job, at, problems| {
        let mut job = job.clone();
        default_presubmit(&mut job);
        presubmit(job, at, problems)
    })
}

/// Checked postsubmits of one repository, with the defaults that hold where no installation says otherwise.
///
/// # Errors
/// All that is wrong in any of them.
pub fn postsubmits_of(raw: &[api::job::Postsubmit]) -> Result<Vec<Postsubmit>, Vec<Problem>> {
    all(raw, |job, at, problems| {
        let mut job = job.clone();
        default_postsubmit(&mut job);
        postsubmit(job, at, problems)
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
    if problems.is_empty() { Ok(jobs) } else { Err(problems) }
}

/// Fills in what a presubmit may leave out.
pub(super) fn default_presubmit(job: &mut api::job::Presubmit) {
    default_base(&mut job.base);
    let name = &job.base.name;
    fill(&mut job.context, name);
    if job.trigger.is_empty() && job.rerun_command.is_empty() {
        // The name goes in as it is, as Prow does: a dot in a name matches any character.
        job.trigger = format!(r"(?m)^/test( | .* ){name},?($|\s.*)");
        job.rerun_command = format!("/test {name}");
    }
}

/// Fills in what a postsubmit may leave out.
pub(super) fn default_postsubmit(job: &mut api::job::Postsubmit) {
    default_base(&mut job.base);
    fill(&mut job.context, &job.base.name);
}

/// Fills in what any job may leave out.
pub(super) fn default_base(base: &mut JobBase) {
    fill(&mut base.agent, "kubernetes");
    fill(&mut base.cluster, "default");
}

fn fill(text: &mut String, default: &str) {
    if text.is_empty() {
        default.clone_into(text);
    }
}

/// Compiles a defaulted presubmit; `None` where one of its expressions is wrong, which `problems` then tell.
pub(super) fn presubmit(
    job: api::job::Presubmit,
    at: &At<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Presubmit> {
    let branches = branches(&job.brancher, at, problems);
    let changes = changes(&job.changes, at, problems);
    let trigger = compiled(&job.trigger, &at.field("trigger"), problems);
    Some(Presubmit::new(job, branches?, changes?, trigger?))
}

/// Compiles a defaulted postsubmit; `None` where one of its expressions is wrong, which `problems` then tell.
pub(super) fn postsubmit(
    job: api::job::Postsubmit,
    at: &At<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Postsubmit> {
    let branches = branches(&job.brancher, at, problems);
    let changes = changes(&job.changes, at, problems);
    Some(Postsubmit::new(job, branches?, changes?))
}

fn branches(raw: &Brancher, at: &At<'_>, problems: &mut Vec<Problem>) -> Option<Branches> {
    let before = problems.len();
    for (field, list) in [("branches", &raw.branches), ("skip_branches", &raw.skip_branches)] {
        let at = at.field(field);
        for (i, entry) in list.iter().enumerate() {
            compiled(entry, &at.index(i), problems);
        }
    }
    if problems.len() > before {
        return None;
    }
    // Each entry is an expression, so the lists are; what is left is their size.
    told(Branches::new(raw), &at.field("branches"), problems)
}

fn changes(raw: &ChangeMatcher, at: &At<'_>, problems: &mut Vec<Problem>) -> Option<Option<Changes>> {
    let field = if raw.run_if_changed.is_empty() { "skip_if_only_changed" } else { "run_if_changed" };
    told(Changes::new(raw), &at.field(field), problems)
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
}
