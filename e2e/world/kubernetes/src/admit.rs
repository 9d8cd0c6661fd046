//! What happens to an object between the request and the store, in one order for all kinds: place it, keep what a client
//! may not change, note who owns what, check, store, and do what follows.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::failure::{Failure, FieldError};
use crate::gc::{self, Work};
use crate::managed_fields::{self, Operation};
use crate::object::{self, copy, get, set};
use crate::resource::{BuiltIn, Kind};
use crate::state::State;
use crate::store::Key;
use crate::write::{Ownership, Write};
use crate::{built_in_rules, crd, events, metadata, validate};

/// The largest object that etcd takes, in bytes of JSON.
const OBJECT_MAX: usize = 1_572_864;

/// Checks a new object and stores it.
pub(crate) fn admit_new(
    state: &mut State,
    write: &Write<'_>,
    mut object: Value,
    ownership: Ownership,
) -> Result<Arc<Value>, Failure> {
    let kind = write.kind();
    if !object::version(&object).is_empty() {
        return Err(Failure::unforeseen("resourceVersion should not be set on objects to be created"));
    }
    place(write, &mut object)?;
    if object::name(&object).is_empty() {
        let prefix = object::text(&object, &["metadata", "generateName"]).to_owned();
        if !prefix.is_empty() {
            let name = generated(state, write, &prefix);
            set(&mut object, &["metadata", "name"], json!(name));
        }
    }
    let name = object::name(&object).to_owned();
    living_namespace(state, write, &name)?;
    for field in ["deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "generation"] {
        object::remove(&mut object, &["metadata", field]);
    }
    set(&mut object, &["metadata", "creationTimestamp"], write.view.clock.stamp());
    if counts_generations(kind) {
        set(&mut object, &["metadata", "generation"], json!(1));
    }
    // A node comes with the status that its kubelet knows.
    if write.view.version.status && kind.built_in != Some(BuiltIn::Node) {
        object::remove(&mut object, &["status"]);
    }
    own(write, None, &mut object, ownership)?;
    if let Some(built_in) = kind.built_in {
        built_in_rules::begin(built_in, &mut object);
    }
    check(write, &object, None)?;
    if let Some(existing) = state.store.get(&kind.collection(), &write.key(&name)) {
        let mut failure = Failure::already_exists(kind, &name);
        if object::deleting(&existing) {
            failure.message = format!("object is being deleted: {}", failure.message);
        }
        return Err(failure);
    }
    let uid = state.ids.uid();
    set(&mut object, &["metadata", "uid"], json!(uid));
    if kind.built_in == Some(BuiltIn::CustomResourceDefinition) {
        crd::establish(&mut object, write.view.clock);
    }
    store(state, write, object)
}

/// Checks the new state of an existing object and stores it, unless nothing has changed.
pub(crate) fn admit_update(
    state: &mut State,
    write: &Write<'_>,
    stored: &Arc<Value>,
    mut new: Value,
    ownership: Ownership,
) -> Result<Arc<Value>, Failure> {
    let (kind, name) = (write.kind(), &write.call.name);
    let old = write.view.versioned(stored);
    let version = object::version(&new);
    if !version.is_empty() && version != object::version(&old) {
        return Err(Failure::stale(kind, name));
    }
    let uid = object::uid(&new);
    if !uid.is_empty() && uid != object::uid(&old) {
        let why = format!(
            "Precondition failed: UID in precondition: {uid}, UID in object meta: {}",
            object::uid(&old)
        );
        return Err(Failure::conflict(kind, name, &why));
    }
    place(write, &mut new)?;
    for field in [
        "uid",
        "resourceVersion",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "generation",
        "selfLink",
    ] {
        copy(&old, &mut new, &["metadata", field]);
    }
    keep_out_of_reach(write, &old, &mut new);
    own(write, Some(&old), &mut new, ownership)?;
    if kind.built_in == Some(BuiltIn::CustomResourceDefinition) && !write.through_status() {
        crd::establish(&mut new, write.view.clock);
    }
    if counts_generations(kind) && desired(write, &old) != desired(write, &new) {
        let generation = get(&old, &["metadata", "generation"]).and_then(Value::as_i64).unwrap_or(1);
        set(&mut new, &["metadata", "generation"], json!(generation + 1));
    }
    check(write, &new, Some(&old))?;
    if timeless(&old) == timeless(&new) {
        return Ok(stored.clone());
    }
    store(state, write, new)
}

/// Whether `metadata.generation` is kept.
const fn counts_generations(kind: &Kind) -> bool {
    matches!(kind.built_in, None | Some(BuiltIn::CustomResourceDefinition | BuiltIn::Pod))
}

/// What the generation counts changes of: all but metadata, and the status where it has a way of its own.
fn desired(write: &Write<'_>, object: &Value) -> Value {
    let mut desired = object.clone();
    object::remove(&mut desired, &["metadata"]);
    if write.view.version.status {
        object::remove(&mut desired, &["status"]);
    }
    desired
}

/// Undoes what this endpoint may not change.
fn keep_out_of_reach(write: &Write<'_>, old: &Value, new: &mut Value) {
    if !write.through_status() {
        if write.view.version.status {
            copy(old, new, &["status"]);
        }
        if write.kind().built_in == Some(BuiltIn::Namespace) && write.call.subresource != "finalize" {
            copy(old, new, &["spec", "finalizers"]);
        }
        return;
    }
    if write.kind().built_in.is_some() {
        copy(old, new, &["spec"]);
        copy(old, new, &["metadata", "ownerReferences"]);
        return;
    }
    // Through a custom resource's status, nothing else moves.
    let (status, managers) = (new.get("status").cloned(), get(new, &["metadata", "managedFields"]).cloned());
    *new = old.clone();
    for (path, value) in [(&["status"][..], status), (&["metadata", "managedFields"][..], managers)] {
        match value {
            Some(value) => set(new, path, value),
            None => drop(object::remove(new, path)),
        }
    }
}

/// An object without the times of its managers: they alone are no change.
fn timeless(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(Value::Array(entries)) = object.pointer_mut("/metadata/managedFields") {
        for entry in entries {
            object::remove(entry, &["time"]);
        }
    }
    object
}

/// Gives an object the namespace of the request; 400 if it names another.
fn place(write: &Write<'_>, object: &mut Value) -> Result<(), Failure> {
    // Metadata is a Go struct for every kind: what is empty in it is absent.
    if let Some(Value::Object(metadata)) = object.get_mut("metadata") {
        metadata.retain(|name, value| {
            let optional =
                matches!(name.as_str(), "labels" | "annotations" | "finalizers" | "ownerReferences");
            let empty =
                value.as_object().is_some_and(Map::is_empty) || value.as_array().is_some_and(Vec::is_empty);
            !(value.is_null() || optional && empty)
        });
    }
    let asked = &write.call.namespace;
    let own = object::namespace(object);
    if !write.kind().namespaced {
        object::remove(object, &["metadata", "namespace"]);
    } else if !own.is_empty() && own != asked {
        return Err(Failure::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    } else {
        set(object, &["metadata", "namespace"], json!(asked));
    }
    Ok(())
}

/// A name that is free. The prefix is cut so that names stay within 63 characters.
fn generated(state: &mut State, write: &Write<'_>, prefix: &str) -> String {
    let prefix: String = prefix.chars().take(58).collect();
    loop {
        let name = format!("{prefix}{}", state.ids.suffix());
        if state.store.get(&write.kind().collection(), &write.key(&name)).is_none() {
            return name;
        }
    }
}

/// 404 for a namespace that does not exist, 403 for one that is going.
fn living_namespace(state: &State, write: &Write<'_>, name: &str) -> Result<(), Failure> {
    if !write.kind().namespaced {
        return Ok(());
    }
    let namespace = &write.call.namespace;
    let Some(namespaces) = state.registry.get("", "namespaces") else { return Ok(()) };
    let found = state.store.get(&namespaces.collection(), &Key::new("", namespace));
    let found = found.ok_or_else(|| Failure::not_found(namespaces, namespace))?;
    if object::deleting(&found) {
        let why =
            format!("unable to create new content in namespace {namespace} because it is being terminated");
        let mut failure = Failure::forbidden(write.kind(), name, &why);
        let message = format!("namespace {namespace} is being terminated");
        let causes =
            json!([{"reason": "NamespaceTerminating", "message": message, "field": "metadata.namespace"}]);
        set(&mut failure.details, &["causes"], causes);
        return Err(failure);
    }
    Ok(())
}

/// Notes who owns what.
fn own(
    write: &Write<'_>,
    old: Option<&Value>,
    object: &mut Value,
    ownership: Ownership,
) -> Result<(), Failure> {
    let managers = match ownership {
        Ownership::Applied(managers) => managers,
        Ownership::Update(managers) => {
            let (node, writer) = (write.view.version.schema.root(), write.writer(Operation::Update)?);
            // A status that has a way of its own is nobody's through any other.
            let owned = |object: &Value| {
                let mut owned = object.clone();
                if write.view.version.status && !write.through_status() {
                    object::remove(&mut owned, &["status"]);
                }
                owned
            };
            managed_fields::track(node, old.map(owned).as_ref(), &owned(object), managers, writer)
        }
    };
    let managers = match write.kind().built_in {
        Some(built_in) => managed_fields::without_structs(built_in, managers),
        None => managers,
    };
    managed_fields::set(object, managers);
    Ok(())
}

/// 422 with everything that is wrong.
fn check(write: &Write<'_>, object: &Value, old: Option<&Value>) -> Result<(), Failure> {
    let kind = write.kind();
    let mut errors = metadata::check(kind, object, old);
    match kind.built_in {
        Some(built_in) => errors.extend(built_in_rules::check(built_in, object, old)),
        None => errors.extend(check_custom(write, object, old)),
    }
    if kind.built_in == Some(BuiltIn::CustomResourceDefinition) && errors.is_empty() {
        crd::registrable(object)?;
    }
    if !errors.is_empty() {
        let name = match object::name(object) {
            "" => object::text(object, &["metadata", "generateName"]),
            name => name,
        };
        return Err(Failure::invalid(kind, name, &errors));
    }
    if object.to_string().len() > OBJECT_MAX {
        return Err(Failure::unforeseen("etcdserver: request is too large"));
    }
    Ok(())
}

/// What a custom resource's schema has against it. Rules run only on what the schema lets through.
fn check_custom(write: &Write<'_>, object: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let (node, rules) = (write.view.version.schema.root(), &write.view.version.rules);
    let mut errors = validate::check(node, object, old, "");
    if !errors.iter().any(FieldError::blocks_rules) {
        errors.extend(rules.check(node, object, old));
    } else if !rules.is_empty() {
        errors.push(FieldError::invalid(
            "<nil>",
            &json!("null"),
            "some validation rules were not checked because the object was invalid; correct the existing errors to \
             complete validation",
        ));
    }
    errors
}

/// Stores an object, or takes it out when its deletion has been waiting for just this write.
fn store(state: &mut State, write: &Write<'_>, object: Value) -> Result<Arc<Value>, Failure> {
    let kind = write.kind();
    let object = if kind.built_in == Some(BuiltIn::Event) && !kind.group.is_empty() {
        let mut stored = events::to_core(&object);
        set(&mut stored, &["apiVersion"], json!("v1"));
        stored
    } else {
        object
    };
    let object = if kind.built_in == Some(BuiltIn::Event) { events::complete(object) } else { object };
    if write.dry_run {
        return Ok(Arc::new(object));
    }
    let (collection, key) = (kind.collection(), Key::of(&object));
    if gc::finished(kind, &object) {
        let object = Arc::new(object);
        gc::remove(state, &collection, &key);
        return Ok(object);
    }
    let stored = state.store.put(&collection, object);
    if kind.built_in == Some(BuiltIn::CustomResourceDefinition) {
        crd::register(state, &stored)?;
    }
    gc::settle(state, Work::Changed(collection, key));
    Ok(stored)
}
