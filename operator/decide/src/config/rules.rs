//! What holds for the jobs of one repository, beside what the jobs say: from Prow's main configuration, or from the
//! layers of Repository and the installation's settings.

use super::{
    entries::Entry,
    problem::{At, Problem, Severity},
};
use api::{
    decoration::DecorationConfig,
    job::{JobBase, Preset, ProwJobDefaults},
};
use std::collections::{BTreeMap, BTreeSet};

/// Defaults and limits of jobs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JobRules {
    /// Jobs that do not say are decorated.
    pub decorate_all: bool,
    /// Defaults of decoration; later entries win field by field.
    pub decoration: Vec<Entry<DecorationConfig>>,
    /// Defaults of what runs need beside their pods.
    pub prow_job_defaults: Vec<Entry<ProwJobDefaults>>,
    /// Presets for every job here, beside those of the jobs' own files.
    pub presets: Vec<Preset>,
    /// Where pods live, by cluster.
    pub pod_namespaces: BTreeMap<String, String>,
    /// Where pods of all other clusters live.
    pub default_pod_namespace: String,
    /// The queues and how many runs each takes; 0 blocks, a negative number is any number.
    pub queues: BTreeMap<String, i64>,
    /// Which build clusters jobs may use.
    pub clusters: Allowed,
    /// Which service accounts pods may use.
    pub service_accounts: Allowed,
}

/// Which names are allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Allowed {
    /// All.
    #[default]
    All,
    /// These.
    Only(BTreeSet<String>),
}

impl Allowed {
    /// From a list in which `*` is all.
    pub fn of(names: &[String]) -> Self {
        if names.iter().any(|name| name == "*") {
            Self::All
        } else {
            Self::Only(names.iter().cloned().collect())
        }
    }

    /// Whether a name is allowed.
    pub fn has(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(names) => names.contains(name),
        }
    }
}

impl std::fmt::Display for Allowed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::All => f.write_str("any"),
            Self::Only(names) if names.is_empty() => f.write_str("none"),
            Self::Only(names) => f.write_str(&names.iter().cloned().collect::<Vec<_>>().join(", ")),
        }
    }
}

impl JobRules {
    /// The namespace in which runs of a cluster have their pods.
    pub fn pod_namespace(&self, cluster: &str) -> &str {
        self.pod_namespaces.get(cluster).unwrap_or(&self.default_pod_namespace)
    }

    /// Checks what a job may use.
    pub(super) fn check_limits(&self, job: &JobBase, at: &At<'_>, problems: &mut Vec<Problem>) {
        if !self.clusters.has(&job.cluster) {
            let message =
                format!("cluster {:?} is not allowed here; allowed: {}", job.cluster, self.clusters);
            problems.push(Problem::error(&at.field("cluster"), message));
        }
        for (account, at) in accounts(job, at) {
            if !account.is_empty() && !self.service_accounts.has(account) {
                let allowed = &self.service_accounts;
                let message = format!("service account {account:?} is not allowed here; allowed: {allowed}");
                problems.push(Problem { path: at, message, severity: Severity::Error });
            }
        }
    }
}

/// Every way in which a job can name the service account of its pod (`serviceAccount` is Kubernetes' older name), with
/// its place.
fn accounts<'a>(job: &'a JobBase, at: &At<'_>) -> Vec<(&'a str, String)> {
    let at_spec = at.field("spec");
    let in_spec = ["serviceAccountName", "serviceAccount"].into_iter().filter_map(|field| {
        let account = job.spec.as_ref()?.get(field)?.as_str()?;
        Some((account, at_spec.field(field).to_string()))
    });
    let config = job.decoration_config.as_ref();
    let by_default = config.and_then(|config| config.default_service_account_name.as_deref());
    let at_default = at.field("decoration_config").field("default_service_account_name").to_string();
    in_spec.chain(by_default.map(|account| (account, at_default))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_job_uses_only_what_it_may_whatever_way_it_asks() {
        let rules = JobRules {
            clusters: Allowed::of(&["default".into()]),
            service_accounts: Allowed::of(&["tests".into()]),
            ..JobRules::default()
        };
        let job: JobBase = serde_json::from_value(json!({
            "name": "a", "cluster": "arm", "spec": {"serviceAccount": "root"},
            "decoration_config": {"default_service_account_name": "admin"}
        }))
        .unwrap();
        let mut problems = Vec::new();
        rules.check_limits(&job, &At::root(""), &mut problems);
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "cluster: cluster \"arm\" is not allowed here; allowed: default",
                "spec.serviceAccount: service account \"root\" is not allowed here; allowed: tests",
                "decoration_config.default_service_account_name: service account \"admin\" is not allowed here; allowed: tests",
            ]
        );
        let everything = JobRules::default();
        let mut problems = Vec::new();
        everything.check_limits(&job, &At::root(""), &mut problems);
        assert_eq!(problems, []);
    }
}
