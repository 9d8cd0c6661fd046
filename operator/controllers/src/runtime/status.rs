//! Writing a status: whole, by server-side apply under the controller's own name, and only when it says something new
//! (DESIGN W1).

use super::writes::Writes;
use kube::{
    Api, Resource,
    api::{Patch, PatchParams},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::fmt::Debug;

/// Applies `new` as the status of the named object, unless `old` says the same.
///
/// # Errors
/// What the API server answers.
pub async fn apply<K, S>(
    api: &Api<K>,
    writes: &Writes,
    manager: &str,
    name: &str,
    old: Option<&S>,
    new: &S,
) -> Result<(), kube::Error>
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug,
    S: Serialize,
{
    let new = serde_json::to_value(new).map_err(kube::Error::SerdeError)?;
    let old = old.map(serde_json::to_value).transpose().map_err(kube::Error::SerdeError)?;
    if old.as_ref() == Some(&new) {
        return Ok(());
    }
    let patch: Value = json!({
        "apiVersion": K::api_version(&()), "kind": K::kind(&()),
        "metadata": { "name": name }, "status": new,
    });
    let answer = api.patch_status(name, &PatchParams::apply(manager).force(), &Patch::Apply(&patch)).await?;
    writes.wrote(&answer);
    Ok(())
}
