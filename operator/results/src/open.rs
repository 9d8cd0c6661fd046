//! From a configuration and credential files to a storage.

use crate::{form::Rules, storage::Storage};
use api::decoration::GcsConfiguration;
use decide::report::storage_path::{self, NoPlace, Provider};
use object_store::{
    ClientOptions, ObjectStore, RetryConfig,
    aws::{AmazonS3, AmazonS3Builder},
    gcp::{GoogleCloudStorage, GoogleCloudStorageBuilder},
    local::LocalFileSystem,
};
use serde::Deserialize;
use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Files with credentials. Without one, the machine's own are found as Google's and Amazon's clients find them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credentials {
    /// Google's service account key.
    pub gcs_file: Option<PathBuf>,
    /// The JSON file that Prow reads for S3-compatible storage.
    pub s3_file: Option<PathBuf>,
}

/// Why a storage cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The bucket's scheme is unknown.
    #[error(transparent)]
    Bucket(#[from] NoPlace),
    /// There is no bucket.
    #[error("gcs_configuration.bucket is empty: write gs://BUCKET, s3://BUCKET or file:///FOLDER")]
    NoBucket,
    /// A file cannot be read, or a folder not be made.
    #[error("{path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The credentials are not in Prow's form. Says where, never what stands there.
    #[error(
        "{path} is not a JSON object with region, endpoint, insecure, s3_force_path_style, access_key, secret_key (line {line})"
    )]
    S3Credentials {
        /// The file.
        path: PathBuf,
        /// The line of the mistake.
        line: usize,
    },
    /// The client cannot be made.
    #[error("bucket {bucket}: {source}")]
    Client {
        /// The bucket.
        bucket: String,
        /// Why.
        source: object_store::Error,
    },
}

/// Prow's credentials file for S3-compatible storage.
#[derive(Deserialize)]
struct S3Credentials {
    #[serde(default)]
    region: String,
    #[serde(default)]
    endpoint: String,
    /// Do not check the certificate.
    #[serde(default)]
    insecure: bool,
    #[serde(default)]
    s3_force_path_style: bool,
    #[serde(default)]
    access_key: String,
    #[serde(default)]
    secret_key: String,
    #[serde(default)]
    session_token: String,
}

impl Storage {
    /// Opens the storage of a configuration: its local folder, else its bucket. Nothing is asked of the bucket yet.
    pub fn open(configuration: &GcsConfiguration, credentials: &Credentials) -> Result<Self, OpenError> {
        let rules = Rules::new(configuration);
        if !configuration.local_output_dir.is_empty() {
            let store = folder(Path::new(&configuration.local_output_dir))?;
            return Ok(Self::over(Arc::new(store), Provider::File, "", rules));
        }
        let bucket = storage_path::Bucket::parse(&configuration.bucket)?;
        let root = bucket.with_path.strip_prefix(&bucket.name).unwrap_or_default();
        let (store, root): (Arc<dyn ObjectStore>, &str) = match bucket.provider {
            Provider::File => (Arc::new(folder(Path::new(&bucket.with_path))?), ""),
            Provider::Gs | Provider::S3 if bucket.name.is_empty() => return Err(OpenError::NoBucket),
            Provider::Gs => (Arc::new(google(&bucket.name, credentials)?), root),
            Provider::S3 => (Arc::new(amazon(&bucket.name, credentials)?), root),
        };
        Ok(Self::over(store, bucket.provider, root, rules))
    }
}

fn folder(path: &Path) -> Result<LocalFileSystem, OpenError> {
    if !path.is_absolute() {
        return Err(OpenError::NoBucket);
    }
    let made = std::fs::create_dir_all(path);
    made.map_err(|source| OpenError::Io { path: path.to_owned(), source })?;
    let store = LocalFileSystem::new_with_prefix(path);
    store.map_err(|source| OpenError::Client { bucket: path.display().to_string(), source })
}

/// Tries are counted in one place, `Storage::put`.
fn no_retries() -> RetryConfig {
    RetryConfig { max_retries: 0, ..RetryConfig::default() }
}

fn google(bucket: &str, credentials: &Credentials) -> Result<GoogleCloudStorage, OpenError> {
    let builder = GoogleCloudStorageBuilder::from_env().with_bucket_name(bucket).with_retry(no_retries());
    let builder = match &credentials.gcs_file {
        Some(path) => builder.with_service_account_path(path.to_string_lossy()),
        None => builder,
    };
    builder.build().map_err(|source| OpenError::Client { bucket: bucket.to_owned(), source })
}

fn amazon(bucket: &str, credentials: &Credentials) -> Result<AmazonS3, OpenError> {
    let builder = AmazonS3Builder::from_env().with_bucket_name(bucket).with_retry(no_retries());
    let builder = match &credentials.s3_file {
        Some(path) => with_file(builder, bucket, &s3_credentials(path)?),
        None => builder,
    };
    builder.build().map_err(|source| OpenError::Client { bucket: bucket.to_owned(), source })
}

fn s3_credentials(path: &PathBuf) -> Result<S3Credentials, OpenError> {
    let text = std::fs::read(path).map_err(|source| OpenError::Io { path: path.clone(), source })?;
    // serde's own message may quote a value.
    serde_json::from_slice(&text)
        .map_err(|error| OpenError::S3Credentials { path: path.clone(), line: error.line() })
}

fn with_file(mut builder: AmazonS3Builder, bucket: &str, file: &S3Credentials) -> AmazonS3Builder {
    let options = ClientOptions::new()
        .with_allow_http(file.endpoint.starts_with("http://"))
        .with_allow_invalid_certificates(file.insecure);
    // Amazon's own endpoints follow from the region.
    builder =
        builder.with_client_options(options).with_virtual_hosted_style_request(!file.s3_force_path_style);
    if !file.region.is_empty() {
        builder = builder.with_region(&file.region);
    }
    if !file.endpoint.is_empty() {
        builder = builder.with_endpoint(endpoint(file, bucket));
    }
    if !file.access_key.is_empty() {
        builder = builder.with_access_key_id(&file.access_key).with_secret_access_key(&file.secret_key);
    }
    if !file.session_token.is_empty() {
        builder = builder.with_token(&file.session_token);
    }
    builder
}

/// The endpoint with its scheme; without path style the bucket is part of the host.
fn endpoint(file: &S3Credentials, bucket: &str) -> String {
    let (scheme, host) = file.endpoint.split_once("://").unwrap_or(("https", &file.endpoint));
    let host = host.trim_end_matches('/');
    if file.s3_force_path_style {
        format!("{scheme}://{host}")
    } else {
        format!("{scheme}://{bucket}.{host}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(endpoint: &str, path_style: bool) -> S3Credentials {
        serde_json::from_value(serde_json::json!({ "endpoint": endpoint, "s3_force_path_style": path_style }))
            .unwrap()
    }

    #[test]
    fn the_bucket_is_part_of_the_host_unless_it_is_part_of_the_path() {
        assert_eq!(endpoint(&file("http://minio:9000/", true), "b"), "http://minio:9000");
        assert_eq!(endpoint(&file("https://s3.example", false), "b"), "https://b.s3.example");
        assert_eq!(endpoint(&file("minio:9000", true), "b"), "https://minio:9000");
    }

    #[test]
    fn a_broken_credentials_file_is_named_but_not_quoted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s3.json");
        std::fs::write(&path, "{\n\"access_key\": \"hunter2\", \"insecure\": \"hunter2\"}").unwrap();
        let configuration = GcsConfiguration { bucket: "s3://b".into(), ..GcsConfiguration::default() };
        let credentials = Credentials { s3_file: Some(path), ..Credentials::default() };
        let error = Storage::open(&configuration, &credentials).unwrap_err().to_string();
        assert!(
            error.contains("s3.json") && error.contains("line 2") && !error.contains("hunter2"),
            "{error}"
        );
    }

    #[test]
    fn a_bucket_without_name_or_with_an_unknown_scheme_is_refused() {
        for bucket in ["", "gs://", "s3://", "ftp://b", "file://relative"] {
            let configuration = GcsConfiguration { bucket: bucket.into(), ..GcsConfiguration::default() };
            assert!(Storage::open(&configuration, &Credentials::default()).is_err(), "{bucket:?}");
        }
    }
}
