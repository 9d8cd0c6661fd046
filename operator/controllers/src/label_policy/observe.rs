//! What a look at a LabelPolicy sees: which repositories it is about, and the labels that they have.

use crate::{
    context::{Context, NotServed},
    repository,
    stores::sorted,
};
use api::LabelPolicy;
use decide::{
    config::Problem,
    facts::RepoName,
    govern::Governors,
    label::{self, Conflict, Declared, Observed, Policy, Sync, applies, in_question},
    reason::Reason,
};
use forge::{Forge, ForgeError, Gate};
use jiff::Timestamp;
use kube::ResourceExt;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// The repositories that a policy is about.
#[derive(Default)]
pub(super) struct Named {
    /// Those that its namespace governs.
    pub(super) repositories: BTreeSet<RepoName>,
    /// What it names and has no say over.
    pub(super) problems: Vec<Problem>,
    /// An owner could not be asked for its repositories now.
    pub(super) unanswered: Option<ForgeError>,
}

/// Finds the repositories of a policy; `owner/*` means those that the namespace's Repositories name.
pub(super) async fn named(context: &Context, object: &LabelPolicy) -> Named {
    let namespace = object.namespace().unwrap_or_default();
    let (settings, claims) = (context.installation.settings(), context.installation.claims());
    let governors = Governors::new(&settings.tenants, &claims);
    let mut named = Named::default();
    let mut listed: BTreeMap<String, BTreeSet<RepoName>> = BTreeMap::new();
    for (at, pattern) in object.spec.repositories.iter().enumerate() {
        let path = format!("spec.repositories[{at}]");
        let Some((owner, name)) = pattern.split_once('/') else { continue };
        if name != "*" {
            let repository = RepoName::new(owner, name);
            match governors.governs(&namespace, &repository) {
                Ok(()) => named.repositories.extend([repository]),
                Err(reason) => {
                    named.problems.push(Problem::error(path, format!("NotGoverned: {}", reason.sentence())));
                }
            }
            continue;
        }
        let key = owner.to_lowercase();
        if !listed.contains_key(&key) {
            match all_of(context, &namespace, owner).await {
                Ok(all) => {
                    listed.insert(key.clone(), all);
                }
                Err(NotAsked::Later(error)) => named.unanswered = Some(error),
                Err(NotAsked::NotServed(error)) => {
                    named.problems.push(Problem::error(path, error.to_string()));
                }
            }
        }
        named.repositories.extend(listed.get(&key).into_iter().flatten().cloned());
    }
    named.repositories.retain(|repository| {
        applies(&object.spec, repository) && governors.governs(&namespace, repository).is_ok()
    });
    named
}

enum NotAsked {
    Later(ForgeError),
    NotServed(NotServed),
}

/// What the namespace's Repositories name of an owner.
async fn all_of(context: &Context, namespace: &str, owner: &str) -> Result<BTreeSet<RepoName>, NotAsked> {
    let mut all = BTreeSet::new();
    let mut refused = None;
    for object in context.repositories_of(namespace) {
        if !object.spec.github.owner.eq_ignore_ascii_case(owner) {
            continue;
        }
        let governed = match context.governed(&repository::sample(&object)).await {
            Ok(governed) => governed,
            Err(error) => {
                refused = Some(error);
                continue;
            }
        };
        match repository::named_by(&object, &governed.forge).await {
            Ok(named) => all.extend(named),
            Err(error) if error.is_transient() => return Err(NotAsked::Later(error)),
            Err(error) => refused = Some(NotServed::Account(crate::accounts::AccountError::Forge(error))),
        }
    }
    match refused {
        Some(error) if all.is_empty() => Err(NotAsked::NotServed(error)),
        _ => Ok(all),
    }
}

/// A repository's labels held against what all policies of the namespace declare for it.
pub(super) struct Compared {
    pub(super) forge: Gate,
    pub(super) plan: Sync,
    pub(super) conflicts: Vec<Conflict>,
}

/// Compares a repository with its policies.
pub(super) async fn compare(
    context: &Context,
    namespace: &str,
    repository: &RepoName,
) -> Result<Compared, CompareError> {
    let governed = context.governed(repository).await?;
    let policies: Vec<Arc<LabelPolicy>> = sorted(&context.stores.label_policies)
        .into_iter()
        .filter(|policy| policy.namespace().as_deref() == Some(namespace))
        .filter(|policy| policy.metadata.deletion_timestamp.is_none())
        .filter(|policy| applies(&policy.spec, repository))
        .collect();
    let of = |policy: &'_ Arc<LabelPolicy>| {
        policy.metadata.creation_timestamp.as_ref().map_or(Timestamp::MAX, |time| time.0)
    };
    let names: Vec<(String, Timestamp)> = policies.iter().map(|p| (p.name_any(), of(p))).collect();
    let views: Vec<Policy<'_>> = names
        .iter()
        .zip(&policies)
        .map(|((name, created), policy)| Policy { name, created: *created, spec: &policy.spec })
        .collect();
    let declared: Declared = label::declare(&views, context.clock.now());
    let labels = governed.forge.labels(repository).await?;
    let observed: Vec<Observed> = labels
        .into_iter()
        .map(|label| Observed { name: label.name, color: label.color, description: label.description })
        .collect();
    let mut carried = BTreeSet::new();
    for name in in_question(&declared, &observed) {
        if !governed.forge.items_with_label(repository, &name).await?.is_empty() {
            carried.insert(name);
        }
    }
    let plan = label::plan(&declared, &observed, &carried);
    Ok(Compared { forge: governed.forge, plan, conflicts: declared.conflicts })
}

/// Why a repository could not be compared.
#[derive(Debug, thiserror::Error)]
pub(super) enum CompareError {
    #[error(transparent)]
    NotServed(#[from] NotServed),
    #[error(transparent)]
    Forge(#[from] ForgeError),
}
