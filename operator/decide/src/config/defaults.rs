//! What a job may leave out (spec jobs-and-runs 1.2-1.4, 1.7): filled in before anything is checked.

use super::{
    decoration, entries,
    problem::{At, Problem},
    rules::JobRules,
};
use api::{
    decoration::DecorationConfig,
    job::{JobBase, Periodic, Postsubmit, Presubmit},
};

/// The tenant of jobs that name none.
const TENANT: &str = "GlobalDefaultID";

/// Fills in a presubmit of a repository.
pub(super) fn presubmit(
    job: &mut Presubmit,
    repo: &str,
    rules: &JobRules,
    at: &At<'_>,
    problems: &mut Vec<Problem>,
) {
    base(&mut job.base, repo, rules, at, problems);
    job.always_run.get_or_insert(false);
    fill(&mut job.context, &job.base.name);
    if job.trigger.is_empty() && job.rerun_command.is_empty() {
        let name = &job.base.name;
        // The name goes in as it is, as Prow does: a dot in a name matches any character.
        job.trigger = format!(r"(?m)^/test( | .* ){name},?($|\s.*)");
        job.rerun_command = format!("/test {name}");
    }
}

/// Fills in a postsubmit of a repository.
pub(super) fn postsubmit(
    job: &mut Postsubmit,
    repo: &str,
    rules: &JobRules,
    at: &At<'_>,
    problems: &mut Vec<Problem>,
) {
    base(&mut job.base, repo, rules, at, problems);
    fill(&mut job.context, &job.base.name);
}

/// Fills in a periodic.
pub(super) fn periodic(job: &mut Periodic, rules: &JobRules, at: &At<'_>, problems: &mut Vec<Problem>) {
    let repo = repo_of(&job.base);
    base(&mut job.base, &repo, rules, at, problems);
}

/// The repository whose defaults a periodic takes: the first of its `extra_refs`; empty where there is none.
pub(super) fn repo_of(job: &JobBase) -> String {
    job.extra_refs.first().map_or_else(String::new, |refs| format!("{}/{}", refs.org, refs.repo))
}

fn base(job: &mut JobBase, repo: &str, rules: &JobRules, at: &At<'_>, problems: &mut Vec<Problem>) {
    fill(&mut job.agent, "kubernetes");
    fill(&mut job.cluster, "default");
    let pods = rules.pod_namespace(&job.cluster);
    if !pods.is_empty() && job.namespace.as_ref().is_none_or(String::is_empty) {
        job.namespace = Some(pods.to_owned());
    }
    decorate(job, repo, rules, at, problems);
    let defaults = job.prowjob_defaults.get_or_insert_default();
    let entries: Vec<_> = entries::matching(&rules.prow_job_defaults, repo, &job.cluster).collect();
    for entry in entries.into_iter().rev() {
        decoration::fill_prow_job_defaults(defaults, entry);
    }
    fill(&mut defaults.tenant_id, TENANT);
}

/// Merges the defaults of decoration into a decorated job. In Prow `decorate: false` beside a decoration_config still
/// decorates, without the defaults; here false means no decoration (docs/differences-from-prow.md).
fn decorate(job: &mut JobBase, repo: &str, rules: &JobRules, at: &At<'_>, problems: &mut Vec<Problem>) {
    if job.decorate == Some(false) && job.decoration_config.take().is_some() {
        let message = "has no effect beside decorate: false";
        problems.push(Problem::warning(&at.field("decoration_config"), message));
    }
    if !*job.decorate.get_or_insert(rules.decorate_all) {
        return;
    }
    let config = job.decoration_config.get_or_insert_default();
    merge(config, repo, &job.cluster, rules);
}

fn merge(config: &mut DecorationConfig, repo: &str, cluster: &str, rules: &JobRules) {
    // The last entry that speaks wins, so it fills first.
    let entries: Vec<_> = entries::matching(&rules.decoration, repo, cluster).collect();
    for entry in entries.into_iter().rev() {
        decoration::fill(config, entry);
    }
}

fn fill(text: &mut String, default: &str) {
    if text.is_empty() {
        default.clone_into(text);
    }
}
