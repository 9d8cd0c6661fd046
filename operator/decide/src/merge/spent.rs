//! What the pool's runs cost, and which of them were worth it: the budget, the waste, and the evidence of a merge.

use super::{
    evidence::Verdict,
    intent::Intent,
    pool::{Member, Run, Spent},
};
use crate::facts::BaseSha;
use api::prow_job::ProwJobState;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;

/// How far back the budget looks.
pub const BUDGET_OVER: SignedDuration = SignedDuration::from_hours(24);

/// Trains that were started into the branch and changes that were merged, since a moment.
pub fn spent(runs: &[Run], branch: &str, merges: &[Timestamp], since: Timestamp) -> Spent {
    let trains: BTreeSet<(&BaseSha, &[Member])> = runs
        .iter()
        .filter(|run| run.by_pool && run.branch == branch && run.started.is_some_and(|at| at >= since))
        .map(|run| (&run.base, run.members.as_slice()))
        .collect();
    let merges = merges.iter().filter(|at| **at >= since).count();
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Spent { runs: count(trains.len()), merges: count(merges) }
}

/// The green runs that a landing relies on: those of exactly its train, on exactly its tip.
pub fn evidence(runs: &[Run], branch: &str, intent: &Intent) -> Vec<String> {
    let cars: Vec<&Member> = intent.cars.iter().map(|car| &car.member).collect();
    let of_train = |run: &&Run| run.members.iter().eq(cars.iter().copied());
    let green = runs
        .iter()
        .filter(|run| run.gates && run.branch == branch && run.base == intent.base)
        .filter(|run| Verdict::of(run.state) == Verdict::Green);
    let mut names: Vec<String> = green.filter(of_train).map(|run| run.name.clone()).collect();
    names.sort();
    names
}

/// The share of hours of ended runs of pools that gated no merge, as in `18%`; `None` before the first merge.
pub fn waste(runs: &[Run], gated: &BTreeSet<String>) -> Option<String> {
    let ended = |run: &&Run| match run.state {
        ProwJobState::Success | ProwJobState::Failure | ProwJobState::Aborted | ProwJobState::Error => {
            run.by_pool
        }
        ProwJobState::Scheduling | ProwJobState::Triggered | ProwJobState::Pending => false,
    };
    let (mut all, mut wasted, mut used) = (0_i64, 0_i64, false);
    for run in runs.iter().filter(ended) {
        let (Some(from), Some(to)) = (run.started, run.completed) else { continue };
        let seconds = to.duration_since(from).as_secs().max(0);
        all = all.saturating_add(seconds);
        if gated.contains(&run.name) {
            used = true;
        } else {
            wasted = wasted.saturating_add(seconds);
        }
    }
    let percent = wasted.saturating_mul(100).checked_div(all)?;
    used.then(|| format!("{percent}%"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        facts::HeadSha,
        merge::{intent::Car, method::Method, policy::Landing, testing::minute},
    };
    use api::prow_job::ProwJobType;

    fn member(number: u64) -> Member {
        Member { number, head: HeadSha::new(format!("h{number}")) }
    }

    fn run(name: &str, base: &str, members: &[u64], minutes: i64) -> Run {
        Run {
            name: name.into(),
            kind: ProwJobType::Batch,
            job: "unit".into(),
            context: "unit".into(),
            branch: "main".into(),
            base: BaseSha::new(base),
            members: members.iter().copied().map(member).collect(),
            state: ProwJobState::Success,
            by_pool: true,
            gates: true,
            description: String::new(),
            url: String::new(),
            started: Some(minute(0)),
            completed: Some(minute(minutes)),
            expected: None,
        }
    }

    #[test]
    fn the_jobs_of_a_train_are_one_train() {
        let runs = [run("a", "b1", &[1, 2], 10), run("b", "b1", &[1, 2], 10), run("c", "b2", &[1, 2], 10)];
        let spent = spent(&runs, "main", &[minute(-5), minute(20)], minute(0));
        assert_eq!(spent, Spent { runs: 2, merges: 1 });
    }

    #[test]
    fn a_landing_relies_on_the_runs_of_its_train_on_its_tip() {
        let car = |number| Car { member: member(number), method: Method::Merge, tree: None };
        let intent = Intent {
            base: BaseSha::new("b1"),
            cars: vec![car(1), car(2)],
            landing: Landing::MergeApi,
            term: 1,
            written: minute(0),
        };
        let runs = [
            run("train", "b1", &[1, 2], 10),
            run("longer", "b1", &[1, 2, 3], 10),
            run("old", "b0", &[1, 2], 10),
            run("other", "b1", &[2, 1], 10),
        ];
        assert_eq!(evidence(&runs, "main", &intent), ["train"]);
    }

    #[test]
    fn waste_is_what_gated_no_merge() {
        let runs = [run("a", "b1", &[1], 30), run("b", "b1", &[2], 10)];
        assert_eq!(waste(&runs, &BTreeSet::new()), None);
        assert_eq!(waste(&runs, &BTreeSet::from(["a".to_owned()])), Some("25%".into()));
    }
}
