//! From what is declared and what a repository has to the changes, in the order in which they must happen: rename,
//! create, edit, move, delete.
//!
//! A label that an open issue or pull request carries is never deleted. One with a former name is moved first: the
//! carriers get the new label, and a later plan, which finds nobody left, deletes the old one.

use super::{Declared, Wanted};
use crate::reason::{Planned, Reason};
use api::label_policy::Prune;
use std::collections::{BTreeMap, BTreeSet};

/// GitHub's colour for labels that were given none.
const GREY: &str = "ededed";

/// A label that the repository has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// Its name.
    pub name: String,
    /// Its colour.
    pub color: String,
    /// Its description; empty: none.
    pub description: String,
}

/// A change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LabelChange {
    /// Give a label another name, colour and description; what carries it keeps it.
    Rename {
        /// The name it has.
        from: String,
        /// What it becomes.
        to: Observed,
    },
    /// Make a label.
    Create(Observed),
    /// Change colour, description, or the case of the name.
    Edit {
        /// The name it has.
        name: String,
        /// What it becomes.
        to: Observed,
    },
    /// Give the new label to all open issues and pull requests that carry the old one, and take the old one off.
    Move {
        /// The old label.
        from: String,
        /// The new one.
        to: String,
    },
    /// Remove a label from the repository.
    Delete(String),
}

/// Why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LabelReason {
    /// A policy declares it.
    Declared {
        /// Which.
        policy: String,
    },
    /// It was called otherwise before.
    FormerName {
        /// The name it has now.
        now: String,
    },
    /// Its time is over.
    Retired,
    /// No policy declares it, and all of them delete such labels.
    NotDeclared,
}

impl Reason for LabelReason {
    fn name(&self) -> &'static str {
        match self {
            Self::Declared { .. } => "Declared",
            Self::FormerName { .. } => "FormerName",
            Self::Retired => "Retired",
            Self::NotDeclared => "NotDeclared",
        }
    }

    fn sentence(&self) -> String {
        match self {
            Self::Declared { policy } => format!("LabelPolicy {policy} declares it."),
            Self::FormerName { now } => format!("It is called {now} now."),
            Self::Retired => "Its time is over.".to_owned(),
            Self::NotDeclared => "No policy declares it, and all policies delete such labels.".to_owned(),
        }
    }
}

/// How far a repository is from its policies. A label counts once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drift {
    /// Labels that are declared and not there.
    pub missing: usize,
    /// Labels that are there otherwise than declared.
    pub different: usize,
    /// Labels that are there and should not be.
    pub extra: usize,
}

/// The outcome.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "a plan changes nothing until it is applied"]
pub struct Sync {
    /// What to change, in order.
    pub changes: Vec<Planned<LabelChange, LabelReason>>,
    /// How far it is.
    pub drift: Drift,
    /// Labels that should go and stay, because something open carries them.
    pub in_use: Vec<String>,
}

/// Compares. `carried`: the labels that open issues and pull requests carry, of those that are there.
pub fn plan(declared: &Declared, observed: &[Observed], carried: &BTreeSet<String>) -> Sync {
    let observed = observed.iter().map(|label| (label.name.to_lowercase(), label)).collect();
    let carried = carried.iter().map(|name| name.to_lowercase()).collect();
    let there = There { declared, observed, carried };
    let mut changes = Changes::default();
    let renamed = there.wanted(&mut changes);
    there.unwanted(&renamed, &mut changes);
    let Changes { rename, create, edit, moves, delete, drift, in_use } = changes;
    Sync { changes: [rename, create, edit, moves, delete].into_iter().flatten().collect(), drift, in_use }
}

/// The labels of which [`plan`] must know whether something open carries them: those that may have to go.
pub fn in_question(declared: &Declared, observed: &[Observed]) -> Vec<String> {
    let may_go = |label: &&Observed| {
        let key = label.name.to_lowercase();
        let unwanted = declared.former.contains_key(&key)
            || declared.retired.contains(&key)
            || declared.prune == Prune::Delete;
        unwanted && !declared.labels.contains_key(&key)
    };
    observed.iter().filter(may_go).map(|label| label.name.clone()).collect()
}

/// What is compared. Names are in lower case.
struct There<'a> {
    declared: &'a Declared,
    observed: BTreeMap<String, &'a Observed>,
    carried: BTreeSet<String>,
}

/// The changes by kind: they must happen in this order.
#[derive(Default)]
struct Changes {
    rename: Vec<Planned<LabelChange, LabelReason>>,
    create: Vec<Planned<LabelChange, LabelReason>>,
    edit: Vec<Planned<LabelChange, LabelReason>>,
    moves: Vec<Planned<LabelChange, LabelReason>>,
    delete: Vec<Planned<LabelChange, LabelReason>>,
    drift: Drift,
    in_use: Vec<String>,
}

impl There<'_> {
    /// What to do for the labels that are declared. Returns the former names that a rename uses up.
    fn wanted(&self, changes: &mut Changes) -> BTreeSet<String> {
        let mut renamed = BTreeSet::new();
        for (key, wanted) in &self.declared.labels {
            let declared = LabelReason::Declared { policy: wanted.policy.clone() };
            if let Some(there) = self.observed.get(key) {
                let to = as_wanted(wanted, Some(there));
                if to != **there {
                    changes.drift.different += 1;
                    let name = there.name.clone();
                    changes.edit.push(Planned::new(LabelChange::Edit { name, to }, declared));
                }
                continue;
            }
            let mut former = self.declared.former.iter().filter(|(_, became)| *became == key);
            if let Some((former, there)) = former.find_map(|(former, _)| self.observed.get_key_value(former))
            {
                let (from, to) = (there.name.clone(), as_wanted(wanted, Some(there)));
                let why = LabelReason::FormerName { now: wanted.name.clone() };
                changes.drift.different += 1;
                changes.rename.push(Planned::new(LabelChange::Rename { from, to }, why));
                renamed.insert(former.clone());
            } else {
                changes.drift.missing += 1;
                changes.create.push(Planned::new(LabelChange::Create(as_wanted(wanted, None)), declared));
            }
        }
        renamed
    }

    /// What to do with all other labels.
    fn unwanted(&self, renamed: &BTreeSet<String>, changes: &mut Changes) {
        let others = self
            .observed
            .iter()
            .filter(|(key, _)| !self.declared.labels.contains_key(*key) && !renamed.contains(*key));
        for (key, there) in others {
            let (name, carried) = (there.name.clone(), self.carried.contains(key));
            let became = self.declared.former.get(key).and_then(|became| self.declared.labels.get(became));
            if let Some(now) = became {
                let why = LabelReason::FormerName { now: now.name.clone() };
                changes.drift.extra += 1;
                if carried {
                    changes
                        .moves
                        .push(Planned::new(LabelChange::Move { from: name, to: now.name.clone() }, why));
                } else {
                    changes.delete.push(Planned::new(LabelChange::Delete(name), why));
                }
                continue;
            }
            let why = match (self.declared.retired.contains(key), self.declared.prune) {
                (true, _) => LabelReason::Retired,
                (false, Prune::Delete) => LabelReason::NotDeclared,
                (false, Prune::Report) => {
                    changes.drift.extra += 1;
                    continue;
                }
                (false, Prune::Ignore) => continue,
            };
            changes.drift.extra += 1;
            if carried {
                changes.in_use.push(name);
            } else {
                changes.delete.push(Planned::new(LabelChange::Delete(name), why));
            }
        }
    }
}

/// The label as it is to be; what no policy says stays as it is.
fn as_wanted(wanted: &Wanted, there: Option<&Observed>) -> Observed {
    let color = match (&wanted.color, there) {
        (Some(color), _) => color.clone(),
        (None, Some(there)) => there.color.clone(),
        (None, None) => GREY.to_owned(),
    };
    let description = match (&wanted.description, there) {
        (Some(description), _) => description.clone(),
        (None, Some(there)) => there.description.clone(),
        (None, None) => String::new(),
    };
    Observed { name: wanted.name.clone(), color, description }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn observed(name: &str) -> Observed {
        Observed { name: name.to_owned(), color: "ff0000".to_owned(), description: String::new() }
    }

    fn wanted(name: &str) -> Wanted {
        let color = Some("ff0000".to_owned());
        Wanted { name: name.to_owned(), color, description: None, policy: "house".to_owned() }
    }

    /// `kind/bug` was called `bug` and `defect` before; `old` is to go.
    fn declared(prune: Prune) -> Declared {
        let former = [("bug", "kind/bug"), ("defect", "kind/bug")];
        Declared {
            labels: BTreeMap::from([("kind/bug".to_owned(), wanted("kind/bug"))]),
            former: former.map(|(old, new)| (old.to_owned(), new.to_owned())).into(),
            retired: BTreeSet::from(["old".to_owned()]),
            prune,
            conflicts: Vec::new(),
        }
    }

    fn changes(prune: Prune, names: &[&str], carried: &[&str]) -> Vec<String> {
        let labels: Vec<Observed> = names.iter().map(|name| observed(name)).collect();
        let carried = carried.iter().map(|name| (*name).to_owned()).collect();
        plan(&declared(prune), &labels, &carried)
            .changes
            .into_iter()
            .map(|planned| told(&planned.action))
            .collect()
    }

    fn told(change: &LabelChange) -> String {
        match change {
            LabelChange::Rename { from, to } => format!("rename {from} to {}", to.name),
            LabelChange::Create(label) => format!("create {}", label.name),
            LabelChange::Edit { name, to } => format!("edit {name} to {}", to.name),
            LabelChange::Move { from, to } => format!("move {from} to {to}"),
            LabelChange::Delete(name) => format!("delete {name}"),
        }
    }

    #[test]
    fn what_is_as_declared_is_left_alone() {
        assert!(changes(Prune::Report, &["kind/bug"], &[]).is_empty());
    }

    #[test]
    fn a_former_name_is_renamed_and_another_one_moved() {
        let expected = ["rename Bug to kind/bug", "move defect to kind/bug"];
        assert_eq!(changes(Prune::Report, &["defect", "Bug"], &["defect"]), expected);
        assert_eq!(changes(Prune::Report, &["Kind/Bug"], &[]), ["edit Kind/Bug to kind/bug"]);
        assert_eq!(changes(Prune::Report, &[], &[]), ["create kind/bug"]);
    }

    #[test]
    fn whatever_a_plan_may_remove_is_asked_about_first() {
        let labels = ["Bug", "kind/bug", "old", "other"].map(observed);
        assert_eq!(in_question(&declared(Prune::Report), &labels), ["Bug", "old"]);
        assert_eq!(in_question(&declared(Prune::Delete), &labels), ["Bug", "old", "other"]);
    }

    #[test]
    fn a_label_in_use_is_never_deleted() {
        assert_eq!(changes(Prune::Report, &["kind/bug", "old"], &[]), ["delete old"]);
        assert!(changes(Prune::Report, &["kind/bug", "old"], &["OLD"]).is_empty());
        assert!(changes(Prune::Delete, &["kind/bug", "other"], &["other"]).is_empty());
    }

    #[test]
    fn other_labels_are_deleted_only_where_the_policies_say_so() {
        assert!(changes(Prune::Report, &["kind/bug", "other"], &[]).is_empty());
        assert_eq!(changes(Prune::Delete, &["kind/bug", "other"], &[]), ["delete other"]);
        let drift = |prune| {
            plan(&declared(prune), &[observed("kind/bug"), observed("other")], &BTreeSet::new()).drift
        };
        assert_eq!(drift(Prune::Report).extra, 1);
        assert_eq!(drift(Prune::Ignore).extra, 0);
    }

    /// What GitHub has after a plan: labels, and what open items carry.
    fn apply(plan: &Sync, labels: &mut Vec<Observed>, carried: &mut BTreeSet<String>) {
        for planned in &plan.changes {
            match &planned.action {
                LabelChange::Rename { from, to } | LabelChange::Edit { name: from, to } => {
                    labels
                        .iter_mut()
                        .filter(|label| label.name == *from)
                        .for_each(|label| *label = to.clone());
                    if carried.remove(from) {
                        carried.insert(to.name.clone());
                    }
                }
                LabelChange::Create(label) => {
                    assert!(!labels.iter().any(|had| had.name.eq_ignore_ascii_case(&label.name)));
                    labels.push(label.clone());
                }
                LabelChange::Move { from, to } => {
                    assert!(labels.iter().any(|label| label.name == *to), "{to} must be there first");
                    carried.remove(from);
                    carried.insert(to.clone());
                }
                LabelChange::Delete(name) => {
                    assert!(!carried.contains(name), "{name} is carried");
                    labels.retain(|label| label.name != *name);
                }
            }
        }
    }

    proptest! {
        #[test]
        fn two_rounds_are_enough_and_nothing_in_use_is_lost(
            names in proptest::collection::btree_set("(kind/bug|bug|defect|old|other)", 0..5),
            carried in proptest::collection::btree_set("(kind/bug|bug|defect|old|other)", 0..5),
            delete: bool,
        ) {
            let declared = declared(if delete { Prune::Delete } else { Prune::Report });
            let mut labels: Vec<Observed> = names.iter().map(|name| observed(name)).collect();
            let mut carried: BTreeSet<String> = carried.intersection(&names).cloned().collect();
            for _ in 0..2 {
                let round = plan(&declared, &labels, &carried);
                apply(&round, &mut labels, &mut carried);
            }
            prop_assert_eq!(plan(&declared, &labels, &carried).changes, []);
        }
    }
}
