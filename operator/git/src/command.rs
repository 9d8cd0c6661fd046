//! Running git: a clean environment, no prompts, no hooks, credentials by question.

use secrecy::{ExposeSecret, SecretString};
use std::{
    io::Write,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

/// Why git did not do what was asked. Never holds a token: git does not print what its question was answered with.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// git is not there.
    #[error("git could not be started ({0}); install git 2.38 or newer")]
    NotThere(std::io::Error),
    /// git refused.
    #[error("git {what} failed: {message}")]
    Failed {
        /// The subcommand.
        what: String,
        /// git's last words.
        message: String,
    },
    /// A name from outside that git could take for something else.
    #[error("{0:?} is not a commit id or a branch name")]
    Unsafe(String),
    /// The mirror's folder cannot be used.
    #[error("the mirror {path}: {source}")]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The work was given up with its runtime.
    #[error("git's answer was not waited for")]
    GivenUp,
}

/// A git command in a repository.
pub(crate) struct Git<'a> {
    pub(crate) folder: &'a Path,
    pub(crate) token: Option<&'a SecretString>,
}

impl Git<'_> {
    /// Runs git and gives its output, whatever the exit code.
    pub(crate) fn output(&self, arguments: &[&str], input: Option<&[u8]>) -> Result<Output, GitError> {
        let mut command = Command::new("git");
        command
            .current_dir(self.folder)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_TERMINAL_PROMPT", "0")
            // Commits that we make are for testing only: with fixed dates the same merge is the same id.
            .env("GIT_AUTHOR_DATE", "2000-01-01T00:00:00Z")
            .env("GIT_COMMITTER_DATE", "2000-01-01T00:00:00Z")
            // A server that sends less than this for so long has stopped.
            .env("GIT_HTTP_LOW_SPEED_LIMIT", "1000")
            .env("GIT_HTTP_LOW_SPEED_TIME", "30")
            .args(["-c", "core.hooksPath=/dev/null", "-c", "gc.auto=0", "-c", "transfer.fsckObjects=true"])
            .args(arguments)
            .stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let _question = match self.token {
            Some(token) => Some(Question::answered_with(token, &mut command)?),
            None => None,
        };
        let mut child = command.spawn().map_err(GitError::NotThere)?;
        // git may answer while it is still being asked: write from beside, or both sides wait for each other.
        let pipe = child.stdin.take();
        let output = std::thread::scope(|scope| {
            if let (Some(mut pipe), Some(input)) = (pipe, input) {
                scope.spawn(move || pipe.write_all(input));
            }
            child.wait_with_output()
        });
        output.map_err(GitError::NotThere)
    }

    /// Runs git, which must succeed, and gives what it printed.
    pub(crate) fn run(&self, arguments: &[&str], input: Option<&[u8]>) -> Result<Vec<u8>, GitError> {
        let output = self.output(arguments, input)?;
        if output.status.success() { Ok(output.stdout) } else { Err(failed(arguments, &output)) }
    }
}

pub(crate) fn failed(arguments: &[&str], output: &Output) -> GitError {
    let words = String::from_utf8_lossy(&output.stderr);
    let last: Vec<&str> = words.lines().rev().take(3).collect();
    let what = arguments.iter().find(|a| !a.starts_with('-')).copied().unwrap_or("?").to_owned();
    GitError::Failed { what, message: last.into_iter().rev().collect::<Vec<_>>().join("; ") }
}

/// A program that answers git's question for a password, and the file that it reads; both go when this is dropped.
struct Question {
    _folder: tempfile::TempDir,
}

impl Question {
    fn answered_with(token: &SecretString, command: &mut Command) -> Result<Self, GitError> {
        let folder =
            tempfile::tempdir().map_err(|source| GitError::Folder { path: std::env::temp_dir(), source })?;
        let fail = |source| GitError::Folder { path: folder.path().to_owned(), source };
        let answer = folder.path().join("token");
        let mut file = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&answer)
            .map_err(fail)?;
        file.write_all(token.expose_secret().as_bytes()).map_err(fail)?;
        let program = folder.path().join("answer");
        let script =
            "#!/bin/sh\ncase \"$1\" in Username*) echo x-access-token ;; *) cat \"${0%/*}/token\" ;; esac\n";
        std::fs::write(&program, script).map_err(fail)?;
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).map_err(fail)?;
        command.env("GIT_ASKPASS", &program);
        Ok(Self { _folder: folder })
    }
}

/// A commit id as git prints it: nothing else can be smuggled in as one.
pub(crate) fn object_id(text: &str) -> Result<&str, GitError> {
    let hex = text.bytes().all(|b| b.is_ascii_hexdigit());
    if hex && (text.len() == 40 || text.len() == 64) {
        Ok(text)
    } else {
        Err(GitError::Unsafe(text.to_owned()))
    }
}
