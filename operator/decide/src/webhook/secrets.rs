//! The secrets that webhooks are signed with, by repository and owner. Several at once while one takes the place of another.

use crate::config::yaml::{self, Budget};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use std::{collections::BTreeMap, fmt};

/// A secret. It cannot be shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// Takes a secret.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// Whether a body was signed with it. Takes the same time whatever the signature is.
    pub fn signed(&self, body: &[u8], signature: &[u8]) -> bool {
        Hmac::<Sha256>::new_from_slice(&self.0).is_ok_and(|mut mac| {
            mac.update(body);
            mac.verify_slice(signature).is_ok()
        })
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// All secrets of an installation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Secrets {
    /// By `owner/name`, `owner`, or `*` for everything else.
    by_scope: BTreeMap<String, Vec<Secret>>,
}

impl Secrets {
    /// One secret for everything.
    pub fn single(secret: Secret) -> Self {
        Self { by_scope: BTreeMap::from([("*".to_owned(), vec![secret])]) }
    }

    /// Adds a secret for `owner/name`, `owner` or `*`.
    pub fn add(&mut self, scope: impl Into<String>, secret: Secret) {
        self.by_scope.entry(scope.into()).or_default().push(secret);
    }

    /// Reads Prow's secret file, so that hooks need not change at a migration: a map from scopes to tokens, else one
    /// secret, with the line end that its file may have.
    pub fn of_prow(file: &str) -> Self {
        Self::by_scope(file).unwrap_or_else(|| Self::single(Secret::new(file)))
    }

    fn by_scope(file: &str) -> Option<Self> {
        let document = yaml::read(file, Budget::IN_REPO).ok()?.value;
        let mut secrets = Self::default();
        for (scope, tokens) in document.as_object()? {
            let tokens = match tokens {
                Value::Null => &Vec::new(),
                Value::Array(tokens) => tokens,
                Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => return None,
            };
            let values = tokens.iter().map(|token| token["value"].as_str().map(Secret::new));
            secrets.by_scope.insert(scope.clone(), values.collect::<Option<_>>()?);
        }
        Some(secrets)
    }

    /// The secrets for a repository (`owner/name`) or an owner: those of the closest scope that has any entry. `None`:
    /// no scope has.
    pub fn of(&self, scope: &str) -> Option<&[Secret]> {
        let owner = scope.split_once('/').map(|(owner, _)| owner);
        [Some(scope), owner, Some("*")]
            .into_iter()
            .flatten()
            .find_map(|scope| self.by_scope.get(scope))
            .map(Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_scope_alone_counts() {
        let mut secrets = Secrets::single(Secret::new("all"));
        secrets.add("acme", Secret::new("owner"));
        secrets.add("acme/widgets", Secret::new("old"));
        secrets.add("acme/widgets", Secret::new("new"));
        assert_eq!(secrets.of("acme/widgets"), Some([Secret::new("old"), Secret::new("new")].as_slice()));
        assert_eq!(secrets.of("acme/gadgets"), Some([Secret::new("owner")].as_slice()));
        assert_eq!(secrets.of("other/lab"), Some([Secret::new("all")].as_slice()));
        assert_eq!(Secrets::default().of("acme"), None);
    }

    #[test]
    fn a_secret_is_never_shown() {
        let secrets = Secrets::single(Secret::new("topsecret"));
        assert!(!format!("{secrets:?}").contains("topsecret"));
    }
}
