//! One container as a process: its output goes to the log, its end is its exit code, and it is stopped as a whole group.

use crate::{isolation::Prepared, logs};
use rustix::process::{Pid, Signal, kill_process_group};
use std::{os::unix::process::ExitStatusExt, process::Stdio, time::Duration};
use tokio::{
    io::AsyncReadExt,
    net::unix::pipe::Receiver,
    process::{Child, Command},
};

/// A container that runs.
pub(crate) struct Process {
    child: Child,
    group: Option<Pid>,
    output: tokio::task::JoinHandle<()>,
}

/// How a container ended, in the words of a container status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exit {
    pub(crate) code: i32,
    pub(crate) signal: Option<i32>,
}

impl Process {
    /// Starts a prepared command.
    pub(crate) fn start(prepared: &Prepared, container: &str, log: &logs::Writer) -> std::io::Result<Self> {
        let (reader, writer) = std::io::pipe()?;
        let mut command = Command::new(&prepared.program);
        command
            .args(&prepared.arguments)
            .env_clear()
            .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
            .env("HOME", "/root")
            .envs(prepared.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(writer.try_clone()?)
            .stderr(writer)
            .process_group(0)
            .kill_on_drop(true);
        if let Some(folder) = &prepared.folder {
            command.current_dir(folder);
        }
        let child = command.spawn()?;
        drop(command); // and with it our end of the pipe, so that the reader sees its end
        let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let receiver = Receiver::from_owned_fd(reader.into());
        let (log, container) = (log.clone(), container.to_owned());
        let output = tokio::spawn(async move {
            let Ok(mut receiver) = receiver else { return };
            let mut buffer = vec![0; 16 * 1024];
            while let Ok(read @ 1..) = receiver.read(&mut buffer).await {
                log.write(&container, buffer.get(..read).unwrap_or_default()).await;
            }
        });
        Ok(Self { child, group, output })
    }

    /// Waits for the end; all output is in the log then.
    pub(crate) async fn wait(&mut self) -> Exit {
        let status = self.child.wait().await;
        // What the process left behind in its group must not hold the pipe open.
        self.signal(Signal::KILL);
        let _ = tokio::time::timeout(Duration::from_secs(5), &mut self.output).await;
        match status {
            Ok(status) => {
                let signal = status.signal();
                Exit { code: status.code().unwrap_or_else(|| 128 + signal.unwrap_or_default()), signal }
            }
            Err(_) => Exit { code: 128, signal: None },
        }
    }

    /// Asks the group to stop.
    pub(crate) fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Ends the group.
    pub(crate) fn kill(&self) {
        self.signal(Signal::KILL);
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = self.group {
            // An error means that the group is gone, which is what is wanted.
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        self.output.abort();
    }
}
