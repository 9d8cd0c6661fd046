//! `tide/subpool`: which pull requests make up which pool, and why the others do not.

use crate::tide_world::{Setup, World, bare, now};
use decide::{
    merge::{evidence, reason::MergeReason, status, tide},
    reason::Reason as _,
};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

#[test]
fn pools_hold_what_prow_puts_into_them() {
    golden::hold("tide/subpool", &golden::synthetic("tide/subpool"), |case| {
        let setup = Setup::read(&case.input["config"], &Value::Null)?;
        let world: World = serde_json::from_value(case.input["world"].clone()).unwrap();
        let repository = world.repository();
        let mut pools = Map::new();
        let mut dropped: Vec<(u64, String)> = Vec::new();
        for branch in world.branches_in_use() {
            let policy = setup.policy(&repository, &branch);
            let pool = world.pool(&setup, &branch);
            let found: BTreeSet<u64> = pool
                .changes
                .iter()
                .filter(|change| policy.queries.iter().any(|query| query.selects(&change.pull)))
                .map(|change| change.pull.number)
                .collect();
            if found.is_empty() {
                continue;
            }
            let key = format!("{repository}:{branch}");
            let filtered = match tide::filter(&pool, &policy, now()) {
                Ok(filtered) => filtered,
                Err(problem) => {
                    pools.insert(key, json!({ "found": found, "pool_error": problem.sentence() }));
                    continue;
                }
            };
            dropped.extend(filtered.dropped.iter().map(|(c, reason)| (c.pull.number, words(reason))));
            let kept: Vec<u64> = filtered.kept.iter().map(|e| e.change.pull.number).collect();
            let mut answer = json!({ "found": found, "kept": kept });
            if !kept.is_empty() {
                let mut seen: Vec<&str> = evidence::runs_at(&pool.runs, &branch, &pool.tip)
                    .iter()
                    .map(|run| run.name.as_str())
                    .collect();
                seen.sort_unstable();
                let required: Map<String, Value> = filtered
                    .kept
                    .iter()
                    .map(|e| {
                        let jobs = e.required.as_deref().unwrap();
                        let contexts: BTreeSet<&str> = jobs.iter().map(|job| job.context()).collect();
                        (format!("{repository}#{}", e.change.pull.number), json!(contexts))
                    })
                    .collect();
                answer["base_sha"] = json!(pool.tip);
                answer["prowjobs_seen"] = json!(seen);
                answer["required_contexts"] = json!(required);
            }
            pools.insert(key, answer);
        }
        let want = [&case.want].into_iter().chain(&case.any_of);
        if !want.into_iter().any(|want| same_pools(&want["pools"], &pools)) {
            return Err(format!("want {}\ngot  {}", case.want["pools"], json!(pools)));
        }
        for (number, reason) in dropped {
            let seen = &case.want["dropped_because"][number.to_string()];
            if !seen.as_array().is_some_and(|seen| seen.contains(&json!(reason))) {
                return Err(format!("#{number} dropped because {reason:?}, want one of {seen}"));
            }
        }
        Ok(())
    });
}

/// The words of a pool's error are free.
fn same_pools(want: &Value, got: &Map<String, Value>) -> bool {
    let plain = |pools: &Value| {
        let mut pools = bare(pools);
        for pool in pools.as_object_mut().into_iter().flat_map(|p| p.iter_mut().map(|(_, pool)| pool)) {
            if pool["pool_error"].is_string() {
                pool["pool_error"] = json!(true);
            }
        }
        bare(&pools)
    };
    plain(want) == plain(&json!(got))
}

/// The words of the cases.
fn words(reason: &MergeReason) -> String {
    match reason {
        MergeReason::ContextFailed(context) | MergeReason::ContextMissing(context) => {
            format!("context {context} is neither successful nor pending")
        }
        MergeReason::ContextPending(context) => {
            format!("context {context} is pending and no required job of this pull request reports it")
        }
        other => status::tide_reason(other),
    }
}
