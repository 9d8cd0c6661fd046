//! The operator's log: into a file, and on request to the terminal.

use anyhow::Context as _;
use std::{
    fs::File,
    io::IsTerminal as _,
    path::{Path, PathBuf},
};
use tracing_subscriber::{
    EnvFilter, Layer as _, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

/// What is written unless RUST_LOG says otherwise.
const FILTER: &str = "info";

/// Where the log is.
pub(crate) struct Log {
    path: PathBuf,
}

impl Log {
    /// Everything that is logged goes to the file from now on.
    pub(crate) fn begin(path: &Path, verbose: bool) -> anyhow::Result<Self> {
        let file = File::create(path).with_context(|| path.display().to_string())?;
        let filter = || EnvFilter::try_from_default_env().unwrap_or_else(|_| FILTER.into());
        let to_file = fmt::layer().with_ansi(false).with_writer(file).with_filter(filter());
        let to_terminal = verbose.then(|| {
            let ansi = std::io::stderr().is_terminal();
            fmt::layer().with_ansi(ansi).with_writer(std::io::stderr).with_filter(filter())
        });
        tracing_subscriber::registry().with(to_file).with(to_terminal).try_init().context("the log")?;
        Ok(Self { path: path.to_owned() })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Its last lines.
    pub(crate) fn tail(&self, lines: usize) -> String {
        match std::fs::read_to_string(&self.path) {
            Ok(text) => last_lines(&text, lines).to_owned(),
            Err(error) => format!("{}: {error}", self.path.display()),
        }
    }
}

fn last_lines(text: &str, lines: usize) -> &str {
    let ends = text.trim_end().rmatch_indices('\n');
    let start = lines.checked_sub(1).and_then(|skip| ends.map(|(at, _)| at + 1).nth(skip));
    text.get(start.unwrap_or(0)..).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_shown() {
        assert_eq!(last_lines("a\nb\nc\n", 2), "b\nc\n");
        assert_eq!(last_lines("a\nb\n", 5), "a\nb\n");
        assert_eq!(last_lines("", 5), "");
    }
}
