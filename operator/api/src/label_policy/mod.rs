//! LabelPolicy: the label set of a group of repositories, and rules about who wears which label.

mod rules;
mod status;

pub use rules::{ByPath, BySize, Exclusive, LabelRule, RequireLabel, Restricted, RuleTarget};
pub use status::{LabelConflict, LabelDrift, LabelPolicyStatus, LabelSummary};

use crate::schema;
use jiff::Timestamp;
use kube_derive::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which labels there are, and the rules about them.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "bowsprit.dev",
    version = "v1alpha1",
    kind = "LabelPolicy",
    plural = "labelpolicies",
    namespaced,
    status = "LabelPolicyStatus",
    derive = "PartialEq",
    derive = "Default",
    shortname = "lp",
    category = "bowsprit",
    doc = "The labels of a group of repositories, and rules about who wears which.",
    crates(kube_core = "::kube_core"),
    printcolumn = r#"{"name": "Ready", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].status", "description": "Whether the policy is in force."}"#,
    printcolumn = r#"{"name": "In Sync", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"InSync\")].status", "description": "Whether GitHub has the labels as declared."}"#,
    printcolumn = r#"{"name": "Repositories", "type": "integer", "jsonPath": ".status.summary.repositories", "description": "How many repositories it applies to."}"#,
    printcolumn = r#"{"name": "Drift", "type": "integer", "jsonPath": ".status.summary.drift", "description": "Labels that differ from the policy."}"#,
    printcolumn = r#"{"name": "Conflicts", "type": "integer", "jsonPath": ".status.summary.conflicts", "description": "Labels that another policy declares otherwise."}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#,
    printcolumn = r#"{"name": "Reason", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].reason", "priority": 1, "description": "Why it is ready or not."}"#
)]
pub struct LabelPolicySpec {
    /// The repositories it applies to: `owner/name`, or `owner/*` for all of an owner.
    #[schemars(schema_with = "schema::repositories")]
    pub repositories: Vec<String>,
    /// Repositories that `owner/*` leaves out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::repositories")]
    pub exclude: Vec<String>,
    /// The labels. Two policies that name one label for one repository must agree; where they do not, the older wins
    /// and both show the conflict.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub labels: Vec<Label>,
    /// Labels that no policy names. `Ignore`: nothing. `Report`: count them as drift. `Delete`: delete them, if every
    /// policy of the repository says so. Default: Report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prune: Option<Prune>,
    /// Rules about which issue or pull request carries which label.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub rules: Vec<LabelRule>,
}

/// One label.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Label {
    /// Its name; GitHub keeps the case and ignores it when it compares.
    #[schemars(length(min = 1, max = 50))]
    pub name: String,
    /// Six hexadecimal digits without `#`. Quote it: YAML reads `000000` as a number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[0-9a-fA-F]{6}$"))]
    pub color: Option<String>,
    /// Shown beside it, at most 100 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100))]
    pub description: Option<String>,
    /// What it is meant for. Documentation only. Default: Both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<LabelTarget>,
    /// Who sets it. Documentation only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub added_by: Option<String>,
    /// Former names. A label of such a name is renamed, or its issues and pull requests get the new one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub previously: Vec<FormerLabel>,
    /// From then on the label is deleted, once no open issue or pull request carries it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::time")]
    pub delete_after: Option<Timestamp>,
}

/// A former name of a label.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FormerLabel {
    /// The former name.
    #[schemars(length(min = 1, max = 50))]
    pub name: String,
    /// From then on it is deleted instead of moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::time")]
    pub delete_after: Option<Timestamp>,
}

/// What a label is meant for.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum LabelTarget {
    /// Issues and pull requests.
    #[default]
    Both,
    /// Issues.
    Issues,
    /// Pull requests.
    PullRequests,
}

/// What happens to labels that no policy names.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum Prune {
    /// Nothing.
    Ignore,
    /// They count as drift.
    #[default]
    Report,
    /// They are deleted.
    Delete,
}
