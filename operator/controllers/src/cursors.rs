//! What must outlive a run, a comment and a process: one ConfigMap a repository, without owner (DESIGN R3).
//!
//! It holds the last handled tip of each branch, the keys of deleted runs, since when commands count, and commands whose
//! mark GitHub refused. Every change is a compare-and-swap on what was read; whoever loses reads again.

use crate::context::Context;
use decide::{
    facts::{CommitSha, RepoName},
    trigger::{TriggerKey, cursor::Tips},
};
use jiff::Timestamp;
use k8s_openapi::{api::core::v1::ConfigMap, apimachinery::pkg::apis::meta::v1::ObjectMeta};
use kube::{Api, ResourceExt, api::PostParams};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// Marks these ConfigMaps.
pub const LABEL: &str = "bowsprit.dev/cursors";
/// The repository, in full, since a name may be cut.
const REPOSITORY: &str = "bowsprit.dev/repository";
const TIPS: &str = "tips";
const PAST_RUNS: &str = "past-runs";
const COMMANDS_SINCE: &str = "commands-since";
const IDENTITY: &str = "identity";
const MARKS: &str = "marks";
/// How many keys of deleted runs are kept; older ones speak of heads that are long gone.
const PAST_RUNS_MAX: usize = 2000;

/// The cursors of one repository.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cursors {
    /// The ConfigMap as it was read; `None`: there is none yet.
    object: Option<ConfigMap>,
    /// The last handled tip of each branch; `None`: never recorded.
    pub tips: Option<Tips>,
    /// Keys of runs whose objects were deleted, oldest first.
    pub past_runs: Vec<String>,
    /// Since when commands count (DESIGN C3).
    pub commands_since: Option<Timestamp>,
    /// The account that commands were last marked with.
    pub identity: Option<String>,
    /// Commands that were acted upon and could not be marked (DESIGN C2).
    pub marks: BTreeSet<String>,
}

impl Cursors {
    /// The keys of deleted runs that can still be read.
    pub fn past_keys(&self) -> BTreeSet<TriggerKey> {
        self.past_runs.iter().filter_map(|key| key.parse().ok()).collect()
    }
}

fn api(context: &Context, namespace: &str) -> Api<ConfigMap> {
    Api::namespaced(context.home.clone(), namespace)
}

/// A name that differs whenever the repository does.
fn name(repository: &RepoName) -> String {
    let full = repository.to_string().to_lowercase();
    let slug: String =
        full.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(40).collect();
    let digest = Sha256::digest(full.as_bytes());
    let short: String = digest.iter().take(5).map(|byte| format!("{byte:02x}")).collect();
    format!("bowsprit-{slug}-{short}")
}

/// Reads the cursors of a repository. What cannot be read counts as absent, and says so in the log.
///
/// # Errors
/// What the API server answers.
pub async fn read(context: &Context, namespace: &str, repository: &RepoName) -> Result<Cursors, kube::Error> {
    let Some(object) = api(context, namespace).get_opt(&name(repository)).await? else {
        return Ok(Cursors::default());
    };
    let data = object.data.clone().unwrap_or_default();
    let json = |key: &str| data.get(key).map(String::as_str);
    let tips: Option<BTreeMap<String, String>> = json(TIPS).and_then(|text| readable(repository, TIPS, text));
    Ok(Cursors {
        tips: tips.map(|tips| tips.into_iter().map(|(branch, tip)| (branch, CommitSha::new(tip))).collect()),
        past_runs: json(PAST_RUNS).and_then(|text| readable(repository, PAST_RUNS, text)).unwrap_or_default(),
        commands_since: json(COMMANDS_SINCE).and_then(|text| text.parse().ok()),
        identity: json(IDENTITY).map(str::to_owned),
        marks: json(MARKS).and_then(|text| readable(repository, MARKS, text)).unwrap_or_default(),
        object: Some(object),
    })
}

fn readable<T: serde::de::DeserializeOwned>(repository: &RepoName, key: &str, text: &str) -> Option<T> {
    serde_json::from_str(text)
        .inspect_err(
            |error| tracing::warn!(%repository, key, %error, "a cursor cannot be read and counts as absent"),
        )
        .ok()
}

/// Writes the cursors over what they were read from.
///
/// # Errors
/// A conflict where somebody else wrote meanwhile.
pub async fn write(
    context: &Context,
    namespace: &str,
    repository: &RepoName,
    cursors: &Cursors,
) -> Result<(), kube::Error> {
    let mut data = BTreeMap::new();
    if let Some(tips) = &cursors.tips {
        let tips: BTreeMap<&str, &str> = tips.iter().map(|(b, t)| (b.as_str(), t.as_str())).collect();
        data.insert(TIPS.to_owned(), text(&tips)?);
    }
    let kept = cursors.past_runs.len().saturating_sub(PAST_RUNS_MAX);
    let past_runs: Vec<&String> = cursors.past_runs.iter().skip(kept).collect();
    data.insert(PAST_RUNS.to_owned(), text(&past_runs)?);
    data.insert(MARKS.to_owned(), text(&cursors.marks)?);
    if let Some(since) = cursors.commands_since {
        data.insert(COMMANDS_SINCE.to_owned(), since.to_string());
    }
    if let Some(identity) = &cursors.identity {
        data.insert(IDENTITY.to_owned(), identity.clone());
    }
    if cursors.object.as_ref().and_then(|object| object.data.as_ref()) == Some(&data) {
        return Ok(());
    }
    let api = api(context, namespace);
    let answer = match &cursors.object {
        Some(object) => {
            let mut new = object.clone();
            new.metadata.managed_fields = None;
            new.data = Some(data);
            api.replace(&object.name_any(), &PostParams::default(), &new).await
        }
        None => {
            let metadata = ObjectMeta {
                name: Some(name(repository)),
                labels: Some(BTreeMap::from([(LABEL.to_owned(), "true".to_owned())])),
                annotations: Some(BTreeMap::from([(REPOSITORY.to_owned(), repository.to_string())])),
                ..ObjectMeta::default()
            };
            let new = ConfigMap { metadata, data: Some(data), ..ConfigMap::default() };
            api.create(&PostParams::default(), &new).await
        }
    };
    answer.map(drop)
}

fn text<T: serde::Serialize>(value: &T) -> Result<String, kube::Error> {
    serde_json::to_string(value).map_err(kube::Error::SerdeError)
}

/// Records the key of a run that goes.
///
/// # Errors
/// What the API server answers.
pub async fn remember_run(
    context: &Context,
    namespace: &str,
    repository: &RepoName,
    key: &str,
) -> Result<(), kube::Error> {
    let mut cursors = read(context, namespace, repository).await?;
    if cursors.past_runs.iter().any(|known| known == key) {
        return Ok(());
    }
    cursors.past_runs.push(key.to_owned());
    write(context, namespace, repository, &cursors).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursors_name_is_a_kubernetes_name_and_differs_with_the_repository() {
        let dotted = name(&RepoName::new("acme", "widgets.io"));
        let dashed = name(&RepoName::new("acme", "widgets-io"));
        assert_ne!(dotted, dashed);
        let long = name(&RepoName::new("a".repeat(39), "b".repeat(100)));
        assert!(long.len() <= 63, "{long}");
    }
}
