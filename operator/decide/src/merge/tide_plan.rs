//! A plan for strategy `Tide`: Tide's one action, carried out with our own safety: the record of requirements, the
//! intent before a merge, and no head that was not looked at.

use super::{
    checks::{self, Case, Examined, Stage},
    intent::{Car, Intent},
    members::{self, MemberReport, MemberState},
    plan::{self, MergeAction, Plan, Start},
    policy::{Policy, TideLimits},
    pool::{Change, Member, Pool},
    progress::JobProgress,
    reason::MergeReason,
    requirements,
    status::{self, PoolStatus},
    tide::{self, Accumulated, Decision, TideAction},
    train,
};
use crate::reason::Planned;
use api::prow_job::ProwJobType;
use jiff::Timestamp;

pub(super) fn plan(pool: &Pool, policy: &Policy, limits: TideLimits, now: Timestamp) -> Plan {
    let mut plan = Plan::default();
    let recorded = plan::record(pool, policy, now, &mut plan);
    let mut filtered = match tide::filter(pool, policy, now) {
        Ok(filtered) => filtered,
        // Tide writes no status then: it does not know what the pool is.
        Err(why) => return Plan { members: members::all(pool, &why), ..plan },
    };
    // What Tide does not look at, and what would be wrong to merge all the same.
    filtered.kept.retain(|examined| {
        let case = Case { pool, policy, examined, now };
        checks::held(&case, Stage::Belongs).is_none()
    });
    let kept = &filtered.kept;
    let mut found = Accumulated::default();
    if let Some(intent) = &pool.intent {
        plan::next_step(pool, policy, intent, recorded, now, &mut plan);
    } else {
        let decided = tide::accumulate(pool, policy, kept).and_then(|accumulated| {
            let decision = tide::decide(pool, policy, limits, kept, &accumulated)?;
            Ok((accumulated, decision))
        });
        match decided {
            Ok((accumulated, decision)) => {
                found = accumulated;
                if !policy.paused {
                    plan.actions.extend(action(pool, policy, kept, &decision, now, recorded));
                }
            }
            Err(question) => plan.questions.push(question),
        }
    }
    plan.members = reports(pool, policy, kept, &found, now);
    plan.statuses = statuses(pool, policy, kept, &plan.members, now);
    plan
}

/// The statuses in Tide's words that the heads do not say already.
fn statuses(
    pool: &Pool,
    policy: &Policy,
    kept: &[Examined<'_>],
    members: &[MemberReport],
    now: Timestamp,
) -> Vec<(Member, PoolStatus)> {
    let merging = |member: &Member| {
        members.iter().any(|report| report.member == *member && report.state == MemberState::Merging)
    };
    let of = |change: &Change| {
        let examined = checks::examine(pool, policy, change);
        let case = Case { pool, policy, examined: &examined, now };
        let in_pool = kept.iter().any(|e| e.change.member() == change.member());
        let required = examined.required.as_deref().unwrap_or_default();
        let required = required.iter().filter(|_| in_pool).map(|job| job.context().to_owned());
        status::in_tides_words(&case, &status::standing(&case, in_pool, required, true)).ok()
    };
    pool.changes
        .iter()
        .filter(|change| !merging(&change.member()))
        .filter_map(|change| Some((change, of(change)?)))
        .filter(|(change, status)| status.is_news(change))
        .map(|(change, status)| (change.member(), status))
        .collect()
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
