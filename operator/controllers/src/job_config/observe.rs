//! What a look at a JobConfig sees: its part of the catalogue, its standing, its clusters, and the runs of its periodics.

use super::JobConfigError;
use crate::{context::Context, repository, stores::sorted};
use api::{
    JobConfig, ProwJob, keys,
    prow_job::{ProwJobState, ProwJobStatus, ProwJobType},
    repository::Mode,
};
use decide::{
    config::catalogue::{Catalogue, ObjectReport},
    facts::RepoName,
    govern::{GovernReason, Governors, Standing},
    schedule::{self, Clock, ClockPlan, LastRun, Quiet, last_run, may_start},
};
use jiff::Timestamp;
use k8s_openapi::{api::core::v1::Namespace, apimachinery::pkg::apis::meta::v1::Time};
use kube::{Api, Client, ResourceExt};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

/// How long a build cluster may take to answer.
const ANSWER: Duration = Duration::from_secs(5);

/// All that the status and the starts depend on.
pub(super) struct Observed {
    pub(super) report: ObjectReport,
    /// The repositories that the object names.
    pub(super) named: BTreeSet<RepoName>,
    /// Whether the namespace's word counts for any of them.
    pub(super) standing: Result<(), GovernReason>,
    pub(super) clusters: Vec<SeenCluster>,
    pub(super) now: Timestamp,
    catalogue: Arc<Catalogue>,
    object: (String, String),
    /// By the periodic's name.
    runs: BTreeMap<String, SeenRuns>,
}

/// A build cluster and the namespace for the pods of this object's runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SeenCluster {
    pub(super) name: String,
    pub(super) pod_namespace: String,
    pub(super) reach: Reach,
}

/// How far a build cluster can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// It answers, and nothing speaks against its namespace.
    Ready,
    /// It answers, and has no such namespace.
    NoNamespace,
    /// It answers; the namespace does not name the tenant (DESIGN R4).
    NotLabelled,
    /// It does not answer, or the installation has no such cluster.
    Unreachable,
}

/// The runs of one periodic, as far as they matter.
#[derive(Clone, Copy)]
struct SeenRuns {
    last: Option<LastRun>,
    last_state: Option<ProwJobState>,
    known_since: Timestamp,
    permit: Result<(), Quiet>,
}

impl Observed {
    /// The object's periodics with what they depend on.
    pub(super) fn clocks(&self) -> Vec<Clock<'_>> {
        let (namespace, name) = &self.object;
        let mut clocks = Vec::new();
        for job in self.catalogue.periodics(namespace, name) {
            if let Some(&SeenRuns { last, last_state, known_since, permit }) = self.runs.get(job.name()) {
                clocks.push(Clock { job, last, last_state, known_since, permit });
            }
        }
        clocks
    }

    /// What follows for each periodic.
    pub(super) fn decide(&self) -> Vec<ClockPlan> {
        self.clocks().iter().map(|clock| schedule::plan(clock, self.now)).collect()
    }
}

/// Looks at a JobConfig; `None`: a mirror is behind, so nothing may be decided yet.
pub(super) async fn observe(
    context: &Context,
    object: &JobConfig,
) -> Result<Option<Observed>, JobConfigError> {
    if context.writes.is_stale(object) {
        return Ok(None);
    }
    let (namespace, name) = (object.namespace().unwrap_or_default(), object.name_any());
    let catalogue = context.catalogue.get(context);
    let Some(report) = catalogue.report(&namespace, object) else { return Ok(None) };
    let Some(all) = runs(context, &namespace).await? else { return Ok(None) };
    let now = context.clock.now();
    let mut rights = Rights::new(context, &namespace);
    let mut runs = BTreeMap::new();
    for job in catalogue.periodics(&namespace, &name) {
        let first = job.raw().base.extra_refs.first().map(|refs| RepoName::new(&refs.org, &refs.repo));
        let permit = may_start(first.and_then(|repository| rights.mode(&repository)), rights.modes());
        let of_job = all.iter().filter(|run| run.spec.job == job.name());
        let facts: Vec<_> = of_job.map(|run| (&run.spec, started(run), run.labels())).collect();
        let last_finished = facts.iter().filter(|(_, status, _)| status.completion_time.is_some());
        let last_state = last_finished.max_by_key(|(_, status, _)| status.start_time.clone());
        let last_state = last_state.and_then(|(_, status, _)| status.state);
        let last = last_run(job.name(), facts.iter().map(|(spec, status, labels)| (*spec, status, *labels)));
        let known_since = known_since(context, object, job.name(), permit, now);
        runs.insert(job.name().to_owned(), SeenRuns { last, last_state, known_since, permit });
    }
    let clusters = clusters(context, &namespace, &report).await;
    let named: BTreeSet<RepoName> = object
        .spec
        .presubmits
        .keys()
        .chain(object.spec.postsubmits.keys())
        .filter_map(|name| name.parse().ok())
        .collect();
    let standing = rights.standing(&named, report.jobs.periodics > 0);
    let object = (namespace, name);
    Ok(Some(Observed { report, named, standing, clusters, now, catalogue, object, runs }))
}

/// Since when a periodic counts that never ran: since it was first seen in this term, or since the start that its status
/// promised before.
fn known_since(
    context: &Context,
    object: &JobConfig,
    job: &str,
    permit: Result<(), Quiet>,
    now: Timestamp,
) -> Timestamp {
    let namespace = object.namespace().unwrap_or_default();
    if permit.is_err() {
        context.memory.periodic_rests(&namespace, job);
        return now;
    }
    let seen = context.memory.periodic_since(&namespace, job, now);
    let shown = object.status.iter().flat_map(|status| &status.periodics).find(|shown| shown.name == job);
    let promised = shown.and_then(|shown| shown.next_run.as_ref()).map_or(seen, |time| time.0);
    seen.min(promised)
}

/// What decides about a run, with its start: without a status it has just been created.
fn started(run: &ProwJob) -> ProwJobStatus {
    let status = run.status.clone().unwrap_or_default();
    let created = run.metadata.creation_timestamp.as_ref().map_or(Timestamp::UNIX_EPOCH, |time| time.0);
    ProwJobStatus {
        start_time: Some(status.start_time.unwrap_or(Time(created))),
        completion_time: status.completion_time,
        state: status.state,
        ..ProwJobStatus::default()
    }
}

/// The runs of periodics in a namespace, those included that we made a moment ago; `None`: the mirror is behind.
async fn runs(context: &Context, namespace: &str) -> Result<Option<Vec<Arc<ProwJob>>>, JobConfigError> {
    let mut runs: Vec<Arc<ProwJob>> = sorted(&context.stores.prow_jobs)
        .into_iter()
        .filter(|run| run.namespace().as_deref() == Some(namespace))
        .filter(|run| run.spec.type_ == ProwJobType::Periodic)
        .collect();
    if runs.iter().any(|run| context.writes.is_stale(run.as_ref())) {
        return Ok(None);
    }
    let api: Api<ProwJob> = Api::namespaced(context.home.clone(), namespace);
    for made in context.memory.made_runs(namespace) {
        if runs.iter().any(|run| run.name_any() == made) {
            context.memory.saw_run(namespace, &made);
            continue;
        }
        let found = api.get_opt(&made).await.map_err(JobConfigError::Observe)?;
        match found.filter(|run| run.spec.type_ == ProwJobType::Periodic) {
            Some(run) => runs.push(Arc::new(run)),
            None => context.memory.saw_run(namespace, &made), // it is gone already
        }
    }
    Ok(Some(runs))
}

/// What a namespace may do for repositories; asked once for each.
struct Rights<'a> {
    context: &'a Context,
    namespace: &'a str,
    modes: Vec<Mode>,
    of: BTreeMap<RepoName, Option<Mode>>,
}

impl<'a> Rights<'a> {
    fn new(context: &'a Context, namespace: &'a str) -> Self {
        let mut modes = Vec::new();
        for object in context.repositories_of(namespace) {
            if let Ok((governor, in_force)) = context.effective(&repository::sample(&object))
                && governor == namespace
            {
                modes.push(in_force.repository.mode);
            }
        }
        Self { context, namespace, modes, of: BTreeMap::new() }
    }

    /// The modes of what the namespace governs.
    fn modes(&self) -> &[Mode] {
        &self.modes
    }

    /// The mode of a repository that the namespace governs or was granted.
    fn mode(&mut self, repository: &RepoName) -> Option<Mode> {
        let (context, namespace) = (self.context, self.namespace);
        let ask = || {
            let (governor, in_force) = context.effective(repository).ok()?;
            let granted = in_force.repository.jobs.from.iter().any(|grant| grant.namespace == namespace);
            (governor == namespace || granted).then_some(in_force.repository.mode)
        };
        *self.of.entry(repository.clone()).or_insert_with(ask)
    }

    /// Whether the namespace's word counts for any of these repositories. Periodics need none.
    fn standing(&self, named: &BTreeSet<RepoName>, periodics: bool) -> Result<(), GovernReason> {
        let installation = &self.context.installation;
        let (settings, claims) = (installation.settings(), installation.claims());
        let governors = Governors::new(&settings.tenants, &claims);
        let mut first = Ok(());
        for repository in named {
            let in_force = self.context.effective(repository).ok();
            let grants = in_force.as_ref().map_or(&[][..], |(_, known)| &known.repository.jobs.from);
            match governors.standing(self.namespace, repository, grants) {
                Standing::Governs | Standing::Granted(_) => return Ok(()),
                Standing::None(reason) if first.is_ok() => first = Err(reason),
                Standing::None(_) => {}
            }
        }
        if periodics { Ok(()) } else { first }
    }
}

/// Whether the clusters that the object's jobs name can be used.
async fn clusters(context: &Context, namespace: &str, report: &ObjectReport) -> Vec<SeenCluster> {
    let settings = context.installation.settings();
    let look = |name: &String| {
        let pod_namespace = settings
            .cluster(name)
            .map_or_else(|| format!("{namespace}-jobs"), |cluster| cluster.pod_namespace(namespace));
        let (name, client) = (name.clone(), context.clusters.get(name).cloned());
        async move {
            let reach = match client {
                Some(client) => reach(client, &pod_namespace, namespace).await,
                None => Reach::Unreachable,
            };
            SeenCluster { name, pod_namespace, reach }
        }
    };
    futures::future::join_all(report.clusters.iter().map(look)).await
}

async fn reach(client: Client, pod_namespace: &str, tenant: &str) -> Reach {
    let api: Api<Namespace> = Api::all(client);
    match tokio::time::timeout(ANSWER, api.get_opt(pod_namespace)).await {
        Ok(Ok(Some(found))) if found.labels().get(keys::TENANT).is_some_and(|named| named == tenant) => {
            Reach::Ready
        }
        Ok(Ok(Some(_))) => Reach::NotLabelled,
        Ok(Ok(None)) => Reach::NoNamespace,
        // It answers, and does not let us see namespaces: whether pods can be made there shows when one is.
        Ok(Err(kube::Error::Api(status))) if status.is_forbidden() => Reach::Ready,
        Ok(Err(_)) | Err(_) => Reach::Unreachable,
    }
}
