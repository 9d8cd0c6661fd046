//! The operator: waits until it leads, leads, and ends when it leads no more.
//!
//! Everything it does lives in the future of [`Operator::run`]; dropping it ends it at that very point, as a crash would.

use controllers::{
    accounts::Outside,
    lead::{LeadError, Leader},
    runtime::{
        delivery_log::{DeliveryLog, LogError},
        lease::{Candidate, Lost, Timing},
        probe::WriteProbe,
    },
    webhook::Receiver,
};
use forge::Clock;
use futures::future::BoxFuture;
use k8s_openapi::api::coordination::v1::Lease;
use kube::{Api, Client};
use std::{collections::BTreeMap, path::PathBuf, sync::Arc};
use tokio::sync::watch;
use web::{RawAnswer, RawRequest};

/// The name of the Lease.
const LEASE: &str = "bowsprit";

/// What the operator needs from outside.
#[derive(Clone)]
pub struct Settings {
    /// The cluster that holds our objects.
    pub home: Client,
    /// The operator's own namespace: Lease, settings, claims.
    pub namespace: String,
    /// Names this process; another than before a restart.
    pub identity: String,
    /// Where the leader takes forwarded webhooks; empty: nowhere.
    pub address: String,
    /// The wall clock.
    pub clock: Arc<dyn Clock>,
    /// GitHub and git.
    pub outside: Arc<dyn Outside>,
    /// The folder for the delivery log and mirrors of repositories.
    pub storage: PathBuf,
    /// What is told of writes to disk.
    pub probe: Arc<dyn WriteProbe>,
    /// How leadership is held.
    pub timing: Timing,
    /// One look after another: for tests that compare traces.
    pub one_at_a_time: bool,
}

/// Why the operator ended.
#[derive(Debug, thiserror::Error)]
pub enum Ended {
    /// It leads no more.
    #[error(transparent)]
    Lost(#[from] Lost),
    /// It could not begin.
    #[error(transparent)]
    Lead(#[from] LeadError),
    /// The delivery log cannot be used.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The storage folder cannot be used.
    #[error("the storage folder {path}: {source}")]
    Storage {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// The operator, and the way for webhooks into it.
pub struct Operator {
    settings: Settings,
    receiver: watch::Sender<Option<Arc<Receiver>>>,
}

impl Operator {
    /// Not started yet.
    pub fn new(settings: Settings) -> Self {
        Self { settings, receiver: watch::channel(None).0 }
    }

    /// Takes raw webhooks to the operator while it leads; before and after, they are refused for GitHub to list.
    pub fn relay(&self) -> impl Fn(RawRequest) -> BoxFuture<'static, RawAnswer> + Send + Sync + 'static {
        let receiver = self.receiver.subscribe();
        move |request: RawRequest| {
            let leading = receiver.borrow().clone();
            Box::pin(async move {
                let Some(leading) = leading else { return RawAnswer::unreachable() };
                let answer = leading.receive(&request.method, &request.headers, &request.body).await;
                RawAnswer { status: answer.status, body: answer.body }
            })
        }
    }

    /// Whether it leads and has seen everything.
    pub fn ready(&self) -> watch::Receiver<Option<Arc<Receiver>>> {
        self.receiver.subscribe()
    }

    /// Runs until leadership is lost or the future is dropped.
    ///
    /// # Errors
    /// Always: why it ended.
    pub async fn run(self) -> Result<std::convert::Infallible, Ended> {
        let Settings {
            home,
            namespace,
            identity,
            address,
            clock,
            outside,
            storage,
            probe,
            timing,
            one_at_a_time,
        } = self.settings;
        std::fs::create_dir_all(&storage)
            .map_err(|source| Ended::Storage { path: storage.clone(), source })?;
        let log = Arc::new(DeliveryLog::open(&storage.join("deliveries.sqlite"), probe)?);
        let leases: Api<Lease> = Api::namespaced(home.clone(), &namespace);
        let candidate = Candidate::new(leases, LEASE, &identity, address, timing, clock.clone());
        let leadership = candidate.acquire().await;
        let term = leadership.term;
        tracing::info!(term = term.0, identity, "leading");
        let leader = Leader {
            clusters: BTreeMap::from([("default".to_owned(), home.clone())]),
            home,
            namespace,
            identity: identity.clone(),
            clock,
            outside,
            mirrors: storage.join("mirrors"),
            log,
            one_at_a_time,
        };
        let ended = tokio::select! {
            biased;
            lost = candidate.keep(leadership) => Err(Ended::Lost(lost)),
            ended = leader.lead(term, self.receiver.clone()) => ended.map_err(Ended::Lead),
        };
        self.receiver.send_replace(None);
        match ended {
            Err(ended) => Err(ended),
            // A leader ends by itself only with its mirrors, which end with the client.
            Ok(()) => Err(Ended::Lost(Lost::NotRenewed(timing.renew_deadline))),
        }
    }
}
