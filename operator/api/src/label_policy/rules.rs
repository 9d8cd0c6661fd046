//! Rules about which issue or pull request carries which label: exactly one kind of rule in each entry.

use crate::{duration::GoDuration, schema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const ONE_OF: &[(&str, &str)] = &[(
    "(has(self.exclusive) ? 1 : 0) + (has(self.require) ? 1 : 0) + (has(self.byPath) ? 1 : 0) + (has(self.bySize) ? 1 : 0) + (has(self.restricted) ? 1 : 0) == 1",
    "give exactly one of exclusive, require, byPath, bySize and restricted: write one entry for each",
)];

/// One rule. Exactly one of its fields beside `name` is given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = schema::rules(ONE_OF)))]
pub struct LabelRule {
    /// Names the rule in comments and explanations.
    #[schemars(length(min = 1, max = 63))]
    pub name: String,
    /// At most one label of a group at a time: a new one takes the place of the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exclusive: Option<Exclusive>,
    /// A label of a group must be there; until then another label says that it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub require: Option<RequireLabel>,
    /// Labels by the paths that a pull request changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_path: Option<ByPath>,
    /// A label `size/XS` to `size/XXL` by the number of changed lines of files that are not generated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_size: Option<BySize>,
    /// Labels that only some people may set and remove. Lists of several policies unite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restricted: Option<Restricted>,
}

/// At most one label of a group at a time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Exclusive {
    /// The group: all labels that begin so.
    #[schemars(length(min = 1, max = 50))]
    pub prefix: String,
}

/// A label of a group must be there (Prow's require-matching-label).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RequireLabel {
    /// The group: labels that this regular expression matches.
    #[schemars(length(min = 1, max = 512))]
    pub matching: String,
    /// Set while no label of the group is there. The expression must not match it.
    #[schemars(length(min = 1, max = 50))]
    pub missing_label: String,
    /// On what the rule acts. Default: pull requests and issues.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 2))]
    pub targets: Vec<RuleTarget>,
    /// Only on pull requests into these branches, by their exact names. Default: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::words")]
    pub branches: Vec<String>,
    /// How long after opening the label may still be missing. Default: 5s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grace_period: Option<GoDuration>,
    /// A comment that says what is missing. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub comment: Option<String>,
}

/// On what a rule acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum RuleTarget {
    /// Issues.
    Issue,
    /// Pull requests.
    PullRequest,
}

/// Labels by the paths that a pull request changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ByPath {
    /// Regular expressions of paths; one match is enough.
    #[schemars(schema_with = "schema::expressions")]
    pub paths: Vec<String>,
    /// The labels to set.
    #[schemars(schema_with = "schema::words")]
    pub labels: Vec<String>,
}

const SIZES: &[(&str, &str)] = &[(
    "(has(self.s) ? self.s : 10) <= (has(self.m) ? self.m : 30) && (has(self.m) ? self.m : 30) <= (has(self.l) ? self.l : 100) && (has(self.l) ? self.l : 100) <= (has(self.xl) ? self.xl : 500) && (has(self.xl) ? self.xl : 500) <= (has(self.xxl) ? self.xxl : 1000)",
    "each size must begin at or above the one before: s, m, l, xl, xxl (defaults 10, 30, 100, 500, 1000)",
)];

/// From how many changed lines on a size begins.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("x-kubernetes-validations" = schema::rules(SIZES)))]
pub struct BySize {
    /// `size/S`. Default: 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub s: Option<i64>,
    /// `size/M`. Default: 30.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub m: Option<i64>,
    /// `size/L`. Default: 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub l: Option<i64>,
    /// `size/XL`. Default: 500.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub xl: Option<i64>,
    /// `size/XXL`. Default: 1000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub xxl: Option<i64>,
}

/// Labels that only some people may set and remove.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Restricted {
    /// The labels.
    #[schemars(schema_with = "schema::words")]
    pub labels: Vec<String>,
    /// Members of these teams of the owner may, by slug.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::words")]
    pub teams: Vec<String>,
    /// These people may.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::words")]
    pub users: Vec<String>,
    /// When a pull request gets one of these labels, the users are assigned to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::words")]
    pub assign_on: Vec<String>,
}
