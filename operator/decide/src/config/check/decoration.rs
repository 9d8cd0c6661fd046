//! Decoration configuration after merging: what a decorated pod cannot do without (spec jobs-and-runs 1.7).

use super::uri::{is_media_type, scheme};
use crate::config::problem::{At, Problem};
use api::decoration::{DecorationConfig, GcsConfiguration, UtilityImages};
use k8s_openapi::api::core::v1::Container;

/// Checks the merged decoration of a job. `at` is the job's place: what is missing may be missing in the defaults.
pub(super) fn check(config: &DecorationConfig, at: &At<'_>, problems: &mut Vec<Problem>) {
    let at = at.field("decoration_config");
    images(config.utility_images.as_ref(), &at, problems);
    let both = config.oauth_token_secret.is_some()
        && config.ssh_key_secrets.as_ref().is_some_and(|secrets| !secrets.is_empty());
    if both {
        let message = "cloning needs either oauth_token_secret or ssh_key_secrets, not both";
        problems.push(Problem::error(&at, message));
    }
    let at_storage = at.field("gcs_configuration");
    match &config.gcs_configuration {
        Some(storage) => check_storage(storage, &at_storage, problems),
        None => problems.push(Problem::error(
            &at_storage,
            "decoration needs to know where results go: set it here or in the defaults",
        )),
    }
}

fn images(images: Option<&UtilityImages>, at: &At<'_>, problems: &mut Vec<Problem>) {
    let none = UtilityImages::default();
    let images = images.unwrap_or(&none);
    let at = at.field("utility_images");
    for (name, image) in [
        ("clonerefs", &images.clonerefs),
        ("initupload", &images.initupload),
        ("entrypoint", &images.entrypoint),
        ("sidecar", &images.sidecar),
    ] {
        if image.is_empty() {
            let message = "decoration needs this image: set it here or in the defaults";
            problems.push(Problem::error(&at.field(name), message));
        }
    }
}

fn check_storage(storage: &GcsConfiguration, at: &At<'_>, problems: &mut Vec<Problem>) {
    let bucket = &storage.bucket;
    let address = if bucket.contains("://") { bucket.clone() } else { format!("gs://{bucket}") };
    if let Err(wrong) = scheme(&address) {
        let message = format!("{bucket:?} is no bucket ({wrong}): write NAME/PATH, or PROVIDER://NAME/PATH");
        problems.push(Problem::error(&at.field("bucket"), message));
    }
    for (extension, media_type) in storage.media_types.iter().flatten() {
        if !is_media_type(media_type) {
            let message = format!("{media_type:?} is not a media type such as text/plain");
            problems.push(Problem::error(&at.field("mediaTypes").field(extension), message));
        }
    }
    match storage.path_strategy.as_str() {
        "explicit" => {}
        "legacy" | "single" => {
            if storage.default_org.is_empty() || storage.default_repo.is_empty() {
                let message =
                    format!("path_strategy {:?} needs default_org and default_repo", storage.path_strategy);
                problems.push(Problem::error(at, message));
            }
        }
        other => {
            let message = format!("{other:?} must be explicit, legacy or single");
            problems.push(Problem::error(&at.field("path_strategy"), message));
        }
    }
}

/// Checks a container that is to be wrapped: the entrypoint must know what to run.
pub(super) fn check_container(container: &Container, at: &At<'_>, problems: &mut Vec<Problem>) {
    let line = container.command.iter().flatten().chain(container.args.iter().flatten());
    if line.into_iter().next().is_none_or(String::is_empty) {
        let message = "a decorated container needs command or args: its image's own entrypoint is not known";
        problems.push(Problem::error(at, message));
    }
}
