//! Branch protection on GitHub: one policy for a repository's branches, and others for some of them.

use crate::schema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Branch protection on GitHub. A more specific layer changes it field by field; its lists unite.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BranchProtection {
    /// `Report`: show what differs on GitHub. `Apply`: change it. Default: Report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<PolicyMode>,
    /// The policy of all branches.
    #[serde(flatten)]
    pub policy: Protection,
    /// Only branches that one of these regular expressions matches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::words")]
    pub include: Option<Vec<String>>,
    /// No branches that one of these regular expressions matches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::words")]
    pub exclude: Option<Vec<String>>,
    /// Protect branches that have required jobs. Default: false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protect_tested: Option<bool>,
    /// Require contexts also where all jobs are optional or conditional. Default: false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protect_with_optional_jobs: Option<bool>,
    /// `protect: false` with other fields is ignored instead of refused. Default: false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_disabled_policies: Option<bool>,
    /// `protect: false` with required jobs is ignored instead of refused. Default: false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_disabled_job_policies: Option<bool>,
    /// Policies of some branches, over that of all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub branches: Option<Vec<BranchPolicy>>,
}

/// Whether GitHub is changed.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum PolicyMode {
    /// Differences are shown.
    #[default]
    Report,
    /// Differences are removed.
    Apply,
}

/// The policy of some branches.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BranchPolicy {
    /// Names the entry; a more specific layer changes the entry of this name.
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
    /// Regular expression of the branches. Default: exactly the branch called `name`.
    #[serde(default, rename = "match", skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 512))]
    pub match_: Option<String>,
    /// The policy.
    #[serde(flatten)]
    pub policy: Protection,
}

/// What GitHub asks of a branch. Absent fields are GitHub's defaults.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Protection {
    /// Leave the protection of these branches alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unmanaged: Option<bool>,
    /// `true`: protect; `false`: remove the protection; absent: leave alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protect: Option<bool>,
    /// Status contexts that a merge needs. Those of required jobs are added.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required_status_checks: Option<RequiredStatusChecks>,
    /// Also for administrators.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enforce_admins: Option<bool>,
    /// Who may push.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restrictions: Option<PushRestrictions>,
    /// Reviews that a merge needs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required_pull_request_reviews: Option<RequiredReviews>,
    /// No merge commits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required_linear_history: Option<bool>,
    /// Allow forced pushes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_force_pushes: Option<bool>,
    /// Allow deletion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_deletions: Option<bool>,
    /// Commits must be signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub require_signed_commits: Option<bool>,
    /// Jobs that only a comment starts are required too, unless they are optional.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub require_manually_triggered_jobs: Option<bool>,
}

/// Status contexts that a merge needs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RequiredStatusChecks {
    /// The contexts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::words")]
    pub contexts: Option<Vec<String>>,
    /// The branch must be up to date. A pool then merges one change at a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strict: Option<bool>,
}

/// Who may push.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PushRestrictions {
    /// Apps, by slug.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::words")]
    pub apps: Option<Vec<String>>,
    /// People.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::words")]
    pub users: Option<Vec<String>>,
    /// Teams, by slug.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::words")]
    pub teams: Option<Vec<String>>,
}

/// Reviews that a merge needs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RequiredReviews {
    /// How many. Without it the whole section is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 6))]
    pub required_approving_review_count: Option<i64>,
    /// A push dismisses approvals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dismiss_stale_reviews: Option<bool>,
    /// An owner of the code must approve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub require_code_owner_reviews: Option<bool>,
    /// Who may dismiss reviews.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dismissal_restrictions: Option<DismissalRestrictions>,
    /// Who needs no reviews.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bypass_pull_request_allowances: Option<BypassAllowances>,
}

/// Who may dismiss reviews.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DismissalRestrictions {
    /// People.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::words")]
    pub users: Option<Vec<String>>,
    /// Teams, by slug.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::words")]
    pub teams: Option<Vec<String>>,
}

/// Who needs no reviews.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BypassAllowances {
    /// People.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::words")]
    pub users: Option<Vec<String>>,
    /// Teams, by slug.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::words")]
    pub teams: Option<Vec<String>>,
}
