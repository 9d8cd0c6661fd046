//! `tide/action`: one whole sync, down to the merge calls.

use crate::{
    tide_accumulate::{numbers, sorted},
    tide_world::{Setup, World, bare, now},
};
use decide::merge::{
    landing::{self, Answer, Step},
    policy::Strategy,
    tide::{self, TideAction},
    tide_merge::{self, TideMerge},
};
use serde_json::{Value, json};

#[test]
fn a_sync_does_what_prow_does() {
    golden::hold("tide/action", &golden::synthetic("tide/action"), |case| {
        let setup = Setup::read(&case.input["config"], &Value::Null)?;
        let world: World = serde_json::from_value(case.input["world"].clone()).unwrap();
        let got = json!({ "pools": pools(&setup, &world, true) });
        same(std::iter::once(&case.want).chain(&case.any_of), &got)
    });
}

/// The words of errors are free; that there is one is not.
pub fn same<'a>(wanted: impl Iterator<Item = &'a Value>, got: &Value) -> Result<(), String> {
    let plain = |answer: &Value| {
        let mut answer = bare(answer);
        for pool in answer["pools"].as_array_mut().into_iter().flatten() {
            if pool["error"].is_string() {
                pool["error"] = json!(true);
            }
        }
        bare(&answer)
    };
    let wanted: Vec<Value> = wanted.map(plain).collect();
    let got = plain(got);
    if wanted.contains(&got) { Ok(()) } else { Err(format!("want {}\ngot  {got}", wanted[0])) }
}

pub fn pools(setup: &Setup, world: &World, with_statuses: bool) -> Vec<Value> {
    world.branches_in_use().iter().filter_map(|branch| pool(setup, world, branch, with_statuses)).collect()
}

fn pool(setup: &Setup, world: &World, branch: &str, with_statuses: bool) -> Option<Value> {
    let policy = setup.policy(&world.repository(), branch);
    let Strategy::Tide(limits) = policy.strategy else { panic!("read as {:?}", policy.strategy) };
    let mut pool = world.pool(setup, branch);
    let filled = pool.clone();
    let filtered = tide::filter(&filled, &policy, now()).ok().filter(|f| !f.kept.is_empty())?;
    let kept = &filtered.kept;
    let answer = world.answering(&mut pool, |pool| {
        let found = tide::accumulate(pool, &policy, kept)?;
        let decision = tide::decide(pool, &policy, limits, kept, &found)?;
        let merging = matches!(decision.action, TideAction::Merge | TideAction::MergeBatch);
        let merges = if merging {
            tide_merge::merges(pool, &policy, kept, &decision.target)
        } else {
            Vec::new()
        };
        let kind = if decision.action == TideAction::TriggerBatch { "batch" } else { "presubmit" };
        let mut pulls = decision.target.clone();
        pulls.sort();
        let triggered: Vec<Value> = decision
            .jobs
            .iter()
            .map(|job| {
                json!({
                    "job": job.name(),
                    "context": job.context(),
                    "type": kind,
                    "pulls": pulls.iter().map(|p| json!({ "number": p.number, "sha": p.head })).collect::<Vec<_>>(),
                    "state": if setup.scheduling { "scheduling" } else { "triggered" },
                })
            })
            .collect();
        let mut answer = json!({
            "branch": branch,
            "base_sha": pool.tip,
            "success": sorted(&found.success),
            "pending": sorted(&found.pending),
            "missing": found.missing.keys().collect::<Vec<_>>(),
            "batch_pending": sorted(&numbers(&found.batch_pending)),
            "blockers": pool.blockers.iter().map(|b| b.number).collect::<Vec<_>>(),
            "action": word(decision.action),
            "target": numbers(&decision.target),
            "triggered": triggered,
        });
        land(world, &merges, with_statuses, &mut answer);
        Ok(answer)
    });
    Some(answer)
}

/// Plays GitHub for a list of merges.
fn land(world: &World, merges: &[TideMerge], with_statuses: bool, answer: &mut Value) {
    let (mut calls, mut statuses, mut failed) = (Vec::new(), Vec::new(), false);
    'list: for merge in merges {
        let Some(method) = merge.method else {
            failed = true;
            continue;
        };
        for write in &merge.statuses {
            statuses.push(json!({
                "sha": merge.member.head,
                "context": write.context,
                "state": "success",
                "description": write.description,
                "target_url": write.target_url,
            }));
        }
        for attempt in 1.. {
            calls.push(json!({
                "number": merge.member.number,
                "sha": merge.member.head,
                "method": method.as_str(),
                "title": merge.message.title,
                "message": merge.message.body,
            }));
            match landing::as_tide(&github(&world.pull(merge.member.number).merge_answer), attempt) {
                Step::Landed { .. } => break,
                Step::Again(_) => {}
                Step::Skip => {
                    failed = true;
                    break;
                }
                Step::Stop => {
                    failed = true;
                    break 'list;
                }
            }
        }
    }
    answer["merges"] = json!(calls);
    if with_statuses {
        answer["statuses"] = json!(statuses);
    }
    if failed {
        answer["error"] = json!("some did not merge");
    }
}

/// GitHub's answers by the names of the cases.
fn github(name: &str) -> Answer {
    let (status, message) = match name {
        "" => (200, ""),
        "modified_head" => (409, "Head branch was modified. Review and try the merge again."),
        "base_modified" => (405, "Base branch was modified. Review and try the merge again."),
        "unauthorized" => (405, "You're not authorized to push to this branch."),
        "merge_commits_forbidden" => (405, "Merge commits are not allowed on this repository."),
        "unmergeable" => (405, "Pull Request is not mergeable"),
        other => (400, other),
    };
    landing::understand(status, message, "c1", false)
}

fn word(action: TideAction) -> &'static str {
    match action {
        TideAction::Wait => "WAIT",
        TideAction::Trigger => "TRIGGER",
        TideAction::TriggerBatch => "TRIGGER_BATCH",
        TideAction::Merge => "MERGE",
        TideAction::MergeBatch => "MERGE_BATCH",
        TideAction::Blocked => "BLOCKED",
    }
}
