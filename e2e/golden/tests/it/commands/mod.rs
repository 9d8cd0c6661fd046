//! One event, one plugin: all effects on GitHub.
//!
//! A case is read ([`input`]), its plugin asked ([`plan`]), a small model of GitHub carries the plan out ([`world`]), and what
//! changed is compared ([`compare`]).

mod compare;
mod input;
mod plan;
mod world;

use compare::compare;
use golden::Case;
use input::texts;
use serde_json::json;
use std::collections::BTreeSet;
use world::World;

/// The plugins that are built.
const PLUGINS: [&str; 14] = [
    "assign",
    "blunderbuss",
    "hold",
    "label",
    "lgtm",
    "lifecycle",
    "milestone",
    "override",
    "owners-label",
    "retitle",
    "size",
    "skip",
    "verify-owners",
    "wip",
];

#[test]
fn commands_have_the_effects_that_they_have_in_prow() {
    let all = golden::synthetic("chatops/commands");
    let count = all.len();
    let cases: Vec<Case> =
        all.into_iter().filter(|case| PLUGINS.contains(&case.input["plugin"].as_str().unwrap())).collect();
    println!("chatops/commands: {} cases are of plugins that are not built", count - cases.len());
    golden::hold("chatops/commands", &cases, |case| {
        let mut world = World::read(&case.input);
        let plan = world.plan(&case.input);
        world.apply(&plan);
        compare(&world, &case.want)
    });
}

/// Which of several equally close people is asked depends on the pull request: over many of them, everybody is.
#[test]
fn every_choice_of_reviewers_occurs() {
    for case in golden::synthetic("chatops/commands") {
        let Some(sets) = case.want["reviews_requested_any_of"].as_array().filter(|_| case.quirk.is_null())
        else {
            continue;
        };
        let wanted: BTreeSet<BTreeSet<String>> =
            sets.iter().map(|set| texts(set).iter().map(|name| name.to_lowercase()).collect()).collect();
        let mut occurring = BTreeSet::new();
        for number in 0..400 {
            let mut input = case.input.clone();
            input["item"]["number"] = json!(number);
            let mut world = World::read(&input);
            let plan = world.plan(&input);
            world.apply(&plan);
            let asked = world.item.reviewers.difference(&world.before.reviewers);
            occurring.insert(asked.map(|reviewer| reviewer.to_string().to_lowercase()).collect());
            if occurring == wanted {
                break;
            }
        }
        assert_eq!(occurring, wanted, "{}", case.id);
    }
}
