//! What the process prints goes to the container's standard output and to the process log. A full disk or a closed pipe
//! takes one of the two away, never the test.

use std::{
    fs::File,
    io::{self, Write},
    path::Path,
    sync::Arc,
    time::Duration,
};
use tokio::{io::AsyncReadExt as _, net::unix::pipe::Receiver, task::JoinHandle};

/// How long the last words may take after the whole group was ended.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// The two places that output goes to.
#[derive(Clone, Debug)]
pub(super) struct Output {
    log: Arc<File>,
}

impl Output {
    pub(super) fn open(log: &Path) -> io::Result<Self> {
        if let Some(folder) = log.parent() {
            std::fs::create_dir_all(folder)?;
        }
        Ok(Self { log: Arc::new(File::create(log)?) })
    }

    fn write(&mut self, piece: &[u8]) {
        let mut stdout = io::stdout().lock();
        let printed = stdout.write_all(piece).and_then(|()| stdout.flush());
        let logged = (&*self.log).write_all(piece);
        for (place, written) in [("standard output", printed), ("the process log", logged)] {
            if let Err(error) = written {
                tracing::warn!(%error, "some output is missing in {place}");
            }
        }
    }

    /// Our own words, in both places: who reads the log of a run that was ended must find out why.
    pub(super) fn say(&mut self, text: &str) {
        self.write(format!("entrypoint: {text}\n").as_bytes());
    }

    /// Copies what is printed until its end.
    pub(super) fn copy(mut self, mut printed: Receiver) -> Copying {
        Copying(tokio::spawn(async move {
            let mut buffer = vec![0; 64 * 1024];
            while let Ok(length @ 1..) = printed.read(&mut buffer).await {
                self.write(buffer.get(..length).unwrap_or_default());
            }
        }))
    }
}

/// Output that is being copied.
pub(super) struct Copying(JoinHandle<()>);

impl Copying {
    /// Waits for the end of it. A process that fled from its group may hold the pipe open for ever.
    pub(super) async fn finish(self) {
        if tokio::time::timeout(LAST_WORDS, self.0).await.is_err() {
            tracing::warn!("something still holds the output of the process open");
        }
    }
}
