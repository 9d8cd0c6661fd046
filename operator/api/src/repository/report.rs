//! Where results are announced.

use crate::local_ref::SecretRef;
use crate::prow_job::ProwJobState;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where results are announced.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// A commit status a job. Default: Always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statuses: Option<StatusWhen>,
    /// A check run a job, which shows more than a status. Default: Never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checks: Option<StatusWhen>,
    /// A comment with the jobs that failed. Default: OnFailure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<CommentWhen>,
    /// Go template below the table of that comment, over the run (`.Spec`, `.Status`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub template: Option<String>,
    /// Put before a run's storage path to make its link. Default: the installation's dashboard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 512))]
    pub url_prefix: Option<String>,
    /// Messages on Slack.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slack: Option<SlackReport>,
}

/// Whether statuses or check runs are written.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum StatusWhen {
    /// At each change.
    #[default]
    Always,
    /// Never.
    Never,
}

/// When a pull request gets a comment about its jobs.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum CommentWhen {
    /// Once all jobs are finished.
    Always,
    /// When one failed.
    #[default]
    OnFailure,
    /// Never.
    Never,
}

/// Messages on Slack.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SlackReport {
    /// The Secret with the token, in key `token`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<SecretRef>,
    /// The channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 80))]
    pub channel: Option<String>,
    /// In which states of a run. Default: failure and error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 8))]
    pub states: Option<Vec<ProwJobState>>,
}
