//! A plan as `kubectl describe mergepool` shows it, and intents as the status keeps them.

use super::{
    effective,
    intent::{Car, Intent},
    members::{MemberReport, MemberState},
    method::Method,
    plan::{Plan, TrainReport},
    policy::Landing,
    pool::{Member, Pool},
    reason::clock,
    train::TrainState,
};
use crate::{
    facts::{BaseSha, HeadSha, RepoName, TreeSha},
    reason::Reason as _,
};
use api::merge_pool as crd;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

/// The key of a branch in a status, as in `acme/widgets main`.
pub fn branch_key(repository: &RepoName, branch: &str) -> String {
    format!("{repository} {branch}")
}

/// How a branch stands. `merged` is the sentence about its last merge ([`merged`]).
pub fn branch(pool: &Pool, plan: &Plan, merged: Option<String>) -> crd::BranchStatus {
    crd::BranchStatus {
        branch: branch_key(&pool.repository, &pool.branch),
        members: plan.members.iter().filter_map(|report| member(pool, report)).collect(),
        merged,
        tip: Some(pool.tip.short().to_owned()),
        trains: plan.trains.iter().map(|report| train(pool, report)).collect(),
    }
}

/// How many changes there are, for the columns of `kubectl get mergepools`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Open.
    pub open: usize,
    /// That may merge once they are tested on the tip.
    pub eligible: usize,
    /// In trains.
    pub testing: usize,
}

/// Counts the changes of a branch.
pub fn counts(plan: &Plan) -> Counts {
    let count =
        |states: &[MemberState]| plan.members.iter().filter(|report| states.contains(&report.state)).count();
    Counts {
        open: plan.members.len(),
        eligible: count(&[MemberState::Queued, MemberState::Testing, MemberState::Merging]),
        testing: count(&[MemberState::Testing]),
    }
}

fn member(pool: &Pool, report: &MemberReport) -> Option<crd::Member> {
    let change = pool.changes.iter().find(|change| change.member() == report.member)?;
    let author = change.pull.author.as_ref().map_or("ghost", |login| login.as_str());
    Some(crd::Member {
        change: format!("#{} {} ({author})", change.pull.number, change.pull.title),
        state: match report.state {
            MemberState::Waiting => crd::MemberState::Waiting,
            MemberState::Queued => crd::MemberState::Queued,
            MemberState::Testing => crd::MemberState::Testing,
            MemberState::Merging => crd::MemberState::Merging,
            MemberState::Excluded => crd::MemberState::Excluded,
            MemberState::Refused => crd::MemberState::Refused,
        },
        why: report.why.sentence(),
    })
}

fn train(pool: &Pool, report: &TrainReport) -> crd::Train {
    let cars: Vec<String> = report.members.iter().map(Member::to_string).collect();
    let state = match report.state {
        TrainState::Green => "Green, lands next".to_owned(),
        TrainState::Incomplete | TrainState::Running => {
            let jobs = if report.jobs == 1 { "job" } else { "jobs" };
            format!("Testing, {} of {} {jobs} left", report.left, report.jobs)
        }
        TrainState::Red => "Red".to_owned(),
    };
    crd::Train { base: pool.tip.short().to_owned(), cars: cars.join(" "), state }
}

/// The sentence about a merge, as in `#38 at 13:58Z as 1c9e0aa (squash), tree 77ab01 tested by acme-widgets-38-unit-...`.
pub fn merged(
    number: u64,
    at: Timestamp,
    commit: &str,
    method: Method,
    tree: Option<&TreeSha>,
    runs: &[String],
) -> String {
    let commit = commit.get(..7).unwrap_or(commit);
    let by = runs.join(", ");
    let evidence = match (tree, by.as_str()) {
        (_, "") => String::new(),
        (Some(tree), by) => format!(", tree {} tested by {by}", tree.short()),
        (None, by) => format!(", tested by {by}"),
    };
    format!("#{number} at {} as {commit} ({method}){evidence}", clock(at))
}

/// An intent as the status keeps it.
pub fn intent_to_status(pool: &Pool, intent: &Intent) -> crd::Intent {
    crd::Intent {
        base: intent.base.to_string(),
        branch: branch_key(&pool.repository, &pool.branch),
        cars: intent.cars.iter().map(car_to_status).collect(),
        landing: match intent.landing {
            Landing::MergeApi => crd::Landing::MergeApi,
            Landing::FastForward => crd::Landing::FastForward,
        },
        term: i64::try_from(intent.term).unwrap_or(i64::MAX),
        time: Time(intent.written),
    }
}

fn car_to_status(car: &Car) -> crd::Car {
    crd::Car {
        head: car.member.head.to_string(),
        method: match car.method {
            Method::Merge => crd::MergeMethod::Merge,
            Method::Squash => crd::MergeMethod::Squash,
            Method::Rebase => crd::MergeMethod::Rebase,
        },
        number: i64::try_from(car.member.number).unwrap_or(i64::MAX),
        tree: car.tree.as_ref().map(TreeSha::to_string),
    }
}

/// An intent as it was written down; `None` where it says what cannot be: such a one is of no leader of ours.
pub fn intent_of_status(intent: &crd::Intent) -> Option<Intent> {
    let cars: Option<Vec<Car>> = intent
        .cars
        .iter()
        .map(|car| {
            let number = u64::try_from(car.number).ok()?;
            Some(Car {
                member: Member { number, head: HeadSha::new(&car.head) },
                method: effective::method(car.method),
                tree: car.tree.as_ref().map(TreeSha::new),
            })
        })
        .collect();
    Some(Intent {
        base: BaseSha::new(&intent.base),
        cars: cars.filter(|cars| !cars.is_empty())?,
        landing: effective::landing(intent.landing),
        term: u64::try_from(intent.term).ok()?,
        written: intent.time.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merge::{
        plan,
        testing::{minute, policy, pool},
    };

    #[test]
    fn an_intent_survives_being_written_down() {
        let pool = pool(&["unit"], &[1]);
        let intent = Intent {
            base: BaseSha::new("b1"),
            cars: vec![Car {
                member: pool.changes[0].member(),
                method: Method::Squash,
                tree: Some(TreeSha::new("t1")),
            }],
            landing: Landing::MergeApi,
            term: 3,
            written: minute(0),
        };
        assert_eq!(intent_of_status(&intent_to_status(&pool, &intent)), Some(intent));
    }

    #[test]
    fn a_person_finds_the_change_its_state_and_the_reason() {
        let mut pool = pool(&["unit"], &[41]);
        pool.changes[0].pull.title = "Fix the frobnicator".into();
        pool.changes[0].pull.labels.remove("lgtm");
        let plan = plan::plan(&pool, &policy(), minute(0));
        let status = branch(&pool, &plan, None);
        assert_eq!(status.branch, "acme/widgets main");
        assert_eq!(status.members[0].change, "#41 Fix the frobnicator (robin)");
        assert_eq!(status.members[0].why, "Needs the lgtm label.");
    }

    #[test]
    fn a_merge_is_told_with_its_evidence() {
        let tree = TreeSha::new("77ab01");
        let text = merged(
            38,
            minute(-2),
            "1c9e0aa77",
            Method::Squash,
            Some(&tree),
            &["acme-widgets-38-unit".into()],
        );
        assert_eq!(text, "#38 at 13:58Z as 1c9e0aa (squash), tree 77ab01 tested by acme-widgets-38-unit");
    }
}
