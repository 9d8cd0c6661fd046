//! A pod's volumes as folders of this machine: empty ones, Secrets, ConfigMaps, and host paths.

use crate::root::Mount;
use k8s_openapi::api::core::v1::{ConfigMap, Container, KeyToPath, Pod, Secret, Volume};
use kube::{Api, Client};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// Why a volume cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum VolumeError {
    #[error("volume {volume:?}: {kind} {name:?} is missing")]
    Missing { volume: String, kind: &'static str, name: String },
    #[error("volume {0:?} is of a kind that this kubelet does not have")]
    UnknownKind(String),
    #[error("volume {volume:?}: {source}")]
    Io { volume: String, source: std::io::Error },
    #[error("container {container:?} mounts volume {volume:?}, which the pod does not have")]
    Undeclared { container: String, volume: String },
    #[error(transparent)]
    Api(#[from] kube::Error),
}

/// Folders by volume name.
pub(crate) type Volumes = BTreeMap<String, PathBuf>;

/// Makes all volumes of a pod below a folder.
pub(crate) async fn make(client: &Client, pod: &Pod, below: &Path) -> Result<Volumes, VolumeError> {
    let namespace = pod.metadata.namespace.clone().unwrap_or_default();
    let mut volumes = Volumes::new();
    for volume in pod.spec.iter().flat_map(|spec| spec.volumes.iter().flatten()) {
        let folder = one(client, &namespace, volume, &below.join(&volume.name)).await?;
        volumes.insert(volume.name.clone(), folder);
    }
    Ok(volumes)
}

async fn one(
    client: &Client,
    namespace: &str,
    volume: &Volume,
    folder: &Path,
) -> Result<PathBuf, VolumeError> {
    let io = |source| VolumeError::Io { volume: volume.name.clone(), source };
    if let Some(host) = &volume.host_path {
        return Ok(PathBuf::from(&host.path));
    }
    std::fs::create_dir_all(folder).map_err(io)?;
    if volume.empty_dir.is_some() {
        return Ok(folder.to_owned());
    }
    let missing =
        |kind, name: &str| VolumeError::Missing { volume: volume.name.clone(), kind, name: name.to_owned() };
    let (files, items) = if let Some(wanted) = &volume.secret {
        let name = wanted.secret_name.clone().unwrap_or_default();
        let api: Api<Secret> = Api::namespaced(client.clone(), namespace);
        let found = api.get_opt(&name).await?;
        if found.is_none() && wanted.optional != Some(true) {
            return Err(missing("Secret", &name));
        }
        let data = found.and_then(|secret| secret.data).unwrap_or_default();
        (data.into_iter().map(|(key, value)| (key, value.0)).collect(), wanted.items.clone())
    } else if let Some(wanted) = &volume.config_map {
        let api: Api<ConfigMap> = Api::namespaced(client.clone(), namespace);
        let found = api.get_opt(&wanted.name).await?;
        if found.is_none() && wanted.optional != Some(true) {
            return Err(missing("ConfigMap", &wanted.name));
        }
        let data = found.and_then(|map| map.data).unwrap_or_default();
        (data.into_iter().map(|(key, value)| (key, value.into_bytes())).collect(), wanted.items.clone())
    } else {
        return Err(VolumeError::UnknownKind(volume.name.clone()));
    };
    write(folder, &files, items.as_deref()).map_err(io)?;
    Ok(folder.to_owned())
}

fn write(
    folder: &Path,
    files: &BTreeMap<String, Vec<u8>>,
    items: Option<&[KeyToPath]>,
) -> std::io::Result<()> {
    let put = |path: &Path, bytes: &[u8]| {
        let path = folder.join(path);
        path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
        std::fs::write(path, bytes)
    };
    match items {
        None => files.iter().try_for_each(|(key, bytes)| put(Path::new(key), bytes)),
        Some(items) => items.iter().try_for_each(|item| match files.get(&item.key) {
            Some(bytes) => put(Path::new(&item.path), bytes),
            None => Err(std::io::Error::other(format!("key {:?} is missing", item.key))),
        }),
    }
}

/// Where a container sees the volumes.
pub(crate) fn mounts(volumes: &Volumes, container: &Container) -> Result<Vec<Mount>, VolumeError> {
    let mounts = container.volume_mounts.iter().flatten().map(|mount| {
        let folder = volumes.get(&mount.name).ok_or_else(|| VolumeError::Undeclared {
            container: container.name.clone(),
            volume: mount.name.clone(),
        })?;
        let source = match &mount.sub_path {
            Some(below) if !below.is_empty() => {
                let source = folder.join(below);
                if !source.exists() {
                    let io = |source| VolumeError::Io { volume: mount.name.clone(), source };
                    std::fs::create_dir_all(&source).map_err(io)?;
                }
                source
            }
            _ => folder.clone(),
        };
        Ok(Mount { source, path: PathBuf::from(&mount.mount_path), read_only: mount.read_only == Some(true) })
    });
    mounts.collect()
}
