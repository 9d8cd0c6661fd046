//! From a run to its pod (spec jobs-and-runs 7.1), as raw JSON.
//!
//! The job's own pod spec is carried through untouched where nothing is to be done to it: it may hold fields of a
//! Kubernetes newer than our types, so it never passes through them. Namespace, cluster and the operator's own labels
//! are the caller's business.

mod containers;
mod decorate;
mod security;
mod volumes;

pub use volumes::{GCS_CREDENTIALS, S3_CREDENTIALS};

use super::{environment, labels};
use api::{
    keys,
    podutils::JobSpec,
    prow_job::{ProwJobSpec, ProwJobType},
};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The name of the only test container of a pod.
pub const TEST_CONTAINER: &str = "test";
/// Names of containers that decoration adds; a test container must not bear one.
pub const UTILITY_CONTAINERS: [&str; 4] = ["clonerefs", "initupload", "place-entrypoint", "sidecar"];

/// The run that a pod is made for.
#[derive(Clone, Copy, Debug)]
pub struct PodCause<'a> {
    /// The ProwJob's name, and the pod's.
    pub name: &'a str,
    /// Number of this execution.
    pub build_id: &'a str,
    /// The ProwJob's labels.
    pub labels: &'a BTreeMap<String, String>,
    /// The ProwJob's annotations.
    pub annotations: &'a BTreeMap<String, String>,
    /// What to run.
    pub spec: &'a ProwJobSpec,
    /// A folder of the machine that results are written to instead of storage: for people who try a job at their desk.
    pub local_output_dir: Option<&'a str>,
}

/// Why no pod can be made. A person must change the job.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PodProblem {
    /// Nothing to run.
    #[error("the run has no pod spec: write one under spec of the job")]
    NoPodSpec,
    /// Nothing to run.
    #[error("the pod spec has no container: write one under spec.containers")]
    NoContainer,
    /// A part of the pod spec is not what Kubernetes has there.
    #[error("{path} of the pod spec is not {expected}")]
    Shape {
        /// Where, as in `containers[0].args`.
        path: String,
        /// What should be there.
        expected: &'static str,
    },
    /// Decoration lacks something that it cannot do without.
    #[error("decoration_config.{field} is missing: set it in the job or in the Repository's decoration")]
    Decoration {
        /// The field.
        field: &'static str,
    },
    /// A wrapped container says not what to run.
    #[error("container {container:?} has neither command nor args; a decorated job needs one of them")]
    NoCommand {
        /// The container.
        container: String,
    },
    /// What goes into an environment variable cannot be written.
    #[error("the run cannot be written as JSON: {0}")]
    Json(String),
}

impl From<serde_json::Error> for PodProblem {
    fn from(error: serde_json::Error) -> Self {
        Self::Json(error.to_string())
    }
}

/// Whether the pod of such a run clones anything.
pub fn clones(spec: &ProwJobSpec) -> bool {
    let skipped = spec.decoration_config.as_ref().and_then(|d| d.skip_cloning).unwrap_or(false);
    spec.decoration_config.is_some() && !skipped && (spec.refs.is_some() || !spec.extra_refs.is_empty())
}

/// The pod of a run.
///
/// # Errors
/// Where the job gives nothing that could run.
pub fn build(cause: &PodCause<'_>) -> Result<Value, PodProblem> {
    let mut spec = cause.spec.pod_spec.clone().ok_or(PodProblem::NoPodSpec)?;
    name_the_only_container(&mut spec)?;
    spec.insert("restartPolicy".to_owned(), json!("Never"));
    security::withhold_token(&mut spec);
    let env = environment::of(&job_spec(cause))?;
    match &cause.spec.decoration_config {
        None => {
            for container in containers::list_mut(&mut spec, "containers")? {
                containers::append(container, "env", containers::env_list(&env))?;
            }
        }
        Some(decoration) => decorate::decorate(&mut spec, cause, decoration, env)?,
    }
    for list in ["containers", "initContainers"] {
        for container in containers::list_mut(&mut spec, list)? {
            let policy = container.entry("terminationMessagePolicy").or_insert_with(|| json!(""));
            if policy == "" {
                *policy = json!("FallbackToLogsOnError");
            }
        }
    }
    Ok(json!({ "apiVersion": "v1", "kind": "Pod", "metadata": metadata(cause), "spec": spec }))
}

/// With several containers each keeps its name, which its files are named after.
fn name_the_only_container(spec: &mut Map<String, Value>) -> Result<(), PodProblem> {
    match containers::list_mut(spec, "containers")?.as_mut_slice() {
        [] => Err(PodProblem::NoContainer),
        [only] => {
            only.insert("name".to_owned(), json!(TEST_CONTAINER));
            Ok(())
        }
        _ => Ok(()),
    }
}

fn metadata(cause: &PodCause<'_>) -> Value {
    let mut own = cause.labels.clone();
    own.insert(keys::ID.to_owned(), cause.name.to_owned());
    own.insert(keys::BUILD_ID.to_owned(), cause.build_id.to_owned());
    let labels = labels::labels(cause.spec, &own);
    let annotations = labels::annotations(cause.spec, cause.annotations);
    json!({ "name": cause.name, "labels": labels, "annotations": annotations })
}

/// What `JOB_SPEC` says about the run. A periodic has no main repository, whatever its spec holds.
fn job_spec(cause: &PodCause<'_>) -> JobSpec {
    let spec = cause.spec;
    JobSpec {
        type_: spec.type_,
        job: spec.job.clone(),
        build_id: cause.build_id.to_owned(),
        prow_job_id: cause.name.to_owned(),
        refs: match spec.type_ {
            ProwJobType::Periodic => None,
            ProwJobType::Presubmit | ProwJobType::Postsubmit | ProwJobType::Batch => spec.refs.clone(),
        },
        extra_refs: spec.extra_refs.clone(),
        decoration_config: spec.decoration_config.clone(),
    }
}
