//! Whom to ask for the approvals that are missing: few people who together can give all of them.
//!
//! A greedy cover: always the person who can approve most of what is left. It is asked of the innermost owners, never
//! of the author. Of equals the first in an order that depends on the pull request, so that not everybody asks the same
//! person, and each pull request always asks the same ones.

use super::{Owners, Role};
use crate::facts::Login;
use sha2::{Digest, Sha256};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

/// What has to be approved below one owning place.
#[derive(Clone, Debug, Default)]
pub(super) struct Ground {
    /// Who may approve, for each file; equal sets once.
    approvers: BTreeSet<BTreeSet<Login>>,
    /// Who is asked first.
    leaf: BTreeSet<Login>,
}

/// All that has to be approved, by place.
pub(super) type Grounds = BTreeMap<String, Ground>;

impl Ground {
    /// Takes in one more file. `author` is not asked.
    pub(super) fn add(&mut self, owners: &Owners, file: &str, author: Option<&Login>) {
        let layers = owners.layers(Role::Approver, file);
        let others = |layer: &BTreeSet<Login>| -> BTreeSet<Login> {
            layer.iter().filter(|login| Some(*login) != author).cloned().collect()
        };
        self.leaf.extend(layers.iter().map(others).find(|layer| !layer.is_empty()).unwrap_or_default());
        self.approvers.insert(layers.into_iter().flatten().collect());
    }

    /// How many of the different sets of approvers these people meet, and of how many.
    pub(super) fn met(&self, people: &BTreeSet<Login>) -> (usize, usize) {
        let met = self.approvers.iter().filter(|approvers| !approvers.is_disjoint(people)).count();
        (met, self.approvers.len())
    }

    /// Whether these people can approve all of it.
    pub(super) fn approved_by(&self, people: &BTreeSet<Login>) -> bool {
        self.approvers.iter().all(|approvers| !approvers.is_disjoint(people))
    }

    /// Whether this person may approve any of it.
    pub(super) fn knows(&self, login: &Login) -> bool {
        self.approvers.iter().any(|approvers| approvers.contains(login))
    }
}

/// The people to ask: those to suggest, and those already assigned whose approval would help.
pub(super) fn suggest(
    grounds: &Grounds,
    number: u64,
    author: Option<&Login>,
    approvers: &BTreeSet<Login>,
    assignees: &BTreeSet<Login>,
) -> BTreeSet<Login> {
    let leaf: BTreeSet<&Login> = grounds.values().flat_map(|ground| &ground.leaf).collect();
    let mut candidates: Vec<&Login> = leaf.into_iter().collect();
    candidates.sort_by_cached_key(|login| place_in_line(number, login));
    let suggested = helpful(grounds, &candidates, &union(approvers, assignees), |ground, login| {
        ground.leaf.contains(login)
    });

    let known = union(approvers, &suggested);
    let everybody = union(&known, assignees);
    let candidates: Vec<&Login> = everybody.iter().filter(|login| Some(*login) != author).collect();
    let kept = helpful(grounds, &candidates, &known, Ground::knows);
    union(&suggested, &kept)
}

/// Of a cover of all grounds, those who cover something that `known` cannot approve.
fn helpful(
    grounds: &Grounds,
    candidates: &[&Login],
    known: &BTreeSet<Login>,
    covers: impl Fn(&Ground, &Login) -> bool,
) -> BTreeSet<Login> {
    let open: Vec<&Ground> = grounds.values().filter(|ground| !ground.approved_by(known)).collect();
    if open.is_empty() {
        return BTreeSet::new();
    }
    let mut cover = cover(grounds, candidates, &covers);
    cover.retain(|login| open.iter().any(|ground| covers(ground, login)));
    cover
}

fn cover(
    grounds: &Grounds,
    candidates: &[&Login],
    covers: &impl Fn(&Ground, &Login) -> bool,
) -> BTreeSet<Login> {
    let mut chosen: BTreeSet<Login> = BTreeSet::new();
    loop {
        let open: Vec<&Ground> = grounds.values().filter(|ground| !ground.approved_by(&chosen)).collect();
        let gain = |login: &Login| open.iter().filter(|ground| covers(ground, login)).count();
        let best = candidates
            .iter()
            .enumerate()
            .filter(|(_, login)| !chosen.contains(login))
            .map(|(position, login)| (Reverse(gain(login)), position, login))
            .filter(|(Reverse(gain), ..)| *gain > 0)
            .min_by_key(|(gain, position, _)| (*gain, *position));
        match best {
            Some((_, _, login)) => chosen.insert((**login).clone()),
            None => return chosen,
        };
    }
}

pub(super) fn place_in_line(number: u64, login: &Login) -> Vec<u8> {
    Sha256::digest(format!("{number}/{}", login.folded())).to_vec()
}

fn union(one: &BTreeSet<Login>, other: &BTreeSet<Login>) -> BTreeSet<Login> {
    one.union(other).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::owners::Layout;

    fn suggested(files: &[&str], number: u64, author: &str, approvers: &[&str]) -> Vec<String> {
        let tree = [
            ("OWNERS", "approvers: [root]"),
            ("a/OWNERS", "approvers: [alice, both]"),
            ("b/OWNERS", "approvers: [bob, both]"),
        ];
        let owners = Owners::read(&Layout::default(), tree);
        let author = Login::new(author);
        let mut grounds = Grounds::new();
        for file in files {
            let place = owners.place_of(Role::Approver, file).to_owned();
            grounds.entry(place).or_default().add(&owners, file, Some(&author));
        }
        let approvers = approvers.iter().map(Login::new).collect();
        let people = suggest(&grounds, number, Some(&author), &approvers, &BTreeSet::new());
        people.iter().map(Login::to_string).collect()
    }

    #[test]
    fn one_person_who_can_approve_everything_is_asked_alone() {
        assert_eq!(suggested(&["a/x", "b/y"], 1, "zoe", &[]), ["both"]);
    }

    #[test]
    fn the_author_is_never_asked() {
        assert_eq!(suggested(&["a/x", "b/y"], 1, "both", &[]), ["alice", "bob"]);
        assert_eq!(suggested(&["x"], 1, "root", &[]), Vec::<String>::new());
    }

    #[test]
    fn nobody_is_asked_when_everything_is_approved() {
        assert!(suggested(&["a/x", "b/y"], 1, "zoe", &["root"]).is_empty());
    }

    #[test]
    fn different_pull_requests_ask_different_people() {
        let asked: BTreeSet<Vec<String>> =
            (0..50).map(|number| suggested(&["a/x"], number, "zoe", &[])).collect();
        assert_eq!(asked.len(), 2);
    }
}
