//! Storing all that a run leaves behind, in two steps: who sees `finished.json` finds every artifact (spec 7.7).

use crate::{
    name::ObjectName,
    storage::{NotStored, Object, Put, Storage},
};
use futures::{StreamExt as _, stream};
use std::collections::BTreeSet;

/// Objects that are stored at a time.
const WORKERS: usize = 4;

/// What is to be stored. Where two objects have one name, the first wins.
#[derive(Debug, Default)]
pub struct Upload {
    items: Vec<Object>,
    last: Vec<Object>,
    names: BTreeSet<ObjectName>,
}

impl Upload {
    /// Adds an artifact or a pointer file.
    pub fn item(&mut self, object: Object) {
        if self.is_new(&object.name) {
            self.items.push(object);
        }
    }

    /// Adds what is stored after all items, even where one of them failed: `started.json`, `finished.json`, logs.
    pub fn last(&mut self, object: Object) {
        if self.is_new(&object.name) {
            self.last.push(object);
        }
    }

    /// All names, in order of storing.
    pub fn names(&self) -> impl Iterator<Item = &ObjectName> {
        self.items.iter().chain(&self.last).map(|object| &object.name)
    }

    fn is_new(&mut self, name: &ObjectName) -> bool {
        let new = self.names.insert(name.clone());
        if !new {
            tracing::warn!(object = %name, "two files would be stored under one name; the second is skipped");
        }
        new
    }
}

/// What became of an upload.
#[derive(Debug, Default)]
pub struct Outcome {
    /// How many objects were stored.
    pub stored: usize,
    /// How many were skipped: missing files, and what was there before where only creating was asked for.
    pub skipped: usize,
    /// What is not stored.
    pub failed: Vec<NotStored>,
}

/// Why an upload is not complete.
#[derive(Debug, thiserror::Error)]
#[error("{} of {total} objects are not stored; the first: {first}", rest + 1)]
pub struct Failure {
    /// The first reason.
    pub first: NotStored,
    /// How many more there are.
    pub rest: usize,
    /// How many objects there were.
    pub total: usize,
}

impl Outcome {
    /// Whether all was stored, else the first reason.
    pub fn complete(self) -> Result<(), Failure> {
        let total = self.stored + self.skipped + self.failed.len();
        let rest = self.failed.len().saturating_sub(1);
        match self.failed.into_iter().next() {
            None => Ok(()),
            Some(first) => Err(Failure { first, rest, total }),
        }
    }
}

/// Stores everything: items first, then the last ones.
pub async fn upload(storage: &Storage, upload: &Upload) -> Outcome {
    let mut outcome = Outcome::default();
    for step in [&upload.items, &upload.last] {
        let mut puts = stream::iter(step).map(|object| storage.put(object)).buffer_unordered(WORKERS);
        while let Some(put) = puts.next().await {
            match put {
                Ok(Put::Stored(name)) => {
                    tracing::debug!(object = %name, "stored");
                    outcome.stored += 1;
                }
                Ok(Put::WasThere) => outcome.skipped += 1,
                Ok(Put::Missing(path)) => {
                    tracing::warn!(path = %path.display(), "there is no such file, so it is not uploaded");
                    outcome.skipped += 1;
                }
                Err(error) => {
                    tracing::error!(%error, "not stored");
                    outcome.failed.push(error);
                }
            }
        }
    }
    outcome
}
