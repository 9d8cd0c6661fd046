//! Claims: without tenants, an owner's repositories belong to the namespace that first proved credentials for the owner,
//! for as long as it has a Repository of that owner (DESIGN G1). The claims stand in a ConfigMap of the installation.

use crate::reason::{Planned, Reason};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// Which namespace has which owner; owners in lower case, as GitHub compares them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims(BTreeMap<String, String>);

impl Claims {
    /// From what was recorded: owner and namespace.
    pub fn new(recorded: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(recorded.into_iter().map(|(owner, namespace)| (owner.to_lowercase(), namespace)).collect())
    }

    /// The namespace of an owner.
    pub fn of(&self, owner: &str) -> Option<&str> {
        self.0.get(&owner.to_lowercase()).map(String::as_str)
    }

    /// Owner and namespace, as they are recorded.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(owner, namespace)| (owner.as_str(), namespace.as_str()))
    }
}

/// A Repository object that may claim its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applicant {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The owner that it names.
    pub owner: String,
    /// When it was created.
    pub created: Timestamp,
    /// Whether GitHub has accepted its credentials for the owner.
    pub proven: bool,
}

/// A change of the recorded claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimChange {
    /// The namespace gets the owner.
    Take {
        /// The owner, in lower case.
        owner: String,
        /// The namespace.
        namespace: String,
    },
    /// The namespace loses the owner.
    Release {
        /// The owner, in lower case.
        owner: String,
        /// The namespace.
        namespace: String,
    },
}

/// Why a claim changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimReason {
    /// The oldest Repository of the owner with proven credentials is this one.
    FirstProven {
        /// Its name.
        repository: String,
    },
    /// The namespace has no Repository of the owner any more.
    NoRepositoryLeft,
}

impl Reason for ClaimReason {
    fn name(&self) -> &'static str {
        match self {
            Self::FirstProven { .. } => "FirstProven",
            Self::NoRepositoryLeft => "NoRepositoryLeft",
        }
    }

    fn sentence(&self) -> String {
        match self {
            Self::FirstProven { repository } => {
                format!(
                    "repository/{repository} is the first whose credentials GitHub accepted for this owner."
                )
            }
            Self::NoRepositoryLeft => "The namespace has no Repository of this owner any more.".to_owned(),
        }
    }
}

/// The claims after a look, and how they came about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClaimsPlan {
    /// What to record before anybody acts on it.
    pub claims: Claims,
    /// What changes.
    pub changes: Vec<Planned<ClaimChange, ClaimReason>>,
}

/// Who has which owner, from what was recorded and the Repository objects that there are.
///
/// A claim whose namespace still has a Repository of the owner stays, even if its credentials have expired: nobody
/// takes a project over by being quicker with a new token.
pub fn plan_claims(recorded: &Claims, applicants: &[Applicant]) -> ClaimsPlan {
    let owners: BTreeSet<String> =
        applicants.iter().map(|a| a.owner.to_lowercase()).chain(recorded.0.keys().cloned()).collect();
    let mut plan = ClaimsPlan::default();
    for owner in owners {
        let of_owner = || applicants.iter().filter(|a| a.owner.to_lowercase() == owner);
        let held = recorded.0.get(&owner);
        if let Some(namespace) = held {
            if of_owner().any(|a| a.namespace == *namespace) {
                plan.claims.0.insert(owner, namespace.clone());
                continue;
            }
            let change = ClaimChange::Release { owner: owner.clone(), namespace: namespace.clone() };
            plan.changes.push(Planned::new(change, ClaimReason::NoRepositoryLeft));
        }
        let first = of_owner().filter(|a| a.proven).min_by_key(|a| (a.created, &a.namespace, &a.name));
        if let Some(first) = first {
            let change = ClaimChange::Take { owner: owner.clone(), namespace: first.namespace.clone() };
            let why = ClaimReason::FirstProven { repository: first.name.clone() };
            plan.changes.push(Planned::new(change, why));
            plan.claims.0.insert(owner, first.namespace.clone());
        }
    }
    plan
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applicant(namespace: &str, owner: &str, created: i64, proven: bool) -> Applicant {
        let created = Timestamp::from_second(created).unwrap();
        Applicant { namespace: namespace.into(), name: "all".into(), owner: owner.into(), created, proven }
    }

    fn claims(recorded: &[(&str, &str)]) -> Claims {
        Claims::new(recorded.iter().map(|(owner, namespace)| ((*owner).into(), (*namespace).into())))
    }

    #[test]
    fn the_first_with_proven_credentials_gets_the_owner() {
        let applicants = [
            applicant("unproven", "acme", 1, false),
            applicant("second", "Acme", 3, true),
            applicant("first", "acme", 2, true),
        ];
        let plan = plan_claims(&Claims::default(), &applicants);
        assert_eq!(plan.claims.of("ACME"), Some("first"));
        assert_eq!(plan.changes.len(), 1);
        assert_eq!(plan.changes[0].why.name(), "FirstProven");
    }

    #[test]
    fn without_proof_nobody_gets_it() {
        let plan = plan_claims(&Claims::default(), &[applicant("a", "acme", 1, false)]);
        assert_eq!(plan, ClaimsPlan::default());
    }

    #[test]
    fn a_claim_stays_although_its_credentials_expired_and_others_are_older() {
        let recorded = claims(&[("acme", "holder")]);
        let applicants = [applicant("holder", "acme", 9, false), applicant("other", "acme", 1, true)];
        let plan = plan_claims(&recorded, &applicants);
        assert_eq!(plan.claims, recorded);
        assert_eq!(plan.changes, []);
    }

    #[test]
    fn a_claim_goes_with_the_last_repository_and_the_next_in_line_gets_it() {
        let recorded = claims(&[("acme", "gone"), ("other", "gone")]);
        let plan = plan_claims(&recorded, &[applicant("next", "acme", 1, true)]);
        assert_eq!(plan.claims, claims(&[("acme", "next")]));
        let names: Vec<_> = plan.changes.iter().map(|change| change.why.name()).collect();
        assert_eq!(names, ["NoRepositoryLeft", "FirstProven", "NoRepositoryLeft"]);
    }

    #[test]
    fn of_two_as_old_as_each_other_the_namespace_decides() {
        let mut applicants = vec![applicant("b", "acme", 1, true), applicant("a", "acme", 1, true)];
        let plan = plan_claims(&Claims::default(), &applicants);
        applicants.reverse();
        assert_eq!(plan, plan_claims(&Claims::default(), &applicants));
        assert_eq!(plan.claims.of("acme"), Some("a"));
    }

    #[test]
    fn looking_again_changes_nothing() {
        let applicants = [applicant("a", "acme", 1, true), applicant("b", "acme", 2, true)];
        let plan = plan_claims(&Claims::default(), &applicants);
        let again = plan_claims(&plan.claims, &applicants);
        assert_eq!((again.claims, again.changes.len()), (plan.claims, 0));
    }
}
