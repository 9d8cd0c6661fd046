//! What we read of a payload: the names of things to look at, of whatever event.
//!
//! Everything is optional, and what is not of the expected type counts as absent: GitHub adds values, removes accounts
//! and renames fields without notice, and a payload that cannot be read would be a lost command. Who did what is not
//! read at all; a look finds out.

use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::Value;

/// A payload.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct Payload {
    #[serde(deserialize_with = "lenient")]
    pub repository: Option<Repository>,
    /// Of `installation_repositories`.
    #[serde(deserialize_with = "lenient")]
    pub repositories_added: Option<Vec<Repository>>,
    /// Of `installation_repositories`.
    #[serde(deserialize_with = "lenient")]
    pub repositories_removed: Option<Vec<Repository>>,
    /// Of `installation`.
    #[serde(deserialize_with = "lenient")]
    pub repositories: Option<Vec<Repository>>,
    #[serde(deserialize_with = "lenient")]
    pub issue: Option<Issue>,
    #[serde(deserialize_with = "lenient")]
    pub pull_request: Option<PullRequest>,
    /// Of `push` (`refs/heads/main`), `create` and `delete` (`main`).
    #[serde(rename = "ref", deserialize_with = "lenient")]
    pub reference: Option<String>,
    /// Of `create` and `delete`: `branch` or `tag`.
    #[serde(deserialize_with = "lenient")]
    pub ref_type: Option<String>,
    /// Of `status`.
    #[serde(deserialize_with = "lenient")]
    pub sha: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub check_run: Option<Checks>,
    #[serde(deserialize_with = "lenient")]
    pub check_suite: Option<Checks>,
    #[serde(deserialize_with = "lenient")]
    pub workflow_run: Option<Checks>,
    #[serde(deserialize_with = "lenient")]
    pub workflow_job: Option<Checks>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Repository {
    pub full_name: String,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(super) struct Issue {
    pub number: u64,
    /// There where it is a pull request.
    #[serde(default)]
    pub pull_request: Option<Value>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct PullRequest {
    pub number: u64,
}

/// A check run, a suite or a workflow's run or job.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Checks {
    pub head_sha: String,
    /// Empty for pull requests from forks.
    #[serde(default, deserialize_with = "lenient")]
    pub pull_requests: Option<Vec<PullRequest>>,
}

/// The value, or nothing where it is not of the type.
fn lenient<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Option<T>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).ok())
}
