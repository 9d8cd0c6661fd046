//! Where a program uploads to: the storage, the run's folder in it, and the files that point there.

use crate::options;
use anyhow::{Context as _, Result};
use api::{
    podutils::{JobSpec, UploadOptions},
    prow_job::ProwJobSpec,
    refs::Refs,
};
use results::{Content, Credentials, Mode, Object, Place, RunFolder, Storage, Upload};
use std::path::PathBuf;

/// Where one run's files go.
#[derive(Debug)]
pub(crate) struct Target {
    storage: Option<Storage>,
    place: Place,
    build_id: String,
    folder: RunFolder,
}

impl Target {
    /// The target of the run that the environment names.
    pub(crate) fn new(options: &UploadOptions, spec: &JobSpec) -> Result<Self> {
        let place = place(options, spec)?;
        let storage = if options.dry_run {
            None
        } else {
            let credentials = Credentials {
                gcs_file: file(&options.gcs_credentials_file),
                s3_file: file(&options.s3_credentials_file),
            };
            Some(Storage::open(&options.storage, &credentials)?)
        };
        let folder = RunFolder::new(&place)?.sub_folder(&options.sub_dir).context("sub_dir")?;
        Ok(Self { storage, place, build_id: spec.build_id.clone(), folder })
    }

    /// An upload that begins with the pointer files.
    pub(crate) fn upload(&self) -> Result<Upload> {
        let mut upload = Upload::default();
        for pointer in results::pointers(&self.place, &self.build_id, Mode::Overwrite)? {
            upload.item(pointer);
        }
        Ok(upload)
    }

    /// A file in the run's folder.
    pub(crate) fn object(&self, name: &str, content: Content) -> Result<Object> {
        Ok(Object::new(self.folder.object(name)?, content))
    }

    /// Uploads; in a dry run only says what would be uploaded.
    pub(crate) async fn send(&self, upload: &Upload) -> Result<()> {
        match &self.storage {
            None => {
                for name in upload.names() {
                    tracing::info!(object = %name, "dry run: not uploaded");
                }
                Ok(())
            }
            Some(storage) => Ok(results::upload(storage, upload).await.complete()?),
        }
    }
}

fn file(path: &str) -> Option<PathBuf> {
    (!path.is_empty()).then(|| PathBuf::from(path))
}

fn place(options: &UploadOptions, spec: &JobSpec) -> Result<Place> {
    // The environment carries the part of a run's spec that says where its results lie.
    let run: ProwJobSpec = serde_json::from_value(serde_json::json!({
        "type": spec.type_,
        "job": spec.job,
        "refs": spec.refs,
    }))
    .context(options::JOB_IN_ENVIRONMENT)?;
    results::place(&options.storage, &run, &spec.build_id).context(options::JOB_IN_ENVIRONMENT)
}

/// The repository that a run is about: its own, else the first further one that is not a mere aid.
pub(crate) fn main_refs(spec: &JobSpec) -> Option<&Refs> {
    spec.refs.as_ref().or_else(|| spec.extra_refs.iter().find(|refs| !refs.auxiliary))
}

/// What of a repository is tested, as far as the refs say: the pull's head, the base's commit, its branch.
pub(crate) fn revision(refs: &Refs) -> &str {
    let pull = refs.pulls.first().map(|pull| pull.sha.as_str());
    let known = pull.into_iter().chain([refs.base_sha.as_str()]).find(|sha| !sha.is_empty());
    known.unwrap_or(&refs.base_ref)
}
