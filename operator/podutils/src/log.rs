//! The programs' own log: JSON lines to standard error, and for the sidecar a copy that it uploads.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
};
use tracing_subscriber::fmt::MakeWriter;

/// What a program wrote so far; the first [`OwnLog::MOST`] bytes of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct OwnLog {
    written: Arc<Mutex<Vec<u8>>>,
}

impl OwnLog {
    /// More than a sidecar has to say, less than would hurt a pod.
    const MOST: usize = 1 << 20;

    pub(crate) fn content(&self) -> Vec<u8> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Write for OwnLog {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if written.len() + piece.len() <= Self::MOST {
            written.extend_from_slice(piece);
        }
        io::stderr().write_all(piece)?;
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

impl MakeWriter<'_> for OwnLog {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// Starts logging.
pub(crate) fn start() -> OwnLog {
    let log = OwnLog::default();
    let subscriber =
        tracing_subscriber::fmt().json().with_writer(log.clone()).with_max_level(tracing::Level::INFO);
    // Started twice only where a test calls the programs in its own process: the first log serves.
    let _ = subscriber.try_init();
    log
}
