//! What may be wrong in one job, after defaults and presets (spec jobs-and-runs 1.2-1.9).
//!
//! Each check tells everything it finds. What concerns several jobs is in `set`.

mod decoration;
mod name;
mod pod;
mod tekton;
mod uri;

use super::{
    problem::{At, Problem},
    rules::JobRules,
};
use api::{
    job::{ChangeMatcher, JobBase, RerunAuthConfig},
    keys,
    prow_job::ProwJobType,
    refs::Refs,
};
use k8s_openapi::api::core::v1::PodSpec;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Who can carry out a run.
const KUBERNETES: &str = "kubernetes";
const JENKINS: &str = "jenkins";
const TEKTON: &str = "tekton-pipeline";

/// Labels that the operator sets on every pod.
const RESERVED_LABELS: [&str; 3] = [keys::TYPE, keys::CREATED_BY_PROW, keys::ID];

/// Checks what all types of jobs have in common.
pub(super) fn base(
    job: &JobBase,
    kind: ProwJobType,
    rules: &JobRules,
    at: &At<'_>,
    problems: &mut Vec<Problem>,
) {
    if !name::is_job_name(&job.name, job.agent == JENKINS) {
        let message = format!("{:?} is no job name: use letters, digits, '-', '.' and '_'", job.name);
        problems.push(Problem::error(&at.field("name"), message));
    }
    if job.name.len() > keys::LABEL_VALUE_MAX {
        let message = format!("is longer than {} bytes, and is cut in labels", keys::LABEL_VALUE_MAX);
        problems.push(Problem::warning(&at.field("name"), message));
    }
    if job.max_concurrency.is_some_and(|n| n < 0) {
        problems.push(Problem::error(&at.field("max_concurrency"), "must not be negative; 0 is any number"));
    }
    if !job.job_queue_name.is_empty() && !rules.queues.contains_key(&job.job_queue_name) {
        let message = format!("there is no queue {:?} in the installation's settings", job.job_queue_name);
        problems.push(Problem::error(&at.field("job_queue_name"), message));
    }
    agent(job, rules, at, problems);
    pipeline(job, kind, at, problems);
    labels(job, at, problems);
    rules.check_limits(job, at, problems);
    spec(job, kind, at, problems);
}

fn agent(job: &JobBase, rules: &JobRules, at: &At<'_>, problems: &mut Vec<Problem>) {
    let agent = job.agent.as_str();
    if ![KUBERNETES, JENKINS, TEKTON].contains(&agent) {
        let message =
            format!("{agent:?} is not an agent that is known here; its jobs are left to it unchecked");
        problems.push(Problem::warning(&at.field("agent"), message));
        return;
    }
    let mut only_for = |wanted: &str, field: &str, given: bool| {
        if given && agent != wanted {
            let message = format!("only agent {wanted} has this, and the job's agent is {agent}");
            problems.push(Problem::error(&at.field(field), message));
        }
    };
    only_for(KUBERNETES, "spec", job.spec.is_some());
    only_for(TEKTON, "pipeline_run_spec", pipeline_run_spec(job).is_some());
    only_for(KUBERNETES, "decoration_config", job.decoration_config.is_some());
    only_for(KUBERNETES, "error_on_eviction", job.error_on_eviction == Some(true));
    if agent == KUBERNETES && job.spec.is_none() {
        problems.push(Problem::error(&at.field("spec"), "a job needs a pod spec"));
    }
    if agent == TEKTON && pipeline_run_spec(job).is_none() {
        let message = "a job of agent tekton-pipeline needs a pipeline_run_spec";
        problems.push(Problem::error(&at.field("pipeline_run_spec"), message));
    }
    let pods = rules.pod_namespace(&job.cluster);
    let elsewhere = job.namespace.as_deref().is_some_and(|given| !given.is_empty() && given != pods);
    if elsewhere && agent != TEKTON {
        let message = format!("runs of cluster {:?} are in namespace {pods:?}: leave this out", job.cluster);
        problems.push(Problem::error(&at.field("namespace"), message));
    }
}

/// The PipelineRunSpec that counts: of the version where there is one.
fn pipeline_run_spec(job: &JobBase) -> Option<&Map<String, Value>> {
    let versioned = job.tekton_pipeline_run_spec.as_ref().and_then(|versions| versions.get("v1beta1"));
    versioned.and_then(Value::as_object).or(job.pipeline_run_spec.as_ref())
}

fn pipeline(job: &JobBase, kind: ProwJobType, at: &At<'_>, problems: &mut Vec<Problem>) {
    if let Some(spec) = pipeline_run_spec(job) {
        let at = at.field("pipeline_run_spec");
        tekton::check(spec, job.extra_refs.len(), kind == ProwJobType::Periodic, &at, problems);
    }
}

fn labels(job: &JobBase, at: &At<'_>, problems: &mut Vec<Problem>) {
    let keys = |map: &BTreeMap<String, String>, at: &At<'_>, problems: &mut Vec<Problem>| {
        for key in map.keys().filter(|key| !name::is_qualified_name(key)) {
            let message = "is no key that Kubernetes takes: use letters, digits, '-', '_', '.', at most 63";
            problems.push(Problem::error(&at.field(key), message));
        }
    };
    keys(&job.annotations, &at.field("annotations"), problems);
    let at = at.field("labels");
    keys(&job.labels, &at, problems);
    for (key, value) in &job.labels {
        if RESERVED_LABELS.contains(&key.as_str()) {
            problems
                .push(Problem::error(&at.field(key), "is set by the operator and cannot be set in a job"));
        }
        if !name::is_label_value(value) {
            let message = format!(
                "{value:?} is no value that Kubernetes takes: use letters, digits, '-', '_', '.', at most 63"
            );
            problems.push(Problem::error(&at.field(key), message));
        }
    }
}

fn spec(job: &JobBase, kind: ProwJobType, at: &At<'_>, problems: &mut Vec<Problem>) {
    let Some(spec) = &job.spec else { return };
    let at_spec = at.field("spec");
    let pod: PodSpec = match serde_json::from_value(Value::Object(spec.clone())) {
        Ok(pod) => pod,
        Err(e) => {
            problems.push(Problem::error(&at_spec, format!("is no pod spec: {e}")));
            return;
        }
    };
    let decoration = job.decoration_config.as_ref();
    pod::check(&pod, decoration, kind, &at_spec, problems);
    // As in Prow, what follows is about pods: without a container there is none.
    if pod.containers.is_empty() {
        return;
    }
    if let Some(config) = decoration {
        decoration::check(config, at, problems);
        let at = at_spec.field("containers");
        for (i, container) in pod.containers.iter().enumerate() {
            decoration::check_container(container, &at.index(i), problems);
        }
    }
    clone_uris(job, at, problems);
    if let Some(rerun) = &job.rerun_auth_config {
        rerun_auth(rerun, &at.field("rerun_auth_config"), problems);
    }
}

fn clone_uris(job: &JobBase, at: &At<'_>, problems: &mut Vec<Problem>) {
    let with_token = job.decoration_config.as_ref().is_some_and(|c| c.oauth_token_secret.is_some());
    let mut check = |uri: &str, at: &At<'_>, own: bool| {
        if uri.is_empty() {
            return;
        }
        // What an SSH address has before its host is not part of a URI.
        let after_user = uri.split_once('@').map_or(uri, |(_, rest)| rest);
        match uri::scheme(after_user) {
            Err(wrong) => {
                problems.push(Problem::error(at, format!("{uri:?} is no URI: {wrong}")));
            }
            Ok(scheme) if own && with_token && scheme != "http" && scheme != "https" => {
                let message = "must begin with https:// (or http://) where a token clones";
                problems.push(Problem::error(at, message));
            }
            Ok(_) => {}
        }
    };
    check(&job.clone_uri, &at.field("clone_uri"), true);
    let at = at.field("extra_refs");
    for (i, Refs { clone_uri, .. }) in job.extra_refs.iter().enumerate() {
        check(clone_uri, &at.index(i).field("clone_uri"), false);
    }
}

fn rerun_auth(config: &RerunAuthConfig, at: &At<'_>, problems: &mut Vec<Problem>) {
    let lists = config.github_team_ids.is_empty()
        && config.github_team_slugs.is_empty()
        && config.github_users.is_empty()
        && config.github_orgs.is_empty();
    if config.allow_anyone == Some(true) && !lists {
        let message = "allow_anyone says everything: leave out the lists, or allow_anyone";
        problems.push(Problem::error(at, message));
    }
}

/// Checks that at most one thing decides whether a job runs.
pub(super) fn changes(always: bool, changes: &ChangeMatcher, at: &At<'_>, problems: &mut Vec<Problem>) {
    let given = [
        ("run_if_changed", &changes.run_if_changed),
        ("skip_if_only_changed", &changes.skip_if_only_changed),
    ];
    if given.iter().all(|(_, expression)| !expression.is_empty()) {
        let message = "run_if_changed and skip_if_only_changed exclude each other: choose one";
        problems.push(Problem::error(at, message));
    }
    for (field, _) in given.iter().filter(|(_, expression)| always && !expression.is_empty()) {
        let message = "has no meaning beside always_run: true: choose one";
        problems.push(Problem::error(&at.field(field), message));
    }
}

/// Checks that a job that reports can, and that one that does not is not asked to elsewhere.
pub(super) fn reporting(
    job: &JobBase,
    context: &str,
    skip_report: bool,
    at: &At<'_>,
    problems: &mut Vec<Problem>,
) {
    if !skip_report && context.is_empty() {
        problems.push(Problem::error(&at.field("context"), "a job that reports needs a context"));
    }
    let gerrit = job.labels.get(keys::GERRIT_REPORT_LABEL).is_some_and(|label| !label.is_empty());
    if skip_report && gerrit {
        let message = format!("label {} asks for a report, skip_report for none", keys::GERRIT_REPORT_LABEL);
        problems.push(Problem::error(&at.field("skip_report"), message));
    }
}
