//! What must hold in every story, held in many random ones.

use super::world::World;
use crate::{
    facts::BaseSha,
    merge::{
        evidence::Verdict,
        intent::Intent,
        policy::{self, BatchLimit, Coverage, TideLimits},
        pool::Member,
        testing::{policy, pool},
    },
};
use api::prow_job::ProwJobState;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// Something that happens outside.
#[derive(Clone, Copy, Debug)]
enum Event {
    EndRun { which: usize, green: bool },
    Push(u64),
    ForeignPush(u8),
    Hold(u64),
    Unhold(u64),
    Unclear { number: u64, merged: bool },
    Refuse(u64),
    GapPush(u8),
    NewLeader,
    Wait(i64),
}

fn events() -> impl Strategy<Value = Vec<(usize, Event)>> {
    let event = prop_oneof![
        8 => (0..8_usize, prop::bool::weighted(0.8)).prop_map(|(which, green)| Event::EndRun { which, green }),
        1 => (1..6_u64).prop_map(Event::Push),
        1 => any::<u8>().prop_map(Event::ForeignPush),
        1 => any::<u8>().prop_map(Event::GapPush),
        1 => (1..6_u64).prop_map(Event::Hold),
        1 => (1..6_u64).prop_map(Event::Unhold),
        1 => (1..6_u64, any::<bool>()).prop_map(|(number, merged)| Event::Unclear { number, merged }),
        1 => (1..6_u64).prop_map(Event::Refuse),
        1 => Just(Event::NewLeader),
        2 => (1..40_i64).prop_map(Event::Wait),
    ];
    prop::collection::vec((0..7_usize, event), 0..40)
}

fn happen(world: &mut World, event: Event) {
    use crate::merge::landing::Answer;
    let is_open = |world: &World, number| world.pool.changes.iter().any(|c| c.pull.number == number);
    match event {
        Event::EndRun { which, green } => {
            let now = world.now;
            let mut running: Vec<_> =
                world.pool.runs.iter_mut().filter(|run| Verdict::of(run.state) == Verdict::Running).collect();
            let count = running.len();
            if let Some(run) = running.get_mut(which % count.max(1)) {
                run.state = if green { ProwJobState::Success } else { ProwJobState::Failure };
                run.completed = Some(now);
            }
        }
        Event::Push(number) if is_open(world, number) => world.push(number),
        Event::ForeignPush(n) => world.foreign_push(&format!("f{n}")),
        Event::Hold(number) | Event::Unhold(number) => {
            for change in world.pool.changes.iter_mut().filter(|c| c.pull.number == number) {
                if matches!(event, Event::Hold(_)) {
                    change.pull.labels.insert("do-not-merge/hold".into());
                } else {
                    change.pull.labels.remove("do-not-merge/hold");
                }
            }
        }
        Event::Unclear { number, merged } if is_open(world, number) => {
            world.answers.insert(number, Answer::Unclear("502".into()));
            if merged {
                world.merged_silently.insert(number);
            }
        }
        Event::Refuse(number) if is_open(world, number) => {
            world.answers.insert(number, Answer::Unmergeable("no".into()));
        }
        Event::GapPush(n) => world.push_in_the_gap = Some(format!("g{n}")),
        Event::NewLeader => world.pool.term += 1,
        Event::Wait(minutes) => world.wait(minutes),
        Event::Push(_) | Event::Unclear { .. } | Event::Refuse(_) => {}
    }
}

/// Every job passed on exactly this base with exactly these changes, in runs that count.
fn was_tested(world: &World, base: &BaseSha, members: &[Member]) -> bool {
    ["unit", "lint"].iter().all(|job| {
        world.pool.runs.iter().any(|run| {
            run.gates
                && run.job == *job
                && run.base == *base
                && run.members == members
                && run.state == ProwJobState::Success
        })
    })
}

/// The tips at which a landing of tested changes begins, by what the pool itself wrote down.
#[derive(Default)]
struct Watch {
    /// What was intended first, and so tested: on which base, which changes.
    begun: Option<(BaseSha, Vec<Member>)>,
    merged: usize,
}

impl Watch {
    fn look(&mut self, world: &World) {
        if let Some(intent) = &world.pool.intent {
            let members: Vec<Member> = intent.cars.iter().map(|car| car.member.clone()).collect();
            // A landing goes on until its intent is closed; another one begins with a new one.
            let goes_on = self.begun.as_ref().is_some_and(|(_, all)| all.ends_with(&members));
            if !goes_on {
                self.begun = Some((intent.base.clone(), members.clone()));
            }
            let (base, all) = self.begun.clone().unwrap();
            assert!(was_tested(world, &base, &all), "{all:?} on {base} was not tested:\n{}", world.told);
            Self::is_covered(world, intent, &base, &all);
        } else {
            self.begun = None;
        }
        assert!(self.merged <= world.merged.len());
        self.merged = world.merged.len();
    }

    /// With `Exact` every landing is of one change. With `Prefix` the next one lands only where all before it landed one on
    /// the other, and the first on the tip that was tested.
    fn is_covered(world: &World, intent: &Intent, base: &BaseSha, all: &[Member]) {
        if world.policy.coverage == Coverage::Exact {
            assert_eq!(all.len(), 1, "{}", world.told);
        }
        let mut tip = base.clone();
        for member in all.iter().take(all.len() - intent.cars.len()) {
            let (_, commit, onto) = world.merged.iter().find(|(merged, ..)| merged == member).unwrap();
            assert_eq!(
                *onto, tip,
                "{member} landed on what nobody tested, and the rest follows:\n{}",
                world.told
            );
            tip = commit.clone();
        }
        assert_eq!(intent.base, tip, "{}", world.told);
    }
}

fn strategies() -> impl Strategy<Value = (policy::Strategy, Coverage)> {
    let any_number = TideLimits { batch: BatchLimit::Any, prioritize_existing: true };
    prop_oneof![
        Just((policy::Strategy::Serial { retries: 1 }, Coverage::Prefix)),
        Just((policy::Strategy::Batch { window: 3, size: 4, retries: 1 }, Coverage::Prefix)),
        Just((policy::Strategy::Batch { window: 1, size: 8, retries: 0 }, Coverage::Prefix)),
        Just((policy::Strategy::Batch { window: 4, size: 8, retries: 1 }, Coverage::Exact)),
        Just((policy::Strategy::Tide(any_number), Coverage::Prefix)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// I5 and I6, and that a pool comes to rest whenever nothing happens outside.
    #[test]
    fn nothing_lands_that_was_not_tested_on_exactly_this_base(
        (strategy, coverage) in strategies(),
        events in events(),
    ) {
        let mut world = World::new(pool(&["unit", "lint"], &[1, 2, 3, 4, 5]), policy());
        (world.policy.strategy, world.policy.coverage) = (strategy, coverage);
        let mut watch = Watch::default();
        for (steps, event) in events {
            world.some_steps(steps, |world| watch.look(world));
            happen(&mut world, event);
        }
        world.step_by_step(|world| watch.look(world));
        let twice: BTreeSet<u64> = world.merged.iter().map(|(member, ..)| member.number).collect();
        prop_assert_eq!(twice.len(), world.merged.len(), "nothing is merged twice");
    }

    /// Good changes all land, whatever order the runs end in, when nobody disturbs.
    #[test]
    fn good_changes_land_and_the_bad_one_stays_out(bad in 1..9_u64, size in 1..9_usize, window in 1..5_usize) {
        let mut world = World::new(pool(&["unit", "lint"], &[1, 2, 3, 4, 5, 6, 7, 8]), policy());
        world.policy.strategy = policy::Strategy::Batch { window, size, retries: 0 };
        world.bad.insert(bad);
        world.run(40);
        let merged: BTreeSet<u64> = world.merged.iter().map(|(member, ..)| member.number).collect();
        let good: BTreeSet<u64> = (1..9).filter(|number| *number != bad).collect();
        prop_assert_eq!(merged, good, "{}", world.told);
    }
}
