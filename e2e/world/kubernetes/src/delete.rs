//! Deletion: preconditions, grace, finalizers, propagation; one object or a collection.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::failure::{Failure, FieldError};
use crate::gc::{self, Work};
use crate::object::{self, set, text};
use crate::read;
use crate::resource::{BuiltIn, Kind};
use crate::selector::Selector;
use crate::state::State;
use crate::store::Key;
use crate::strict;
use crate::write::{Answer, Outcome, Write};

/// What happens to the objects that an object owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Propagation {
    Background,
    Foreground,
    Orphan,
}

/// `metav1.DeleteOptions`.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) grace: Option<i64>,
    pub(crate) propagation: Option<Propagation>,
    uid: String,
    version: String,
    dry_run: bool,
}

impl Options {
    /// What the garbage collector uses.
    pub(crate) const fn with(propagation: Propagation) -> Self {
        Self {
            grace: None,
            propagation: Some(propagation),
            uid: String::new(),
            version: String::new(),
            dry_run: false,
        }
    }

    fn parse(write: &Write<'_>, body: &[u8]) -> Result<Self, Failure> {
        let body = if body.is_empty() { Value::Null } else { strict::read(body, true)?.value };
        let query = &write.call.query;
        let propagation = match text(&body, &["propagationPolicy"]) {
            "" => query.get("propagationPolicy"),
            policy => policy,
        };
        let orphan = object::get(&body, &["orphanDependents"]).and_then(Value::as_bool);
        let propagation = match (propagation, orphan) {
            ("Background", None) | ("", Some(false)) => Some(Propagation::Background),
            ("Foreground", None) => Some(Propagation::Foreground),
            ("Orphan", None) | ("", Some(true)) => Some(Propagation::Orphan),
            ("", None) => None,
            (other, _) => {
                let allowed = [json!("Foreground"), json!("Background"), json!("Orphan"), json!("nil")];
                let error = FieldError::unsupported("propagationPolicy", &json!(other), &allowed);
                return Err(Failure::options("DeleteOptions", &error));
            }
        };
        let grace = object::get(&body, &["gracePeriodSeconds"]).and_then(Value::as_i64);
        let dry_run = object::list(&body, &["dryRun"]).iter().any(|value| value == "All");
        Ok(Self {
            grace: grace.map_or_else(|| query.number("gracePeriodSeconds"), |grace| Ok(Some(grace)))?,
            propagation,
            uid: text(&body, &["preconditions", "uid"]).to_owned(),
            version: text(&body, &["preconditions", "resourceVersion"]).to_owned(),
            dry_run: dry_run || write.dry_run,
        })
    }

    fn hold(&self, kind: &Kind, stored: &Value) -> Result<(), Failure> {
        let differs = |what: &str, asked: &str, actual: &str, moral: &str| {
            let why = format!(
                "the {what} in the precondition ({asked}) does not match the {what} in record ({actual}). The object might \
                 have been {moral}"
            );
            Err(Failure::unlike(kind, object::name(stored), &why))
        };
        if !self.uid.is_empty() && self.uid != object::uid(stored) {
            return differs("UID", &self.uid, object::uid(stored), "deleted and then recreated");
        }
        if !self.version.is_empty() && self.version != object::version(stored) {
            return differs("ResourceVersion", &self.version, object::version(stored), "modified");
        }
        Ok(())
    }
}

/// DELETE of one object.
pub(crate) fn one(state: &mut State, write: &Write<'_>, body: &[u8]) -> Result<Answer, Failure> {
    let options = Options::parse(write, body)?;
    let kind = write.kind();
    let stored = read::stored(state, kind, write.call)?;
    let uid = object::uid(&stored).to_owned();
    options.hold(kind, &stored)?;
    if kind.built_in == Some(BuiltIn::Namespace)
        && matches!(write.call.name.as_str(), "default" | "kube-system" | "kube-public")
    {
        return Err(Failure::forbidden(kind, &write.call.name, "this namespace may not be deleted"));
    }
    let (last, gone) = delete(state, kind, &stored, &options);
    let shows_object = matches!(kind.built_in, Some(BuiltIn::Pod | BuiltIn::ServiceAccount));
    let object = if gone && !shows_object {
        Outcome::Document(success(kind, &write.call.name, &uid))
    } else {
        Outcome::Object(last)
    };
    Ok(Answer { code: 200, object, warnings: Vec::new() })
}

/// DELETE of a collection: every object that the selectors match. The answer lists them.
pub(crate) fn collection(state: &mut State, write: &Write<'_>, body: &[u8]) -> Result<Answer, Failure> {
    let options = Options::parse(write, body)?;
    let kind = write.kind();
    let query = &write.call.query;
    let selector =
        Selector::parse(query.get("labelSelector"), query.get("fieldSelector"), kind, write.view.version)?;
    let chosen: Vec<Arc<Value>> = state
        .store
        .all(&kind.collection())
        .filter(|(key, _)| write.call.namespace.is_empty() || key.namespace == write.call.namespace)
        .filter(|(_, object)| selector.matches(object))
        .map(|(_, object)| object.clone())
        .collect();
    for stored in &chosen {
        options.hold(kind, stored)?;
        // An earlier deletion may have taken this one along.
        if let Some(stored) = state.store.get(&kind.collection(), &Key::of(stored)) {
            delete(state, kind, &stored, &options);
        }
    }
    let meta = json!({"resourceVersion": state.store.revision().to_string()});
    let list = write.view.list(chosen.iter().map(|object| &**object), &meta);
    Ok(Answer { code: 200, object: Outcome::Document(list), warnings: Vec::new() })
}

fn success(kind: &Kind, name: &str, uid: &str) -> Value {
    let mut details = json!({"name": name, "kind": kind.plural, "uid": uid});
    if !kind.group.is_empty() {
        set(&mut details, &["group"], json!(kind.group));
    }
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details})
}

/// Deletes an object or begins to. The answer: its last state, and whether it is gone.
pub(crate) fn delete(
    state: &mut State,
    kind: &Kind,
    stored: &Arc<Value>,
    options: &Options,
) -> (Arc<Value>, bool) {
    let mut object = Value::clone(stored);
    match options.propagation {
        Some(Propagation::Foreground) => {
            object::remove_finalizer(&mut object, "orphan");
            object::add_finalizer(&mut object, "foregroundDeletion");
        }
        Some(Propagation::Orphan) => {
            object::remove_finalizer(&mut object, "foregroundDeletion");
            object::add_finalizer(&mut object, "orphan");
        }
        Some(Propagation::Background) => {
            object::remove_finalizer(&mut object, "orphan");
            object::remove_finalizer(&mut object, "foregroundDeletion");
        }
        None => {}
    }
    let grace = grace(kind, stored, options);
    let begun = object::deleting(stored);
    // A second deletion can only make the wait shorter.
    if !begun || object::grace(stored).is_some_and(|before| grace < before) {
        let end = state.clock.unix() + grace;
        let end = jiff::Timestamp::from_second(end).unwrap_or(jiff::Timestamp::MAX);
        set(&mut object, &["metadata", "deletionTimestamp"], json!(end.to_string()));
        set(&mut object, &["metadata", "deletionGracePeriodSeconds"], json!(grace));
        if let Some(generation) = object::get(&object, &["metadata", "generation"]).and_then(Value::as_i64) {
            set(&mut object, &["metadata", "generation"], json!(generation + 1));
        }
        if kind.built_in == Some(BuiltIn::CustomResourceDefinition) {
            object::add_finalizer(&mut object, crate::crd::CLEANUP);
        }
        if kind.built_in == Some(BuiltIn::Namespace) {
            set(&mut object, &["status", "phase"], json!("Terminating"));
        }
    }
    if options.dry_run {
        let gone = gc::finished(kind, &object);
        return (Arc::new(object), gone);
    }
    let (collection, key) = (kind.collection(), Key::of(stored));
    if gc::finished(kind, &object) {
        gc::remove(state, &collection, &key);
        return (Arc::new(object), true);
    }
    if object == **stored {
        return (stored.clone(), false);
    }
    let last = state.store.put(&collection, object);
    gc::settle(state, Work::Changed(collection.clone(), key.clone()));
    let gone = state.store.get(&collection, &key).is_none();
    (last, gone)
}

/// How long the object may still live. Only pods have grace, and only while a node runs them.
fn grace(kind: &Kind, stored: &Value, options: &Options) -> i64 {
    if kind.built_in != Some(BuiltIn::Pod) {
        return 0;
    }
    let finished = matches!(text(stored, &["status", "phase"]), "Succeeded" | "Failed");
    if finished || text(stored, &["spec", "nodeName"]).is_empty() {
        return 0;
    }
    let own = object::get(stored, &["spec", "terminationGracePeriodSeconds"]).and_then(Value::as_i64);
    options.grace.or(own).unwrap_or(30).max(0)
}
