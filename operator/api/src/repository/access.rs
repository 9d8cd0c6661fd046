//! Who is trusted and what jobs may use.

use crate::schema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whose changes are tested without being looked at, and whose commands count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Trust {
    /// Members of these organisations. Default: the owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::words")]
    pub organizations: Option<Vec<String>>,
    /// Collaborators of the repository. Default: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collaborators: Option<bool>,
    /// Apps, by name without `[bot]`. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::words")]
    pub apps: Option<Vec<String>>,
    /// How a trusted person lets a stranger's change be tested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ok_to_test: Option<OkToTest>,
}

/// How a trusted person lets a stranger's change be tested.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OkToTest {
    /// Whether `/ok-to-test` does it. Default: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// `PullRequest`: the label counts until the pull request closes. `HeadCommit`: it stops counting at the next push.
    /// Default: PullRequest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bind_to: Option<OkToTestBinding>,
}

/// How long `ok-to-test` counts. Later words are stricter.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum OkToTestBinding {
    /// Until the pull request closes.
    #[default]
    PullRequest,
    /// Until the next push.
    HeadCommit,
}

/// A program that gets a copy of each webhook.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExternalPlugin {
    /// Its name.
    #[schemars(length(min = 1, max = 63))]
    pub name: String,
    /// Where it listens. Default: `http://NAME`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 512), regex(pattern = r"^https?://[^@]+$"))]
    pub endpoint: Option<String>,
    /// Which events it gets. None: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::words")]
    pub events: Vec<String>,
}

/// How OWNERS files are read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Owners {
    /// Their name. Default: `OWNERS`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100))]
    pub file: Option<String>,
    /// The file of aliases, in the root. Default: `OWNERS_ALIASES`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100))]
    pub aliases_file: Option<String>,
    /// Read the headers of Markdown files too. Default: false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub markdown_headers: Option<bool>,
    /// Labels that an OWNERS file may not give. Default: `approved` and `lgtm`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::words")]
    pub deny_labels: Option<Vec<String>>,
    /// People in OWNERS files count even if they are not collaborators. Default: false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skip_collaborators: Option<bool>,
    /// Regular expressions of directories that are not read, beside `\.git$`, `_output$` and `vendor/.*/.*`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::words")]
    pub ignore_directories: Option<Vec<String>>,
}

/// What jobs may use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobRights {
    /// Build clusters; `*` is all. Default: `default`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::words")]
    pub clusters: Option<Vec<String>>,
    /// Service accounts of the pods; `*` is all. Default: `default`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::words")]
    pub service_accounts: Option<Vec<String>>,
    /// JobConfigs of other namespaces that may bring jobs: the only grant of this kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub from: Option<Vec<JobGrant>>,
}

/// Lets the JobConfigs of another namespace bring jobs for some repositories.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobGrant {
    /// The other namespace.
    #[schemars(length(min = 1, max = 63))]
    pub namespace: String,
    /// For these repositories: `owner/name` or `owner/*`.
    #[schemars(schema_with = "schema::repositories")]
    pub repositories: Vec<String>,
    /// Build clusters that its jobs may use; `*` is all. Default: `default`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::words")]
    pub clusters: Option<Vec<String>>,
    /// Service accounts that its jobs may use; `*` is all. Default: `default`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::words")]
    pub service_accounts: Option<Vec<String>>,
}

/// Jobs from inside the repositories.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InRepoConfig {
    /// Default: false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Build clusters that such jobs may use. Can only narrow `jobs.clusters`. Default: `default`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::words")]
    pub clusters: Option<Vec<String>>,
}

/// Who may run jobs of a cluster again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RerunGrant {
    /// The cluster. Absent or `*`: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63))]
    pub cluster: Option<String>,
    /// Members of these organisations.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::words")]
    pub organizations: Vec<String>,
    /// Members of these teams: `ORGANISATION/SLUG`, or a slug of the owner's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::words")]
    pub teams: Vec<String>,
    /// These people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::words")]
    pub users: Vec<String>,
    /// Anyone who is logged in.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub anyone: bool,
}
