//! `gcsupload`: uploads files and folders into a run's folder.

use crate::{
    artifacts,
    options::{self, Arguments},
    target::Target,
};
use anyhow::{Context as _, Error, Result};
use api::{
    decoration::GcsConfiguration,
    podutils::{GCSUPLOAD_OPTIONS, UploadOptions},
};
use results::Content;
use std::{collections::BTreeMap, path::Path, process::ExitCode};

/// Uploads files and folders into the folder of the run that JOB_SPEC names.
#[derive(Debug, clap::Parser)]
pub(crate) struct Flags {
    /// Folder below the run's own that the items go to.
    #[arg(long, default_value = "")]
    sub_dir: String,
    /// How repositories appear in paths: legacy, single or explicit.
    #[arg(long, default_value = "explicit")]
    path_strategy: String,
    /// Left out of paths by legacy and single.
    #[arg(long, default_value = "")]
    default_org: String,
    /// Left out of paths by legacy and single.
    #[arg(long, default_value = "")]
    default_repo: String,
    /// The bucket: gs://BUCKET, s3://BUCKET or file:///FOLDER.
    #[arg(long, default_value = "")]
    gcs_path: String,
    /// Only say what would be uploaded.
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set, num_args = 0..=1, default_missing_value = "true")]
    dry_run: bool,
    /// A media type by extension, as in log:text/plain.
    #[arg(long = "media-type")]
    media_types: Vec<String>,
    /// Write to this folder instead of a bucket.
    #[arg(long, default_value = "")]
    local_output_dir: String,
    /// Google's service account key.
    #[arg(long, default_value = "")]
    gcs_credentials_file: String,
    /// Credentials of S3-compatible storage.
    #[arg(long, default_value = "")]
    s3_credentials_file: String,
    /// Files and folders.
    items: Vec<String>,
}

impl TryFrom<Flags> for UploadOptions {
    type Error = Error;

    fn try_from(flags: Flags) -> Result<Self> {
        let types = flags.media_types.iter().map(|text| {
            let (extension, kind) = text
                .split_once(':')
                .with_context(|| format!("--media-type={text}: expected EXTENSION:TYPE"))?;
            Ok((extension.to_owned(), kind.to_owned()))
        });
        let types: BTreeMap<String, String> = types.collect::<Result<_>>()?;
        Ok(Self {
            items: flags.items,
            sub_dir: flags.sub_dir,
            storage: GcsConfiguration {
                bucket: flags.gcs_path,
                path_strategy: flags.path_strategy,
                default_org: flags.default_org,
                default_repo: flags.default_repo,
                media_types: (!types.is_empty()).then_some(types),
                local_output_dir: flags.local_output_dir,
                ..GcsConfiguration::default()
            },
            gcs_credentials_file: flags.gcs_credentials_file,
            s3_credentials_file: flags.s3_credentials_file,
            dry_run: flags.dry_run,
        })
    }
}

pub(crate) async fn program(arguments: &Arguments<'_>) -> Result<ExitCode> {
    let options: UploadOptions = arguments.options::<_, Flags>("gcsupload", GCSUPLOAD_OPTIONS)?;
    let target = Target::new(&options, &options::job_spec()?)?;
    let mut upload = target.upload()?;
    for artifact in options.items.iter().flat_map(|item| artifacts::of_item(Path::new(item))) {
        match target.object(&artifact.name, Content::File(artifact.path)) {
            Ok(object) => upload.item(object),
            Err(error) => tracing::warn!("{error:#}, so it is not uploaded"),
        }
    }
    target.send(&upload).await?;
    Ok(ExitCode::SUCCESS)
}
