//! ProwJob to storage paths and link (`jobs/storage-path`).

use crate::{go_view, prow_job};
use decide::{
    report::{
        job_url::JobUrls,
        storage_path::{Place, place},
    },
    text::template::Template,
};
use golden::{Case, normalised};
use serde_json::{Value, json};

/// How the case's configuration makes links.
pub fn urls(config: &Value) -> Result<JobUrls, String> {
    let plank = &config["plank"];
    let template = plank["job_url_template"].as_str().filter(|text| !text.is_empty());
    let prefixes = plank.get("job_url_prefix_config").cloned().unwrap_or_else(|| json!({}));
    Ok(JobUrls {
        template: template.map(Template::new).transpose().map_err(|e| e.to_string())?,
        prefixes: serde_json::from_value(prefixes).map_err(|e| e.to_string())?,
        without_provider: plank["jobURLPrefixDisableAppendStorageProvider"].as_bool().unwrap_or(false),
    })
}

fn paths(place: &Place) -> Value {
    json!({
        "run_path": place.run,
        "job_root": place.job_root,
        "latest_build_files": place.latest_build,
        "alias_file": place.alias.as_ref().map(|alias| &alias.file),
        "alias_content": place.alias.as_ref().map(|alias| &alias.content),
        "provider": place.bucket.provider.as_str(),
        "bucket": place.bucket.name,
        "bucket_with_path": place.bucket.with_path,
        "local": place.local,
    })
}

fn answer(case: &Case) -> Result<(), String> {
    let run = prow_job::run(&case.input["prowjob"])?;
    let mut ours = json!({});
    let gcs =
        run.spec.decoration_config.as_ref().and_then(|decoration| decoration.gcs_configuration.as_ref());
    if let Some(gcs) = gcs {
        ours = paths(&place(gcs, &run.spec, &run.status.build_id).map_err(|e| e.to_string())?);
    }
    ours["config_accepted"] = json!(true);
    // Without a link the run goes on; Prow writes an empty one.
    ours["url"] = json!(urls(&case.input["config"])?.url(&run).unwrap_or_default());
    let (ours, want) = (normalised(&ours), normalised(&case.want));
    if ours == want { Ok(()) } else { Err(go_view::difference("", &ours, &want)) }
}

#[test]
fn results_lie_where_prow_puts_them() {
    golden::hold("jobs/storage-path", &golden::synthetic("jobs/storage-path"), answer);
}
