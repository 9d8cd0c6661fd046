//! Watches the cluster and GitHub, and tells the timeline what changes.
//!
//! Of the cluster: the states of runs, and what a pool says of each change. Of GitHub: everything that leaves an entry,
//! which has a number that only grows, so that nothing is told twice or left out.

mod github;

use crate::timeline::Timeline;
use api::{MergePool, ProwJob, prow_job::ProwJobState};
use futures::StreamExt as _;
use kube::{
    Api, Client, ResourceExt as _,
    runtime::{WatchStreamExt as _, watcher},
};
use std::collections::BTreeMap;
use stories::Cast;

/// Tells what happens until it is dropped.
pub(crate) async fn watch(client: &Client, cast: &Cast, timeline: &Timeline) {
    tokio::join!(runs(client, timeline), pools(client, timeline), github::watch(cast, timeline));
}

async fn runs(client: &Client, timeline: &Timeline) {
    let api: Api<ProwJob> = Api::all(client.clone());
    let mut changed = watcher(api, watcher::Config::default()).default_backoff().applied_objects().boxed();
    let mut states: BTreeMap<String, ProwJobState> = BTreeMap::new();
    while let Some(change) = changed.next().await {
        let run = match change {
            Ok(run) => run,
            Err(error) => {
                tracing::warn!(%error, "the timeline's watch of runs broke and is made anew");
                continue;
            }
        };
        let state = state_of(&run);
        if states.insert(run.name_any(), state) != Some(state) {
            timeline.tell("run", about_run(&run));
        }
    }
}

fn state_of(run: &ProwJob) -> ProwJobState {
    run.status.as_ref().and_then(|status| status.state).unwrap_or(ProwJobState::Triggered)
}

/// As in `unit of #1 is pending (presubmit acme/widgets, unit-x7f3)`.
fn about_run(run: &ProwJob) -> String {
    let spec = &run.spec;
    let refs = spec.refs.as_ref();
    let pulls: Vec<String> =
        refs.iter().flat_map(|refs| &refs.pulls).map(|pull| format!("#{}", pull.number)).collect();
    let of = match (pulls.is_empty(), refs) {
        (false, _) => format!(" of {}", pulls.join(" ")),
        (true, Some(refs)) => format!(" of {}", refs.base_ref),
        (true, None) => String::new(),
    };
    let job = &spec.job;
    format!("{job}{of}: {} ({} {})", state_of(run), spec.type_.as_str(), run.name_any())
}

async fn pools(client: &Client, timeline: &Timeline) {
    let api: Api<MergePool> = Api::all(client.clone());
    let mut changed = watcher(api, watcher::Config::default()).default_backoff().applied_objects().boxed();
    let mut told: BTreeMap<String, String> = BTreeMap::new();
    while let Some(change) = changed.next().await {
        let pool = match change {
            Ok(pool) => pool,
            Err(error) => {
                tracing::warn!(%error, "the timeline's watch of pools broke and is made anew");
                continue;
            }
        };
        for (about, line) in about_pool(&pool) {
            if told.insert(format!("{} {about}", pool.name_any()), line.clone()).as_ref() != Some(&line) {
                timeline.tell("pool", line);
            }
        }
    }
}

/// What a pool says, by what it is about: each change, what is under test, the last merge.
fn about_pool(pool: &MergePool) -> Vec<(String, String)> {
    let mut said = Vec::new();
    for branch in pool.status.iter().flat_map(|status| &status.branches) {
        for member in &branch.members {
            said.push((
                member.change.split(' ').next().unwrap_or_default().to_owned(),
                format!("{}: {:?}: {}", member.change, member.state, member.why),
            ));
        }
        for train in &branch.trains {
            said.push(("train".to_owned(), format!("{} on {}: {}", train.cars, train.base, train.state)));
        }
        if let Some(merged) = &branch.merged {
            said.push(("merged".to_owned(), format!("{}: merged {merged}", branch.branch)));
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::merge_pool::MergePoolSpec;
    use serde_json::json;

    #[test]
    fn a_run_is_told_with_its_job_what_it_tests_and_its_state() {
        let run = |refs: serde_json::Value| -> ProwJob {
            serde_json::from_value(json!({
                "apiVersion": "prow.k8s.io/v1", "kind": "ProwJob", "metadata": { "name": "x" },
                "spec": { "type": "presubmit", "job": "unit", "refs": refs },
                "status": { "state": "pending" },
            }))
            .unwrap()
        };
        let pull = json!({ "org": "acme", "repo": "widgets", "base_ref": "main",
            "pulls": [{ "number": 1, "author": "robin", "sha": "a" }] });
        assert_eq!(about_run(&run(pull)), "unit of #1: pending (presubmit x)");
        assert_eq!(about_run(&run(json!(null))), "unit: pending (presubmit x)");
    }

    #[test]
    fn a_pool_tells_why_a_change_waits_and_what_merged() {
        let mut pool = MergePool::new("widgets", MergePoolSpec::default());
        let status = json!({ "branches": [{
            "branch": "acme/widgets main", "merged": "#1 as abc",
            "members": [{ "change": "#2 Mend (robin)", "state": "Waiting", "why": "label lgtm is missing" }],
        }] });
        pool.status = serde_json::from_value(status).unwrap();
        let lines: Vec<String> = about_pool(&pool).into_iter().map(|(_, line)| line).collect();
        assert_eq!(
            lines,
            ["#2 Mend (robin): Waiting: label lgtm is missing", "acme/widgets main: merged #1 as abc"]
        );
    }
}
