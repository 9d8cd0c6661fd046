//! Webhooks: verified, written to the delivery log, answered, and turned into hints.
//!
//! A payload decides nothing. It names what to look at; the look finds the state.

use crate::{
    context::Context,
    look::Look,
    runtime::delivery_log::{Appended, Delivery, DeliveryLog, LogError},
    stores::sorted,
};
use api::local_ref::FromSecret;
use decide::webhook::{self, Hint, Refusal, Request, Secret, Secrets, What};
use kube::ResourceExt;
use secrecy::ExposeSecret;
use std::sync::Arc;

/// The answer to a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// One line for whoever reads the delivery on GitHub.
    pub body: String,
}

/// Takes webhooks while this replica leads.
pub struct Receiver {
    context: Arc<Context>,
    log: Arc<DeliveryLog>,
}

impl Receiver {
    /// Takes up what the log still holds from before a restart.
    ///
    /// # Errors
    /// Where the log cannot be read.
    pub async fn start(context: Arc<Context>, log: Arc<DeliveryLog>) -> Result<Self, LogError> {
        let receiver = Self { context, log };
        for delivery in receiver.log.waiting()? {
            receiver.pass_on(&delivery).await?;
        }
        Ok(receiver)
    }

    /// One request, as it came.
    pub async fn receive(&self, method: &str, headers: &[(String, String)], body: &[u8]) -> Answer {
        let secrets = self.secrets().await;
        let accepted = match webhook::check(Request { method, headers, body }, &secrets) {
            Ok(accepted) => accepted,
            Err(refusal) => return refused(refusal),
        };
        let delivery = Delivery { guid: accepted.delivery, event: accepted.event, body: body.to_vec() };
        match self.log.append(&delivery, self.context.clock.now()).await {
            Ok(Appended::Seen) => Answer { status: 200, body: "seen\n".to_owned() },
            Ok(Appended::New) => {
                // From here on the log remembers; a failure is made good at the next start, or by the sweep.
                if let Err(error) = self.pass_on(&delivery).await {
                    tracing::warn!(%error, guid = delivery.guid, "a delivery stays in the log");
                }
                Answer { status: 202, body: "accepted\n".to_owned() }
            }
            Err(error) => {
                tracing::error!(%error, "a delivery was refused");
                Answer { status: 503, body: "the delivery could not be written down\n".to_owned() }
            }
        }
    }

    async fn pass_on(&self, delivery: &Delivery) -> Result<(), LogError> {
        for hint in webhook::hints(&delivery.event, &delivery.body) {
            tracing::debug!(event = delivery.event, guid = delivery.guid, ?hint, "hinted");
            self.context.looks.hint(look_of(hint));
        }
        self.log.done(&delivery.guid, self.context.clock.now()).await
    }

    /// The secrets of all Repositories, for what each of them names.
    async fn secrets(&self) -> Secrets {
        let mut secrets = Secrets::default();
        for object in sorted(&self.context.stores.repositories) {
            let Some(credentials) = &object.spec.credentials else { continue };
            let github = &object.spec.github;
            let scopes: Vec<String> = if github.repositories.iter().any(|name| name == "*") {
                vec![github.owner.clone()]
            } else {
                github.repositories.iter().map(|name| format!("{}/{name}", github.owner)).collect()
            };
            let namespace = object.namespace().unwrap_or_default();
            let known = self.secrets_of(&namespace, credentials).await;
            for scope in scopes {
                for secret in &known {
                    secrets.add(scope.clone(), secret.clone());
                }
            }
        }
        secrets
    }

    async fn secrets_of(&self, namespace: &str, credentials: &FromSecret) -> Vec<Secret> {
        match self.context.accounts.webhook_secrets(namespace, credentials).await {
            Ok(found) => {
                found.0.iter().map(|secret| Secret::new(secret.expose_secret().as_bytes())).collect()
            }
            Err(error) => {
                tracing::warn!(%error, "deliveries for these credentials cannot be verified");
                Vec::new()
            }
        }
    }
}

fn refused(refusal: Refusal) -> Answer {
    Answer { status: refusal.status(), body: format!("{refusal}\n") }
}

fn look_of(hint: Hint) -> Look {
    let repository = hint.repository;
    match hint.what {
        What::Pull(number) => Look::Pull(repository, number),
        What::Issue(number) => Look::Item(repository, number),
        What::Branch(_) | What::Repository => Look::Branches(repository),
        What::Commit(sha) => Look::Commit(repository, sha.as_str().to_owned()),
    }
}
