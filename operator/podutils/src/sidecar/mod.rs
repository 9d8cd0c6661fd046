//! `sidecar`: waits for the tests of a pod to end, and uploads what they left behind, without secrets.
//!
//! The tests' exit codes come through marker files. The sidecar itself ends well even where tests failed: the pod fails
//! through the test container's own exit code.

mod report;
mod verdict;

use crate::{
    log::OwnLog,
    marker,
    options::{self, Arguments},
};
use anyhow::{Error, Result, bail};
use api::podutils::{SIDECAR_OPTIONS, SidecarOptions, WrapperOptions};
use report::Report;
use std::{path::Path, process::ExitCode, time::Duration};
use tokio::signal::unix::{Signal, SignalKind, signal};
use verdict::{Codes, Verdict};

/// How often the markers are looked for. A look is a call to the kernel a test container.
const LOOK: Duration = Duration::from_millis(100);

/// Waits for the tests of a pod and uploads their results. Its options stand in SIDECAR_OPTIONS.
#[derive(Debug, clap::Parser)]
struct Flags {}

impl TryFrom<Flags> for SidecarOptions {
    type Error = Error;

    fn try_from(Flags {}: Flags) -> Result<Self> {
        bail!("variable {SIDECAR_OPTIONS} is not set; the sidecar takes its options from there alone")
    }
}

pub(crate) async fn program(arguments: &Arguments<'_>, own_log: &OwnLog) -> Result<ExitCode> {
    let mut options: SidecarOptions = arguments.options::<_, Flags>("sidecar", SIDECAR_OPTIONS)?;
    options.entries.extend(options.wrapper_options.take());
    check(&options)?;
    let report = Report { options: &options, spec: &options::job_spec()?, own_log };
    let mut stops = [signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?];

    let codes = if let Some(codes) = ended(&options, &mut stops).await {
        codes
    } else {
        // The pod is being deleted: what there is, now; and all of it if there is time.
        tracing::warn!("asked to stop before the tests ended; uploading what there is");
        if let Err(error) = report.send(Verdict::INTERRUPTED).await {
            tracing::error!("{error:#}");
        }
        markers(&options.entries).await
    };
    // From here on stops are heard by nobody: the results are worth more than a fast end.
    report.send(codes.verdict()).await?;
    let failures = u8::try_from(codes.failures()).unwrap_or(u8::MAX);
    Ok(if options.entry_error { ExitCode::from(failures) } else { ExitCode::SUCCESS })
}

fn check(options: &SidecarOptions) -> Result<()> {
    if options.entries.is_empty() {
        bail!("entries is empty: there is nothing to wait for");
    }
    if options.entries.iter().any(|entry| entry.marker_file.is_empty()) {
        bail!("every entry needs its marker_file");
    }
    Ok(())
}

/// Waits for all markers; `None`: asked to stop before.
async fn ended(options: &SidecarOptions, stops: &mut [Signal; 2]) -> Option<Codes> {
    if options.ignore_interrupts {
        return Some(markers(&options.entries).await);
    }
    let [interrupt, terminate] = stops;
    tokio::select! {
        codes = markers(&options.entries) => Some(codes),
        _ = interrupt.recv() => None,
        _ = terminate.recv() => None,
    }
}

async fn markers(entries: &[WrapperOptions]) -> Codes {
    let mut codes = Vec::new();
    for entry in entries {
        codes.push(code(Path::new(&entry.marker_file)).await);
    }
    Codes(codes)
}

async fn code(path: &Path) -> i32 {
    loop {
        match marker::read(path) {
            Ok(Some(code)) => return code,
            Ok(None) => tokio::time::sleep(LOOK).await,
            Err(error) => {
                tracing::error!(%error, "a marker cannot be read; the process counts as failed");
                return marker::INTERNAL_ERROR;
            }
        }
    }
}
