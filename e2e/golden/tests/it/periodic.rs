//! One tick of the periodic scheduler: which runs start.

use api::prow_job::{ProwJobSpec, ProwJobStatus};
use decide::{
    config::prow::ProwConfig,
    schedule::{Due, due, last_run},
};
use golden::{Case, hold, synthetic};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

#[test]
fn periodic() {
    hold("jobs/periodic", &synthetic("jobs/periodic"), answer);
}

#[derive(Deserialize)]
struct Input {
    config: Value,
    jobs: Value,
    prowjobs: Vec<ProwJob>,
    now: Timestamp,
    cron_fired_since_last_tick: BTreeSet<String>,
}

#[derive(Deserialize)]
struct ProwJob {
    metadata: Metadata,
    spec: ProwJobSpec,
    status: ProwJobStatus,
}

#[derive(Deserialize)]
struct Metadata {
    namespace: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

/// A run that starts: the job and, where it is a retry, the attempt.
type Started = (String, Option<u32>);

fn answer(case: &Case) -> Result<(), String> {
    let want = case.want["started"].as_array().unwrap().iter().map(|run| {
        let label = run["labels"].get(api::keys::RE_RUN).and_then(Value::as_str);
        (run["job"].as_str().unwrap().to_owned(), label.map(|attempt| attempt.parse().unwrap()))
    });
    let mut want: Vec<Started> = want.collect();
    let mut got = started(&serde_json::from_value(case.input.clone()).unwrap());
    want.sort();
    got.sort();
    if got == want { Ok(()) } else { Err(format!("want {want:?}\n got {got:?}\n{}", case.quirk)) }
}

fn started(input: &Input) -> Vec<Started> {
    let jobs = input.jobs.to_string();
    let loaded = ProwConfig::load(&input.config.to_string(), [("jobs.yaml", jobs.as_str())]).unwrap();
    let ours = || input.prowjobs.iter().filter(|run| run.metadata.namespace == "default");
    let runs = || ours().map(|run| (&run.spec, &run.status, &run.metadata.labels));
    let mut started = Vec::new();
    for job in loaded.jobs.periodics.iter().map(|accepted| &accepted.job) {
        let fired = input.cron_fired_since_last_tick.contains(job.name()).then_some(input.now);
        let last = last_run(job.name(), runs());
        if let Due { start: Some(slot), .. } = due(job, last.as_ref(), fired, input.now) {
            started.push((job.name().to_owned(), slot.attempt));
        }
    }
    started
}
