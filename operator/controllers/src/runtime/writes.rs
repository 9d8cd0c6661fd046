//! The read-your-writes rule (research: reliability 5): nothing is decided on a cached object that is older than our own
//! last write of it.

use kube::{Resource, ResourceExt};
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

/// The resource version of our last write, by UID.
#[derive(Debug, Default)]
pub struct Writes {
    last: Mutex<BTreeMap<String, u64>>,
}

/// Kubernetes defines the versions of one resource as comparable numbers.
fn version<K: Resource>(object: &K) -> Option<u64> {
    object.resource_version()?.parse().ok()
}

impl Writes {
    /// Remembers what the server answered to a write.
    pub fn wrote<K: Resource>(&self, answer: &K) {
        if let (Some(uid), Some(version)) = (answer.uid(), version(answer)) {
            let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            let known = last.entry(uid).or_default();
            *known = version.max(*known);
        }
    }

    /// Whether this cached object is older than what we wrote. What it says must then not be acted upon.
    pub fn is_stale<K: Resource>(&self, cached: &K) -> bool {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match (cached.uid().and_then(|uid| last.get(&uid).copied()), version(cached)) {
            (Some(written), Some(seen)) => seen < written,
            _ => false,
        }
    }

    /// Forgets an object that is gone.
    pub fn forget(&self, uid: &str) {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).remove(uid);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::core::v1::ConfigMap;

    fn object(version: &str) -> ConfigMap {
        let mut object = ConfigMap::default();
        object.metadata.uid = Some("u".into());
        object.metadata.resource_version = Some(version.into());
        object
    }

    #[test]
    fn a_cached_object_older_than_our_write_is_stale() {
        let writes = Writes::default();
        writes.wrote(&object("10"));
        assert!(writes.is_stale(&object("9")));
        assert!(!writes.is_stale(&object("10")) && !writes.is_stale(&object("11")));
    }
}
