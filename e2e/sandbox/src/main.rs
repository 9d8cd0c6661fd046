//! `cargo sandbox`: a simulated cluster, a simulated GitHub and the operator in one process, for people to try.
//!
//! It checks what it needs, starts all on loopback, plays a story with a timeline, and stays up until Ctrl-C. Everything
//! it writes is below one temporary folder, which goes when it ends, however it ends. The tour: `arguments`, `needs` and
//! `folder` are before the start, `start` wires the parts, `timeline` and `watch` show what happens, `show` is the order of it.

mod arguments;
mod decorated;
mod folder;
mod furnish;
mod guard;
mod kubeconfig;
mod log;
mod needs;
mod outside;
mod show;
mod start;
mod table;
mod timeline;
mod watch;

use crate::{arguments::Arguments, folder::Folder, log::Log};
use anyhow::Context as _;
use clap::Parser as _;
use std::{process::ExitCode, time::Duration};
use tokio::signal::unix::{SignalKind, signal};

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// The story came to its end, or people have seen enough.
    Well,
    /// It did not come to its end.
    Badly,
}

/// How long what still runs may take to end.
const FAREWELL: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    let command_line: Vec<_> = std::env::args_os().collect();
    if podutils::Program::of(&command_line).is_some() {
        return podutils::main(&command_line); // this file is in a pod, see `decorated`
    }
    match run(&Arguments::parse()) {
        Ok(Ending::Well) => ExitCode::SUCCESS,
        Ok(Ending::Badly) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("sandbox: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> anyhow::Result<Ending> {
    arguments.check()?;
    needs::git()?;
    let temporary = std::env::temp_dir();
    for stale in folder::clear_stale(&temporary) {
        println!("Removed {}, left by an earlier run.", stale.display());
    }
    // Made before the runtime, so that it goes after all that writes to it, after a panic too.
    let folder = Folder::make(&temporary, arguments.keep)?;
    let log = Log::begin(&folder.path().join("operator.log"), arguments.verbose)?;
    // One provider for all TLS. That one is installed already is as good.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = tokio::runtime::Runtime::new().context("no runtime")?;
    let ended = runtime.block_on(async {
        tokio::select! {
            ended = show::run(arguments, folder.path(), &log) => ended,
            stopped = stopped() => {
                stopped?;
                println!("\nStopped; what was started is ended and removed.");
                Ok(if arguments.once { Ending::Badly } else { Ending::Well })
            }
        }
    });
    runtime.shutdown_timeout(FAREWELL);
    folder.remove()?;
    ended
}

/// Waits until somebody wants it to end.
async fn stopped() -> anyhow::Result<()> {
    let mut hangup = signal(SignalKind::hangup())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        stopped = tokio::signal::ctrl_c() => stopped?,
        _ = hangup.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}
