//! A Kubernetes API server with honest semantics, in one axum router.
//!
//! For tests of anything that speaks to Kubernetes through HTTP: hand [`World::router`] to `kube::Client::new` and no
//! socket is involved, or serve it with `axum::serve` and use a stock kubectl. It runs on tokio's clock, so under
//! `start_paused` a day passes in a second, and the same seed gives the same run.
//!
//! It is a test double with a narrow job. What it does, it does as a real API server does: resourceVersions, watches with
//! bookmarks and 410, paging over one snapshot, optimistic concurrency, generation, the status subresource, server-side
//! apply with ownership, finalizers, garbage collection, CRDs with pruning, defaults, validation and CEL, tables, events,
//! leases, pod logs. What it does not do it refuses with 501 and a sentence. Faults are done on purpose
//! ([`World::inject`], [`World::freeze`], [`World::cut_watches`], [`World::expire_history`]).
//!
//! Where it knowingly differs from a cluster: there is no RBAC and no admission plugin (no priorities, default tolerations
//! or service account tokens on pods); the garbage collector, the namespace controller and the registration of CRDs act
//! within the write that causes them; CEL rules have no cost budget, are type-checked only as to fields and functions, and
//! compare sets with regard to order; errors about bodies that cannot be decoded are worded differently; a watch without a
//! timeout lives 30 minutes; quantities are kept as written; bodies in protobuf are refused.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let world = world_kubernetes::World::builder().seed(7).build();
//! let router = world.router();
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! axum::serve(listener, router).await?;
//! # Ok(()) }
//! ```

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::routing::put;
use jiff::Timestamp;
use serde_json::json;
use tokio::sync::watch as changes;

mod admit;
mod apply;
mod auth;
mod built_in;
mod built_in_rules;
mod call;
mod cel;
mod clock;
mod columns;
mod crd;
mod decode;
mod delete;
mod discovery;
mod events;
mod failure;
mod faults;
mod field_set;
mod gc;
mod jsonpath;
mod managed_fields;
mod metadata;
mod object;
mod openapi;
mod patch;
mod pods;
mod read;
mod resource;
mod rule_check;
mod schema;
mod selector;
mod serve;
mod state;
mod store;
mod strategic;
mod strict;
mod validate;
mod view;
mod watch;
mod write;

pub use crate::auth::{Deny, User};
pub use crate::call::{Call, Verb};
pub use crate::clock::Clock;
pub use crate::failure::Failure;
pub use crate::faults::{Effect, HookId};

use crate::auth::Auth;
use crate::faults::Faults;
use crate::state::State;
use crate::store::Collection;

/// The server. Clones share one state.
#[derive(Clone, Debug)]
pub struct World {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    state: Mutex<State>,
    changed: changes::Sender<u64>,
    faults: Faults,
    auth: Auth,
}

/// Settings of a [`World`].
#[derive(Clone, Debug)]
pub struct WorldBuilder {
    seed: u64,
    start: Timestamp,
    history: usize,
    controllers: bool,
    auth: Auth,
}

impl WorldBuilder {
    /// Where uids and generated names come from.
    #[must_use]
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// What the wall clock shows when the world begins.
    #[must_use]
    pub const fn starting_at(mut self, start: Timestamp) -> Self {
        self.start = start;
        self
    }

    /// How many changes are kept for watches and pages that look back.
    #[must_use]
    pub const fn history(mut self, changes: usize) -> Self {
        self.history = changes;
        self
    }

    /// No garbage collector and no namespace controller, as with an API server that runs alone.
    #[must_use]
    pub const fn without_controllers(mut self) -> Self {
        self.controllers = false;
        self
    }

    /// Lets in only who brings a known token.
    #[must_use]
    pub fn token(mut self, token: &str, user: User) -> Self {
        self.auth.tokens.insert(token.to_owned(), user);
        self
    }

    /// Forbids something.
    #[must_use]
    pub fn deny(mut self, rule: Deny) -> Self {
        self.auth.denied.push(rule);
        self
    }

    /// The world, with the namespaces that every cluster has. Build it inside the runtime whose time it shall follow.
    pub fn build(self) -> World {
        let clock = Clock::starting_at(self.start);
        let mut state = State::new(clock, self.seed, self.history, self.controllers);
        for name in ["default", "kube-node-lease", "kube-public", "kube-system"] {
            let uid = state.ids.uid();
            let namespace = json!({
                "apiVersion": "v1", "kind": "Namespace",
                "metadata": {
                    "name": name, "uid": uid, "creationTimestamp": clock.stamp(),
                    "labels": {"kubernetes.io/metadata.name": name},
                },
                "spec": {"finalizers": ["kubernetes"]},
                "status": {"phase": "Active"},
            });
            let namespaces = Collection { group: String::new(), plural: "namespaces".to_owned() };
            state.store.put(&namespaces, namespace);
        }
        let inner = Inner {
            state: Mutex::new(state),
            changed: changes::Sender::new(0),
            faults: Faults::default(),
            auth: self.auth,
        };
        World { inner: Arc::new(inner) }
    }
}

impl World {
    /// Settings to begin with: seed 0, the first second of 2026, 10 000 changes of history, no tokens.
    pub fn builder() -> WorldBuilder {
        WorldBuilder {
            seed: 0,
            start: Timestamp::constant(1_767_225_600, 0),
            history: 10_000,
            controllers: true,
            auth: Auth::default(),
        }
    }

    /// The server as a router: a tower service, or something to serve on a socket.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/world/logs/{namespace}/{pod}/{container}", put(pods::append))
            .fallback(serve::serve)
            .with_state(self.clone())
    }

    /// The wall clock.
    pub fn clock(&self) -> Clock {
        self.state().clock
    }

    /// The resourceVersion of the latest change.
    pub fn revision(&self) -> u64 {
        self.state().store.revision()
    }

    /// How many writes have reached the world, done or not.
    pub fn writes(&self) -> u64 {
        self.inner.faults.writes()
    }

    /// Puts a hook in: it sees every call before it is done, and decides what happens to it.
    pub fn inject(&self, hook: impl FnMut(&Call) -> Effect + Send + 'static) -> HookId {
        self.inner.faults.add(hook)
    }

    /// Puts a hook in that sees writes alone, each with its number (from 1), its verb and its path.
    pub fn on_write(&self, mut hook: impl FnMut(u64, Verb, &str) -> Effect + Send + 'static) -> HookId {
        self.inject(move |call| call.write.map_or(Effect::Pass, |number| hook(number, call.verb, &call.path)))
    }

    /// Takes a hook out.
    pub fn remove_hook(&self, id: HookId) {
        self.inner.faults.remove(id);
    }

    /// Ends the watches of a resource, as a restart of the API server does.
    pub fn cut_watches(&self, group: &str, resource: &str) {
        self.state().cut(collection(group, resource));
        self.wake();
    }

    /// Ends all watches.
    pub fn cut_all_watches(&self) {
        self.state().cut_all();
        self.wake();
    }

    /// Stops time for who watches a resource, or lists it from the watch cache (`resourceVersion=0`): they see it as it is
    /// now, until [`World::thaw`].
    pub fn freeze(&self, group: &str, resource: &str) {
        let mut state = self.state();
        let revision = state.store.revision();
        state.frozen.insert(collection(group, resource), revision);
    }

    /// Lets the watches of a frozen resource catch up.
    pub fn thaw(&self, group: &str, resource: &str) {
        self.state().frozen.remove(&collection(group, resource));
        self.wake();
    }

    /// Forgets the history: watches that are behind and pages that look back get 410.
    pub fn expire_history(&self) {
        self.state().store.compact();
        self.wake();
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn changes(&self) -> changes::Receiver<u64> {
        self.inner.changed.subscribe()
    }

    /// Wakes up all watches to look whether something has changed.
    pub(crate) fn wake(&self) {
        self.inner.changed.send_modify(|count| *count += 1);
    }
}

fn collection(group: &str, plural: &str) -> Collection {
    Collection { group: group.to_owned(), plural: plural.to_owned() }
}
