//! All that the server knows, behind one lock: objects, kinds, the clock, ids, and what faults have frozen or cut.

use std::collections::BTreeMap;

use crate::clock::{Clock, Ids};
use crate::pods::Logs;
use crate::resource::Registry;
use crate::store::{Collection, Store};

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) store: Store,
    pub(crate) registry: Registry,
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
    pub(crate) logs: Logs,
    /// Whether the garbage collector and the namespace controller run.
    pub(crate) controllers: bool,
    /// Kinds whose watches stand still, and the resourceVersion at which they do.
    pub(crate) frozen: BTreeMap<Collection, u64>,
    cut: BTreeMap<Collection, u64>,
    cut_all: u64,
}

impl State {
    pub(crate) fn new(clock: Clock, seed: u64, window: usize, controllers: bool) -> Self {
        Self {
            store: Store::new(window),
            registry: Registry::built_in(),
            clock,
            ids: Ids::seeded(seed),
            logs: Logs::default(),
            controllers,
            frozen: BTreeMap::new(),
            cut: BTreeMap::new(),
            cut_all: 0,
        }
    }

    /// A number that changes whenever the watches of a kind are cut.
    pub(crate) fn cuts(&self, collection: &Collection) -> u64 {
        self.cut_all + self.cut.get(collection).copied().unwrap_or_default()
    }

    /// Ends the watches of a kind.
    pub(crate) fn cut(&mut self, collection: Collection) {
        *self.cut.entry(collection).or_default() += 1;
    }

    /// Ends every watch.
    pub(crate) const fn cut_all(&mut self) {
        self.cut_all += 1;
    }
}
