//! `entrypoint`: wraps a test process. It copies the output to the process log, ends the process in time, and leaves the
//! exit code in a marker, where the sidecar, which shares no process with the test, finds it.
//!
//! Signals go to the whole process group of the test: tests are shell scripts more often than not, and a shell that waits
//! for its child does not pass a signal on. What the process leaves running when it ends is ended too, as the container
//! would do a moment later.

mod flags;
mod output;
mod place;
mod process;

use crate::{
    marker::{self, ABORTED, INTERNAL_ERROR, PREVIOUS_FAILED},
    options::Arguments,
};
use anyhow::{Context as _, Result, bail};
use api::{
    duration::GoDuration,
    podutils::{ENTRYPOINT_OPTIONS, EntrypointOptions},
};
use flags::Flags;
use output::Output;
use process::{Ended, Process};
use rustix::process::Signal;
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};
use tokio::signal::unix::{Signal as Signals, SignalKind, signal};

/// Where nothing is said.
const TIMEOUT: Duration = Duration::from_hours(2);
const GRACE_PERIOD: Duration = Duration::from_secs(15);
/// How often the marker of the process before is looked for.
const LOOK: Duration = Duration::from_millis(50);

pub(crate) async fn program(arguments: &Arguments<'_>) -> Result<ExitCode> {
    let options: EntrypointOptions = arguments.options::<_, Flags>("entrypoint", ENTRYPOINT_OPTIONS)?;
    if options.copy_mode_only {
        place::copy_self(&options.copy_dst)?;
        return Ok(ExitCode::SUCCESS);
    }
    check(&options)?;
    let mut stops = Stops::new()?;
    let code = run(&options, &mut stops).await;
    marker::write(Path::new(&options.wrapper.marker_file), code)
        .with_context(|| format!("marker {}", options.wrapper.marker_file))?;
    Ok(if options.always_zero { ExitCode::SUCCESS } else { exit_code(code) })
}

fn check(options: &EntrypointOptions) -> Result<()> {
    if options.wrapper.args.is_empty() {
        bail!("args is empty: there is nothing to run");
    }
    if options.wrapper.process_log.is_empty() || options.wrapper.marker_file.is_empty() {
        bail!("process_log and marker_file are needed: the sidecar waits for them");
    }
    if options.always_zero && options.propagate_error_code {
        bail!("always_zero and propagate_error_code exclude each other: remove one");
    }
    Ok(())
}

/// An exit code has eight bits.
fn exit_code(code: i32) -> ExitCode {
    ExitCode::from(code.to_le_bytes()[0])
}

/// The signals that ask this program to stop.
struct Stops {
    interrupt: Signals,
    terminate: Signals,
}

impl Stops {
    fn new() -> std::io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::INT,
            _ = self.terminate.recv() => Signal::TERM,
        }
    }
}

/// Runs the process, and returns the code for the marker.
async fn run(options: &EntrypointOptions, stops: &mut Stops) -> i32 {
    let mut output = match Output::open(Path::new(&options.wrapper.process_log)) {
        Ok(output) => output,
        Err(error) => {
            tracing::error!(%error, log = options.wrapper.process_log, "cannot write the process log");
            return INTERNAL_ERROR;
        }
    };
    match before(options, stops).await {
        Ok(None) => {}
        Ok(Some(code)) => return code,
        Err(problem) => {
            output.say(&format!("cannot start: {problem:#}"));
            return INTERNAL_ERROR;
        }
    }
    let (mut process, printed) = match Process::start(&options.wrapper.args) {
        Ok(started) => started,
        Err(problem) => {
            output.say(&format!("cannot start: {problem:#}"));
            return INTERNAL_ERROR;
        }
    };
    let copying = output.clone().copy(printed);
    let code = watch(options, &mut process, stops, &mut output).await;
    process.end_group();
    copying.finish().await;
    code
}

/// What comes before the process; a code where it must not run.
async fn before(options: &EntrypointOptions, stops: &mut Stops) -> Result<Option<i32>> {
    if !options.artifact_dir.is_empty() {
        std::fs::create_dir_all(&options.artifact_dir)
            .with_context(|| format!("artifact_dir {}", options.artifact_dir))?;
    }
    if options.previous_marker.is_empty() {
        return Ok(None);
    }
    let previous = PathBuf::from(&options.previous_marker);
    loop {
        match marker::read(&previous)? {
            Some(0) => return Ok(None),
            Some(_) => return Ok(Some(PREVIOUS_FAILED)),
            None => {}
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            _ = stops.next() => return Ok(Some(ABORTED)),
        }
    }
}

async fn watch(
    options: &EntrypointOptions,
    process: &mut Process,
    stops: &mut Stops,
    output: &mut Output,
) -> i32 {
    let timeout = given(options.timeout, TIMEOUT);
    let (signals, code): (&[Signal], i32) = tokio::select! {
        ended = process.wait() => return ended.code(),
        () = tokio::time::sleep(timeout) => {
            output.say(&format!("the process did not end within {}", GoDurationOf(timeout)));
            (&[Signal::INT], INTERNAL_ERROR)
        }
        signal = stops.next() => {
            output.say(&format!("asked to stop by signal {}", signal.as_raw()));
            if signal == Signal::INT { (&[Signal::INT], ABORTED) } else { (&[Signal::INT, Signal::TERM], ABORTED) }
        }
    };
    let ended = end(options, process, signals, output).await;
    if options.propagate_error_code { ended.code() } else { code }
}

/// Asks the process to end, and ends it when it does not.
async fn end(
    options: &EntrypointOptions,
    process: &mut Process,
    signals: &[Signal],
    output: &mut Output,
) -> Ended {
    for signal in signals {
        process.signal(*signal);
    }
    let grace = given(options.grace_period, GRACE_PERIOD);
    if let Ok(ended) = tokio::time::timeout(grace, process.wait()).await {
        return ended;
    }
    output.say(&format!("the process did not end within {} after that; killed", GoDurationOf(grace)));
    process.end_group();
    process.wait().await
}

fn given(duration: GoDuration, otherwise: Duration) -> Duration {
    if duration.as_nanos() > 0 { duration.to_std() } else { otherwise }
}

/// Prints a duration as people wrote it: `1h30m0s`.
struct GoDurationOf(Duration);

impl std::fmt::Display for GoDurationOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let nanos = i64::try_from(self.0.as_nanos()).unwrap_or(i64::MAX);
        GoDuration::from_nanos(nanos).fmt(f)
    }
}
