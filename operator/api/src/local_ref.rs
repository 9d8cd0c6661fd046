//! References to other objects. They never leave the namespace: a namespace is a tenant.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A Secret of the object's namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct SecretRef {
    /// The Secret's name.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}

/// Wraps a reference to a Secret, as in `{ secretRef: { name: acme-github } }`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FromSecret {
    /// The Secret, in the object's namespace.
    pub secret_ref: SecretRef,
}
