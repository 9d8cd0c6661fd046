//! What must hold whatever happens (research: reliability 9), as far as it can be seen from outside.

use crate::{
    Record, Stage, Whom,
    cast::{Cast, REPOSITORY},
};
use api::{ProwJob, prow_job::ProwJobState};
use http::Method;
use kube::{Api, ResourceExt, api::ListParams};
use serde_json::Value;
use std::{collections::BTreeMap, process::Command};
use world_github::Git;

/// What does not hold, in a sentence each.
pub async fn violations(stage: &Stage) -> Vec<String> {
    let records = stage.wire.records();
    let runs = Api::<ProwJob>::all(stage.client()).list(&ListParams::default()).await.unwrap().items;
    let mut broken = one_pod_a_run(&records);
    broken.extend(runs_only_move_forward(&records));
    broken.extend(one_run_a_cause(&records, &runs));
    broken.extend(one_intent_a_branch(&records));
    broken.extend(success_is_earned(&stage.cast, &runs));
    broken.extend(merged_as_tested(stage, &runs));
    broken.extend(nothing_is_done_twice(&stage.cast));
    broken
}

/// Writes that the API server took, to paths that end so.
fn taken<'a>(records: &'a [Record], method: &'a Method, end: &'a str) -> impl Iterator<Item = &'a Record> {
    records.iter().filter(move |record| {
        let path = record.call.path.split('?').next().unwrap_or_default();
        record.call.whom == Whom::Kubernetes
            && record.call.method == *method
            && (200..300).contains(&record.status)
            && path.ends_with(end)
    })
}

fn json(record: &Record) -> Value {
    serde_json::from_slice(&record.call.body).unwrap_or_default()
}

/// I1: no second pod for a run. (A retry policy would allow one; no story of these loses a pod.)
fn one_pod_a_run(records: &[Record]) -> Vec<String> {
    let mut made: BTreeMap<String, usize> = BTreeMap::new();
    for record in taken(records, &Method::POST, "/pods") {
        *made.entry(json(record)["metadata"]["name"].to_string()).or_default() += 1;
    }
    let twice = made.into_iter().filter(|(_, times)| *times > 1);
    twice.map(|(pod, times)| format!("I1: pod {pod} was made {times} times")).collect()
}

/// I2: a state that is final stays; no state goes back.
fn runs_only_move_forward(records: &[Record]) -> Vec<String> {
    let rank = |state: &str| match state {
        "scheduling" => 0,
        "triggered" => 1,
        "pending" => 2,
        _ => 3,
    };
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    let mut broken = Vec::new();
    let written = records.iter().filter(|record| {
        let Some((_, name)) = record.call.path.split_once("/prowjobs/") else { return false };
        record.call.write.is_some() && (200..300).contains(&record.status) && name.contains("/status")
    });
    for record in written {
        let body = json(record);
        let Some(state) = body["status"]["state"].as_str() else { continue };
        let run = record.call.path.split('?').next().unwrap_or_default().to_owned();
        let before = known.insert(run.clone(), state.to_owned());
        if let Some(before) = before
            && (rank(state) < rank(&before) || (rank(&before) == 3 && state != before))
        {
            broken.push(format!("I2: {run} went from {before} to {state}"));
        }
        if (rank(state) == 3) == body["status"]["completionTime"].is_null() {
            broken.push(format!("I2: {run} is {state}, its completionTime: {}", body["status"]));
        }
    }
    broken
}

/// I3: one run a trigger key, now and ever.
fn one_run_a_cause(records: &[Record], runs: &[ProwJob]) -> Vec<String> {
    let made = taken(records, &Method::POST, "/prowjobs").map(|record| {
        json(record)["metadata"]["annotations"][api::keys::TRIGGER].as_str().unwrap_or_default().to_owned()
    });
    let there = runs.iter().filter_map(|run| run.annotations().get(api::keys::TRIGGER).cloned());
    let count = |keys: Vec<String>| {
        let mut count: BTreeMap<String, usize> = BTreeMap::new();
        for key in keys {
            *count.entry(key).or_default() += 1;
        }
        count.into_iter().filter(|(key, times)| key.is_empty() || *times > 1).collect::<Vec<_>>()
    };
    let twice = [count(made.collect()), count(there.collect())].concat();
    twice.into_iter().map(|(key, times)| format!("I3: {times} runs of cause {key:?}")).collect()
}

/// I6: one open intent a branch.
fn one_intent_a_branch(records: &[Record]) -> Vec<String> {
    let mut broken = Vec::new();
    for record in records.iter().filter(|r| r.call.write.is_some() && r.call.path.contains("/mergepools/")) {
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for intent in json(record)["status"]["intents"].as_array().into_iter().flatten() {
            *seen.entry(intent["branch"].to_string()).or_default() += 1;
        }
        let twice = seen.into_iter().filter(|(_, times)| *times > 1);
        broken.extend(twice.map(|(branch, times)| format!("I6: {times} intents for {branch}")));
    }
    broken
}

/// I4: a context succeeds on a commit only if a run of its job did on exactly this commit.
fn success_is_earned(cast: &Cast, runs: &[ProwJob]) -> Vec<String> {
    let earned = |commit: &str, context: &str| {
        runs.iter().any(|run| {
            let refs = run.spec.refs.as_ref();
            let head = refs.map(|refs| refs.pulls.first().map_or(&refs.base_sha, |pull| &pull.sha));
            let context_of_run = Some(run.spec.context.as_str()).filter(|c| !c.is_empty());
            head.is_some_and(|head| head == commit)
                && context_of_run.unwrap_or(&run.spec.job) == context
                && run.status.as_ref().is_some_and(|status| status.state == Some(ProwJobState::Success))
        })
    };
    cast.github.look(|state| {
        let repository = state.repo(&REPOSITORY.into()).unwrap();
        let all = repository.statuses.iter().flat_map(|(commit, all)| all.iter().map(move |s| (commit, s)));
        all.filter(|(_, status)| status.state == "success" && status.context != "tide")
            .filter(|(commit, status)| !earned(commit, &status.context))
            .map(|(commit, status)| format!("I4: {} succeeded on {commit} by no run", status.context))
            .collect()
    })
}

/// I5: what was merged had passed `unit` and `lint` on exactly the head and the base that it was merged with.
fn merged_as_tested(stage: &Stage, runs: &[ProwJob]) -> Vec<String> {
    let merged: Vec<(u64, String, String)> = stage.github.look(|state| {
        let issues = &state.repo(&REPOSITORY.into()).unwrap().issues;
        let pulls = issues.values().filter_map(|issue| Some((issue.number, issue.pull.as_ref()?)));
        pulls
            .filter_map(|(n, pull)| Some((n, pull.head_sha.clone(), pull.merged.as_ref()?.sha.clone())))
            .collect()
    });
    let folder = stage.folder_of_repositories().join(Git::path(&REPOSITORY.into()));
    let mut broken = Vec::new();
    for (number, head, commit) in merged {
        let arguments = ["rev-parse", &format!("{commit}^1")];
        let output = Command::new("git").arg("-C").arg(&folder).args(arguments).output().unwrap();
        let base = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        for job in ["unit", "lint"] {
            let tested = runs.iter().any(|run| {
                let refs = run.spec.refs.as_ref();
                run.spec.job == job
                    && run.status.as_ref().is_some_and(|status| status.state == Some(ProwJobState::Success))
                    && refs.is_some_and(|refs| {
                        refs.base_sha == base && refs.pulls.iter().map(|pull| &pull.sha).eq([&head])
                    })
            });
            if !tested {
                broken
                    .push(format!("I5: #{number} was merged as {commit} onto {base} without a passed {job}"));
            }
        }
    }
    broken
}

/// I10 and I11, as GitHub's timeline shows them: nothing was said or done twice by us.
fn nothing_is_done_twice(cast: &Cast) -> Vec<String> {
    let mut broken = Vec::new();
    cast.github.look(|state| {
        for issue in state.repo(&REPOSITORY.into()).unwrap().issues.values() {
            let mut done: BTreeMap<String, usize> = BTreeMap::new();
            for event in issue.events.iter().filter(|event| event.actor.as_str() == "acme-bot") {
                *done.entry(format!("{} {}", event.event, event.extra)).or_default() += 1;
            }
            for comment in issue.comments.iter().filter(|comment| comment.author.as_str() == "acme-bot") {
                let marker =
                    comment.body.find("<!--").map_or(comment.body.as_str(), |at| &comment.body[at..]);
                let marker = marker.split("-->").next().unwrap_or_default();
                *done.entry(format!("said {marker}")).or_default() += 1;
            }
            let twice = done.into_iter().filter(|(_, times)| *times > 1);
            broken.extend(
                twice.map(|(what, times)| format!("I10/I11: #{} {what} {times} times", issue.number)),
            );
        }
    });
    broken
}
