//! Brings the manifests into the cluster, as `kubectl apply --server-side` does: crds/, examples/quickstart, and what the
//! quickstart leaves to people: the Secret and the operator's settings.

use anyhow::Context as _;
use kube::{
    Api, Client,
    api::{DynamicObject, Patch, PatchParams},
    core::GroupVersionKind,
    discovery::ApiResource,
};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use stories::HOOK_SECRET;

/// The operator's settings. A pool that has no record of what it required waits for `settle` before it merges, five
/// minutes by default: too long to watch.
const SETTINGS: &str = "tenants: [ { namespace: acme, owners: [acme] } ]\nruns: { settle: 1s }\n";
/// Whose fields these are: kubectl's, as if a person had applied them, so that people can go on with kubectl.
const APPLIED_BY: &str = "kubectl";

/// Applies everything. `token` is that of the account that acts for us on GitHub, `more`
/// another manifest.
pub(crate) async fn furnish(client: &Client, token: &str, more: Option<Value>) -> anyhow::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
    let mut manifests = read_folder(&root.join("crds"))?;
    manifests.push(json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "bowsprit" } }));
    manifests.extend(read_folder(&root.join("examples/quickstart"))?);
    manifests.push(json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": { "name": "acme-github", "namespace": "acme" },
        "stringData": { "token": token, "webhook-secret": HOOK_SECRET },
    }));
    manifests.push(json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": { "name": "bowsprit", "namespace": "bowsprit" },
        "data": { "settings.yaml": SETTINGS },
    }));
    manifests.extend(more);
    for manifest in &manifests {
        apply(client, manifest).await?;
    }
    Ok(())
}

/// The manifests of a folder, in the order of its files.
fn read_folder(folder: &Path) -> anyhow::Result<Vec<Value>> {
    let entries = std::fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut files: Vec<PathBuf> = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    files.sort();
    let mut manifests = Vec::new();
    for file in files.iter().filter(|file| file.extension().is_some_and(|end| end == "yaml")) {
        let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
        for document in text.split("\n---\n") {
            manifests.push(serde_saphyr::from_str(document).with_context(|| file.display().to_string())?);
        }
    }
    Ok(manifests)
}

async fn apply(client: &Client, manifest: &Value) -> anyhow::Result<()> {
    let text = |pointer: &str| manifest.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let (version, kind, name) = (text("/apiVersion"), text("/kind"), text("/metadata/name"));
    let (group, version) = version.split_once('/').unwrap_or(("", version));
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
    let api: Api<DynamicObject> = match text("/metadata/namespace") {
        "" => Api::all_with(client.clone(), &resource),
        namespace => Api::namespaced_with(client.clone(), namespace, &resource),
    };
    let how = PatchParams::apply(APPLIED_BY).force();
    api.patch(name, &how, &Patch::Apply(manifest)).await.with_context(|| format!("{kind} {name}"))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_that_cannot_be_read_is_named_by_its_file() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("10-good.yaml"), "kind: A\n---\nkind: B\n").unwrap();
        std::fs::write(folder.path().join("README.md"), "{").unwrap();
        assert_eq!(read_folder(folder.path()).unwrap(), [json!({ "kind": "A" }), json!({ "kind": "B" })]);
        std::fs::write(folder.path().join("20-bad.yaml"), "kind: {\n").unwrap();
        assert!(read_folder(folder.path()).unwrap_err().to_string().ends_with("20-bad.yaml"));
    }
}
