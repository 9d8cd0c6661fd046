//! The test process: a group of its own, whose output comes through one pipe, in the order in which it was printed.

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};
use std::{
    os::unix::process::ExitStatusExt as _,
    process::{ExitStatus, Stdio},
};
use tokio::{
    net::unix::pipe::Receiver,
    process::{Child, Command},
};

/// A process that runs.
pub(super) struct Process {
    child: Child,
    group: Pid,
}

/// How it ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ended(Option<ExitStatus>);

impl Ended {
    /// The exit code; of a process that a signal ended, 128 and the signal, as shells say it.
    pub(super) fn code(self) -> i32 {
        let signal = || self.0.and_then(|status| status.signal()).map(|signal| 128 + signal);
        self.0.and_then(|status| status.code()).or_else(signal).unwrap_or(super::INTERNAL_ERROR)
    }
}

impl Process {
    /// Starts it, without a shell.
    pub(super) fn start(args: &[String]) -> Result<(Self, Receiver)> {
        let Some((program, arguments)) = args.split_first() else { bail!("args is empty") };
        let (reader, writer) = std::io::pipe()?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(writer.try_clone()?)
            .stderr(writer)
            .process_group(0);
        let child = command.spawn().with_context(|| format!("{program:?}"))?;
        // With it goes our own end of the pipe, so that the reader sees the end of the output.
        drop(command);
        let id = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let group = id.context("the process has no id")?;
        Ok((Self { child, group }, Receiver::from_owned_fd(reader.into())?))
    }

    pub(super) async fn wait(&mut self) -> Ended {
        let status = self.child.wait().await;
        Ended(status.inspect_err(|error| tracing::error!(%error, "cannot wait for the process")).ok())
    }

    /// Sends a signal to the process and to all that it started.
    pub(super) fn signal(&self, signal: Signal) {
        // An error means that nobody is left, which a signal would bring about.
        let _ = kill_process_group(self.group, signal);
    }

    /// Ends whatever is left of it.
    pub(super) fn end_group(&self) {
        self.signal(Signal::KILL);
    }
}
