//! One way to be ready for a merge: Tide's query, with repositories as patterns.

use crate::schema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const RULES: &[(&str, &str)] = &[
    (
        "!has(self.includedBranches) || size(self.includedBranches) == 0 || !has(self.excludedBranches) || size(self.excludedBranches) == 0",
        "give includedBranches or excludedBranches, not both: the first already leaves out all other branches",
    ),
    (
        "!has(self.labels) || !has(self.missingLabels) || !self.labels.exists(l, l in self.missingLabels)",
        "a label stands in labels and in missingLabels, so that nothing can match: remove it from one",
    ),
];

/// What a change must be like. All that is given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = schema::rules(RULES)))]
pub struct Query {
    /// Names the query in explanations.
    #[schemars(length(min = 1, max = 63))]
    pub name: String,
    /// Only in these repositories of the pool. Default: in all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::repositories")]
    pub repositories: Vec<String>,
    /// Not in these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::repositories")]
    pub exclude: Vec<String>,
    /// Only into these branches, by their exact names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::words")]
    pub included_branches: Vec<String>,
    /// Not into these branches.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::words")]
    pub excluded_branches: Vec<String>,
    /// Only by this author.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100))]
    pub author: Option<String>,
    /// All of these labels; `a,b` is either.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::words")]
    pub labels: Vec<String>,
    /// None of these labels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::words")]
    pub missing_labels: Vec<String>,
    /// In the milestone of this title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 255))]
    pub milestone: Option<String>,
    /// GitHub's review decision must be approved. Default: false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub review_approved: bool,
}
