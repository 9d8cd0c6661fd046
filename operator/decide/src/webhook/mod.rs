//! Webhooks: whether a request is from GitHub, and what it is a hint to look at.
//!
//! [`check`] judges a request as it came, before anything else is done with it. [`hints`] reads as little of a payload as
//! it can: what is to be done is decided from what a look finds, so a payload that GitHub changed costs time, never a
//! command. The hooks themselves are kept right by [`plan_hook`] and [`redeliveries`].

mod hint;
mod hook;
mod payload;
mod request;
mod secrets;

pub use hint::{Hint, What, hints};
pub use hook::{
    Attempt, EVENTS, FoundHook, Ground, Health, HookReason, Source, health, plan_hook, redeliveries, sources,
};
pub use request::{Accepted, BODY_MAX, Refusal, Request, check};
pub use secrets::{Secret, Secrets};
