//! The hooks that bring the events: whose they are, whether they are as they must be, whether they deliver, and which
//! failed deliveries are asked for again (KINDS 1, DESIGN 5).
//!
//! Events that come twice do no harm: a webhook is a hint. So where in doubt, a hook is kept.

use crate::{facts::RepoName, reason::Reason};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// The events that a look can follow from; what else GitHub can tell is not asked for.
pub const EVENTS: [&str; 12] = [
    "check_run",
    "create",
    "delete",
    "issue_comment",
    "issues",
    "label",
    "pull_request",
    "pull_request_review",
    "pull_request_review_comment",
    "push",
    "repository",
    "status",
];

/// How long GitHub can deliver again.
const DELIVERABLE: SignedDuration = SignedDuration::from_hours(3 * 24);
/// An attempt younger than this may still be answered, and what it brought may still be on its way into the log.
const UNDER_WAY: SignedDuration = SignedDuration::from_mins(2);
/// How many deliveries of one hook are asked for at a time, so that a recovery does not use up the rate limit.
const AT_A_TIME: usize = 50;

/// Whose hook brings the events.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// The App's.
    App,
    /// An organisation's.
    Organization(String),
    /// A repository's.
    Repository(RepoName),
}

/// What decides whose hook it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ground<'a> {
    /// The account is an App.
    pub app: bool,
    /// The owner's own hooks can be seen with the account: it is an organisation, and lets us.
    pub organization: bool,
    /// An object of the namespace speaks of all repositories of the owner.
    pub all: bool,
    /// The owner.
    pub owner: &'a str,
}

/// The sources for these repositories, of which each has exactly one: the App, else the organisation where all of it is
/// served, else the repository itself.
pub fn sources(ground: Ground<'_>, repositories: &BTreeSet<RepoName>) -> Vec<Source> {
    if ground.app {
        vec![Source::App]
    } else if ground.all && ground.organization {
        vec![Source::Organization(ground.owner.to_owned())]
    } else {
        repositories.iter().cloned().map(Source::Repository).collect()
    }
}

/// A hook as GitHub has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundHook {
    /// Which events it tells of.
    pub events: BTreeSet<String>,
    /// Whether it delivers.
    pub active: bool,
    /// It was last written with the secret that is valid now, as far as we know.
    pub signed: bool,
}

/// Why a hook is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookReason {
    /// There is none.
    Missing,
    /// It does not deliver.
    Inactive,
    /// It does not tell of all that we look at.
    EventsMissing,
    /// Its secret may be another: GitHub does not show it.
    SecretUnknown,
}

impl Reason for HookReason {
    fn name(&self) -> &'static str {
        match self {
            Self::Missing => "Missing",
            Self::Inactive => "Inactive",
            Self::EventsMissing => "EventsMissing",
            Self::SecretUnknown => "SecretUnknown",
        }
    }

    fn sentence(&self) -> String {
        match self {
            Self::Missing => "There is no hook that sends to us.",
            Self::Inactive => "The hook that sends to us is switched off.",
            Self::EventsMissing => "The hook does not send all events that are needed.",
            Self::SecretUnknown => "GitHub does not show a hook's secret, so it is written once.",
        }
        .to_owned()
    }
}

/// Why the hook must be written; `None`: it is as it must be.
pub fn plan_hook(found: Option<&FoundHook>) -> Option<HookReason> {
    let Some(hook) = found else { return Some(HookReason::Missing) };
    if !hook.active {
        Some(HookReason::Inactive)
    } else if !EVENTS.iter().all(|event| hook.events.contains(*event)) && !hook.events.contains("*") {
        Some(HookReason::EventsMissing)
    } else {
        (!hook.signed).then_some(HookReason::SecretUnknown)
    }
}

/// One attempt of GitHub to deliver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// GitHub's number of the attempt.
    pub id: u64,
    /// Stays when it is delivered again.
    pub guid: String,
    /// When.
    pub at: Timestamp,
    /// Whether it was taken.
    pub arrived: bool,
}

/// Whether deliveries arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// GitHub has none to show.
    Silent,
    /// The latest arrived.
    Delivering,
    /// The latest did not arrive.
    Failing {
        /// Since when none arrived, as far back as GitHub shows.
        since: Timestamp,
    },
}

/// Whether deliveries arrive: the latest attempt tells.
pub fn health(attempts: &[Attempt]) -> Health {
    let mut attempts: Vec<&Attempt> = attempts.iter().collect();
    attempts.sort_by_key(|attempt| (attempt.at, attempt.id));
    let failing = attempts.iter().rev().take_while(|attempt| !attempt.arrived).last();
    match (failing, attempts.is_empty()) {
        (Some(first), _) => Health::Failing { since: first.at },
        (None, true) => Health::Silent,
        (None, false) => Health::Delivering,
    }
}

/// The attempts to repeat, oldest first: of deliveries that never arrived, are not `known` to the delivery log, and can
/// still be repeated.
pub fn redeliveries(attempts: &[Attempt], known: &BTreeSet<String>, now: Timestamp) -> Vec<u64> {
    let mut latest: BTreeMap<&str, &Attempt> = BTreeMap::new();
    let mut arrived: BTreeSet<&str> = known.iter().map(String::as_str).collect();
    for attempt in attempts {
        if attempt.arrived {
            arrived.insert(&attempt.guid);
        }
        let seen = latest.entry(&attempt.guid).or_insert(attempt);
        if (attempt.at, attempt.id) > (seen.at, seen.id) {
            *seen = attempt;
        }
    }
    let mut lost: Vec<&Attempt> = latest
        .into_iter()
        .filter(|(guid, _)| !arrived.contains(guid))
        .map(|(_, attempt)| attempt)
        .filter(|attempt| {
            let age = now.duration_since(attempt.at);
            age >= UNDER_WAY && age < DELIVERABLE
        })
        .collect();
    lost.sort_by_key(|attempt| (attempt.at, attempt.id));
    lost.into_iter().take(AT_A_TIME).map(|attempt| attempt.id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(minute * 60).unwrap()
    }

    fn attempt(id: u64, guid: &str, minute: i64, arrived: bool) -> Attempt {
        Attempt { id, guid: guid.into(), at: at(minute), arrived }
    }

    fn repositories() -> BTreeSet<RepoName> {
        BTreeSet::from([RepoName::new("acme", "gears"), RepoName::new("acme", "widgets")])
    }

    #[test]
    fn there_is_exactly_one_source_for_each_repository() {
        let of = |app, all, organization| {
            sources(Ground { app, organization, all, owner: "acme" }, &repositories())
        };
        assert_eq!(of(true, true, true), [Source::App]);
        assert_eq!(of(false, true, true), [Source::Organization("acme".into())]);
        let each = vec![
            Source::Repository(RepoName::new("acme", "gears")),
            Source::Repository(RepoName::new("acme", "widgets")),
        ];
        assert_eq!(of(false, false, true), each, "an organisation that is served in part");
        assert_eq!(of(false, true, false), each, "a person has no hooks of their own");
    }

    #[test]
    fn a_hook_is_written_when_something_is_missing_and_else_left_alone() {
        let right = FoundHook {
            events: EVENTS.iter().map(ToString::to_string).collect(),
            active: true,
            signed: true,
        };
        assert_eq!(plan_hook(None), Some(HookReason::Missing));
        assert_eq!(plan_hook(Some(&right)), None);
        assert_eq!(
            plan_hook(Some(&FoundHook { active: false, ..right.clone() })),
            Some(HookReason::Inactive)
        );
        assert_eq!(
            plan_hook(Some(&FoundHook { signed: false, ..right.clone() })),
            Some(HookReason::SecretUnknown)
        );
        let fewer = FoundHook { events: BTreeSet::from(["push".to_owned()]), ..right.clone() };
        assert_eq!(plan_hook(Some(&fewer)), Some(HookReason::EventsMissing));
        let all = FoundHook { events: BTreeSet::from(["*".to_owned()]), ..right };
        assert_eq!(plan_hook(Some(&all)), None);
    }

    #[test]
    fn the_latest_attempt_tells_whether_deliveries_arrive() {
        assert_eq!(health(&[]), Health::Silent);
        let attempts = [attempt(4, "c", 9, false), attempt(3, "b", 7, false), attempt(1, "a", 1, true)];
        assert_eq!(health(&attempts), Health::Failing { since: at(7) });
        assert_eq!(health(&attempts[2..]), Health::Delivering);
    }

    #[test]
    fn a_delivery_that_was_lost_is_asked_for_once_and_only_while_github_can() {
        let three_days = 3 * 24 * 60;
        let now = at(three_days + 10);
        let attempts = [
            attempt(1, "too old", 9, false),
            attempt(2, "lost", 11, false),
            attempt(3, "came later", 12, false),
            attempt(4, "came later", 13, true),
            attempt(5, "known to the log", 14, false),
            attempt(6, "lost", 15, false),
            attempt(7, "just now", three_days + 9, false),
        ];
        let known = BTreeSet::from(["known to the log".to_owned()]);
        assert_eq!(redeliveries(&attempts, &known, now), [6], "its latest attempt");
    }

    #[test]
    fn a_recovery_is_limited_and_begins_with_the_oldest() {
        let attempts: Vec<Attempt> =
            (0..80).rev().map(|n| attempt(n, &n.to_string(), i64::try_from(n).unwrap(), false)).collect();
        let asked = redeliveries(&attempts, &BTreeSet::new(), at(100));
        assert_eq!((asked.len(), asked.first()), (AT_A_TIME, Some(&0)));
    }

    #[test]
    fn every_event_that_is_asked_for_makes_a_hint() {
        let body = br#"{ "repository": { "full_name": "acme/widgets" }, "ref": "refs/heads/main", "ref_type": "branch" }"#;
        for event in EVENTS {
            assert!(!super::super::hints(event, body).is_empty(), "{event}");
        }
    }
}
