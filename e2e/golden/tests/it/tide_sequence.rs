//! `tide/sequence`: stories of several syncs in a changing world.

use crate::{
    tide_action::{pools, same},
    tide_world::{Setup, World},
};
use serde_json::{Value, json};

#[test]
fn stories_go_as_with_prow() {
    golden::hold("tide/sequence", &golden::synthetic("tide/sequence"), |case| {
        let setup = Setup::read(&case.input["config"], &Value::Null)?;
        let mut world: World = serde_json::from_value(case.input["world"].clone()).unwrap();
        for (i, step) in case.input["steps"].as_array().unwrap().iter().enumerate() {
            for change in step["changes"].as_array().into_iter().flatten() {
                apply(&mut world, change);
            }
            let got = json!({ "pools": pools(&setup, &world, false) });
            let others = case.any_of.iter().map(|answer| &answer[i]);
            same(std::iter::once(&case.want[i]).chain(others), &got)
                .map_err(|why| format!("step {i}: {why}"))?;
        }
        Ok(())
    });
}

fn apply(world: &mut World, change: &Value) {
    let text = |key: &str| change[key].as_str().unwrap_or_default().to_owned();
    let number = change["pr"].as_u64().unwrap_or_default();
    match change["op"].as_str().unwrap() {
        "add_job" => world.prowjobs.push(change["job"].clone()),
        "job_state" => {
            let job = world.prowjobs.iter_mut().find(|job| job["name"] == change["name"]).unwrap();
            job["state"] = change["state"].clone();
        }
        "set_context" => {
            let context = serde_json::from_value(change.clone()).unwrap();
            let contexts = &mut pull(world, number).contexts;
            contexts.retain(|known| known.context != change["context"]);
            contexts.push(context);
        }
        "close_pr" => world.pull_requests.retain(|pull| pull.number != number),
        "open_pr" => {
            world.pull_requests.push(serde_json::from_value(change["pull_request"].clone()).unwrap());
        }
        "push" => {
            let pull = pull(world, number);
            pull.head = text("head");
            pull.contexts.clear();
            pull.check_runs.clear();
        }
        "base" => {
            world.branches.insert(text("branch"), text("sha"));
        }
        "labels" => pull(world, number).labels = serde_json::from_value(change["labels"].clone()).unwrap(),
        "open_issue" => world.issues.push(serde_json::from_value(change["issue"].clone()).unwrap()),
        "close_issue" => world.issues.retain(|issue| Some(issue.number) != change["number"].as_u64()),
        other => panic!("{other}"),
    }
}

fn pull(world: &mut World, number: u64) -> &mut crate::tide_world::Pull {
    world.pull_requests.iter_mut().find(|pull| pull.number == number).unwrap()
}
