//! Whom we trust with our machines: their changes are tested without a member having looked at them first.
//!
//! Facts come in, an answer with its reason goes out. The order of the questions is fixed, and the first that stays
//! unanswered ends the look: what is not known is never a yes.

use super::observed::{Answer, OK_TO_TEST, Observed, TriggerPolicy, Unanswered};
use crate::facts::{HeadSha, Login};

/// Whom a repository trusts (KINDS 1, `trust`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustPolicy {
    /// Their members are trusted; asked in this order.
    pub organizations: Vec<Login>,
    /// Whoever was invited to the repository is trusted.
    pub collaborators: bool,
    /// Apps by name, without `[bot]`.
    pub apps: Vec<Login>,
    /// Whether `/ok-to-test` has an effect. The label itself always counts.
    pub ok_to_test: bool,
    /// Until when the label counts.
    pub bind_to: BindTo,
}

/// What `ok-to-test` is bound to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BindTo {
    /// It counts for all that is pushed later.
    #[default]
    PullRequest,
    /// It stops counting at the next push.
    HeadCommit,
}

/// Why somebody, or a pull request, is trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrustedBy {
    /// It is ourselves.
    Bot,
    /// They belong to this organisation.
    Member(Login),
    /// They were invited to the repository.
    Collaborator,
    /// It is a trusted app.
    App,
    /// The pull request carries the label `ok-to-test`.
    OkToTest,
}

/// What is trusted of a person: `None` is no trust. `person` is `None` where the account is gone.
///
/// # Errors
/// Where a question before the first yes is not answered.
pub fn person(
    person: Option<&Login>,
    observed: &Observed,
    policy: &TriggerPolicy,
) -> Answer<Option<TrustedBy>> {
    let Some(person) = person else { return Ok(None) };
    if *person == policy.bot {
        return Ok(Some(TrustedBy::Bot));
    }
    let trust = &policy.trust;
    for organization in &trust.organizations {
        if belongs(person, organization, observed)? {
            return Ok(Some(TrustedBy::Member(organization.clone())));
        }
    }
    if trust.collaborators && invited(person, observed)? {
        return Ok(Some(TrustedBy::Collaborator));
    }
    if is_trusted_app(person, &trust.apps) {
        return Ok(Some(TrustedBy::App));
    }
    Ok(None)
}

/// What is trusted of a pull request: its author, or its label. `bound` is the head that the label is bound to, where
/// that is known.
///
/// # Errors
/// As [`person`]: the label does not make up for an author that we could not ask about.
pub fn pull_request(
    observed: &Observed,
    policy: &TriggerPolicy,
    bound: Option<&HeadSha>,
) -> Answer<Option<TrustedBy>> {
    if let Some(by) = person(observed.pull.author.as_ref(), observed, policy)? {
        return Ok(Some(by));
    }
    Ok(label_counts(observed, policy, bound).then_some(TrustedBy::OkToTest))
}

/// Whether the label `ok-to-test` is there and counts for the present head.
pub(super) fn label_counts(observed: &Observed, policy: &TriggerPolicy, bound: Option<&HeadSha>) -> bool {
    observed.has_label(OK_TO_TEST)
        && match policy.trust.bind_to {
            BindTo::PullRequest => true,
            BindTo::HeadCommit => bound.is_none_or(|head| *head == observed.pull.head_sha),
        }
}

fn is_trusted_app(person: &Login, apps: &[Login]) -> bool {
    person.as_str().strip_suffix("[bot]").is_some_and(|name| apps.contains(&Login::new(name)))
}

fn belongs(person: &Login, organization: &Login, observed: &Observed) -> Answer<bool> {
    observed
        .people
        .get(person)
        .and_then(|standing| standing.member_of.get(organization))
        .cloned()
        .unwrap_or_else(|| Err(not_asked(format!("whether {person} belongs to {organization}"))))
}

fn invited(person: &Login, observed: &Observed) -> Answer<bool> {
    observed.people.get(person).map_or_else(
        || Err(not_asked(format!("whether {person} is a collaborator"))),
        |standing| standing.collaborator.clone(),
    )
}

fn not_asked(question: String) -> Unanswered {
    Unanswered { question, problem: "it was not asked".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trigger::samples::{member, observed, outsider, policy, unknown};

    fn trust_of(login: &str, standing: crate::trigger::Person) -> Answer<Option<TrustedBy>> {
        let mut observed = observed();
        observed.people.insert(Login::new(login), standing);
        person(Some(&Login::new(login)), &observed, &policy())
    }

    #[test]
    fn members_collaborators_and_trusted_apps_are_trusted() {
        assert_eq!(trust_of("robin", member("acme")), Ok(Some(TrustedBy::Member(Login::new("acme")))));
        let invited = crate::trigger::Person { collaborator: Ok(true), ..outsider() };
        assert_eq!(trust_of("kim", invited), Ok(Some(TrustedBy::Collaborator)));
        assert_eq!(trust_of("dependabot[bot]", outsider()), Ok(Some(TrustedBy::App)));
        assert_eq!(trust_of("Acme-Bot", outsider()), Ok(Some(TrustedBy::Bot)));
    }

    #[test]
    fn a_person_with_the_name_of_a_trusted_app_is_not_the_app() {
        assert_eq!(trust_of("dependabot", outsider()), Ok(None));
    }

    #[test]
    fn what_is_not_known_is_never_a_yes() {
        assert!(trust_of("robin", unknown()).is_err());
        let half = crate::trigger::Person { collaborator: unknown().collaborator, ..outsider() };
        assert!(trust_of("robin", half).is_err());
        assert!(person(Some(&Login::new("never-asked")), &observed(), &policy()).is_err());
    }

    #[test]
    fn an_account_that_is_gone_is_nobody() {
        assert_eq!(person(None, &observed(), &policy()), Ok(None));
    }

    #[test]
    fn the_label_lets_an_outsiders_change_be_tested() {
        let mut observed = observed();
        observed.people.insert(Login::new("author"), outsider());
        assert_eq!(pull_request(&observed, &policy(), None), Ok(None));
        observed.pull.labels.insert("OK-to-test".into());
        assert_eq!(pull_request(&observed, &policy(), None), Ok(Some(TrustedBy::OkToTest)));
    }

    #[test]
    fn a_bound_label_stops_counting_at_the_next_push() {
        let mut observed = observed();
        observed.people.insert(Login::new("author"), outsider());
        observed.pull.labels.insert(OK_TO_TEST.into());
        let mut policy = policy();
        policy.trust.bind_to = BindTo::HeadCommit;
        assert!(label_counts(&observed, &policy, Some(&observed.pull.head_sha)));
        assert!(!label_counts(&observed, &policy, Some(&HeadSha::new("older"))));
    }
}
