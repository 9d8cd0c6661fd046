//! What the small programs inside a job's pod are told, and what they write: options in environment variables, clone
//! records, `started.json` and `finished.json`, all in Prow's JSON, so that Prow's images and readers keep working.
//!
//! Values only. Who fills the options in is `decide::job::pod`; who reads them is `podutils`.

use crate::{
    decoration::{CensoringOptions, DecorationConfig, GcsConfiguration},
    duration::GoDuration,
    prow_job::ProwJobType,
    refs::Refs,
};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Variable with [`CloneRefsOptions`].
pub const CLONEREFS_OPTIONS: &str = "CLONEREFS_OPTIONS";
/// Variable with [`InitUploadOptions`].
pub const INITUPLOAD_OPTIONS: &str = "INITUPLOAD_OPTIONS";
/// Variable with [`EntrypointOptions`].
pub const ENTRYPOINT_OPTIONS: &str = "ENTRYPOINT_OPTIONS";
/// Variable with [`SidecarOptions`].
pub const SIDECAR_OPTIONS: &str = "SIDECAR_OPTIONS";
/// Variable with [`UploadOptions`].
pub const GCSUPLOAD_OPTIONS: &str = "GCSUPLOAD_OPTIONS";
/// Variable with [`JobSpec`].
pub const JOB_SPEC: &str = "JOB_SPEC";

/// The run, as it stands in `JOB_SPEC`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobSpec {
    /// What caused the run.
    #[serde(rename = "type")]
    pub type_: ProwJobType,
    /// The job's name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub job: String,
    /// Number of this execution.
    #[serde(default, rename = "buildid", skip_serializing_if = "String::is_empty")]
    pub build_id: String,
    /// The ProwJob's name.
    #[serde(default, rename = "prowjobid", skip_serializing_if = "String::is_empty")]
    pub prow_job_id: String,
    /// What is tested; absent for periodics.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refs: Option<Refs>,
    /// Further repositories.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extra_refs: Vec<Refs>,
    /// How the pod is wrapped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decoration_config: Option<DecorationConfig>,
}

/// What clonerefs does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloneRefsOptions {
    /// Clones go below `SRC_ROOT/src`.
    pub src_root: String,
    /// The file that [`CloneRecord`]s are written to.
    pub log: String,
    /// Author of the merges.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub git_user_name: String,
    /// Mail address of the author of the merges.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub git_user_email: String,
    /// What to clone.
    #[serde(default)]
    pub refs: Vec<Refs>,
    /// Files or folders with SSH keys.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub key_files: Vec<String>,
    /// File with a token. Exclusive with the App's key.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub oauth_token_file: String,
    /// Lines of known_hosts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub host_fingerprints: Vec<String>,
    /// How many repositories are cloned at a time; 0 is all.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub max_parallel_workers: i64,
    /// Exit with a failure when cloning failed; otherwise initupload tells.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fail: bool,
    /// Git's cookie file.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cookie_path: String,
    /// GitHub's API, for App tokens.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub github_api_endpoints: Vec<String>,
    /// Id of the GitHub App.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub github_app_id: String,
    /// File with the App's private key.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub github_app_private_key_file: String,
}

/// Where and how results are uploaded.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct UploadOptions {
    /// Files and folders to upload.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<String>,
    /// Folder below the run's own that the items go to.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sub_dir: String,
    /// The storage.
    #[serde(flatten)]
    pub storage: GcsConfiguration,
    /// File with Google's credentials.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub gcs_credentials_file: String,
    /// File with the credentials of S3-compatible storage.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub s3_credentials_file: String,
    /// Only say what would be uploaded.
    #[serde(default)]
    pub dry_run: bool,
}

/// What initupload does.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct InitUploadOptions {
    /// Where to upload to.
    #[serde(flatten)]
    pub upload: UploadOptions,
    /// The file with [`CloneRecord`]s; empty: nothing was cloned.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub log: String,
}

/// One wrapped process: what it is, and where its log, exit code and metadata go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrapperOptions {
    /// Command and arguments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,
    /// The container.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub container_name: String,
    /// File with its output.
    pub process_log: String,
    /// File with its exit code, written when it ended.
    pub marker_file: String,
    /// File in which it may leave metadata.
    pub metadata_file: String,
}

/// What the entrypoint does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntrypointOptions {
    /// The process is ended after this. Nanoseconds in JSON.
    #[serde(default, serialize_with = "as_nanos")]
    pub timeout: GoDuration,
    /// Between the interrupt and the kill. Nanoseconds in JSON.
    #[serde(default, serialize_with = "as_nanos")]
    pub grace_period: GoDuration,
    /// Created before the process starts.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub artifact_dir: String,
    /// Run only after this marker, and only if it is zero.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub previous_marker: String,
    /// Exit with 0 whatever the process did.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub always_zero: bool,
    /// Exit with the process' code after a timeout or interrupt too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub propagate_error_code: bool,
    /// Only copy the program itself to `copy_dst`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub copy_mode_only: bool,
    /// Where to.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub copy_dst: String,
    /// The process.
    #[serde(flatten)]
    pub wrapper: WrapperOptions,
}

/// What the sidecar does.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SidecarOptions {
    /// Where to upload to.
    pub gcs_options: UploadOptions,
    /// The processes to wait for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entries: Vec<WrapperOptions>,
    /// One more process: the older form of `entries`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wrapper_options: Option<WrapperOptions>,
    /// Exit with a failure when a process failed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub entry_error: bool,
    /// Go on when asked to stop.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ignore_interrupts: bool,
    /// How secrets are taken out of what is uploaded.
    #[serde(default)]
    pub censoring_options: SidecarCensoring,
}

/// How the sidecar takes secrets out of what it uploads.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SidecarCensoring {
    /// Every file in these folders is a secret.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secret_directories: Vec<String>,
    /// What the decoration configuration says.
    #[serde(flatten)]
    pub options: CensoringOptions,
    /// Files whose INI values are secrets too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ini_filenames: Vec<String>,
}

/// How one repository was cloned.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloneRecord {
    /// What was to be cloned.
    #[serde(default)]
    pub refs: Refs,
    /// The commands, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<CommandRecord>,
    /// Whether a command failed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub failed: bool,
    /// The commit that was tested.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub final_sha: String,
    /// How long it took. Nanoseconds in JSON.
    #[serde(default, serialize_with = "as_nanos")]
    pub duration: GoDuration,
}

/// One command of a clone. Tokens never stand in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandRecord {
    /// The command with its arguments.
    pub command: String,
    /// What it printed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub output: String,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub error: String,
    /// How long it took. Nanoseconds in JSON.
    #[serde(default, serialize_with = "as_nanos")]
    pub duration: GoDuration,
}

/// `started.json`: what is known before the tests run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Started {
    /// When it started, in seconds since 1970.
    pub timestamp: i64,
    /// The pull request's number.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub pull: String,
    /// Each repository's refs in the short form, by `org/repo`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub repos: BTreeMap<String, String>,
    /// The tested commit of the main repository.
    #[serde(default, rename = "repo-commit", skip_serializing_if = "String::is_empty")]
    pub repo_commit: String,
    /// The same, under the name that older readers know.
    #[serde(default, rename = "repo-version", skip_serializing_if = "String::is_empty")]
    pub repo_version: String,
    /// Free facts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Map<String, Value>>,
}

/// `finished.json`: how it ended.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Finished {
    /// When it ended, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<i64>,
    /// Whether the tests passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passed: Option<bool>,
    /// What the tests left in their metadata files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Map<String, Value>>,
    /// `SUCCESS`, `ABORTED` or `FAILURE`; a state where the operator wrote the file in the pod's stead.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub result: String,
    /// The tested revision: the pull's head, else the base commit, else the base branch.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub revision: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's serialize_with passes a reference")]
fn as_nanos<S: Serializer>(duration: &GoDuration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_i64(duration.as_nanos())
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's skip_serializing_if passes a reference")]
fn is_zero(number: &i64) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn durations_for_the_programs_are_nanoseconds() {
        let options = EntrypointOptions { timeout: GoDuration::from_secs(2), ..EntrypointOptions::default() };
        let written = serde_json::to_value(&options).unwrap();
        assert_eq!(written["timeout"], json!(2_000_000_000_i64));
        assert_eq!(serde_json::from_value::<EntrypointOptions>(written).unwrap(), options);
    }

    #[test]
    fn options_of_the_storage_stand_beside_those_of_the_upload() {
        let options: InitUploadOptions =
            serde_json::from_value(json!({ "bucket": "b", "log": "/logs/clone.json", "dry_run": false }))
                .unwrap();
        assert_eq!((options.upload.storage.bucket.as_str(), options.log.as_str()), ("b", "/logs/clone.json"));
    }
}
