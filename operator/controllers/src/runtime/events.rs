//! Events on our objects: what was done and why, for `kubectl describe`.
//!
//! An event's name comes from its object, reason and text, so telling the same twice counts up one event instead of
//! making two, also across restarts. The publisher of kube-runtime reads the machine's clock, which would spoil virtual
//! time; this one is handed a clock.

use decide::reason::Reason;
use forge::Clock;
use k8s_openapi::{
    api::{core::v1::ObjectReference, events::v1::Event},
    apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta},
};
use kube::{
    Api, Client,
    api::{Patch, PatchParams, PostParams},
};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// How loud an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loudness {
    /// Something happened as it should.
    Normal,
    /// Somebody should look.
    Warning,
}

/// Publishes events under one name.
#[derive(Clone)]
pub struct Events {
    client: Client,
    clock: Arc<dyn Clock>,
    controller: String,
    instance: String,
}

/// The API server cuts longer notes off with an error.
const NOTE_MAX: usize = 1024;

impl Events {
    /// `instance` names this process.
    pub fn new(client: Client, clock: Arc<dyn Clock>, instance: impl Into<String>) -> Self {
        Self { client, clock, controller: "bowsprit.dev/operator".to_owned(), instance: instance.into() }
    }

    /// Tells what happened to an object. An event that cannot be written is logged: it is a courtesy, not state.
    pub async fn publish(&self, about: &ObjectReference, loudness: Loudness, why: &dyn Reason, action: &str) {
        if let Err(error) = self.try_publish(about, loudness, why, action).await {
            tracing::warn!(reason = why.name(), %error, "an event was not written");
        }
    }

    async fn try_publish(
        &self,
        about: &ObjectReference,
        loudness: Loudness,
        why: &dyn Reason,
        action: &str,
    ) -> Result<(), kube::Error> {
        let namespace = about.namespace.clone().unwrap_or_else(|| "default".to_owned());
        let api: Api<Event> = Api::namespaced(self.client.clone(), &namespace);
        let note: String = why.sentence().chars().take(NOTE_MAX).collect();
        let name = event_name(about, why.name(), &note);
        let event = Event {
            metadata: ObjectMeta {
                name: Some(name.clone()),
                namespace: Some(namespace),
                ..ObjectMeta::default()
            },
            event_time: Some(MicroTime(self.clock.now())),
            regarding: Some(about.clone()),
            reason: Some(why.name().to_owned()),
            note: Some(note),
            action: Some(action.to_owned()),
            type_: Some(match loudness {
                Loudness::Normal => "Normal".to_owned(),
                Loudness::Warning => "Warning".to_owned(),
            }),
            reporting_controller: Some(self.controller.clone()),
            reporting_instance: Some(self.instance.clone()),
            ..Event::default()
        };
        match api.create(&PostParams::default(), &event).await {
            Err(kube::Error::Api(status)) if status.is_already_exists() => {
                let known = api.get(&name).await?;
                let count = known.series.map_or(2, |series| series.count.saturating_add(1));
                let series =
                    json!({ "series": { "count": count, "lastObservedTime": MicroTime(self.clock.now()) } });
                api.patch(&name, &PatchParams::default(), &Patch::Merge(&series)).await.map(drop)
            }
            other => other.map(drop),
        }
    }
}

fn event_name(about: &ObjectReference, reason: &str, note: &str) -> String {
    let mut hash = Sha256::new();
    for part in [about.uid.as_deref().unwrap_or_default(), reason, note] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    let digest = hash.finalize();
    let short: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let object: String = about.name.as_deref().unwrap_or("object").chars().take(200).collect();
    format!("{object}.{short}")
}
