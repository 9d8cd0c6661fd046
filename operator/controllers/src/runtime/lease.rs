//! Who leads: one of several replicas holds a Lease and acts, the others wait.
//!
//! The rules are client-go's. A candidate trusts no clock but its own monotonic one: it watches the record, and only
//! when the record has not changed for a whole lease duration does it take over, by compare-and-swap. A leader that could
//! not renew in time stops before anybody else may start.

use forge::Clock;
use k8s_openapi::{
    api::coordination::v1::{Lease, LeaseSpec},
    apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta},
};
use kube::{Api, ResourceExt, api::PostParams};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::time::Instant;

/// Annotation: where the leader takes forwarded webhooks.
pub const ADDRESS: &str = "bowsprit.dev/address";

/// How long and how often.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// How long a record is good without a change.
    pub duration: Duration,
    /// A leader that has not renewed for this long stops. Shorter than `duration`.
    pub renew_deadline: Duration,
    /// Between two tries.
    pub retry: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            duration: Duration::from_secs(15),
            renew_deadline: Duration::from_secs(10),
            retry: Duration::from_secs(2),
        }
    }
}

/// How often leadership has changed hands: a number that only grows. It stands in what a leader writes, so that a late
/// write of a former leader is recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Term(pub i64);

/// A candidate for one Lease.
pub struct Candidate {
    api: Api<Lease>,
    name: String,
    identity: String,
    address: String,
    timing: Timing,
    clock: Arc<dyn Clock>,
}

/// Proof of leadership: functions that only a leader may call take it. Renew with [`Candidate::keep`].
#[derive(Debug)]
pub struct Leadership {
    /// The term.
    pub term: Term,
    renewed: Instant,
    record: Lease,
}

/// Leadership is over: all of a leader's work must stop now.
#[derive(Debug, thiserror::Error)]
pub enum Lost {
    /// Another holds the Lease.
    #[error("another replica leads: {holder}")]
    Taken {
        /// Who.
        holder: String,
    },
    /// The API server could not be reached in time.
    #[error("the Lease could not be renewed within {0:?}")]
    NotRenewed(Duration),
}

impl Candidate {
    /// `identity` must differ from every other replica's, also from this one's before a restart.
    pub fn new(
        api: Api<Lease>,
        name: impl Into<String>,
        identity: impl Into<String>,
        address: impl Into<String>,
        timing: Timing,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { api, name: name.into(), identity: identity.into(), address: address.into(), timing, clock }
    }

    /// Waits until this replica leads.
    pub async fn acquire(&self) -> Leadership {
        let mut observed: Option<(Lease, Instant)> = None;
        loop {
            match self.try_acquire(&mut observed).await {
                Ok(Some(leadership)) => return leadership,
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(%error, lease = self.name, "the Lease could not be read or written");
                }
            }
            tokio::time::sleep(self.timing.retry).await;
        }
    }

    async fn try_acquire(
        &self,
        observed: &mut Option<(Lease, Instant)>,
    ) -> Result<Option<Leadership>, kube::Error> {
        let Some(current) = self.in_time(self.api.get_opt(&self.name)).await? else {
            let record = self.record(None, 0);
            return match self.in_time(self.api.create(&PostParams::default(), &record)).await {
                Ok(record) => Ok(Some(Leadership { term: Term(0), renewed: Instant::now(), record })),
                Err(kube::Error::Api(status)) if status.is_already_exists() => Ok(None),
                Err(error) => Err(error),
            };
        };
        let unchanged_since = match observed {
            Some((known, since)) if known.spec == current.spec => *since,
            _ => {
                let now = Instant::now();
                *observed = Some((current.clone(), now));
                now
            }
        };
        let spec = current.spec.clone().unwrap_or_default();
        let free = spec.holder_identity.as_deref().unwrap_or_default().is_empty();
        let promised =
            spec.lease_duration_seconds.and_then(|s| u64::try_from(s).ok()).map(Duration::from_secs);
        let expired = unchanged_since.elapsed() >= promised.unwrap_or(self.timing.duration);
        if !free && !expired {
            return Ok(None);
        }
        let term = spec.lease_transitions.unwrap_or_default().saturating_add(1);
        let record = self.record(Some(&current), term);
        match self.in_time(self.api.replace(&self.name, &PostParams::default(), &record)).await {
            Ok(record) => {
                Ok(Some(Leadership { term: Term(i64::from(term)), renewed: Instant::now(), record }))
            }
            Err(kube::Error::Api(status)) if status.is_conflict() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Renews until leadership is lost. The leader's work runs beside this and ends with it.
    pub async fn keep(&self, mut leadership: Leadership) -> Lost {
        loop {
            tokio::time::sleep(self.timing.retry).await;
            if leadership.renewed.elapsed() >= self.timing.renew_deadline {
                return Lost::NotRenewed(self.timing.renew_deadline);
            }
            match self.renew(&leadership).await {
                Ok(Ok(record)) => {
                    leadership.record = record;
                    leadership.renewed = Instant::now();
                }
                Ok(Err(lost)) => return lost,
                Err(error) => tracing::warn!(%error, lease = self.name, "the Lease could not be renewed"),
            }
        }
    }

    async fn renew(&self, leadership: &Leadership) -> Result<Result<Lease, Lost>, kube::Error> {
        let transitions = i32::try_from(leadership.term.0).unwrap_or(i32::MAX);
        let record = self.record(Some(&leadership.record), transitions);
        match self.in_time(self.api.replace(&self.name, &PostParams::default(), &record)).await {
            Ok(record) => Ok(Ok(record)),
            Err(kube::Error::Api(status)) if status.is_conflict() || status.is_not_found() => {
                // Somebody wrote it: another leader, or a person. The holder's name tells.
                let current = self.in_time(self.api.get_opt(&self.name)).await?;
                let holder = current.as_ref().and_then(|c| c.spec.as_ref()?.holder_identity.clone());
                match (current, holder) {
                    (Some(current), Some(holder)) if holder == self.identity => Ok(Ok(current)),
                    (_, holder) => {
                        Ok(Err(Lost::Taken { holder: holder.unwrap_or_else(|| "nobody".to_owned()) }))
                    }
                }
            }
            Err(error) => Err(error),
        }
    }

    /// Gives the Lease back, so that the next leader need not wait. For a graceful end.
    pub async fn release(&self, term: Term) {
        let release = async {
            let mut current = self.api.get(&self.name).await?;
            let spec = current.spec.get_or_insert_default();
            if spec.holder_identity.as_deref() == Some(&self.identity)
                && spec.lease_transitions.map(i64::from) == Some(term.0)
            {
                spec.holder_identity = None;
                self.api.replace(&self.name, &PostParams::default(), &current).await?;
            }
            Ok::<(), kube::Error>(())
        };
        if let Err(error) = release.await {
            tracing::info!(%error, lease = self.name, "the Lease was not given back; it runs out by itself");
        }
    }

    fn record(&self, previous: Option<&Lease>, transitions: i32) -> Lease {
        let now = MicroTime(self.clock.now());
        let mut metadata = previous.map_or_else(
            || ObjectMeta { name: Some(self.name.clone()), ..ObjectMeta::default() },
            |lease| lease.metadata.clone(),
        );
        metadata
            .annotations
            .get_or_insert_with(BTreeMap::new)
            .insert(ADDRESS.to_owned(), self.address.clone());
        metadata.managed_fields = None;
        let same_holder = previous.filter(|lease| {
            lease.spec.as_ref().and_then(|s| s.holder_identity.as_deref()) == Some(&self.identity)
        });
        let acquired = same_holder.and_then(|lease| lease.spec.as_ref()?.acquire_time.clone());
        Lease {
            metadata,
            spec: Some(LeaseSpec {
                holder_identity: Some(self.identity.clone()),
                lease_duration_seconds: i32::try_from(self.timing.duration.as_secs()).ok(),
                acquire_time: Some(acquired.unwrap_or_else(|| now.clone())),
                renew_time: Some(now),
                lease_transitions: Some(transitions),
                ..LeaseSpec::default()
            }),
        }
    }

    /// kube has no deadline of its own: over a dead link a call would hang for ever.
    async fn in_time<T>(&self, call: impl Future<Output = Result<T, kube::Error>>) -> Result<T, kube::Error> {
        match tokio::time::timeout(self.timing.renew_deadline / 2, call).await {
            Ok(answer) => answer,
            Err(_) => Err(kube::Error::Service("the API server did not answer in time".into())),
        }
    }

    /// The name that stands in the Lease.
    pub fn identity(&self) -> &str {
        &self.identity
    }
}

/// Where the present leader takes forwarded webhooks, as the Lease says.
pub fn leader_address(lease: &Lease) -> Option<String> {
    lease.annotations().get(ADDRESS).cloned()
}
