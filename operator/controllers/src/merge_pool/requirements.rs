//! The record of what a pool required lately (DESIGN M1): a ConfigMap a branch, owned by the pool, written before a merge
//! relies on it and only over the version that was seen.

use crate::context::Context;
use api::MergePool;
use decide::{facts::RepoName, merge::requirements::Record};
use k8s_openapi::{api::core::v1::ConfigMap, apimachinery::pkg::apis::meta::v1::ObjectMeta};
use kube::{Api, Resource, ResourceExt, api::PostParams};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Marks these ConfigMaps.
const LABEL: &str = "bowsprit.dev/requirements";
/// Repository and branch, in full, since a name may be cut.
const BRANCH: &str = "bowsprit.dev/branch";
const RECORD: &str = "record";

/// A record, and the ConfigMap that it was read from.
#[derive(Clone, Debug, Default)]
pub(super) struct Recorded {
    object: Option<ConfigMap>,
    /// `None`: there is none, as after its loss.
    pub(super) record: Option<Record>,
}

fn api(context: &Context, pool: &MergePool) -> Api<ConfigMap> {
    Api::namespaced(context.home.clone(), &pool.namespace().unwrap_or_default())
}

/// A name that differs whenever pool, repository or branch does.
fn name(pool: &MergePool, repository: &RepoName, branch: &str) -> String {
    let pool = pool.name_any();
    let full = format!("{pool} {} {branch}", repository.to_string().to_lowercase());
    let digest = Sha256::digest(full.as_bytes());
    let short = digest.iter().take(8).fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    let pool: String = pool.chars().take(200).collect();
    format!("{pool}-requirements-{short}")
}

/// Reads the record. One that cannot be read, or is another pool's, counts as lost: nothing merges for a while.
pub(super) async fn read(
    context: &Context,
    pool: &MergePool,
    repository: &RepoName,
    branch: &str,
) -> Result<Recorded, kube::Error> {
    let object = api(context, pool).get_opt(&name(pool, repository, branch)).await?;
    // A pool that was deleted and made again begins anew: what its namesake required is not its own.
    let ours = object.as_ref().filter(|object| {
        object.owner_references().iter().any(|owner| Some(&owner.uid) == pool.metadata.uid.as_ref())
    });
    let text = ours.and_then(|object| object.data.as_ref()?.get(RECORD));
    let record = text.and_then(|text| {
        serde_json::from_str(text)
            .inspect_err(|error| tracing::warn!(%repository, branch, %error, "a record cannot be read and counts as lost"))
            .ok()
    });
    Ok(Recorded { object, record })
}

/// Writes the record over what was read.
pub(super) async fn write(
    context: &Context,
    pool: &MergePool,
    repository: &RepoName,
    branch: &str,
    recorded: &mut Recorded,
    record: &Record,
) -> Result<(), kube::Error> {
    let text = serde_json::to_string(record).map_err(kube::Error::SerdeError)?;
    let data = BTreeMap::from([(RECORD.to_owned(), text)]);
    let owner = pool.controller_owner_ref(&()).map(|owner| vec![owner]);
    let api = api(context, pool);
    let answer = if let Some(object) = &recorded.object {
        let mut new = object.clone();
        new.metadata.managed_fields = None;
        new.metadata.owner_references = owner;
        new.data = Some(data);
        api.replace(&object.name_any(), &PostParams::default(), &new).await
    } else {
        let metadata = ObjectMeta {
            name: Some(name(pool, repository, branch)),
            labels: Some(BTreeMap::from([(LABEL.to_owned(), "true".to_owned())])),
            annotations: Some(BTreeMap::from([(BRANCH.to_owned(), format!("{repository} {branch}"))])),
            owner_references: owner,
            ..ObjectMeta::default()
        };
        let new = ConfigMap { metadata, data: Some(data), ..ConfigMap::default() };
        api.create(&PostParams::default(), &new).await
    };
    recorded.object = Some(answer?);
    recorded.record = Some(record.clone());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::merge_pool::MergePoolSpec;

    #[test]
    fn a_records_name_is_a_kubernetes_name_and_differs_with_the_branch() {
        let pool = MergePool::new(&"p".repeat(253), MergePoolSpec::default());
        let repository = RepoName::new("acme", "widgets");
        let main = name(&pool, &repository, "main");
        assert!(main.len() <= 253);
        assert_ne!(main, name(&pool, &repository, "release/1"));
    }
}
