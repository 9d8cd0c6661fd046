//! From a job, what it tests and why, to the run that tests it (spec jobs-and-runs 3.8, 4.1 to 4.4).
//!
//! The run's name and times are not decided here: the name follows from the trigger key (DESIGN R1).

use super::{Periodic, Postsubmit, Presubmit, labels};
use api::{
    job::{JobBase, ReporterConfig},
    keys,
    prow_job::{ProwJobSpec, ProwJobState, ProwJobStatus, ProwJobType},
    refs::{Pull, Refs},
};
use std::collections::BTreeMap;

/// A run that is to be created: a ProwJob without name and times.
#[derive(Clone, Debug, PartialEq)]
pub struct NewRun {
    /// By which people and tools find it.
    pub labels: BTreeMap<String, String>,
    /// Full names, and the job's own annotations.
    pub annotations: BTreeMap<String, String>,
    /// What to run.
    pub spec: ProwJobSpec,
    /// `triggered`.
    pub status: ProwJobStatus,
}

/// The spec of a run of a presubmit on one pull request.
pub fn presubmit_spec(job: &Presubmit, refs: Refs) -> ProwJobSpec {
    let job = job.raw();
    ProwJobSpec {
        context: job.context.clone(),
        rerun_command: job.rerun_command.clone(),
        report: !job.skip_report.unwrap_or(false),
        jenkins_spec: job.jenkins_spec.clone(),
        refs: Some(tested(refs, &job.base)),
        ..base_spec(&job.base, ProwJobType::Presubmit)
    }
}

/// The spec of a run of a presubmit on several pull requests together, for the merge pool. It reports nothing.
pub fn batch_spec(job: &Presubmit, refs: Refs) -> ProwJobSpec {
    let job = job.raw();
    ProwJobSpec {
        context: job.context.clone(),
        jenkins_spec: job.jenkins_spec.clone(),
        refs: Some(tested(refs, &job.base)),
        ..base_spec(&job.base, ProwJobType::Batch)
    }
}

/// The spec of a run of a postsubmit on a pushed commit.
pub fn postsubmit_spec(job: &Postsubmit, refs: Refs) -> ProwJobSpec {
    let job = job.raw();
    ProwJobSpec {
        context: job.context.clone(),
        report: !job.skip_report.unwrap_or(false),
        jenkins_spec: job.jenkins_spec.clone(),
        refs: Some(tested(refs, &job.base)),
        ..base_spec(&job.base, ProwJobType::Postsubmit)
    }
}

/// The spec of a run of a periodic.
pub fn periodic_spec(job: &Periodic) -> ProwJobSpec {
    ProwJobSpec { report: true, ..base_spec(&job.raw().base, ProwJobType::Periodic) }
}

/// A run of a spec. `extra_labels`: the job's labels and those of the cause; `annotations`: the job's.
pub fn new_run(
    spec: ProwJobSpec,
    extra_labels: &BTreeMap<String, String>,
    annotations: &BTreeMap<String, String>,
) -> NewRun {
    NewRun {
        labels: labels::labels(&spec, extra_labels),
        annotations: labels::annotations(&spec, annotations),
        spec,
        status: ProwJobStatus { state: Some(ProwJobState::Triggered), ..ProwJobStatus::default() },
    }
}

/// A run of a presubmit on a pull request. `cause`: labels of what caused it, such as the delivery.
pub fn presubmit_run(job: &Presubmit, refs: Refs, cause: &BTreeMap<String, String>) -> NewRun {
    let base = &job.raw().base;
    let mut extra = base.labels.clone();
    extra.extend(cause.clone());
    extra.insert(keys::IS_OPTIONAL.to_owned(), job.optional().to_string());
    new_run(presubmit_spec(job, refs), &extra, &base.annotations)
}

/// What a presubmit tests on a pull request, as GitHub describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PullRequestRefs<'a> {
    /// Owner of the base repository.
    pub org: &'a str,
    /// Name of the base repository.
    pub repo: &'a str,
    /// Page of the base repository.
    pub repo_link: &'a str,
    /// Branch that it is to be merged into.
    pub base_ref: &'a str,
    /// Head of that branch now.
    pub base_sha: &'a str,
    /// Its number.
    pub number: i64,
    /// Its author.
    pub author: &'a str,
    /// The author's page.
    pub author_link: &'a str,
    /// Its head.
    pub head_sha: &'a str,
    /// The branch it comes from.
    pub head_ref: &'a str,
    /// Its title.
    pub title: &'a str,
    /// Its page.
    pub link: &'a str,
}

impl PullRequestRefs<'_> {
    /// As refs of a run (spec jobs-and-runs 3.8).
    pub fn refs(&self) -> Refs {
        Refs {
            org: self.org.to_owned(),
            repo: self.repo.to_owned(),
            repo_link: self.repo_link.to_owned(),
            base_ref: self.base_ref.to_owned(),
            base_sha: self.base_sha.to_owned(),
            base_link: format!("{}/commit/{}", self.repo_link, self.base_sha),
            pulls: vec![Pull {
                number: self.number,
                author: self.author.to_owned(),
                sha: self.head_sha.to_owned(),
                title: self.title.to_owned(),
                ref_: String::new(),
                head_ref: self.head_ref.to_owned(),
                link: self.link.to_owned(),
                commit_link: format!("{}/pull/{}/commits/{}", self.repo_link, self.number, self.head_sha),
                author_link: self.author_link.to_owned(),
            }],
            ..Refs::default()
        }
    }
}

fn base_spec(job: &JobBase, type_: ProwJobType) -> ProwJobSpec {
    ProwJobSpec {
        type_,
        agent: job.agent.clone(),
        cluster: job.cluster.clone(),
        namespace: job.namespace.clone().unwrap_or_default(),
        job: job.name.clone(),
        refs: None,
        extra_refs: job.extra_refs.iter().cloned().map(|refs| with_blobless(refs, job)).collect(),
        report: false,
        context: String::new(),
        rerun_command: String::new(),
        max_concurrency: job.max_concurrency.filter(|max| *max != 0),
        error_on_eviction: job.error_on_eviction.unwrap_or(false),
        pod_spec: job.spec.clone(),
        jenkins_spec: None,
        pipeline_run_spec: job.pipeline_run_spec.clone(),
        tekton_pipeline_run_spec: job.tekton_pipeline_run_spec.clone(),
        decoration_config: job.decoration_config.clone(),
        reporter_config: job.reporter_config.clone().map(with_slack_decided),
        rerun_auth_config: job.rerun_auth_config.clone(),
        hidden: job.hidden.unwrap_or(false),
        prowjob_defaults: job.prowjob_defaults.clone(),
        job_queue_name: job.job_queue_name.clone(),
    }
}

/// The main refs with what the job says about cloning them.
fn tested(mut refs: Refs, job: &JobBase) -> Refs {
    for (own, of_job) in [(&mut refs.path_alias, &job.path_alias), (&mut refs.clone_uri, &job.clone_uri)] {
        if !of_job.is_empty() {
            own.clone_from(of_job);
        }
    }
    refs.skip_submodules |= job.skip_submodules.unwrap_or(false);
    refs.skip_fetch_head |= job.skip_fetch_head.unwrap_or(false);
    if let Some(depth) = job.clone_depth.filter(|depth| *depth != 0) {
        refs.clone_depth = Some(depth);
    }
    let sparse = job.decoration_config.as_ref().and_then(|d| d.sparse_checkout_files.as_ref());
    if let Some(files) = sparse.filter(|files| !files.is_empty()) {
        refs.sparse_checkout_files.clone_from(files);
    }
    with_blobless(refs, job)
}

fn with_blobless(mut refs: Refs, job: &JobBase) -> Refs {
    let default = job.decoration_config.as_ref().and_then(|d| d.blobless_fetch);
    refs.blobless_fetch = refs.blobless_fetch.or(default);
    refs
}

/// An empty list of states means never; it would not survive being written, so the answer is written instead.
fn with_slack_decided(mut config: ReporterConfig) -> ReporterConfig {
    if let Some(slack) = &mut config.slack {
        let states = slack.job_states_to_report.take();
        slack.report = slack.report.or(Some(!states.as_ref().is_some_and(Vec::is_empty)));
        slack.job_states_to_report = states.filter(|states| !states.is_empty());
    }
    config
}
