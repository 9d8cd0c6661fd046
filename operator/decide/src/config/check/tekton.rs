//! Tekton's PipelineRunSpec: the git refs that its tasks name must be those of the job (spec jobs-and-runs 1.9).

use crate::config::problem::{At, Problem};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

const EXTRA_REF: &str = "PROW_EXTRA_GIT_REF_";
const IMPLICIT_REF: &str = "PROW_IMPLICIT_GIT_REF";

/// Checks the tasks of a pipeline against the number of the job's `extra_refs`. `periodic`: there is no ref of its own.
pub(super) fn check(
    spec: &Map<String, Value>,
    extra_refs: usize,
    periodic: bool,
    at: &At<'_>,
    problems: &mut Vec<Problem>,
) {
    let tasks = spec.get("pipelineSpec").and_then(|pipeline| pipeline.get("tasks"));
    let names = tasks.and_then(Value::as_array).into_iter().flatten().filter_map(|task| {
        task.get("taskRef").and_then(|reference| reference.get("name")).and_then(Value::as_str)
    });
    let mut used = BTreeSet::new();
    for name in names {
        if periodic && name.contains(IMPLICIT_REF) {
            let message = format!("{IMPLICIT_REF} names the tested repository, and a periodic has none");
            problems.push(Problem::error(at, message));
        }
        let Some((_, after)) = name.split_once(EXTRA_REF) else { continue };
        let digits = &after[..after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len())];
        if digits.len() > 1 && digits.starts_with('0') {
            let message = format!("{EXTRA_REF}{digits}: write the number without zeros in front");
            problems.push(Problem::error(at, message));
        } else if let Ok(index) = digits.parse::<usize>() {
            used.insert(index);
        }
    }
    for unused in (0..extra_refs).filter(|index| !used.contains(index)) {
        let message = format!("extra_refs[{unused}] is used by no task: name {EXTRA_REF}{unused} in one");
        problems.push(Problem::error(at, message));
    }
    if let Some(missing) = used.iter().find(|index| **index >= extra_refs) {
        let message = format!("a task names {EXTRA_REF}{missing}, but there are {extra_refs} extra_refs");
        problems.push(Problem::error(at, message));
    }
}
