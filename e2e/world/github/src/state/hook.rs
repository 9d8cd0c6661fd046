//! Webhooks and the record of what was sent to them.

use jiff::Timestamp;
use serde_json::Value;

use crate::Name;

/// Where a hook is set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// On a repository.
    Repo(Name),
    /// On an organisation.
    Org(Name),
    /// The one hook of an App.
    App(u64),
}

/// A webhook.
#[derive(Clone, Debug)]
pub struct Hook {
    /// The number in addresses.
    pub id: u64,
    /// Where it is set.
    pub scope: Scope,
    /// Where it sends.
    pub url: String,
    /// What it signs with; shown by nothing.
    pub secret: Option<String>,
    /// Event names, or `*`.
    pub events: Vec<String>,
    /// Whether it sends.
    pub active: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last edited.
    pub updated_at: Timestamp,
}

/// One attempt to deliver one event to one hook.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The number of the attempt.
    pub id: u64,
    /// The hook.
    pub hook: u64,
    /// `X-GitHub-Delivery`: the same for every hook and every attempt of one event.
    pub guid: String,
    /// `X-GitHub-Event`.
    pub event: String,
    /// The payload.
    pub payload: Value,
    /// When it was sent.
    pub delivered_at: Timestamp,
    /// Whether somebody asked for it again.
    pub redelivery: bool,
    /// The receiver's answer; `None` while under way.
    pub outcome: Option<Outcome>,
}

/// What came of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The receiver's status, or 0 if nobody answered.
    pub code: u16,
    /// GitHub's word for it: `OK`, `Invalid HTTP Response: 500`, `failed to connect to host`.
    pub status: String,
    /// The receiver's body.
    pub body: String,
}

impl Outcome {
    /// The outcome of an answer.
    pub fn answered(code: u16, body: String) -> Self {
        let status = if (200..300).contains(&code) {
            "OK".to_owned()
        } else {
            format!("Invalid HTTP Response: {code}")
        };
        Self { code, status, body }
    }

    /// The outcome of a delivery that reached nobody.
    pub fn unreached(why: impl Into<String>) -> Self {
        Self { code: 0, status: why.into(), body: String::new() }
    }
}
