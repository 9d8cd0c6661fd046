//! How things look as JSON: GitHub's fields, spelt as GitHub spells them.
//!
//! REST answers and webhook payloads show the same values, so both come from here. Addresses are built from the two
//! base addresses of the options. A field that would need something not simulated has the value of a fresh repository.

mod commit;
mod hook;
mod issue;
mod people;
mod pull;
mod repo;

use std::fmt::Display;

use jiff::Timestamp;
use serde_json::{Value, json};

pub(crate) use self::hook::{show_config, show_delivery};
pub(crate) use self::issue::{REACTIONS, show_rollup};
pub(crate) use self::people::permissions;
pub(crate) use self::repo::{encoded, extend};
use crate::clock::shown;
use crate::state::State;

impl State {
    /// An address of the REST API.
    pub(crate) fn api(&self, path: impl Display) -> String {
        format!("{}{path}", self.options.api)
    }

    /// An address of the pages.
    pub(crate) fn web(&self, path: impl Display) -> String {
        format!("{}{path}", self.options.web)
    }
}

/// A time, or null.
pub(crate) fn maybe(at: Option<Timestamp>) -> Value {
    at.map_or(Value::Null, |at| json!(shown(at)))
}

/// A node id: the kind of object and its number, as opaque to clients as GitHub's own.
pub(crate) fn node_id(kind: &str, id: impl Display) -> String {
    format!("{kind}_{id}")
}
