//! Prow's job format, as people write it in job files and in `JobConfig.spec`: raw, before defaults and checks.
//!
//! Every field of Prow's format is here under Prow's name. What a file holds beside them is kept in `unknown`, so that
//! nothing is lost when an object is read and written, and so that the operator can name the path of a misspelt field.

use crate::{decoration::DecorationConfig, refs::Refs, schema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

pub use crate::job_config::JobFile;

/// Fields that Prow's format does not have; kept, and reported with their path.
pub type Unknown = BTreeMap<String, Value>;

/// What the API server checks of a presubmit.
const PRESUBMIT_RULES: &[(&str, &str)] = &[
    (
        "!has(self.always_run) || !self.always_run || ((!has(self.run_if_changed) || self.run_if_changed == '') && (!has(self.skip_if_only_changed) || self.skip_if_only_changed == ''))",
        "always_run: true runs for every change: remove it, or remove run_if_changed and skip_if_only_changed",
    ),
    (
        "!has(self.run_if_changed) || self.run_if_changed == '' || !has(self.skip_if_only_changed) || self.skip_if_only_changed == ''",
        "give run_if_changed or skip_if_only_changed, not both: remove one",
    ),
    (
        "(has(self.trigger) && self.trigger != '') == (has(self.rerun_command) && self.rerun_command != '')",
        "give trigger and rerun_command together, or neither: the default of both is /test NAME",
    ),
];

/// What the API server checks of a postsubmit.
const POSTSUBMIT_RULES: &[(&str, &str)] = &[
    (
        "!has(self.always_run) || !self.always_run || ((!has(self.run_if_changed) || self.run_if_changed == '') && (!has(self.skip_if_only_changed) || self.skip_if_only_changed == ''))",
        "always_run: true runs for every change: remove it, or remove run_if_changed and skip_if_only_changed",
    ),
    (
        "!has(self.run_if_changed) || self.run_if_changed == '' || !has(self.skip_if_only_changed) || self.skip_if_only_changed == ''",
        "give run_if_changed or skip_if_only_changed, not both: remove one",
    ),
];

/// What the API server checks of a periodic.
const PERIODIC_RULES: &[(&str, &str)] = &[(
    "(has(self.cron) && self.cron != '' ? 1 : 0) + (has(self.interval) && self.interval != '' ? 1 : 0) + (has(self.minimum_interval) && self.minimum_interval != '' ? 1 : 0) == 1",
    "give exactly one of cron, interval and minimum_interval",
)];

/// What the API server checks of rerun rights.
const RERUN_RULES: &[(&str, &str)] = &[(
    "!has(self.allow_anyone) || !self.allow_anyone || ((!has(self.github_team_ids) || size(self.github_team_ids) == 0) && (!has(self.github_team_slugs) || size(self.github_team_slugs) == 0) && (!has(self.github_users) || size(self.github_users) == 0) && (!has(self.github_orgs) || size(self.github_orgs) == 0))",
    "allow_anyone: true needs no lists: remove it, or remove the teams, users and orgs",
)];

/// What all types of jobs have in common.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct JobBase {
    /// The job's name: letters, digits, `-`, `.` and `_`.
    #[schemars(length(max = 256), regex(pattern = r"^[A-Za-z0-9._/-]+$"))]
    pub name: String,
    /// Copied to the run and its pod; they also select presets.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "schema::labels")]
    pub labels: BTreeMap<String, String>,
    /// Copied to the run and its pod.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// How many runs of jobs of this name may be pending at a time; 0 is any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub max_concurrency: Option<i64>,
    /// The queue, of the installation's `queues`, whose capacity the runs share.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub job_queue_name: String,
    /// Who carries the runs out: `kubernetes` (default), or a name that the installation's `agents` list.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub agent: String,
    /// The build cluster, of the installation's `clusters`. Default: `default`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cluster: String,
    /// Accepted for Prow's sake; another than the cluster's pod namespace is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// An eviction ends the run in `error` instead of making the pod anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_on_eviction: Option<bool>,
    /// The pod, as Kubernetes' PodSpec.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::raw_object")]
    pub spec: Option<Map<String, Value>>,
    /// Tekton's PipelineRunSpec, for agent `tekton-pipeline`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::raw_object")]
    pub pipeline_run_spec: Option<Map<String, Value>>,
    /// Tekton's PipelineRunSpec by version; wins over `pipeline_run_spec`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::raw_object")]
    pub tekton_pipeline_run_spec: Option<Map<String, Value>>,
    /// Where and when the job's results are announced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reporter_config: Option<ReporterConfig>,
    /// Who may run it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rerun_auth_config: Option<RerunAuthConfig>,
    /// Shown only by dashboards that show hidden jobs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden: Option<bool>,
    /// Defaults of the run that no pod needs (ResultStore project, tenant id).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prowjob_defaults: Option<ProwJobDefaults>,
    /// Wrap the pod with clone, log capture and upload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decorate: Option<bool>,
    /// Clone below `src/PATH_ALIAS` instead of `src/github.com/org/repo`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path_alias: String,
    /// Clone the tested repository from this URI.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub clone_uri: String,
    /// Do not update submodules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skip_submodules: Option<bool>,
    /// Depth of the clone in commits; 0 is the whole history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub clone_depth: Option<i64>,
    /// Skip fetching the remote's tags and HEAD.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skip_fetch_head: Option<bool>,
    /// Further repositories to clone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extra_refs: Vec<Refs>,
    /// How the pod is wrapped, over the defaults of the repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decoration_config: Option<DecorationConfig>,
}

/// On which branches a job runs. Each entry is a regular expression that may match anywhere in the name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Brancher {
    /// Only on branches that one of these matches; none: on all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 128))]
    pub branches: Vec<String>,
    /// Never on branches that one of these matches; stronger than `branches`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 128))]
    pub skip_branches: Vec<String>,
}

/// For which changed files a job runs. At most one of the two.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChangeMatcher {
    /// Run if any changed path matches this regular expression.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 512))]
    pub run_if_changed: String,
    /// Run unless all changed paths match this regular expression.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 512))]
    pub skip_if_only_changed: String,
}

/// Options of Jenkins jobs; kept for whoever owns that agent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct JenkinsSpec {
    /// The job is one of Jenkins' GitHub branch source jobs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub github_branch_source_job: Option<bool>,
}

/// A job that tests pull requests before they merge.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend(
    "x-kubernetes-preserve-unknown-fields" = true,
    "x-kubernetes-validations" = schema::rules(PRESUBMIT_RULES)
))]
pub struct Presubmit {
    /// What all types of jobs have in common.
    #[serde(flatten)]
    pub base: JobBase,
    /// On which branches.
    #[serde(flatten)]
    pub brancher: Brancher,
    /// For which changed files.
    #[serde(flatten)]
    pub changes: ChangeMatcher,
    /// Run for every pull request. Exclusive with `run_if_changed` and `skip_if_only_changed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub always_run: Option<bool>,
    /// Its status is not needed for a merge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub optional: Option<bool>,
    /// Regular expression of comments that start it. Default: `/test NAME`. Set with `rerun_command` or not at all.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 512))]
    pub trigger: String,
    /// The comment that people are told to write; `trigger` must match it. Default: `/test NAME`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 512))]
    pub rerun_command: String,
    /// The merge pool runs it before a merge and needs it, even if nothing else starts it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_before_merge: Option<bool>,
    /// The status context. Default: the job's name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub context: String,
    /// Report no status; the context is then not needed for a merge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skip_report: Option<bool>,
    /// Options of Jenkins jobs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jenkins_spec: Option<JenkinsSpec>,
    /// Fields that Prow's format does not have.
    #[serde(flatten)]
    #[schemars(skip)]
    pub unknown: Unknown,
}

/// A job that runs after a push to a branch or tag.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend(
    "x-kubernetes-preserve-unknown-fields" = true,
    "x-kubernetes-validations" = schema::rules(POSTSUBMIT_RULES)
))]
pub struct Postsubmit {
    /// What all types of jobs have in common.
    #[serde(flatten)]
    pub base: JobBase,
    /// On which branches.
    #[serde(flatten)]
    pub brancher: Brancher,
    /// For which changed files.
    #[serde(flatten)]
    pub changes: ChangeMatcher,
    /// Unset is true. `false` without a change expression: never runs by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub always_run: Option<bool>,
    /// The status context. Default: the job's name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub context: String,
    /// Report no status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skip_report: Option<bool>,
    /// Options of Jenkins jobs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jenkins_spec: Option<JenkinsSpec>,
    /// Fields that Prow's format does not have.
    #[serde(flatten)]
    #[schemars(skip)]
    pub unknown: Unknown,
}

/// A job that runs by the clock. Exactly one of `cron`, `interval` and `minimum_interval`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend(
    "x-kubernetes-preserve-unknown-fields" = true,
    "x-kubernetes-validations" = schema::rules(PERIODIC_RULES)
))]
pub struct Periodic {
    /// What all types of jobs have in common.
    #[serde(flatten)]
    pub base: JobBase,
    /// Five fields (a leading sixth for seconds is allowed), or `@hourly`, `@every 1h`; in UTC.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 512))]
    pub cron: String,
    /// From one start to the next, as in `4h`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 512))]
    pub interval: String,
    /// From one run's end to the next run's start.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 512))]
    pub minimum_interval: String,
    /// Free words for dashboards.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Run again after a failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
    /// Fields that Prow's format does not have.
    #[serde(flatten)]
    #[schemars(skip)]
    pub unknown: Unknown,
}

/// How a failed periodic is run again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Retry {
    /// Start all attempts, whatever the others' results.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_all: Option<bool>,
    /// How many further runs at most (10 at the most).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempts: Option<i64>,
    /// From one start to the next attempt.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub interval: String,
}

/// A piece of pod spec that a job selects by carrying all its labels.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("x-kubernetes-preserve-unknown-fields" = true))]
pub struct Preset {
    /// A job with all these labels gets the preset; without labels every job of the object does.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "schema::labels")]
    pub labels: BTreeMap<String, String>,
    /// Added to every container's environment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "raw_objects")]
    pub env: Vec<Map<String, Value>>,
    /// Added to the pod's volumes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "raw_objects")]
    pub volumes: Vec<Map<String, Value>>,
    /// Added to every container's mounts.
    #[serde(default, rename = "volumeMounts", skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "raw_objects")]
    pub volume_mounts: Vec<Map<String, Value>>,
    /// Added to the pod's tolerations.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "raw_objects")]
    pub tolerations: Vec<Map<String, Value>>,
    /// Fields that Prow's format does not have.
    #[serde(flatten)]
    #[schemars(skip)]
    pub unknown: Unknown,
}

fn raw_objects(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({
        "type": "array",
        "items": { "type": "object", "x-kubernetes-preserve-unknown-fields": true }
    })
}

/// Where a job's results are announced beside GitHub.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReporterConfig {
    /// On Slack.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slack: Option<SlackReporterConfig>,
}

/// What is announced on Slack.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SlackReporterConfig {
    /// Which of the configured workspaces. Default: `*`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub host: String,
    /// The channel.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub channel: String,
    /// In which states. An empty list is never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_states_to_report: Option<Vec<String>>,
    /// Go template of the message over the run.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub report_template: String,
    /// `false`: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<bool>,
}

/// Who may run a job again from the dashboard.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("x-kubernetes-validations" = schema::rules(RERUN_RULES)))]
pub struct RerunAuthConfig {
    /// Anyone who is logged in; then no list may be given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_anyone: Option<bool>,
    /// Teams of the run's organisation, by id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub github_team_ids: Vec<i64>,
    /// Teams by organisation and slug.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub github_team_slugs: Vec<TeamSlug>,
    /// Logins.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub github_users: Vec<String>,
    /// Members of these organisations.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub github_orgs: Vec<String>,
}

/// A team of an organisation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TeamSlug {
    /// The team.
    pub slug: String,
    /// Its organisation.
    pub org: String,
}

/// Defaults of a run that its pod does not need.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProwJobDefaults {
    /// Google ResultStore.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resultstore_config: Option<ResultStoreConfig>,
    /// The tenant in dashboards that show several. Default: `GlobalDefaultID`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tenant_id: String,
}

/// Google ResultStore.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ResultStoreConfig {
    /// The project that results are uploaded to.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub project_id: String,
}
