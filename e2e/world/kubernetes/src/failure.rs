//! How the server says no: `metav1.Status`, with the reasons, messages and causes that clients rely on.

use std::fmt::Write as _;

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde_json::{Value, json};

use crate::resource::Kind;

/// A refusal, answered as a `metav1.Status`.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// HTTP status code.
    pub code: u16,
    /// `metav1.StatusReason`, such as `NotFound`.
    pub reason: String,
    /// For people.
    pub message: String,
    /// `metav1.StatusDetails`, or null.
    pub details: Box<Value>,
    /// With 410 for a page of a list: the token with which the list may go on, without consistency.
    pub(crate) continue_token: String,
}

/// One wrong field, in the words of `field.Error`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FieldError {
    pub(crate) reason: &'static str,
    pub(crate) field: String,
    pub(crate) message: String,
}

impl FieldError {
    fn new(reason: &'static str, field: &str, message: String) -> Self {
        Self { reason, field: field.to_owned(), message }
    }

    pub(crate) fn invalid(field: &str, value: &Value, detail: &str) -> Self {
        Self::new("FieldValueInvalid", field, format!("Invalid value: {}: {detail}", shown(value)))
    }

    pub(crate) fn required(field: &str, detail: &str) -> Self {
        let colon = if detail.is_empty() { "" } else { ": " };
        Self::new("FieldValueRequired", field, format!("Required value{colon}{detail}"))
    }

    pub(crate) fn forbidden(field: &str, detail: &str) -> Self {
        Self::new("FieldValueForbidden", field, format!("Forbidden: {detail}"))
    }

    pub(crate) fn not_found(field: &str, value: &Value) -> Self {
        Self::new("FieldValueNotFound", field, format!("Not found: {}", shown(value)))
    }

    pub(crate) fn duplicate(field: &str, value: &Value) -> Self {
        Self::new("FieldValueDuplicate", field, format!("Duplicate value: {}", shown(value)))
    }

    pub(crate) fn unsupported(field: &str, value: &Value, allowed: &[Value]) -> Self {
        let allowed: Vec<String> = allowed.iter().map(shown).collect();
        let message =
            format!("Unsupported value: {}: supported values: {}", shown(value), allowed.join(", "));
        Self::new("FieldValueNotSupported", field, message)
    }

    pub(crate) fn too_long(field: &str, max: u64) -> Self {
        Self::new("FieldValueTooLong", field, format!("Too long: may not be more than {max} bytes"))
    }

    pub(crate) fn too_many(field: &str, actual: usize, max: u64) -> Self {
        Self::new("FieldValueTooMany", field, format!("Too many: {actual}: must have at most {max} items"))
    }

    pub(crate) fn type_invalid(field: &str, value: &Value, detail: &str) -> Self {
        Self::new("FieldValueTypeInvalid", field, format!("Invalid value: {}: {detail}", shown(value)))
    }

    /// Whether CEL rules do not run on an object that has this mistake.
    pub(crate) fn blocks_rules(&self) -> bool {
        matches!(
            self.reason,
            "FieldValueNotSupported"
                | "FieldValueRequired"
                | "FieldValueTooLong"
                | "FieldValueTooMany"
                | "FieldValueTypeInvalid"
        )
    }

    pub(crate) fn line(&self) -> String {
        format!("{}: {}", self.field, self.message)
    }
}

/// A value as `field.Error` prints it, which is how Go prints it.
fn shown(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let mut fields: Vec<String> =
                map.iter().map(|(name, value)| format!("{}:{}", json!(name), shown(value))).collect();
            fields.sort();
            format!("map[string]interface {{}}{{{}}}", fields.join(", "))
        }
        Value::Array(list) => {
            let items: Vec<String> = list.iter().map(shown).collect();
            format!("[]interface {{}}{{{}}}", items.join(", "))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
    }
}

impl Failure {
    /// A refusal with a code and a `metav1.StatusReason`.
    pub fn new(code: u16, reason: &str, message: impl Into<String>) -> Self {
        Self {
            code,
            reason: reason.to_owned(),
            message: message.into(),
            details: Box::default(),
            continue_token: String::new(),
        }
    }

    /// 501: something a real API server does and this one does not. The message says what.
    pub(crate) fn not_done(what: &str) -> Self {
        Self::new(501, "NotImplemented", format!("this test double of the Kubernetes API does not do {what}"))
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// 500 without a reason, which is how errors look that the API server did not foresee.
    pub(crate) fn unforeseen(message: impl Into<String>) -> Self {
        Self::new(500, "", message)
    }

    /// 422 for the options of a request: `ListOptions`, `PatchOptions` and so on.
    pub(crate) fn options(options: &str, error: &FieldError) -> Self {
        let causes = json!([{"reason": error.reason, "message": error.message, "field": error.field}]);
        let details = json!({"group": "meta.k8s.io", "kind": options, "causes": causes});
        let message = format!("{options}.meta.k8s.io \"\" is invalid: {}", error.line());
        Self { details: Box::new(details), ..Self::new(422, "Invalid", message) }
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(500, "InternalError", message)
    }

    /// 404 for a path that serves nothing.
    pub(crate) fn no_such_path() -> Self {
        Self::new(404, "", "404 page not found")
    }

    pub(crate) fn not_found(kind: &Kind, name: &str) -> Self {
        Self::about(404, "NotFound", kind, name, format!("{} \"{name}\" not found", kind.qualified()))
    }

    pub(crate) fn already_exists(kind: &Kind, name: &str) -> Self {
        let message = format!("{} \"{name}\" already exists", kind.qualified());
        Self::about(409, "AlreadyExists", kind, name, message)
    }

    pub(crate) fn conflict(kind: &Kind, name: &str, why: &str) -> Self {
        let message = format!("Operation cannot be fulfilled on {} \"{name}\": {why}", kind.qualified());
        Self::about(409, "Conflict", kind, name, message)
    }

    /// 409 because a deletion's precondition does not hold. This one names the kind, not the resource.
    pub(crate) fn unlike(kind: &Kind, name: &str, why: &str) -> Self {
        let dot = if kind.group.is_empty() { "" } else { "." };
        let subject = format!("{}{dot}{}", kind.name, kind.group);
        let mut failure = Self::conflict(kind, name, why);
        crate::object::set(&mut failure.details, &["kind"], json!(kind.name));
        failure.message = format!("Operation cannot be fulfilled on {subject} \"{name}\": {why}");
        failure
    }

    /// 422 for a write that would overwrite blindly. This one names the resource, not the kind.
    pub(crate) fn blind(kind: &Kind, name: &str, error: &FieldError) -> Self {
        let mut failure = Self::invalid(kind, name, std::slice::from_ref(error));
        crate::object::set(&mut failure.details, &["kind"], json!(kind.plural));
        failure.message = format!("{} \"{name}\" is invalid: {}", kind.qualified(), error.line());
        failure
    }

    /// 409 because the resourceVersion is not the current one.
    pub(crate) fn stale(kind: &Kind, name: &str) -> Self {
        let why =
            "the object has been modified; please apply your changes to the latest version and try again";
        Self::conflict(kind, name, why)
    }

    pub(crate) fn forbidden(kind: &Kind, name: &str, why: &str) -> Self {
        let message = format!("{} \"{name}\" is forbidden: {why}", kind.qualified());
        Self::about(403, "Forbidden", kind, name, message)
    }

    /// 410: the history that was asked for is gone.
    pub(crate) fn expired(message: impl Into<String>) -> Self {
        Self::new(410, "Expired", message)
    }

    /// 504 for a resourceVersion that the server has not reached.
    pub(crate) fn too_new(asked: u64, current: u64) -> Self {
        let message = format!("Too large resource version: {asked}, current: {current}");
        let causes = json!([{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]);
        let details = json!({"causes": causes, "retryAfterSeconds": 1});
        Self { details: Box::new(details), ..Self::new(504, "Timeout", format!("Timeout: {message}")) }
    }

    /// 422 with a cause for each wrong field.
    pub(crate) fn invalid(kind: &Kind, name: &str, errors: &[FieldError]) -> Self {
        let mut lines: Vec<String> = Vec::new();
        for error in errors {
            let line = error.line();
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        let all = if lines.len() == 1 { lines.concat() } else { format!("[{}]", lines.join(", ")) };
        // Both APIs for events speak of the core one here.
        let group = kind.collection().group;
        let mut subject = kind.name.clone();
        if !group.is_empty() {
            let _ = write!(subject, ".{group}");
        }
        let causes: Vec<Value> = errors
            .iter()
            .map(|e| json!({"reason": e.reason, "message": e.message, "field": e.field}))
            .collect();
        let mut details = json!({"kind": kind.name, "causes": causes});
        for (field, value) in
            [("name", name), ("group", &group)].into_iter().filter(|(_, value)| !value.is_empty())
        {
            crate::object::set(&mut details, &[field], json!(value));
        }
        Self {
            details: Box::new(details),
            ..Self::new(422, "Invalid", format!("{subject} \"{name}\" is invalid: {all}"))
        }
    }

    fn about(code: u16, reason: &str, kind: &Kind, name: &str, message: String) -> Self {
        let mut details = json!({"name": name, "kind": kind.plural});
        if !kind.group.is_empty() {
            crate::object::set(&mut details, &["group"], json!(kind.group));
        }
        Self { details: Box::new(details), ..Self::new(code, reason, message) }
    }

    /// The Status object.
    pub(crate) fn status(&self) -> Value {
        let mut status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message, "reason": self.reason, "code": self.code,
        });
        if self.reason.is_empty() {
            crate::object::remove(&mut status, &["reason"]);
        }
        if !self.details.is_null() {
            crate::object::set(&mut status, &["details"], Value::clone(&self.details));
        }
        if !self.continue_token.is_empty() {
            crate::object::set(&mut status, &["metadata", "continue"], json!(self.continue_token));
        }
        status
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let code = StatusCode::from_u16(self.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if self.code == 404 && self.reason.is_empty() {
            return (code, format!("{}\n", self.message)).into_response();
        }
        let mut response = (code, axum::Json(self.status())).into_response();
        if let Some(seconds) = self.details.get("retryAfterSeconds").and_then(Value::as_u64) {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}
