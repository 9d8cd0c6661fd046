//! Whether a request is a webhook of GitHub's.
//!
//! The checks stand in Prow's order, so that whoever sets up a hook reads the same answers. Nothing of the body is used
//! before its signature was found good, but for the name that says which secret to try.

use super::Secrets;
use serde_json::Value;

/// The largest body: GitHub sends no larger one.
pub const BODY_MAX: usize = 25 << 20;

/// A request as it came.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The method.
    pub method: &'a str,
    /// The headers; names have no case, and of equal ones the first counts.
    pub headers: &'a [(String, String)],
    /// The body, byte for byte.
    pub body: &'a [u8],
}

/// A webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// `X-GitHub-Event`.
    pub event: String,
    /// `X-GitHub-Delivery`; the same when GitHub delivers again.
    pub delivery: String,
}

/// Why a request is no webhook. Its text is the answer's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Another method than POST.
    #[error("webhooks come with POST")]
    Method,
    /// A header is missing that GitHub always sends.
    #[error("the header {0} is missing; only GitHub's webhooks are taken here")]
    HeaderMissing(&'static str),
    /// It is not signed with SHA-256.
    #[error("the header X-Hub-Signature-256 is missing; set a secret for this hook on GitHub")]
    SignatureMissing,
    /// The body is a form.
    #[error("the content type must be application/json; choose it for this hook on GitHub")]
    ContentType,
    /// The body is above [`BODY_MAX`].
    #[error("the body is larger than any webhook")]
    TooLarge,
    /// The body is no JSON, or names its repository in no way that GitHub does.
    #[error("the body is not the JSON of a webhook")]
    Payload,
    /// There is no secret for the repository or owner.
    #[error("no webhook secret is known for this repository or organization")]
    NoSecret,
    /// The signature is not of any secret for the repository or owner.
    #[error("the signature does not fit; the secret on GitHub and here must be the same")]
    Signature,
}

impl Refusal {
    /// The status of the answer.
    pub const fn status(self) -> u16 {
        match self {
            Self::Method => 405,
            Self::HeaderMissing(_) | Self::ContentType => 400,
            Self::TooLarge => 413,
            Self::SignatureMissing | Self::Payload | Self::NoSecret | Self::Signature => 403,
        }
    }
}

/// Judges a request.
///
/// # Errors
/// The first check that fails.
pub fn check(request: Request<'_>, secrets: &Secrets) -> Result<Accepted, Refusal> {
    if request.method != "POST" {
        return Err(Refusal::Method);
    }
    let required = |name: &'static str| request.header(name).ok_or(Refusal::HeaderMissing(name));
    let event = required("X-GitHub-Event")?;
    let delivery = required("X-GitHub-Delivery")?;
    let signature = request.header("X-Hub-Signature-256").ok_or(Refusal::SignatureMissing)?;
    if request.header("Content-Type") != Some("application/json") {
        return Err(Refusal::ContentType);
    }
    if request.body.len() > BODY_MAX {
        return Err(Refusal::TooLarge);
    }
    let scope = scope(request.body)?;
    let candidates = secrets.of(&scope).ok_or(Refusal::NoSecret)?;
    let signature =
        signature.strip_prefix("sha256=").and_then(|hex| hex::decode(hex).ok()).ok_or(Refusal::Signature)?;
    if !candidates.iter().any(|secret| secret.signed(request.body, &signature)) {
        return Err(Refusal::Signature);
    }
    Ok(Accepted { event: event.to_owned(), delivery: delivery.to_owned() })
}

impl<'a> Request<'a> {
    /// A header that is there and not empty.
    fn header(&self, name: &str) -> Option<&'a str> {
        let (_, value) = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(value.as_str()).filter(|value| !value.is_empty())
    }
}

/// The repository, else the organisation, that a body speaks of; empty: neither.
fn scope(body: &[u8]) -> Result<String, Refusal> {
    let payload: Value = serde_json::from_slice(body).map_err(|_| Refusal::Payload)?;
    let name = |part: &str, field: &str| match (&payload, &payload[part], &payload[part][field]) {
        (Value::Null, ..)
        | (Value::Object(_), Value::Null, _)
        | (Value::Object(_), Value::Object(_), Value::Null) => Ok(String::new()),
        (Value::Object(_), Value::Object(_), Value::String(name)) => Ok(name.clone()),
        _ => Err(Refusal::Payload),
    };
    let (repository, organization) = (name("repository", "full_name")?, name("organization", "login")?);
    Ok(if repository.is_empty() { organization } else { repository })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhook::Secret;
    use hmac::{Hmac, KeyInit, Mac};
    use sha2::Sha256;

    const BODY: &[u8] = br#"{"repository":{"full_name":"acme/widgets"}}"#;

    fn signed(secret: &str, body: &[u8]) -> Vec<(String, String)> {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(body);
        let signature = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
        [
            ("x-github-event", "push"),
            ("x-github-delivery", "d-1"),
            ("x-hub-signature-256", signature.as_str()),
            ("content-type", "application/json"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    #[test]
    fn both_secrets_count_while_one_takes_the_place_of_the_other() {
        let mut secrets = Secrets::single(Secret::new("old"));
        secrets.add("*", Secret::new("new"));
        for secret in ["old", "new"] {
            let headers = signed(secret, BODY);
            let request = Request { method: "POST", headers: &headers, body: BODY };
            let accepted = Accepted { event: "push".to_owned(), delivery: "d-1".to_owned() };
            assert_eq!(check(request, &secrets), Ok(accepted));
        }
        let headers = signed("other", BODY);
        let request = Request { method: "POST", headers: &headers, body: BODY };
        assert_eq!(check(request, &secrets), Err(Refusal::Signature));
    }

    #[test]
    fn a_changed_body_is_refused() {
        let headers = signed("s", BODY);
        let body = br#"{"repository":{"full_name":"acme/widgets"},"x":1}"#;
        let request = Request { method: "POST", headers: &headers, body };
        assert_eq!(check(request, &Secrets::single(Secret::new("s"))), Err(Refusal::Signature));
    }

    #[test]
    fn a_body_above_any_webhook_is_refused_unread() {
        let body = vec![b' '; BODY_MAX + 1];
        let headers = signed("s", BODY);
        let request = Request { method: "POST", headers: &headers, body: &body };
        assert_eq!(check(request, &Secrets::single(Secret::new("s"))).unwrap_err().status(), 413);
    }
}
