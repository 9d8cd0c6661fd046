//! `jobs/trigger-push`: which postsubmits a push starts.

use super::trigger_pr::{equal, list, text};
use decide::{
    facts::{CommitSha, RepoName},
    job::Postsubmit,
    trigger::{
        TenantJob,
        push::{Push, plan},
    },
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[test]
fn pushes_start_what_they_start_in_prow() {
    let cases = golden::synthetic("jobs/trigger-push");
    golden::hold("jobs/trigger-push", &cases, |case| {
        let event = &case.input["event"];
        let raw: Vec<api::job::Postsubmit> = list(&case.input["postsubmits"]);
        let jobs: Vec<TenantJob<Postsubmit>> = decide::config::postsubmits_of(&raw)
            .unwrap()
            .into_iter()
            .map(|job| TenantJob { namespace: "acme".to_owned(), job })
            .collect();
        let plan = plan(&push(event), &jobs, "https://github.com");
        let started: Vec<&str> = plan.starts.iter().map(|planned| planned.action.job.job.name()).collect();
        let delivery = BTreeMap::from([("event-GUID".to_owned(), text(&case.input["guid"]))]);
        let first = plan.starts.first().map(|planned| &planned.action);
        let have = json!({
            "started": sorted(started),
            "error": plan.unanswered.is_some(),
            "refs": first.map(|start| &start.refs),
            "labels": first.map(|start| start.new_run(&delivery).labels),
        });
        equal(&have, &case.want)
    });
}

fn sorted(mut names: Vec<&str>) -> Vec<&str> {
    names.sort_unstable();
    names
}

fn push(event: &Value) -> Push {
    let after = text(&event["after"]);
    let deleted = event["deleted"] == true || after.chars().all(|digit| digit == '0');
    let commits: Vec<Value> = list(&event["commits"]);
    let files = |commit: &Value, how: &str| list::<String>(&commit[how]);
    let changed =
        commits.iter().flat_map(|c| ["added", "removed", "modified"].map(|how| files(c, how))).flatten();
    Push {
        repository: RepoName::new(
            text(&event["repository"]["owner"]["name"]),
            text(&event["repository"]["name"]),
        ),
        reference: text(&event["ref"]),
        after: (!deleted).then(|| CommitSha::new(after)),
        changed: Ok(changed.collect()),
        compare: text(&event["compare"]),
    }
}
