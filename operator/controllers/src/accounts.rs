//! The forges, one for each set of credentials and owner, made when they are first needed and again when the Secret
//! changes.
//!
//! What is wrong with credentials is told by the Secret and the key, never by their value.

use api::local_ref::FromSecret;
use decide::facts::RepoName;
use forge::{
    Clock, Forge, ForgeError,
    github::{Connection, Credentials, connect},
};
use k8s_openapi::api::core::v1::Secret;
use kube::{Api, Client, ResourceExt};
use secrecy::SecretString;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

/// Where the world outside is: GitHub and its git, as an installation or a test has them.
pub trait Outside: Send + Sync {
    /// The way to GitHub's API at this address.
    fn github(&self, api_url: &str) -> Connection;
    /// What git fetches a repository from.
    fn git_url(&self, api_url: &str, repository: &RepoName) -> String;
}

/// The internet.
#[derive(Clone, Copy, Debug, Default)]
pub struct Internet;

impl Outside for Internet {
    fn github(&self, api_url: &str) -> Connection {
        Connection::Url(api_url.to_owned())
    }

    fn git_url(&self, api_url: &str, repository: &RepoName) -> String {
        let host = match api_url.trim_end_matches('/') {
            "https://api.github.com" => "https://github.com",
            enterprise => enterprise.strip_suffix("/api/v3").unwrap_or(enterprise),
        };
        format!("{host}/{repository}.git")
    }
}

/// Why there is no forge.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// The Secret is not there.
    #[error(
        "Secret {secret} is not there: create it in namespace {namespace} with key token, or app-id and app-private-key"
    )]
    NoSecret {
        /// Where.
        namespace: String,
        /// Which.
        secret: String,
    },
    /// A key is missing or cannot be used.
    #[error("Secret {secret}, key {key}: {problem}")]
    Key {
        /// Which Secret.
        secret: String,
        /// Which key.
        key: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// GitHub refuses them.
    #[error("GitHub refuses what Secret {secret}, key {key} holds: {problem}")]
    Refused {
        /// Which Secret.
        secret: String,
        /// Which key.
        key: &'static str,
        /// GitHub's words.
        problem: String,
    },
    /// They could not be tried.
    #[error(transparent)]
    Forge(ForgeError),
    /// The Secret could not be read.
    #[error("Secret {secret} could not be read: {problem}")]
    Unread {
        /// Which.
        secret: String,
        /// Why.
        problem: String,
    },
}

/// The secrets that deliveries are signed with, the present one first.
#[derive(Clone, Debug, Default)]
pub struct WebhookSecrets(pub Vec<SecretString>);

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    namespace: String,
    secret: String,
    version: String,
    api_url: String,
    owner: String,
}

/// All forges of this process.
pub struct Accounts {
    home: Client,
    outside: Arc<dyn Outside>,
    clock: Arc<dyn Clock>,
    forges: Mutex<BTreeMap<Key, Arc<dyn Forge>>>,
}

impl Accounts {
    /// No forge is made yet.
    pub fn new(home: Client, outside: Arc<dyn Outside>, clock: Arc<dyn Clock>) -> Self {
        Self { home, outside, clock, forges: Mutex::default() }
    }

    /// Where the world outside is.
    pub fn outside(&self) -> &dyn Outside {
        self.outside.as_ref()
    }

    /// The forge of one owner's repositories.
    ///
    /// # Errors
    /// Names the Secret and the key.
    pub async fn forge(
        &self,
        namespace: &str,
        credentials: &FromSecret,
        api_url: &str,
        owner: &str,
    ) -> Result<Arc<dyn Forge>, AccountError> {
        let secret = self.secret(namespace, credentials).await?;
        let key = Key {
            namespace: namespace.to_owned(),
            secret: secret.name_any(),
            version: secret.resource_version().unwrap_or_default(),
            api_url: api_url.to_owned(),
            owner: owner.to_owned(),
        };
        if let Some(forge) = self.forges.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(forge.clone());
        }
        let (given, from) = credentials_in(&secret)?;
        let connection = self.outside.github(api_url);
        let connected = connect(&connection, &given, owner, self.clock.clone()).await;
        let forge: Arc<dyn Forge> = match connected {
            Ok(github) => Arc::new(github),
            Err(ForgeError::Unauthorized { message }) => {
                return Err(AccountError::Refused { secret: key.secret, key: from, problem: message });
            }
            Err(error) => return Err(AccountError::Forge(error)),
        };
        let mut forges = self.forges.lock().unwrap_or_else(PoisonError::into_inner);
        // What an older version of the Secret held is of no use any more.
        forges.retain(|known, _| {
            (&known.namespace, &known.secret) != (&key.namespace, &key.secret) || known.version == key.version
        });
        forges.insert(key, forge.clone());
        Ok(forge)
    }

    /// What deliveries for these credentials are signed with.
    ///
    /// # Errors
    /// Names the Secret.
    pub async fn webhook_secrets(
        &self,
        namespace: &str,
        credentials: &FromSecret,
    ) -> Result<WebhookSecrets, AccountError> {
        let secret = self.secret(namespace, credentials).await?;
        let keys = ["webhook-secret", "webhook-secret-previous"];
        Ok(WebhookSecrets(keys.iter().filter_map(|key| text(&secret, key)).collect()))
    }

    /// The key that GitHub's answer to these credentials is about, for messages; `None`: the Secret holds none.
    pub async fn key(&self, namespace: &str, credentials: &FromSecret) -> Option<&'static str> {
        let secret = self.secret(namespace, credentials).await.ok()?;
        credentials_in(&secret).ok().map(|(_, key)| key)
    }

    async fn secret(&self, namespace: &str, credentials: &FromSecret) -> Result<Secret, AccountError> {
        let name = credentials.secret_ref.name.clone();
        let api: Api<Secret> = Api::namespaced(self.home.clone(), namespace);
        match api.get_opt(&name).await {
            Ok(Some(secret)) => Ok(secret),
            Ok(None) => Err(AccountError::NoSecret { namespace: namespace.to_owned(), secret: name }),
            Err(error) => Err(AccountError::Unread { secret: name, problem: error.to_string() }),
        }
    }
}

fn text(secret: &Secret, key: &str) -> Option<SecretString> {
    let bytes = &secret.data.as_ref()?.get(key)?.0;
    let text = std::str::from_utf8(bytes).ok()?.trim();
    (!text.is_empty()).then(|| SecretString::from(text))
}

/// The credentials, and the key that a refusal is about.
fn credentials_in(secret: &Secret) -> Result<(Credentials, &'static str), AccountError> {
    use secrecy::ExposeSecret;
    let name = secret.name_any();
    let wrong =
        |key, problem: &str| AccountError::Key { secret: name.clone(), key, problem: problem.to_owned() };
    if let Some(id) = text(secret, "app-id") {
        let id = id.expose_secret().parse().map_err(|_| wrong("app-id", "the App's id is a number"))?;
        let private_key = text(secret, "app-private-key")
            .ok_or_else(|| wrong("app-private-key", "is missing: put the App's private key (PEM) there"))?;
        return Ok((Credentials::App { id, private_key }, "app-private-key"));
    }
    let token = text(secret, "token").ok_or_else(|| {
        wrong("token", "is missing: put a machine account's token there, or app-id and app-private-key")
    })?;
    Ok((Credentials::Token(token), "token"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::ByteString;

    fn secret(keys: &[(&str, &str)]) -> Secret {
        let data = keys.iter().map(|(k, v)| ((*k).to_owned(), ByteString(v.as_bytes().to_vec()))).collect();
        let mut secret = Secret { data: Some(data), ..Secret::default() };
        secret.metadata.name = Some("acme-github".into());
        secret
    }

    #[test]
    fn what_is_missing_is_told_by_secret_and_key() {
        let told = |keys: &[_]| {
            credentials_in(&secret(keys)).err().map(|error| error.to_string()).unwrap_or_default()
        };
        assert!(told(&[]).starts_with("Secret acme-github, key token: is missing"));
        assert!(told(&[("app-id", "7")]).starts_with("Secret acme-github, key app-private-key: is missing"));
        assert!(told(&[("app-id", "seven")]).contains("key app-id: the App's id is a number"));
        assert_eq!(told(&[("token", "t\n")]), "");
    }

    #[test]
    fn git_is_beside_the_api() {
        let repository = RepoName::new("acme", "widgets");
        let url = |api| Internet.git_url(api, &repository);
        assert_eq!(url("https://api.github.com"), "https://github.com/acme/widgets.git");
        assert_eq!(url("https://ghe.example.org/api/v3/"), "https://ghe.example.org/acme/widgets.git");
    }
}
