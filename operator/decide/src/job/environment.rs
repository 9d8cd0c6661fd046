//! The environment that Prow promises to every test: who it is, what it tests, and where its results go
//! (spec jobs-and-runs 7.2). Scripts rely on these names and values, so they are Prow's to the letter.

use api::{
    podutils::{JOB_SPEC, JobSpec},
    prow_job::ProwJobType,
    refs::Refs,
};
use std::collections::BTreeMap;

/// Names of variables by the run's type: those that a job must not set itself.
pub fn reserved(type_: ProwJobType) -> Vec<&'static str> {
    const ALWAYS: [&str; 7] =
        ["CI", "JOB_NAME", "JOB_TYPE", JOB_SPEC, "BUILD_ID", "BUILD_NUMBER", "PROW_JOB_ID"];
    const BASE: [&str; 7] =
        ["REPO_OWNER", "REPO_NAME", "PULL_BASE_REF", "PULL_BASE_SHA", "PULL_REFS", "SRC_HOST", "SRC_BASE"];
    const PULL: [&str; 4] = ["PULL_NUMBER", "PULL_PULL_SHA", "PULL_HEAD_REF", "PULL_TITLE"];
    let mut names = ALWAYS.to_vec();
    match type_ {
        ProwJobType::Periodic => {}
        ProwJobType::Postsubmit | ProwJobType::Batch => names.extend(BASE),
        ProwJobType::Presubmit => {
            names.extend(BASE);
            names.extend(PULL);
        }
    }
    names
}

/// The environment of a run carried out by agent `kubernetes`, by name.
///
/// # Errors
/// Where the run cannot be written as JSON, which its own fields cannot cause.
pub fn of(run: &JobSpec) -> Result<BTreeMap<String, String>, serde_json::Error> {
    let mut env = BTreeMap::new();
    let mut set = |name: &str, value: &str| env.insert(name.to_owned(), value.to_owned());
    set("CI", "true");
    set("JOB_NAME", &run.job);
    set("JOB_TYPE", run.type_.as_str());
    set(JOB_SPEC, &serde_json::to_string(run)?);
    set("BUILD_ID", &run.build_id);
    set("BUILD_NUMBER", &run.build_id);
    set("PROW_JOB_ID", &run.prow_job_id);
    match (run.type_, &run.refs) {
        (ProwJobType::Periodic, _) | (_, None) => {}
        (ProwJobType::Postsubmit | ProwJobType::Batch, Some(refs)) => base(refs, &mut set),
        (ProwJobType::Presubmit, Some(refs)) => {
            base(refs, &mut set);
            pull(refs, &mut set);
        }
    }
    Ok(env)
}

fn base(refs: &Refs, set: &mut impl FnMut(&str, &str) -> Option<String>) {
    set("REPO_OWNER", &refs.org);
    set("REPO_NAME", &refs.repo);
    set("PULL_BASE_REF", &refs.base_ref);
    set("PULL_BASE_SHA", &refs.base_sha);
    set("PULL_REFS", &refs.to_string());
    let path = refs.clone_path();
    let (host, below) = path.split_once('/').unwrap_or((&path, ""));
    set("SRC_HOST", host);
    set("SRC_BASE", below);
}

fn pull(refs: &Refs, set: &mut impl FnMut(&str, &str) -> Option<String>) {
    let Some(pull) = refs.pulls.first() else { return };
    set("PULL_NUMBER", &pull.number.to_string());
    set("PULL_PULL_SHA", &pull.sha);
    set("PULL_HEAD_REF", &pull.head_ref);
    set("PULL_TITLE", &pull.title);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(type_: ProwJobType) -> JobSpec {
        let pull = api::refs::Pull { number: 7, sha: "a1".into(), ..api::refs::Pull::default() };
        let refs = Refs {
            org: "acme".into(),
            repo: "widgets".into(),
            base_ref: "main".into(),
            pulls: vec![pull],
            ..Refs::default()
        };
        JobSpec {
            type_,
            job: "unit".into(),
            build_id: "1".into(),
            prow_job_id: "run".into(),
            refs: Some(refs),
            extra_refs: Vec::new(),
            decoration_config: None,
        }
    }

    #[test]
    fn every_variable_that_is_set_is_reserved() {
        for type_ in
            [ProwJobType::Presubmit, ProwJobType::Postsubmit, ProwJobType::Batch, ProwJobType::Periodic]
        {
            let mut reserved = reserved(type_);
            reserved.sort_unstable();
            assert_eq!(of(&run(type_)).unwrap().into_keys().collect::<Vec<_>>(), reserved, "{type_:?}");
        }
    }
}
