//! What the controllers of a real cluster do to objects that are going: owners and their dependents, namespaces and what
//! is in them, CRDs and their objects.
//!
//! In a cluster this happens a moment later, here within the write that causes it, so that tests see one order.
//! `WorldBuilder::without_controllers` switches the first two off, to look like an API server that runs alone.

use std::collections::VecDeque;

use serde_json::Value;

use crate::crd;
use crate::delete::{self, Options, Propagation};
use crate::object::{self, get};
use crate::resource::{BuiltIn, Kind};
use crate::state::State;
use crate::store::{Collection, Key};

/// Something that has happened to an object.
#[derive(Clone, Debug)]
pub(crate) enum Work {
    /// It was created or changed.
    Changed(Collection, Key),
    /// It is gone; this was its last state.
    Removed(Collection, Value),
}

/// Whether nothing holds an object whose deletion has begun.
pub(crate) fn finished(kind: &Kind, object: &Value) -> bool {
    let held_by_spec = kind.built_in == Some(BuiltIn::Namespace)
        && !object::list(object, &["spec", "finalizers"]).is_empty();
    object::deleting(object)
        && object::finalizers(object).is_empty()
        && object::grace(object).unwrap_or_default() == 0
        && !held_by_spec
}

/// Takes an object out of the store, with all that follows.
pub(crate) fn remove(state: &mut State, collection: &Collection, key: &Key) {
    if let Some(last) = state.store.delete(collection, key) {
        settle(state, Work::Removed(collection.clone(), Value::clone(&last)));
    }
}

/// Works off what follows from a change, until nothing follows any more.
pub(crate) fn settle(state: &mut State, work: Work) {
    if let Work::Removed(collection, last) = &work {
        if collection.plural == "customresourcedefinitions" {
            crd::unregister(state, last);
        }
        if collection.plural == "pods" {
            state.logs.forget(object::namespace(last), object::name(last));
        }
    }
    let mut queue = VecDeque::from([work]);
    while let Some(work) = queue.pop_front() {
        match work {
            Work::Changed(collection, key) => changed(state, &collection, &key, &mut queue),
            Work::Removed(collection, last) => removed(state, &collection, &last, &mut queue),
        }
    }
}

fn changed(state: &mut State, collection: &Collection, key: &Key, queue: &mut VecDeque<Work>) {
    let Some(object) = state.store.get(collection, key) else { return };
    let kind = state.registry.owning(collection).and_then(|kind| kind.built_in);
    let finalizers = object::finalizers(&object);
    // This one is part of the API server itself.
    if kind == Some(BuiltIn::CustomResourceDefinition) && finalizers.contains(&crd::CLEANUP) {
        return empty_definition(state, collection, key, &object, queue);
    }
    if !state.controllers {
        return;
    }
    let mut owners = object::owners(&object).peekable();
    if owners.peek().is_some() && !owners.any(|uid| state.store.place(uid).is_some()) {
        return discard(state, collection, key, Propagation::Background);
    }
    if !object::deleting(&object) {
        return;
    }
    if finalizers.contains(&"orphan") {
        for (collection, key) in state.store.dependents(object::uid(&object)) {
            disown(state, &collection, &key, object::uid(&object));
        }
        return release(state, collection, key, queue, |object| object::remove_finalizer(object, "orphan"));
    }
    if finalizers.contains(&"foregroundDeletion") {
        return foreground(state, collection, key, &object, queue);
    }
    if kind == Some(BuiltIn::Namespace) {
        let inside: Vec<(Collection, Key)> = state
            .store
            .everything()
            .filter(|(_, inside, _)| inside.namespace == key.name)
            .map(|(collection, key, _)| (collection.clone(), key.clone()))
            .collect();
        for (collection, key) in &inside {
            discard(state, collection, key, Propagation::Background);
        }
        let empty = !state.store.everything().any(|(_, inside, _)| inside.namespace == key.name);
        if empty && !object::list(&object, &["spec", "finalizers"]).is_empty() {
            release(state, collection, key, queue, |object| {
                drop(object::remove(object, &["spec", "finalizers"]));
            });
        }
    }
}

/// Deletes the objects of a definition that is going, and lets it go when none is left.
fn empty_definition(
    state: &mut State,
    collection: &Collection,
    key: &Key,
    definition: &Value,
    queue: &mut VecDeque<Work>,
) {
    let instances = crd::instances(definition);
    let keys: Vec<Key> = state.store.all(&instances).map(|(key, _)| key.clone()).collect();
    for key in keys {
        discard(state, &instances, &key, Propagation::Background);
    }
    if state.store.all(&instances).next().is_none() {
        release(state, collection, key, queue, |object| object::remove_finalizer(object, crd::CLEANUP));
    }
}

/// An object that waits for its dependents: they go first, and it follows when none that blocks it is left.
fn foreground(
    state: &mut State,
    collection: &Collection,
    key: &Key,
    owner: &Value,
    queue: &mut VecDeque<Work>,
) {
    let uid = object::uid(owner);
    for (collection, key) in state.store.dependents(uid) {
        let Some(dependent) = state.store.get(&collection, &key) else { continue };
        if !object::deleting(&dependent) {
            let has_own = !state.store.dependents(object::uid(&dependent)).is_empty();
            let propagation = if has_own { Propagation::Foreground } else { Propagation::Background };
            discard(state, &collection, &key, propagation);
        }
    }
    let blocks = |(collection, key): &(Collection, Key)| {
        state.store.get(collection, key).is_some_and(|dependent| {
            let references = object::list(&dependent, &["metadata", "ownerReferences"]).iter();
            references
                .filter(|reference| object::text(reference, &["uid"]) == uid)
                .any(|reference| get(reference, &["blockOwnerDeletion"]) == Some(&Value::Bool(true)))
        })
    };
    if !state.store.dependents(uid).iter().any(blocks) {
        release(state, collection, key, queue, |object| {
            object::remove_finalizer(object, "foregroundDeletion");
        });
    }
}

fn removed(state: &mut State, collection: &Collection, last: &Value, queue: &mut VecDeque<Work>) {
    let uid = object::uid(last);
    let dependents = if state.controllers { state.store.dependents(uid) } else { Vec::new() };
    for (collection, key) in dependents {
        let Some(dependent) = state.store.get(&collection, &key) else { continue };
        if object::owners(&dependent).any(|owner| state.store.place(owner).is_some()) {
            disown(state, &collection, &key, uid);
        } else {
            discard(state, &collection, &key, Propagation::Background);
        }
    }
    // Whoever waited for this object looks again: its owners, its namespace, its definition.
    let owners = object::owners(last).filter_map(|owner| state.store.place(owner).cloned());
    queue.extend(owners.map(|(collection, key)| Work::Changed(collection, key)));
    let namespaces = Collection { group: String::new(), plural: "namespaces".to_owned() };
    queue.push_back(Work::Changed(namespaces, Key::new("", object::namespace(last))));
    let definitions = Collection {
        group: "apiextensions.k8s.io".to_owned(),
        plural: "customresourcedefinitions".to_owned(),
    };
    let definition = Key::new("", &format!("{}.{}", collection.plural, collection.group));
    queue.push_back(Work::Changed(definitions, definition));
}

/// Deletes an object as a controller does.
fn discard(state: &mut State, collection: &Collection, key: &Key, propagation: Propagation) {
    let Some(object) = state.store.get(collection, key) else { return };
    let Some(kind) = state.registry.owning(collection).cloned() else { return };
    if !object::deleting(&object) {
        delete::delete(state, &kind, &object, &Options::with(propagation));
    }
}

/// Takes the references to an owner off an object.
fn disown(state: &mut State, collection: &Collection, key: &Key, uid: &str) {
    let Some(object) = state.store.get(collection, key) else { return };
    let mut object = Value::clone(&object);
    let all = object::list(&object, &["metadata", "ownerReferences"]);
    let rest: Vec<Value> = all.iter().filter(|owner| object::text(owner, &["uid"]) != uid).cloned().collect();
    if rest.is_empty() {
        object::remove(&mut object, &["metadata", "ownerReferences"]);
    } else {
        object::set(&mut object, &["metadata", "ownerReferences"], Value::Array(rest));
    }
    state.store.put(collection, object);
}

/// Lets go of an object that the controllers held, and takes it out if nobody else holds it.
fn release(
    state: &mut State,
    collection: &Collection,
    key: &Key,
    queue: &mut VecDeque<Work>,
    let_go: impl FnOnce(&mut Value),
) {
    let Some(object) = state.store.get(collection, key) else { return };
    let Some(kind) = state.registry.owning(collection).cloned() else { return };
    let mut object = Value::clone(&object);
    let_go(&mut object);
    if finished(&kind, &object) {
        if let Some(last) = state.store.delete(collection, key) {
            if kind.built_in == Some(BuiltIn::CustomResourceDefinition) {
                crd::unregister(state, &last);
            }
            queue.push_back(Work::Removed(collection.clone(), Value::clone(&last)));
        }
    } else {
        state.store.put(collection, object);
        queue.push_back(Work::Changed(collection.clone(), key.clone()));
    }
}
