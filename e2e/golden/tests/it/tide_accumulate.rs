//! `tide/accumulate`: how the changes of a pool stand on the tip, and which batches there are.

use crate::tide_world::{Setup, World, judge};
use decide::{
    job::Presubmit,
    merge::{
        checks::{self, Examined},
        pool::Member,
        tide,
    },
};
use serde_json::{Map, Value, json};

#[test]
fn results_are_weighed_as_prow_weighs_them() {
    golden::hold("tide/accumulate", &golden::synthetic("tide/accumulate"), |case| {
        let setup = Setup::read(&case.input["config"], &Value::Null)?;
        let world: World = serde_json::from_value(case.input["world"].clone()).unwrap();
        let policy = setup.policy(&world.repository(), "main");
        let pool = world.pool(&setup, "main");
        let kept: Vec<Examined<'_>> =
            pool.changes.iter().map(|change| checks::examine(&pool, &policy, change)).collect();
        let found = tide::accumulate(&pool, &policy, &kept).map_err(|question| format!("{question:?}"))?;
        let names = |jobs: &[&Presubmit]| json!(jobs.iter().map(|job| job.name()).collect::<Vec<_>>());
        let required: Map<String, Value> = kept
            .iter()
            .map(|e| (e.change.pull.number.to_string(), names(e.required.as_deref().unwrap())))
            .filter(|(_, jobs)| *jobs != json!([]))
            .collect();
        let missing: Map<String, Value> =
            found.missing.iter().map(|(number, jobs)| (number.to_string(), names(jobs))).collect();
        judge(
            case,
            &json!({
                "required_jobs": required,
                "success": sorted(&found.success),
                "pending": sorted(&found.pending),
                "missing": found.missing.keys().collect::<Vec<_>>(),
                "missing_jobs": missing,
                "batch_success": numbers(&found.batch_success),
                "batch_pending": numbers(&found.batch_pending),
            }),
        )
    });
}

pub fn sorted(numbers: &[u64]) -> Vec<u64> {
    let mut numbers = numbers.to_vec();
    numbers.sort_unstable();
    numbers
}

pub fn numbers(members: &[Member]) -> Vec<u64> {
    members.iter().map(|member| member.number).collect()
}
