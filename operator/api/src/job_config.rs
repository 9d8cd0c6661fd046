//! JobConfig: the body of a Prow job file as an object. Several for one repository are the rule.

use crate::{
    job::{Periodic, Postsubmit, Preset, Presubmit, Unknown},
    problem::Problem,
    prow_job::ProwJobState,
    schema,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube_derive::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The body of a Prow job file: what `JobConfig.spec` holds.
///
/// At most 64 repositories, 512 jobs a repository and 1024 periodics stand in one object; split larger files.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "bowsprit.dev",
    version = "v1alpha1",
    kind = "JobConfig",
    namespaced,
    status = "JobConfigStatus",
    derive = "PartialEq",
    derive = "Default",
    shortname = "jc",
    category = "bowsprit",
    doc = "Jobs: the body of a Prow job file, verbatim, under spec.",
    crates(kube_core = "::kube_core"),
    printcolumn = r#"{"name": "Ready", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].status", "description": "Whether all of it is in force."}"#,
    printcolumn = r#"{"name": "Presubmits", "type": "integer", "jsonPath": ".status.jobs.presubmits", "description": "Presubmits in force."}"#,
    printcolumn = r#"{"name": "Postsubmits", "type": "integer", "jsonPath": ".status.jobs.postsubmits", "description": "Postsubmits in force."}"#,
    printcolumn = r#"{"name": "Periodics", "type": "integer", "jsonPath": ".status.jobs.periodics", "description": "Periodics in force."}"#,
    printcolumn = r#"{"name": "Refused", "type": "integer", "jsonPath": ".status.jobs.refused", "description": "Jobs set aside; status.problems tells why."}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#,
    printcolumn = r#"{"name": "Held", "type": "integer", "jsonPath": ".status.jobs.held", "priority": 1, "description": "Jobs that wait for a preset."}"#,
    printcolumn = r#"{"name": "Reason", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].reason", "priority": 1, "description": "Why it is ready or not."}"#
)]
#[schemars(extend("x-kubernetes-preserve-unknown-fields" = true))]
pub struct JobFile {
    /// Pieces of pod specs that jobs select by label.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 512))]
    pub presets: Vec<Preset>,
    /// Jobs that test pull requests, by repository (`owner/name`).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "schema::jobs_by_repository::<Presubmit>")]
    pub presubmits: BTreeMap<String, Vec<Presubmit>>,
    /// Jobs that run after a push, by repository (`owner/name`).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "schema::jobs_by_repository::<Postsubmit>")]
    pub postsubmits: BTreeMap<String, Vec<Postsubmit>>,
    /// Jobs that run by the clock.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1024))]
    pub periodics: Vec<Periodic>,
    /// Fields that Prow's format does not have.
    #[serde(flatten)]
    #[schemars(skip)]
    pub unknown: Unknown,
}

/// What became of the jobs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobConfigStatus {
    /// The build clusters that the jobs name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub clusters: Vec<ClusterReach>,
    /// Ready, Reconciling, Stalled, Warnings.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::conditions")]
    pub conditions: Vec<Condition>,
    /// How many jobs are in force, refused and held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jobs: Option<JobCounts>,
    /// The generation that this status was computed from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Periodics that fail, are overdue or run next: at most 50, written at most once a minute.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub periodics: Vec<PeriodicStatus>,
    /// What is wrong, where, and what to do: at most 100.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub problems: Vec<Problem>,
    /// How many further problems there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problems_omitted: Option<i64>,
}

/// Numbers of jobs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct JobCounts {
    /// Jobs that wait, for instance for a preset that was there.
    pub held: i64,
    /// Periodics in force.
    pub periodics: i64,
    /// Postsubmits in force.
    pub postsubmits: i64,
    /// Presubmits in force.
    pub presubmits: i64,
    /// Jobs set aside alone; each has a problem.
    pub refused: i64,
}

/// One periodic's next and last run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PeriodicStatus {
    /// State of the last finished run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_state: Option<ProwJobState>,
    /// The job's name.
    pub name: String,
    /// When it starts next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_run: Option<Time>,
}

/// Whether a build cluster answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClusterReach {
    /// The cluster's name in the installation's settings.
    pub name: String,
    /// Whether it answered when it was last asked.
    pub reachable: bool,
}
