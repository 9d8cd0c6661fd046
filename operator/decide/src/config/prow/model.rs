//! The fields of Prow's main configuration that mean something here, under Prow's names. What else it holds is kept.

use crate::config::{
    entries::Entry,
    shape::{self, Shape},
};
use api::{
    decoration::DecorationConfig,
    duration::GoDuration,
    job::{ProwJobDefaults, Unknown},
    schema::raw_value,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

/// The shape of the main file.
pub(super) static SHAPE: LazyLock<Shape> = LazyLock::new(shape::prow::<ProwConfig>);

/// Prow's main configuration.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ProwConfig {
    /// Where ProwJobs live. Empty: `default`.
    pub prowjob_namespace: String,
    /// Where pods live. Empty: `default`.
    pub pod_namespace: String,
    /// Jobs that do not say are decorated.
    pub decorate_all_jobs: bool,
    /// Defaults of what runs need beside their pods.
    pub prowjob_default_entries: Vec<Entry<ProwJobDefaults>>,
    /// Runs and their pods.
    pub plank: Plank,
    /// How long runs and pods are kept.
    pub sinker: Sinker,
    /// The clock of periodics.
    pub horologium: Horologium,
    /// Job configuration inside repositories.
    pub in_repo_config: InRepoConfig,
    /// Reports on GitHub.
    pub github_reporter: GithubReporter,
    /// Whether runs wait for a cluster to be chosen.
    pub scheduler: Scheduler,
    /// Clusters of the kubeconfig that are not used.
    pub disabled_clusters: Vec<String>,
    /// Where people can ask about errors in statuses.
    pub status_error_link: String,
    /// The dashboard, as written.
    #[schemars(schema_with = "raw_value")]
    pub deck: Value,
    /// Slack, as written.
    #[schemars(schema_with = "raw_value")]
    pub slack_reporter_configs: Value,
    /// The merge pool, as written.
    #[schemars(schema_with = "raw_value")]
    pub tide: Value,
    /// Branch protection, as written.
    #[serde(rename = "branch-protection")]
    #[schemars(schema_with = "raw_value")]
    pub branch_protection: Value,
    /// Everything else, as written; the jobs too.
    #[serde(flatten)]
    #[schemars(skip)]
    pub unknown: Unknown,
}

impl ProwConfig {
    /// Where ProwJobs live.
    pub fn prowjob_namespace(&self) -> &str {
        or_default(&self.prowjob_namespace)
    }

    /// Where pods live.
    pub fn pod_namespace(&self) -> &str {
        or_default(&self.pod_namespace)
    }
}

fn or_default(namespace: &str) -> &str {
    if namespace.is_empty() { "default" } else { namespace }
}

/// Runs and their pods.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Plank {
    /// How long a pod may wait to start. Unset: 10m.
    pub pod_pending_timeout: Option<GoDuration>,
    /// How long a pod may run. Unset: 48h.
    pub pod_running_timeout: Option<GoDuration>,
    /// How long a pod may wait for a node. Unset: 5m.
    pub pod_unscheduled_timeout: Option<GoDuration>,
    /// How often a pod that vanished is made anew. Unset: 3.
    pub max_revivals: Option<i64>,
    /// Pending runs of all jobs; 0 is any number.
    pub max_concurrency: i64,
    /// Reconciles at a time.
    pub max_goroutines: i64,
    /// Queues and how many runs each takes; 0 blocks, a negative number is any number.
    pub job_queue_capacities: BTreeMap<String, i64>,
    /// Go template of a run's page, over the run.
    pub job_url_template: String,
    /// What stands before the storage path in a run's page: by `*`, owner or repository.
    pub job_url_prefix_config: BTreeMap<String, String>,
    /// The storage provider is no part of a run's page.
    #[serde(rename = "jobURLPrefixDisableAppendStorageProvider")]
    pub job_url_prefix_disable_append_storage_provider: bool,
    /// Go template of the comment on a pull request.
    pub report_template: String,
    /// The same by `*`, owner or repository.
    pub report_templates: ReportTemplates,
    /// Where the state of the build clusters is written.
    pub build_cluster_status_file: String,
    /// Defaults of decoration, in the older form: by `*`, owner or repository.
    pub default_decoration_configs: BTreeMap<String, DecorationConfig>,
    /// Defaults of decoration; later entries win field by field.
    pub default_decoration_config_entries: Vec<Entry<DecorationConfig>>,
}

/// Go templates by `*`, owner or repository.
pub type ReportTemplates = BTreeMap<String, String>;

/// How long runs and pods are kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Sinker {
    /// From one sweep to the next. Unset: 1h.
    pub resync_period: Option<GoDuration>,
    /// How long a finished run is kept. Unset: 168h.
    pub max_prowjob_age: Option<GoDuration>,
    /// How long a pod is kept. Unset: 24h.
    pub max_pod_age: Option<GoDuration>,
    /// How long a finished pod is kept. Unset: as `max_pod_age`.
    pub terminated_pod_ttl: Option<GoDuration>,
    /// Clusters that are left alone.
    pub exclude_clusters: Vec<String>,
}

/// The clock of periodics.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Horologium {
    /// From one look to the next. Unset: 1m.
    pub tick_interval: Option<GoDuration>,
}

/// Reports on GitHub.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct GithubReporter {
    /// Which types of jobs report. Empty: presubmits and postsubmits.
    pub job_types_to_report: Vec<String>,
    /// Repositories whose summary comment is left out.
    pub no_comment_repos: Vec<String>,
    /// Repositories that get a summary comment.
    pub summary_comment_repos: Vec<String>,
}

/// Whether runs wait for a cluster to be chosen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Scheduler {
    /// They do.
    pub enabled: bool,
}

/// Job configuration inside repositories.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct InRepoConfig {
    /// Whether it is read: by `*`, owner or repository; the narrowest speaks.
    pub enabled: BTreeMap<String, bool>,
    /// Which clusters its jobs may use: by `*`, owner and repository, which add up. Without `*`: `default`.
    pub allowed_clusters: BTreeMap<String, Vec<String>>,
}

impl InRepoConfig {
    /// Whether the configuration inside a repository (`owner/name`) is read.
    pub fn enabled(&self, repo: &str) -> bool {
        let owner = owner(repo);
        [repo, owner, "*"].iter().find_map(|key| self.enabled.get(*key)).copied().unwrap_or(false)
    }

    /// The clusters that jobs inside a repository (`owner/name`) may use.
    pub fn allowed_clusters(&self, repo: &str) -> BTreeSet<String> {
        let everywhere = match self.allowed_clusters.get("*") {
            Some(clusters) => clusters.clone(),
            None => vec!["default".to_owned()],
        };
        let here = [repo, owner(repo)].into_iter().filter_map(|key| self.allowed_clusters.get(key)).flatten();
        everywhere.into_iter().chain(here.cloned()).collect()
    }
}

fn owner(repo: &str) -> &str {
    repo.rsplit_once('/').map_or(repo, |(owner, _)| owner)
}
