//! Passing a request on, as it came, to the part of Bowsprit that has rights.

use axum::{Json, Router, extract::DefaultBodyLimit, routing::post};
use futures::future::BoxFuture;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// A request from the internet, unverified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RawRequest {
    /// The method.
    pub method: String,
    /// The headers, in order; a name may stand several times.
    pub headers: Vec<(String, String)>,
    /// The body, byte for byte: the signature is over it.
    #[serde(with = "base64_bytes")]
    pub body: Vec<u8>,
}

/// What to answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RawAnswer {
    /// HTTP status.
    pub status: u16,
    /// One line for whoever reads the delivery on GitHub.
    pub body: String,
}

impl RawAnswer {
    /// Nobody with rights can be reached: GitHub shall list the delivery as failed, so that it is asked for again.
    pub fn unreachable() -> Self {
        Self {
            status: 503,
            body: "the operator cannot be reached; the delivery will be asked for again\n".to_owned(),
        }
    }
}

/// Takes a request to whoever verifies it, and brings the answer.
pub trait Relay: Send + Sync {
    /// Delivers.
    fn deliver(&self, request: RawRequest) -> BoxFuture<'_, RawAnswer>;
}

impl<F> Relay for F
where
    F: Fn(RawRequest) -> BoxFuture<'static, RawAnswer> + Send + Sync,
{
    fn deliver(&self, request: RawRequest) -> BoxFuture<'_, RawAnswer> {
        self(request)
    }
}

/// A relay over a socket in a folder that both containers of the pod share.
#[derive(Clone, Debug)]
pub struct Socket {
    path: PathBuf,
}

/// GitHub waits for ten seconds; an answer after that helps nobody.
const PATIENCE: Duration = Duration::from_secs(9);

impl Socket {
    /// The socket's path; nobody need listen yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    async fn exchange(
        &self,
        request: &RawRequest,
    ) -> Result<RawAnswer, Box<dyn std::error::Error + Send + Sync>> {
        let stream = tokio::net::UnixStream::connect(&self.path).await?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let connection = tokio::spawn(connection);
        let body = Full::new(bytes::Bytes::from(serde_json::to_vec(request)?));
        let request = http::Request::post("/deliver")
            .header(http::header::HOST, "operator")
            .header(http::header::CONTENT_TYPE, "application/json")
            .body(body)?;
        let answer = sender.send_request(request).await?.into_body().collect().await?.to_bytes();
        connection.abort();
        Ok(serde_json::from_slice(&answer)?)
    }
}

impl Relay for Socket {
    fn deliver(&self, request: RawRequest) -> BoxFuture<'_, RawAnswer> {
        Box::pin(async move {
            match tokio::time::timeout(PATIENCE, self.exchange(&request)).await {
                Ok(Ok(answer)) => answer,
                Ok(Err(error)) => {
                    tracing::warn!(%error, socket = %self.path.display(), "a delivery could not be passed on");
                    RawAnswer::unreachable()
                }
                Err(_) => RawAnswer::unreachable(),
            }
        })
    }
}

/// The other end of the [`Socket`]: serves until it is dropped.
///
/// # Errors
/// Where the socket cannot be made.
pub async fn serve_socket(path: &Path, relay: Arc<dyn Relay>) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Ok(()) => {} // left by an earlier run
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let listener = tokio::net::UnixListener::bind(path)?;
    let deliver = move |Json(request): Json<RawRequest>| {
        let relay = relay.clone();
        async move { Json(relay.deliver(request).await) }
    };
    // The body stands inside JSON as base64: a third more, and some for the headers.
    let limit = crate::BODY_MAX / 3 * 4 + 1024 * 1024;
    let routes = Router::new().route("/deliver", post(deliver)).layer(DefaultBodyLimit::max(limit));
    axum::serve(listener, routes).await
}

/// Bytes in JSON, as base64.
mod base64_bytes {
    use data_encoding::BASE64;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        BASE64.decode(String::deserialize(deserializer)?.as_bytes()).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use tower::ServiceExt;

    fn echo() -> Arc<dyn Relay> {
        Arc::new(|request: RawRequest| -> BoxFuture<'static, RawAnswer> {
            let body = format!("{} {} bytes", request.method, request.body.len());
            Box::pin(async move { RawAnswer { status: 202, body } })
        })
    }

    async fn post(relay: Arc<dyn Relay>, body: Vec<u8>) -> (u16, String) {
        let request = http::Request::post("/hook").body(Body::from(body)).unwrap();
        let answer = crate::router(relay).oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        (status, String::from_utf8(answer.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_request_arrives_byte_for_byte_over_the_socket() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("operator.sock");
        let serving = path.clone();
        let server = tokio::spawn(async move { serve_socket(&serving, echo()).await });
        while !path.exists() {
            tokio::task::yield_now().await;
        }
        let answer = post(Arc::new(Socket::new(&path)), vec![0xff, 0, b'\n']).await;
        assert_eq!(answer, (202, "POST 3 bytes".to_owned()));
        server.abort();
    }

    #[tokio::test]
    async fn without_an_operator_github_is_told_to_list_the_delivery_as_failed() {
        let (status, body) = post(Arc::new(Socket::new("/nowhere/operator.sock")), Vec::new()).await;
        assert_eq!(status, 503);
        assert!(body.contains("asked for again"));
    }

    #[tokio::test]
    async fn a_body_that_is_too_large_is_not_passed_on() {
        let (status, _) = post(echo(), vec![0; crate::BODY_MAX + 1]).await;
        assert_eq!(status, 413);
    }
}
