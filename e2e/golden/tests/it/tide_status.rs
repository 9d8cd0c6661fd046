//! `tide/status`: what stands in the status of a pull request.

use crate::tide_world::{Setup, World, from, judge, now};
use decide::merge::{
    checks::{self, Case},
    contexts::POOL_CONTEXT,
    status, tide,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

#[test]
fn people_read_what_prow_tells_them() {
    golden::hold("tide/status", &golden::synthetic("tide/status"), |case| {
        let input = &case.input;
        let setup = Setup::read(&input["config"], &Value::Null)?;
        let world: World = serde_json::from_value(input["world"].clone()).unwrap();
        let raw = world.pull_requests.first().unwrap();
        let policy = setup.policy(&world.repository(), &raw.base);
        let pool = world.pool(&setup, &raw.base);
        let change = pool.changes.first().unwrap();
        let examined = checks::examine(&pool, &policy, change);
        let asked = Case { pool: &pool, policy: &policy, examined: &examined, now: now() };
        let in_pool = input["in_pool"] == true;
        if input["natural"] == true {
            let found = tide::filter(&pool, &policy, now()).is_ok_and(|filtered| !filtered.kept.is_empty());
            if found != in_pool {
                return Err(format!("in the pool: {in_pool}, but the sync says {found}"));
            }
        }
        let required: BTreeSet<String> = from(&input["required_contexts"]);
        let standing = status::standing(&asked, in_pool, required, input["pool_has_base_sha"] == true);
        match status::in_tides_words(&asked, &standing) {
            Err(problem) if case.want["error"].is_string() => {
                assert!(!problem.to_string().is_empty());
                Ok(())
            }
            Err(problem) => Err(problem.to_string()),
            Ok(told) => judge(
                case,
                &json!({
                    "state": told.state,
                    "description": told.description,
                    "written": told.is_news(change).then(|| json!({
                        "sha": raw.head,
                        "context": POOL_CONTEXT,
                        "state": told.state,
                        "description": told.cut(),
                        "target_url": told.target_url,
                    })),
                }),
            ),
        }
    });
}
