//! A ProwJob as the cases hold it, as our own value.

use decide::run::Run;
use serde_json::Value;

/// The case's ProwJob. The API server would have set what is missing here.
pub fn run(prow_job: &Value) -> Result<Run, String> {
    let mut object = prow_job.clone();
    let created =
        object.pointer("/status/startTime").cloned().unwrap_or_else(|| "2026-01-01T00:00:00Z".into());
    if let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.entry("creationTimestamp").or_insert(created);
    }
    serde_json::from_value(object).map(|object| Run::observe(&object)).map_err(|e| e.to_string())
}
