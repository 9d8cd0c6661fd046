//! Where a run's results lie in storage (spec jobs-and-runs 7.6). Dashboards, TestGrid and people's scripts rely on it.

use api::{
    decoration::GcsConfiguration,
    prow_job::{ProwJobSpec, ProwJobType},
    refs::Refs,
};

/// What kind of storage a bucket is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider {
    /// Google Cloud Storage.
    Gs,
    /// S3 and what speaks like it.
    S3,
    /// A folder.
    File,
}

impl Provider {
    /// The scheme, which is also part of links.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gs => "gs",
            Self::S3 => "s3",
            Self::File => "file",
        }
    }
}

/// A bucket, and the folder in it that is named with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Which storage.
    pub provider: Provider,
    /// The bucket; empty for a folder.
    pub name: String,
    /// The bucket with what follows it, as in `bucket/sub/dir`; for a folder its path.
    pub with_path: String,
}

/// Why a run has no place in storage.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPlace {
    /// The scheme is unknown.
    #[error("bucket {0:?} has a scheme that is not gs://, s3:// or file://")]
    Scheme(String),
    /// The strategy is unknown.
    #[error("path_strategy {0:?} is not legacy, single or explicit")]
    Strategy(String),
    /// A presubmit without pull request, or a run without repository.
    #[error("a {0} run has no {1} in its refs")]
    Refs(&'static str, &'static str),
}

/// Where one run's results lie, all paths from the root of the bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The bucket.
    pub bucket: Bucket,
    /// The run's own folder.
    pub run: String,
    /// The folder that the runs of the job are listed in.
    pub job_root: String,
    /// Files whose content is the build id of the last run.
    pub latest_build: Vec<String>,
    /// Presubmits: the file that links from the job's folder to the run's.
    pub alias: Option<Alias>,
    /// Results go to a folder of the machine: no pointer file is written at all.
    pub local: bool,
}

/// A file that points to a run's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// Where it lies.
    pub file: String,
    /// The run's folder, as a URL.
    pub content: String,
}

impl Bucket {
    /// Reads `gs://bucket/path`, `s3://bucket/path`, `file:///path`, or a bare bucket of Google's.
    ///
    /// # Errors
    /// Where the scheme is another.
    pub fn parse(text: &str) -> Result<Self, NoPlace> {
        let (provider, rest) = match text.split_once("://") {
            None => (Provider::Gs, text),
            Some(("gs", rest)) => (Provider::Gs, rest),
            Some(("s3", rest)) => (Provider::S3, rest),
            Some(("file", rest)) => (Provider::File, rest),
            Some(_) => return Err(NoPlace::Scheme(text.to_owned())),
        };
        let name = rest.split('/').next().unwrap_or_default().to_owned();
        Ok(Self { provider, name, with_path: rest.to_owned() })
    }
}

/// Joins parts of a path and cleans the result, as Go's `path.Join` does.
pub fn join(parts: &[&str]) -> String {
    let mut joined: Vec<&str> = Vec::new();
    let absolute = parts.iter().find(|part| !part.is_empty()).is_some_and(|part| part.starts_with('/'));
    for part in parts.iter().flat_map(|part| part.split('/')) {
        match part {
            "" | "." => {}
            ".." if joined.last().is_some_and(|last| *last != "..") => {
                joined.pop();
            }
            ".." if absolute => {}
            part => joined.push(part),
        }
    }
    format!("{}{}", if absolute { "/" } else { "" }, joined.join("/"))
}

/// The part of a path that names the repository; empty for the default one.
fn repository_segment(gcs: &GcsConfiguration, refs: &Refs) -> Result<String, NoPlace> {
    let org = refs.org.strip_prefix("https://").unwrap_or(&refs.org);
    let explicit = format!("{org}_{}", refs.repo.replace('/', "_"));
    let of_default_org = refs.org == gcs.default_org;
    let is_default = of_default_org && refs.repo == gcs.default_repo;
    match gcs.path_strategy.as_str() {
        "single" | "legacy" if is_default => Ok(String::new()),
        "legacy" if of_default_org => Ok(refs.repo.clone()),
        "explicit" | "single" | "legacy" => Ok(explicit),
        other => Err(NoPlace::Strategy(other.to_owned())),
    }
}

/// The folder of all runs of a presubmit on one pull request.
fn pull_folder(gcs: &GcsConfiguration, spec: &ProwJobSpec) -> Result<String, NoPlace> {
    let refs = spec.refs.as_ref().ok_or(NoPlace::Refs("presubmit", "repository"))?;
    let pull = refs.pulls.first().ok_or(NoPlace::Refs("presubmit", "pull request"))?;
    let segment = repository_segment(gcs, refs)?;
    Ok(join(&["pr-logs/pull", &segment, &pull.number.to_string(), &spec.job]))
}

/// Where the results of a run lie.
///
/// # Errors
/// Where the configuration or the run's refs give no place.
pub fn place(gcs: &GcsConfiguration, spec: &ProwJobSpec, build_id: &str) -> Result<Place, NoPlace> {
    let bucket = Bucket::parse(&gcs.bucket)?;
    let job = &spec.job;
    let (folder, job_root) = match spec.type_ {
        ProwJobType::Periodic | ProwJobType::Postsubmit => (format!("logs/{job}"), format!("logs/{job}")),
        ProwJobType::Batch => (format!("pr-logs/pull/batch/{job}"), format!("pr-logs/directory/{job}")),
        ProwJobType::Presubmit => (pull_folder(gcs, spec)?, format!("pr-logs/directory/{job}")),
    };
    let run = join(&[&gcs.path_prefix, &folder, build_id]);
    // Readers look for pointer files without the prefix.
    let mut latest_build = vec![join(&[&job_root, "latest-build.txt"])];
    let mut alias = None;
    match spec.type_ {
        ProwJobType::Periodic | ProwJobType::Postsubmit | ProwJobType::Batch => {}
        ProwJobType::Presubmit => {
            latest_build.push(join(&[&folder, "latest-build.txt"]));
            alias = Some(Alias {
                file: join(&[&job_root, &format!("{build_id}.txt")]),
                content: format!("{}://{}", bucket.provider.as_str(), join(&[&bucket.with_path, &run])),
            });
        }
    }
    Ok(Place { bucket, run, job_root, latest_build, alias, local: !gcs.local_output_dir.is_empty() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_joined_as_go_joins_them() {
        assert_eq!(join(&["pr-logs/pull", "", "7", "unit"]), "pr-logs/pull/7/unit");
        assert_eq!(join(&["/abs", "logs"]), "/abs/logs");
        assert_eq!(join(&["", "pre/fix/", "logs"]), "pre/fix/logs");
        assert_eq!(join(&["a", "../b"]), "b");
    }

    #[test]
    fn a_bucket_without_scheme_is_googles() {
        let bucket = Bucket::parse("bucket/with/path").unwrap();
        assert_eq!((bucket.provider, bucket.name.as_str()), (Provider::Gs, "bucket"));
        assert_eq!(bucket.with_path, "bucket/with/path");
        assert!(Bucket::parse("ftp://x").is_err());
    }
}
