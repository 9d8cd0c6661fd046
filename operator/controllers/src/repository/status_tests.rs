//! What people read about a Repository.

use super::*;
use api::repository::Mode;
use decide::{facts::RepoName, govern::GovernReason};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(minute * 60).unwrap()
}

fn object() -> Repository {
    let spec = json!({ "mode": "Active", "github": { "owner": "acme", "repositories": ["*"] } });
    let mut object = Repository::new("acme", serde_json::from_value(spec).unwrap());
    object.metadata.generation = Some(3);
    object
}

fn standing(modes: &[(Mode, usize)]) -> Standing {
    let number = modes.iter().map(|(_, count)| count).sum::<usize>();
    Standing {
        may_govern: Ok(()),
        governed: (0..number).map(|n| RepoName::new("acme", format!("r{n}"))).collect::<BTreeSet<_>>(),
        modes: modes.iter().copied().collect::<BTreeMap<_, _>>(),
        deviations: Vec::new(),
        conflicts: Vec::new(),
    }
}

const GOOD: CredentialsView<'static> = CredentialsView::Good { secret: "acme-github", login: "acme-bot" };

fn unanswered() -> CredentialsView<'static> {
    CredentialsView::Unanswered {
        message: "no usable answer from GitHub".into(),
        limited_until: Some(at(90)),
    }
}

struct Look {
    object: Repository,
    standing: Standing,
    hooks: Hooks,
    settings: Vec<Problem>,
    recovered: Option<Timestamp>,
}

impl Look {
    fn new() -> Self {
        Self {
            object: object(),
            standing: standing(&[(Mode::Active, 2)]),
            hooks: Hooks::NotOurs,
            settings: Vec::new(),
            recovered: None,
        }
    }

    fn at(&self, minute: i64, credentials: CredentialsView<'_>) -> RepositoryStatus {
        summarise(&Seen {
            object: &self.object,
            credentials,
            standing: &self.standing,
            hooks: &self.hooks,
            settings: &self.settings,
            recovered: self.recovered,
            now: at(minute),
        })
    }
}

fn told(status: &RepositoryStatus, type_: ConditionType) -> String {
    let found = status.conditions.iter().find(|condition| condition.type_ == type_.as_str());
    found.map_or_else(String::new, |c| format!("{}/{}", c.status, c.reason))
}

fn message(status: &RepositoryStatus, type_: ConditionType) -> String {
    let found = status.conditions.iter().find(|condition| condition.type_ == type_.as_str());
    found.map_or_else(String::new, |c| c.message.clone())
}

fn hook(health: Option<Health>, trouble: Option<&str>) -> Hooks {
    let source = Source::Repository(RepoName::new("acme", "widgets"));
    let trouble = trouble.map(ToOwned::to_owned);
    let url = "https://ci.example.org/hook".to_owned();
    Hooks::Seen { url, hooks: vec![SeenHook { source, health, trouble }] }
}

#[test]
fn a_repository_that_is_served_is_ready_and_shows_its_mode() {
    let status = Look::new().at(1, GOOD);
    assert_eq!(told(&status, ConditionType::Ready), "True/Active");
    assert_eq!(told(&status, ConditionType::CredentialsValid), "True/Accepted");
    assert_eq!(told(&status, ConditionType::Stalled), "False/Settled");
    assert_eq!((status.governs, status.observed_generation), (Some(2), Some(3)));
}

#[test]
fn a_shadow_is_ready_and_says_how_to_begin() {
    let look = Look { standing: standing(&[(Mode::Shadow, 1)]), ..Look::new() };
    let status = look.at(1, GOOD);
    assert_eq!(told(&status, ConditionType::Ready), "True/Shadow");
    assert!(message(&status, ConditionType::Ready).contains("set mode: Active"));
    let mixed = Look { standing: standing(&[(Mode::Active, 2), (Mode::Paused, 1)]), ..Look::new() };
    let status = mixed.at(1, GOOD);
    assert_eq!(told(&status, ConditionType::Ready), "True/Mixed");
    assert_eq!(message(&status, ConditionType::Ready), "Repositories: 2 in mode Active, 1 in mode Paused.");
}

#[test]
fn wrong_credentials_stall_and_name_the_secret_and_the_key() {
    let message_ = "Secret acme-github, key token: is missing";
    let status = Look::new().at(1, CredentialsView::Wrong { reason: "KeyMissing", message: message_ });
    assert_eq!(told(&status, ConditionType::CredentialsValid), "False/KeyMissing");
    assert_eq!(told(&status, ConditionType::Stalled), "True/CredentialsInvalid");
    assert_eq!(message(&status, ConditionType::Ready), message_);
}

#[test]
fn an_owner_that_another_namespace_has_stalls_and_names_it() {
    let mut look = Look::new();
    look.standing.may_govern = Err(GovernReason::Claimed { what: "acme".into(), by: "first".into() });
    let status = look.at(1, GOOD);
    assert_eq!(told(&status, ConditionType::Stalled), "True/Claimed");
    assert!(message(&status, ConditionType::Ready).contains("namespace first"));
}

#[test]
fn while_github_does_not_answer_what_was_known_stays() {
    let mut look = Look { hooks: hook(Some(Health::Delivering), None), ..Look::new() };
    let before = look.at(1, GOOD);
    look.object.status = Some(before.clone());
    look.hooks = Hooks::NotOurs;
    look.standing = standing(&[]);
    let status = look.at(5, unanswered());
    assert_eq!(status.governs, Some(2));
    for type_ in [ConditionType::Ready, ConditionType::CredentialsValid] {
        assert_eq!(told(&status, type_), told(&before, type_));
    }
    assert_eq!(status.webhook, before.webhook);
    assert_eq!(told(&status, ConditionType::Reconciling), "True/GitHubDoesNotAnswer");
    assert_eq!(told(&status, ConditionType::ApiBudget), "False/UsedUp");
    assert!(message(&status, ConditionType::ApiBudget).contains("1970-01-01T01:30:00Z"));
}

#[test]
fn a_new_object_is_not_ready_before_github_answered() {
    let status = Look::new().at(1, unanswered());
    assert_eq!(told(&status, ConditionType::Ready), "False/NotKnownYet");
}

#[test]
fn the_same_facts_later_are_the_same_status() {
    let mut look = Look { hooks: hook(Some(Health::Delivering), None), ..Look::new() };
    let first = look.at(1, GOOD);
    look.object.status = Some(first.clone());
    assert_eq!(look.at(99, GOOD), first);
}

#[test]
fn a_hook_that_fails_is_told_with_since_when() {
    let of = |hooks| told(&Look { hooks, ..Look::new() }.at(200, GOOD), ConditionType::WebhookHealthy);
    assert_eq!(of(hook(Some(Health::Failing { since: at(7) }), None)), "False/NotArriving");
    assert_eq!(of(hook(Some(Health::Silent), None)), "True/NoneYet");
    assert_eq!(of(hook(Some(Health::Delivering), Some("GitHub forbids it"))), "False/NotKept");
    assert_eq!(of(hook(None, None)), "", "what GitHub does not show is not told");
    assert_eq!(of(Hooks::NoAddress), "False/NoAddress");
    assert_eq!(of(Hooks::NotOurs), "");
    let failing = Look { hooks: hook(Some(Health::Failing { since: at(7) }), None), ..Look::new() };
    let status = failing.at(200, GOOD);
    assert!(message(&status, ConditionType::WebhookHealthy).contains("since 1970-01-01T00:07:00Z"));
}

#[test]
fn a_recovery_is_remembered_over_a_restart() {
    let mut look = Look { hooks: hook(Some(Health::Delivering), None), ..Look::new() };
    look.recovered = Some(at(4));
    let first = look.at(5, GOOD);
    look.object.status = Some(first);
    look.recovered = None;
    let last = look.at(9, GOOD).webhook.and_then(|webhook| webhook.last_recovered);
    assert_eq!(last, Some(Time(at(4))));
}

#[test]
fn invalid_settings_are_told_by_every_repository() {
    let settings = vec![Problem::error("runs.settle", "write it as in 90m")];
    let status = Look { settings, ..Look::new() }.at(1, GOOD);
    assert_eq!(told(&status, ConditionType::Warnings), "True/Problems");
    assert!(status.problems[0].message.contains("runs.settle: write it as in 90m"));
}

#[test]
fn what_others_wrote_into_the_status_is_no_difference() {
    let mut look = Look::new();
    let mut before = look.at(1, GOOD);
    condition::set(&mut before.conditions, ConditionType::CanMark, true, "Can", "", None, &Time(at(1)));
    before.shadow.push(api::repository::ShadowDifference::default());
    look.object.status = Some(before);
    let after = look.at(2, GOOD);
    assert_eq!(told(&after, ConditionType::CanMark), "");
    assert_eq!(own(look.object.status.as_ref()), after);
}

#[test]
fn looks_follow_when_a_repository_becomes_ready_or_says_something_else() {
    let mut look = Look::new();
    let ready = look.at(1, GOOD);
    assert!(is_news(None, &ready));
    assert!(!is_news(Some(&ready), &ready));
    look.object.metadata.generation = Some(4);
    assert!(is_news(Some(&ready), &look.at(2, GOOD)));
    let unready = Look::new().at(1, unanswered());
    assert!(!is_news(None, &unready) && is_news(Some(&unready), &ready));
}
