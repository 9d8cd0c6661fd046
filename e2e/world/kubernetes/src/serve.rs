//! From a request to its answer: who asks, what for, whether a fault strikes, and who does it.

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::State as Shared;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, Request, StatusCode, header};
use serde_json::{Value, json};

use crate::auth::User;
use crate::call::{Call, Verb};
use crate::failure::Failure;
use crate::faults::Effect;
use crate::resource::{BuiltIn, Kind, Version};
use crate::state::State;
use crate::view::{self, View};
use crate::write::{self, Answer, Outcome, Write};
use crate::{World, delete, discovery, object, openapi, patch, pods, read, strict, watch};

/// The largest body that is read, in bytes: that of a real API server.
const BODY_MAX: usize = 3 * 1024 * 1024;

/// Answers a request; every refusal is a Status.
pub(crate) async fn serve(Shared(world): Shared<World>, request: Request<Body>) -> Response {
    world.answer(request).await.unwrap_or_else(IntoResponse::into_response)
}

impl World {
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
fn allowed(kind: &Kind, version: &Version, call: &Call) -> Result<(), Failure> {
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
