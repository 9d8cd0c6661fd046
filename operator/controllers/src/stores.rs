//! What the API server has, mirrored: one watch a kind, whoever needs it.
//!
//! A mirror may be behind. What cannot be undone is decided only after the read-your-writes check (`runtime::writes`),
//! and by compare-and-swap or a deterministic name.

use crate::triggers;
use api::{JobConfig, LabelPolicy, MergePool, ProwJob, Repository, keys};
use futures::{Stream, StreamExt, stream};
use k8s_openapi::api::core::v1::Pod;
use kube::{
    Api, Client, Resource,
    runtime::{
        WatchStreamExt,
        reflector::{self, ReflectHandle, Store, store::Writer},
        watcher,
    },
};
use serde::de::DeserializeOwned;
use std::{collections::BTreeMap, fmt::Debug, sync::Arc};
use tokio::sync::mpsc;
use tokio_stream::wrappers::UnboundedReceiverStream;

/// How many changes a slow reader may be behind before it holds the watch back.
const BUFFER: usize = 1024;

/// The mirrors that controllers read.
pub struct Stores {
    /// Repositories.
    pub repositories: Store<Repository>,
    /// Job configurations.
    pub job_configs: Store<JobConfig>,
    /// Runs.
    pub prow_jobs: Store<ProwJob>,
    /// Merge pools.
    pub merge_pools: Store<MergePool>,
    /// Label policies.
    pub label_policies: Store<LabelPolicy>,
    /// Pods of runs, by build cluster.
    pub pods: BTreeMap<String, Store<Pod>>,
}

impl Stores {
    /// Waits until every mirror holds what the API server holds.
    pub async fn ready(&self) {
        // A mirror is dropped only together with this wait.
        let _ = self.repositories.wait_until_ready().await;
        let _ = self.job_configs.wait_until_ready().await;
        let _ = self.prow_jobs.wait_until_ready().await;
        let _ = self.merge_pools.wait_until_ready().await;
        let _ = self.label_policies.wait_until_ready().await;
        for pods in self.pods.values() {
            let _ = pods.wait_until_ready().await;
        }
    }
}

/// One mirror with the watch that feeds it.
pub(crate) struct Mirror<K: Resource<DynamicType = ()> + Clone + 'static> {
    pub(crate) store: Store<K>,
    writer: Writer<K>,
    api: Api<K>,
    config: watcher::Config,
    ends: Vec<mpsc::UnboundedSender<Arc<K>>>,
}

impl<K> Mirror<K>
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
{
    /// A mirror of all objects of a kind, in all namespaces.
    pub(crate) fn new(client: &Client, config: watcher::Config) -> Self {
        let (store, writer) = reflector::store_shared(BUFFER);
        Self { store, writer, api: Api::all(client.clone()), config, ends: Vec::new() }
    }

    /// A stream of changed objects, for a controller. To be asked for before the mirror is driven.
    pub(crate) fn subscribe(&self) -> ReflectHandle<K> {
        // A shared writer always gives a handle.
        match self.writer.subscribe() {
            Some(handle) => handle,
            None => unreachable!("the store was made shared"),
        }
    }

    /// A stream of objects that say something else than before, and of those that are gone, for whatever depends on
    /// them. To be asked for before the mirror is driven.
    pub(crate) fn changes(&mut self) -> impl Stream<Item = Arc<K>> + Send + use<K> {
        // A shared stream tells of no end.
        let (ended, ends) = mpsc::unbounded_channel();
        self.ends.push(ended);
        stream::select(triggers::said_anew(self.subscribe()), UnboundedReceiverStream::new(ends))
    }

    /// Keeps the mirror up to date until it is dropped.
    pub(crate) fn drive(self) -> impl Stream<Item = ()> + Send {
        let Self { writer, api, config, ends, .. } = self;
        watcher(api, config).default_backoff().reflect_shared(writer).filter_map(move |event| {
            let passed = match event {
                Ok(watcher::Event::Delete(gone)) => {
                    let gone = Arc::new(gone);
                    // Whoever does not listen any more need not be told.
                    for ended in &ends {
                        let _ = ended.send(gone.clone());
                    }
                    Some(())
                }
                Ok(_) => Some(()),
                Err(error) => {
                    tracing::debug!(%error, kind = %K::kind(&()), "a watch broke and is made anew");
                    None
                }
            };
            std::future::ready(passed)
        })
    }
}

/// Only pods of runs are mirrored.
pub(crate) fn pods_of_runs() -> watcher::Config {
    watcher::Config::default().labels(&format!("{}=true", keys::CREATED_BY_PROW))
}

/// A mirror's objects in one order: by namespace and name. A store's own order is random.
pub fn sorted<K>(store: &Store<K>) -> Vec<Arc<K>>
where
    K: Resource<DynamicType = ()> + Clone + 'static,
{
    let mut objects = store.state();
    let key = |object: &Arc<K>| (object.meta().namespace.clone(), object.meta().name.clone());
    objects.sort_by_key(key);
    objects
}
