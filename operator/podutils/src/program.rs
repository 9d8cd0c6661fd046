//! Which program is meant, and how it is started and ends.

use crate::{clone, entrypoint, gcsupload, initupload, log, options::Arguments, sidecar};
use std::{ffi::OsString, path::Path, process::ExitCode};

/// One of the programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// Clones what is tested.
    CloneRefs,
    /// Uploads what is known before the tests run.
    InitUpload,
    /// Wraps a test process.
    Entrypoint,
    /// Waits for the tests and uploads their results.
    Sidecar,
    /// Uploads files.
    GcsUpload,
    /// Answers git when it asks for a login; `clonerefs` names it to git.
    Credential,
}

impl Program {
    /// All programs by name.
    pub const NAMES: [(&'static str, Self); 6] = [
        ("clonerefs", Self::CloneRefs),
        ("initupload", Self::InitUpload),
        ("entrypoint", Self::Entrypoint),
        ("sidecar", Self::Sidecar),
        ("gcsupload", Self::GcsUpload),
        (clone::CREDENTIAL, Self::Credential),
    ];

    /// The program of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, program)| *program)
    }

    /// The program that a command line means, and its arguments: the file's own name, else the first argument.
    pub fn of(command_line: &[OsString]) -> Option<(Self, &[OsString])> {
        let (own, arguments) = command_line.split_first()?;
        let own = Path::new(own).file_name().and_then(|name| name.to_str());
        if let Some(program) = own.and_then(Self::named) {
            return Some((program, arguments));
        }
        let (first, arguments) = arguments.split_first()?;
        Some((Self::named(first.to_str()?)?, arguments))
    }
}

/// Runs the program that the command line means.
pub fn main(command_line: &[OsString]) -> ExitCode {
    let Some((program, arguments)) = Program::of(command_line) else {
        let names: Vec<&str> = Program::NAMES.iter().map(|(name, _)| *name).collect();
        eprintln!("usage: podutils PROGRAM [FLAGS], where PROGRAM is one of {}", names.join(", "));
        return ExitCode::from(2);
    };
    let own_log = log::start();
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(%error, "cannot start");
            return ExitCode::FAILURE;
        }
    };
    let arguments = Arguments::new(arguments);
    let ended = runtime.block_on(async {
        match program {
            Program::CloneRefs => clone::program(&arguments).await,
            Program::InitUpload => initupload::program(&arguments).await,
            Program::Entrypoint => entrypoint::program(&arguments).await,
            Program::Sidecar => sidecar::program(&arguments, &own_log).await,
            Program::GcsUpload => gcsupload::program(&arguments).await,
            Program::Credential => clone::credential_program(&arguments),
        }
    });
    // Whatever still reads a pipe in the background must not keep the container alive.
    runtime.shutdown_background();
    ended.unwrap_or_else(|error| {
        // With `:#` every cause stands in one line.
        tracing::error!("{error:#}");
        ExitCode::FAILURE
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Option<(Program, usize)> {
        let line: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
        Program::of(&line).map(|(program, arguments)| (program, arguments.len()))
    }

    #[test]
    fn a_program_is_called_by_its_own_name_or_by_the_first_argument() {
        assert_eq!(of("/tools/entrypoint --copy-mode-only"), Some((Program::Entrypoint, 1)));
        assert_eq!(of("podutils clonerefs --fail"), Some((Program::CloneRefs, 1)));
        assert_eq!(of("podutils"), None);
        assert_eq!(of("podutils unheard-of"), None);
    }
}
