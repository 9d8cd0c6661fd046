//! How far GitHub is from a LabelPolicy.

use crate::{problem::Problem, schema};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How far GitHub is from the policy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LabelPolicyStatus {
    /// Ready, Reconciling, Stalled, InSync, Warnings.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::conditions")]
    pub conditions: Vec<Condition>,
    /// What other policies declare otherwise: at most 100.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub conflicts: Vec<LabelConflict>,
    /// The repositories that differ, and no others: at most 500.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 500), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["repository"]))]
    pub drift: Vec<LabelDrift>,
    /// How many further repositories differ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift_omitted: Option<i64>,
    /// The generation that this status was computed from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// What is wrong in the object, where, and what to do: at most 50.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub problems: Vec<Problem>,
    /// The figures of `kubectl get labelpolicies`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<LabelSummary>,
}

/// The figures of `kubectl get labelpolicies`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LabelSummary {
    /// Labels that another policy declares otherwise.
    pub conflicts: i64,
    /// Labels that differ, over all repositories.
    pub drift: i64,
    /// Repositories that it applies to.
    pub repositories: i64,
}

/// How far one repository is from the policy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LabelDrift {
    /// Labels of another case, colour or description.
    pub different: i64,
    /// Labels that no policy names.
    pub extra: i64,
    /// Labels that are not there.
    pub missing: i64,
    /// `owner/name`.
    pub repository: String,
}

/// A label that another policy declares otherwise; the older policy wins.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LabelConflict {
    /// What differs, as in `color`.
    pub field: String,
    /// The label.
    pub label: String,
    /// The other policy's name.
    pub with: String,
}
