//! The containers of a decorated pod: those that decoration adds, and the wrapping of the test's own.

use super::{PodProblem, volumes};
use api::{
    decoration::{DecorationConfig, UtilityImages},
    podutils::{
        CLONEREFS_OPTIONS, CloneRefsOptions, ENTRYPOINT_OPTIONS, EntrypointOptions, INITUPLOAD_OPTIONS,
        InitUploadOptions, JOB_SPEC, SIDECAR_OPTIONS, SidecarOptions, WrapperOptions,
    },
};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

type Object = Map<String, Value>;

/// The objects of a list in a pod spec; an absent list is empty.
pub(super) fn list_mut<'a>(spec: &'a mut Object, field: &str) -> Result<Vec<&'a mut Object>, PodProblem> {
    let items = match spec.get_mut(field) {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(items)) => items,
        Some(_) => return Err(PodProblem::Shape { path: field.to_owned(), expected: "a list" }),
    };
    items
        .iter_mut()
        .enumerate()
        .map(|(at, item)| {
            item.as_object_mut()
                .ok_or_else(|| PodProblem::Shape { path: format!("{field}[{at}]"), expected: "an object" })
        })
        .collect()
}

/// An object inside an object, made where it is absent.
pub(super) fn object_mut<'a>(object: &'a mut Object, field: &str) -> Result<&'a mut Object, PodProblem> {
    let value = object.entry(field).or_insert_with(|| json!({}));
    if value.is_null() {
        *value = json!({});
    }
    value.as_object_mut().ok_or_else(|| PodProblem::Shape { path: field.to_owned(), expected: "an object" })
}

/// Adds to the end of a list, made where it is absent.
pub(super) fn append(
    object: &mut Object,
    field: &str,
    new: impl IntoIterator<Item = Value>,
) -> Result<(), PodProblem> {
    let value = object.entry(field).or_insert_with(|| json!([]));
    if value.is_null() {
        *value = json!([]);
    }
    let items = value
        .as_array_mut()
        .ok_or_else(|| PodProblem::Shape { path: field.to_owned(), expected: "a list" })?;
    items.extend(new);
    Ok(())
}

/// Variables as Kubernetes writes them.
pub(super) fn env_list(env: &BTreeMap<String, String>) -> Vec<Value> {
    env.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect()
}

fn option_env(name: &str, options: &impl Serialize) -> Result<Value, PodProblem> {
    Ok(json!({ "name": name, "value": serde_json::to_string(options)? }))
}

/// The images of the utilities, each of which must be known.
pub(super) fn images(decoration: &DecorationConfig) -> Result<&UtilityImages, PodProblem> {
    let images =
        decoration.utility_images.as_ref().ok_or(PodProblem::Decoration { field: "utility_images" })?;
    for (image, field) in [
        (&images.clonerefs, "utility_images.clonerefs"),
        (&images.initupload, "utility_images.initupload"),
        (&images.entrypoint, "utility_images.entrypoint"),
        (&images.sidecar, "utility_images.sidecar"),
    ] {
        if image.is_empty() {
            return Err(PodProblem::Decoration { field });
        }
    }
    Ok(images)
}

/// A utility's container, with its mounts and resources where it has any.
fn utility(mut container: Value, mounts: &[Value], resources: Option<&Object>) -> Value {
    if !mounts.is_empty() {
        container["volumeMounts"] = json!(mounts);
    }
    if let Some(resources) = resources {
        container["resources"] = json!(resources);
    }
    container
}

/// The init container that clones.
pub(super) fn clonerefs(
    decoration: &DecorationConfig,
    image: &str,
    options: &CloneRefsOptions,
    mounts: &[Value],
) -> Result<Value, PodProblem> {
    let mut container = json!({
        "name": "clonerefs",
        "image": image,
        "env": [option_env(CLONEREFS_OPTIONS, options)?],
    });
    if !options.cookie_path.is_empty() {
        container["args"] = json!([format!("--cookiefile={}", options.cookie_path)]);
    }
    Ok(utility(container, mounts, decoration.resources.as_ref().and_then(|r| r.clonerefs.as_ref())))
}

/// The init container that uploads what is known before the test.
pub(super) fn initupload(
    decoration: &DecorationConfig,
    image: &str,
    options: &InitUploadOptions,
    job_spec: &str,
    mounts: &[Value],
) -> Result<Value, PodProblem> {
    let container = json!({
        "name": "initupload",
        "image": image,
        "env": [
            option_env(INITUPLOAD_OPTIONS, options)?,
            { "name": JOB_SPEC, "value": job_spec },
        ],
    });
    Ok(utility(container, mounts, decoration.resources.as_ref().and_then(|r| r.initupload.as_ref())))
}

/// The init container that copies the entrypoint to where the test containers find it.
pub(super) fn place_entrypoint(decoration: &DecorationConfig, image: &str) -> Value {
    let container = json!({
        "name": "place-entrypoint",
        "image": image,
        "args": ["--copy-mode-only"],
    });
    let tools = [volumes::mount(volumes::TOOLS, volumes::TOOLS_PATH)];
    utility(container, &tools, decoration.resources.as_ref().and_then(|r| r.place_entrypoint.as_ref()))
}

/// The container that waits for the tests and uploads their results.
pub(super) fn sidecar(
    decoration: &DecorationConfig,
    image: &str,
    options: &SidecarOptions,
    job_spec: &str,
    mounts: &[Value],
) -> Result<Value, PodProblem> {
    let container = json!({
        "name": "sidecar",
        "image": image,
        "env": [
            { "name": JOB_SPEC, "value": job_spec },
            option_env(SIDECAR_OPTIONS, options)?,
        ],
    });
    Ok(utility(container, mounts, decoration.resources.as_ref().and_then(|r| r.sidecar.as_ref())))
}

/// Puts the entrypoint around one test container. `only`: it is the pod's only one, whose files bear no name.
///
/// `ENTRYPOINT_OPTIONS` comes last: the kubelet expands `$(VAR)` in it only from variables that stand before it.
pub(super) fn wrap(
    container: &mut Object,
    decoration: &DecorationConfig,
    env: &BTreeMap<String, String>,
    only: bool,
) -> Result<WrapperOptions, PodProblem> {
    let name = container.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut args = take_texts(container, "command", &name)?;
    args.extend(take_texts(container, "args", &name)?);
    if args.is_empty() {
        return Err(PodProblem::NoCommand { container: name });
    }
    let wrapper = wrapper_options(name, args, only);
    let options = EntrypointOptions {
        timeout: decoration.timeout.unwrap_or_default(),
        grace_period: decoration.grace_period.unwrap_or_default(),
        artifact_dir: volumes::ARTIFACTS_PATH.to_owned(),
        wrapper: wrapper.clone(),
        ..EntrypointOptions::default()
    };
    container.insert("command".to_owned(), json!(["/tools/entrypoint"]));
    append(container, "env", env_list(env))?;
    append(container, "env", [option_env(ENTRYPOINT_OPTIONS, &options)?])?;
    append(
        container,
        "volumeMounts",
        [
            volumes::mount(volumes::LOGS, volumes::LOGS_PATH),
            volumes::mount(volumes::TOOLS, volumes::TOOLS_PATH),
        ],
    )?;
    Ok(wrapper)
}

fn wrapper_options(container_name: String, args: Vec<String>, only: bool) -> WrapperOptions {
    let (log, marker, metadata) = if only {
        ("process-log.txt".to_owned(), "marker-file.txt".to_owned(), "metadata.json".to_owned())
    } else {
        (
            format!("{container_name}-log.txt"),
            format!("{container_name}-marker.txt"),
            format!("{container_name}-metadata.json"),
        )
    };
    WrapperOptions {
        args,
        container_name,
        process_log: format!("{}/{log}", volumes::LOGS_PATH),
        marker_file: format!("{}/{marker}", volumes::LOGS_PATH),
        metadata_file: format!("{}/{metadata}", volumes::ARTIFACTS_PATH),
    }
}

/// Removes a list of texts from a container and returns it.
fn take_texts(container: &mut Object, field: &str, name: &str) -> Result<Vec<String>, PodProblem> {
    match container.remove(field) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(value) => serde_json::from_value(value).map_err(|_| PodProblem::Shape {
            path: format!("{field} of container {name:?}"),
            expected: "a list of texts",
        }),
    }
}
