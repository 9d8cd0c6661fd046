//! The public routes.

use crate::relay::{RawRequest, Relay};
use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, Method, StatusCode},
    response::{IntoResponse, Response},
    routing::{any, get},
};
use std::sync::Arc;

/// GitHub sends no larger payload.
pub const BODY_MAX: usize = 25 * 1024 * 1024;

/// The routes for the internet: `/hook` for GitHub, `/healthz` for probes.
pub fn router(relay: Arc<dyn Relay>) -> Router {
    Router::new()
        .route("/hook", any(hook))
        .route("/healthz", get(|| async { "ok" }))
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .with_state(relay)
}

async fn hook(
    State(relay): State<Arc<dyn Relay>>,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    // A header that is not text can be none that counts.
    let texts =
        headers.iter().filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())));
    let request = RawRequest { method: method.to_string(), headers: texts.collect(), body: body.to_vec() };
    let answer = relay.deliver(request).await;
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    (status, answer.body).into_response()
}
