//! What is stored, read a piece at a time so that a large log never stands in memory whole.

use bytes::Bytes;
use std::{
    fmt,
    fs::File,
    io::{self, Cursor, Read},
    path::PathBuf,
    sync::Arc,
};

/// Opens content from its start; called anew for each try.
pub type Open = Arc<dyn Fn() -> io::Result<Box<dyn Read + Send>> + Send + Sync>;

/// What becomes an object.
#[derive(Clone)]
pub enum Content {
    /// Bytes in memory.
    Bytes(Bytes),
    /// A file; where it is missing the object is skipped.
    File(PathBuf),
    /// Whatever is read from this, such as a file with something taken out.
    Read(Open),
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "{} bytes", bytes.len()),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Read(_) => f.write_str("what is read"),
        }
    }
}

impl Content {
    /// Text in memory.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Bytes(Bytes::from(text.into()))
    }

    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        match self {
            Self::Bytes(bytes) => Ok(Box::new(Cursor::new(bytes.clone()))),
            Self::File(path) => Ok(Box::new(File::open(path)?)),
            Self::Read(open) => open(),
        }
    }
}

/// Content that is being read. Reading blocks, so it happens beside the runtime.
pub(crate) struct Source {
    reader: Box<dyn Read + Send>,
}

impl Source {
    pub(crate) async fn open(content: &Content) -> io::Result<Self> {
        let content = content.clone();
        let reader = beside(move || content.open()).await?;
        Ok(Self { reader })
    }

    pub(crate) fn over(reader: Box<dyn Read + Send>) -> Self {
        Self { reader }
    }

    pub(crate) fn into_reader(self) -> Box<dyn Read + Send> {
        self.reader
    }

    /// The next `size` bytes; fewer only at the end.
    pub(crate) async fn piece(self, size: usize) -> io::Result<(Self, Bytes)> {
        beside(move || {
            let Self { mut reader } = self;
            let mut piece = Vec::new();
            reader.by_ref().take(size as u64).read_to_end(&mut piece)?;
            Ok((Self { reader }, Bytes::from(piece)))
        })
        .await
    }
}

async fn beside<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|panic| Err(io::Error::other(panic)))
}
