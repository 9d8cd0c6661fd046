//! What makes which object be looked at again. A controller looks at an object when the object changes; here stands what
//! else it depends on.
//!
//! A status that we write is no change of what others depend on: only a new generation, a deletion asked for, and an
//! end are passed on. So no two kinds can keep each other awake.

use api::{JobConfig, ProwJob, keys, prow_job::ProwJobType};
use futures::{Stream, StreamExt, stream};
use kube::{
    Resource, ResourceExt,
    runtime::reflector::{ObjectRef, Store},
};
use std::{collections::BTreeMap, sync::Arc};

/// Those objects that say something else than when they last passed.
pub(crate) fn said_anew<K>(objects: impl Stream<Item = Arc<K>> + Send) -> impl Stream<Item = Arc<K>> + Send
where
    K: Resource<DynamicType = ()> + Send + Sync,
{
    let mut known: BTreeMap<String, (Option<i64>, bool)> = BTreeMap::new();
    objects.filter(move |object| {
        let says = (object.meta().generation, object.meta().deletion_timestamp.is_some());
        let anew = known.insert(object.uid().unwrap_or_default(), says) != Some(says);
        std::future::ready(anew)
    })
}

/// All objects of a kind in the namespaces of these.
pub(crate) fn beside<K, T>(
    objects: impl Stream<Item = Arc<K>> + Send + 'static,
    store: Store<T>,
) -> impl Stream<Item = ObjectRef<T>> + Send + 'static
where
    K: Resource<DynamicType = ()> + Send + Sync + 'static,
    T: Resource<DynamicType = ()> + Clone + Send + Sync + 'static,
{
    objects.flat_map(move |object| {
        let namespace = object.namespace();
        let beside = store.state().into_iter().filter(move |other| other.namespace() == namespace);
        stream::iter(beside.map(|other| ObjectRef::from_obj(other.as_ref())).collect::<Vec<_>>())
    })
}

/// All objects of a kind, of whatever namespace.
pub(crate) fn everywhere<K, T>(
    objects: impl Stream<Item = Arc<K>> + Send + 'static,
    store: Store<T>,
) -> impl Stream<Item = ObjectRef<T>> + Send + 'static
where
    K: Send + Sync + 'static,
    T: Resource<DynamicType = ()> + Clone + Send + Sync + 'static,
{
    objects.flat_map(move |_| {
        let all = store.state().into_iter().map(|other| ObjectRef::from_obj(other.as_ref()));
        stream::iter(all.collect::<Vec<_>>())
    })
}

/// The objects whose periodics these runs are, when a run ends: its periodic may be due again.
pub(crate) fn configs_of_periodics(
    runs: impl Stream<Item = Arc<ProwJob>> + Send + 'static,
) -> impl Stream<Item = ObjectRef<JobConfig>> + Send + 'static {
    runs.filter_map(|run| std::future::ready(config_of_periodic(&run)))
}

fn config_of_periodic(run: &ProwJob) -> Option<ObjectRef<JobConfig>> {
    let ended = run.status.as_ref().is_some_and(|status| status.completion_time.is_some());
    if run.spec.type_ != ProwJobType::Periodic || !ended {
        return None;
    }
    let name = run.annotations().get(keys::SOURCE)?.strip_prefix("jobconfig/")?;
    Some(ObjectRef::new(name).within(&run.namespace()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::Repository;
    use jiff::Timestamp;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

    fn repository(version: &str, generation: i64) -> Arc<Repository> {
        let mut object = Repository::default();
        object.metadata.uid = Some("u".into());
        object.metadata.resource_version = Some(version.into());
        object.metadata.generation = Some(generation);
        Arc::new(object)
    }

    #[tokio::test]
    async fn a_status_that_was_written_wakes_nobody_else() {
        let mut going = Repository::clone(&repository("4", 2));
        going.metadata.deletion_timestamp = Some(Time(Timestamp::UNIX_EPOCH));
        let objects = [repository("1", 1), repository("2", 1), repository("3", 2), Arc::new(going)];
        let passed = said_anew(stream::iter(objects)).map(|object| object.resource_version().unwrap());
        assert_eq!(passed.collect::<Vec<_>>().await, ["1", "3", "4"]);
    }

    #[test]
    fn the_end_of_a_periodics_run_wakes_its_object_and_nothing_else_does() {
        let spec = serde_json::json!({ "type": "periodic", "job": "nightly", "agent": "kubernetes" });
        let mut run = ProwJob::new("r", serde_json::from_value(spec).unwrap());
        run.metadata.namespace = Some("acme".into());
        run.metadata.annotations =
            Some(BTreeMap::from([(keys::SOURCE.to_owned(), "jobconfig/widgets".to_owned())]));
        assert_eq!(config_of_periodic(&run), None);
        run.status.get_or_insert_default().completion_time = Some(Time(Timestamp::UNIX_EPOCH));
        let config = ObjectRef::new("widgets").within("acme");
        assert_eq!(config_of_periodic(&run), Some(config));
        run.spec.type_ = ProwJobType::Presubmit;
        assert_eq!(config_of_periodic(&run), None);
    }
}
