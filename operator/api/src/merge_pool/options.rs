//! How changes are tested and how they land: the options that `overrides` may change per repository and branch.

use crate::{duration::GoDuration, schema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which status contexts a merge needs, beside those of required jobs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContextPolicy {
    /// Also those that the Repository's branchProtection requires. Default: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_branch_protection: Option<bool>,
    /// Ignore contexts that nothing classifies; otherwise each that is there must be successful. Default: false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skip_unknown: Option<bool>,
    /// Must be there and successful.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::words")]
    pub required: Vec<String>,
    /// Must be successful when there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::words")]
    pub required_if_present: Vec<String>,
    /// Are ignored.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::words")]
    pub optional: Vec<String>,
    /// Are ignored where one of these regular expressions matches.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::expressions")]
    pub optional_regex: Vec<String>,
    /// When a batch merges, set its members' pending contexts of our jobs to success. Default: false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overwrite_pending: Option<bool>,
}

const MERGE_RULES: &[(&str, &str)] = &[(
    "!has(self.landing) || self.landing != 'FastForward' || !has(self.method) || self.method == 'Merge'",
    "landing: FastForward pushes the tested merge commits: set method: Merge, or landing: MergeApi",
)];

/// How a change lands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = schema::rules(MERGE_RULES)))]
pub struct MergeOptions {
    /// Default: Merge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<MergeMethod>,
    /// `MergeApi`: GitHub's merge call. `FastForward`: push the tested commits, if the branch is still where it was.
    /// Default: MergeApi.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub landing: Option<Landing>,
    /// `Exact`: each tip was tested as it is. `Prefix`: the last tip of a batch was, those between were not.
    /// Default: Prefix. `Exact` with `MergeApi` lands one change at a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coverage: Option<Coverage>,
    /// Labels on a pull request that choose its method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method_labels: Option<MethodLabels>,
    /// Message of the merge or squash commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<CommitTemplate>,
    /// What GitHub's `BLOCKED` means. `Ignore`: nothing. `Permit`: try the merge, show the refusal. `Block`: do not
    /// try. Default: Permit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub github_blocked: Option<GithubBlocked>,
}

/// How the commits of a change enter the branch.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum MergeMethod {
    /// A merge commit.
    #[default]
    Merge,
    /// One commit.
    Squash,
    /// The commits, on top of the branch.
    Rebase,
}

/// Who moves the branch.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum Landing {
    /// GitHub's merge call.
    #[default]
    MergeApi,
    /// A push of the tested commits, by compare-and-swap.
    FastForward,
}

/// How much of what lands was tested as it lands.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum Coverage {
    /// The last tip of what lands together.
    #[default]
    Prefix,
    /// Each tip.
    Exact,
}

/// What GitHub's `BLOCKED` merge state means to the pool.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum GithubBlocked {
    /// Nothing.
    Ignore,
    /// The merge is tried; a refusal is shown.
    #[default]
    Permit,
    /// The change may not merge.
    Block,
}

/// Labels that choose a pull request's merge method. Two of them at once: it does not merge.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MethodLabels {
    /// For a merge commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merge: Option<String>,
    /// For one commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub squash: Option<String>,
    /// For a rebase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rebase: Option<String>,
}

/// Go templates over the pull request (`.Number`, `.Title`, `.Body`, `.AuthorLogin`, ...). Empty: GitHub's own text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CommitTemplate {
    /// The first line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub title: Option<String>,
    /// The rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub body: Option<String>,
}

/// How changes are tested together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Strategy {
    /// `Serial`: one change at a time. `Batch`: several in one run. `Train`: several runs at once, each on top of the
    /// one before. `Tide`: decides as Tide does, for migration. Default: Batch.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub type_: Option<StrategyType>,
    /// How many trains run at a time. Default: 4.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 64))]
    pub window: Option<i64>,
    /// How many changes one run tests at most. Default: 8. With `Tide`, 0 is any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 256))]
    pub batch: Option<i64>,
    /// How often a failed job is run again before the change is held responsible. Default: 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 10))]
    pub retries: Option<i64>,
    /// `Tide` only: go on with a batch that has results before choosing a new one. Default: true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prioritize_existing_batches: Option<bool>,
}

/// The ways to test changes together.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum StrategyType {
    /// One change at a time.
    Serial,
    /// Several changes in one run.
    #[default]
    Batch,
    /// Several runs at once, each on top of the one before.
    Train,
    /// As Tide decides.
    Tide,
}

/// Other options for some repositories and branches.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PoolOverride {
    /// Names the override in explanations.
    #[schemars(length(min = 1, max = 63))]
    pub name: String,
    /// For these repositories. Default: for all of the pool.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::repositories")]
    pub repositories: Vec<String>,
    /// For branches that one of these regular expressions matches. Default: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::expressions")]
    pub branches: Vec<String>,
    /// Which status contexts a merge needs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contexts: Option<ContextPolicy>,
    /// How a change lands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merge: Option<MergeOptions>,
    /// How changes are tested together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<Strategy>,
}

/// Changes that go before those of later classes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PriorityClass {
    /// A change with all of these belongs to the class.
    #[schemars(schema_with = "schema::words")]
    pub labels: Vec<String>,
}

/// Open issues that stop all merges.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Blockers {
    /// An open issue with this label stops merges in its repository; `branch:NAME` in its title: only into that branch.
    #[schemars(length(min = 1, max = 50))]
    pub label: String,
}

/// A time in which nothing merges.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Freeze {
    /// Names the freeze in explanations.
    #[schemars(length(min = 1, max = 63))]
    pub name: String,
    /// When it begins: a cron expression of five fields.
    #[schemars(length(min = 1, max = 256))]
    pub schedule: String,
    /// How long it lasts, as in `62h`.
    pub duration: GoDuration,
    /// The time zone of the schedule, as in `Europe/Berlin`. Default: UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub time_zone: Option<String>,
    /// Changes with one of these labels merge nevertheless.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::words")]
    pub except_labels: Vec<String>,
}

/// What a merge may cost.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Budget {
    /// Above so many runs a merged change, on average, window and batch shrink. Default: 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub runs_per_merge: Option<i64>,
}
