//! How the repositories of an object stand.

use crate::{problem::Problem, schema};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How the repositories stand.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RepositoryStatus {
    /// Ready, Reconciling, Stalled, CredentialsValid, WebhookHealthy, ApiBudget, InRepoConfigValid,
    /// BranchProtectionSynced, CanMark, Warnings.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::conditions")]
    pub conditions: Vec<Condition>,
    /// Repositories for which something differs from what this object says, and which object says so: at most 100.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["repository"]))]
    pub deviations: Vec<Deviation>,
    /// How many further repositories deviate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deviations_omitted: Option<i64>,
    /// How many repositories the object governs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub governs: Option<i64>,
    /// The generation that this status was computed from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// What is wrong, where, and what to do: at most 50.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub problems: Vec<Problem>,
    /// In mode Shadow: where what stands on GitHub differs from what would have been done. At most 100.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub shadow: Vec<ShadowDifference>,
    /// How events arrive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<WebhookStatus>,
}

/// What is in force for one repository from other objects.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Deviation {
    /// Which plugin comes from which object, as in `approve: repository/widgets`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub plugins: BTreeMap<String, String>,
    /// `owner/name`.
    pub repository: String,
    /// Which other setting comes from which object, as in `trust.collaborators: repository/widgets`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, String>,
}

/// One difference between GitHub and what we would have done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShadowDifference {
    /// What stands on GitHub.
    pub found: String,
    /// On what, as in `acme/widgets#41`.
    pub subject: String,
    /// What we would have done, and why.
    pub would: String,
}

/// How events arrive.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebhookStatus {
    /// When a delivery that had failed was last asked for again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_recovered: Option<Time>,
    /// Whose hook it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<WebhookSource>,
    /// The address that GitHub sends to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// Whose hook brings the events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum WebhookSource {
    /// The GitHub App's.
    App,
    /// The organisation's.
    Organization,
    /// The repository's.
    Repository,
}
