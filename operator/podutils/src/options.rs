//! Where a program's options come from: its environment variable as JSON, else flags. Where the variable is present,
//! flags are ignored, because pods carry some for the sake of people who read them.

use anyhow::{Context as _, Result};
use api::podutils::{JOB_SPEC, JobSpec};
use clap::Parser;
use serde::de::DeserializeOwned;
use std::ffi::OsString;

/// Names what is wrong in messages.
pub(crate) const JOB_IN_ENVIRONMENT: &str = "variable JOB_SPEC";

/// The arguments after the program's name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arguments<'a> {
    arguments: &'a [OsString],
}

impl<'a> Arguments<'a> {
    pub(crate) fn new(arguments: &'a [OsString]) -> Self {
        Self { arguments }
    }

    pub(crate) fn as_slice(&self) -> &'a [OsString] {
        self.arguments
    }

    /// The options of `variable`, else those of flags.
    pub(crate) fn options<T, F>(&self, program: &str, variable: &str) -> Result<T>
    where
        T: DeserializeOwned,
        F: Parser + TryInto<T, Error = anyhow::Error>,
    {
        if let Some(text) = std::env::var_os(variable) {
            let text = text.to_str().with_context(|| format!("variable {variable} is not UTF-8"))?;
            return read(variable, text);
        }
        let line = std::iter::once(OsString::from(program)).chain(self.arguments.iter().cloned());
        F::parse_from(line).try_into()
    }
}

/// What the run is, from the environment.
pub(crate) fn job_spec() -> Result<JobSpec> {
    let text = std::env::var(JOB_SPEC).with_context(|| format!("variable {JOB_SPEC} is not set"))?;
    read(JOB_SPEC, &text)
}

/// JSON in a variable. The message tells the place, not the content: options may name secrets' files, titles anything.
pub(crate) fn read<T: DeserializeOwned>(variable: &str, text: &str) -> Result<T> {
    serde_json::from_str(text).with_context(|| {
        format!(
            "variable {variable} is not the JSON that is expected; $(VARIABLES) with quotes in them break it"
        )
    })
}
