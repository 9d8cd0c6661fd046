//! Rounds of the merge pool, a snapshot a situation: what was done, line by line, with the sentence that justifies it.

mod properties;
mod world;

use super::{
    landing::Answer,
    policy::{BatchLimit, Coverage, Freeze, Landing, Strategy, TideLimits},
    pool::Blocker,
    testing::{approved, job, minute, policy, pool},
};
use crate::facts::BaseSha;
use std::collections::BTreeSet;
use world::World;

fn world(numbers: &[u64]) -> World {
    World::new(pool(&["unit", "lint"], numbers), policy())
}

macro_rules! told {
    ($world:expr) => {
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!($world.told);
        })
    };
}

#[test]
fn a_green_batch_lands_and_the_next_starts() {
    let mut world = world(&[41, 42, 43]);
    world.policy.strategy = Strategy::Batch { window: 4, size: 2, retries: 1 };
    world.settle();
    world.tell_members();
    world.finish_runs();
    world.settle();
    told!(world);
}

#[test]
fn a_red_batch_is_split_until_the_culprit_is_alone() {
    let mut world = world(&[1, 2, 3, 4, 5, 6, 7, 8]);
    world.bad.insert(6);
    world.run(12);
    world.tell_members();
    told!(world);
}

#[test]
fn a_flaky_job_is_tried_again_before_anything_is_split() {
    let mut world = world(&[1, 2]);
    world.flakes.insert("unit".into(), 1);
    world.run(4);
    told!(world);
}

#[test]
fn a_foreign_push_voids_what_was_tested() {
    let mut world = world(&[1, 2]);
    world.settle();
    world.foreign_push("f1");
    world.run(3);
    told!(world);
}

#[test]
fn a_foreign_push_in_the_middle_of_a_landing_stops_it() {
    let mut world = world(&[1, 2, 3]);
    world.settle();
    world.finish_runs();
    // GitHub merges the first change onto it, and does not tell.
    world.push_in_the_gap = Some("f1".into());
    world.settle();
    told!(world);
}

#[test]
fn a_push_to_a_member_ends_its_train() {
    let mut world = world(&[1, 2]);
    world.settle();
    world.push(2);
    world.run(3);
    told!(world);
}

#[test]
fn serial_lands_one_change_after_the_other() {
    let mut world = world(&[1, 2, 3]);
    world.bad.insert(2);
    world.policy.strategy = Strategy::Serial { retries: 0 };
    world.run(6);
    world.tell_members();
    told!(world);
}

#[test]
fn with_exact_coverage_every_tip_was_tested() {
    let mut world = world(&[1, 2]);
    world.policy.coverage = Coverage::Exact;
    world.run(4);
    told!(world);
}

#[test]
fn a_freeze_lets_tests_go_on_and_nothing_land() {
    let mut world = world(&[1, 2]);
    world.policy.freezes = vec![Freeze {
        name: "friday".into(),
        from: minute(-60),
        until: minute(90),
        except_labels: BTreeSet::from(["hotfix".to_owned()]),
    }];
    world.run(3);
    world.tell_members();
    assert_eq!(world.plan().look_again_at, Some(minute(90)));
    world.wait(80);
    world.settle();
    told!(world);
}

#[test]
fn a_hotfix_lands_in_a_freeze_by_itself() {
    let mut world = world(&[1, 2]);
    world.policy.freezes = vec![Freeze {
        name: "friday".into(),
        from: minute(-60),
        until: minute(90),
        except_labels: BTreeSet::from(["hotfix".to_owned()]),
    }];
    world.settle();
    let mut hotfix = approved(3, &["unit", "lint"]);
    hotfix.pull.labels.insert("hotfix".into());
    world.pool.changes.push(hotfix);
    world.run(2);
    world.tell_members();
    told!(world);
}

#[test]
fn a_job_that_is_refused_lets_nothing_land_without_it() {
    let mut world = world(&[1]);
    world.pool.jobs.central = vec![job("unit")];
    world.pool.refused_jobs.insert("lint".into(), "lint".into());
    world.run(2);
    world.tell_members();
    told!(world);
}

#[test]
fn requirements_that_change_in_the_middle_of_a_landing_stop_it() {
    let mut world = world(&[1, 2]);
    world.settle();
    world.finish_runs();
    world.some_steps(5, |_| {});
    world.pool.jobs.central.push(job("e2e"));
    world.say("       e2e becomes required");
    world.settle();
    told!(world);
}

#[test]
fn a_status_is_written_only_where_it_says_something_new() {
    let mut world = world(&[1]);
    world.pool.changes[0].pull.labels.remove("lgtm");
    let statuses = world.plan().statuses;
    assert_eq!(statuses[0].1.description, "Needs the lgtm label.");
    world.pool.changes[0].statuses.push(crate::facts::CommitStatus {
        context: super::contexts::POOL_CONTEXT.into(),
        state: statuses[0].1.state,
        description: statuses[0].1.cut(),
        target_url: String::new(),
        creator: None,
        created_at: None,
    });
    assert!(world.plan().statuses.is_empty());
    world.policy.strategy = Strategy::Tide(TideLimits { batch: BatchLimit::Any, prioritize_existing: true });
    assert_eq!(world.plan().statuses[0].1.description, "Not mergeable. Needs lgtm label.");
}

#[test]
fn an_issue_that_blocks_lets_nothing_land() {
    let mut world = world(&[1]);
    world.pool.blockers = vec![Blocker { number: 7, title: "Tests are broken".into() }];
    world.run(3);
    world.tell_members();
    told!(world);
}

#[test]
fn a_change_that_github_refuses_stays_out_and_the_others_are_tested_anew() {
    let mut world = world(&[1, 2]);
    let refusal = "2 approving reviews are required by the branch rules";
    world.answers.insert(1, Answer::Unmergeable(refusal.into()));
    world.run(4);
    world.tell_members();
    told!(world);
}

#[test]
fn a_merge_that_was_done_although_the_answer_was_unclear_is_not_done_twice() {
    let mut world = world(&[1, 2]);
    world.answers.insert(1, Answer::Unclear("timeout".into()));
    world.merged_silently.insert(1);
    world.run(3);
    told!(world);
}

#[test]
fn a_merge_that_was_not_done_is_called_for_again_after_a_while() {
    let mut world = world(&[1]);
    world.answers.insert(1, Answer::Unclear("timeout".into()));
    world.run(3);
    assert!(world.merged.is_empty(), "nothing is repeated while the first call may be under way");
    assert_eq!(world.plan().look_again_at, Some(world.now + super::intent::UNCLEAR_FOR));
    world.wait(1);
    world.read(1);
    world.settle();
    told!(world);
}

#[test]
fn a_new_leader_reads_before_it_acts() {
    let mut world = world(&[1, 2]);
    world.settle();
    world.finish_runs();
    let plan = world.plan();
    world.act_first(plan);
    world.pool.term = 2;
    world.say("       another leader");
    world.settle();
    assert!(world.merged.is_empty());
    world.wait(1);
    world.settle();
    told!(world);
}

#[test]
fn a_pool_without_a_record_waits_before_it_merges() {
    let mut world = world(&[1]);
    world.pool.record = None;
    world.pool.observed_since = minute(0);
    world.pool.all_jobs_observed = false;
    world.settle();
    world.pool.all_jobs_observed = true;
    world.run(1);
    world.tell_members();
    told!(world);
}

#[test]
fn a_job_that_disappears_stays_required_for_a_while() {
    let mut world = world(&[1]);
    world.pool.jobs.central = vec![job("unit")];
    world.settle();
    world.wait(-9);
    world.finish_runs();
    world.settle();
    world.tell_members();
    world.wait(5);
    world.settle();
    told!(world);
}

#[test]
fn an_urgent_change_goes_first() {
    let mut world = world(&[1, 2]);
    world.policy.strategy = Strategy::Serial { retries: 0 };
    world.policy.priority = vec![vec![super::label::AnyOf::new("priority/critical-urgent")]];
    world.pool.changes[1].pull.labels.insert("priority/critical-urgent".into());
    world.settle();
    told!(world);
}

#[test]
fn a_change_that_conflicts_with_one_before_it_waits_for_it() {
    let mut world = world(&[1, 2, 3]);
    world.conflicts.insert((1, 2));
    world.settle();
    world.tell_members();
    told!(world);
}

#[test]
fn people_are_told_who_can_help() {
    let mut world = world(&[1]);
    let mut waiting = approved(44, &["unit", "lint"]);
    waiting.pull.labels.remove("lgtm");
    waiting.remedies.insert(
        "lgtm".into(),
        super::pool::Remedy {
            people: vec![crate::facts::Login::new("sasha"), crate::facts::Login::new("lee")],
            command: "/lgtm".into(),
        },
    );
    world.pool.changes.push(waiting);
    let mut red = approved(45, &["lint"]);
    red.statuses[0].state = crate::facts::StatusState::Failure;
    world.pool.changes.push(red);
    world.tell_members();
    told!(world);
}

#[test]
fn a_paused_pool_starts_and_merges_nothing() {
    let mut world = world(&[1]);
    world.policy.paused = true;
    world.settle();
    world.tell_members();
    told!(world);
}

#[test]
fn what_is_not_supported_is_refused_with_a_reason() {
    let mut world = world(&[1]);
    world.policy.strategy = Strategy::Train;
    world.settle();
    world.tell_members();
    world.policy.strategy = Strategy::default();
    world.policy.landing = Landing::FastForward;
    world.settle();
    world.tell_members();
    told!(world);
}

#[test]
fn tide_merges_a_batch_behind_an_intent() {
    let mut world = world(&[1, 2, 3]);
    world.policy.strategy =
        Strategy::Tide(TideLimits { batch: BatchLimit::AtMost(2), prioritize_existing: true });
    world.settle();
    world.finish_runs();
    world.settle();
    told!(world);
}

#[test]
fn a_strict_branch_lands_one_change_at_a_time() {
    let mut world = world(&[1, 2]);
    world.pool.protected_strict = true;
    world.settle();
    let plan = world.plan();
    assert!(plan.strict_branch);
    assert!(plan.trains.iter().all(|train| train.members.len() == 1));
    assert_eq!(world.pool.tip, BaseSha::new("b1"));
}
