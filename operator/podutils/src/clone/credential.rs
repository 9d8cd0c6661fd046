//! The login: read from a file, given to git over a pipe when it asks.
//!
//! Git calls a *credential helper*, which here is this very program, and only for the scheme and host that is cloned
//! from. So the token is in no process' arguments or environment, in no `.git/config` and no `FETCH_HEAD`, where the
//! tests, which run the pull request's code, would find it.

use super::{Mask, remote::Account};
use crate::options::Arguments;
use anyhow::{Context as _, Result, bail};
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

/// The program's name.
pub(crate) const CREDENTIAL: &str = "credential";
/// The password where the token is the login name.
pub(super) const NO_PASSWORD: &str = "x-oauth-basic";

/// A token and where it lies.
pub(super) struct Login {
    file: PathBuf,
    mask: Mask,
}

impl Login {
    /// The login whose token stands in a file; none for an empty path.
    pub(super) fn read(file: &str) -> Result<Option<Self>> {
        if file.is_empty() {
            return Ok(None);
        }
        let token = token(Path::new(file))?;
        Ok(Some(Self { file: PathBuf::from(file), mask: Mask::new(&token) }))
    }

    /// As whom a token from a file logs in.
    pub(super) const ACCOUNT: Account<'static> = Account::Token;

    pub(super) fn mask(&self) -> &Mask {
        &self.mask
    }

    /// Options for git before its command: for this scheme and host ask us, and nobody who would store the answer.
    pub(super) fn git_options(&self, scope: &str) -> Result<[String; 4]> {
        let own = std::env::current_exe().context("where this program lies")?;
        let helper = format!("!{} {CREDENTIAL} {}", quoted(&own), quoted(&self.file));
        let option = || "-c".to_owned();
        let ask_us = format!("credential.{scope}.helper={helper}");
        Ok([option(), "credential.helper=".to_owned(), option(), ask_us])
    }
}

fn token(file: &Path) -> Result<String> {
    let text = std::fs::read_to_string(file).with_context(|| format!("token file {}", file.display()))?;
    let token = text.trim();
    if token.is_empty() || token.contains(char::is_control) {
        bail!("token file {} does not hold one line with a token", file.display());
    }
    Ok(token.to_owned())
}

/// A path as one word for the shell that git calls.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.to_string_lossy().replace('\'', r"'\''"))
}

/// `credential FILE get`: git's question and our answer. `store` and `erase` are taken note of by doing nothing.
pub(crate) fn program(arguments: &Arguments<'_>) -> Result<ExitCode> {
    let [file, question] = arguments.as_slice() else {
        bail!("usage: {CREDENTIAL} TOKEN-FILE get; git calls this, people need not");
    };
    if question == "get" {
        println!("username={}\npassword={NO_PASSWORD}", token(Path::new(file))?);
    }
    Ok(ExitCode::SUCCESS)
}
