//! Writes: what they carry, and create and update. Patches and applies are in `patch`, deletions in `delete`.
//!
//! All go the same way: `decode` makes an object of the kind from what a client sent, `admit` checks and stores it.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::admit::{admit_new, admit_update};
use crate::call::Call;
use crate::decode::{Strictness, decode, yaml};
use crate::failure::{Failure, FieldError};
use crate::managed_fields::{self, Manager, Operation};
use crate::object;
use crate::read;
use crate::resource::{BuiltIn, Kind};
use crate::state::State;
use crate::store::Key;
use crate::strict;
use crate::view::View;

/// A write in progress.
pub(crate) struct Write<'a> {
    pub(crate) view: View<'a>,
    pub(crate) call: &'a Call,
    pub(crate) dry_run: bool,
    pub(crate) strictness: Strictness,
}

/// The answer to a write.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: u16,
    pub(crate) object: Outcome,
    pub(crate) warnings: Vec<String>,
}

/// What the answer shows.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// A stored object, to be shown in the form that the client asked for.
    Object(Arc<Value>),
    /// A document of its own, such as a Status.
    Document(Value),
}

/// Who owns the fields of an object that is about to be stored.
pub(crate) enum Ownership {
    /// The writer owns what it changed, on top of these.
    Update(Vec<Manager>),
    /// Server-side apply has worked it out.
    Applied(Vec<Manager>),
}

impl<'a> Write<'a> {
    pub(crate) fn new(view: View<'a>, call: &'a Call) -> Result<Self, Failure> {
        let strictness = match call.query.get("fieldValidation") {
            "" | "Warn" => Strictness::Warn,
            "Ignore" => Strictness::Ignore,
            "Strict" => Strictness::Strict,
            other => {
                let allowed = [json!(""), json!("Ignore"), json!("Strict"), json!("Warn")];
                let error = FieldError::unsupported("fieldValidation", &json!(other), &allowed);
                return Err(Failure::options(call.options(), &error));
            }
        };
        Ok(Self { view, call, dry_run: call.query.dry_run(call.options())?, strictness })
    }

    pub(crate) const fn kind(&self) -> &'a Kind {
        self.view.kind
    }

    pub(crate) fn through_status(&self) -> bool {
        self.call.subresource == "status"
    }

    pub(crate) fn writer(&self, operation: Operation) -> Result<Manager, Failure> {
        Ok(Manager {
            name: self.call.field_manager()?,
            operation,
            api_version: self.kind().api_version(&self.view.version.name),
            subresource: self.call.subresource.clone(),
            time: crate::clock::seconds(self.view.clock.now()),
            fields: crate::field_set::FieldSet::default(),
        })
    }

    pub(crate) fn key(&self, name: &str) -> Key {
        Key::new(&self.call.namespace, name)
    }
}

/// POST of a new object.
pub(crate) fn create(state: &mut State, write: &Write<'_>, body: &[u8]) -> Result<Answer, Failure> {
    let read = strict::read(body, yaml(write.call)?)?;
    let mut warnings = Vec::new();
    let object = decode(write, read, &mut warnings)?;
    let created = admit_new(state, write, object, Ownership::Update(Vec::new()))?;
    Ok(Answer { code: 201, object: Outcome::Object(created), warnings })
}

/// PUT of an existing object.
pub(crate) fn update(state: &mut State, write: &Write<'_>, body: &[u8]) -> Result<Answer, Failure> {
    let read = strict::read(body, yaml(write.call)?)?;
    let mut warnings = Vec::new();
    let new = decode(write, read, &mut warnings)?;
    let named = object::name(&new);
    if named != write.call.name {
        return Err(Failure::bad_request(format!(
            "the name of the object ({named}) does not match the name on the URL ({})",
            write.call.name
        )));
    }
    let old = read::stored(state, write.kind(), write.call)?;
    if object::version(&new).is_empty() && !unconditional(write.kind()) {
        let error = FieldError {
            reason: "FieldValueInvalid",
            field: "metadata.resourceVersion".to_owned(),
            message: "Invalid value: 0x0: must be specified for an update".to_owned(),
        };
        return Err(Failure::blind(write.kind(), named, &error));
    }
    let managers = managed_fields::brought(&old, &new)?;
    let updated = admit_update(state, write, &old, new, Ownership::Update(managers))?;
    Ok(Answer { code: 200, object: Outcome::Object(updated), warnings })
}

/// Whether a PUT without resourceVersion overwrites whatever there is.
fn unconditional(kind: &Kind) -> bool {
    match kind.built_in {
        None | Some(BuiltIn::Lease | BuiltIn::CustomResourceDefinition) => false,
        Some(
            BuiltIn::Namespace
            | BuiltIn::Pod
            | BuiltIn::ConfigMap
            | BuiltIn::Secret
            | BuiltIn::Event
            | BuiltIn::ServiceAccount
            | BuiltIn::Node
            | BuiltIn::SelfSubjectAccessReview,
        ) => true,
    }
}
