//! Flags of `entrypoint`: `--copy-mode-only` in pods, the rest for people who call it by hand.

use anyhow::{Error, Result};
use api::{
    duration::GoDuration,
    podutils::{EntrypointOptions, WrapperOptions},
};

/// Wraps a process: log, timeout, marker.
#[derive(Debug, clap::Parser)]
pub(super) struct Flags {
    /// The process is ended after this.
    #[arg(long, default_value = "120m")]
    timeout: GoDuration,
    /// Between the interrupt and the kill.
    #[arg(long, default_value = "15s")]
    grace_period: GoDuration,
    /// Created before the process starts.
    #[arg(long, default_value = "")]
    artifact_dir: String,
    /// Run only after this marker, and only if it is zero.
    #[arg(long, default_value = "")]
    previous_marker: String,
    /// Exit with 0 whatever the process did.
    #[arg(long)]
    always_zero: bool,
    /// Exit with the process' code after a timeout or interrupt too.
    #[arg(long)]
    propagate_error_code: bool,
    /// Only copy the program itself.
    #[arg(long)]
    copy_mode_only: bool,
    /// Where to.
    #[arg(long, default_value = super::place::DESTINATION)]
    copy_dst: String,
    /// The container.
    #[arg(long, default_value = "")]
    container_name: String,
    /// File with the process' output.
    #[arg(long, default_value = "")]
    process_log: String,
    /// File with its exit code.
    #[arg(long, default_value = "")]
    marker_file: String,
    /// File in which it may leave metadata.
    #[arg(long, default_value = "")]
    metadata_file: String,
    /// The process.
    #[arg(last = true)]
    args: Vec<String>,
}

impl TryFrom<Flags> for EntrypointOptions {
    type Error = Error;

    fn try_from(flags: Flags) -> Result<Self> {
        Ok(Self {
            timeout: flags.timeout,
            grace_period: flags.grace_period,
            artifact_dir: flags.artifact_dir,
            previous_marker: flags.previous_marker,
            always_zero: flags.always_zero,
            propagate_error_code: flags.propagate_error_code,
            copy_mode_only: flags.copy_mode_only,
            copy_dst: flags.copy_dst,
            wrapper: WrapperOptions {
                args: flags.args,
                container_name: flags.container_name,
                process_log: flags.process_log,
                marker_file: flags.marker_file,
                metadata_file: flags.metadata_file,
            },
        })
    }
}
