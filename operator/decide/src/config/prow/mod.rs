//! Prow's main configuration, read as Prow reads it: for `import`, for `lint` on files of Prow, and for holding our
//! answers against Prow's.
//!
//! Prow's own rule holds here: one error refuses the whole configuration. Merge pool and branch protection are left as
//! they are written (`tide`, `branch-protection`); who decides about those reads them.

mod model;

pub use model::{
    GithubReporter, Horologium, InRepoConfig, Plank, ProwConfig, ReportTemplates, Scheduler, Sinker,
};

use super::{
    entries::Entry,
    fit::fit,
    in_repo::{self, Central, InRepo},
    load::{Loaded, Source, Unlabelled, load},
    problem::{At, Problem, any_error},
    read::{self, ReadFile},
    rules::{Allowed, JobRules},
    yaml::{self, Budget},
};
use api::decoration::DecorationConfig;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A whole configuration of Prow.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LoadedProw {
    /// The main file.
    pub config: ProwConfig,
    /// All jobs. Source 0 is the main file, the others are the job files in order.
    pub jobs: Loaded,
    /// What the main file says to all jobs.
    pub rules: JobRules,
    /// What works, but perhaps not as meant.
    pub warnings: Vec<Problem>,
}

impl ProwConfig {
    /// Loads the main file and the job files (name and text, in the order in which Prow reads them).
    ///
    /// # Errors
    /// All problems, with the name of the file before the path, where any of them is an error.
    pub fn load<'f>(
        main: &str,
        job_files: impl IntoIterator<Item = (&'f str, &'f str)>,
    ) -> Result<LoadedProw, Vec<Problem>> {
        let mut problems = Vec::new();
        let (config, main_jobs) = Self::read(main, &mut problems).map_err(|problem| vec![problem])?;
        let rules = config.job_rules(&mut problems);
        let mut sources = vec![Source::file("the main file", main_jobs)];
        for (name, text) in job_files {
            match read::job_file(text, Budget::CENTRAL) {
                Ok(read) => sources.push(Source::file(name, read)),
                Err(problem) => problems.push(in_file(name, problem)),
            }
        }
        let jobs = load(&sources, Unlabelled::Everybody, &|_| &rules, &BTreeSet::new());
        for (source, of_source) in sources.iter().zip(&jobs.problems) {
            problems.extend(of_source.iter().map(|problem| in_file(&source.name, problem.clone())));
        }
        if any_error(&problems) {
            return Err(problems);
        }
        Ok(LoadedProw { config, jobs, rules, warnings: problems })
    }

    /// Reads the main file. Its job keys come as a job file.
    fn read(text: &str, problems: &mut Vec<Problem>) -> Result<(Self, ReadFile), Problem> {
        let document = yaml::read(text, Budget::CENTRAL)?;
        let members = read::mapping(document.value)?;
        let root = At::root("");
        let jobs = read::job_keys(members.clone());
        let mut own = document.warnings;
        let value = fit(&model::SHAPE, Value::Object(members), &root, &mut own);
        // What the job keys hold was told when they were read.
        own.retain(|problem| !read::is_job_key(&problem.path));
        let wrong = any_error(&own);
        problems.append(&mut own);
        let config = if wrong { None } else { Some(serde_json::from_value(value)) };
        let config =
            config.transpose().map_err(|e| Problem::error(&root, e.to_string()))?.unwrap_or_default();
        Ok((config, jobs))
    }

    /// What this configuration says to all jobs.
    pub fn job_rules(&self, problems: &mut Vec<Problem>) -> JobRules {
        let root = At::root("");
        let plank = root.field("plank");
        let mut decoration = self.plank.default_decoration_config_entries.clone();
        if !self.plank.default_decoration_configs.is_empty() {
            if !decoration.is_empty() {
                let message = "and default_decoration_config_entries exclude each other: choose one";
                problems.push(Problem::error(&plank.field("default_decoration_configs"), message));
            }
            decoration = as_entries(&self.plank.default_decoration_configs);
        }
        JobRules {
            decorate_all: self.decorate_all_jobs,
            decoration,
            prow_job_defaults: self.prowjob_default_entries.clone(),
            presets: Vec::new(),
            pod_namespaces: BTreeMap::new(),
            default_pod_namespace: self.pod_namespace().to_owned(),
            queues: self.plank.job_queue_capacities.clone(),
            clusters: Allowed::All,
            service_accounts: Allowed::All,
        }
    }
}

impl LoadedProw {
    /// Loads the job configuration inside a repository, from its files (path and text; those in its root and below
    /// `.prow`), together with the jobs that the repository has already.
    ///
    /// # Errors
    /// All problems, where any of them is an error: Prow then uses nothing of it.
    pub fn in_repo(&self, repo: &str, files: &BTreeMap<String, String>) -> Result<InRepo, Vec<Problem>> {
        let clusters = Allowed::Only(self.config.in_repo_config.allowed_clusters(repo));
        let rules = JobRules { clusters, ..self.rules.clone() };
        let central = Central {
            presubmits: &self.jobs.presubmits_of(repo),
            postsubmits: &self.jobs.postsubmits_of(repo),
            presets: &self.jobs.presets,
        };
        let in_repo = in_repo::load(repo, files, &central, &rules).map_err(|problem| vec![problem])?;
        if any_error(&in_repo.problems) { Err(in_repo.problems) } else { Ok(in_repo) }
    }
}

/// The older form of the defaults, a map, as the newer one: `*`, then owners, then repositories.
fn as_entries(map: &BTreeMap<String, DecorationConfig>) -> Vec<Entry<DecorationConfig>> {
    let rank = |key: &str| match key {
        "*" => 0,
        key if key.split_once("://").map_or(key, |(_, rest)| rest).contains('/') => 2,
        _ => 1,
    };
    let mut entries: Vec<_> = map.iter().collect();
    entries.sort_by_key(|(key, _)| rank(key));
    let entry = |(key, config): (&String, &DecorationConfig)| Entry {
        repo: key.clone(),
        cluster: String::new(),
        config: Some(config.clone()),
    };
    entries.into_iter().map(entry).collect()
}

fn in_file(name: &str, problem: Problem) -> Problem {
    let path = if problem.path.is_empty() { name.to_owned() } else { format!("{name}: {}", problem.path) };
    Problem { path, ..problem }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIN: &str = r#"
pod_namespace: test-pods
decorate_all_jobs: true
plank:
  job_queue_capacities: { gpu: 2 }
  default_decoration_configs:
    acme: { timeout: 3h }
    "*":
      timeout: 1h
      utility_images: { clonerefs: c, initupload: i, entrypoint: e, sidecar: s }
      gcs_configuration: { bucket: b, path_strategy: explicit }
tide: { queries: [ { repos: [acme/widgets] } ] }
periodics:
- { name: nightly, interval: 24h, spec: { containers: [ { image: x, command: [make] } ] } }
"#;
    const JOBS: &str = "
presubmits:
  acme/widgets:
  - { name: unit, job_queue_name: gpu, spec: { containers: [ { image: x, command: [make] } ] } }
";

    #[test]
    fn jobs_take_the_defaults_of_the_main_file() {
        let loaded = ProwConfig::load(MAIN, [("jobs.yaml", JOBS)]).unwrap();
        let unit = &loaded.jobs.presubmits_of("acme/widgets")[0];
        let decoration = unit.raw().base.decoration_config.as_ref().unwrap();
        assert_eq!(decoration.timeout.map(|t| t.to_string()).as_deref(), Some("3h0m0s"));
        assert_eq!(unit.raw().base.namespace.as_deref(), Some("test-pods"));
        assert_eq!(loaded.jobs.periodics.len(), 1);
        assert_eq!(loaded.config.tide["queries"][0]["repos"][0], "acme/widgets");
    }

    #[test]
    fn one_error_refuses_everything_and_names_its_file() {
        let wrong = JOBS.replace("gpu", "tpu");
        let problems = ProwConfig::load(MAIN, [("jobs.yaml", wrong.as_str())]).unwrap_err();
        assert_eq!(
            problems[0].to_string(),
            r#"jobs.yaml: presubmits["acme/widgets"][0].job_queue_name: there is no queue "tpu" in the installation's settings"#
        );
    }
}
