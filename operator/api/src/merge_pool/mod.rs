//! MergePool: which changes of which repositories may merge, how they are tested together and how they land.
//!
//! Each option is absent or given, never defaulted here: `overrides` carry the same types, and there an absent option
//! must stay absent. The defaults stand in the descriptions and are applied by `decide`.

mod options;
mod query;
mod status;

pub use options::{
    Blockers, Budget, CommitTemplate, ContextPolicy, Coverage, Freeze, GithubBlocked, Landing, MergeMethod,
    MergeOptions, MethodLabels, PoolOverride, PriorityClass, Strategy, StrategyType,
};
pub use query::Query;
pub use status::{BranchStatus, Car, Intent, Member, MemberState, MergePoolStatus, PoolSummary, Train};

use crate::schema;
use kube_derive::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What may merge, and how.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "bowsprit.dev",
    version = "v1alpha1",
    kind = "MergePool",
    namespaced,
    status = "MergePoolStatus",
    derive = "PartialEq",
    derive = "Default",
    shortname = "mp",
    category = "bowsprit",
    doc = "Merges changes that are approved and tested: which repositories, what a change needs, how it lands.",
    crates(kube_core = "::kube_core"),
    printcolumn = r#"{"name": "Ready", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].status", "description": "Whether the pool works."}"#,
    printcolumn = r#"{"name": "Repositories", "type": "string", "jsonPath": ".status.summary.repositories", "description": "What it merges in."}"#,
    printcolumn = r#"{"name": "Open", "type": "integer", "jsonPath": ".status.summary.open", "description": "Open pull requests."}"#,
    printcolumn = r#"{"name": "Eligible", "type": "integer", "jsonPath": ".status.summary.eligible", "description": "Pull requests that may merge once tested."}"#,
    printcolumn = r#"{"name": "Testing", "type": "integer", "jsonPath": ".status.summary.testing", "description": "Pull requests under test together with the base."}"#,
    printcolumn = r#"{"name": "Last Merge", "type": "date", "jsonPath": ".status.summary.lastMerge", "description": "When it last merged something."}"#,
    printcolumn = r#"{"name": "Waste", "type": "string", "jsonPath": ".status.summary.waste", "description": "Share of pod hours that gated no merge."}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#,
    printcolumn = r#"{"name": "Reason", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].reason", "priority": 1, "description": "Why it is ready or not."}"#
)]
#[serde(rename_all = "camelCase")]
pub struct MergePoolSpec {
    /// The repositories it merges in: `owner/name`, or `owner/*` for all of an owner. One pool owns a repository's
    /// branch: exact names beat `owner/*`, then the older pool; the other is `Stalled=Overlap` for it.
    #[schemars(schema_with = "schema::repositories")]
    pub repositories: Vec<String>,
    /// Repositories that `owner/*` leaves out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::repositories")]
    pub exclude: Vec<String>,
    /// A change may merge when one of these matches. None: nothing merges.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub queries: Vec<Query>,
    /// Which status contexts a merge needs, beside those of required jobs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contexts: Option<ContextPolicy>,
    /// How a change lands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merge: Option<MergeOptions>,
    /// How changes are tested together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<Strategy>,
    /// Other options for some repositories and branches, applied leaf by leaf in this order. Required contexts unite,
    /// optional ones replace, and required beats optional.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub overrides: Vec<PoolOverride>,
    /// Changes with all labels of the first entry go first, then those of the second, then the others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub priority: Vec<PriorityClass>,
    /// Open issues that stop all merges.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blockers: Option<Blockers>,
    /// Times in which nothing merges; testing goes on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub freezes: Vec<Freeze>,
    /// What a merge may cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Budget>,
    /// Merge nothing and start no new test; running ones go on. Default: false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub paused: bool,
}
