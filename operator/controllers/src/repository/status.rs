//! The status of a Repository: from what was seen and done to what people read.

use super::{
    hooks::{Hooks, SeenHook},
    observe::{CredentialsView, Standing},
};
use crate::{context::Context, runtime};
use api::{
    Repository,
    condition::{self, ConditionType},
    problem::Problem,
    repository::{RepositoryStatus, WebhookSource, WebhookStatus},
};
use decide::{
    config::layers,
    reason::Reason,
    webhook::{Health, Source},
};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::{Api, ResourceExt};

const MANAGER: &str = "bowsprit-repository";
const DEVIATIONS_MAX: usize = 100;
const PROBLEMS_MAX: usize = 50;
/// The conditions that stand here; others of the object belong to others.
const OURS: [ConditionType; 7] = [
    ConditionType::Ready,
    ConditionType::Reconciling,
    ConditionType::Stalled,
    ConditionType::CredentialsValid,
    ConditionType::WebhookHealthy,
    ConditionType::ApiBudget,
    ConditionType::Warnings,
];

/// What the status is made of.
pub(super) struct Seen<'a> {
    pub(super) object: &'a Repository,
    pub(super) credentials: CredentialsView<'a>,
    pub(super) standing: &'a Standing,
    pub(super) hooks: &'a Hooks,
    /// What is wrong with the installation's settings.
    pub(super) settings: &'a [Problem],
    /// When deliveries were asked for again in this term.
    pub(super) recovered: Option<Timestamp>,
    pub(super) now: Timestamp,
}

/// One condition before it is dated.
struct Word {
    type_: ConditionType,
    status: bool,
    reason: String,
    message: String,
}

fn word(type_: ConditionType, status: bool, reason: &str, message: impl Into<String>) -> Word {
    Word { type_, status, reason: reason.to_owned(), message: message.into() }
}

/// The part of a status that is written here.
fn own(status: Option<&RepositoryStatus>) -> RepositoryStatus {
    let mut own = status.cloned().unwrap_or_default();
    own.shadow.clear(); // the looks' part: to apply it here would take it over
    own.conditions.retain(|condition| OURS.iter().any(|type_| type_.as_str() == condition.type_));
    own
}

/// The status after a look.
pub(super) fn summarise(seen: &Seen<'_>) -> RepositoryStatus {
    let before = own(seen.object.status.as_ref());
    let standing = seen.standing;
    let problems = problems(seen);
    let mut words = vec![warnings(&problems)];
    words.extend(credentials(seen, &before.conditions));
    words.extend(webhook_health(seen.hooks));
    words.extend(standing_words(seen, &before.conditions));
    let generation = seen.object.metadata.generation;
    let mut conditions: Vec<Condition> = before
        .conditions
        .iter()
        .filter(|condition| words.iter().any(|word| word.type_.as_str() == condition.type_))
        .cloned()
        .collect();
    for word in &words {
        let now = Time(seen.now);
        condition::set(
            &mut conditions,
            word.type_,
            word.status,
            &word.reason,
            &word.message,
            generation,
            &now,
        );
    }
    conditions.sort_by(|one, other| one.type_.cmp(&other.type_));
    let omitted = standing.deviations.len().saturating_sub(DEVIATIONS_MAX);
    let webhook = webhook(seen, before.webhook.as_ref());
    let mut status = RepositoryStatus {
        conditions,
        observed_generation: generation,
        problems: problems.into_iter().take(PROBLEMS_MAX).collect(),
        webhook,
        ..before
    };
    // Which repositories there are is known only from GitHub.
    if !matches!(seen.credentials, CredentialsView::Unanswered { .. }) {
        status.deviations = standing.deviations.iter().take(DEVIATIONS_MAX).cloned().collect();
        status.deviations_omitted = (omitted > 0).then(|| count(omitted));
        status.governs = Some(count(standing.governed.len()));
    }
    status
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Errors first: they must not be crowded out.
fn problems(seen: &Seen<'_>) -> Vec<Problem> {
    let mut problems = layers::warnings(seen.object);
    problems.extend(seen.standing.conflicts.iter().cloned());
    problems.extend(seen.settings.iter().map(|problem| {
        Problem::warning(
            "",
            format!(
                "The installation's settings are invalid, so the last valid version is in force: {problem}"
            ),
        )
    }));
    problems.sort_by_key(|problem| !problem.is_error());
    problems
}

fn warnings(problems: &[Problem]) -> Word {
    match problems {
        [] => word(ConditionType::Warnings, false, "None", "Everything that the object says has its effect."),
        [only] => word(ConditionType::Warnings, true, "Problems", only.to_string()),
        [first, more @ ..] => word(
            ConditionType::Warnings,
            true,
            "Problems",
            format!("{first} And {} more in status.problems.", more.len()),
        ),
    }
}

/// What was known stays known while GitHub does not answer.
fn credentials(seen: &Seen<'_>, before: &[Condition]) -> Vec<Word> {
    let budget = |limited: Option<Timestamp>| match limited {
        None => word(ConditionType::ApiBudget, true, "Enough", "GitHub's rate limit leaves room."),
        Some(until) => word(
            ConditionType::ApiBudget,
            false,
            "UsedUp",
            format!("GitHub's rate limit is used up until {until}."),
        ),
    };
    match &seen.credentials {
        CredentialsView::Good { secret, login } => vec![
            word(
                ConditionType::CredentialsValid,
                true,
                "Accepted",
                format!("GitHub accepts Secret {secret} as {login}."),
            ),
            budget(None),
        ],
        CredentialsView::Wrong { reason, message } => {
            vec![word(ConditionType::CredentialsValid, false, reason, *message)]
        }
        CredentialsView::Unanswered { message, limited_until } => {
            let kept = kept(before, ConditionType::CredentialsValid).unwrap_or_else(|| {
                word(ConditionType::CredentialsValid, false, "NotKnownYet", message.clone())
            });
            vec![kept, budget(*limited_until)]
        }
    }
}

fn kept(before: &[Condition], type_: ConditionType) -> Option<Word> {
    let condition = before.iter().find(|condition| condition.type_ == type_.as_str())?;
    Some(word(type_, condition.status == "True", &condition.reason, condition.message.clone()))
}

fn webhook_health(hooks: &Hooks) -> Option<Word> {
    let type_ = ConditionType::WebhookHealthy;
    match hooks {
        Hooks::NotOurs => None,
        Hooks::NoAddress => Some(word(
            type_,
            false,
            "NoAddress",
            "GitHub cannot be told where to send events: set web.url in the installation's settings. Until then everything is found by the sweep, some minutes later.",
        )),
        Hooks::Seen { hooks, .. } => {
            let of = |hook: &SeenHook| match &hook.source {
                Source::App => "the App".to_owned(),
                Source::Organization(organization) => organization.clone(),
                Source::Repository(repository) => repository.to_string(),
            };
            if let Some((hook, trouble)) = hooks.iter().find_map(|hook| Some((hook, hook.trouble.as_ref()?)))
            {
                return Some(word(type_, false, "NotKept", format!("The hook of {}: {trouble}", of(hook))));
            }
            let failing = hooks.iter().find_map(|hook| match hook.health {
                Some(Health::Failing { since }) => Some((hook, since)),
                Some(Health::Silent | Health::Delivering) | None => None,
            });
            if let Some((hook, since)) = failing {
                let message = format!(
                    "No delivery of the hook of {} has arrived since {since}: look at its recent deliveries on GitHub, and whether the address can be reached from there.",
                    of(hook)
                );
                return Some(word(type_, false, "NotArriving", message));
            }
            let known: Vec<Health> = hooks.iter().filter_map(|hook| hook.health).collect();
            if known.is_empty() {
                return None; // GitHub does not show it
            }
            Some(if known.contains(&Health::Delivering) {
                word(type_, true, "Arriving", "Deliveries arrive.")
            } else {
                word(type_, true, "NoneYet", "The hook is there; GitHub has sent nothing yet.")
            })
        }
    }
}

/// Ready, Reconciling and Stalled.
fn standing_words(seen: &Seen<'_>, before: &[Condition]) -> Vec<Word> {
    use ConditionType::{Ready, Reconciling, Stalled};
    let settled = |type_| word(type_, false, "Settled", "Nothing is to be done.");
    match (&seen.credentials, &seen.standing.may_govern) {
        (CredentialsView::Unanswered { message, .. }, _) => {
            let ready =
                kept(before, Ready).unwrap_or_else(|| word(Ready, false, "NotKnownYet", message.clone()));
            let stalled = kept(before, Stalled).unwrap_or_else(|| settled(Stalled));
            vec![ready, word(Reconciling, true, "GitHubDoesNotAnswer", message.clone()), stalled]
        }
        (CredentialsView::Wrong { message, .. }, _) => vec![
            word(Ready, false, "CredentialsInvalid", *message),
            settled(Reconciling),
            word(Stalled, true, "CredentialsInvalid", *message),
        ],
        (CredentialsView::Good { .. }, Err(reason)) => vec![
            word(Ready, false, reason.name(), reason.sentence()),
            settled(Reconciling),
            word(Stalled, true, reason.name(), reason.sentence()),
        ],
        (CredentialsView::Good { .. }, Ok(())) => {
            let (reason, message) = modes(seen.standing);
            vec![word(Ready, true, &reason, message), settled(Reconciling), settled(Stalled)]
        }
    }
}

/// The mode is what people must see first: a Shadow that looks ready and does nothing is a riddle.
fn modes(standing: &Standing) -> (String, String) {
    let counts: Vec<String> =
        standing.modes.iter().map(|(mode, count)| format!("{count} in mode {mode:?}")).collect();
    match (standing.modes.len(), standing.modes.keys().next()) {
        (1, Some(mode)) => {
            let effect = match mode {
                api::repository::Mode::Active => "they are served",
                api::repository::Mode::Shadow => {
                    "it is decided what to do for them, nothing is started or written; set mode: Active to begin"
                }
                api::repository::Mode::Paused => "nothing is done for them",
            };
            (format!("{mode:?}"), format!("Repositories: {}; {effect}.", counts.join(", ")))
        }
        (0, _) => (
            "NoRepositories".to_owned(),
            "None of the repositories that the object names is governed here.".to_owned(),
        ),
        _ => ("Mixed".to_owned(), format!("Repositories: {}.", counts.join(", "))),
    }
}

fn webhook(seen: &Seen<'_>, before: Option<&WebhookStatus>) -> Option<WebhookStatus> {
    let before_recovered = before.and_then(|webhook| webhook.last_recovered.clone());
    let last_recovered = seen.recovered.map(Time).max(before_recovered);
    let Hooks::Seen { url, hooks } = seen.hooks else {
        // While GitHub does not answer, what was known stays.
        let unanswered = matches!(seen.credentials, CredentialsView::Unanswered { .. });
        return before.filter(|_| unanswered).cloned();
    };
    let source = hooks.first().map(|hook| match hook.source {
        Source::App => WebhookSource::App,
        Source::Organization(_) => WebhookSource::Organization,
        Source::Repository(_) => WebhookSource::Repository,
    });
    Some(WebhookStatus { last_recovered, source, url: Some(url.clone()) })
}

/// Writes the status. True: what was decided for the repositories may have changed, so they are to be looked at.
pub(super) async fn write(
    context: &Context,
    object: &Repository,
    new: RepositoryStatus,
) -> Result<bool, kube::Error> {
    let old = object.status.as_ref().map(|status| own(Some(status)));
    let namespace = object.namespace().unwrap_or_default();
    let api: Api<Repository> = Api::namespaced(context.home.clone(), &namespace);
    let name = object.name_any();
    runtime::status::apply(&api, &context.writes, MANAGER, &name, old.as_ref(), &new).await?;
    Ok(is_news(old.as_ref(), &new))
}

/// Whether the object became ready, in another mode, for other repositories, or says something else.
fn is_news(old: Option<&RepositoryStatus>, new: &RepositoryStatus) -> bool {
    let ready = |status: &RepositoryStatus| {
        let found = status.conditions.iter().find(|c| c.type_ == ConditionType::Ready.as_str());
        found.filter(|c| c.status == "True").map(|c| c.reason.clone())
    };
    let facts = |status: &RepositoryStatus| (ready(status), status.observed_generation, status.governs);
    ready(new).is_some() && old.map(facts) != Some(facts(new))
}

#[cfg(test)]
#[path = "status_tests.rs"]
mod tests;
