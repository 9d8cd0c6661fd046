//! Keeps web pages away from the simulated servers: they have no passwords, and a pod here is a program on this machine.
//!
//! A page elsewhere can make a browser send requests to 127.0.0.1. Such a request names the page in `Origin`, or another
//! host in `Host` if a name was made to point here; both are refused. kubectl, git and curl send neither.

use axum::{
    Router,
    extract::{Request, State},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, HeaderName, StatusCode, header};
use std::net::SocketAddr;

/// The router, for requests that are meant for this address.
pub(crate) fn around(router: Router, address: SocketAddr) -> Router {
    router.layer(from_fn_with_state(address, pass))
}

async fn pass(State(address): State<SocketAddr>, request: Request, next: Next) -> Response {
    if meant_for(request.headers(), address) {
        next.run(request).await
    } else {
        let sorry = format!("a request from another page or for another host; this is http://{address}\n");
        (StatusCode::FORBIDDEN, sorry).into_response()
    }
}

fn meant_for(headers: &HeaderMap, address: SocketAddr) -> bool {
    let own = [address.to_string(), format!("localhost:{}", address.port())];
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let host_is_own = text(header::HOST).is_none_or(|host| own.iter().any(|one| one == host));
    let origin_is_own =
        text(header::ORIGIN).is_none_or(|origin| own.iter().any(|one| format!("http://{one}") == origin));
    host_is_own && origin_is_own
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(headers: &[(HeaderName, &'static str)]) -> bool {
        let headers = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap()));
        meant_for(&headers.collect(), "127.0.0.1:80".parse().unwrap())
    }

    #[test]
    fn programs_and_our_own_pages_pass() {
        assert!(passes(&[(header::HOST, "127.0.0.1:80")]));
        assert!(passes(&[(header::HOST, "localhost:80"), (header::ORIGIN, "http://localhost:80")]));
    }

    #[test]
    fn other_pages_and_other_hosts_do_not() {
        assert!(!passes(&[(header::HOST, "127.0.0.1:80"), (header::ORIGIN, "https://evil.example")]));
        assert!(!passes(&[(header::HOST, "evil.example:80")]));
        assert!(!passes(&[(header::ORIGIN, "null")]));
    }
}
