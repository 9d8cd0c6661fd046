//! Which pushes are still to be handled: the branch tips that were recorded, beside those that are there (DESIGN R3).
//!
//! A push that nobody told us of is found by its tip. What lies between two looks is one push, as GitHub would have
//! sent it for both at once. The record moves only after the runs of a push were created.

use crate::facts::CommitSha;
use std::collections::BTreeMap;

/// Branches with their tips.
pub type Tips = BTreeMap<String, CommitSha>;

/// A branch whose tip is not the recorded one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The branch.
    pub branch: String,
    /// The tip that was handled last; `None`: a new branch.
    pub before: Option<CommitSha>,
    /// The tip that is there.
    pub after: CommitSha,
}

/// What the tips ask for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pushes {
    /// The record to write at once: without the branches that are gone. With no record so far, all tips as they are.
    pub record: Tips,
    /// To handle, and then to record one by one.
    pub moved: Vec<Moved>,
}

/// Compares. Without a record nothing runs: what was pushed before we were there is not ours to run.
pub fn pushes(recorded: Option<&Tips>, observed: &Tips) -> Pushes {
    let Some(recorded) = recorded else {
        return Pushes { record: observed.clone(), moved: Vec::new() };
    };
    let record = recorded
        .iter()
        .filter(|(branch, _)| observed.contains_key(*branch))
        .map(|(branch, tip)| (branch.clone(), tip.clone()))
        .collect();
    let moved = observed
        .iter()
        .filter(|(branch, tip)| recorded.get(*branch) != Some(*tip))
        .map(|(branch, tip)| Moved {
            branch: branch.clone(),
            before: recorded.get(branch).cloned(),
            after: tip.clone(),
        })
        .collect();
    Pushes { record, moved }
}

/// How many runs one round of catching up may still start (`runs.catchUp`).
///
/// After a long pause thousands of heads and pushes may lack their runs. What a webhook tells is not limited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatchUp {
    left: Option<usize>,
    started: usize,
    deferred: usize,
}

impl CatchUp {
    /// Any number: a webhook named this pull request or push.
    pub const fn unlimited() -> Self {
        Self { left: None, started: 0, deferred: 0 }
    }

    /// At most this many.
    pub const fn at_most(runs: usize) -> Self {
        Self { left: Some(runs), started: 0, deferred: 0 }
    }

    /// Whether so many runs may be started together; if so they are counted, else they wait for the next round.
    /// The first ones always may, however many they are: a push with more jobs than the limit must not wait for ever.
    pub fn admit(&mut self, runs: usize) -> bool {
        let Some(left) = self.left else {
            self.started += runs;
            return true;
        };
        if runs > left && (self.started > 0 || left == 0) {
            self.deferred += runs;
            self.left = Some(0);
            return false;
        }
        self.started += runs;
        self.left = Some(left.saturating_sub(runs));
        true
    }

    /// How many runs wait for the next round.
    pub const fn deferred(&self) -> usize {
        self.deferred
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tips(list: &[(&str, &str)]) -> Tips {
        list.iter().map(|(branch, tip)| ((*branch).to_owned(), CommitSha::new(*tip))).collect()
    }

    #[test]
    fn without_a_record_the_tips_are_noted_and_nothing_runs() {
        let observed = tips(&[("main", "a"), ("dev", "b")]);
        assert_eq!(pushes(None, &observed), Pushes { record: observed, moved: vec![] });
    }

    #[test]
    fn a_branch_that_the_record_lacks_is_new() {
        let found = pushes(Some(&tips(&[("main", "a")])), &tips(&[("main", "a"), ("dev", "b")]));
        let dev = Moved { branch: "dev".into(), before: None, after: CommitSha::new("b") };
        assert_eq!(found.moved, [dev]);
    }

    #[test]
    fn several_pushes_between_two_looks_are_one() {
        let found = pushes(Some(&tips(&[("main", "a")])), &tips(&[("main", "c")]));
        assert_eq!(found.moved[0].before, Some(CommitSha::new("a")));
        assert_eq!(found.record, tips(&[("main", "a")]), "the record moves only after the runs exist");
    }

    #[test]
    fn a_deleted_branch_is_forgotten_and_runs_nothing() {
        let found = pushes(Some(&tips(&[("main", "a"), ("dev", "b")])), &tips(&[("main", "a")]));
        assert_eq!(found, Pushes { record: tips(&[("main", "a")]), moved: vec![] });
    }

    #[test]
    fn catching_up_stops_at_its_limit_and_says_what_waits() {
        let mut round = CatchUp::at_most(3);
        assert!(round.admit(2) && round.admit(1));
        assert!(!round.admit(1) && !round.admit(2));
        assert_eq!(round.deferred(), 3);
    }

    #[test]
    fn a_push_larger_than_the_limit_goes_first_and_alone() {
        let mut round = CatchUp::at_most(3);
        assert!(round.admit(9) && !round.admit(1));
    }

    #[test]
    fn a_limit_of_none_admits_none() {
        assert!(!CatchUp::at_most(0).admit(1));
    }

    #[test]
    fn nothing_overtakes_what_had_to_wait() {
        let mut round = CatchUp::at_most(3);
        assert!(round.admit(2) && !round.admit(2) && !round.admit(1));
    }

    proptest! {
        #[test]
        fn once_everything_is_recorded_nothing_is_left(
            recorded in prop::collection::btree_map("[a-c]", "[x-z]", 0..4),
            observed in prop::collection::btree_map("[a-c]", "[x-z]", 0..4),
        ) {
            let tips = |map: BTreeMap<String, String>| -> Tips {
                map.into_iter().map(|(branch, tip)| (branch, CommitSha::new(tip))).collect()
            };
            let (recorded, observed) = (tips(recorded), tips(observed));
            let found = pushes(Some(&recorded), &observed);
            let mut record = found.record;
            record.extend(found.moved.into_iter().map(|moved| (moved.branch, moved.after)));
            prop_assert_eq!(&record, &observed);
            prop_assert_eq!(pushes(Some(&record), &observed).moved, vec![]);
        }
    }
}
