//! The installation's settings of runs (KINDS 7), in the form that decisions need.

use super::Run;
use crate::report::job_url::JobUrls;
use api::{decoration::DecorationConfig, duration::GoDuration};
use std::{collections::BTreeMap, time::Duration};

/// A build cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClusterSettings {
    /// Where pods live, by the tenant's namespace; a tenant without an entry uses `NAMESPACE-jobs`.
    pub pod_namespaces: BTreeMap<String, String>,
}

impl ClusterSettings {
    /// The namespace of a tenant's pods in this cluster (DESIGN R4).
    pub fn pod_namespace(&self, tenant: &str) -> String {
        self.pod_namespaces.get(tenant).cloned().unwrap_or_else(|| format!("{tenant}-jobs"))
    }
}

/// What the installation says about runs.
#[derive(Clone, Debug, PartialEq)]
pub struct RunSettings {
    /// The build clusters, by name.
    pub clusters: BTreeMap<String, ClusterSettings>,
    /// How long a pod with a node may take to start.
    pub pending_timeout: Duration,
    /// How long a pod may wait for a node.
    pub unscheduled_timeout: Duration,
    /// How long a pod may run.
    pub running_timeout: Duration,
    /// How often a pod that stopped unexpectedly is made anew.
    pub revivals: i64,
    /// How many pods of all runs may be pending or running; 0 is any number.
    pub max_concurrency: i64,
    /// Capacities of queues: 0 blocks, a negative number is unlimited.
    pub queues: BTreeMap<String, i64>,
    /// How links to runs are made.
    pub urls: JobUrls,
}

impl Default for RunSettings {
    fn default() -> Self {
        const MINUTE: u64 = 60;
        Self {
            clusters: BTreeMap::from([("default".to_owned(), ClusterSettings::default())]),
            pending_timeout: Duration::from_secs(10 * MINUTE),
            unscheduled_timeout: Duration::from_secs(5 * MINUTE),
            running_timeout: Duration::from_secs(48 * 60 * MINUTE),
            revivals: 3,
            max_concurrency: 0,
            queues: BTreeMap::new(),
            urls: JobUrls::default(),
        }
    }
}

/// The limits of one run: what its decoration says, else what the installation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Timeouts {
    pub pending: Duration,
    pub unscheduled: Duration,
    pub running: Duration,
}

impl RunSettings {
    pub(super) fn timeouts(&self, run: &Run) -> Timeouts {
        let own = |field: fn(&DecorationConfig) -> Option<GoDuration>, default: Duration| {
            run.spec.decoration_config.as_ref().and_then(field).map_or(default, GoDuration::to_std)
        };
        Timeouts {
            pending: own(|d| d.pod_pending_timeout, self.pending_timeout),
            unscheduled: own(|d| d.pod_unscheduled_timeout, self.unscheduled_timeout),
            running: own(|d| d.pod_running_timeout, self.running_timeout),
        }
    }
}
