//! What belongs to the installation and not to a repository: the one ConfigMap of KINDS 7, read and checked.
//!
//! A version with a mistake changes nothing: the last valid one stays, and the problems name the path and the fix.

mod read;

use api::{
    duration::GoDuration,
    job::Preset,
    local_ref::SecretRef,
    problem::Problem,
    repository::{DecorationEntry, Report, RerunGrant},
};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The settings of an installation, checked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// Build clusters. Without any, the operator's own is `default`.
    pub clusters: Vec<Cluster>,
    /// Which namespace may govern what. Where given, it alone decides (DESIGN G1).
    pub tenants: Vec<Tenant>,
    /// Who else may write the status of its agent's ProwJobs.
    pub agents: Vec<Agent>,
    /// Capacity by queue: 0 blocks, -1 is unlimited.
    pub queues: BTreeMap<String, i64>,
    /// Limits of runs.
    pub runs: Runs,
    /// How long things are kept.
    pub retention: Retention,
    /// For periodics without a repository.
    pub defaults: Defaults,
    /// Where the operator keeps files.
    pub storage: Storage,
    /// The dashboard.
    pub web: Web,
}

/// A build cluster.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Cluster {
    /// What jobs call it.
    pub name: String,
    /// How to reach it; absent: the operator's own cluster.
    pub kubeconfig: Option<KubeconfigRef>,
    /// Where pods of a tenant's runs live, by the tenant's namespace. Others: `NAMESPACE-jobs`.
    #[serde(default)]
    pub pod_namespaces: BTreeMap<String, String>,
}

/// A kubeconfig in a Secret of the operator's namespace.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KubeconfigRef {
    /// The Secret.
    pub secret: String,
    /// The key inside.
    pub key: String,
}

/// A namespace and what it may govern.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tenant {
    /// The namespace.
    pub namespace: String,
    /// All repositories of these owners.
    #[serde(default)]
    pub owners: Vec<String>,
    /// These repositories, `owner/name`; they beat another tenant's owners.
    #[serde(default)]
    pub repositories: Vec<String>,
}

/// A program that carries out runs of its own agent.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Agent {
    /// The agent, as jobs name it.
    pub name: String,
    /// Its service account, `namespace/name`.
    pub service_account: String,
}

/// Limits of runs.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Runs {
    /// How long a pod may wait for its containers to start.
    pub pending_timeout: GoDuration,
    /// How long a pod may wait for a node.
    pub unscheduled_timeout: GoDuration,
    /// How long a pod may run.
    pub running_timeout: GoDuration,
    /// How often a pod that stopped unexpectedly is made anew.
    pub revivals: i64,
    /// How many runs may be pending at a time; 0 is any number.
    pub max_concurrency: i64,
    /// How long a requirement that disappears stays required (DESIGN M1).
    pub settle: GoDuration,
    /// How many runs a sweep may start by catching up (DESIGN R2).
    pub catch_up: i64,
}

impl Default for Runs {
    fn default() -> Self {
        Self {
            pending_timeout: minutes(10),
            unscheduled_timeout: minutes(5),
            running_timeout: minutes(48 * 60),
            revivals: 3,
            max_concurrency: 0,
            settle: minutes(5),
            catch_up: 10,
        }
    }
}

/// How long things are kept after their end.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Retention {
    /// ProwJobs.
    pub runs: GoDuration,
    /// Pods, from their start.
    pub pods: GoDuration,
    /// Pods, from the end of their run.
    pub finished_pods: GoDuration,
    /// Clusters in which no pod is removed.
    pub exclude_clusters: Vec<String>,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            runs: minutes(168 * 60),
            pods: minutes(24 * 60),
            finished_pods: minutes(30),
            exclude_clusters: Vec::new(),
        }
    }
}

/// What periodics without a repository take.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Defaults {
    /// How pods are wrapped; later entries win field by field.
    pub decoration: Vec<DecorationEntry>,
    /// Presets for all of them.
    pub presets: Vec<Preset>,
    /// Where results are announced.
    pub report: Report,
    /// Who may run them again.
    pub rerun: Vec<RerunGrant>,
}

/// Where the operator keeps files.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Storage {
    /// A folder on the operator's volume.
    pub local: String,
}

impl Default for Storage {
    fn default() -> Self {
        Self { local: "/var/lib/bowsprit".to_owned() }
    }
}

/// The dashboard.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Web {
    /// Its address, for links. Empty: no links.
    pub url: String,
    /// Addresses that external plugins of Repositories may have.
    pub external_plugins: Vec<String>,
    /// Login through GitHub; absent: nobody can log in.
    pub oauth: Option<Login>,
}

/// Login through GitHub.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Login {
    /// A Secret of the operator's namespace.
    pub secret_ref: SecretRef,
}

const fn minutes(minutes: i64) -> GoDuration {
    GoDuration::from_secs(minutes * 60)
}

impl Settings {
    /// Reads a version of the settings.
    ///
    /// # Errors
    /// All that is wrong with it, each with its path and what to do.
    pub fn parse(yaml: &str) -> Result<Self, Vec<Problem>> {
        read::settings(yaml)
    }

    /// The settings after a new version was seen: it, or these with what is wrong with it.
    #[must_use]
    pub fn renewed(&self, yaml: &str) -> (Self, Vec<Problem>) {
        match Self::parse(yaml) {
            Ok(new) => (new, Vec::new()),
            Err(problems) => (self.clone(), problems),
        }
    }

    /// The cluster of this name. Without any in the settings, `default` is the operator's own.
    pub fn cluster(&self, name: &str) -> Option<Cluster> {
        let own =
            || Cluster { name: "default".to_owned(), kubeconfig: None, pod_namespaces: BTreeMap::new() };
        match self.clusters.iter().find(|cluster| cluster.name == name) {
            Some(cluster) => Some(cluster.clone()),
            None => (self.clusters.is_empty() && name == "default").then(own),
        }
    }

    /// How many runs of a queue may be pending; `None`: any number, as for a queue that is not listed.
    pub fn queue(&self, name: &str) -> Option<usize> {
        self.queues.get(name).and_then(|capacity| usize::try_from(*capacity).ok())
    }
}

impl Cluster {
    /// Where the pods of a tenant's runs live in this cluster.
    pub fn pod_namespace(&self, tenant: &str) -> String {
        self.pod_namespaces.get(tenant).cloned().unwrap_or_else(|| format!("{tenant}-jobs"))
    }
}
