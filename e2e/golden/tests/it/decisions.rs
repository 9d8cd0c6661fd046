//! `corpus/decisions`: which jobs of other projects' configurations a change, a comment or a push selects.

use super::{
    configuration::{Configuration, Loaded},
    trigger_pr::{observed, text},
};
use decide::{
    facts::CommitSha,
    job::{Postsubmit, Presubmit},
    trigger::{Observed, Said, TenantJob, filter, push},
};
use golden::Case;
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[test]
fn the_corpus_selects_the_jobs_that_prow_selects() {
    let Some(corpus) = golden::corpus("corpus/decisions") else { return };
    let cases = corpus.cases("decisions");
    let mut sources: BTreeMap<String, Loaded> = BTreeMap::new();
    for case in &cases {
        let source = text(&case.input["source"]);
        sources.entry(source.clone()).or_insert_with(|| Configuration::of(&source).load(&corpus));
    }
    golden::hold("corpus/decisions", &cases, |case| {
        let (indices, names) = decision(case, &sources[&text(&case.input["source"])]);
        let have = json!({ "indices": indices, "jobs": names });
        if have == case.want { Ok(()) } else { Err(format!("want {}\nhave {have}", case.want)) }
    });
}

/// The jobs that are selected. Each is asked alone, so that its place is known though its name stands several times.
fn decision(case: &Case, loaded: &Loaded) -> (Vec<usize>, Vec<String>) {
    let input = &case.input;
    let repository = text(&input["repo"]);
    let facts = facts(input, &repository);
    let presubmits =
        || of_tenant(loaded.prow.jobs.presubmits_of(&repository), &loaded.in_repo.presubmits, input);
    match text(&input["kind"]).as_str() {
        "automatic" => {
            which(&presubmits(), Presubmit::name, |job| !filter::automatic(job, &facts).unwrap().is_empty())
        }
        "comment" => {
            let said = Said::read(&text(&input["comment"]));
            which(&presubmits(), Presubmit::name, |job| {
                !filter::asked_for(&said, job, &facts, true).unwrap().is_empty()
            })
        }
        "push" => {
            let push = push::Push {
                repository: repository.parse().unwrap(),
                reference: format!("refs/heads/{}", text(&input["branch"])),
                after: Some(CommitSha::new("a")),
                changed: facts.changed.clone(),
                compare: String::new(),
            };
            let postsubmits =
                of_tenant(loaded.prow.jobs.postsubmits_of(&repository), &loaded.in_repo.postsubmits, input);
            which(&postsubmits, Postsubmit::name, |job| !push::plan(&push, job, "").starts.is_empty())
        }
        kind => panic!("{}: a decision of kind {kind}", case.id),
    }
}

/// Places and names of the jobs that are selected.
fn which<J>(
    jobs: &[TenantJob<J>],
    name: fn(&J) -> &str,
    selected: impl Fn(&[TenantJob<J>]) -> bool,
) -> (Vec<usize>, Vec<String>) {
    jobs.iter()
        .enumerate()
        .filter(|(_, job)| selected(std::slice::from_ref(*job)))
        .map(|(place, job)| (place, name(&job.job).to_owned()))
        .unzip()
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

/// The central jobs of the repository, then its own.
fn of_tenant<J: Clone>(central: Vec<J>, own: &[J], input: &Value) -> Vec<TenantJob<J>> {
    let own = if input["in_repo"].is_null() { &[] } else { own };
    let all = central.into_iter().chain(own.iter().cloned());
    all.map(|job| TenantJob { namespace: "acme".to_owned(), job }).collect()
}
