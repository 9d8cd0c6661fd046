//! Faults on purpose: what a test does to the server while a client works.
//!
//! A hook sees every call before it is done and decides what happens. Hooks run in the order in which they were put in;
//! the first that does not say [`Effect::Pass`] wins. They are closures so that a test can bring its own seeded dice.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::call::Call;
use crate::failure::Failure;

/// What happens to a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Nothing special.
    Pass,
    /// Refused without being done.
    Fail(Failure),
    /// Done, and then answered with a failure: the write that a client must not repeat blindly.
    ApplyThenFail(Failure),
    /// Done after a wait.
    Delay(Duration),
    /// Never answered, not done: the network ate the request, or the client dies before its write.
    Hang,
    /// Done and never answered: the network ate the answer, or the client dies right after its write.
    ApplyThenHang,
}

/// Names a hook, to take it out again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HookId(u64);

type Hook = Box<dyn FnMut(&Call) -> Effect + Send>;

#[derive(Default)]
struct Inner {
    hooks: BTreeMap<HookId, Hook>,
    next: u64,
    writes: u64,
}

#[derive(Default)]
pub(crate) struct Faults(Mutex<Inner>);

impl std::fmt::Debug for Faults {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Faults")
    }
}

impl Faults {
    pub(crate) fn add(&self, hook: impl FnMut(&Call) -> Effect + Send + 'static) -> HookId {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.next += 1;
        let id = HookId(inner.next);
        inner.hooks.insert(id, Box::new(hook));
        id
    }

    pub(crate) fn remove(&self, id: HookId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).hooks.remove(&id);
    }

    pub(crate) fn writes(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).writes
    }

    /// Numbers a write and asks the hooks.
    pub(crate) fn effect(&self, call: &mut Call) -> Effect {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if call.verb.writes() {
            inner.writes += 1;
            call.write = Some(inner.writes);
        }
        inner
            .hooks
            .values_mut()
            .map(|hook| hook(call))
            .find(|effect| *effect != Effect::Pass)
            .unwrap_or(Effect::Pass)
    }
}
