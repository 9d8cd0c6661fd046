//! A run as templates see it: with the names that Prow's Go types have, in their order.
//!
//! Pod specs and other parts that belong to another API are not shown: no report needs them.

use crate::{run::Run, text::template::Value};
use api::{
    prow_job::{ProwJobSpec, ProwJobStatus},
    refs::{Pull, Refs},
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

/// The run as data of a template.
pub fn run_data(run: &Run) -> Value {
    let metadata = vec![
        ("Name", Value::text(&run.name)),
        ("Namespace", Value::text(&run.namespace)),
        ("UID", Value::text(&run.uid)),
        ("CreationTimestamp", Value::Time(run.created)),
        ("Labels", Value::texts(&run.labels)),
        ("Annotations", Value::texts(&run.annotations)),
    ];
    // Go's embedded metadata is reached both by its name and without it.
    let mut fields = metadata.clone();
    fields.push(("ObjectMeta", Value::Record(metadata)));
    fields.push(("Spec", spec(&run.spec)));
    fields.push(("Status", status(&run.status)));
    Value::Record(fields)
}

fn spec(spec: &ProwJobSpec) -> Value {
    Value::record([
        ("Type", Value::text(spec.type_.as_str())),
        ("Agent", Value::text(&spec.agent)),
        ("Cluster", Value::text(&spec.cluster)),
        ("Namespace", Value::text(&spec.namespace)),
        ("Job", Value::text(&spec.job)),
        ("Refs", spec.refs.as_ref().map_or(Value::Nil, refs)),
        ("ExtraRefs", Value::List(spec.extra_refs.iter().map(refs).collect())),
        ("Report", Value::Bool(spec.report)),
        ("Context", Value::text(&spec.context)),
        ("RerunCommand", Value::text(&spec.rerun_command)),
        ("MaxConcurrency", Value::Int(spec.max_concurrency.unwrap_or(0))),
        ("ErrorOnEviction", Value::Bool(spec.error_on_eviction)),
        ("Hidden", Value::Bool(spec.hidden)),
        ("JobQueueName", Value::text(&spec.job_queue_name)),
    ])
}

fn status(status: &ProwJobStatus) -> Value {
    let reported = status.prev_report_states.iter();
    Value::record([
        ("StartTime", time(status.start_time.as_ref())),
        ("PendingTime", time(status.pending_time.as_ref())),
        ("CompletionTime", time(status.completion_time.as_ref())),
        ("State", Value::text(status.state.map_or("", api::prow_job::ProwJobState::as_str))),
        ("Description", Value::text(&status.description)),
        ("URL", Value::text(&status.url)),
        ("PodRevivalCount", Value::Int(status.pod_revival_count.unwrap_or(0))),
        ("PodName", Value::text(&status.pod_name)),
        ("BuildID", Value::text(&status.build_id)),
        ("JenkinsBuildID", Value::text(&status.jenkins_build_id)),
        (
            "PrevReportStates",
            Value::Map(reported.map(|(k, v)| (k.clone(), Value::text(v.as_str()))).collect()),
        ),
    ])
}

fn refs(refs: &Refs) -> Value {
    Value::record([
        ("Org", Value::text(&refs.org)),
        ("Repo", Value::text(&refs.repo)),
        ("RepoLink", Value::text(&refs.repo_link)),
        ("BaseRef", Value::text(&refs.base_ref)),
        ("BaseSHA", Value::text(&refs.base_sha)),
        ("BaseLink", Value::text(&refs.base_link)),
        ("Pulls", Value::List(refs.pulls.iter().map(pull).collect())),
        ("PathAlias", Value::text(&refs.path_alias)),
        ("WorkDir", Value::Bool(refs.workdir)),
        ("Auxiliary", Value::Bool(refs.auxiliary)),
        ("CloneURI", Value::text(&refs.clone_uri)),
        ("SkipSubmodules", Value::Bool(refs.skip_submodules)),
        ("CloneDepth", Value::Int(refs.clone_depth.unwrap_or(0))),
        ("SkipFetchHead", Value::Bool(refs.skip_fetch_head)),
        ("BloblessFetch", refs.blobless_fetch.map_or(Value::Nil, Value::Bool)),
        ("SparseCheckoutFiles", Value::List(refs.sparse_checkout_files.iter().map(Value::text).collect())),
    ])
}

fn pull(pull: &Pull) -> Value {
    Value::record([
        ("Number", Value::Int(pull.number)),
        ("Author", Value::text(&pull.author)),
        ("SHA", Value::text(&pull.sha)),
        ("Title", Value::text(&pull.title)),
        ("Ref", Value::text(&pull.ref_)),
        ("HeadRef", Value::text(&pull.head_ref)),
        ("Link", Value::text(&pull.link)),
        ("CommitLink", Value::text(&pull.commit_link)),
        ("AuthorLink", Value::text(&pull.author_link)),
    ])
}

fn time(time: Option<&Time>) -> Value {
    time.map_or(Value::Nil, |time| Value::Time(time.0))
}
