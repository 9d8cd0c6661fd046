//! What every controller has at hand. Made once a term: a leader that comes anew starts with empty memory.

use crate::{
    accounts::{AccountError, Accounts},
    build_id::BuildIds,
    look::{Catalogue, Look},
    memory,
    merge_pool::Memory,
    pulls::Pulls,
    runtime::{events::Events, hints::Hints, lease::Term, next::Backoff, writes::Writes},
    stores::{Stores, sorted},
};
use api::{MergePool, Repository, local_ref::FromSecret, problem::Problem, repository::Mode};
use decide::{
    config::{layers, settings::Settings},
    facts::RepoName,
    govern::{Claims, GovernReason, Governors},
    reason::Reason,
    run::{ClusterSettings, RunSettings},
};
use forge::{Clock, Forge, Gate, GateState};
use futures::Stream;
use jiff::Timestamp;
use kube::{Client, ResourceExt, runtime::reflector::ObjectRef};
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::sync::watch;

/// What every controller has at hand.
pub struct Context {
    /// The cluster that holds our objects.
    pub home: Client,
    /// The clusters that pods run in, by name.
    pub clusters: BTreeMap<String, Client>,
    /// The operator's own namespace.
    pub namespace: String,
    /// The wall clock.
    pub clock: Arc<dyn Clock>,
    /// GitHub, by credentials.
    pub accounts: Accounts,
    /// git.
    pub mirrors: git::Mirrors,
    /// What the API server has.
    pub stores: Stores,
    /// What GitHub has.
    pub pulls: Pulls,
    /// All jobs.
    pub catalogue: Catalogue,
    /// What to look at on GitHub.
    pub looks: Hints<Look>,
    /// Pools to look at: told by looks.
    pub pools: tokio::sync::mpsc::UnboundedSender<ObjectRef<MergePool>>,
    /// What is remembered of pools between two looks.
    pub merges: Memory,
    /// Events on our objects.
    pub events: Events,
    /// The read-your-writes rule.
    pub writes: Writes,
    /// How long what failed waits.
    pub backoff: Backoff,
    /// Numbers of executions.
    pub build_ids: BuildIds,
    /// Which term of leadership this is.
    pub term: Term,
    /// Since when this leader leads.
    pub since: Timestamp,
    /// What the installation says.
    pub installation: Installation,
    /// What was found out in this term.
    pub memory: memory::Memory,
}

/// The settings and claims in force.
#[derive(Debug, Default)]
pub struct Installation {
    settings: Mutex<Arc<Settings>>,
    problems: Mutex<Arc<Vec<Problem>>>,
    claims: Mutex<Arc<Claims>>,
    changes: watch::Sender<u64>,
    known: AtomicBool,
}

impl Installation {
    /// The settings.
    pub fn settings(&self) -> Arc<Settings> {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts new settings in force.
    pub fn renew(&self, settings: Settings) {
        *self.settings.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(settings);
        self.changed();
    }

    /// What is wrong with the newest version of the settings, which then is not in force.
    pub fn problems(&self) -> Arc<Vec<Problem>> {
        self.problems.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Keeps what is wrong with the newest version.
    pub fn note(&self, problems: Vec<Problem>) {
        *self.problems.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(problems);
        self.changed();
    }

    /// Settings and claims have been read: before, that nobody governs a repository says nothing.
    pub fn become_known(&self) {
        self.known.store(true, Ordering::Release);
    }

    /// Whether settings and claims have been read since this leader began.
    pub fn is_known(&self) -> bool {
        self.known.load(Ordering::Acquire)
    }

    /// The recorded claims.
    pub fn claims(&self) -> Arc<Claims> {
        self.claims.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts recorded claims in force.
    pub fn claim(&self, claims: Claims) {
        *self.claims.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(claims);
        self.changed();
    }

    /// Tells of each change of settings, their problems and claims: all objects are then to be looked at again.
    pub fn changes(&self) -> impl Stream<Item = ()> + Send + 'static {
        let changes = self.changes.subscribe();
        futures::stream::unfold(changes, async |mut changes| {
            // The sender lives as long as the installation; when it is gone nothing changes any more.
            changes.changed().await.ok().map(|()| ((), changes))
        })
    }

    fn changed(&self) {
        self.changes.send_modify(|count| *count = count.wrapping_add(1));
    }
}

/// A repository, who governs it, with what, and the way to it.
#[derive(Clone)]
pub struct Governed {
    /// The governing namespace.
    pub namespace: String,
    /// What is in force.
    pub effective: Arc<layers::Effective>,
    /// GitHub, through the gate that the mode opens or closes.
    pub forge: Gate,
}

/// Why nothing can be done for a repository.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotServed {
    /// Nobody governs it, or no object speaks of it.
    #[error("{}", .0.sentence())]
    NotGoverned(GovernReason),
    /// The governing objects name no credentials.
    #[error(
        "no Repository of namespace {namespace} names credentials for {repository}: set spec.credentials.secretRef"
    )]
    NoCredentials {
        /// The namespace.
        namespace: String,
        /// The repository.
        repository: String,
    },
    /// The credentials are no good.
    #[error(transparent)]
    Account(#[from] AccountError),
}

impl Governed {
    /// Whether runs may be started: only where the mode is Active.
    pub fn acts(&self) -> bool {
        self.effective.repository.mode == Mode::Active
    }
}

impl Context {
    /// The pools that name a repository.
    pub fn pools_of(&self, repository: &RepoName) -> Vec<ObjectRef<MergePool>> {
        let pools = sorted(&self.stores.merge_pools).into_iter();
        pools
            .filter(|pool| pool.spec.repositories.iter().any(|entry| repository.matches(entry)))
            .map(|pool| ObjectRef::from_obj(pool.as_ref()))
            .collect()
    }

    /// Something that a pool looks at has changed in a repository.
    pub fn pools_changed(&self, repository: &RepoName) {
        for pool in self.pools_of(repository) {
            // Nobody listens where the pools' controller has ended, and then nobody need be told.
            let _ = self.pools.send(pool);
        }
    }

    /// Everything that is in force for a repository, without asking GitHub.
    ///
    /// # Errors
    /// Who governs it instead, or that nobody does.
    pub fn effective(&self, repository: &RepoName) -> Result<(String, layers::Effective), NotServed> {
        let (settings, claims) = (self.installation.settings(), self.installation.claims());
        let governors = Governors::new(&settings.tenants, &claims);
        let not_governed = || {
            NotServed::NotGoverned(GovernReason::NotGoverned {
                repository: repository.to_string(),
                tenants: !settings.tenants.is_empty(),
            })
        };
        let namespace = governors.of(repository).ok_or_else(not_governed)?.to_owned();
        let objects = self.repositories_of(&namespace);
        let effective =
            layers::effective(repository, objects.iter().map(AsRef::as_ref)).ok_or_else(not_governed)?;
        Ok((namespace, effective))
    }

    /// A repository with the way to it.
    ///
    /// # Errors
    /// What stands in the way, with what to do.
    pub async fn governed(&self, repository: &RepoName) -> Result<Governed, NotServed> {
        let (namespace, effective) = self.effective(repository)?;
        let in_force = &effective.repository;
        let Some(credentials) = in_force.credentials.clone() else {
            return Err(NotServed::NoCredentials { namespace, repository: repository.to_string() });
        };
        let credentials = FromSecret { secret_ref: credentials };
        let forge =
            self.accounts.forge(&namespace, &credentials, &in_force.api_url, &repository.owner).await?;
        let gate = match in_force.mode {
            Mode::Active => GateState::Open,
            Mode::Shadow => GateState::Closed("Shadow"),
            Mode::Paused => GateState::Closed("Paused"),
        };
        let forge = Gate::new(forge as Arc<dyn Forge>, gate);
        Ok(Governed { namespace, effective: Arc::new(effective), forge })
    }

    /// The Repository objects of a namespace, in order of their names, without those that are going.
    pub fn repositories_of(&self, namespace: &str) -> Vec<Arc<Repository>> {
        let objects = sorted(&self.stores.repositories).into_iter();
        objects
            .filter(|object| object.namespace().as_deref() == Some(namespace))
            .filter(|object| object.metadata.deletion_timestamp.is_none())
            .collect()
    }

    /// What the installation says about runs, in the form that decisions need.
    pub fn run_settings(&self) -> RunSettings {
        let settings = self.installation.settings();
        let clusters = self.clusters.keys().filter_map(|name| {
            let pod_namespaces = settings.cluster(name)?.pod_namespaces;
            Some((name.clone(), ClusterSettings { pod_namespaces }))
        });
        let runs = &settings.runs;
        let urls = crate::prow_job::links(&settings.web.url);
        RunSettings {
            clusters: clusters.collect(),
            pending_timeout: runs.pending_timeout.to_std(),
            unscheduled_timeout: runs.unscheduled_timeout.to_std(),
            running_timeout: runs.running_timeout.to_std(),
            revivals: runs.revivals,
            max_concurrency: runs.max_concurrency,
            queues: settings.queues.clone(),
            urls,
        }
    }
}
