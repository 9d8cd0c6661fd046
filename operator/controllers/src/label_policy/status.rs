//! The status of a LabelPolicy: how far GitHub is from it, and where others declare otherwise.

use super::{apply::Outcome, observe::Named};
use crate::{context::Context, runtime};
use api::{
    LabelPolicy,
    condition::{self, ConditionType},
    label_policy::{LabelConflict, LabelDrift, LabelPolicyStatus, LabelSummary},
    problem::Problem,
};
use decide::label::{self, Drift};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{Api, ResourceExt};
use std::collections::BTreeSet;

const MANAGER: &str = "bowsprit-label-policy";
const DRIFT_MAX: usize = 500;
const CONFLICTS_MAX: usize = 100;
const PROBLEMS_MAX: usize = 50;

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The status after a look.
pub(super) fn summarise(
    object: &LabelPolicy,
    named: &Named,
    outcomes: &[Outcome],
    now: Timestamp,
) -> LabelPolicyStatus {
    let before = object.status.clone().unwrap_or_default();
    let problems = problems(object, named, outcomes);
    let drift = drift(outcomes, &before);
    let conflicts = conflicts(&object.name_any(), outcomes);
    let conflicting: BTreeSet<&str> = conflicts.iter().map(|conflict| conflict.label.as_str()).collect();
    let summary = LabelSummary {
        conflicts: count(conflicting.len()),
        drift: drift.iter().map(|drift| drift.missing + drift.different + drift.extra).sum(),
        repositories: count(named.repositories.len()),
    };
    let generation = object.metadata.generation;
    let mut conditions = before.conditions;
    for word in words(named, outcomes, &problems, &summary) {
        let Word { type_, status, reason, message } = word;
        condition::set(&mut conditions, type_, status, reason, &message, generation, &Time(now));
    }
    conditions.sort_by(|one, other| one.type_.cmp(&other.type_));
    let omitted = drift.len().saturating_sub(DRIFT_MAX);
    LabelPolicyStatus {
        conditions,
        conflicts: conflicts.into_iter().take(CONFLICTS_MAX).collect(),
        drift: drift.into_iter().take(DRIFT_MAX).collect(),
        drift_omitted: (omitted > 0).then(|| count(omitted)),
        observed_generation: generation,
        problems: problems.into_iter().take(PROBLEMS_MAX).collect(),
        summary: Some(summary),
    }
}

/// Errors first: they must not be crowded out.
fn problems(object: &LabelPolicy, named: &Named, outcomes: &[Outcome]) -> Vec<Problem> {
    let mut problems = named.problems.clone();
    problems.extend(outcomes.iter().filter_map(|outcome| {
        let refused = outcome.refused.as_ref()?;
        Some(Problem::error("", format!("{}: {refused}", outcome.repository)))
    }));
    problems.extend(label::warnings(&object.spec));
    problems.sort_by_key(|problem| !problem.is_error());
    problems
}

/// The repositories that differ; of one that could not be asked what was known.
fn drift(outcomes: &[Outcome], before: &LabelPolicyStatus) -> Vec<LabelDrift> {
    let known = |outcome: &Outcome| {
        let repository = outcome.repository.to_string();
        match outcome.drift {
            Some(drift) if drift == Drift::default() => None,
            Some(Drift { missing, different, extra }) => Some(LabelDrift {
                different: count(different),
                extra: count(extra),
                missing: count(missing),
                repository,
            }),
            None => before.drift.iter().find(|known| known.repository == repository).cloned(),
        }
    };
    outcomes.iter().filter_map(known).collect()
}

/// What other policies declare otherwise, each once over all repositories.
fn conflicts(name: &str, outcomes: &[Outcome]) -> Vec<LabelConflict> {
    let all: BTreeSet<(String, &'static str, String)> = outcomes
        .iter()
        .flat_map(|outcome| &outcome.conflicts)
        .filter_map(|conflict| {
            let with = match (conflict.older == name, conflict.newer == name) {
                (true, _) => &conflict.newer,
                (false, true) => &conflict.older,
                (false, false) => return None,
            };
            Some((conflict.label.clone(), conflict.field.name(), with.clone()))
        })
        .collect();
    let conflict =
        |(label, field, with): (String, &str, String)| LabelConflict { field: field.to_owned(), label, with };
    all.into_iter().map(conflict).collect()
}

struct Word {
    type_: ConditionType,
    status: bool,
    reason: &'static str,
    message: String,
}

fn words(named: &Named, outcomes: &[Outcome], problems: &[Problem], summary: &LabelSummary) -> Vec<Word> {
    use ConditionType::{Ready, Reconciling, Stalled};
    let word =
        |type_, status, reason, message: &str| Word { type_, status, reason, message: message.to_owned() };
    let (warns, warnings) = match problems {
        [] => (false, "Everything that the object says has its effect.".to_owned()),
        [only] => (true, only.to_string()),
        [first, more @ ..] => (true, format!("{first} And {} more in status.problems.", more.len())),
    };
    let mut words = vec![
        word(ConditionType::Warnings, warns, if warns { "Problems" } else { "None" }, &warnings),
        in_sync(outcomes, summary),
    ];
    let errors = problems.iter().find(|problem| problem.is_error());
    let unanswered =
        named.unanswered.iter().chain(outcomes.iter().filter_map(|o| o.unanswered.as_ref())).next();
    let settled = "Nothing is to be done.";
    match (errors, unanswered) {
        (Some(problem), _) => {
            let none = named.repositories.is_empty();
            let reason = if none { "NotGoverned" } else { "Refused" };
            let message = problem.to_string();
            words.push(word(Ready, false, reason, &message));
            words.push(word(Reconciling, false, "Settled", settled));
            words.push(word(Stalled, true, reason, &message));
        }
        (None, Some(error)) => {
            let message = error.to_string();
            words.push(word(Ready, false, "GitHubDoesNotAnswer", &message));
            words.push(word(Reconciling, true, "GitHubDoesNotAnswer", &message));
            words.push(word(Stalled, false, "Settled", settled));
        }
        (None, None) => {
            let message = format!("In force for {} repositories.", summary.repositories);
            words.push(word(Ready, true, "InForce", &message));
            words.push(word(Reconciling, false, "Settled", settled));
            words.push(word(Stalled, false, "Settled", settled));
        }
    }
    words
}

fn in_sync(outcomes: &[Outcome], summary: &LabelSummary) -> Word {
    let word = |status, reason, message| Word { type_: ConditionType::InSync, status, reason, message };
    if let Some(outcome) = outcomes.iter().find(|outcome| outcome.unanswered.is_some()) {
        return word(false, "Unknown", format!("GitHub did not answer for {}.", outcome.repository));
    }
    if let Some((outcome, refused)) = outcomes.iter().find_map(|o| Some((o, o.refused.as_ref()?))) {
        return word(false, "Refused", format!("{}: {refused}", outcome.repository));
    }
    if summary.drift == 0 {
        return word(true, "AsDeclared", "The labels on GitHub are as declared.".to_owned());
    }
    match outcomes.iter().find_map(|outcome| Some((outcome, outcome.closed?))) {
        Some((outcome, mode)) => word(
            false,
            "NotActive",
            format!(
                "{} labels differ; {} is in mode {mode}, so nothing is changed there.",
                summary.drift, outcome.repository
            ),
        ),
        None => word(false, "Drift", format!("{} labels differ; status.drift tells where.", summary.drift)),
    }
}

/// Writes the status if it says something new.
pub(super) async fn write(
    context: &Context,
    object: &LabelPolicy,
    new: &LabelPolicyStatus,
) -> Result<(), kube::Error> {
    let api: Api<LabelPolicy> =
        Api::namespaced(context.home.clone(), &object.namespace().unwrap_or_default());
    let name = object.name_any();
    runtime::status::apply(&api, &context.writes, MANAGER, &name, object.status.as_ref(), new).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use decide::{
        facts::RepoName,
        label::{Conflict, Field},
    };
    use forge::ForgeError;
    use serde_json::json;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(minute * 60).unwrap()
    }

    fn object() -> LabelPolicy {
        let spec = json!({ "repositories": ["acme/*"], "labels": [] });
        let mut object = LabelPolicy::new("house", serde_json::from_value(spec).unwrap());
        object.metadata.generation = Some(2);
        object
    }

    fn outcome(name: &str, drift: Option<Drift>) -> Outcome {
        Outcome { drift, ..Outcome::of(&RepoName::new("acme", name)) }
    }

    fn named(outcomes: &[Outcome]) -> Named {
        let repositories = outcomes.iter().map(|outcome| outcome.repository.clone()).collect();
        Named { repositories, ..Named::default() }
    }

    fn look(object: &LabelPolicy, outcomes: &[Outcome]) -> LabelPolicyStatus {
        summarise(object, &named(outcomes), outcomes, at(1))
    }

    fn told(status: &LabelPolicyStatus, type_: ConditionType) -> String {
        let found = status.conditions.iter().find(|c| c.type_ == type_.as_str()).unwrap();
        format!("{}/{}", found.status, found.reason)
    }

    const DIFFERS: Drift = Drift { missing: 0, different: 1, extra: 4 };

    #[test]
    fn only_repositories_that_differ_are_listed_and_all_are_counted() {
        let outcomes = [outcome("gears", Some(Drift::default())), outcome("widgets", Some(DIFFERS))];
        let status = look(&object(), &outcomes);
        let summary = status.summary.unwrap();
        assert_eq!((summary.repositories, summary.drift), (2, 5));
        assert_eq!(status.drift.len(), 1);
        assert_eq!((status.drift[0].repository.as_str(), status.drift[0].extra), ("acme/widgets", 4));
        assert_eq!(told(&status, ConditionType::InSync), "False/Drift");
        assert_eq!(told(&status, ConditionType::Ready), "True/InForce");
    }

    #[test]
    fn labels_as_declared_are_in_sync() {
        let status = look(&object(), &[outcome("widgets", Some(Drift::default()))]);
        assert_eq!(told(&status, ConditionType::InSync), "True/AsDeclared");
        assert_eq!(told(&status, ConditionType::Warnings), "False/None");
    }

    #[test]
    fn a_repository_that_is_not_active_says_why_nothing_is_changed() {
        let shadow = Outcome { closed: Some("Shadow"), ..outcome("widgets", Some(DIFFERS)) };
        let status = look(&object(), &[shadow]);
        assert_eq!(told(&status, ConditionType::InSync), "False/NotActive");
        assert_eq!(told(&status, ConditionType::Stalled), "False/Settled");
    }

    #[test]
    fn both_policies_show_a_conflict_and_a_third_does_not() {
        let conflict = Conflict {
            label: "kind/bug".into(),
            field: Field::Color,
            older: "house".into(),
            newer: "team".into(),
        };
        let with = |name| Outcome { conflicts: vec![conflict.clone()], ..outcome(name, Some(DIFFERS)) };
        let outcomes = [with("gears"), with("widgets")];
        let shown = |policy: &str| {
            let mut object = object();
            object.metadata.name = Some(policy.to_owned());
            let status = look(&object, &outcomes);
            let conflicts = status.conflicts.iter().map(|c| format!("{} {} {}", c.label, c.field, c.with));
            (conflicts.collect::<Vec<_>>(), status.summary.map(|summary| summary.conflicts))
        };
        assert_eq!(shown("house"), (vec!["kind/bug color team".to_owned()], Some(1)));
        assert_eq!(shown("team"), (vec!["kind/bug color house".to_owned()], Some(1)));
        assert_eq!(shown("other"), (Vec::new(), Some(0)));
    }

    #[test]
    fn a_policy_for_what_its_namespace_does_not_govern_stalls() {
        let problem = Problem::error("spec.repositories[0]", "NotGoverned: acme is governed by another");
        let named = Named { problems: vec![problem], ..Named::default() };
        let status = summarise(&object(), &named, &[], at(1));
        assert_eq!(told(&status, ConditionType::Stalled), "True/NotGoverned");
    }

    #[test]
    fn what_github_refuses_for_one_repository_is_told_beside_the_others() {
        let refused = Outcome { refused: Some("GitHub forbids it".into()), ..outcome("widgets", None) };
        let status = look(&object(), &[outcome("gears", Some(Drift::default())), refused]);
        assert_eq!(told(&status, ConditionType::Stalled), "True/Refused");
        assert_eq!(status.problems[0].message, "acme/widgets: GitHub forbids it");
        assert_eq!(told(&status, ConditionType::InSync), "False/Refused");
    }

    #[test]
    fn of_a_repository_that_cannot_be_asked_what_was_known_stays() {
        let mut object = object();
        object.status = Some(look(&object, &[outcome("widgets", Some(DIFFERS))]));
        let limited = ForgeError::RateLimited { until: at(90) };
        let silent = Outcome { unanswered: Some(limited), ..outcome("widgets", None) };
        let status = look(&object, &[silent]);
        assert_eq!(status.drift, object.status.clone().unwrap().drift);
        assert_eq!(told(&status, ConditionType::Reconciling), "True/GitHubDoesNotAnswer");
        assert_eq!(told(&status, ConditionType::InSync), "False/Unknown");
    }

    #[test]
    fn rules_that_nothing_acts_on_are_named() {
        let mut object = object();
        object.spec.rules =
            vec![api::label_policy::LabelRule { name: "one-kind".into(), ..Default::default() }];
        let status = look(&object, &[outcome("widgets", Some(Drift::default()))]);
        assert_eq!(told(&status, ConditionType::Warnings), "True/Problems");
        assert!(status.problems[0].message.contains("one-kind"));
        assert_eq!(told(&status, ConditionType::Ready), "True/InForce");
    }

    #[test]
    fn the_same_facts_later_are_the_same_status() {
        let outcomes = [outcome("widgets", Some(DIFFERS))];
        let mut object = object();
        let first = look(&object, &outcomes);
        object.status = Some(first.clone());
        assert_eq!(summarise(&object, &named(&outcomes), &outcomes, at(99)), first);
    }
}
