//! What a look at a run sees.

use super::RunError;
use crate::{context::Context, stores::sorted};
use api::ProwJob;
use decide::run::{self, PodFacts, Run, RunSettings};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use kube::{Api, runtime::reflector::ObjectRef};
use std::time::Duration;

/// How soon a run is looked at again whose mirror is behind.
pub(super) const BEHIND: Duration = Duration::from_millis(100);

/// A run with all that its next step depends on.
pub(super) struct Observed {
    pub(super) run: Run,
    pod: Option<PodFacts>,
    siblings: Vec<Run>,
    settings: RunSettings,
    now: Timestamp,
    new_build_id: String,
}

impl Observed {
    /// As the decision takes it.
    pub(super) fn decide<T>(&self, decide: impl FnOnce(&run::Observed<'_>) -> T) -> T {
        let siblings: Vec<&Run> = self.siblings.iter().collect();
        decide(&run::Observed {
            run: &self.run,
            pod: self.pod.as_ref(),
            siblings: &siblings,
            settings: &self.settings,
            now: self.now,
            new_build_id: &self.new_build_id,
        })
    }
}

/// Looks at a run; `None`: a mirror is behind our own writes, so nothing may be decided yet.
pub(super) async fn observe(context: &Context, object: &ProwJob) -> Result<Option<Observed>, RunError> {
    if context.writes.is_stale(object) {
        return Ok(None);
    }
    let run = Run::observe(object);
    let settings = context.run_settings();
    let mut siblings = Vec::new();
    for other in sorted(&context.stores.prow_jobs) {
        if context.writes.is_stale(other.as_ref()) {
            return Ok(None); // counting with an old state would start one too many
        }
        let other = Run::observe(&other);
        if !other.is_complete() && other.uid != run.uid {
            siblings.push(other);
        }
    }
    let pod = if run.is_complete() { None } else { pod(context, &run, &settings).await? };
    let new_build_id = context.build_ids.next();
    Ok(Some(Observed { run, pod, siblings, settings, now: context.clock.now(), new_build_id }))
}

/// The pod under the run's name. That there is none counts only from the API server itself: a mirror may be behind.
async fn pod(context: &Context, run: &Run, settings: &RunSettings) -> Result<Option<PodFacts>, RunError> {
    let Some(cluster) = settings.clusters.get(run.cluster()) else { return Ok(None) };
    let namespace = cluster.pod_namespace(&run.namespace);
    let mirrored = context
        .stores
        .pods
        .get(run.cluster())
        .and_then(|pods| pods.get(&ObjectRef::<Pod>::new(&run.name).within(&namespace)));
    if let Some(pod) = mirrored {
        return Ok(Some(PodFacts::observe(&pod)));
    }
    let Some(client) = context.clusters.get(run.cluster()) else { return Ok(None) };
    let api: Api<Pod> = Api::namespaced(client.clone(), &namespace);
    let found = api.get_opt(&run.name).await.map_err(RunError::Observe)?;
    Ok(found.as_ref().map(PodFacts::observe))
}
