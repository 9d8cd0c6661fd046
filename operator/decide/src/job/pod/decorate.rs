//! Decoration: in which order the parts of a decorated pod are put together (spec jobs-and-runs 7.1).

use super::{
    PodCause, PodProblem, clones, containers, security,
    volumes::{self, Cloning, Storage},
};
use api::{
    decoration::{DecorationConfig, GcsConfiguration, UtilityImages},
    podutils::{
        CloneRefsOptions, InitUploadOptions, JOB_SPEC, SidecarCensoring, SidecarOptions, UploadOptions,
        WrapperOptions,
    },
    refs::Refs,
};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

type Object = Map<String, Value>;

/// What all containers of one pod share.
struct Parts<'a> {
    decoration: &'a DecorationConfig,
    images: &'a UtilityImages,
    /// What is cloned, in order; nothing: there is no code volume.
    refs: Vec<Refs>,
    storage: Storage,
    upload: UploadOptions,
    /// The tests' environment.
    env: BTreeMap<String, String>,
}

impl Parts<'_> {
    fn job_spec(&self) -> &str {
        self.env.get(JOB_SPEC).map_or("", String::as_str)
    }
}

/// Wraps the job's pod spec with clone, log capture and upload. `env`: what the tests are promised.
pub(super) fn decorate(
    spec: &mut Object,
    cause: &PodCause<'_>,
    decoration: &DecorationConfig,
    mut env: BTreeMap<String, String>,
) -> Result<(), PodProblem> {
    env.insert("ARTIFACTS".to_owned(), volumes::ARTIFACTS_PATH.to_owned());
    env.insert("GOPATH".to_owned(), volumes::CODE_PATH.to_owned());
    let gcs = decoration.gcs_configuration.as_ref();
    let storage = volumes::storage(decoration, cause.local_output_dir);
    let parts = Parts {
        decoration,
        images: containers::images(decoration)?,
        refs: if clones(cause.spec) { refs_in_order(cause) } else { Vec::new() },
        upload: upload_options(gcs.ok_or(PodProblem::Decoration { field: "gcs_configuration" })?, &storage),
        storage,
        env,
    };
    let cloning = volumes::cloning(decoration);
    init_containers(spec, &parts, &cloning)?;
    test_containers_and_sidecar(spec, &parts)?;

    containers::append(
        spec,
        "volumes",
        [volumes::empty_dir(volumes::LOGS), volumes::empty_dir(volumes::TOOLS)],
    )?;
    containers::append(spec, "volumes", parts.storage.volumes)?;
    if !parts.refs.is_empty() {
        containers::append(spec, "volumes", cloning.volumes)?;
        containers::append(spec, "volumes", [volumes::empty_dir(volumes::CODE)])?;
    }
    security::fill_in(spec, decoration)
}

/// The main repository first, as clonerefs clones them and the working directory is chosen.
fn refs_in_order(cause: &PodCause<'_>) -> Vec<Refs> {
    cause.spec.refs.iter().chain(&cause.spec.extra_refs).cloned().collect()
}

fn upload_options(gcs: &GcsConfiguration, storage: &Storage) -> UploadOptions {
    let mut configuration = gcs.clone();
    if let Some(dir) = &storage.local_output_dir {
        configuration.local_output_dir.clone_from(dir);
    }
    UploadOptions {
        storage: configuration,
        gcs_credentials_file: storage.gcs_file.clone(),
        s3_credentials_file: storage.s3_file.clone(),
        ..UploadOptions::default()
    }
}

fn clone_options(refs: &[Refs], decoration: &DecorationConfig, cloning: &Cloning) -> CloneRefsOptions {
    let endpoints = decoration.github_api_endpoints.clone().filter(|list| !list.is_empty());
    CloneRefsOptions {
        src_root: volumes::CODE_PATH.to_owned(),
        log: volumes::CLONE_LOG.to_owned(),
        git_user_name: "ci-robot".to_owned(),
        git_user_email: "ci-robot@k8s.io".to_owned(),
        refs: refs.to_vec(),
        key_files: cloning.key_files.clone(),
        oauth_token_file: cloning.oauth_token_file.clone(),
        host_fingerprints: decoration.ssh_host_fingerprints.clone().unwrap_or_default(),
        cookie_path: cloning.cookie_file.clone(),
        github_api_endpoints: endpoints.unwrap_or_else(|| vec!["https://api.github.com".to_owned()]),
        github_app_id: decoration.github_app_id.clone().unwrap_or_default(),
        github_app_private_key_file: cloning.app_key_file.clone(),
        ..CloneRefsOptions::default()
    }
}

/// clonerefs, the job's own native sidecars, initupload, place-entrypoint.
fn init_containers(spec: &mut Object, parts: &Parts<'_>, cloning: &Cloning) -> Result<(), PodProblem> {
    let Parts { decoration, images, refs, .. } = parts;
    let logs = volumes::mount(volumes::LOGS, volumes::LOGS_PATH);
    let mut all = Vec::new();
    let mut initupload_mounts = Vec::new();
    let mut log = String::new();
    if !refs.is_empty() {
        let mut mounts = vec![logs.clone(), volumes::mount(volumes::CODE, volumes::CODE_PATH)];
        mounts.extend(cloning.mounts.iter().cloned());
        let options = clone_options(refs, decoration, cloning);
        all.push(containers::clonerefs(decoration, &images.clonerefs, &options, &mounts)?);
        initupload_mounts.push(logs);
        volumes::CLONE_LOG.clone_into(&mut log);
    }
    if let Some(Value::Array(own)) = spec.remove("initContainers") {
        all.extend(own);
    }
    initupload_mounts.extend(parts.storage.mounts.iter().cloned());
    let options = InitUploadOptions { upload: parts.upload.clone(), log };
    let job_spec = parts.job_spec();
    all.push(containers::initupload(decoration, &images.initupload, &options, job_spec, &initupload_mounts)?);
    all.push(containers::place_entrypoint(decoration, &images.entrypoint));
    spec.insert("initContainers".to_owned(), Value::Array(all));
    Ok(())
}

fn test_containers_and_sidecar(spec: &mut Object, parts: &Parts<'_>) -> Result<(), PodProblem> {
    let decoration = parts.decoration;
    let secrets =
        if decoration.censor_secrets.unwrap_or(false) { secrets_of_tests(spec)? } else { Vec::new() };
    let options = SidecarOptions {
        gcs_options: UploadOptions {
            items: vec![volumes::ARTIFACTS_PATH.to_owned()],
            ..parts.upload.clone()
        },
        entries: wrap_tests(spec, parts)?,
        ignore_interrupts: decoration.upload_ignores_interrupts.unwrap_or(false),
        censoring_options: SidecarCensoring {
            secret_directories: secrets.iter().map(|secret| secret.path.clone()).collect(),
            options: decoration.censoring_options.clone().unwrap_or_default(),
            ini_filenames: Vec::new(),
        },
        ..SidecarOptions::default()
    };
    let mut mounts = vec![volumes::mount(volumes::LOGS, volumes::LOGS_PATH)];
    mounts.extend(parts.storage.mounts.iter().cloned());
    mounts.extend(secrets.into_iter().map(|secret| secret.mount));
    let image = &parts.images.sidecar;
    let sidecar = containers::sidecar(decoration, image, &options, parts.job_spec(), &mounts)?;
    containers::append(spec, "containers", [sidecar])
}

/// A Secret that a test reads, as the sidecar mounts it.
struct MountedSecret {
    mount: Value,
    path: String,
}

/// The Secrets that test containers mount: the sidecar mounts them too, to know what to censor. Two tests may mount
/// different Secrets at one path; the second then lies elsewhere in the sidecar, for it must be known all the same.
fn secrets_of_tests(spec: &mut Object) -> Result<Vec<MountedSecret>, PodProblem> {
    let secret_volumes: BTreeSet<String> = containers::list_mut(spec, "volumes")?
        .iter()
        .filter(|volume| volume.get("secret").is_some_and(|secret| !secret.is_null()))
        .filter_map(|volume| Some(volume.get("name")?.as_str()?.to_owned()))
        .collect();
    let mut seen = Vec::new();
    let mut secrets: Vec<MountedSecret> = Vec::new();
    for container in containers::list_mut(spec, "containers")? {
        for mount in containers::list_mut(container, "volumeMounts")? {
            let text = |field: &str| mount.get(field).and_then(Value::as_str).unwrap_or_default();
            let (name, path) = (text("name").to_owned(), text("mountPath").to_owned());
            let place = (name.clone(), path.clone(), text("subPath").to_owned());
            if !secret_volumes.contains(&name) || seen.contains(&place) {
                continue;
            }
            let taken = secrets.iter().any(|secret| secret.path == path);
            let path = if taken { format!("/secrets/censored/{}", secrets.len()) } else { path };
            let mut own = mount.clone();
            own.insert("mountPath".to_owned(), json!(path));
            secrets.push(MountedSecret { mount: Value::Object(own), path });
            seen.push(place);
        }
    }
    Ok(secrets)
}

/// Puts the entrypoint around every test container, with its memory and, where code is cloned, its working directory.
fn wrap_tests(spec: &mut Object, parts: &Parts<'_>) -> Result<Vec<WrapperOptions>, PodProblem> {
    let tests = containers::list_mut(spec, "containers")?;
    let only = tests.len() == 1;
    let main = parts.refs.iter().find(|refs| refs.workdir).or_else(|| parts.refs.first());
    let work_dir = main.map(|main| format!("{}/src/{}", volumes::CODE_PATH, main.clone_path()));
    let mut entries = Vec::new();
    for container in tests {
        entries.push(containers::wrap(container, parts.decoration, &parts.env, only)?);
        security::memory(container, parts.decoration)?;
        if let Some(dir) = &work_dir {
            container.insert("workingDir".to_owned(), json!(dir));
            let code = volumes::mount(volumes::CODE, volumes::CODE_PATH);
            containers::append(container, "volumeMounts", [code])?;
        }
    }
    Ok(entries)
}
