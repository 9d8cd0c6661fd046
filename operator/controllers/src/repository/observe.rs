//! What a look at a Repository sees: whether its credentials are good for the owner, and what it governs.

use super::RepositoryError;
use crate::{accounts::AccountError, context::Context};
use api::{
    Repository,
    local_ref::FromSecret,
    repository::{Deviation, Mode, WebhookOnDelete},
};
use decide::{
    config::{Problem, layers},
    facts::RepoName,
    govern::{GovernReason, Governors},
};
use forge::{Forge, ForgeError, Permission, Viewer, ViewerKind};
use jiff::Timestamp;
use kube::ResourceExt;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Of how many repositories of an owner it is asked whether a token may write to them, until one says yes.
const ASKED_FOR_PROOF: usize = 10;

/// What GitHub says about the credentials.
pub(super) enum Credentials {
    /// They are good for the owner.
    Good(Account),
    /// A person must change something.
    Wrong { reason: &'static str, message: String },
    /// GitHub did not answer.
    Unanswered(ForgeError),
    /// The Secret could not be read.
    Unread(String),
}

/// Credentials that GitHub accepts for the owner.
pub(super) struct Account {
    pub(super) credentials: FromSecret,
    pub(super) forge: Arc<dyn Forge>,
    pub(super) viewer: Viewer,
    /// What the object names; for `"*"` all that the credentials see.
    pub(super) named: BTreeSet<RepoName>,
}

/// The same without the way to GitHub, as the status tells it.
pub(super) enum CredentialsView<'a> {
    Good { secret: &'a str, login: &'a str },
    Wrong { reason: &'static str, message: &'a str },
    Unanswered { message: String, limited_until: Option<Timestamp> },
}

impl Credentials {
    /// Whether the owner may be claimed with them.
    pub(super) fn prove(&self) -> bool {
        matches!(self, Self::Good(_))
    }

    pub(super) fn view(&self) -> CredentialsView<'_> {
        match self {
            Self::Good(account) => CredentialsView::Good {
                secret: &account.credentials.secret_ref.name,
                login: account.viewer.login.as_str(),
            },
            Self::Wrong { reason, message } => CredentialsView::Wrong { reason, message },
            Self::Unanswered(error) => CredentialsView::Unanswered {
                message: error.to_string(),
                limited_until: match error {
                    ForgeError::RateLimited { until } => Some(*until),
                    _ => None,
                },
            },
            Self::Unread(message) => {
                CredentialsView::Unanswered { message: message.clone(), limited_until: None }
            }
        }
    }

    /// The error that brings the object back soon.
    pub(super) fn unanswered(&self, now: Timestamp) -> Option<RepositoryError> {
        match self {
            Self::Good(_) | Self::Wrong { .. } => None,
            Self::Unanswered(error) => {
                Some(RepositoryError::Observe { message: error.to_string(), wait: error.wait(now) })
            }
            Self::Unread(message) => Some(RepositoryError::Observe { message: message.clone(), wait: None }),
        }
    }
}

/// A name that stands for all that an object speaks of: its first, or `OWNER/*`, which lies in the layer of all.
pub(crate) fn sample(object: &Repository) -> RepoName {
    let github = &object.spec.github;
    RepoName::new(&github.owner, github.repositories.first().map_or("*", String::as_str))
}

/// What the namespace's objects say about a repository, whoever governs it; `object` counts even while it goes.
pub(super) fn said(
    context: &Context,
    object: &Repository,
    repository: &RepoName,
) -> Option<layers::Effective> {
    let others = context.repositories_of(&object.namespace().unwrap_or_default());
    let others = others.iter().map(AsRef::as_ref).filter(|other: &&Repository| other.uid() != object.uid());
    layers::effective(repository, others.chain(std::iter::once(object)))
}

/// What holds for the object's hook: its own words, then what wider layers say.
pub(super) fn webhook(context: &Context, object: &Repository) -> layers::Webhook {
    let inherited = said(context, object, &sample(object)).map(|in_force| in_force.repository.webhook);
    let inherited = inherited.unwrap_or(layers::Webhook { manage: false, on_delete: WebhookOnDelete::Keep });
    let own = object.spec.webhook.clone().unwrap_or_default();
    layers::Webhook {
        manage: own.manage.unwrap_or(inherited.manage),
        on_delete: own.on_delete.unwrap_or(inherited.on_delete),
    }
}

/// Whether GitHub accepts the credentials for the owner.
pub(super) async fn credentials(context: &Context, object: &Repository) -> Credentials {
    let wrong = |reason, message: &str| Credentials::Wrong { reason, message: message.to_owned() };
    let Some(in_force) = said(context, object, &sample(object)) else {
        return wrong("NoCredentials", "The object names no repository: name one, or \"*\".");
    };
    let disputed = |conflict: &&layers::Conflict| matches!(conflict.path.section(), "credentials" | "api");
    if let Some(conflict) = in_force.conflicts.iter().find(disputed) {
        return wrong("Conflict", &conflict.problem().message);
    }
    let effective = in_force.repository;
    // What the object itself says comes before what others say of its first repository.
    let own = object.spec.credentials.as_ref().map(|own| own.secret_ref.clone());
    let Some(secret_ref) = own.or(effective.credentials) else {
        return wrong(
            "NoCredentials",
            "No object names credentials for these repositories: set spec.credentials.secretRef.",
        );
    };
    let credentials = FromSecret { secret_ref };
    let owner = &object.spec.github.owner;
    let namespace = object.namespace().unwrap_or_default();
    let forge = match context.accounts.forge(&namespace, &credentials, &effective.api_url, owner).await {
        Ok(forge) => forge,
        Err(error) => return refused(context, &namespace, &credentials, error).await,
    };
    match proven(object, credentials.clone(), forge).await {
        Ok(proven) => proven,
        Err(error) => refused(context, &namespace, &credentials, AccountError::Forge(error)).await,
    }
}

async fn proven(
    object: &Repository,
    credentials: FromSecret,
    forge: Arc<dyn Forge>,
) -> Result<Credentials, ForgeError> {
    let viewer = forge.viewer().await?;
    let named = named_by(object, forge.as_ref()).await?;
    // An App is installed for the owner. Anybody's token can read what is public: it proves something where it may write.
    let mut may_write = viewer.kind == ViewerKind::App;
    for repository in named.iter().take(ASKED_FOR_PROOF) {
        if may_write {
            break;
        }
        may_write = match forge.permission(repository, &viewer.login).await {
            Ok(permission) => permission >= Permission::Write,
            Err(ForgeError::Forbidden { .. } | ForgeError::NotFound { .. }) => false,
            Err(error) => return Err(error),
        };
    }
    if !may_write {
        let message = format!(
            "GitHub accepts Secret {}, key token, as {}, who may write to none of {}'s repositories that the object names: give the account write access.",
            credentials.secret_ref.name,
            viewer.login.as_str(),
            object.spec.github.owner
        );
        return Ok(Credentials::Wrong { reason: "NoWriteAccess", message });
    }
    Ok(Credentials::Good(Account { credentials, forge, viewer, named }))
}

/// What a person, or time, must do about an error. It names the Secret and the key.
async fn refused(
    context: &Context,
    namespace: &str,
    credentials: &FromSecret,
    error: AccountError,
) -> Credentials {
    let secret = &credentials.secret_ref.name;
    let reason = match &error {
        AccountError::NoSecret { .. } => "SecretMissing",
        AccountError::Key { .. } => "KeyMissing",
        AccountError::Refused { .. } => "Refused",
        AccountError::Unread { .. } => return Credentials::Unread(error.to_string()),
        AccountError::Forge(forge) if forge.is_transient() => return Credentials::Unanswered(forge.clone()),
        AccountError::Forge(forge) => {
            let key = context.accounts.key(namespace, credentials).await.unwrap_or("token");
            let message = format!("With what Secret {secret}, key {key} holds: {forge}");
            return Credentials::Wrong { reason: "Refused", message };
        }
    };
    Credentials::Wrong { reason, message: error.to_string() }
}

/// The repositories that an object speaks of; for `"*"` all that the credentials see.
pub(crate) async fn named_by(
    object: &Repository,
    forge: &dyn Forge,
) -> Result<BTreeSet<RepoName>, ForgeError> {
    let github = &object.spec.github;
    let listed = if github.repositories.iter().any(|name| name == "*") {
        forge.repositories(&github.owner).await?
    } else {
        github.repositories.iter().map(|name| RepoName::new(&github.owner, name)).collect()
    };
    Ok(listed.into_iter().filter(|repository| layers::layer(github, repository).is_some()).collect())
}

/// What an object's word counts for.
pub(super) struct Standing {
    /// Whether it can govern anything of the owner.
    pub(super) may_govern: Result<(), GovernReason>,
    /// What it governs.
    pub(super) governed: BTreeSet<RepoName>,
    /// How many of them are in which mode.
    pub(super) modes: BTreeMap<Mode, usize>,
    /// For which of them other objects say more, and what.
    pub(super) deviations: Vec<Deviation>,
    /// What it says in contradiction to others.
    pub(super) conflicts: Vec<Problem>,
}

/// What an object's word counts for, of the repositories that are known.
pub(super) fn standing(context: &Context, object: &Repository, credentials: &Credentials) -> Standing {
    let namespace = object.namespace().unwrap_or_default();
    let (settings, claims) = (context.installation.settings(), context.installation.claims());
    let governors = Governors::new(&settings.tenants, &claims);
    let named = match credentials {
        Credentials::Good(account) => account.named.clone(),
        Credentials::Wrong { .. } | Credentials::Unanswered(_) | Credentials::Unread(_) => {
            let names = object.spec.github.repositories.iter().filter(|name| *name != "*");
            names.map(|name| RepoName::new(&object.spec.github.owner, name)).collect()
        }
    };
    let objects = context.repositories_of(&namespace);
    let name = object.name_any();
    let mut standing = Standing {
        may_govern: governors.may_govern_of(&namespace, &object.spec.github.owner),
        governed: named.into_iter().filter(|r| governors.governs(&namespace, r).is_ok()).collect(),
        modes: BTreeMap::new(),
        deviations: Vec::new(),
        conflicts: Vec::new(),
    };
    for repository in &standing.governed {
        let Some(in_force) = layers::effective(repository, objects.iter().map(AsRef::as_ref)) else {
            continue;
        };
        *standing.modes.entry(in_force.repository.mode).or_default() += 1;
        standing.deviations.extend(in_force.deviation(object));
        let of_object = in_force.conflicts.iter().filter(|conflict| conflict.objects.contains(&name));
        standing.conflicts.extend(of_object.map(layers::Conflict::problem));
    }
    standing.conflicts.sort();
    standing.conflicts.dedup();
    standing
}
