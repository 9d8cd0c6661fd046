//! Decoration configuration: filling what is unset from a default (spec jobs-and-runs 1.7).

use api::{
    decoration::{CensoringOptions, DecorationConfig, DecorationResources, GcsConfiguration, UtilityImages},
    job::ProwJobDefaults,
};

/// Fills every unset field from a default. Sub-objects are filled field by field, except that resources are taken a
/// container at a time and the two scheduling options each whole.
pub fn fill(into: &mut DecorationConfig, default: &DecorationConfig) {
    fill_option(&mut into.timeout, default.timeout.as_ref());
    fill_option(&mut into.grace_period, default.grace_period.as_ref());
    fill_with(&mut into.utility_images, default.utility_images.as_ref(), fill_images);
    fill_with(&mut into.resources, default.resources.as_ref(), fill_resources);
    fill_with(&mut into.gcs_configuration, default.gcs_configuration.as_ref(), fill_gcs);
    fill_option(&mut into.gcs_credentials_secret, default.gcs_credentials_secret.as_ref());
    fill_option(&mut into.s3_credentials_secret, default.s3_credentials_secret.as_ref());
    fill_option(&mut into.default_service_account_name, default.default_service_account_name.as_ref());
    fill_list(&mut into.ssh_key_secrets, default.ssh_key_secrets.as_ref());
    fill_list(&mut into.ssh_host_fingerprints, default.ssh_host_fingerprints.as_ref());
    fill_option(&mut into.blobless_fetch, default.blobless_fetch.as_ref());
    fill_list(&mut into.sparse_checkout_files, default.sparse_checkout_files.as_ref());
    fill_option(&mut into.skip_cloning, default.skip_cloning.as_ref());
    fill_option(&mut into.cookiefile_secret, default.cookiefile_secret.as_ref());
    fill_option(&mut into.oauth_token_secret, default.oauth_token_secret.as_ref());
    fill_list(&mut into.github_api_endpoints, default.github_api_endpoints.as_ref());
    if into.github_app_id.as_ref().is_none_or(String::is_empty) {
        into.github_app_id.clone_from(&default.github_app_id);
    }
    fill_option(&mut into.github_app_private_key_secret, default.github_app_private_key_secret.as_ref());
    fill_option(&mut into.censor_secrets, default.censor_secrets.as_ref());
    fill_with(&mut into.censoring_options, default.censoring_options.as_ref(), fill_censoring);
    fill_option(&mut into.upload_ignores_interrupts, default.upload_ignores_interrupts.as_ref());
    fill_option(&mut into.set_limit_equals_memory_request, default.set_limit_equals_memory_request.as_ref());
    fill_option(&mut into.default_memory_request, default.default_memory_request.as_ref());
    fill_with(&mut into.scheduling_options, default.scheduling_options.as_ref(), |into, default| {
        for (name, option) in default {
            if into.get(name).is_none_or(serde_json::Value::is_null) {
                into.insert(name.clone(), option.clone());
            }
        }
    });
    fill_option(&mut into.pod_pending_timeout, default.pod_pending_timeout.as_ref());
    fill_option(&mut into.pod_running_timeout, default.pod_running_timeout.as_ref());
    fill_option(&mut into.pod_unscheduled_timeout, default.pod_unscheduled_timeout.as_ref());
    fill_option(&mut into.run_as_user, default.run_as_user.as_ref());
    fill_option(&mut into.run_as_group, default.run_as_group.as_ref());
    fill_option(&mut into.fs_group, default.fs_group.as_ref());
}

/// Fills the defaults of a run that its pod does not need.
pub(super) fn fill_prow_job_defaults(into: &mut ProwJobDefaults, default: &ProwJobDefaults) {
    fill_option(&mut into.resultstore_config, default.resultstore_config.as_ref());
    fill_text(&mut into.tenant_id, &default.tenant_id);
}

fn fill_images(into: &mut UtilityImages, default: &UtilityImages) {
    fill_text(&mut into.clonerefs, &default.clonerefs);
    fill_text(&mut into.initupload, &default.initupload);
    fill_text(&mut into.entrypoint, &default.entrypoint);
    fill_text(&mut into.sidecar, &default.sidecar);
}

fn fill_resources(into: &mut DecorationResources, default: &DecorationResources) {
    fill_option(&mut into.clonerefs, default.clonerefs.as_ref());
    fill_option(&mut into.initupload, default.initupload.as_ref());
    fill_option(&mut into.place_entrypoint, default.place_entrypoint.as_ref());
    fill_option(&mut into.sidecar, default.sidecar.as_ref());
}

fn fill_gcs(into: &mut GcsConfiguration, default: &GcsConfiguration) {
    fill_text(&mut into.bucket, &default.bucket);
    fill_text(&mut into.path_prefix, &default.path_prefix);
    fill_text(&mut into.path_strategy, &default.path_strategy);
    fill_text(&mut into.default_org, &default.default_org);
    fill_text(&mut into.default_repo, &default.default_repo);
    // The job's own entries win; in Prow the default's do (docs/differences-from-prow.md).
    fill_with(&mut into.media_types, default.media_types.as_ref(), |into, default| {
        for (extension, media_type) in default {
            into.entry(extension.clone()).or_insert_with(|| media_type.clone());
        }
    });
    fill_text(&mut into.job_url_prefix, &default.job_url_prefix);
    fill_text(&mut into.local_output_dir, &default.local_output_dir);
    fill_option(&mut into.compress_file_types, default.compress_file_types.as_ref());
}

fn fill_censoring(into: &mut CensoringOptions, default: &CensoringOptions) {
    fill_option(&mut into.censoring_concurrency, default.censoring_concurrency.as_ref());
    fill_option(&mut into.censoring_buffer_size, default.censoring_buffer_size.as_ref());
    fill_option(&mut into.include_directories, default.include_directories.as_ref());
    fill_option(&mut into.exclude_directories, default.exclude_directories.as_ref());
    fill_option(&mut into.minimum_secret_length, default.minimum_secret_length.as_ref());
}

fn fill_option<T: Clone>(into: &mut Option<T>, default: Option<&T>) {
    if into.is_none() {
        *into = default.cloned();
    }
}

/// As [`fill_option`], for lists whose emptiness says nothing.
fn fill_list<T: Clone>(into: &mut Option<Vec<T>>, default: Option<&Vec<T>>) {
    if into.as_ref().is_none_or(Vec::is_empty) {
        *into = default.cloned();
    }
}

fn fill_text(into: &mut String, default: &str) {
    if into.is_empty() {
        default.clone_into(into);
    }
}

fn fill_with<T: Clone>(into: &mut Option<T>, default: Option<&T>, fill: impl FnOnce(&mut T, &T)) {
    match (into, default) {
        (Some(into), Some(default)) => fill(into, default),
        (into @ None, default) => *into = default.cloned(),
        (Some(_), None) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_default_fills_only_what_is_unset() {
        let mut job: DecorationConfig = serde_json::from_value(json!({
            "timeout": "0s", "ssh_key_secrets": [], "gcs_credentials_secret": "",
            "gcs_configuration": {"mediaTypes": {"log": "application/log"}},
            "censoring_options": {"exclude_directories": []}, "resources": {"sidecar": {}},
            "scheduling_options": {"tolerations": [{"key": "mine"}]}
        }))
        .unwrap();
        let default = serde_json::from_value(json!({
            "timeout": "2h", "grace_period": "15s", "ssh_key_secrets": ["key"], "gcs_credentials_secret": "gcs",
            "gcs_configuration": {"bucket": "b", "mediaTypes": {"log": "text/plain", "txt": "text/x"}},
            "censoring_options": {"exclude_directories": ["x"]},
            "resources": {"sidecar": {"requests": {"cpu": "1"}}, "clonerefs": {"requests": {"cpu": "2"}}},
            "scheduling_options": {"affinity": {"nodeAffinity": {}}, "tolerations": [{"key": "theirs"}]}
        }))
        .unwrap();
        fill(&mut job, &default);
        assert_eq!(
            serde_json::to_value(&job).unwrap(),
            json!({
                "timeout": "0s", "grace_period": "15s", "ssh_key_secrets": ["key"], "gcs_credentials_secret": "",
                "gcs_configuration": {"bucket": "b", "mediaTypes": {"log": "application/log", "txt": "text/x"}},
                "censoring_options": {"exclude_directories": []},
                "resources": {"sidecar": {}, "clonerefs": {"requests": {"cpu": "2"}}},
                "scheduling_options": {"affinity": {"nodeAffinity": {}}, "tolerations": [{"key": "mine"}]}
            })
        );
    }
}
