//! generate, check, test, bench: what CI and people run.

mod generate;

use clap::{Parser, Subcommand};

/// What CI and people run beside `cargo build`.
#[derive(Parser)]
#[command(name = "xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write what is generated: crds/, docs/kinds/, docs/plugins.md.
    Generate {
        /// Write nothing; fail and name each file that is not as it would be written.
        #[arg(long)]
        check: bool,
    },
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Generate { check: false } => generate::write(),
        Command::Generate { check: true } => generate::check(),
    }
}
