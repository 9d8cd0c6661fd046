//! The catalogue: all JobConfig objects of an installation together, as the jobs that may run for each repository
//! (KINDS 2, DESIGN R6).
//!
//! Presets serve a namespace. A namespace's jobs count only for repositories that it governs or was granted; of two jobs
//! with one context on one branch the governing namespace's wins, then the older object's.

use super::{
    Accepted, Entry, JobId, JobRules, Loaded, Problem, Source, Unlabelled, any_error,
    layers::{self, EffectiveRepository},
    load,
    problem::At,
    rules::Allowed,
    settings::Settings,
};
use crate::{
    facts::RepoName,
    govern::Standing,
    job::{Periodic, Postsubmit, Presubmit},
    reason::Reason,
    trigger::TenantJob,
};
use api::{JobConfig, job_config::JobCounts, repository::DecorationEntry};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// What is known about a repository that jobs name.
#[derive(Clone, Debug)]
pub struct KnownRepository {
    /// The namespace that governs it.
    pub governor: String,
    /// What is in force for it.
    pub effective: EffectiveRepository,
}

/// Answers whether a namespace may bring jobs for a repository.
pub trait Ground {
    /// What is in force for a repository; `None`: nobody governs it.
    fn repository(&self, name: &RepoName) -> Option<&KnownRepository>;
    /// Whether the namespace's word about it counts.
    fn standing(&self, namespace: &str, name: &RepoName) -> Standing<'_>;
}

/// All jobs that may run, and what is wrong with the others.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Catalogue {
    namespaces: BTreeMap<String, Namespace>,
    presubmits: BTreeMap<RepoName, Vec<TenantJob<Presubmit>>>,
    postsubmits: BTreeMap<RepoName, Vec<TenantJob<Postsubmit>>>,
}

/// One namespace's jobs.
#[derive(Clone, Debug, Default, PartialEq)]
struct Namespace {
    /// Names of the objects, in the order of the sources.
    objects: Vec<String>,
    loaded: Loaded,
}

/// What became of one object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ObjectReport {
    /// How many jobs are in force, and how many are not.
    pub jobs: JobCounts,
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// The build clusters that its jobs name.
    pub clusters: BTreeSet<String>,
}

/// Puts the catalogue together. `kept` are the jobs of the catalogue before, which stay when newcomers clash with them.
pub fn catalogue(
    objects: &[&JobConfig],
    ground: &dyn Ground,
    settings: &Settings,
    kept: &BTreeSet<JobId>,
) -> Catalogue {
    let mut by_namespace: BTreeMap<String, Vec<&JobConfig>> = BTreeMap::new();
    for object in objects {
        by_namespace.entry(object.metadata.namespace.clone().unwrap_or_default()).or_default().push(object);
    }
    let mut catalogue = Catalogue::default();
    for (namespace, mut objects) in by_namespace {
        objects.sort_by_key(|object| age(object));
        let loaded = of_namespace(&namespace, &objects, ground, settings, kept);
        let objects = objects.iter().map(|object| object.metadata.name.clone().unwrap_or_default()).collect();
        catalogue.namespaces.insert(namespace, Namespace { objects, loaded });
    }
    catalogue.merge_namespaces(ground);
    catalogue
}

/// Older objects first; of two as old the name decides.
fn age(object: &JobConfig) -> (Timestamp, String) {
    let created = object.metadata.creation_timestamp.as_ref().map_or(Timestamp::MAX, |time| time.0);
    (created, object.metadata.name.clone().unwrap_or_default())
}

fn of_namespace(
    namespace: &str,
    objects: &[&JobConfig],
    ground: &dyn Ground,
    settings: &Settings,
    kept: &BTreeSet<JobId>,
) -> Loaded {
    let default_rules = JobRules {
        decoration: decoration(&settings.defaults.decoration),
        presets: settings.defaults.presets.clone(),
        ..base_rules(namespace, settings)
    };
    let mut rules: BTreeMap<String, JobRules> = BTreeMap::new();
    let mut sources = Vec::new();
    let mut not_governed: Vec<Vec<Problem>> = Vec::new();
    for object in objects {
        let mut spec = object.spec.clone();
        let mut problems = Vec::new();
        let mut admit = |list: &str, written: &str| {
            let at = At::root("spec");
            let at = at.field(list);
            let at = at.field(written);
            match admitted(namespace, written, ground) {
                Ok((known, granted)) => {
                    rules
                        .entry(written.to_owned())
                        .or_insert_with(|| rules_of(namespace, &known.effective, granted, settings));
                    true
                }
                Err(message) => {
                    problems.push(Problem::error(&at, message));
                    false
                }
            }
        };
        spec.presubmits.retain(|repo, _| admit("presubmits", repo));
        spec.postsubmits.retain(|repo, _| admit("postsubmits", repo));
        // A periodic takes decoration and rights from the repository of its first extra ref (KINDS 2).
        for periodic in &spec.periodics {
            if let Some(refs) = periodic.base.extra_refs.first() {
                let written = format!("{}/{}", refs.org, refs.repo);
                if let Ok((known, granted)) = admitted(namespace, &written, ground) {
                    rules
                        .entry(written)
                        .or_insert_with(|| rules_of(namespace, &known.effective, granted, settings));
                }
            }
        }
        sources.push(Source::object(object.metadata.name.clone().unwrap_or_default(), &spec));
        not_governed.push(problems);
    }
    let rules_for = |repo: &str| rules.get(repo).unwrap_or(&default_rules);
    let mut loaded = load(&sources, Unlabelled::OwnSource, &rules_for, kept);
    for (problems, more) in loaded.problems.iter_mut().zip(not_governed) {
        problems.extend(more);
    }
    loaded
}

type Grant<'a> = Option<&'a layers::GrantedRights>;

/// The repository of a key of a job file, if the namespace may bring jobs for it.
fn admitted<'a>(
    namespace: &str,
    written: &str,
    ground: &'a dyn Ground,
) -> Result<(&'a KnownRepository, Grant<'a>), String> {
    let name: RepoName = written.parse().map_err(|error: crate::facts::InvalidName| error.to_string())?;
    match ground.standing(namespace, &name) {
        Standing::None(reason) => Err(format!("{}: {}", reason.name(), reason.sentence())),
        standing => {
            let known =
                ground.repository(&name).ok_or_else(|| format!("NotGoverned: no Repository names {name}"))?;
            let grant = if let Standing::Granted(rights) = standing { Some(rights) } else { None };
            Ok((known, grant))
        }
    }
}

fn base_rules(namespace: &str, settings: &Settings) -> JobRules {
    JobRules {
        pod_namespaces: settings
            .clusters
            .iter()
            .map(|cluster| (cluster.name.clone(), cluster.pod_namespace(namespace)))
            .collect(),
        default_pod_namespace: format!("{namespace}-jobs"),
        queues: settings.queues.clone(),
        ..JobRules::default()
    }
}

fn rules_of(
    namespace: &str,
    effective: &EffectiveRepository,
    grant: Grant<'_>,
    settings: &Settings,
) -> JobRules {
    let (clusters, service_accounts) = match grant {
        Some(rights) => (&rights.clusters, &rights.service_accounts),
        None => (&effective.jobs.clusters, &effective.jobs.service_accounts),
    };
    JobRules {
        decoration: decoration(&effective.decoration),
        presets: effective.presets.clone(),
        clusters: allowed(clusters),
        service_accounts: allowed(service_accounts),
        ..base_rules(namespace, settings)
    }
}

fn allowed(rights: &layers::Allowed) -> Allowed {
    match rights {
        layers::Allowed::All => Allowed::All,
        layers::Allowed::Only(names) => Allowed::Only(names.clone()),
    }
}

fn decoration(entries: &[DecorationEntry]) -> Vec<Entry<api::decoration::DecorationConfig>> {
    let entry = |entry: &DecorationEntry| Entry {
        repo: String::new(),
        cluster: entry.cluster.clone().unwrap_or_default(),
        config: Some(entry.config.clone()),
    };
    entries.iter().map(entry).collect()
}

impl Catalogue {
    /// Lays the namespaces' jobs beside each other, by repository; the governing namespace's first.
    fn merge_namespaces(&mut self, ground: &dyn Ground) {
        let mut presubmits: BTreeMap<RepoName, Vec<TenantJob<Presubmit>>> = BTreeMap::new();
        let mut postsubmits: BTreeMap<RepoName, Vec<TenantJob<Postsubmit>>> = BTreeMap::new();
        let mut refused: Vec<(String, usize, Problem)> = Vec::new();
        let names: Vec<String> = self.namespaces.keys().cloned().collect();
        // Twice: the governors' jobs take their contexts before anybody else's are asked.
        for governing in [true, false] {
            for namespace in &names {
                let Some(of_namespace) = self.namespaces.get(namespace) else { continue };
                let here = |repo: &str| -> Option<RepoName> {
                    let name: RepoName = repo.parse().ok()?;
                    let governs = ground.repository(&name)?.governor == *namespace;
                    (governs == governing).then_some(folded(&name))
                };
                for (repo, jobs) in &of_namespace.loaded.presubmits {
                    let Some(name) = here(repo) else { continue };
                    let all = presubmits.entry(name).or_default();
                    for accepted in jobs {
                        let job = &accepted.job;
                        let clash = all.iter().find(|other| {
                            other.namespace != *namespace
                                && other.job.context() == job.context()
                                && other.job.branches().intersects(job.branches())
                        });
                        match clash {
                            Some(other) => {
                                refused.push(clashing(namespace, accepted, job.context(), &other.namespace));
                            }
                            None => all.push(TenantJob { namespace: namespace.clone(), job: job.clone() }),
                        }
                    }
                }
                for (repo, jobs) in &of_namespace.loaded.postsubmits {
                    let Some(name) = here(repo) else { continue };
                    let all = postsubmits.entry(name).or_default();
                    let tenant = |accepted: &Accepted<Postsubmit>| TenantJob {
                        namespace: namespace.clone(),
                        job: accepted.job.clone(),
                    };
                    all.extend(jobs.iter().map(tenant));
                }
            }
        }
        for (namespace, source, problem) in refused {
            let of_namespace = self.namespaces.get_mut(&namespace);
            if let Some(problems) = of_namespace.and_then(|found| found.loaded.problems.get_mut(source)) {
                problems.push(problem);
            }
        }
        self.presubmits = presubmits;
        self.postsubmits = postsubmits;
    }

    /// The presubmits of a repository, of all namespaces that may bring some.
    pub fn presubmits(&self, repository: &RepoName) -> &[TenantJob<Presubmit>] {
        self.presubmits.get(&folded(repository)).map_or(&[], Vec::as_slice)
    }

    /// The postsubmits of a repository.
    pub fn postsubmits(&self, repository: &RepoName) -> &[TenantJob<Postsubmit>] {
        self.postsubmits.get(&folded(repository)).map_or(&[], Vec::as_slice)
    }

    /// The periodics of one object.
    pub fn periodics(&self, namespace: &str, object: &str) -> Vec<&Periodic> {
        let Some(of_namespace) = self.namespaces.get(namespace) else { return Vec::new() };
        let Some(source) = of_namespace.objects.iter().position(|name| name == object) else {
            return Vec::new();
        };
        of_namespace.loaded.periodics.iter().filter(|job| job.source == source).map(|job| &job.job).collect()
    }

    /// The ids of all jobs, to be kept when the next catalogue is put together.
    pub fn ids(&self) -> BTreeSet<JobId> {
        self.namespaces.values().flat_map(|of_namespace| of_namespace.loaded.ids()).collect()
    }

    /// What became of one object; `None`: it was not there when the catalogue was put together.
    pub fn report(&self, namespace: &str, object: &JobConfig) -> Option<ObjectReport> {
        let of_namespace = self.namespaces.get(namespace)?;
        let name = object.metadata.name.as_deref().unwrap_or_default();
        let source = of_namespace.objects.iter().position(|known| known == name)?;
        let loaded = &of_namespace.loaded;
        let problems = loaded.problems.get(source).cloned().unwrap_or_default();
        let mut report = ObjectReport { problems, ..ObjectReport::default() };
        let mut count = |cluster: &str| {
            report.clusters.insert(if cluster.is_empty() { "default" } else { cluster }.to_owned());
            1
        };
        let of = |of_source: usize| of_source == source;
        let presubmits = loaded.presubmits.values().flatten().filter(|job| of(job.source));
        report.jobs.presubmits = presubmits.map(|job| count(&job.job.raw().base.cluster)).sum();
        let postsubmits = loaded.postsubmits.values().flatten().filter(|job| of(job.source));
        report.jobs.postsubmits = postsubmits.map(|job| count(&job.job.raw().base.cluster)).sum();
        let periodics = loaded.periodics.iter().filter(|job| of(job.source));
        report.jobs.periodics = periodics.map(|job| count(&job.job.raw().base.cluster)).sum();
        let written = object.spec.presubmits.values().map(Vec::len).sum::<usize>()
            + object.spec.postsubmits.values().map(Vec::len).sum::<usize>()
            + object.spec.periodics.len();
        let in_force = report.jobs.presubmits + report.jobs.postsubmits + report.jobs.periodics;
        report.jobs.refused = i64::try_from(written).unwrap_or(i64::MAX).saturating_sub(in_force).max(0);
        Some(report)
    }
}

impl ObjectReport {
    /// Whether something of the object is not in force.
    pub fn has_errors(&self) -> bool {
        any_error(&self.problems)
    }
}

fn clashing(namespace: &str, job: &Accepted<Presubmit>, context: &str, by: &str) -> (String, usize, Problem) {
    let message = format!(
        "context {context:?} is reported by a job of namespace {by} on the same branch: give this job another context"
    );
    (namespace.to_owned(), job.source, Problem::error(&At::root(&job.path).field("context"), message))
}

/// GitHub compares names without regard to case.
fn folded(repository: &RepoName) -> RepoName {
    RepoName::new(repository.owner.to_lowercase(), repository.name.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::govern::{Claims, Governors};
    use api::repository::RepositorySpec;
    use serde_json::json;

    struct Sketch {
        claims: Claims,
        known: BTreeMap<String, KnownRepository>,
    }

    impl Ground for Sketch {
        fn repository(&self, name: &RepoName) -> Option<&KnownRepository> {
            self.known.get(&name.to_string())
        }
        fn standing(&self, namespace: &str, name: &RepoName) -> Standing<'_> {
            let grants = self.repository(name).map_or(&[][..], |known| &known.effective.jobs.from);
            Governors::new(&[], &self.claims).standing(namespace, name, grants)
        }
    }

    fn ground() -> Sketch {
        let spec: RepositorySpec = serde_json::from_value(json!({
            "github": { "owner": "acme", "repositories": ["widgets"] },
            "jobs": { "from": [ { "namespace": "guest", "repositories": ["acme/widgets"] } ] },
        }))
        .unwrap();
        let effective = EffectiveRepository::new(RepoName::new("acme", "widgets"), spec);
        let known = KnownRepository { governor: "acme".into(), effective };
        Sketch {
            claims: Claims::new([("acme".to_owned(), "acme".to_owned())]),
            known: BTreeMap::from([("acme/widgets".to_owned(), known)]),
        }
    }

    fn object(namespace: &str, name: &str, created: i64, spec: serde_json::Value) -> JobConfig {
        let mut object = JobConfig::new(name, serde_json::from_value(spec).unwrap());
        object.metadata.namespace = Some(namespace.into());
        let created = Timestamp::from_second(created).unwrap();
        object.metadata.creation_timestamp =
            Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(created));
        object
    }

    fn job(name: &str, context: &str) -> serde_json::Value {
        json!({ "name": name, "context": context, "always_run": true, "spec": { "containers": [ { "image": "i" } ] } })
    }

    fn presubmits(repo: &str, jobs: &[serde_json::Value]) -> serde_json::Value {
        json!({ "presubmits": { repo: jobs } })
    }

    fn put_together(objects: &[JobConfig]) -> Catalogue {
        let objects: Vec<&JobConfig> = objects.iter().collect();
        catalogue(&objects, &ground(), &Settings::default(), &BTreeSet::new())
    }

    #[test]
    fn a_namespace_that_neither_governs_nor_was_granted_brings_no_job_and_is_told_why() {
        let stranger = object("stranger", "jobs", 1, presubmits("acme/widgets", &[job("unit", "unit")]));
        let catalogue = put_together(std::slice::from_ref(&stranger));
        assert_eq!(catalogue.presubmits(&RepoName::new("acme", "widgets")), []);
        let report = catalogue.report("stranger", &stranger).unwrap();
        assert_eq!((report.jobs.presubmits, report.jobs.refused), (0, 1));
        assert_eq!(report.problems[0].path, "spec.presubmits[\"acme/widgets\"]");
        assert!(report.problems[0].message.starts_with("Claimed: "), "{}", report.problems[0].message);
    }

    #[test]
    fn of_two_jobs_with_one_context_the_governing_namespaces_wins_even_if_it_is_younger() {
        let guest = object("guest", "jobs", 1, presubmits("acme/widgets", &[job("theirs", "ci")]));
        let own = object("acme", "jobs", 2, presubmits("acme/widgets", &[job("ours", "ci")]));
        let catalogue = put_together(&[guest.clone(), own]);
        let names: Vec<&str> = catalogue
            .presubmits(&RepoName::new("Acme", "Widgets"))
            .iter()
            .map(|job| job.job.name())
            .collect();
        assert_eq!(names, ["ours"]);
        let told = &catalogue.report("guest", &guest).unwrap().problems[0];
        assert_eq!(told.path, "spec.presubmits[\"acme/widgets\"][0].context");
    }

    #[test]
    fn one_wrong_job_is_set_aside_alone() {
        let mut wrong = job("broken", "broken");
        wrong["run_if_changed"] = json!("(");
        wrong["always_run"] = json!(false);
        let object = object("acme", "jobs", 1, presubmits("acme/widgets", &[wrong, job("unit", "unit")]));
        let catalogue = put_together(std::slice::from_ref(&object));
        assert_eq!(catalogue.presubmits(&RepoName::new("acme", "widgets")).len(), 1);
        let report = catalogue.report("acme", &object).unwrap();
        assert_eq!((report.jobs.presubmits, report.jobs.refused), (1, 1));
    }
}
