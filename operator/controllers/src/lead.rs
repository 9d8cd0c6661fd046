//! A leader's work: the mirrors, one controller a kind, the lookers, the sweeps. All of it lives in one future; dropping
//! it ends everything.

use crate::{
    accounts::{Accounts, Outside},
    build_id::BuildIds,
    context::{Context, Installation},
    installation, job_config, label_policy,
    look::{self, Look},
    memory,
    merge_pool::{self, Memory},
    prow_job,
    pulls::Pulls,
    repository,
    runtime::{
        delivery_log::{DeliveryLog, LogError},
        events::Events,
        hints::Hints,
        lease::Term,
        next::{Backoff, StageError},
        writes::Writes,
    },
    stores::{Mirror, Stores, pods_of_runs},
    triggers,
    webhook::Receiver,
};
use api::{JobConfig, LabelPolicy, MergePool, ProwJob, Repository, keys};
use decide::facts::RepoName;
use forge::Clock;
use futures::{FutureExt, Stream, StreamExt, stream};
use k8s_openapi::api::core::v1::Pod;
use kube::{
    Client, ResourceExt,
    runtime::{
        controller::{Action, Config, Controller},
        reflector::ObjectRef,
        watcher,
    },
};
use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::UnboundedReceiverStream;

/// How many objects of a kind are looked at at a time.
const CONCURRENCY: u16 = 4;
/// How many things on GitHub are looked at at a time.
const LOOKERS: usize = 4;
/// Between two rounds of removing what is old.
const RETENTION: Duration = Duration::from_mins(10);
/// Between two rounds of asking for failed deliveries again.
const RECOVERY: Duration = Duration::from_mins(5);

/// What a leader needs.
pub struct Leader {
    /// The cluster that holds our objects.
    pub home: Client,
    /// The clusters that pods run in.
    pub clusters: BTreeMap<String, Client>,
    /// The operator's own namespace.
    pub namespace: String,
    /// Names this process.
    pub identity: String,
    /// The wall clock.
    pub clock: Arc<dyn Clock>,
    /// GitHub and git.
    pub outside: Arc<dyn Outside>,
    /// Where mirrors of repositories are kept.
    pub mirrors: PathBuf,
    /// The delivery log.
    pub log: Arc<DeliveryLog>,
    /// One look after another instead of several side by side: for tests that compare traces.
    pub one_at_a_time: bool,
}

/// Why a leader could not begin.
#[derive(Debug, thiserror::Error)]
pub enum LeadError {
    /// The delivery log.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The API server.
    #[error(transparent)]
    Kubernetes(#[from] kube::Error),
}

impl Leader {
    /// Leads until the future is dropped. `ready` gets the receiver of webhooks once all mirrors are filled.
    ///
    /// # Errors
    /// Where it cannot begin.
    pub async fn lead(
        self,
        term: Term,
        ready: watch::Sender<Option<Arc<Receiver>>>,
    ) -> Result<(), LeadError> {
        // Before anything is decided: who may govern what stands in the settings.
        let installation = installation::start(&self.home, &self.namespace).await?;
        let all = watcher::Config::default;
        let mut repositories: Mirror<Repository> = Mirror::new(&self.home, all());
        let mut job_configs: Mirror<JobConfig> = Mirror::new(&self.home, all());
        let prow_jobs: Mirror<ProwJob> = Mirror::new(&self.home, all());
        let merge_pools: Mirror<MergePool> = Mirror::new(&self.home, all());
        let mut label_policies: Mirror<LabelPolicy> = Mirror::new(&self.home, all());
        let pods: BTreeMap<String, Mirror<Pod>> = self
            .clusters
            .iter()
            .map(|(name, client)| (name.clone(), Mirror::new(client, pods_of_runs())))
            .collect();
        let stores = Stores {
            repositories: repositories.store.clone(),
            job_configs: job_configs.store.clone(),
            prow_jobs: prow_jobs.store.clone(),
            merge_pools: merge_pools.store.clone(),
            label_policies: label_policies.store.clone(),
            pods: pods.iter().map(|(name, mirror)| (name.clone(), mirror.store.clone())).collect(),
        };
        let (pools, pools_to_look_at) = mpsc::unbounded_channel();
        let context = Arc::new(self.context(stores, term, pools, installation));

        // Every stream of changes is asked for before its mirror is driven, so that none misses the first objects.
        let runs = prow_jobs.subscribe();
        let of_pods = stream::select_all(pods.values().map(|mirror| runs_of_pods(mirror).boxed()));
        let pools_of_runs = pools_of_runs(&prow_jobs, context.clone());
        let configs_of_runs = triggers::configs_of_periodics(prow_jobs.subscribe());
        let controllers = [
            run(
                Controller::for_shared_stream(runs, prow_jobs.store.clone()).reconcile_on(of_pods),
                prow_job::reconcile,
                prow_job::key,
                &context,
                self.one_at_a_time,
            )
            .boxed(),
            run(
                Controller::for_shared_stream(merge_pools.subscribe(), merge_pools.store.clone())
                    .reconcile_on(UnboundedReceiverStream::new(pools_to_look_at))
                    .reconcile_on(pools_of_runs),
                merge_pool::reconcile,
                merge_pool::key,
                &context,
                self.one_at_a_time,
            )
            .boxed(),
            run(
                Controller::for_shared_stream(repositories.subscribe(), repositories.store.clone())
                    .reconcile_all_on(context.installation.changes())
                    .reconcile_on(triggers::beside(repositories.changes(), repositories.store.clone())),
                repository::reconcile,
                repository::key,
                &context,
                self.one_at_a_time,
            )
            .boxed(),
            run(
                // A Repository may grant rights to jobs of other namespaces.
                Controller::for_shared_stream(job_configs.subscribe(), job_configs.store.clone())
                    .reconcile_all_on(context.installation.changes())
                    .reconcile_on(triggers::everywhere(repositories.changes(), job_configs.store.clone()))
                    .reconcile_on(triggers::everywhere(job_configs.changes(), job_configs.store.clone()))
                    .reconcile_on(configs_of_runs),
                job_config::reconcile,
                job_config::key,
                &context,
                self.one_at_a_time,
            )
            .boxed(),
            run(
                Controller::for_shared_stream(label_policies.subscribe(), label_policies.store.clone())
                    .reconcile_all_on(context.installation.changes())
                    .reconcile_on(triggers::beside(repositories.changes(), label_policies.store.clone()))
                    .reconcile_on(triggers::beside(label_policies.changes(), label_policies.store.clone())),
                label_policy::reconcile,
                label_policy::key,
                &context,
                self.one_at_a_time,
            )
            .boxed(),
        ];
        let mut mirrors = vec![
            repositories.drive().boxed(),
            job_configs.drive().boxed(),
            prow_jobs.drive().boxed(),
            merge_pools.drive().boxed(),
            label_policies.drive().boxed(),
        ];
        mirrors.extend(pods.into_values().map(|mirror| mirror.drive().boxed()));
        let mirrors = stream::select_all(mirrors).for_each(|()| std::future::ready(()));
        let controllers = futures::future::join_all(controllers);
        tokio::select! {
            biased;
            () = mirrors => {}
            _ = controllers => {}
            ended = self.lead_once_mirrored(context.clone(), ready) => return ended,
        }
        Ok(())
    }

    fn context(
        &self,
        stores: Stores,
        term: Term,
        pools: mpsc::UnboundedSender<ObjectRef<MergePool>>,
        installation: Installation,
    ) -> Context {
        let (home, clock) = (self.home.clone(), self.clock.clone());
        Context {
            clusters: self.clusters.clone(),
            namespace: self.namespace.clone(),
            accounts: Accounts::new(home.clone(), self.outside.clone(), clock.clone()),
            mirrors: git::Mirrors::new(&self.mirrors).inline(self.one_at_a_time),
            stores,
            pulls: Pulls::default(),
            catalogue: look::Catalogue::default(),
            looks: Hints::default(),
            pools,
            merges: Memory::default(),
            events: Events::new(home.clone(), clock.clone(), &self.identity),
            writes: Writes::default(),
            backoff: Backoff::default(),
            build_ids: BuildIds::new(clock.clone()),
            term,
            since: clock.now(),
            installation,
            memory: memory::Memory::default(),
            home,
            clock,
        }
    }

    /// What may only begin once every mirror is filled: before, nothing seen would mean nothing there.
    async fn lead_once_mirrored(
        &self,
        context: Arc<Context>,
        ready: watch::Sender<Option<Arc<Receiver>>>,
    ) -> Result<(), LeadError> {
        context.stores.ready().await;
        let receiver = Arc::new(Receiver::start(context.clone(), self.log.clone()).await?);
        ready.send_replace(Some(receiver));
        context.looks.hint(Look::Everything);
        let lookers = if self.one_at_a_time { 1 } else { LOOKERS };
        let lookers = futures::future::join_all((0..lookers).map(|_| look::work(context.clone())));
        let retention = async {
            loop {
                tokio::time::sleep(RETENTION).await;
                prow_job::retain(&context).await;
            }
        };
        let recovery = async {
            loop {
                tokio::time::sleep(RECOVERY).await;
                repository::recover(&context, &self.log).await;
            }
        };
        let settings = installation::follow(&context.home, &context.namespace, &context.installation);
        tokio::select! {
            biased;
            _ = lookers => {}
            () = settings => {}
            () = retention => {}
            () = recovery => {}
        }
        Ok(())
    }
}

/// Runs one kind's controller until it is dropped.
async fn run<K, E, F>(
    controller: Controller<K>,
    reconcile: impl Fn(Arc<K>, Arc<Context>) -> F + Send + Sync + 'static,
    key: fn(&K) -> String,
    context: &Arc<Context>,
    one_at_a_time: bool,
) where
    K: kube::Resource<DynamicType = ()>
        + Clone
        + std::fmt::Debug
        + serde::de::DeserializeOwned
        + Send
        + Sync
        + 'static,
    E: StageError + Send + 'static,
    F: Future<Output = Result<Action, E>> + Send + 'static,
{
    let concurrency = if one_at_a_time { 1 } else { CONCURRENCY };
    let failed = move |object: Arc<K>, error: &E, context: Arc<Context>| {
        // Under the name that a success ends the back-off of.
        let name = key(&object);
        let intent = error.intent();
        tracing::warn!(%error, object = name, ?intent, "did not come through");
        context.backoff.failed(&name, &intent)
    };
    controller
        .with_config(Config::default().concurrency(concurrency))
        .run(reconcile, failed, context.clone())
        .for_each(|_| std::future::ready(()))
        .await;
}

/// The pools whose runs changed.
fn pools_of_runs(
    mirror: &Mirror<ProwJob>,
    context: Arc<Context>,
) -> impl Stream<Item = ObjectRef<MergePool>> + Send + 'static {
    mirror.subscribe().flat_map(move |run| {
        let refs = run.spec.refs.as_ref();
        let repository = refs.map(|refs| RepoName::new(&refs.org, &refs.repo));
        stream::iter(repository.map(|repository| context.pools_of(&repository)).unwrap_or_default())
    })
}

/// The runs whose pods changed.
fn runs_of_pods(mirror: &Mirror<Pod>) -> impl Stream<Item = ObjectRef<ProwJob>> + Send + 'static {
    mirror.subscribe().filter_map(async |pod| {
        let run = pod.labels().get(keys::ID).cloned().unwrap_or_else(|| pod.name_any());
        let namespace = pod.annotations().get(keys::PROW_JOB_NAMESPACE)?;
        Some(ObjectRef::new(&run).within(namespace))
    })
}
