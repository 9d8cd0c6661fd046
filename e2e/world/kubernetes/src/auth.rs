//! Who calls, and what they may not do.
//!
//! RBAC is not simulated: whoever is let in may do everything, except what a deny list names. Without tokens everybody is
//! let in as an administrator.

use std::collections::BTreeMap;

use http::HeaderMap;
use serde_json::{Value, json};

use crate::call::{Call, Verb};
use crate::failure::Failure;
use crate::object::text;

/// Somebody who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// `system:serviceaccount:NAMESPACE:NAME`, or any other name.
    pub name: String,
    /// Groups.
    pub groups: Vec<String>,
}

/// A rule that forbids. An empty text stands for any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deny {
    /// User name.
    pub user: String,
    /// Verb, such as `create`.
    pub verb: String,
    /// API group; the core is `""` and therefore any: name the resource.
    pub group: String,
    /// Plural name, with `/status` or `/log` for subresources.
    pub resource: String,
    /// Namespace.
    pub namespace: String,
}

/// What is asked for, by a call or by an access review.
struct Attributes<'a> {
    verb: &'a str,
    group: &'a str,
    resource: String,
    namespace: &'a str,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Auth {
    pub(crate) tokens: BTreeMap<String, User>,
    pub(crate) denied: Vec<Deny>,
}

impl Auth {
    /// Who calls; 401 for a token that is unknown, or missing where tokens are asked for.
    pub(crate) fn identify(&self, headers: &HeaderMap) -> Result<User, Failure> {
        if self.tokens.is_empty() {
            let groups = vec!["system:masters".to_owned(), "system:authenticated".to_owned()];
            return Ok(User { name: "world-admin".to_owned(), groups });
        }
        let header = headers.get(http::header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = header.and_then(|header| header.strip_prefix("Bearer "));
        let user = token.and_then(|token| self.tokens.get(token.trim()));
        user.cloned().ok_or_else(|| Failure::new(401, "Unauthorized", "Unauthorized"))
    }

    /// 403 for what the deny list names.
    pub(crate) fn permit(&self, user: &User, call: &Call) -> Result<(), Failure> {
        let slash = if call.subresource.is_empty() { "" } else { "/" };
        let resource = format!("{}{slash}{}", call.resource, call.subresource);
        let asked =
            Attributes { verb: call.verb.name(), group: &call.group, resource, namespace: &call.namespace };
        if !self.denies(user, &asked) {
            return Ok(());
        }
        let named = if call.name.is_empty() { String::new() } else { format!(" \"{}\"", call.name) };
        let scope = if call.namespace.is_empty() {
            "at the cluster scope".to_owned()
        } else {
            format!("in the namespace \"{}\"", call.namespace)
        };
        let dot = if call.group.is_empty() { "" } else { "." };
        let message = format!(
            "{}{dot}{}{named} is forbidden: User \"{}\" cannot {} resource \"{}\" in API group \"{}\" {scope}",
            call.resource,
            call.group,
            user.name,
            call.verb.name(),
            asked.resource,
            call.group
        );
        let details = json!({"name": call.name, "group": call.group, "kind": call.resource});
        Err(Failure { details: Box::new(details), ..Failure::new(403, "Forbidden", message) })
    }

    fn denies(&self, user: &User, asked: &Attributes<'_>) -> bool {
        let any = |rule: &str, actual: &str| rule.is_empty() || rule == actual;
        self.denied.iter().any(|rule| {
            any(&rule.user, &user.name)
                && any(&rule.verb, asked.verb)
                && any(&rule.group, asked.group)
                && any(&rule.resource, &asked.resource)
                && any(&rule.namespace, asked.namespace)
        })
    }

    /// The status of a SelfSubjectAccessReview.
    pub(crate) fn review(&self, user: &User, review: &Value) -> Value {
        let asked = |field| text(review, &["spec", "resourceAttributes", field]);
        let subresource = asked("subresource");
        let slash = if subresource.is_empty() { "" } else { "/" };
        let attributes = Attributes {
            verb: asked("verb"),
            group: asked("group"),
            resource: format!("{}{slash}{subresource}", asked("resource")),
            namespace: asked("namespace"),
        };
        if self.denies(user, &attributes) {
            json!({"allowed": false, "reason": "the world's deny list names it"})
        } else {
            json!({"allowed": true})
        }
    }
}

impl Deny {
    /// A rule for a verb on a resource, for everybody everywhere.
    pub fn new(verb: Verb, resource: &str) -> Self {
        Self { verb: verb.name().to_owned(), resource: resource.to_owned(), ..Self::default() }
    }
}
