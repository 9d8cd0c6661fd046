//! A run as templates see it: with the names that Prow's Go types have, in their order.
//!
//! Pod specs and other parts that belong to another API are not shown: no report needs them.

use super::template::Data;
use crate::run::Run;
use api::{
    prow_job::{ProwJobSpec, ProwJobStatus},
    refs::{Pull, Refs},
};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

/// The run as data of a template.
pub fn run_data(run: &Run) -> Data {
    let metadata = vec![
        ("Name", Data::text(&run.name)),
        ("Namespace", Data::text(&run.namespace)),
        ("UID", Data::text(&run.uid)),
        ("CreationTimestamp", timestamp(run.created)),
        ("Labels", Data::texts(&run.labels)),
        ("Annotations", Data::texts(&run.annotations)),
    ];
    // Go's embedded metadata is reached both by its name and without it.
    let mut fields = metadata.clone();
    fields.push(("ObjectMeta", Data::Record(metadata)));
    fields.push(("Spec", spec(&run.spec)));
    fields.push(("Status", status(&run.status)));
    Data::Record(fields)
}

fn spec(spec: &ProwJobSpec) -> Data {
    Data::Record(vec![
        ("Type", Data::text(spec.type_.as_str())),
        ("Agent", Data::text(&spec.agent)),
        ("Cluster", Data::text(&spec.cluster)),
        ("Namespace", Data::text(&spec.namespace)),
        ("Job", Data::text(&spec.job)),
        ("Refs", spec.refs.as_ref().map_or(Data::Nil, refs)),
        ("ExtraRefs", Data::List(spec.extra_refs.iter().map(refs).collect())),
        ("Report", Data::Bool(spec.report)),
        ("Context", Data::text(&spec.context)),
        ("RerunCommand", Data::text(&spec.rerun_command)),
        ("MaxConcurrency", Data::Int(spec.max_concurrency.unwrap_or(0))),
        ("ErrorOnEviction", Data::Bool(spec.error_on_eviction)),
        ("Hidden", Data::Bool(spec.hidden)),
        ("JobQueueName", Data::text(&spec.job_queue_name)),
    ])
}

fn status(status: &ProwJobStatus) -> Data {
    let reported = status.prev_report_states.iter();
    Data::Record(vec![
        ("StartTime", time(status.start_time.as_ref())),
        ("PendingTime", time(status.pending_time.as_ref())),
        ("CompletionTime", time(status.completion_time.as_ref())),
        ("State", Data::text(status.state.map_or("", api::prow_job::ProwJobState::as_str))),
        ("Description", Data::text(&status.description)),
        ("URL", Data::text(&status.url)),
        ("PodRevivalCount", Data::Int(status.pod_revival_count.unwrap_or(0))),
        ("PodName", Data::text(&status.pod_name)),
        ("BuildID", Data::text(&status.build_id)),
        ("JenkinsBuildID", Data::text(&status.jenkins_build_id)),
        ("PrevReportStates", Data::Map(reported.map(|(k, v)| (k.clone(), Data::text(v.as_str()))).collect())),
    ])
}

fn refs(refs: &Refs) -> Data {
    Data::Record(vec![
        ("Org", Data::text(&refs.org)),
        ("Repo", Data::text(&refs.repo)),
        ("RepoLink", Data::text(&refs.repo_link)),
        ("BaseRef", Data::text(&refs.base_ref)),
        ("BaseSHA", Data::text(&refs.base_sha)),
        ("BaseLink", Data::text(&refs.base_link)),
        ("Pulls", Data::List(refs.pulls.iter().map(pull).collect())),
        ("PathAlias", Data::text(&refs.path_alias)),
        ("WorkDir", Data::Bool(refs.workdir)),
        ("Auxiliary", Data::Bool(refs.auxiliary)),
        ("CloneURI", Data::text(&refs.clone_uri)),
        ("SkipSubmodules", Data::Bool(refs.skip_submodules)),
        ("CloneDepth", Data::Int(refs.clone_depth.unwrap_or(0))),
        ("SkipFetchHead", Data::Bool(refs.skip_fetch_head)),
        ("BloblessFetch", refs.blobless_fetch.map_or(Data::Nil, Data::Bool)),
        ("SparseCheckoutFiles", Data::List(refs.sparse_checkout_files.iter().map(Data::text).collect())),
    ])
}

fn pull(pull: &Pull) -> Data {
    Data::Record(vec![
        ("Number", Data::Int(pull.number)),
        ("Author", Data::text(&pull.author)),
        ("SHA", Data::text(&pull.sha)),
        ("Title", Data::text(&pull.title)),
        ("Ref", Data::text(&pull.ref_)),
        ("HeadRef", Data::text(&pull.head_ref)),
        ("Link", Data::text(&pull.link)),
        ("CommitLink", Data::text(&pull.commit_link)),
        ("AuthorLink", Data::text(&pull.author_link)),
    ])
}

fn time(time: Option<&Time>) -> Data {
    time.map_or(Data::Nil, |time| timestamp(time.0))
}

/// As Go prints a time in UTC.
fn timestamp(at: Timestamp) -> Data {
    Data::text(at.strftime("%Y-%m-%d %H:%M:%S +0000 UTC").to_string())
}
