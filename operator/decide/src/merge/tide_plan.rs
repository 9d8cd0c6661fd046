//! A plan for strategy `Tide`: Tide's one action, carried out with our own safety: the record of requirements, the
//! intent before a merge, and no head that was not looked at.

use super::{
    checks::{self, Case, Examined, Stage},
    intent::{Car, Intent},
    members::{self, MemberReport},
    plan::{self, MergeAction, Plan, Start},
    policy::{Policy, TideLimits},
    pool::{Change, Pool, Question},
    reason::{JobProgress, MergeReason},
    requirements,
    tide::{self, Accumulated, Decision, TideAction},
    train,
};
use crate::reason::Planned;
use api::prow_job::ProwJobType;
use jiff::Timestamp;

pub(super) fn plan(pool: &Pool, policy: &Policy, limits: TideLimits, now: Timestamp) -> Plan {
    let mut actions: Vec<_> = plan::record(pool, policy, now).into_iter().collect();
    let recorded = actions.is_empty();
    let mut filtered = match tide::filter(pool, policy, now) {
        Ok(filtered) => filtered,
        Err(why) => return Plan { actions, members: members::all(pool, &why), ..Plan::default() },
    };
    // What Tide does not look at, and what would be wrong to merge all the same.
    filtered.kept.retain(|examined| {
        let case = Case { pool, policy, examined, now };
        checks::held(&case, Stage::Belongs).is_none()
    });
    let kept = &filtered.kept;
    if let Some(intent) = &pool.intent {
        let examined: Vec<Examined<'_>> =
            pool.changes.iter().map(|change| checks::examine(pool, policy, change)).collect();
        actions.extend(plan::next_step(pool, policy, intent, &examined, now));
        let members = reports(pool, policy, kept, &Accumulated::default(), now);
        return Plan { actions, members, ..Plan::default() };
    }
    let found = match tide::accumulate(pool, policy, kept) {
        Ok(found) => found,
        Err(question) => return asking(actions, pool, policy, kept, question, now),
    };
    if !policy.paused {
        match tide::decide(pool, policy, limits, kept, &found) {
            Ok(decision) => {
                actions.extend(action(pool, policy, kept, &decision, now, recorded));
            }
            Err(question) => return asking(actions, pool, policy, kept, question, now),
        }
    }
    let members = reports(pool, policy, kept, &found, now);
    Plan { actions, members, ..Plan::default() }
}

fn asking(
    actions: Vec<Planned<MergeAction, MergeReason>>,
    pool: &Pool,
    policy: &Policy,
    kept: &[Examined<'_>],
    question: Question,
    now: Timestamp,
) -> Plan {
    let members = reports(pool, policy, kept, &Accumulated::default(), now);
    Plan { actions, members, questions: vec![question], ..Plan::default() }
}

fn action(
    pool: &Pool,
    policy: &Policy,
    kept: &[Examined<'_>],
    decision: &Decision<'_>,
    now: Timestamp,
    recorded: bool,
) -> Option<Planned<MergeAction, MergeReason>> {
    let numbers = decision.target.iter().map(|member| member.number).collect();
    let tip = pool.tip.short().to_owned();
    let cars: Vec<&Examined<'_>> = decision
        .target
        .iter()
        .filter_map(|member| kept.iter().find(|e| e.change.member() == *member))
        .collect();
    match decision.action {
        TideAction::Wait | TideAction::Blocked => None,
        TideAction::Trigger | TideAction::TriggerBatch => {
            let runs = |context: &str| {
                let same = |run: &&super::pool::Run| {
                    run.members == decision.target && run.base == pool.tip && run.context == context
                };
                u32::try_from(pool.runs.iter().filter(same).count()).unwrap_or(u32::MAX)
            };
            let jobs = decision.jobs.iter().map(|job| ((*job).clone(), runs(job.context()) + 1)).collect();
            let kind = match decision.action {
                TideAction::TriggerBatch => ProwJobType::Batch,
                TideAction::Trigger
                | TideAction::Wait
                | TideAction::Merge
                | TideAction::MergeBatch
                | TideAction::Blocked => ProwJobType::Presubmit,
            };
            let mut members = decision.target.clone();
            // Tide's batches name their members by number, whatever order they were picked in.
            members.sort();
            let start = Start { base: pool.tip.clone(), members, kind, jobs };
            Some(Planned::new(MergeAction::Start(start), MergeReason::NextOnTip { members: numbers, tip }))
        }
        TideAction::Merge | TideAction::MergeBatch => {
            if !recorded || not_landing(pool, policy, &cars, now).is_some() {
                return None;
            }
            let cars: Option<Vec<Car>> = cars
                .iter()
                .map(|e| Some(Car { member: e.change.member(), method: e.method?, tree: None }))
                .collect();
            let intent = Intent {
                base: pool.tip.clone(),
                cars: cars?,
                landing: policy.landing,
                term: pool.term,
                written: now,
            };
            let why = MergeReason::Green { base: tip, members: numbers };
            Some(Planned::new(MergeAction::WriteIntent(intent), why))
        }
    }
}

fn not_landing(pool: &Pool, policy: &Policy, cars: &[&Examined<'_>], now: Timestamp) -> Option<MergeReason> {
    let held = |e: &&Examined<'_>| checks::held(&Case { pool, policy, examined: e, now }, Stage::Lands);
    if let Some(why) = cars.iter().find_map(held) {
        return Some(why);
    }
    let Ok(Ok(train)) = train::train(pool, policy, cars) else { return Some(MergeReason::Unresolved) };
    let record = pool.record.as_ref()?;
    requirements::held(record, &pool.branch, &train.files, &train.verdicts(), policy.settle)
}

fn reports(
    pool: &Pool,
    policy: &Policy,
    kept: &[Examined<'_>],
    found: &Accumulated<'_>,
    now: Timestamp,
) -> Vec<MemberReport> {
    let mut before = 0;
    let mut changes: Vec<&Change> = pool.changes.iter().collect();
    changes.sort_by_key(|change| change.pull.number);
    changes
        .into_iter()
        .map(|change| {
            let number = change.pull.number;
            let examined = checks::examine(pool, policy, change);
            let case = Case { pool, policy, examined: &examined, now };
            let in_intent = |intent: &Intent| intent.cars.iter().any(|car| car.member.number == number);
            let why = if pool.intent.as_ref().is_some_and(in_intent) {
                MergeReason::Landing
            } else if !kept.iter().any(|e| e.change.pull.number == number) {
                checks::held(&case, Stage::Belongs)
                    .or_else(|| checks::held(&case, Stage::Joins))
                    .unwrap_or(MergeReason::NotLookedAt)
            } else if policy.paused {
                MergeReason::Paused
            } else if let Some(why) = checks::held(&case, Stage::Lands) {
                why
            } else if found.success.contains(&number) {
                MergeReason::Green { base: pool.tip.short().to_owned(), members: vec![number] }
            } else if found.pending.contains(&number) {
                let required = examined.required.as_deref().unwrap_or_default();
                let jobs = required.iter().map(|job| JobProgress::Waiting(job.name().to_owned())).collect();
                MergeReason::Testing { position: 1, of: 1, jobs }
            } else {
                before += 1;
                MergeReason::Queued { before: before - 1 }
            };
            members::report(change, why)
        })
        .collect()
}
