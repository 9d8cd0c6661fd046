//! What every request to the API and to git passes: who asks, whether the budget lasts, which fault befalls it,
//! who watches, and the headers that GitHub adds.

use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State as Shared};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use data_encoding::{BASE64, BASE64URL_NOPAD};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use http_body_util::BodyExt;
use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::GitHub;
use crate::faults::{Fault, Moment, Write};
use crate::refusal::{Allowed, Refusal};
use crate::state::{Caller, State, Who};

/// Requests without a token, an hour.
const ANONYMOUS_LIMIT: u64 = 60;

/// What is left of each caller's hour, by resource (`core`, `graphql`).
pub(crate) type Budgets = BTreeMap<(Who, &'static str), Budget>;

/// One caller's hour.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    pub(crate) used: u64,
    pub(crate) reset: Timestamp,
    pub(crate) limit: u64,
}

impl Budget {
    pub(crate) fn remaining(self) -> u64 {
        self.limit.saturating_sub(self.used)
    }
}

impl GitHub {
    /// A caller's budget as it stands, with `cost` taken from it.
    pub(crate) fn spend(&self, who: &Who, resource: &'static str, cost: u64) -> Budget {
        let (now, limit) = self.look(|state| (state.now(), state.options.rate_limit));
        let limit = if *who == Who::Nobody { ANONYMOUS_LIMIT } else { limit };
        let mut budgets = self.shared.budgets.lock().unwrap_or_else(PoisonError::into_inner);
        let budget = budgets.entry((who.clone(), resource)).or_insert(Budget { used: 0, reset: now, limit });
        if budget.reset <= now {
            *budget = Budget { used: 0, reset: now + Duration::from_hours(1), limit };
        }
        budget.used = budget.used.saturating_add(cost);
        *budget
    }
}

/// Puts requests to `api.github.com` where the router has the API.
pub(crate) fn place_host(mut request: Request) -> Request {
    let host = request.uri().host().map(str::to_owned);
    let host = host.or_else(|| Some(request.headers().get(header::HOST)?.to_str().ok()?.to_owned()));
    if host.as_deref() != Some("api.github.com") || request.uri().path().starts_with("/api/") {
        return request;
    }
    let rest = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let prefix = if request.uri().path() == "/graphql" { "/api" } else { "/api/v3" };
    if let Ok(uri) = format!("{prefix}{rest}").parse::<Uri>() {
        *request.uri_mut() = uri;
    }
    request
}

/// What no route answers.
pub(crate) async fn unknown(request: Request) -> Refusal {
    Refusal::not_simulated(format!("{} {}", request.method(), request.uri().path()))
}

/// The path as rules and observers see it.
fn plain_path(uri: &Uri) -> &str {
    let path = uri.path();
    if path == "/api/graphql" { "/graphql" } else { path.strip_prefix("/api/v3").unwrap_or(path) }
}

/// Lets a request through, or not, and dates the answer.
pub(crate) async fn pass(Shared(github): Shared<GitHub>, request: Request, next: Next) -> Response {
    let response = judge(&github, request, next).await;
    with_date(response, github.look(State::now))
}

async fn judge(github: &GitHub, request: Request, next: Next) -> Response {
    let (method, path) = (request.method().clone(), plain_path(request.uri()).to_owned());
    let resource = if path == "/graphql" { "graphql" } else { "core" };
    let is_git = !request.uri().path().starts_with("/api/");
    let caller = match github.look(|state| identify(state, request.headers())) {
        Ok(caller) => caller,
        Err(refusal) => return with_challenge(refusal.into_response(), is_git),
    };
    let fault = github.faults().befall(&method, &path);
    match &fault {
        Some(Fault::Fail(status, message)) => return refused(*status, message),
        Some(Fault::SecondaryLimit(seconds)) => return secondary_limit(*seconds),
        Some(Fault::Hang) => std::future::pending::<()>().await,
        Some(Fault::Delay(wait)) => tokio::time::sleep(*wait).await,
        Some(Fault::Exhausted) => {
            github.spend(&caller.who, resource, u64::MAX);
        }
        Some(Fault::FailAfter(..)) | None => {}
    }
    // git and the question for the budget are free; GraphQL takes its cost while it answers.
    let counted = resource == "core" && path != "/rate_limit" && !is_git;
    let budget = github.spend(&caller.who, resource, u64::from(counted));
    // GraphQL refuses with 200 and an error, so it looks at its budget itself.
    if !is_git && resource == "core" && budget.used > budget.limit {
        let refusal = Refusal::forbidden(format!("API rate limit exceeded for {}.", named(&caller.who)));
        return with_budget(refusal.into_response(), budget, resource);
    }
    if !is_git && !acceptable(request.headers()) {
        return Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Unsupported 'Accept' header. Must accept 'application/json'.",
        )
        .into_response();
    }

    let (mut parts, body) = request.into_parts();
    let Ok(body) = body.collect().await.map(http_body_util::Collected::to_bytes) else {
        return Refusal::new(StatusCode::BAD_REQUEST, "the body ended early").into_response();
    };
    let condition = parts.headers.get(header::IF_NONE_MATCH).cloned();
    let write = is_write(&method, &path, &body).then(|| github.faults().count_write());
    let tell =
        |n, moment| github.faults().tell(Write { n, moment, method: method.clone(), path: path.clone() });
    if let Some(n) = write {
        tell(n, Moment::Before).await;
    }
    let who = caller.who.clone();
    parts.extensions.insert(caller);
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    if let Some(n) = write {
        tell(n, Moment::After).await;
    }
    if let Some(Fault::FailAfter(status, message)) = &fault {
        return refused(*status, message);
    }
    if is_git {
        return with_challenge(response, true);
    }
    let response =
        if method == Method::GET { conditional(response, condition.as_ref()).await } else { response };
    if response.status() == StatusCode::NOT_MODIFIED && who != Who::Nobody {
        let budget = github.refund(&who, resource);
        return with_budget(response, budget, resource);
    }
    with_budget(response, github.spend(&who, resource, 0), resource)
}

impl GitHub {
    /// An answer that nothing changed costs nothing.
    fn refund(&self, who: &Who, resource: &'static str) -> Budget {
        let mut budgets = self.shared.budgets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(budget) = budgets.get_mut(&(who.clone(), resource)) {
            budget.used = budget.used.saturating_sub(1);
        }
        drop(budgets);
        self.spend(who, resource, 0)
    }
}

fn is_write(method: &Method, path: &str, body: &Bytes) -> bool {
    if method == Method::GET || method == Method::HEAD || path.ends_with("/git-upload-pack") {
        return false;
    }
    if path == "/graphql" {
        let query: Value = serde_json::from_slice(body).unwrap_or_default();
        return query["query"].as_str().is_some_and(|text| text.trim_start().starts_with("mutation"));
    }
    true
}

fn named(who: &Who) -> String {
    match who {
        Who::Nobody => "127.0.0.1".to_owned(),
        Who::User(login) => format!("user {login}"),
        Who::Installation(id) => format!("installation ID {id}"),
        Who::App(id) => format!("App ID {id}"),
    }
}

fn refused(status: u16, message: &str) -> Response {
    Refusal::new(StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY), message).into_response()
}

fn secondary_limit(seconds: u64) -> Response {
    let refusal = Refusal::forbidden(
        "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
    );
    let mut response = refusal.into_response();
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}

/// git asks for a password only when told to.
fn with_challenge(mut response: Response, is_git: bool) -> Response {
    if is_git && response.status() == StatusCode::UNAUTHORIZED {
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"GitHub\""));
    }
    response
}

/// The world's time, lest the server of a loopback world put the machine's there.
fn with_date(mut response: Response, now: Timestamp) -> Response {
    if let Ok(value) = HeaderValue::from_str(&now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()) {
        response.headers_mut().insert(header::DATE, value);
    }
    response
}

fn with_budget(mut response: Response, budget: Budget, resource: &'static str) -> Response {
    let reset = u64::try_from(budget.reset.as_second()).unwrap_or_default();
    let headers = response.headers_mut();
    for (name, value) in [
        ("x-ratelimit-limit", budget.limit),
        ("x-ratelimit-remaining", budget.remaining()),
        ("x-ratelimit-used", budget.used.min(budget.limit)),
        ("x-ratelimit-reset", reset),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
    }
    headers.insert(HeaderName::from_static("x-ratelimit-resource"), HeaderValue::from_static(resource));
    headers.insert(
        HeaderName::from_static("x-github-media-type"),
        HeaderValue::from_static("github.v3; format=json"),
    );
    response
}

/// Adds an entity tag, and answers 304 to those who have it already.
async fn conditional(response: Response, condition: Option<&HeaderValue>) -> Response {
    if response.status() != StatusCode::OK {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(body) = body.collect().await.map(http_body_util::Collected::to_bytes) else {
        return Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "the answer ended early").into_response();
    };
    let tag = format!("W/\"{}\"", hex::encode(Sha256::digest(&body)));
    let seen = condition
        .and_then(|value| value.to_str().ok())
        .is_some_and(|tags| tags.split(',').any(|one| one.trim() == tag));
    if let Ok(value) = HeaderValue::from_str(&tag) {
        parts.headers.insert(header::ETAG, value);
    }
    parts.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=60, s-maxage=60"));
    if seen {
        parts.status = StatusCode::NOT_MODIFIED;
        parts.headers.remove(header::CONTENT_LENGTH);
        return Response::from_parts(parts, Body::empty());
    }
    Response::from_parts(parts, Body::from(body))
}

fn acceptable(headers: &HeaderMap) -> bool {
    let Some(accept) = headers.get(header::ACCEPT) else { return true };
    let accept = accept.to_str().unwrap_or_default();
    ["*/*", "json", "application/vnd.github", "application/*", "text/"]
        .iter()
        .any(|known| accept.contains(known))
}

/// Finds out who asks.
fn identify(state: &State, headers: &HeaderMap) -> Allowed<Caller> {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(Caller::nobody()) };
    let value = value.to_str().map_err(|_| Refusal::bad_credentials())?;
    let (scheme, secret) = value.split_once(' ').ok_or_else(Refusal::bad_credentials)?;
    match scheme.to_ascii_lowercase().as_str() {
        "basic" => {
            let pair = BASE64.decode(secret.trim().as_bytes()).map_err(|_| Refusal::bad_credentials())?;
            let pair = String::from_utf8(pair).map_err(|_| Refusal::bad_credentials())?;
            let (user, password) = pair.split_once(':').ok_or_else(Refusal::bad_credentials)?;
            state.bearer(if password.is_empty() { user } else { password })
        }
        "bearer" if secret.split('.').count() == 3 => web_token(state, secret.trim()),
        "bearer" | "token" => state.bearer(secret.trim()),
        _ => Err(Refusal::bad_credentials()),
    }
}

/// Reads an App's JSON web token. Its form is checked; the signature is not, as no key was ever registered.
fn web_token(state: &State, token: &str) -> Allowed<Caller> {
    let undecodable = || Refusal::new(StatusCode::UNAUTHORIZED, "A JSON web token could not be decoded");
    let parts: Vec<Vec<u8>> = token
        .split('.')
        .map(|part| BASE64URL_NOPAD.decode(part.as_bytes()))
        .collect::<Result<_, _>>()
        .map_err(|_| undecodable())?;
    let [head, claims, signature] = parts.as_slice() else { return Err(undecodable()) };
    let read = |part: &[u8]| serde_json::from_slice::<Value>(part).map_err(|_| undecodable());
    let (head, claims) = (read(head)?, read(claims)?);
    if head["alg"] != "RS256" || signature.is_empty() {
        return Err(undecodable());
    }
    let refuse = |message: &str| Err(Refusal::new(StatusCode::UNAUTHORIZED, message));
    let Some(issued) = claims["iat"].as_i64() else {
        return refuse(
            "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
        );
    };
    let Some(expires) = claims["exp"].as_i64() else {
        return refuse(
            "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
        );
    };
    // Clients are told to set `iat` up to 60 seconds back because clocks differ.
    if expires - issued > 660 {
        return refuse("'Expiration time' claim ('exp') is too far in the future");
    }
    let now = state.now().as_second();
    if state.options.check_jwt_times && (expires <= now || issued > now + 60) {
        return refuse(
            "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
        );
    }
    let issuer = &claims["iss"];
    let found = state.apps.values().find(|app| {
        let client = state.show_app(app)["client_id"].take();
        *issuer == app.id
            || issuer.as_str().and_then(|text| text.parse().ok()) == Some(app.id)
            || *issuer == client
    });
    let app = found.ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, "Integration not found"))?;
    Ok(Caller { who: Who::App(app.id), only: None })
}
