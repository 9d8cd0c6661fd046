//! `clonerefs`: clones what a run tests, and writes down what it did.
//!
//! Which commands clone a repository is a function ([`plan`]); [`run`] only carries them out. A token never stands in an
//! argument, a URL, git's configuration or a record: git asks this program for it, over a pipe, and only for the host
//! that is cloned from.

mod credential;
mod flags;
mod mask;
pub mod plan;
pub mod remote;
mod run;
mod ssh;

pub use mask::Mask;
pub(crate) use mask::escaped;

use crate::options::Arguments;
use anyhow::{Context as _, Result, bail};
use api::podutils::{CLONEREFS_OPTIONS, CloneRecord, CloneRefsOptions, CommandRecord};
use credential::Login;
use flags::Flags;
use std::{collections::BTreeMap, path::Path, process::ExitCode};

pub(crate) use credential::{CREDENTIAL, program as credential_program};

pub(crate) async fn program(arguments: &Arguments<'_>) -> Result<ExitCode> {
    let options: CloneRefsOptions = arguments.options::<_, Flags>("clonerefs", CLONEREFS_OPTIONS)?;
    check(&options)?;
    let records = match Setup::new(&options).await {
        Ok(setup) => {
            let mut records = vec![setup.record.clone()];
            records.extend(run::all(&options, &setup).await);
            records
        }
        Err(problem) => vec![failed_setup(&problem)],
    };
    let failed = records.iter().any(|record| record.failed);
    write_log(Path::new(&options.log), &records)?;
    // A failed clone is told by initupload, which knows where people look; the pod must get that far.
    Ok(if failed && options.fail { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// What must hold before anything is done.
fn check(options: &CloneRefsOptions) -> Result<()> {
    if options.src_root.is_empty() || options.log.is_empty() {
        bail!("src_root and log are needed: where to clone to, and where to write what was done");
    }
    if options.refs.is_empty() {
        bail!("refs is empty: there is nothing to clone");
    }
    if asks_for_app(options) && !options.oauth_token_file.is_empty() {
        bail!("oauth_token_file and github_app_id exclude each other: remove one");
    }
    let mut places: BTreeMap<String, (&str, &str)> = BTreeMap::new();
    for refs in &options.refs {
        // Where there is no place, the clone itself fails, and the others go on.
        let Ok(place) = plan::clone_dir(&options.src_root, refs) else { continue };
        let name = (refs.org.as_str(), refs.repo.as_str());
        match places.insert(place.clone(), name) {
            Some(other) if other == name => {
                bail!("{}/{} would be cloned to {place} twice; give one a path_alias", name.0, name.1);
            }
            Some(other) => {
                tracing::warn!(
                    "{}/{} and {}/{} are both cloned to {place}",
                    other.0,
                    other.1,
                    name.0,
                    name.1
                );
            }
            None => {}
        }
    }
    Ok(())
}

/// What all clones share.
pub(crate) struct Setup {
    login: Option<Login>,
    /// Added to the environment of every command.
    env: Vec<(String, String)>,
    record: CloneRecord,
    /// Ends when dropped.
    _agent: Option<ssh::Agent>,
}

impl Setup {
    async fn new(options: &CloneRefsOptions) -> Result<Self> {
        if asks_for_app(options) {
            bail!(
                "clonerefs cannot make tokens of a GitHub App (github_app_id, github_app_private_key_file); give it a token through oauth_token_secret instead"
            );
        }
        let mut commands = Vec::new();
        let login = Login::read(&options.oauth_token_file)?;
        let mut env = Vec::new();
        let agent = if options.key_files.is_empty() {
            None
        } else {
            let agent = ssh::Agent::start(&options.key_files, &mut commands).await?;
            env.extend(agent.env());
            Some(agent)
        };
        if !options.host_fingerprints.is_empty() {
            env.push(ssh::trust_hosts(&options.host_fingerprints)?);
        }
        if !options.cookie_path.is_empty() && options.refs.iter().any(|refs| !refs.skip_submodules) {
            let arguments = ["config", "--global", "http.cookiefile", &options.cookie_path];
            commands.push(run::setup("git", &arguments).await?);
        }
        Ok(Self { login, env, record: CloneRecord { commands, ..CloneRecord::default() }, _agent: agent })
    }
}

fn asks_for_app(options: &CloneRefsOptions) -> bool {
    !options.github_app_id.is_empty() || !options.github_app_private_key_file.is_empty()
}

fn failed_setup(problem: &anyhow::Error) -> CloneRecord {
    let command = CommandRecord {
        command: "setup".to_owned(),
        error: format!("{problem:#}"),
        ..CommandRecord::default()
    };
    CloneRecord { commands: vec![command], failed: true, ..CloneRecord::default() }
}

fn write_log(path: &Path, records: &[CloneRecord]) -> Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    let text = serde_json::to_vec(records)?;
    std::fs::write(path, text).with_context(|| path.display().to_string())
}
