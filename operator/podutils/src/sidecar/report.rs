//! What the sidecar uploads: artifacts, logs, `finished.json`.

use super::verdict::Verdict;
use crate::{
    artifacts,
    censor::Censor,
    clock,
    log::OwnLog,
    target::{Target, main_refs, revision},
};
use anyhow::{Context as _, Result};
use api::podutils::{Finished, JobSpec, SidecarOptions, WrapperOptions};
use results::{Content, Upload, file};
use serde_json::{Map, Value, json};
use std::path::Path;

/// The key under which metadata that could not be read is told.
const ERRORS: &str = "sidecar-errors";

pub(super) struct Report<'a> {
    pub options: &'a SidecarOptions,
    pub spec: &'a JobSpec,
    pub own_log: &'a OwnLog,
}

impl Report<'_> {
    /// Uploads everything, as it is now.
    pub(super) async fn send(&self, verdict: Verdict) -> Result<()> {
        let target = Target::new(&self.options.gcs_options, self.spec)?;
        let mut upload = target.upload()?;
        match Censor::new(&self.options.censoring_options) {
            Ok(censor) => self.all(&target, &mut upload, &censor, verdict)?,
            Err(problem) => {
                tracing::error!(
                    "nothing of the tests is uploaded, because secrets cannot be censored: {problem:#}"
                );
                self.nothing(&target, &mut upload, verdict, &problem)?;
            }
        }
        target.send(&upload).await
    }

    fn all(&self, target: &Target, upload: &mut Upload, censor: &Censor, verdict: Verdict) -> Result<()> {
        for artifact in
            self.options.gcs_options.items.iter().flat_map(|item| artifacts::of_item(Path::new(item)))
        {
            match target.object(&artifact.name, censor.artifact(&artifact)) {
                Ok(object) => upload.item(object),
                Err(error) => tracing::warn!("{error:#}, so it is not uploaded"),
            }
        }
        for entry in &self.options.entries {
            let log = Path::new(&entry.process_log);
            let content = if log.is_file() { censor.log(log) } else { no_log(entry) };
            upload.last(target.object(&self.log_name(entry), content)?);
        }
        let metadata = metadata(&self.options.entries, censor);
        self.finish(target, upload, verdict, metadata)?;
        // The last word, so that it holds all the words before.
        let own = censor.bytes(self.own_log.content());
        upload.last(target.object(file::SIDECAR_LOGS, Content::Bytes(own.into()))?);
        Ok(())
    }

    /// The result alone: without the secrets nobody knows what may be shown.
    fn nothing(
        &self,
        target: &Target,
        upload: &mut Upload,
        verdict: Verdict,
        problem: &anyhow::Error,
    ) -> Result<()> {
        for entry in &self.options.entries {
            let line = format!(
                "The log is withheld: the secrets that would have to be taken out cannot be read ({problem:#}).\n"
            );
            upload.last(target.object(&self.log_name(entry), Content::text(line))?);
        }
        let told =
            json!(["metadata is withheld: the secrets that would have to be taken out cannot be read"]);
        self.finish(target, upload, verdict, Map::from_iter([(ERRORS.to_owned(), told)]))
    }

    fn finish(
        &self,
        target: &Target,
        upload: &mut Upload,
        verdict: Verdict,
        metadata: Map<String, Value>,
    ) -> Result<()> {
        let finished = Finished {
            timestamp: Some(clock::now().as_second()),
            passed: Some(verdict.passed()),
            metadata: (!metadata.is_empty()).then_some(metadata),
            result: verdict.as_str().to_owned(),
            revision: main_refs(self.spec).map(revision).unwrap_or_default().to_owned(),
        };
        let text = serde_json::to_string(&finished)?;
        upload.last(target.object(file::FINISHED, Content::text(text))?);
        Ok(())
    }

    /// The only test's log bears no name.
    fn log_name(&self, entry: &WrapperOptions) -> String {
        match self.options.entries.as_slice() {
            [_] => file::BUILD_LOG.to_owned(),
            _ => format!("{}-{}", entry.container_name, file::BUILD_LOG),
        }
    }
}

fn no_log(entry: &WrapperOptions) -> Content {
    Content::text(format!("There is no log at {}: the process was never started.\n", entry.process_log))
}

/// What the tests say about themselves, later ones over earlier ones. It becomes a part of `finished.json`, so it is
/// censored whatever the globs say.
fn metadata(entries: &[WrapperOptions], censor: &Censor) -> Map<String, Value> {
    let mut all = Map::new();
    let mut errors = Vec::new();
    for entry in entries {
        match one_metadata(Path::new(&entry.metadata_file), censor) {
            Ok(metadata) => all.extend(metadata),
            Err(error) => errors.push(format!("{error:#}")),
        }
    }
    if !errors.is_empty() {
        all.insert(ERRORS.to_owned(), json!(errors));
    }
    all
}

fn one_metadata(path: &Path, censor: &Censor) -> Result<Map<String, Value>> {
    match std::fs::read(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Map::new()),
        Err(error) => Err(error).with_context(|| path.display().to_string()),
        Ok(bytes) => serde_json::from_slice(&censor.bytes(bytes))
            .with_context(|| format!("{} is not a JSON object", path.display())),
    }
}
