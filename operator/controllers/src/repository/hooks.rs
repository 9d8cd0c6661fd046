//! The hooks of a Repository: seen, kept right, removed, and asked again for what failed.
//!
//! Which hook and what to do about it is decided in `decide::webhook`; every write passes the gate of the repository, or
//! of all of the owner for an organisation's hook (DESIGN G2).

use super::observe::{self, Account, Credentials, Standing, said};
use crate::{
    context::{Context, NotServed},
    runtime::delivery_log::DeliveryLog,
    stores::sorted,
};
use api::{
    Repository,
    repository::{Mode, WebhookOnDelete},
};
use decide::{
    facts::RepoName,
    govern::{Deleted, DeletionStep, plan_deletion},
    reason::Reason,
    webhook::{
        self, Attempt, EVENTS, FoundHook, Ground, HookReason, Source, plan_hook, redeliveries, sources,
    },
};
use forge::{DeliveryStatus, Forge, ForgeError, Gate, GateState, Hook, HookSource, HookWish, ViewerKind};
use kube::ResourceExt;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use std::{collections::BTreeSet, sync::Arc};

/// How the events of a Repository arrive.
pub(super) enum Hooks {
    /// The object says that the hook is not ours to keep, or there is nothing that it could be for.
    NotOurs,
    /// The installation does not know its own address.
    NoAddress,
    /// They were looked at.
    Seen { url: String, hooks: Vec<SeenHook> },
}

/// One hook, after it was kept right where it could be.
pub(super) struct SeenHook {
    pub(super) source: Source,
    /// Whether deliveries arrive; `None`: GitHub does not show it.
    pub(super) health: Option<webhook::Health>,
    /// What a person must do for it.
    pub(super) trouble: Option<String>,
}

/// The address that GitHub sends to; `None`: the installation has none.
fn address(context: &Context) -> Option<String> {
    let settings = context.installation.settings();
    let web = settings.web.url.trim_end_matches('/');
    (!web.is_empty()).then(|| format!("{web}/hook"))
}

/// Looks at the hooks of an object and keeps them right.
pub(super) async fn keep(
    context: &Context,
    object: &Repository,
    credentials: &Credentials,
    standing: &Standing,
) -> Hooks {
    let Credentials::Good(account) = credentials else { return Hooks::NotOurs };
    let managed = observe::webhook(context, object).manage;
    let app = account.viewer.kind == ViewerKind::App;
    if standing.governed.is_empty() || (!managed && !app) {
        return Hooks::NotOurs;
    }
    let Some(url) = address(context) else { return Hooks::NoAddress };
    let mut hooks = Vec::new();
    for source in sources_of(context, object, account, &standing.governed).await {
        hooks.push(keep_one(context, object, account, &url, source).await);
    }
    Hooks::Seen { url, hooks }
}

/// Whose hooks bring the events of these repositories.
async fn sources_of(
    context: &Context,
    object: &Repository,
    account: &Account,
    governed: &BTreeSet<RepoName>,
) -> Vec<Source> {
    let owner = &object.spec.github.owner;
    let app = account.viewer.kind == ViewerKind::App;
    let all = speak_of_all(context, object);
    let organization = HookSource::Organization(owner.clone());
    // Not there: the owner is a person, or the account may not keep the organisation's hooks.
    let organization =
        !app && all && !matches!(account.forge.hooks(&organization).await, Err(ForgeError::NotFound { .. }));
    sources(Ground { app, organization, all, owner }, governed)
}

/// Whether the namespace serves all repositories of the object's owner.
fn speak_of_all(context: &Context, object: &Repository) -> bool {
    let of_namespace = context.repositories_of(&object.namespace().unwrap_or_default());
    of_namespace.iter().any(|other| {
        other.spec.github.owner.eq_ignore_ascii_case(&object.spec.github.owner)
            && other.spec.github.repositories.iter().any(|name| name == "*")
    })
}

async fn keep_one(
    context: &Context,
    object: &Repository,
    account: &Account,
    url: &str,
    source: Source,
) -> SeenHook {
    let of_forge = forge_source(&source);
    if source == Source::App {
        // Its address and secret are set where the App was registered.
        let attempts = attempts(account.forge.as_ref(), &of_forge, 0).await;
        return SeenHook { source, health: attempts.ok().map(|a| webhook::health(&a)), trouble: None };
    }
    let kept = ensure(context, object, account, url, &source).await;
    let (hook, trouble) = match kept {
        Ok(hook) => (Some(hook), None),
        Err(Trouble { hook, message }) => (hook, Some(message)),
    };
    let health = match hook {
        Some(hook) => {
            attempts(account.forge.as_ref(), &of_forge, hook).await.ok().map(|a| webhook::health(&a))
        }
        None => None,
    };
    SeenHook { source, health, trouble }
}

/// Why a hook is not as it must be.
struct Trouble {
    /// It is there nevertheless.
    hook: Option<u64>,
    message: String,
}

/// Makes a hook right if it is not, and gives its number.
async fn ensure(
    context: &Context,
    object: &Repository,
    account: &Account,
    url: &str,
    source: &Source,
) -> Result<u64, Trouble> {
    let trouble = |hook, message: String| Trouble { hook, message };
    let of_forge = forge_source(source);
    let listed = account.forge.hooks(&of_forge).await.map_err(|error| trouble(None, error.to_string()))?;
    let there = listed.into_iter().find(|hook| hook.url == url);
    let id = there.as_ref().map(|hook| hook.id);
    let namespace = object.namespace().unwrap_or_default();
    let secret_name = &account.credentials.secret_ref.name;
    let secrets = context.accounts.webhook_secrets(&namespace, &account.credentials).await;
    let secrets = secrets.map_err(|error| trouble(id, error.to_string()))?;
    let secret = secrets.0.into_iter().next().ok_or_else(|| {
        let message =
            format!("Secret {secret_name}, key webhook-secret: is missing: put a long random text there");
        trouble(id, message)
    })?;
    let digest = digest(&secret);
    let signed = context.memory.hook_secret(source).as_ref() == Some(&digest);
    let found = there.map(|Hook { events, active, .. }| FoundHook { events, active, signed });
    let Some(why) = plan_hook(found.as_ref()) else {
        return id.ok_or_else(|| trouble(None, HookReason::Missing.sentence()));
    };
    let gate = gate(context, source, &object.spec.github.owner).await;
    let gate = gate.map_err(|error| trouble(id, error.to_string()))?;
    let events = EVENTS.iter().map(ToString::to_string).collect();
    let wish = HookWish { url: url.to_owned(), events, secret };
    match (gate.ensure_hook(&of_forge, &wish).await, id) {
        (Ok(id), _) => {
            tracing::info!(?source, reason = why.name(), "wrote the hook");
            context.memory.wrote_hook(source.clone(), digest);
            Ok(id)
        }
        // In Shadow and Paused a hook that somebody made, and whose secret we cannot compare, is as good as can be told.
        (Err(ForgeError::Closed { .. }), Some(id)) if why == HookReason::SecretUnknown => Ok(id),
        (Err(error), id) => Err(trouble(id, format!("{} {error}", why.sentence()))),
    }
}

/// The way to a hook, open where the mode is Active.
async fn gate(context: &Context, source: &Source, owner: &str) -> Result<Gate, NotServed> {
    let repository = match source {
        Source::Repository(repository) => repository.clone(),
        // What the layer of all says: nothing else speaks for the whole owner.
        Source::App | Source::Organization(_) => RepoName::new(owner, "*"),
    };
    Ok(context.governed(&repository).await?.forge)
}

async fn attempts(forge: &dyn Forge, source: &HookSource, hook: u64) -> Result<Vec<Attempt>, ForgeError> {
    let deliveries = forge.deliveries(source, hook).await?;
    let attempt = |delivery: forge::Delivery| Attempt {
        id: delivery.id,
        guid: delivery.guid,
        at: delivery.delivered_at,
        arrived: delivery.status == DeliveryStatus::Arrived,
    };
    Ok(deliveries.into_iter().map(attempt).collect())
}

/// Enough to know a secret again without keeping it.
fn digest(secret: &SecretString) -> Vec<u8> {
    Sha256::digest(secret.expose_secret().as_bytes()).to_vec()
}

fn forge_source(source: &Source) -> HookSource {
    match source {
        Source::App => HookSource::App,
        Source::Organization(organization) => HookSource::Organization(organization.clone()),
        Source::Repository(repository) => HookSource::Repository(repository.clone()),
    }
}

/// Asks GitHub again for deliveries that failed and are not in the log. To be called every five minutes.
///
/// What one hook does not let be asked stops no other; the sweep finds what no delivery told.
pub async fn recover(context: &Context, log: &DeliveryLog) {
    let Some(url) = address(context) else { return };
    for object in sorted(&context.stores.repositories) {
        if object.metadata.deletion_timestamp.is_some() {
            continue;
        }
        let credentials = observe::credentials(context, &object).await;
        let Credentials::Good(account) = &credentials else { continue };
        let standing = observe::standing(context, &object, &credentials);
        for source in sources_of(context, &object, account, &standing.governed).await {
            match recover_one(context, log, &object, account, &url, &source).await {
                Ok(0) => {}
                Ok(count) => {
                    tracing::info!(?source, count, "asked for failed deliveries again");
                    context.memory.recovers(&object.uid().unwrap_or_default(), context.clock.now());
                }
                Err(error) => tracing::info!(?source, %error, "failed deliveries are not asked for again"),
            }
        }
    }
}

/// Why deliveries of one hook are not recovered.
#[derive(Debug, thiserror::Error)]
enum RecoverError {
    #[error(transparent)]
    Forge(#[from] ForgeError),
    #[error(transparent)]
    Log(#[from] crate::runtime::delivery_log::LogError),
    #[error(transparent)]
    NotServed(#[from] NotServed),
}

async fn recover_one(
    context: &Context,
    log: &DeliveryLog,
    object: &Repository,
    account: &Account,
    url: &str,
    source: &Source,
) -> Result<usize, RecoverError> {
    let of_forge = forge_source(source);
    let hook = match source {
        Source::App => 0,
        Source::Organization(_) | Source::Repository(_) => {
            let listed = account.forge.hooks(&of_forge).await?;
            match listed.into_iter().find(|hook| hook.url == url) {
                Some(hook) => hook.id,
                None => return Ok(0),
            }
        }
    };
    let attempts = attempts(account.forge.as_ref(), &of_forge, hook).await?;
    let mut known = BTreeSet::new();
    for attempt in attempts.iter().filter(|attempt| !attempt.arrived) {
        if log.knows(&attempt.guid)? {
            known.insert(attempt.guid.clone());
        }
    }
    let lost = redeliveries(&attempts, &known, context.clock.now());
    if lost.is_empty() {
        return Ok(0);
    }
    let gate = gate(context, source, &object.spec.github.owner).await?;
    for id in &lost {
        gate.redeliver(&of_forge, hook, *id).await?;
    }
    Ok(lost.len())
}

/// Removes the hooks that only this object needs, if it says so and as far as the mode lets it.
pub(super) async fn remove(
    context: &Context,
    object: &Repository,
    on_delete: WebhookOnDelete,
) -> Result<(), ForgeError> {
    let Some(url) = address(context) else { return Ok(()) };
    let account = match observe::credentials(context, object).await {
        Credentials::Good(account) => account,
        // Without credentials there is nothing that could be done; the finalizer must not wait for some.
        Credentials::Wrong { .. } => return Ok(()),
        Credentials::Unanswered(error) => return Err(error),
        Credentials::Unread(message) => {
            return Err(ForgeError::Unclear { what: "the credentials".to_owned(), message });
        }
    };
    let owner = &object.spec.github.owner;
    let mut candidates: Vec<Source> = account.named.iter().cloned().map(Source::Repository).collect();
    if object.spec.github.repositories.iter().any(|name| name == "*") {
        candidates.push(Source::Organization(owner.clone()));
    }
    for source in &candidates {
        let hook_is_shared = is_needed(context, object, source);
        let steps = plan_deletion(Deleted::Repository { on_delete, hook_is_shared });
        let Some(step) = steps.into_iter().find(|step| step.action == DeletionStep::RemoveWebhook) else {
            continue;
        };
        let repository = match source {
            Source::Repository(repository) => repository.clone(),
            Source::App | Source::Organization(_) => RepoName::new(owner, "*"),
        };
        let mode = said(context, object, &repository).map(|in_force| in_force.repository.mode);
        if mode != Some(Mode::Active) {
            continue;
        }
        let of_forge = forge_source(source);
        let gate = Gate::new(Arc::clone(&account.forge), GateState::Open);
        let listed = match gate.hooks(&of_forge).await {
            Err(error) if !error.is_transient() => continue, // no hooks that we could keep or remove
            other => other?,
        };
        for hook in listed.into_iter().filter(|hook| hook.url == url) {
            gate.delete_hook(&of_forge, hook.id).await?;
            tracing::info!(?source, reason = step.why.name(), "removed the hook");
        }
    }
    Ok(())
}

/// Whether another object, of whatever namespace, needs the hook.
fn is_needed(context: &Context, object: &Repository, source: &Source) -> bool {
    let others = sorted(&context.stores.repositories);
    let mut others = others
        .iter()
        .filter(|other| other.metadata.deletion_timestamp.is_none() && other.uid() != object.uid());
    others.any(|other| {
        let github = &other.spec.github;
        match source {
            Source::App => true,
            Source::Organization(owner) => github.owner.eq_ignore_ascii_case(owner),
            Source::Repository(repository) => decide::config::layers::layer(github, repository).is_some(),
        }
    })
}
