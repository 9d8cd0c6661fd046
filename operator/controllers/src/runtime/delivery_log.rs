//! The delivery log: each webhook is safe on disk before GitHub gets its answer, so that a crash loses none.
//!
//! A SQLite file beside the leader, written with full synchronisation. Losing the file costs the sweep's latency and
//! nothing else: the log is a queue, not a record.

use super::probe::WriteProbe;
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};
use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

/// GitHub can deliver again for three days; a repeated id is recognised for longer than that.
const KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A webhook as it arrived, already verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// `X-GitHub-Delivery`; stays when GitHub delivers again.
    pub guid: String,
    /// `X-GitHub-Event`.
    pub event: String,
    /// The raw body.
    pub body: Vec<u8>,
}

/// What became of a delivery that was handed to the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appended {
    /// It is new and safe on disk.
    New,
    /// It is known; nothing was written.
    Seen,
}

/// Why the log cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the delivery log {path}: {source}; remove the file to start a new one, nothing but time is lost")]
pub struct LogError {
    path: String,
    source: rusqlite::Error,
}

/// The log.
pub struct DeliveryLog {
    path: String,
    connection: Mutex<Connection>,
    probe: Arc<dyn WriteProbe>,
}

impl DeliveryLog {
    /// Opens the log, or makes a new one.
    ///
    /// # Errors
    /// Where the file cannot be made or is not a log.
    pub fn open(path: &Path, probe: Arc<dyn WriteProbe>) -> Result<Self, LogError> {
        let name = path.display().to_string();
        let fail = |source| LogError { path: name.clone(), source };
        let connection = Connection::open(path).map_err(fail)?;
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL;
                 PRAGMA synchronous = FULL;
                 CREATE TABLE IF NOT EXISTS deliveries (
                   seq INTEGER PRIMARY KEY AUTOINCREMENT,
                   guid TEXT NOT NULL UNIQUE,
                   event TEXT NOT NULL,
                   received_at INTEGER NOT NULL,
                   body BLOB NOT NULL,
                   done INTEGER NOT NULL DEFAULT 0
                 );
                 CREATE INDEX IF NOT EXISTS waiting ON deliveries (seq) WHERE done = 0;",
            )
            .map_err(fail)?;
        Ok(Self { path: name, connection: Mutex::new(connection), probe })
    }

    fn fail(&self, source: rusqlite::Error) -> LogError {
        LogError { path: self.path.clone(), source }
    }

    /// Writes a delivery down. When this returns, it survives a crash.
    ///
    /// The call blocks its thread for one synchronisation of the disk, some milliseconds: a delivery is rare, and what
    /// waits in the runtime meanwhile has other threads.
    ///
    /// # Errors
    /// Where the disk refuses: the webhook must then be refused too, so that GitHub lists it as failed.
    pub async fn append(&self, delivery: &Delivery, now: Timestamp) -> Result<Appended, LogError> {
        if self.knows(&delivery.guid)? {
            return Ok(Appended::Seen);
        }
        self.probe.before("delivery").await;
        let added = {
            let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
            connection.execute(
                "INSERT INTO deliveries (guid, event, received_at, body) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (guid) DO NOTHING",
                params![delivery.guid, delivery.event, now.as_second(), delivery.body],
            )
        };
        let added = added.map_err(|e| self.fail(e))?;
        self.probe.after("delivery").await;
        Ok(if added == 0 { Appended::Seen } else { Appended::New })
    }

    /// Whether a delivery is in the log.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn knows(&self, guid: &str) -> Result<bool, LogError> {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let found =
            connection.query_row("SELECT 1 FROM deliveries WHERE guid = ?1", [guid], |_| Ok(())).optional();
        Ok(found.map_err(|e| self.fail(e))?.is_some())
    }

    /// The deliveries that became no hint yet, oldest first.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn waiting(&self) -> Result<Vec<Delivery>, LogError> {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let read = || -> rusqlite::Result<Vec<Delivery>> {
            let mut rows =
                connection.prepare("SELECT guid, event, body FROM deliveries WHERE done = 0 ORDER BY seq")?;
            let deliveries = rows.query_map([], |row| {
                Ok(Delivery { guid: row.get(0)?, event: row.get(1)?, body: row.get(2)? })
            })?;
            deliveries.collect()
        };
        read().map_err(|e| self.fail(e))
    }

    /// A delivery became a hint that was acted upon; old ones are forgotten.
    ///
    /// # Errors
    /// Where the disk refuses.
    pub async fn done(&self, guid: &str, now: Timestamp) -> Result<(), LogError> {
        self.probe.before("delivery done").await;
        let forgotten_before = now.checked_sub(KEPT).map_or(i64::MIN, Timestamp::as_second);
        let written = {
            let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
            connection.execute("UPDATE deliveries SET done = 1, body = x'' WHERE guid = ?1", [guid]).and_then(
                |_| {
                    connection.execute(
                        "DELETE FROM deliveries WHERE done = 1 AND received_at < ?1",
                        [forgotten_before],
                    )
                },
            )
        };
        written.map_err(|e| self.fail(e))?;
        self.probe.after("delivery done").await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{super::probe::NoProbe, *};

    fn delivery(guid: &str) -> Delivery {
        Delivery { guid: guid.into(), event: "push".into(), body: b"{}".to_vec() }
    }

    fn open(folder: &tempfile::TempDir) -> DeliveryLog {
        DeliveryLog::open(&folder.path().join("deliveries.sqlite"), Arc::new(NoProbe)).unwrap()
    }

    #[tokio::test]
    async fn a_delivery_waits_across_a_restart_until_it_is_done() {
        let folder = tempfile::tempdir().unwrap();
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(open(&folder).append(&delivery("a"), now).await.unwrap(), Appended::New);
        let log = open(&folder);
        assert_eq!(log.waiting().unwrap(), [delivery("a")]);
        log.done("a", now).await.unwrap();
        assert_eq!(open(&folder).waiting().unwrap(), []);
    }

    #[tokio::test]
    async fn a_delivery_that_comes_again_is_recognised_for_a_week() {
        let folder = tempfile::tempdir().unwrap();
        let log = open(&folder);
        let start = Timestamp::UNIX_EPOCH;
        log.append(&delivery("a"), start).await.unwrap();
        log.done("a", start).await.unwrap();
        assert_eq!(log.append(&delivery("a"), start).await.unwrap(), Appended::Seen);
        let later = start.checked_add(SignedDuration::from_hours(8 * 24)).unwrap();
        log.append(&delivery("b"), later).await.unwrap();
        log.done("b", later).await.unwrap();
        assert!(!log.knows("a").unwrap());
    }

    #[test]
    fn a_file_that_is_no_log_is_named_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deliveries.sqlite");
        std::fs::write(&path, "this is not a database, and long enough to be looked at as one").unwrap();
        let error = DeliveryLog::open(&path, Arc::new(NoProbe)).err().unwrap().to_string();
        assert!(error.contains("deliveries.sqlite") && error.contains("remove the file"), "{error}");
    }
}
