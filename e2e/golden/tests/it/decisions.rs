//! `corpus/decisions`: which jobs of other projects' configurations a change, a comment or a push selects.

use super::trigger_pr::{list, observed, text};
use decide::{
    facts::CommitSha,
    job::{Postsubmit, Presubmit},
    trigger::{Observed, Said, TenantJob, filter, push},
};
use golden::{Case, Corpus};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

#[test]
fn the_corpus_selects_the_jobs_that_prow_selects() {
    let Some(corpus) = golden::corpus("corpus/decisions") else { return };
    let cases = corpus.cases("decisions");
    let mut sources: BTreeMap<String, Jobs> = BTreeMap::new();
    for case in &cases {
        let source = text(&case.input["source"]);
        sources.entry(source.clone()).or_insert_with(|| Jobs::of(&corpus, &source));
    }
    golden::hold("corpus/decisions", &cases, |case| {
        let jobs = &sources[&text(&case.input["source"])];
        let (indices, names) = decision(case, jobs);
        let have = json!({ "indices": indices, "jobs": names });
        if have == case.want { Ok(()) } else { Err(format!("want {}\nhave {have}", case.want)) }
    });
}

fn decision(case: &Case, jobs: &Jobs) -> (Vec<usize>, Vec<String>) {
    let repository = text(&case.input["repo"]);
    let facts = facts(&case.input, &repository);
    let said = Said::read(&text(&case.input["comment"]));
    let branch = text(&case.input["branch"]);
    // Asked one by one, so that the place of a job is known whose name stands several times.
    let presubmits = || jobs.presubmits.get(&repository).into_iter().flatten();
    let one = std::slice::from_ref::<TenantJob<Presubmit>>;
    let selected: Vec<(usize, &str)> = match text(&case.input["kind"]).as_str() {
        "automatic" => presubmits()
            .enumerate()
            .filter(|(_, job)| !filter::automatic(one(job), &facts).unwrap().is_empty())
            .map(|(i, job)| (i, job.job.name()))
            .collect(),
        "comment" => presubmits()
            .enumerate()
            .filter(|(_, job)| !filter::asked_for(&said, one(job), &facts, true).unwrap().is_empty())
            .map(|(i, job)| (i, job.job.name()))
            .collect(),
        "push" => {
            let push = push::Push {
                repository: repository.parse().unwrap(),
                reference: format!("refs/heads/{branch}"),
                after: Some(CommitSha::new("a")),
                changed: facts.changed.clone(),
                compare: String::new(),
            };
            let starts = |job| !push::plan(&push, std::slice::from_ref(job), "").starts.is_empty();
            jobs.postsubmits
                .get(&repository)
                .into_iter()
                .flatten()
                .enumerate()
                .filter(|(_, job)| starts(job))
                .map(|(i, job)| (i, job.job.name()))
                .collect()
        }
        kind => panic!("{}: a decision of kind {kind}", case.id),
    };
    selected.into_iter().map(|(i, name)| (i, name.to_owned())).unzip()
}

fn facts(input: &Value, repository: &str) -> Observed {
    let pull = json!({
        "number": 1,
        "base": { "ref": input["branch"], "repo": { "full_name": repository } },
        "state": "open",
    });
    let input = json!({
        "changed_files": input["changed_files"],
        "contexts": input["contexts"],
        "facts": { "org_members": {} },
    });
    observed(&input, &pull)
}

struct Jobs {
    presubmits: BTreeMap<String, Vec<TenantJob<Presubmit>>>,
    postsubmits: BTreeMap<String, Vec<TenantJob<Postsubmit>>>,
}

// TEMPORARY LOADER
impl Jobs {
    fn of(corpus: &Corpus, source: &str) -> Self {
        let (main, folder, in_repo): (&str, Option<&str>, Option<(&str, &str)>) = match source {
            "kubernetes" => (
                "kubernetes__test-infra/config/prow/config.yaml",
                Some("kubernetes__test-infra/config/jobs"),
                None,
            ),
            "istio-gcp" => (
                "istio__test-infra/prow/gcp/config.yaml",
                Some("istio__test-infra/prow/gcp/cluster/jobs"),
                Some(("istio__test-infra", "istio/test-infra")),
            ),
            "istio-aws" => (
                "istio__test-infra/prow/aws/config.yaml",
                Some("istio__test-infra/prow/aws/cluster/jobs"),
                None,
            ),
            "knative" => ("knative__infra/prow/config.yaml", Some("knative__infra/prow/jobs"), None),
            "kubevirt" => (
                "kubevirt__project-infra/github/ci/prow-deploy/kustom/base/configs/current/config/config.yaml",
                Some("kubevirt__project-infra/github/ci/prow-deploy/files/jobs"),
                None,
            ),
            "metal3" => (
                "metal3-io__project-infra/prow/config/config.yaml",
                Some("metal3-io__project-infra/prow/config/jobs"),
                None,
            ),
            "kcp" => (
                "kcp-dev__infra/prow/config.yaml",
                Some("kcp-dev__infra/prow/jobs"),
                Some(("kcp-dev__infra", "kcp-dev/infra")),
            ),
            "kcp-kcp" => (
                "kcp-dev__infra/prow/config.yaml",
                Some("kcp-dev__infra/prow/jobs"),
                Some(("kcp-dev__kcp", "kcp-dev/kcp")),
            ),
            "kubestellar" => (
                "kubestellar__infra/prow/config.yaml",
                Some("kubestellar__infra/prow/jobs"),
                Some(("kubestellar__infra", "kubestellar/infra")),
            ),
            "nephio" => (
                "nephio-project__test-infra/prow/config/config.yaml",
                None,
                Some(("nephio-project__test-infra", "nephio-project/test-infra")),
            ),
            _ => panic!("{source}"),
        };
        let mut pre: BTreeMap<String, Vec<api::job::Presubmit>> = BTreeMap::new();
        let mut post: BTreeMap<String, Vec<api::job::Postsubmit>> = BTreeMap::new();
        let mut files = vec![corpus.path(main)];
        if let Some(folder) = folder {
            walk(&corpus.path(folder), &mut files);
        }
        for file in files {
            let text = std::fs::read_to_string(&file).unwrap();
            let value: Value = match serde_saphyr::from_str(&text) {
                Ok(v) => golden::normalised(&v),
                Err(e) => {
                    println!("{}: {e}", file.display());
                    continue;
                }
            };
            let presubmits: Option<BTreeMap<String, Vec<api::job::Presubmit>>> =
                serde_json::from_value(value["presubmits"].clone())
                    .unwrap_or_else(|e| panic!("{} {e}", file.display()));
            for (k, v) in presubmits.unwrap_or_default() {
                pre.entry(k).or_default().extend(v);
            }
            let postsubmits: Option<BTreeMap<String, Vec<api::job::Postsubmit>>> =
                serde_json::from_value(value["postsubmits"].clone())
                    .unwrap_or_else(|e| panic!("{} {e}", file.display()));
            for (k, v) in postsubmits.unwrap_or_default() {
                post.entry(k).or_default().extend(v);
            }
        }
        if let Some((dir, repo)) = in_repo {
            let mut files = vec![];
            let root = corpus.path(dir);
            if root.join(".prow").is_dir() {
                walk(&root.join(".prow"), &mut files)
            } else {
                files.push(root.join(".prow.yaml"))
            }
            for file in files {
                let Ok(text) = std::fs::read_to_string(&file) else { continue };
                let value: Value = golden::normalised(&serde_saphyr::from_str(&text).unwrap());
                pre.entry(repo.into()).or_default().extend(list::<api::job::Presubmit>(&value["presubmits"]));
                post.entry(repo.into())
                    .or_default()
                    .extend(list::<api::job::Postsubmit>(&value["postsubmits"]));
            }
        }
        Self {
            presubmits: pre
                .into_iter()
                .map(|(k, v)| {
                    (
                        k,
                        decide::config::presubmits_of(&v)
                            .unwrap()
                            .into_iter()
                            .map(|job| TenantJob { namespace: "acme".into(), job })
                            .collect(),
                    )
                })
                .collect(),
            postsubmits: post
                .into_iter()
                .map(|(k, v)| {
                    (
                        k,
                        decide::config::postsubmits_of(&v)
                            .unwrap()
                            .into_iter()
                            .map(|job| TenantJob { namespace: "acme".into(), job })
                            .collect(),
                    )
                })
                .collect(),
        }
    }
}
fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for e in entries {
        if e.file_name().unwrap().to_str().unwrap().starts_with("..") {
            continue;
        }
        if e.is_dir() {
            walk(&e, files)
        } else if e.extension().is_some_and(|x| x == "yaml" || x == "yml") {
            files.push(e)
        }
    }
}
