//! The installation: its settings (KINDS 7) and who has which owner (DESIGN G1), each in a ConfigMap of the operator's
//! namespace.
//!
//! An invalid version of the settings keeps the last valid one, also over a restart: without its tenants the
//! installation would be looser than anybody said. So each valid version is recorded before it is in force.

use crate::{
    context::{Context, Installation},
    stores::sorted,
};
use decide::{
    config::{Problem, settings::Settings},
    govern::{Applicant, Claims, plan_claims},
    reason::Reason,
};
use futures::StreamExt;
use jiff::Timestamp;
use k8s_openapi::{api::core::v1::ConfigMap, apimachinery::pkg::apis::meta::v1::ObjectMeta};
use kube::{
    Api, Client, ResourceExt,
    api::{Patch, PatchParams, PostParams},
    runtime::{WatchStreamExt, watcher},
};
use serde_json::json;
use std::collections::BTreeMap;

/// The ConfigMap that people write.
pub const SETTINGS: &str = "bowsprit";
/// The key in it.
pub const KEY: &str = "settings.yaml";
/// The ConfigMap with the claims: owner to namespace.
pub const CLAIMS: &str = "bowsprit-claims";
/// The ConfigMap with the last valid version of the settings.
pub const LAST_VALID: &str = "bowsprit-last-valid-settings";

const FIELD_MANAGER: &str = "bowsprit-installation";
/// How often a lost compare-and-swap is tried again before the caller's back-off.
const TRIES: usize = 3;

/// The installation as it stands when a term begins.
///
/// # Errors
/// What the API server answers.
pub async fn start(home: &Client, namespace: &str) -> Result<Installation, kube::Error> {
    let api: Api<ConfigMap> = Api::namespaced(home.clone(), namespace);
    let installation = Installation::default();
    if let Some(recorded) = api.get_opt(LAST_VALID).await?.as_ref().and_then(settings_in) {
        match Settings::parse(recorded) {
            Ok(settings) => installation.renew(settings),
            Err(problems) => {
                tracing::warn!(?problems, "the settings that were valid once are not any more");
            }
        }
    }
    installation.claim(claims_in(api.get_opt(CLAIMS).await?.as_ref()));
    take(home, namespace, &installation, api.get_opt(SETTINGS).await?.as_ref()).await?;
    installation.become_known();
    Ok(installation)
}

/// Takes a version of the settings, as a read or a watch gave it; `None`: there is no such ConfigMap.
///
/// # Errors
/// What the API server answers to the recording; the version is then not in force.
pub async fn take(
    home: &Client,
    namespace: &str,
    installation: &Installation,
    object: Option<&ConfigMap>,
) -> Result<(), kube::Error> {
    let Some(yaml) = object.and_then(settings_in) else {
        let missing = format!(
            "ConfigMap {SETTINGS} of namespace {namespace} has no key {KEY}, so the last valid settings or the defaults are in force: install the chart, or create it"
        );
        installation.note(vec![Problem::error("settings", missing)]);
        return Ok(());
    };
    let before = installation.settings();
    let (settings, problems) = before.renewed(yaml);
    if problems.is_empty() && settings != *before {
        record(home, namespace, yaml).await?;
        installation.renew(settings);
    }
    if !problems.is_empty() {
        tracing::warn!(
            ?problems,
            "the installation's settings are invalid; the last valid ones stay in force"
        );
    }
    if problems != *installation.problems() {
        installation.note(problems);
    }
    Ok(())
}

/// Takes every further version of the settings, until it is dropped.
pub async fn follow(home: &Client, namespace: &str, installation: &Installation) {
    let api: Api<ConfigMap> = Api::namespaced(home.clone(), namespace);
    let only = watcher::Config::default().fields(&format!("metadata.name={SETTINGS}"));
    let mut versions = std::pin::pin!(watcher(api, only).default_backoff());
    while let Some(event) = versions.next().await {
        let object = match event {
            Ok(watcher::Event::Apply(object) | watcher::Event::InitApply(object)) => Some(object),
            Ok(watcher::Event::Delete(_)) => None,
            Ok(watcher::Event::Init | watcher::Event::InitDone) => continue,
            Err(error) => {
                tracing::debug!(%error, "the watch of the settings broke and is made anew");
                continue;
            }
        };
        if let Err(error) = take(home, namespace, installation, object.as_ref()).await {
            tracing::warn!(%error, "a version of the settings could not be recorded and is not in force");
        }
    }
}

fn settings_in(object: &ConfigMap) -> Option<&str> {
    object.data.as_ref()?.get(KEY).map(String::as_str)
}

async fn record(home: &Client, namespace: &str, yaml: &str) -> Result<(), kube::Error> {
    let api: Api<ConfigMap> = Api::namespaced(home.clone(), namespace);
    let record = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": { "name": LAST_VALID },
        "data": { KEY: yaml },
    });
    let params = PatchParams::apply(FIELD_MANAGER).force();
    api.patch(LAST_VALID, &params, &Patch::Apply(&record)).await.map(drop)
}

fn claims_in(object: Option<&ConfigMap>) -> Claims {
    Claims::new(object.and_then(|object| object.data.clone()).unwrap_or_default())
}

/// Who has which owner, after what is known of all Repositories now. Recorded by compare-and-swap before anybody acts
/// on it. Where tenants speak, claims are left as they are.
///
/// # Errors
/// What the API server answers, also where somebody else keeps writing.
pub async fn settle_claims(context: &Context) -> Result<(), kube::Error> {
    if !context.installation.settings().tenants.is_empty() {
        return Ok(());
    }
    // Before all Repositories are known, one that is not seen would seem gone.
    if context.stores.repositories.wait_until_ready().await.is_err() {
        return Ok(()); // the term ends
    }
    let applicants = applicants(context);
    if plan_claims(&context.installation.claims(), &applicants).changes.is_empty() {
        return Ok(());
    }
    let api: Api<ConfigMap> = Api::namespaced(context.home.clone(), &context.namespace);
    let mut tries = 0;
    loop {
        let object = api.get_opt(CLAIMS).await?;
        let plan = plan_claims(&claims_in(object.as_ref()), &applicants);
        let written = if plan.changes.is_empty() { Ok(()) } else { write(&api, object, &plan.claims).await };
        tries += 1;
        match written {
            Ok(()) => {
                for change in &plan.changes {
                    tracing::info!(change = ?change.action, reason = change.why.name(), "a claim changed");
                }
                context.installation.claim(plan.claims);
                return Ok(());
            }
            Err(kube::Error::Api(status))
                if (status.is_conflict() || status.is_already_exists()) && tries < TRIES => {}
            Err(error) => return Err(error),
        }
    }
}

async fn write(api: &Api<ConfigMap>, object: Option<ConfigMap>, claims: &Claims) -> Result<(), kube::Error> {
    let data: BTreeMap<String, String> =
        claims.iter().map(|(owner, namespace)| (owner.to_owned(), namespace.to_owned())).collect();
    if let Some(mut object) = object {
        object.metadata.managed_fields = None;
        object.data = Some(data);
        return api.replace(CLAIMS, &PostParams::default(), &object).await.map(drop);
    }
    let metadata = ObjectMeta { name: Some(CLAIMS.to_owned()), ..ObjectMeta::default() };
    let new = ConfigMap { metadata, data: Some(data), ..ConfigMap::default() };
    api.create(&PostParams::default(), &new).await.map(drop)
}

/// Every Repository that is not going.
fn applicants(context: &Context) -> Vec<Applicant> {
    let objects = sorted(&context.stores.repositories);
    let alive = objects.iter().filter(|object| object.metadata.deletion_timestamp.is_none());
    alive
        .map(|object| Applicant {
            namespace: object.namespace().unwrap_or_default(),
            name: object.name_any(),
            owner: object.spec.github.owner.clone(),
            created: object.metadata.creation_timestamp.as_ref().map_or(Timestamp::MAX, |time| time.0),
            proven: context.memory.is_proven(&object.uid().unwrap_or_default()),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recorded_claims_read_as_they_were_written() {
        let claims = Claims::new([("Acme".to_owned(), "acme".to_owned())]);
        let data = claims.iter().map(|(owner, namespace)| (owner.to_owned(), namespace.to_owned())).collect();
        let object = ConfigMap { data: Some(data), ..ConfigMap::default() };
        assert_eq!(claims_in(Some(&object)), claims);
        assert_eq!(claims_in(None), Claims::default());
    }
}
