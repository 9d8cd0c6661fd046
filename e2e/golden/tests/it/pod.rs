//! ProwJob to pod (`jobs/pod`).

use crate::go_view;
use api::prow_job::{ProwJobSpec, ProwJobStatus};
use decide::job::pod::{PodCause, build};
use golden::Case;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A ProwJob as the cases hold it.
#[derive(Deserialize)]
pub struct ProwJob {
    pub metadata: Metadata,
    pub spec: ProwJobSpec,
    #[serde(default)]
    pub status: ProwJobStatus,
}

#[derive(Deserialize)]
pub struct Metadata {
    pub name: String,
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
}

/// Our pod of a run beside Prow's.
pub fn compare(
    run: &ProwJob,
    local_output_dir: Option<&str>,
    want: &serde_json::Value,
) -> Result<(), String> {
    let pod = build(&PodCause {
        name: &run.metadata.name,
        build_id: &run.status.build_id,
        labels: &run.metadata.labels,
        annotations: &run.metadata.annotations,
        spec: &run.spec,
        local_output_dir,
    })
    .map_err(|problem| problem.to_string())?;
    let (ours, theirs) = (go_view::pod(&pod)?, go_view::pod(want)?);
    if ours == theirs { Ok(()) } else { Err(go_view::difference("", &ours, &theirs)) }
}

fn answer(case: &Case) -> Result<(), String> {
    let run: ProwJob = serde_json::from_value(case.input["prowjob"].clone()).map_err(|e| e.to_string())?;
    compare(&run, case.input["local_output_dir"].as_str(), &case.want)
}

#[test]
fn a_run_becomes_the_pod_that_prow_makes() {
    golden::hold("jobs/pod", &golden::synthetic("jobs/pod"), answer);
}
