//! The objects, under one resourceVersion that only grows, with a window of history.
//!
//! Every change is one entry of the history, with the object before and after it: watches read it forwards, lists at an
//! older resourceVersion (paging) read it backwards. What falls out of the window is gone, as after etcd's compaction.
//! It knows nothing of what an object means, except who owns it.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use serde_json::{Value, json};

use crate::object;

/// Where objects of one resource live, whatever version they are asked in: group and plural name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Collection {
    pub(crate) group: String,
    pub(crate) plural: String,
}

/// An object's place in its collection; no namespace for cluster-scoped ones. Keys are ordered as etcd orders them, by
/// `NAMESPACE/NAME`, which puts `a-b/x` before `a/x`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        self.path().cmp(other.path())
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Key {
    fn path(&self) -> impl Iterator<Item = u8> {
        self.namespace.bytes().chain(std::iter::once(b'/')).chain(self.name.bytes())
    }

    pub(crate) fn new(namespace: &str, name: &str) -> Self {
        Self { namespace: namespace.to_owned(), name: name.to_owned() }
    }

    pub(crate) fn of(object: &Value) -> Self {
        Self::new(object::namespace(object), object::name(object))
    }
}

/// One change: creation has no `before`, deletion no `after`.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) revision: u64,
    pub(crate) collection: Collection,
    pub(crate) key: Key,
    pub(crate) before: Option<Arc<Value>>,
    pub(crate) after: Option<Arc<Value>>,
}

/// The history that was asked for is no longer kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Compacted {
    /// The oldest resourceVersion that can still be asked for.
    pub(crate) oldest: u64,
}

type Objects = BTreeMap<Key, Arc<Value>>;

#[derive(Debug)]
pub(crate) struct Store {
    revision: u64,
    compacted: u64,
    window: usize,
    objects: BTreeMap<Collection, Objects>,
    history: VecDeque<Change>,
    by_uid: BTreeMap<String, (Collection, Key)>,
    dependents: BTreeMap<String, BTreeSet<(Collection, Key)>>,
}

impl Store {
    /// An empty store that keeps `window` changes.
    pub(crate) fn new(window: usize) -> Self {
        Self {
            revision: 1,
            compacted: 1,
            window,
            objects: BTreeMap::new(),
            history: VecDeque::new(),
            by_uid: BTreeMap::new(),
            dependents: BTreeMap::new(),
        }
    }

    pub(crate) const fn revision(&self) -> u64 {
        self.revision
    }

    pub(crate) fn get(&self, collection: &Collection, key: &Key) -> Option<Arc<Value>> {
        self.objects.get(collection)?.get(key).cloned()
    }

    /// Writes an object and gives it the next resourceVersion.
    pub(crate) fn put(&mut self, collection: &Collection, mut value: Value) -> Arc<Value> {
        self.revision += 1;
        object::set(&mut value, &["metadata", "resourceVersion"], json!(self.revision.to_string()));
        let (key, after) = (Key::of(&value), Arc::new(value));
        let before = self.objects.entry(collection.clone()).or_default().insert(key.clone(), after.clone());
        if let Some(before) = &before {
            self.forget(collection, &key, before);
        }
        let place = (collection.clone(), key.clone());
        for owner in object::owners(&after) {
            self.dependents.entry(owner.to_owned()).or_default().insert(place.clone());
        }
        self.by_uid.insert(object::uid(&after).to_owned(), place);
        self.record(collection, key, before, Some(after.clone()));
        after
    }

    /// Takes an object out. The answer is its last state under the resourceVersion of the deletion.
    pub(crate) fn delete(&mut self, collection: &Collection, key: &Key) -> Option<Arc<Value>> {
        let before = self.objects.get_mut(collection)?.remove(key)?;
        self.forget(collection, key, &before);
        self.revision += 1;
        let mut last = Value::clone(&before);
        object::set(&mut last, &["metadata", "resourceVersion"], json!(self.revision.to_string()));
        self.record(collection, key.clone(), Some(before), None);
        Some(Arc::new(last))
    }

    fn forget(&mut self, collection: &Collection, key: &Key, object: &Value) {
        let place = (collection.clone(), key.clone());
        for owner in object::owners(object) {
            if let Some(places) = self.dependents.get_mut(owner) {
                places.remove(&place);
                if places.is_empty() {
                    self.dependents.remove(owner);
                }
            }
        }
        self.by_uid.remove(object::uid(object));
    }

    fn record(
        &mut self,
        collection: &Collection,
        key: Key,
        before: Option<Arc<Value>>,
        after: Option<Arc<Value>>,
    ) {
        let change = Change { revision: self.revision, collection: collection.clone(), key, before, after };
        self.history.push_back(change);
        while self.history.len() > self.window {
            if let Some(gone) = self.history.pop_front() {
                self.compacted = gone.revision;
            }
        }
    }

    /// Forgets all history: every watch and every page that looks back gets 410.
    pub(crate) fn compact(&mut self) {
        self.history.clear();
        self.compacted = self.revision;
    }

    /// All objects of a collection now.
    pub(crate) fn all(&self, collection: &Collection) -> impl Iterator<Item = (&Key, &Arc<Value>)> {
        self.objects.get(collection).into_iter().flatten()
    }

    /// All collections that hold objects, with their objects.
    pub(crate) fn everything(&self) -> impl Iterator<Item = (&Collection, &Key, &Arc<Value>)> {
        self.objects.iter().flat_map(|(collection, objects)| {
            objects.iter().map(move |(key, object)| (collection, key, object))
        })
    }

    /// The objects of a collection as they were at a resourceVersion: today's, with every later change undone.
    pub(crate) fn snapshot(&self, collection: &Collection, revision: u64) -> Result<Objects, Compacted> {
        if revision < self.compacted {
            return Err(Compacted { oldest: self.compacted });
        }
        let mut objects = self.objects.get(collection).cloned().unwrap_or_default();
        let later = self.history.iter().rev().take_while(|change| change.revision > revision);
        for change in later.filter(|change| change.collection == *collection) {
            match &change.before {
                Some(before) => objects.insert(change.key.clone(), before.clone()),
                None => objects.remove(&change.key),
            };
        }
        Ok(objects)
    }

    /// The changes of a collection after a resourceVersion, oldest first.
    pub(crate) fn changes(
        &self,
        collection: &Collection,
        after: u64,
    ) -> Result<impl Iterator<Item = &Change>, Compacted> {
        if after < self.compacted {
            return Err(Compacted { oldest: self.compacted });
        }
        let from = self.history.partition_point(|change| change.revision <= after);
        Ok(self.history.range(from..).filter(move |change| change.collection == *collection))
    }

    /// Where the object with a uid lives.
    pub(crate) fn place(&self, uid: &str) -> Option<&(Collection, Key)> {
        self.by_uid.get(uid)
    }

    /// Where the objects live that name a uid as an owner.
    pub(crate) fn dependents(&self, uid: &str) -> Vec<(Collection, Key)> {
        self.dependents.get(uid).into_iter().flatten().cloned().collect()
    }
}
