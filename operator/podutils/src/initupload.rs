//! `initupload`: uploads what is known before the tests run. A clone that failed ends the run here: this program writes
//! the result that the sidecar will never write, and exits with a failure, so that the pod fails.

use crate::{
    clock, gcsupload,
    options::{self, Arguments},
    target::{Target, main_refs, revision},
};
use anyhow::{Context as _, Error, Result};
use api::podutils::{CloneRecord, Finished, INITUPLOAD_OPTIONS, InitUploadOptions, JobSpec, Started};
use results::{Content, file};
use serde::Serialize;
use std::{fmt::Write as _, process::ExitCode};

/// Uploads what is known before the tests run.
#[derive(Debug, clap::Parser)]
struct Flags {
    #[command(flatten)]
    upload: gcsupload::Flags,
    /// The records of clonerefs.
    #[arg(long, default_value = "")]
    clone_log: String,
}

impl TryFrom<Flags> for InitUploadOptions {
    type Error = Error;

    fn try_from(flags: Flags) -> Result<Self> {
        Ok(Self { upload: flags.upload.try_into()?, log: flags.clone_log })
    }
}

pub(crate) async fn program(arguments: &Arguments<'_>) -> Result<ExitCode> {
    let options: InitUploadOptions = arguments.options::<_, Flags>("initupload", INITUPLOAD_OPTIONS)?;
    let spec = options::job_spec()?;
    let target = Target::new(&options.upload, &spec)?;
    let records = records(&options.log)?;
    let now = clock::now().as_second();

    let mut upload = target.upload()?;
    upload.last(target.object(file::STARTED, json(&started(&spec, records.as_deref(), now))?)?);
    let mut failed = false;
    if let Some(records) = &records {
        failed = records.iter().any(|record| record.failed);
        let log = readable(records);
        upload.last(target.object(file::CLONE_LOG, Content::text(log.clone()))?);
        upload.last(target.object(file::CLONE_RECORDS, json(records)?)?);
        if failed {
            upload.last(target.object(file::BUILD_LOG, Content::text(log))?);
            upload.last(target.object(file::FINISHED, json(&not_cloned(now))?)?);
        }
    }
    target.send(&upload).await?;
    if failed {
        tracing::error!("cloning failed; {} tells why", file::CLONE_LOG);
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

fn json(value: &impl Serialize) -> Result<Content> {
    Ok(Content::text(serde_json::to_string(value)?))
}

fn records(log: &str) -> Result<Option<Vec<CloneRecord>>> {
    if log.is_empty() {
        return Ok(None);
    }
    let text = std::fs::read(log).with_context(|| format!("records of clonerefs in {log}"))?;
    let records = serde_json::from_slice(&text).with_context(|| format!("records of clonerefs in {log}"))?;
    Ok(Some(records))
}

/// What is known before the tests run. `now` in seconds since 1970.
fn started(spec: &JobSpec, records: Option<&[CloneRecord]>, now: i64) -> Started {
    let pull = spec.refs.as_ref().and_then(|refs| refs.pulls.first());
    let all = spec.refs.iter().chain(&spec.extra_refs);
    let repos = all.map(|refs| (format!("{}/{}", refs.org, refs.repo), refs.to_string()));
    let commit = main_refs(spec).map(|main| {
        let cloned = records.unwrap_or_default().iter().find(|record| record.refs == *main);
        let cloned = cloned.map(|record| record.final_sha.as_str()).filter(|sha| !sha.is_empty());
        cloned.unwrap_or_else(|| revision(main)).to_owned()
    });
    let commit = commit.unwrap_or_default();
    Started {
        timestamp: now,
        pull: pull.map(|pull| pull.number.to_string()).unwrap_or_default(),
        repos: repos.collect(),
        repo_commit: commit.clone(),
        repo_version: commit,
        metadata: None,
    }
}

fn not_cloned(now: i64) -> Finished {
    Finished {
        timestamp: Some(now),
        passed: Some(false),
        result: "FAILURE".to_owned(),
        ..Finished::default()
    }
}

/// The records for people.
fn readable(records: &[CloneRecord]) -> String {
    let mut text = String::new();
    for record in records {
        if !record.refs.repo.is_empty() {
            let _ = writeln!(text, "# Cloning {}/{} at {}", record.refs.org, record.refs.repo, record.refs);
        }
        for command in &record.commands {
            let _ = writeln!(text, "$ {} ({})", command.command, command.duration);
            for part in [&command.output, &command.error] {
                if !part.trim().is_empty() {
                    let _ = writeln!(text, "{}", part.trim_end());
                }
            }
        }
        if record.failed {
            text.push_str("# Failed\n");
        } else if !record.final_sha.is_empty() {
            let _ = writeln!(text, "# Done in {}: {}", record.duration, record.final_sha);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn spec(value: serde_json::Value) -> JobSpec {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn started_tells_what_was_cloned_and_else_what_was_asked_for() {
        let spec = spec(json!({
            "type": "presubmit", "job": "unit", "buildid": "7",
            "refs": { "org": "acme", "repo": "widgets", "base_ref": "main", "base_sha": "b",
                      "pulls": [{ "number": 41, "author": "kim", "sha": "p" }] },
            "extra_refs": [{ "org": "acme", "repo": "infra", "base_ref": "main" }],
        }));
        let record = CloneRecord {
            refs: spec.refs.clone().unwrap(),
            final_sha: "merged".into(),
            ..CloneRecord::default()
        };
        let told = serde_json::to_value(started(&spec, Some(&[record]), 5)).unwrap();
        assert_eq!(
            told,
            json!({ "timestamp": 5, "pull": "41", "repo-commit": "merged", "repo-version": "merged",
                    "repos": { "acme/widgets": "main:b,41:p", "acme/infra": "main" } })
        );
        assert_eq!(started(&spec, None, 5).repo_commit, "p");
    }

    #[test]
    fn a_periodic_is_about_its_first_repository_that_is_no_mere_aid() {
        let spec = spec(json!({
            "type": "periodic", "job": "nightly", "buildid": "7",
            "extra_refs": [
                { "org": "acme", "repo": "tools", "base_ref": "main", "auxiliary": true },
                { "org": "acme", "repo": "widgets", "base_ref": "dev" },
            ],
        }));
        assert_eq!(started(&spec, None, 5).repo_commit, "dev");
    }
}
