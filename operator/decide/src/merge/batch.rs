//! Strategies `Serial` and `Batch`: which trains are started next.
//!
//! One train at a time is tested on the tip, as large as allowed. When it is red after all tries, beginnings of it are
//! tested side by side until the change is found that fails alone; the longest green one lands. Serial is the same with
//! trains of one.

use super::{
    policy::{Coverage, Landing, Policy, Strategy},
    pool::{Member, Pool},
};
use std::collections::BTreeSet;

/// How much is tested at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many trains run at once.
    pub window: usize,
    /// How many changes a train holds.
    pub size: usize,
    /// How often a red job is tried again.
    pub retries: u32,
}

/// The limits of a pool that works with trains of its own; `None`: another strategy.
pub fn limits(pool: &Pool, policy: &Policy) -> Option<Limits> {
    let limits = match policy.strategy {
        Strategy::Serial { retries } => Limits { window: 1, size: 1, retries },
        Strategy::Batch { window, size, retries } => Limits { window, size, retries },
        Strategy::Train | Strategy::Tide(_) => return None,
    };
    let one_by_one =
        pool.protected_strict || policy.coverage == Coverage::Exact && policy.landing == Landing::MergeApi;
    let size = if one_by_one { 1 } else { limits.size };
    let over_budget = policy
        .runs_per_merge
        .is_some_and(|most| pool.spent.runs > most.saturating_mul(pool.spent.merges.max(1)));
    // One step smaller, never nothing: a pool that tests nothing never gets cheaper.
    let shrink = |n: usize| if over_budget { n / 2 } else { n };
    Some(Limits { window: shrink(limits.window).max(1), size: shrink(size).max(1), ..limits })
}

/// The beginnings of a red train that are tested to find out why: at most `window`, evenly spread, without the whole.
pub fn split(length: usize, window: usize) -> Vec<usize> {
    let parts = length.min(window.saturating_add(1)).max(2);
    let cuts: BTreeSet<usize> = (1..parts).map(|i| (i * length).div_ceil(parts)).collect();
    cuts.into_iter().filter(|cut| *cut < length).collect()
}

/// The trains to start on a tip where none runs: the whole of what was taken, and where some of it is suspect, also
/// beginnings that end before and behind suspects, so that a red whole does not cost another round.
pub fn fresh(taken: &[Member], suspects: &BTreeSet<Member>, window: usize) -> Vec<usize> {
    let places: Vec<usize> = taken
        .iter()
        .enumerate()
        .filter(|(_, member)| suspects.contains(member))
        .map(|(i, _)| i + 1)
        .collect();
    let mut cuts: BTreeSet<usize> = places.iter().copied().collect();
    cuts.extend(places.first().map(|first| first - 1));
    cuts.retain(|cut| *cut > 0 && *cut < taken.len());
    let room = window.saturating_sub(1);
    let all: Vec<usize> = cuts.into_iter().collect();
    let step = all.len().div_ceil(room.max(1)).max(1);
    let mut lengths: Vec<usize> =
        if room == 0 { Vec::new() } else { all.into_iter().step_by(step).collect() };
    lengths.push(taken.len());
    lengths
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::HeadSha;

    fn members(n: u64) -> Vec<Member> {
        (1..=n).map(|number| Member { number, head: HeadSha::new(format!("h{number}")) }).collect()
    }

    #[test]
    fn a_red_train_is_cut_evenly() {
        assert_eq!(split(8, 4), [2, 4, 5, 7]);
        assert_eq!(split(8, 1), [4]);
        assert_eq!(split(2, 4), [1]);
        assert_eq!(split(3, 4), [1, 2]);
    }

    #[test]
    fn a_fresh_train_is_cut_where_a_suspect_sits() {
        let taken = members(6);
        let suspects = BTreeSet::from([taken[2].clone()]);
        assert_eq!(fresh(&taken, &BTreeSet::new(), 4), [6]);
        assert_eq!(fresh(&taken, &suspects, 4), [2, 3, 6]);
        assert_eq!(fresh(&taken, &suspects, 1), [6]);
    }
}
