//! Whom to ask for a review: people close to the changed files, never the author, nobody who is busy.
//!
//! Where several are equally close, an order decides that depends on the pull request, so that the work spreads and the
//! same question gets the same answer.

use super::{Owners, Role, suggest::place_in_line};
use crate::facts::Login;
use std::collections::BTreeSet;

/// How many to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// At least, where there are so many.
    pub count: usize,
    /// At most, those that OWNERS files require not counted; `None`: any number.
    pub max: Option<usize>,
    /// Ask approvers for want of reviewers.
    pub approvers_too: bool,
}

/// The pull request.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// Its number.
    pub number: u64,
    /// Who opened it.
    pub author: Option<&'a Login>,
    /// Its files, in GitHub's order.
    pub files: &'a [String],
    /// People who do not want to be asked now.
    pub busy: &'a BTreeSet<Login>,
}

/// Chooses reviewers, and adds those that OWNERS files require.
pub fn choose(owners: &Owners, change: Change<'_>, wanted: Wanted) -> Vec<Login> {
    let mut chosen = pick(owners, Role::Reviewer, change, wanted.count);
    if chosen.len() < wanted.count && wanted.approvers_too {
        let approvers = pick(owners, Role::Approver, change, wanted.count);
        chosen.extend(approvers.into_iter().filter(|login| !chosen.contains(login)).collect::<Vec<_>>());
    }
    chosen.truncate(wanted.max.unwrap_or(chosen.len()));
    let mut seen = BTreeSet::new();
    for file in change.files {
        if seen.insert(owners.place_of(Role::Reviewer, file)) {
            let required = owners.all(Role::RequiredReviewer, file);
            let new =
                required.into_iter().filter(|login| Some(login) != change.author && !chosen.contains(login));
            chosen.extend(new.collect::<Vec<_>>());
        }
    }
    chosen
}

/// One from each owning place, then others of these places, then people further up.
fn pick(owners: &Owners, role: Role, change: Change<'_>, count: usize) -> Vec<Login> {
    let mut picking = Picking { change, chosen: Vec::new() };
    let mut seen = BTreeSet::new();
    let mut leaves: BTreeSet<Login> = BTreeSet::new();
    for file in change.files {
        if seen.insert(owners.place_of(role, file)) {
            let leaf = owners.leaf(role, file);
            picking.take_from(&leaf);
            leaves.extend(leaf);
        }
    }
    while picking.chosen.len() < count && picking.take_from(&leaves) {}
    for file in change.files {
        for layer in owners.layers(role, file) {
            while picking.chosen.len() < count && picking.take_from(&layer) {}
        }
    }
    picking.chosen
}

struct Picking<'a> {
    change: Change<'a>,
    chosen: Vec<Login>,
}

impl Picking<'_> {
    /// Takes one more, if anybody is left.
    fn take_from(&mut self, people: &BTreeSet<Login>) -> bool {
        let Change { number, author, busy, .. } = self.change;
        let free =
            |login: &&Login| Some(*login) != author && !busy.contains(*login) && !self.chosen.contains(login);
        let next = people.iter().filter(free).min_by_key(|login| place_in_line(number, login)).cloned();
        let found = next.is_some();
        self.chosen.extend(next);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::owners::Layout;

    fn asked(files: &[&str], author: &str, busy: &[&str], wanted: Wanted) -> Vec<String> {
        let tree = [
            ("OWNERS", "reviewers: [rita]\napprovers: [root]"),
            ("a/OWNERS", "reviewers: [alice]\nrequired_reviewers: [rex]"),
            ("b/OWNERS", "reviewers: [bob]"),
        ];
        let owners = Owners::read(&Layout::default(), tree);
        let files: Vec<String> = files.iter().map(|file| (*file).to_owned()).collect();
        let (author, busy) = (Login::new(author), busy.iter().map(Login::new).collect());
        let change = Change { number: 1, author: Some(&author), files: &files, busy: &busy };
        choose(&owners, change, wanted).iter().map(Login::to_string).collect()
    }

    const TWO: Wanted = Wanted { count: 2, max: None, approvers_too: false };

    #[test]
    fn one_of_each_place_is_asked_and_whom_owners_require() {
        assert_eq!(asked(&["b/x", "a/y"], "zoe", &[], Wanted { count: 1, ..TWO }), ["bob", "alice", "rex"]);
    }

    #[test]
    fn people_further_up_are_asked_for_want_of_others() {
        assert_eq!(asked(&["b/x"], "zoe", &[], TWO), ["bob", "rita"]);
        assert_eq!(asked(&["b/x"], "Bob", &[], TWO), ["rita"]);
        assert_eq!(asked(&["b/x"], "bob", &[], Wanted { approvers_too: true, ..TWO }), ["rita", "root"]);
    }

    #[test]
    fn nobody_who_is_busy_is_asked() {
        assert_eq!(asked(&["b/x"], "zoe", &["bob"], Wanted { count: 1, ..TWO }), ["rita"]);
    }

    #[test]
    fn a_maximum_does_not_count_those_who_are_required() {
        assert_eq!(
            asked(&["b/x", "a/y"], "zoe", &[], Wanted { count: 1, max: Some(1), ..TWO }),
            ["bob", "rex"]
        );
    }
}
