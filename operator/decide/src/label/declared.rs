//! What all policies of a repository declare together.
//!
//! Policies that name one label must agree on what both of them say about it. Where they do not, the older one counts,
//! and the conflict is for both to show. What only one of them says is no conflict.

use crate::facts::RepoName;
use api::{
    label_policy::{Label, LabelPolicySpec, Prune},
    problem::Problem,
};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// A policy that applies to the repository.
#[derive(Clone, Copy, Debug)]
pub struct Policy<'a> {
    /// The object's name.
    pub name: &'a str,
    /// When it was made; of equal ones the name decides.
    pub created: Timestamp,
    /// What it says.
    pub spec: &'a LabelPolicySpec,
}

/// The labels that a repository is to have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declared {
    /// By name in lower case.
    pub labels: BTreeMap<String, Wanted>,
    /// Former names in lower case, each with the label that took its place, in lower case.
    pub former: BTreeMap<String, String>,
    /// Names in lower case that are to go.
    pub retired: BTreeSet<String>,
    /// What happens to other labels.
    pub prune: Prune,
    /// Where policies disagree.
    pub conflicts: Vec<Conflict>,
}

/// A label that is to be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Its name.
    pub name: String,
    /// Its colour, in lower case as GitHub gives it; `None`: any.
    pub color: Option<String>,
    /// Its description; `None`: any.
    pub description: Option<String>,
    /// The policy that counts.
    pub policy: String,
}

/// Two policies disagree about a label.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Conflict {
    /// The label.
    pub label: String,
    /// About what.
    pub field: Field,
    /// The policy that counts.
    pub older: String,
    /// The policy that does not.
    pub newer: String,
}

/// What policies can disagree about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// Upper and lower case of the name.
    Name,
    /// The colour.
    Color,
    /// The description.
    Description,
    /// Whether the label is to go.
    DeleteAfter,
    /// Which label a former name became.
    Previously,
}

impl Field {
    /// As it is called in a policy.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Color => "color",
            Self::Description => "description",
            Self::DeleteAfter => "deleteAfter",
            Self::Previously => "previously",
        }
    }
}

/// Whether a policy applies to a repository.
pub fn applies(spec: &LabelPolicySpec, repository: &RepoName) -> bool {
    let matches = |patterns: &[String]| patterns.iter().any(|pattern| repository.matches(pattern));
    matches(&spec.repositories) && !matches(&spec.exclude)
}

/// What a policy says without effect.
pub fn warnings(spec: &LabelPolicySpec) -> Vec<Problem> {
    let rules = spec.rules.iter().enumerate();
    let unheeded = rules.map(|(at, rule)| {
        Problem::warning(
            format!("spec.rules[{at}]"),
            format!(
                "this version does nothing for rules yet, so {} has no effect: remove it, or keep it for a later one",
                rule.name
            ),
        )
    });
    unheeded.collect()
}

/// Unites the policies of one repository.
pub fn declare(policies: &[Policy<'_>], now: Timestamp) -> Declared {
    let mut policies = policies.to_vec();
    policies.sort_by_key(|policy| (policy.created, policy.name));
    let mut uniting = Uniting {
        declared: Declared { prune: prune(&policies), ..Declared::default() },
        ..Uniting::default()
    };
    for policy in &policies {
        for label in &policy.spec.labels {
            uniting.take(policy.name, label, now);
        }
    }
    for policy in &policies {
        for label in &policy.spec.labels {
            uniting.take_former(policy.name, label, now);
        }
    }
    uniting.declared.conflicts.sort();
    uniting.declared.conflicts.dedup();
    uniting.declared
}

/// Deleting needs all of them; counting one that does not say otherwise.
fn prune(policies: &[Policy<'_>]) -> Prune {
    let wishes: Vec<Prune> = policies.iter().map(|policy| policy.spec.prune.unwrap_or_default()).collect();
    if wishes.iter().all(|wish| *wish == Prune::Ignore) {
        Prune::Ignore
    } else if wishes.iter().all(|wish| *wish == Prune::Delete) {
        Prune::Delete
    } else {
        Prune::Report
    }
}

#[derive(Default)]
struct Uniting {
    declared: Declared,
    /// The policy that said that a name is to go, or what a former name became.
    said_by: BTreeMap<String, String>,
}

impl Uniting {
    fn take(&mut self, policy: &str, label: &Label, now: Timestamp) {
        let key = label.name.to_lowercase();
        let gone = label.delete_after.is_some_and(|end| end <= now);
        if let Some(wanted) = self.declared.labels.get_mut(&key) {
            let mut fields: Vec<Field> = Vec::new();
            fields.extend((wanted.name != label.name).then_some(Field::Name));
            let color = label.color.as_ref().map(|color| color.to_lowercase());
            fields.extend(disagree(&mut wanted.color, color).then_some(Field::Color));
            let description = label.description.clone();
            fields.extend(disagree(&mut wanted.description, description).then_some(Field::Description));
            fields.extend(gone.then_some(Field::DeleteAfter));
            let older = wanted.policy.clone();
            for field in fields {
                self.conflict(&label.name, field, &older, policy);
            }
        } else if self.declared.retired.contains(&key) {
            if !gone {
                let older = self.said_by.get(&key).cloned().unwrap_or_default();
                self.conflict(&label.name, Field::DeleteAfter, &older, policy);
            }
        } else if gone {
            self.declared.retired.insert(key.clone());
            self.said_by.insert(key, policy.to_owned());
        } else {
            let wanted = Wanted {
                name: label.name.clone(),
                color: label.color.as_ref().map(|color| color.to_lowercase()),
                description: label.description.clone(),
                policy: policy.to_owned(),
            };
            self.declared.labels.insert(key, wanted);
        }
    }

    fn take_former(&mut self, policy: &str, label: &Label, now: Timestamp) {
        let key = label.name.to_lowercase();
        if !self.declared.labels.contains_key(&key) {
            // What is to go takes nobody's place.
            return;
        }
        for former in &label.previously {
            let name = former.name.to_lowercase();
            // A label that is declared is no former name of another.
            if let Some(wanted) = self.declared.labels.get(&name) {
                let older = wanted.policy.clone();
                self.conflict(&former.name, Field::Previously, &older, policy);
            } else if former.delete_after.is_some_and(|end| end <= now) {
                self.declared.retired.insert(name);
            } else if let Some(became) = self.declared.former.get(&name) {
                if *became != key {
                    let older = self.said_by.get(&name).cloned().unwrap_or_default();
                    self.conflict(&former.name, Field::Previously, &older, policy);
                }
            } else {
                self.declared.retired.remove(&name);
                self.said_by.insert(name.clone(), policy.to_owned());
                self.declared.former.insert(name, key.clone());
            }
        }
    }

    fn conflict(&mut self, label: &str, field: Field, older: &str, newer: &str) {
        let (label, older, newer) = (label.to_owned(), older.to_owned(), newer.to_owned());
        self.declared.conflicts.push(Conflict { label, field, older, newer });
    }
}

/// Whether the newer text contradicts the older one; where the older says nothing, the newer counts.
fn disagree(older: &mut Option<String>, newer: Option<String>) -> bool {
    match (&older, newer) {
        (Some(older), Some(newer)) => *older != newer,
        (None, newer) => {
            *older = newer;
            false
        }
        (Some(_), None) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::label_policy::FormerLabel;

    fn label(name: &str, color: &str) -> Label {
        Label { name: name.to_owned(), color: Some(color.to_owned()), ..Label::default() }
    }

    fn spec(labels: Vec<Label>, prune: Option<Prune>) -> LabelPolicySpec {
        LabelPolicySpec { labels, prune, ..LabelPolicySpec::default() }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_policy_applies_to_what_it_names_and_does_not_leave_out() {
        let mut house = spec(Vec::new(), None);
        house.repositories = vec!["acme/*".to_owned(), "other/one".to_owned()];
        house.exclude = vec!["acme/website".to_owned()];
        let applies = |owner, name| applies(&house, &RepoName::new(owner, name));
        assert!(applies("Acme", "widgets") && applies("other", "one"));
        assert!(!applies("acme", "Website") && !applies("other", "two"));
    }

    #[test]
    fn a_rule_that_nothing_acts_on_is_named() {
        let mut house = spec(Vec::new(), None);
        house.rules = vec![api::label_policy::LabelRule { name: "size".into(), ..Default::default() }];
        let told = &warnings(&house)[0];
        assert!(told.path == "spec.rules[0]" && told.message.contains("size"), "{told}");
    }

    #[test]
    fn the_older_policy_counts_and_the_conflict_names_both() {
        let (house, team) =
            (spec(vec![label("bug", "ff0000")], None), spec(vec![label("BUG", "00ff00")], None));
        let policies = [
            Policy { name: "team", created: at(2), spec: &team },
            Policy { name: "house", created: at(1), spec: &house },
        ];
        let declared = declare(&policies, at(9));
        assert_eq!(declared.labels["bug"].color.as_deref(), Some("ff0000"));
        let fields: Vec<Field> = declared.conflicts.iter().map(|conflict| conflict.field).collect();
        assert_eq!(fields, [Field::Name, Field::Color]);
        assert!(declared.conflicts.iter().all(|c| c.older == "house" && c.newer == "team"));
    }

    #[test]
    fn what_only_one_policy_says_is_no_conflict() {
        let bare = Label { name: "bug".to_owned(), ..Label::default() };
        let (house, team) = (spec(vec![bare], None), spec(vec![label("bug", "00ff00")], None));
        let policies = [
            Policy { name: "house", created: at(1), spec: &house },
            Policy { name: "team", created: at(2), spec: &team },
        ];
        let declared = declare(&policies, at(9));
        assert!(declared.conflicts.is_empty());
        assert_eq!(declared.labels["bug"].color.as_deref(), Some("00ff00"));
    }

    #[test]
    fn deleting_needs_every_policy() {
        let wish = |wishes: &[Option<Prune>]| {
            let specs: Vec<LabelPolicySpec> = wishes.iter().map(|wish| spec(Vec::new(), *wish)).collect();
            let policies: Vec<Policy<'_>> =
                specs.iter().map(|spec| Policy { name: "p", created: at(1), spec }).collect();
            declare(&policies, at(9)).prune
        };
        assert_eq!(wish(&[Some(Prune::Delete), Some(Prune::Delete)]), Prune::Delete);
        assert_eq!(wish(&[Some(Prune::Delete), None]), Prune::Report);
        assert_eq!(wish(&[Some(Prune::Ignore), Some(Prune::Delete)]), Prune::Report);
        assert_eq!(wish(&[Some(Prune::Ignore)]), Prune::Ignore);
    }

    #[test]
    fn a_declared_label_is_no_former_name() {
        let mut kind = label("kind/bug", "ff0000");
        kind.previously = vec![FormerLabel { name: "Bug".to_owned(), delete_after: None }];
        let house = spec(vec![kind, label("bug", "00ff00")], None);
        let declared = declare(&[Policy { name: "house", created: at(1), spec: &house }], at(9));
        assert!(declared.former.is_empty());
        assert_eq!(declared.conflicts[0].field, Field::Previously);
    }

    #[test]
    fn a_label_past_its_end_is_to_go_and_one_before_it_is_kept() {
        let ending = |end| Label { delete_after: Some(at(end)), ..label("old", "ff0000") };
        let gone = |end| {
            let house = spec(vec![ending(end)], None);
            let declared = declare(&[Policy { name: "house", created: at(1), spec: &house }], at(9));
            (declared.labels.len(), declared.retired.len())
        };
        assert_eq!(gone(9), (0, 1));
        assert_eq!(gone(10), (1, 0));
    }
}
