//! The sweep: everything that is open is listed, and what changed since the last look is looked at. What a webhook
//! should have told and did not is found here.

use super::{Look, LookError};
use crate::{context::Context, stores::sorted};
use decide::{facts::RepoName, govern::Governors};
use forge::Forge;
use kube::ResourceExt;
use std::{collections::BTreeSet, time::Duration};

/// Between two sweeps of everything.
const EVERY: Duration = Duration::from_mins(5);

/// All repositories that are governed here: each gets a sweep of its own.
pub async fn sweep_everything(context: &Context) -> Result<Option<Duration>, LookError> {
    for repository in governed(context).await {
        context.looks.hint(Look::Repository(repository));
    }
    Ok(Some(EVERY))
}

/// The names of all repositories that any Repository governs. Of an owner that cannot be asked, those that are named.
pub(super) async fn governed(context: &Context) -> BTreeSet<RepoName> {
    let (settings, claims) = (context.installation.settings(), context.installation.claims());
    let governors = Governors::new(&settings.tenants, &claims);
    let mut names = BTreeSet::new();
    for object in sorted(&context.stores.repositories) {
        let namespace = object.namespace().unwrap_or_default();
        let github = &object.spec.github;
        if github.repositories.iter().any(|name| name == "*") {
            match all_of_owner(context, &namespace, &object).await {
                Ok(all) => names.extend(all),
                Err(error) => {
                    tracing::warn!(%error, owner = github.owner, "the owner's repositories could not be listed");
                }
            }
        } else {
            names.extend(github.repositories.iter().map(|name| RepoName::new(&github.owner, name)));
        }
    }
    names.retain(|repository| governors.of(repository).is_some() && context.effective(repository).is_ok());
    names
}

async fn all_of_owner(
    context: &Context,
    namespace: &str,
    object: &api::Repository,
) -> Result<Vec<RepoName>, LookError> {
    let Some(credentials) = &object.spec.credentials else { return Ok(Vec::new()) };
    let url = object.spec.api.as_ref().and_then(|api| api.url.clone());
    let url = url.unwrap_or_else(|| "https://api.github.com".to_owned());
    let owner = &object.spec.github.owner;
    let forge = context.accounts.forge(namespace, credentials, url.trim_end_matches('/'), owner).await;
    let forge = forge.map_err(crate::context::NotServed::from)?;
    Ok(forge.repositories(owner).await?)
}

/// One repository: its open pull requests and its branches.
pub(super) async fn sweep(context: &Context, repository: &RepoName) -> Result<Option<Duration>, LookError> {
    let governed = context.governed(repository).await?;
    let open = governed.forge.open_pulls(repository).await?;
    let numbers: Vec<u64> = open.iter().map(|snapshot| snapshot.pull.number).collect();
    for snapshot in open {
        let number = snapshot.pull.number;
        if context.pulls.swept(snapshot) {
            context.looks.hint(Look::Pull(repository.clone(), number));
        }
    }
    // What is no longer open is looked at once more: its runs end.
    for number in context.pulls.keep_only(repository, &numbers) {
        context.looks.hint(Look::Pull(repository.clone(), number));
    }
    if context.pulls.listed(repository) {
        // Until now its pools could not know what is open there.
        context.pools_changed(repository);
    }
    context.looks.hint(Look::Branches(repository.clone()));
    Ok(None)
}
