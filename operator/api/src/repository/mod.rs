//! Repository: which repositories of GitHub a namespace governs, with which rights, people and plugins.
//!
//! Several objects may speak of one repository (`"*"`, lists, exact names); `decide::config::layers` makes one of them.
//! So every field may be absent, absent means inherited, and no default stands in the schema.

mod access;
mod branch_protection;
pub mod plugins;
mod report;
mod status;

pub use access::{
    ExternalPlugin, InRepoConfig, JobGrant, JobRights, OkToTest, OkToTestBinding, Owners, RerunGrant, Trust,
};
pub use branch_protection::{
    BranchPolicy, BranchProtection, BypassAllowances, DismissalRestrictions, PolicyMode, Protection,
    PushRestrictions, RequiredReviews, RequiredStatusChecks,
};
pub use plugins::Plugins;
pub use report::{CommentWhen, Report, SlackReport, StatusWhen};
pub use status::{Deviation, RepositoryStatus, ShadowDifference, WebhookSource, WebhookStatus};

use crate::{decoration::DecorationConfig, job::Preset, local_ref::FromSecret, schema};
use kube_derive::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One repository of an owner, some, or all of them.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "bowsprit.dev",
    version = "v1alpha1",
    kind = "Repository",
    plural = "repositories",
    namespaced,
    status = "RepositoryStatus",
    derive = "PartialEq",
    derive = "Default",
    shortname = "repo",
    category = "bowsprit",
    doc = "Repositories of a GitHub owner: credentials, trust, plugins, reports and protection. Absent is inherited: from the object for \"*\", then from lists, then from the object for exactly this repository.",
    crates(kube_core = "::kube_core"),
    selectable = ".spec.github.owner",
    printcolumn = r#"{"name": "Ready", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].status", "description": "Whether the repositories are served."}"#,
    printcolumn = r#"{"name": "Owner", "type": "string", "jsonPath": ".spec.github.owner", "description": "The owner."}"#,
    printcolumn = r#"{"name": "Mode", "type": "string", "jsonPath": ".spec.mode", "description": "What this object asks for."}"#,
    printcolumn = r#"{"name": "Governs", "type": "integer", "jsonPath": ".status.governs", "description": "How many repositories it governs."}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#,
    printcolumn = r#"{"name": "Webhook", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"WebhookHealthy\")].status", "priority": 1, "description": "Whether deliveries arrive."}"#,
    printcolumn = r#"{"name": "Reason", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].reason", "priority": 1, "description": "Why it is ready or not."}"#
)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = schema::rules(SPEC_RULES)))]
pub struct RepositorySpec {
    /// `Active`: acts. `Shadow`: decides and reports in its status, writes nothing to GitHub, starts nothing. `Paused`:
    /// neither. Absent in all layers: Shadow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// Which repositories.
    pub github: GithubRepositories,
    /// With which account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials: Option<FromSecret>,
    /// Where GitHub's API is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api: Option<ApiEndpoint>,
    /// How GitHub tells of events. There is one source: the App's hook, else an organisation hook for `"*"`, else a
    /// repository hook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<Webhook>,
    /// Whether the dashboard shows runs and pools to people who are not logged in. Absent in all layers: Hidden.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visibility: Option<Visibility>,
    /// Whose changes are tested without being looked at, and whose commands count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trust: Option<Trust>,
    /// What comments and events do. A key enables and configures a plugin; `enabled: false` switches off what a wider
    /// layer switched on. All plugins with their options: docs/plugins.md.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plugins: Option<Plugins>,
    /// Programs that get a copy of each webhook. Their addresses must be on the installation's allow list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub external_plugins: Option<Vec<ExternalPlugin>>,
    /// How OWNERS files are read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owners: Option<Owners>,
    /// What jobs for these repositories may use, and which other namespaces may bring some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jobs: Option<JobRights>,
    /// Presets for every job of these repositories; the place for presets without labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub presets: Option<Vec<Preset>>,
    /// Jobs from `.prow.yaml` or `.prow/` inside the repositories.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_repo_config: Option<InRepoConfig>,
    /// How pods of decorated jobs are wrapped. Later entries win field by field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub decoration: Option<Vec<DecorationEntry>>,
    /// Where results are announced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<Report>,
    /// Who may run jobs again from the dashboard, by cluster. All entries for a job's cluster count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub rerun: Option<Vec<RerunGrant>>,
    /// Branch protection on GitHub.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch_protection: Option<BranchProtection>,
}

const SPEC_RULES: &[(&str, &str)] = &[(
    "!has(self.github.exclude) || size(self.github.exclude) == 0 || '*' in self.github.repositories",
    "github.exclude leaves out of \"*\" only: remove it, or name \"*\" in github.repositories",
)];

/// What the operator does for a repository. Later words are stricter.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum Mode {
    /// Acts.
    Active,
    /// Decides and reports, writes nothing to GitHub, starts nothing.
    #[default]
    Shadow,
    /// Neither.
    Paused,
}

/// Who sees runs and pools on the dashboard. Later words are stricter.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum Visibility {
    /// Everybody.
    Public,
    /// People who are logged in and may see the repository.
    #[default]
    Hidden,
}

const GITHUB_RULES: &[(&str, &str)] = &[(
    "!('*' in self.repositories) || size(self.repositories) == 1",
    "\"*\" already means all repositories of the owner: name \"*\" alone, or a list of names without it",
)];

/// Which repositories of an owner.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("x-kubernetes-validations" = schema::rules(GITHUB_RULES)))]
pub struct GithubRepositories {
    /// The organisation or user.
    #[schemars(length(min = 1, max = 39), regex(pattern = r"^[A-Za-z0-9-]+$"))]
    pub owner: String,
    /// Names without the owner, or `["*"]` for all.
    #[schemars(
        length(min = 1, max = 256),
        inner(length(min = 1, max = 100), regex(pattern = r"^(\*|[A-Za-z0-9._-]+)$"))
    )]
    pub repositories: Vec<String>,
    /// Left out of `"*"`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256), inner(length(min = 1, max = 100)))]
    pub exclude: Vec<String>,
}

/// Where GitHub's API is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApiEndpoint {
    /// Default: `https://api.github.com`. GitHub Enterprise Server: `https://HOST/api/v3`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 512), regex(pattern = r"^https?://[^@]+$"))]
    pub url: Option<String>,
}

/// How GitHub tells of events.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Webhook {
    /// Create the hook and keep its address and secret right. Default: true; an App's hook is its owner's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manage: Option<bool>,
    /// `Keep` or `Remove` the hook when the object is deleted. Default: Keep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_delete: Option<WebhookOnDelete>,
}

/// What becomes of the hook when its Repository is deleted.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum WebhookOnDelete {
    /// It stays.
    #[default]
    Keep,
    /// It is removed.
    Remove,
}

/// How pods of decorated jobs are wrapped, in all clusters or in one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DecorationEntry {
    /// For jobs in this cluster. Absent or `*`: in all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63))]
    pub cluster: Option<String>,
    /// Prow's decoration configuration.
    pub config: DecorationConfig,
}
