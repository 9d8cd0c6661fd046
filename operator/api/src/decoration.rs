//! Prow's decoration configuration: how a job's pod is wrapped with clone, log capture and upload.
//!
//! Field names and meaning are Prow's. Merging of defaults is decided in `decide`.

use crate::{duration::GoDuration, job::Unknown, schema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What a decorated job's pod gets, beside the job's own containers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("x-kubernetes-preserve-unknown-fields" = true))]
pub struct DecorationConfig {
    /// The entrypoint ends the process after this. Unset or 0: 2h.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<GoDuration>,
    /// Between the interrupt and the kill. Unset or 0: 15s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grace_period: Option<GoDuration>,
    /// Images of the small programs; all four are needed after defaulting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub utility_images: Option<UtilityImages>,
    /// Resources of the small programs' containers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<DecorationResources>,
    /// Where logs and artifacts go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gcs_configuration: Option<GcsConfiguration>,
    /// Secret with key `service-account.json` for Google storage. Empty: explicitly none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gcs_credentials_secret: Option<String>,
    /// Secret with key `service-account.json` for S3-compatible storage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub s3_credentials_secret: Option<String>,
    /// Service account of pods whose spec names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_service_account_name: Option<String>,
    /// Secrets with SSH keys for cloning. Exclusive with `oauth_token_secret`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ssh_key_secrets: Option<Vec<String>>,
    /// Lines of known_hosts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ssh_host_fingerprints: Option<Vec<String>>,
    /// Default of each ref's `blobless_fetch`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blobless_fetch: Option<bool>,
    /// Check out only these paths of the primary repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sparse_checkout_files: Option<Vec<String>>,
    /// Clone nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skip_cloning: Option<bool>,
    /// Secret with a git cookie file, as `secret` or `secret/key`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cookiefile_secret: Option<String>,
    /// Secret with a token for cloning over HTTPS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oauth_token_secret: Option<SecretKey>,
    /// GitHub's API for app tokens. Default: `https://api.github.com`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub github_api_endpoints: Option<Vec<String>>,
    /// Id of the GitHub App whose token clones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub github_app_id: Option<String>,
    /// Secret with the App's private key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub github_app_private_key_secret: Option<SecretKey>,
    /// Remove the contents of mounted Secrets from logs and artifacts before the upload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub censor_secrets: Option<bool>,
    /// How secrets are removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub censoring_options: Option<CensoringOptions>,
    /// Go on uploading when the pod is asked to stop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload_ignores_interrupts: Option<bool>,
    /// Copy each test container's memory request to its limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set_limit_equals_memory_request: Option<bool>,
    /// Memory request of test containers that have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::int_or_string")]
    pub default_memory_request: Option<Value>,
    /// Affinity and tolerations of pods whose spec has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::raw_object")]
    pub scheduling_options: Option<Map<String, Value>>,
    /// Instead of the installation's limit on waiting for the pod to start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod_pending_timeout: Option<GoDuration>,
    /// Instead of the installation's limit on a pod's running time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod_running_timeout: Option<GoDuration>,
    /// Instead of the installation's limit on waiting for a node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod_unscheduled_timeout: Option<GoDuration>,
    /// User of pods whose security context has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_as_user: Option<i64>,
    /// Group of pods whose security context has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_as_group: Option<i64>,
    /// File system group of pods whose security context has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fs_group: Option<i64>,
    /// Fields that Prow's configuration does not have.
    #[serde(flatten)]
    #[schemars(skip)]
    pub unknown: Unknown,
}

/// Images of the small programs inside a decorated pod.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UtilityImages {
    /// Clones the repositories.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub clonerefs: String,
    /// Uploads what is known before the tests start.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub initupload: String,
    /// Wraps the test process.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub entrypoint: String,
    /// Waits for the test and uploads its results.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sidecar: String,
}

/// Resources of the small programs' containers, each as in a container's `resources`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DecorationResources {
    /// Of the container that clones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::raw_object")]
    pub clonerefs: Option<Map<String, Value>>,
    /// Of the container that uploads first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::raw_object")]
    pub initupload: Option<Map<String, Value>>,
    /// Of the container that places the entrypoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::raw_object")]
    pub place_entrypoint: Option<Map<String, Value>>,
    /// Of the sidecar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::raw_object")]
    pub sidecar: Option<Map<String, Value>>,
}

/// Where results are stored, in Prow's layout.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GcsConfiguration {
    /// `gs://`, `s3://` or `file://` and the bucket; without a scheme it is Google's.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub bucket: String,
    /// Put before every path in the bucket.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path_prefix: String,
    /// How repositories appear in paths: `legacy`, `single` or `explicit`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path_strategy: String,
    /// Left out of paths by `legacy` and `single`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub default_org: String,
    /// Left out of paths by `legacy` and `single`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub default_repo: String,
    /// Media types by file extension.
    #[serde(default, rename = "mediaTypes", skip_serializing_if = "Option::is_none")]
    pub media_types: Option<BTreeMap<String, String>>,
    /// Put before the storage path to make the link to a run.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub job_url_prefix: String,
    /// Write to this folder instead of a bucket.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub local_output_dir: String,
    /// Compress files with these extensions; `*` is all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compress_file_types: Option<Vec<String>>,
}

/// One key of one Secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SecretKey {
    /// The Secret's name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The key inside.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub key: String,
}

/// How secrets are removed from what is uploaded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CensoringOptions {
    /// Files censored at a time. Default: 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub censoring_concurrency: Option<i64>,
    /// Bytes held in memory a file. Default: 10 MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub censoring_buffer_size: Option<i64>,
    /// Globs of artifact files to censor; none: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_directories: Option<Vec<String>>,
    /// Globs of artifact files to leave alone; stronger than the include list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exclude_directories: Option<Vec<String>>,
    /// Shorter values are not taken for secrets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_secret_length: Option<i64>,
}
