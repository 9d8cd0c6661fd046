//! How a request is refused: the status and the JSON body that GitHub documents for it.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::{Value, json};

/// An answer that is not a success.
#[derive(Clone, Debug, thiserror::Error, PartialEq)]
#[error("{status}: {message}")]
pub struct Refusal {
    /// The HTTP status.
    pub status: StatusCode,
    /// What GitHub says in `message`.
    pub message: String,
    /// The list `errors` of a failed validation; empty otherwise.
    pub errors: Vec<Value>,
}

/// Short for the many functions that may refuse.
pub type Allowed<T> = Result<T, Refusal>;

impl Refusal {
    /// A refusal with a bare message.
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), errors: Vec::new() }
    }

    /// What is absent, or may not be seen.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Not Found")
    }

    /// A token that nobody has.
    pub fn bad_credentials() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Bad credentials")
    }

    /// No token where one is needed.
    pub fn requires_authentication() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Requires authentication")
    }

    /// Something that the caller may see but not do.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, message)
    }

    /// A well-formed request that cannot be done.
    pub fn unprocessable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, message)
    }

    /// A failed validation of one field, with one of GitHub's codes (`missing`, `missing_field`, `invalid`, `already_exists`).
    pub fn invalid(resource: &str, field: &str, code: &str) -> Self {
        Self::validation(vec![json!({"resource": resource, "field": field, "code": code})])
    }

    /// A failed validation that GitHub explains in a sentence.
    pub fn custom(resource: &str, message: &str) -> Self {
        Self::validation(vec![json!({"resource": resource, "code": "custom", "message": message})])
    }

    fn validation(errors: Vec<Value>) -> Self {
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, message: "Validation Failed".to_owned(), errors }
    }

    /// What this double does not do. Never GitHub's answer, so that a test cannot mistake it for one.
    pub fn not_simulated(what: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::NOT_IMPLEMENTED, format!("world-github does not simulate {what}"))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut body = json!({"message": self.message});
        if !self.errors.is_empty() {
            body["errors"] = Value::Array(self.errors);
        }
        body["documentation_url"] = json!("https://docs.github.com/rest");
        body["status"] = json!(self.status.as_str());
        (self.status, Json(body)).into_response()
    }
}
