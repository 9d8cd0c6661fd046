//! What CI and people run on the project itself: `cargo xtask {generate,check,test}`.

mod check;
mod generate;
mod test;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Work on the project itself: what CI and people run")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Write what is generated: crds/, docs/kinds/, docs/plugins.md.
    Generate {
        /// Write nothing; fail and name each file that is not as it would be written.
        #[arg(long)]
        check: bool,
    },
    /// The rules that no compiler holds: dependency direction, banned crates, licences, versions that must agree.
    Check,
    /// All tests; installs what they need beyond cargo into a cache first, and says what it skipped and why.
    Test(test::Arguments),
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().task {
        Task::Generate { check: false } => generate::write(),
        Task::Generate { check: true } => generate::check(),
        Task::Check => check::run(),
        Task::Test(arguments) => test::run(&arguments),
    }
}
