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
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::State as Shared;
use axum::response::{IntoResponse, Response};
use axum::routing::put;
use http::{HeaderValue, Request, StatusCode, header};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::watch as changes;

mod apply;
mod auth;
mod built_in;
mod built_in_rules;
mod call;
mod cel;
mod clock;
mod columns;
mod crd;
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
use crate::resource::{BuiltIn, Kind};
use crate::state::State;
use crate::store::Collection;
use crate::view::View;
use crate::write::{Answer, Outcome, Write};

/// The largest body that is read, in bytes: that of a real API server.
const BODY_MAX: usize = 3 * 1024 * 1024;

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
            .fallback(serve)
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

    async fn answer(&self, request: Request<Body>) -> Result<Response, Failure> {
        let (head, body) = request.into_parts();
        let user = self.inner.auth.identify(&head.headers)?;
        let path = head.uri.path();
        if head.method == http::Method::GET {
            if matches!(path, "/healthz" | "/livez" | "/readyz") {
                return Ok("ok".into_response());
            }
            let accept =
                head.headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
            let state = self.state();
            let document = discovery::answer(&state.registry, path, accept)
                .or_else(|| openapi::answer(&state.registry, path));
            if let Some(document) = document {
                return document.map(|document| discovered(&document, accept));
            }
        }
        let mut call = Call::parse(&head.method, &head.uri, &head.headers)?;
        self.inner.auth.permit(&user, &call)?;
        let body = to_bytes(body, BODY_MAX).await.map_err(|_| {
            Failure::new(
                413,
                "RequestEntityTooLarge",
                format!("Request entity too large: limit is {BODY_MAX}"),
            )
        })?;
        match self.inner.faults.effect(&mut call) {
            Effect::Pass => self.perform(&call, &user, &body),
            Effect::Fail(failure) => Err(failure),
            Effect::ApplyThenFail(failure) => {
                self.perform(&call, &user, &body)?;
                Err(failure)
            }
            Effect::Delay(wait) => {
                tokio::time::sleep(wait).await;
                self.perform(&call, &user, &body)
            }
            Effect::Hang => std::future::pending().await,
            Effect::ApplyThenHang => {
                self.perform(&call, &user, &body)?;
                std::future::pending().await
            }
        }
    }

    /// Does what a call asks for.
    fn perform(&self, call: &Call, user: &User, body: &Bytes) -> Result<Response, Failure> {
        let mut state = self.state();
        let Some(kind) = state.registry.get(&call.group, &call.resource).cloned() else {
            return Err(unserved(call));
        };
        let version = kind.version(&call.version).ok_or_else(|| unserved(call))?;
        allowed(&kind, version, call)?;
        let clock = state.clock;
        let view = View { kind: &kind, version, form: view::form(call)?, clock: &clock };
        if call.subresource == "log" {
            drop(state);
            return pods::read_log(self, &kind, call);
        }
        match call.verb {
            Verb::Get => Ok(axum::Json(read::get(&state, &view, call)?).into_response()),
            Verb::List => Ok(axum::Json(read::list(&state, &view, call)?).into_response()),
            Verb::Watch => {
                drop(state);
                watch::start(self, &kind, version, view.form, call)
            }
            Verb::Create | Verb::Update | Verb::Patch | Verb::Delete | Verb::DeleteCollection => {
                let write = Write::new(view, call)?;
                let answer = self.change(&mut state, &write, user, body)?;
                drop(state);
                self.wake();
                Ok(shown(&write, answer))
            }
        }
    }

    fn change(
        &self,
        state: &mut State,
        write: &Write<'_>,
        user: &User,
        body: &Bytes,
    ) -> Result<Answer, Failure> {
        let document =
            |document| Answer { code: 201, object: Outcome::Document(document), warnings: Vec::new() };
        if write.kind().built_in == Some(BuiltIn::SelfSubjectAccessReview) {
            let mut review = strict::read(body, false)?.value;
            let status = self.inner.auth.review(user, &review);
            object::set(&mut review, &["status"], status);
            object::set(&mut review, &["kind"], json!(write.kind().name));
            object::set(
                &mut review,
                &["apiVersion"],
                json!(write.kind().api_version(&write.view.version.name)),
            );
            return Ok(document(review));
        }
        if write.call.subresource == "binding" {
            return Ok(document(pods::bind(state, write.kind(), write.call, body)?));
        }
        match write.call.verb {
            Verb::Create => write::create(state, write, body),
            Verb::Update => write::update(state, write, body),
            Verb::Patch => patch::patch(state, write, body),
            Verb::Delete => delete::one(state, write, body),
            Verb::DeleteCollection => delete::collection(state, write, body),
            Verb::Get | Verb::List | Verb::Watch => Err(Failure::internal("a read is not a change")),
        }
    }
}

fn collection(group: &str, plural: &str) -> Collection {
    Collection { group: group.to_owned(), plural: plural.to_owned() }
}

async fn serve(Shared(world): Shared<World>, request: Request<Body>) -> Response {
    world.answer(request).await.unwrap_or_else(IntoResponse::into_response)
}

/// A discovery document; the aggregated form is told by its content type.
fn discovered(document: &Value, accept: &str) -> Response {
    let content_type = match document.get("apiVersion").and_then(Value::as_str) {
        Some(version) if version.starts_with("apidiscovery.k8s.io/") => accept
            .split(',')
            .map(str::trim)
            .find(|range| range.contains("APIGroupDiscoveryList"))
            .unwrap_or(accept),
        _ => "application/json",
    };
    let mut response = axum::Json(document).into_response();
    if let Ok(value) = HeaderValue::from_str(content_type) {
        response.headers_mut().insert(header::CONTENT_TYPE, value);
    }
    response
}

/// 501 for a resource of Kubernetes that this server does not have, 404 for one that nobody has.
fn unserved(call: &Call) -> Failure {
    let kubernetes = ["", "apps", "batch", "autoscaling", "policy"].contains(&call.group.as_str())
        || call.group.ends_with(".k8s.io");
    if kubernetes {
        let slash = if call.group.is_empty() { "" } else { "/" };
        Failure::not_done(&format!("{} of {}{slash}{}", call.resource, call.group, call.version))
    } else {
        Failure::no_such_path()
    }
}

/// Subresources of Kubernetes that this server does not have.
const UNDONE: [&str; 10] = [
    "attach",
    "ephemeralcontainers",
    "eviction",
    "exec",
    "finalize",
    "portforward",
    "proxy",
    "resize",
    "scale",
    "token",
];

/// Whether a verb goes with a resource and subresource.
fn allowed(kind: &Kind, version: &resource::Version, call: &Call) -> Result<(), Failure> {
    let method_not_allowed = || {
        Failure::new(
            405,
            "MethodNotAllowed",
            "the server does not allow this method on the requested resource",
        )
    };
    if call.subresource.is_empty() {
        let single = matches!(call.verb, Verb::Create)
            && (!call.name.is_empty() || kind.namespaced == call.namespace.is_empty());
        let across = kind.namespaced
            && call.namespace.is_empty()
            && (call.verb == Verb::DeleteCollection || !call.name.is_empty());
        let review = !kind.stored() && call.verb != Verb::Create;
        if kind.stored() && single || across || review {
            return Err(method_not_allowed());
        }
        return Ok(());
    }
    if kind.built_in == Some(BuiltIn::Namespace)
        && call.subresource == "finalize"
        && call.verb == Verb::Update
    {
        return Ok(());
    }
    let known = kind.subresources(version);
    match known.iter().find(|(name, _)| *name == call.subresource) {
        Some((_, verbs)) if verbs.contains(&call.verb.name()) => Ok(()),
        Some(_) => Err(method_not_allowed()),
        None if kind.built_in.is_some() && UNDONE.contains(&call.subresource.as_str()) => {
            Err(Failure::not_done(&format!("the subresource {} of {}", call.subresource, kind.plural)))
        }
        None => Err(Failure::new(404, "NotFound", "the server could not find the requested resource")),
    }
}

/// The answer to a write.
fn shown(write: &Write<'_>, answer: Answer) -> Response {
    let body = match answer.object {
        Outcome::Object(object) => write.view.one(&object),
        Outcome::Document(document) => document,
    };
    let code = StatusCode::from_u16(answer.code).unwrap_or(StatusCode::OK);
    let mut response = (code, axum::Json(body)).into_response();
    for warning in answer.warnings {
        let text = format!("299 - {}", json!(warning));
        if let Ok(value) = HeaderValue::from_str(&text) {
            response.headers_mut().append(header::WARNING, value);
        }
    }
    response
}
