//! One run: Prow's own `prow.k8s.io/v1` ProwJob, with its names and meaning unchanged, so that existing dashboards and
//! scripts read our runs. Additions: a status subresource and `status.conditions`.

use crate::{
    decoration::DecorationConfig,
    job::{JenkinsSpec, ProwJobDefaults, ReporterConfig, RerunAuthConfig},
    refs::Refs,
    schema,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube_derive::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::{collections::BTreeMap, fmt};

/// What caused a run, and so what it tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ProwJobType {
    /// A pull request.
    Presubmit,
    /// A push.
    Postsubmit,
    /// The clock.
    Periodic,
    /// Several pull requests together, for the merge pool.
    Batch,
}

impl ProwJobType {
    /// The word in objects, labels and paths.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Presubmit => "presubmit",
            Self::Postsubmit => "postsubmit",
            Self::Periodic => "periodic",
            Self::Batch => "batch",
        }
    }
}

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ProwJobState {
    /// Waits for a cluster to be chosen.
    Scheduling,
    /// Waits for its pod.
    Triggered,
    /// The pod exists.
    Pending,
    /// The tests passed.
    Success,
    /// The tests failed.
    Failure,
    /// Somebody or something ended it early.
    Aborted,
    /// It could not be carried out.
    Error,
}

impl ProwJobState {
    /// The word in objects and reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scheduling => "scheduling",
            Self::Triggered => "triggered",
            Self::Pending => "pending",
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Aborted => "aborted",
            Self::Error => "error",
        }
    }

    /// Whether the tests have an outcome: nothing follows this state.
    pub const fn is_final(self) -> bool {
        match self {
            Self::Scheduling | Self::Triggered | Self::Pending => false,
            Self::Success | Self::Failure | Self::Aborted | Self::Error => true,
        }
    }
}

impl fmt::Display for ProwJobState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a run is to do.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "prow.k8s.io",
    version = "v1",
    kind = "ProwJob",
    namespaced,
    status = "ProwJobStatus",
    derive = "PartialEq",
    shortname = "pj",
    category = "bowsprit",
    doc = "One run of a job: Prow's own object, with its names and meaning unchanged.",
    crates(kube_core = "::kube_core"),
    annotation("api-approved.kubernetes.io", "https://github.com/kubernetes/test-infra/pull/8669"),
    selectable = ".spec.job",
    selectable = ".spec.type",
    selectable = ".spec.refs.org",
    selectable = ".spec.refs.repo",
    selectable = ".status.state",
    printcolumn = r#"{"name": "Job", "type": "string", "jsonPath": ".spec.job", "description": "The job's name."}"#,
    printcolumn = r#"{"name": "Type", "type": "string", "jsonPath": ".spec.type", "description": "What caused it."}"#,
    printcolumn = r#"{"name": "Org", "type": "string", "jsonPath": ".spec.refs.org", "description": "The owner."}"#,
    printcolumn = r#"{"name": "Repo", "type": "string", "jsonPath": ".spec.refs.repo", "description": "The repository."}"#,
    printcolumn = r#"{"name": "Pulls", "type": "string", "jsonPath": ".spec.refs.pulls[*].number", "description": "The first pull under test."}"#,
    printcolumn = r#"{"name": "State", "type": "string", "jsonPath": ".status.state", "description": "How far it has come."}"#,
    printcolumn = r#"{"name": "Started", "type": "date", "jsonPath": ".status.startTime", "description": "When it was created."}"#,
    printcolumn = r#"{"name": "Completed", "type": "date", "jsonPath": ".status.completionTime", "description": "When it ended."}"#,
    printcolumn = r#"{"name": "Cluster", "type": "string", "jsonPath": ".spec.cluster", "priority": 1, "description": "The build cluster."}"#,
    printcolumn = r#"{"name": "Queue", "type": "string", "jsonPath": ".spec.job_queue_name", "priority": 1, "description": "The queue whose capacity it shares."}"#,
    printcolumn = r#"{"name": "Reason", "type": "string", "jsonPath": ".status.description", "priority": 1, "description": "The state, in words."}"#
)]
pub struct ProwJobSpec {
    /// What caused it.
    #[serde(rename = "type")]
    pub type_: ProwJobType,
    /// Who carries it out. Default: `kubernetes`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub agent: String,
    /// The build cluster.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cluster: String,
    /// Accepted for Prow's sake; another than the cluster's pod namespace is refused.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// The job's name.
    pub job: String,
    /// What is tested; absent for periodics.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refs: Option<Refs>,
    /// Further repositories to clone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extra_refs: Vec<Refs>,
    /// Report the state on GitHub.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub report: bool,
    /// The status context.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub context: String,
    /// The comment that runs it again.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub rerun_command: String,
    /// How many runs of jobs of this name may be pending at a time; 0 is any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub max_concurrency: Option<i64>,
    /// An eviction ends the run in `error` instead of making the pod anew.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub error_on_eviction: bool,
    /// The pod, as Kubernetes' PodSpec.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::raw_object")]
    pub pod_spec: Option<Map<String, Value>>,
    /// Options of Jenkins jobs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jenkins_spec: Option<JenkinsSpec>,
    /// Tekton's PipelineRunSpec.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::raw_object")]
    pub pipeline_run_spec: Option<Map<String, Value>>,
    /// Tekton's PipelineRunSpec by version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::raw_object")]
    pub tekton_pipeline_run_spec: Option<Map<String, Value>>,
    /// How the pod is wrapped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decoration_config: Option<DecorationConfig>,
    /// Where the results are announced beside GitHub.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reporter_config: Option<ReporterConfig>,
    /// Who may run it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rerun_auth_config: Option<RerunAuthConfig>,
    /// Shown only by dashboards that show hidden jobs.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hidden: bool,
    /// Defaults that the pod does not need.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prowjob_defaults: Option<ProwJobDefaults>,
    /// The queue whose capacity it shares.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub job_queue_name: String,
}

/// How far a run has come. Always written whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProwJobStatus {
    /// When it was created.
    #[serde(default, rename = "startTime", skip_serializing_if = "Option::is_none")]
    pub start_time: Option<Time>,
    /// When its pod was made.
    #[serde(default, rename = "pendingTime", skip_serializing_if = "Option::is_none")]
    pub pending_time: Option<Time>,
    /// When it ended; a run with this is complete.
    #[serde(default, rename = "completionTime", skip_serializing_if = "Option::is_none")]
    pub completion_time: Option<Time>,
    /// How far it has come. Absent counts as `triggered`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<ProwJobState>,
    /// The state, in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The page with its logs.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub url: String,
    /// How often its pod was made anew after it had stopped unexpectedly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod_revival_count: Option<i64>,
    /// The pod's name: the run's.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub pod_name: String,
    /// Number of this execution; part of the storage path.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub build_id: String,
    /// Jenkins' own number.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub jenkins_build_id: String,
    /// The last state that each reporter announced.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub prev_report_states: BTreeMap<String, ProwJobState>,
    /// The generation that this status was computed from.
    #[serde(default, rename = "observedGeneration", skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Scheduled, PodReady, Reported.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::conditions")]
    pub conditions: Vec<Condition>,
}
