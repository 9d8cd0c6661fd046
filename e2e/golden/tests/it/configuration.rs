//! The configurations of the corpus (golden/jobs/README.md), loaded once they are asked for.

use decide::config::{
    in_repo::InRepo,
    prow::{LoadedProw, ProwConfig},
};
use golden::Corpus;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// A configuration: its main file, its folder with job files, and a repository with configuration of its own.
pub(crate) struct Configuration {
    pub(crate) source: &'static str,
    pub(crate) main: &'static str,
    pub(crate) jobs: Option<&'static str>,
    in_repo: Option<(&'static str, &'static str)>,
}

const fn configuration(
    source: &'static str,
    main: &'static str,
    jobs: Option<&'static str>,
    in_repo: Option<(&'static str, &'static str)>,
) -> Configuration {
    Configuration { source, main, jobs, in_repo }
}

pub(crate) static CONFIGURATIONS: [Configuration; 11] = [
    configuration(
        "kubernetes",
        "kubernetes__test-infra/config/prow/config.yaml",
        Some("kubernetes__test-infra/config/jobs"),
        None,
    ),
    configuration(
        "istio-gcp",
        "istio__test-infra/prow/gcp/config.yaml",
        Some("istio__test-infra/prow/gcp/cluster/jobs"),
        Some(("istio__test-infra", "istio/test-infra")),
    ),
    configuration(
        "istio-aws",
        "istio__test-infra/prow/aws/config.yaml",
        Some("istio__test-infra/prow/aws/cluster/jobs"),
        None,
    ),
    configuration("knative", "knative__infra/prow/config.yaml", Some("knative__infra/prow/jobs"), None),
    configuration(
        "kubevirt",
        "kubevirt__project-infra/github/ci/prow-deploy/kustom/base/configs/current/config/config.yaml",
        Some("kubevirt__project-infra/github/ci/prow-deploy/files/jobs"),
        None,
    ),
    configuration(
        "metal3",
        "metal3-io__project-infra/prow/config/config.yaml",
        Some("metal3-io__project-infra/prow/config/jobs"),
        None,
    ),
    configuration(
        "kcp",
        "kcp-dev__infra/prow/config.yaml",
        Some("kcp-dev__infra/prow/jobs"),
        Some(("kcp-dev__infra", "kcp-dev/infra")),
    ),
    configuration(
        "kcp-kcp",
        "kcp-dev__infra/prow/config.yaml",
        Some("kcp-dev__infra/prow/jobs"),
        Some(("kcp-dev__kcp", "kcp-dev/kcp")),
    ),
    configuration(
        "kubestellar",
        "kubestellar__infra/prow/config.yaml",
        Some("kubestellar__infra/prow/jobs"),
        Some(("kubestellar__infra", "kubestellar/infra")),
    ),
    configuration(
        "nephio",
        "nephio-project__test-infra/prow/config/config.yaml",
        None,
        Some(("nephio-project__test-infra", "nephio-project/test-infra")),
    ),
    configuration(
        "feast",
        "feast-dev__feast/.prow/config.yaml",
        None,
        Some(("feast-dev__feast", "feast-dev/feast")),
    ),
];

/// A configuration as we load it.
pub(crate) struct Loaded {
    pub(crate) prow: LoadedProw,
    pub(crate) in_repo: InRepo,
}

impl Configuration {
    /// The configuration that cases call by this name.
    pub(crate) fn of(source: &str) -> &'static Self {
        CONFIGURATIONS.iter().find(|c| c.source == source).unwrap_or_else(|| panic!("no source {source}"))
    }

    pub(crate) fn load(&self, corpus: &Corpus) -> Loaded {
        let main = std::fs::read_to_string(corpus.path(self.main)).unwrap();
        let files = self.jobs.map(|folder| job_files(&corpus.path(folder))).unwrap_or_default();
        let texts = files.iter().map(|(name, text)| (name.as_str(), text.as_str()));
        let prow = ProwConfig::load(&main, texts).unwrap_or_else(|problems| {
            let told: Vec<String> =
                problems.iter().filter(|p| p.is_error()).map(ToString::to_string).collect();
            panic!("{}: {}", self.source, told.join("\n"))
        });
        let in_repo = match self.in_repo {
            Some((folder, repo)) => prow.in_repo(repo, &root_files(&corpus.path(folder))).unwrap(),
            None => InRepo::default(),
        };
        Loaded { prow, in_repo }
    }
}

/// The YAML files below a folder, in the order of a walk: the entries of one folder sorted by name.
pub(crate) fn job_files(folder: &Path) -> Vec<(String, String)> {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    let mut files = Vec::new();
    for entry in entries {
        let name = entry.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with("..") {
            continue;
        }
        if entry.is_dir() {
            files.extend(job_files(&entry));
        } else if entry.extension().is_some_and(|e| e == "yaml" || e == "yml") {
            files.push((entry.display().to_string(), std::fs::read_to_string(&entry).unwrap()));
        }
    }
    files
}

/// The files in a repository's root and below `.prow`, by path.
fn root_files(folder: &Path) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_file() && name.starts_with(".prow") {
            files.insert(name, std::fs::read_to_string(&path).unwrap());
        } else if path.is_dir() && name == ".prow" {
            for (file, text) in job_files(&path) {
                let below = Path::new(&file).strip_prefix(folder).unwrap().display().to_string();
                // The folder of feast is that of the main file; no job file lies in it.
                if below != ".prow/config.yaml" && below != ".prow/plugins.yaml" {
                    files.insert(below, text);
                }
            }
            files.entry(".prow/README.md".to_owned()).or_default();
        }
    }
    files
}
