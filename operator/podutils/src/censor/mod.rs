//! Takes secrets out of what is uploaded, on its way: files stay as they are, and nothing leaves uncensored.
//!
//! It fails closed. Where the secrets cannot be read there is no [`Censor`], and so nothing of the job to upload; where a
//! file cannot be looked into, a line that says so is uploaded in its place.

mod archive;
mod secrets;
mod stream;
mod zip;

use crate::artifacts::Artifact;
use anyhow::{Context as _, Result};
use api::podutils::SidecarCensoring;
use archive::Kind;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use results::Content;
use secrets::Secrets;
use std::{
    fs::File,
    io::{self, Cursor, Read, Seek as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};
use stream::Censored;

/// What is censored, and where.
#[derive(Clone, Debug)]
pub(crate) struct Censor {
    /// `None`: there is nothing to keep secret.
    secrets: Option<Arc<Secrets>>,
    include: Option<GlobSet>,
    exclude: GlobSet,
    /// Archives are looked into one at a time: each stands in memory unpacked.
    one_archive: Arc<Mutex<()>>,
}

impl Censor {
    /// Reads the secrets.
    pub(crate) fn new(options: &SidecarCensoring) -> Result<Self> {
        let secrets = secrets::read(options)?;
        let own = &options.options;
        let include = own.include_directories.as_deref().filter(|globs| !globs.is_empty());
        Ok(Self {
            secrets: secrets.map(Arc::new),
            include: include.map(|globs| set("include_directories", globs)).transpose()?,
            exclude: set("exclude_directories", own.exclude_directories.as_deref().unwrap_or_default())?,
            one_archive: Arc::default(),
        })
    }

    /// A process log.
    pub(crate) fn log(&self, path: &Path) -> Content {
        match &self.secrets {
            None => Content::File(path.to_owned()),
            Some(secrets) => self.censored(secrets, path.to_owned()),
        }
    }

    /// An artifact, unless the globs leave it out.
    pub(crate) fn artifact(&self, artifact: &Artifact) -> Content {
        let below = artifact.below.as_str();
        let included = self.include.as_ref().is_none_or(|globs| globs.is_match(below));
        if included && !self.exclude.is_match(below) {
            self.log(&artifact.path)
        } else {
            Content::File(artifact.path.clone())
        }
    }

    /// Bytes in memory.
    pub(crate) fn bytes(&self, mut bytes: Vec<u8>) -> Vec<u8> {
        if let Some(secrets) = &self.secrets {
            secrets.blank(&mut bytes);
        }
        bytes
    }

    fn censored(&self, secrets: &Arc<Secrets>, path: PathBuf) -> Content {
        let (secrets, one_archive) = (secrets.clone(), self.one_archive.clone());
        Content::Read(Arc::new(move || {
            let mut file = File::open(&path)?;
            let mut head = Vec::new();
            file.by_ref().take(archive::HEAD).read_to_end(&mut head)?;
            file.rewind()?;
            match Kind::of(&head) {
                Kind::Plain => Ok(Box::new(Censored::new(file, secrets.clone())) as Box<dyn Read + Send>),
                Kind::Tar | Kind::Gzip | Kind::Zip | Kind::Sealed(_) => {
                    let _one = one_archive.lock().unwrap_or_else(PoisonError::into_inner);
                    Ok(Box::new(Cursor::new(archive(file, &path, &secrets)?)))
                }
            }
        }))
    }
}

/// An archive without secrets, or the line in its place.
fn archive(mut file: File, path: &Path, secrets: &Secrets) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let why = if file.metadata()?.len() > archive::MOST {
        "it is too large to be looked into".to_owned()
    } else {
        file.read_to_end(&mut bytes)?;
        match archive::censor(&mut bytes, secrets) {
            Ok(()) => return Ok(bytes),
            Err(why) => why.to_string(),
        }
    };
    tracing::error!(path = %path.display(), "withheld: {why}, so it may hold a secret");
    let line = format!("This file was withheld by the sidecar: {why}, so it may hold a secret.\n");
    if Kind::of(&bytes) == Kind::Gzip { archive::pack(line.as_bytes()) } else { Ok(line.into_bytes()) }
}

fn set(field: &str, globs: &[String]) -> Result<GlobSet> {
    let mut set = GlobSetBuilder::new();
    for glob in globs {
        let built = GlobBuilder::new(glob).literal_separator(true).build();
        set.add(built.with_context(|| format!("censoring_options.{field}"))?);
    }
    Ok(set.build()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::decoration::CensoringOptions;

    fn censor(include: &[&str], exclude: &[&str]) -> (tempfile::TempDir, Censor) {
        let list = |globs: &[&str]| Some(globs.iter().map(|&glob| glob.to_owned()).collect());
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("token"), "hunter2").unwrap();
        let censor = Censor::new(&SidecarCensoring {
            secret_directories: vec![folder.path().display().to_string()],
            options: CensoringOptions {
                include_directories: list(include),
                exclude_directories: list(exclude),
                ..CensoringOptions::default()
            },
            ini_filenames: Vec::new(),
        });
        (folder, censor.unwrap())
    }

    fn is_censored(censor: &Censor, below: &str) -> bool {
        let artifact =
            Artifact { name: format!("artifacts/{below}"), below: below.to_owned(), path: "/x".into() };
        matches!(censor.artifact(&artifact), Content::Read(_))
    }

    #[test]
    fn globs_choose_artifacts_and_the_exclusion_is_stronger() {
        let (_folder, all) = censor(&[], &[]);
        assert!(is_censored(&all, "deep/x.txt"));
        let (_folder, some) = censor(&["logs/**", "*.txt"], &["**/*.bin"]);
        for (below, expected) in
            [("logs/a/b.txt", true), ("x.txt", true), ("deep/x.txt", false), ("logs/core.bin", false)]
        {
            assert_eq!(is_censored(&some, below), expected, "{below}");
        }
    }

    #[test]
    fn secrets_that_cannot_be_read_leave_no_censor() {
        let options = SidecarCensoring {
            secret_directories: vec!["/does/not/exist".into()],
            ..SidecarCensoring::default()
        };
        let error = format!("{:#}", Censor::new(&options).unwrap_err());
        assert!(error.contains("/does/not/exist"), "{error}");
    }
}
