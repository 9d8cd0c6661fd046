//! Sends webhooks: signed, in order for each hook, recorded as deliveries.
//!
//! A test chooses what carries them (a tower service in this process, or HTTP) and the fate of each parcel.
//! As on GitHub there is one attempt and no retry; what failed can be asked for again.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use hmac::{Hmac, KeyInit, Mac};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use sha2::Sha256;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tower::{Service, ServiceExt};

use crate::state::{Outcome, State};
use crate::{GitHub, Shared};

/// Carries a request to a receiver; an error says why nobody answered.
pub type Sender =
    Arc<dyn Fn(Request<Bytes>) -> BoxFuture<'static, Result<Response<Bytes>, String>> + Send + Sync>;

type Chooser = Arc<dyn Fn(&Parcel) -> Fate + Send + Sync>;

/// A delivery about to be sent, for whoever chooses its fate.
#[derive(Clone, Debug)]
pub struct Parcel {
    /// The delivery's id.
    pub id: u64,
    /// The hook's id.
    pub hook: u64,
    /// `X-GitHub-Event`.
    pub event: String,
    /// `action` of the payload, where it has one.
    pub action: Option<String>,
    /// Whether somebody asked for it again.
    pub redelivery: bool,
}

/// What becomes of a delivery.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fate {
    /// It is sent.
    #[default]
    Deliver,
    /// It is sent twice, with one id.
    Twice,
    /// It is sent this much later; those behind it overtake.
    Late(Duration),
    /// It is not sent, and listed as failed.
    Fail,
    /// It is not sent, and no trace of it remains.
    Lose,
}

/// The queues, one a hook, and what the test chose.
#[derive(Default)]
pub(crate) struct Courier {
    queues: Mutex<BTreeMap<u64, UnboundedSender<u64>>>,
    sender: Mutex<Option<Sender>>,
    chooser: Mutex<Option<Chooser>>,
}

impl fmt::Debug for Courier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Courier")
    }
}

impl GitHub {
    /// Chooses what carries webhooks. Without a choice they go over HTTP.
    pub fn deliver_with(&self, sender: Sender) {
        *self.shared.courier.sender.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
    }

    /// Chooses the fate of each delivery.
    pub fn choose_fates(&self, choose: impl Fn(&Parcel) -> Fate + Send + Sync + 'static) {
        *self.shared.courier.chooser.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(choose));
    }

    /// Hands deliveries to the queues of their hooks.
    pub(crate) fn dispatch(&self, outbox: Vec<u64>) {
        for id in outbox {
            let chooser = self.shared.courier.chooser.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let Some(parcel) = self.look(|state| parcel(state, id)) else { continue };
            match chooser.map_or(Fate::Deliver, |choose| choose(&parcel)) {
                Fate::Deliver => self.enqueue(&parcel),
                Fate::Twice => {
                    self.enqueue(&parcel);
                    self.enqueue(&parcel);
                }
                Fate::Late(wait) => self.send_later(id, wait),
                Fate::Fail => self.record(id, Outcome::unreached("failed to connect to host")),
                Fate::Lose => {
                    self.change(|state| state.deliveries.remove(&id));
                }
            }
        }
    }

    fn enqueue(&self, parcel: &Parcel) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return self.record(parcel.id, Outcome::unreached("no tokio runtime to send with"));
        };
        let mut queues = self.shared.courier.queues.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = queues.entry(parcel.hook).or_insert_with(|| {
            let (queue, mut waiting) = unbounded_channel();
            // Weak: a queue must not keep a world alive that its test has dropped.
            let shared: Weak<Shared> = Arc::downgrade(&self.shared);
            runtime.spawn(async move {
                while let Some(id) = waiting.recv().await {
                    let Some(shared) = shared.upgrade() else { break };
                    GitHub { shared }.send(id).await;
                }
            });
            queue
        });
        // The receiver lives as long as this sender does, so this fails only while the runtime shuts down.
        if queue.send(parcel.id).is_err() {
            tracing::debug!(delivery = parcel.id, "the runtime that sends webhooks is gone");
            queues.remove(&parcel.hook);
        }
    }

    fn send_later(&self, id: u64, wait: Duration) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return self.record(id, Outcome::unreached("no tokio runtime to send with"));
        };
        let shared = Arc::downgrade(&self.shared);
        runtime.spawn(async move {
            tokio::time::sleep(wait).await;
            if let Some(shared) = shared.upgrade() {
                GitHub { shared }.send(id).await;
            }
        });
    }

    async fn send(&self, id: u64) {
        let sender = self.shared.courier.sender.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let sender = sender.unwrap_or_else(over_http);
        let prepared = self.look(|state| Some((request(state, id)?, state.options.webhook_timeout)));
        let Some((request, patience)) = prepared else { return };
        let outcome = match tokio::time::timeout(patience, sender(request)).await {
            Ok(Ok(answer)) => {
                let body = String::from_utf8_lossy(answer.body()).into_owned();
                Outcome::answered(answer.status().as_u16(), body)
            }
            Ok(Err(why)) => Outcome::unreached(why),
            Err(_) => Outcome::unreached("timed out"),
        };
        self.record(id, outcome);
    }

    fn record(&self, id: u64, outcome: Outcome) {
        self.change(|state| {
            if let Some(delivery) = state.deliveries.get_mut(&id) {
                delivery.outcome = Some(outcome);
            }
        });
    }
}

fn parcel(state: &State, id: u64) -> Option<Parcel> {
    let delivery = state.deliveries.get(&id)?;
    Some(Parcel {
        id,
        hook: delivery.hook,
        event: delivery.event.clone(),
        action: delivery.payload["action"].as_str().map(str::to_owned),
        redelivery: delivery.redelivery,
    })
}

/// The request of a delivery, signed with the hook's secret; `None` once the hook is gone.
fn request(state: &State, id: u64) -> Option<Request<Bytes>> {
    let delivery = state.deliveries.get(&id)?;
    let hook = state.hooks.get(&delivery.hook)?;
    let body = delivery.payload.to_string();
    let (kind, target) = match &hook.scope {
        crate::state::Scope::Repo(repo) => ("repository", state.repos.get(repo)?.id),
        crate::state::Scope::Org(org) => ("organization", state.orgs.get(org)?.id),
        crate::state::Scope::App(app) => ("integration", *app),
    };
    let mut request = Request::post(&hook.url)
        .header("Accept", "*/*")
        .header("Content-Type", "application/json")
        .header("User-Agent", "GitHub-Hookshot/world")
        .header("X-GitHub-Delivery", &delivery.guid)
        .header("X-GitHub-Event", &delivery.event)
        .header("X-GitHub-Hook-ID", hook.id)
        .header("X-GitHub-Hook-Installation-Target-ID", target)
        .header("X-GitHub-Hook-Installation-Target-Type", kind);
    if let Some(secret) = &hook.secret {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
        mac.update(body.as_bytes());
        request = request
            .header("X-Hub-Signature-256", format!("sha256={}", hex::encode(mac.finalize().into_bytes())));
    }
    request.body(Bytes::from(body)).ok()
}

/// Carries webhooks over plain HTTP.
pub fn over_http() -> Sender {
    let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    Arc::new(move |request| {
        let client = client.clone();
        Box::pin(async move {
            let answer = client
                .request(request.map(Full::new))
                .await
                .map_err(|error| format!("failed to connect to host: {error}"))?;
            let (parts, body) = answer.into_parts();
            let body = body.collect().await.map_err(|error| error.to_string())?.to_bytes();
            Ok(Response::from_parts(parts, body))
        })
    })
}

/// Carries webhooks to a service in this process, such as an axum router.
pub fn to_service<S>(service: S) -> Sender
where
    S: Service<Request<axum::body::Body>, Response = axum::response::Response>
        + Clone
        + Send
        + Sync
        + 'static,
    S::Error: fmt::Display,
    S::Future: Send,
{
    Arc::new(move |request| {
        let service = service.clone();
        Box::pin(async move {
            let answer = service
                .oneshot(request.map(axum::body::Body::from))
                .await
                .map_err(|error| error.to_string())?;
            let (parts, body) = answer.into_parts();
            let body = body.collect().await.map_err(|error| error.to_string())?.to_bytes();
            Ok(Response::from_parts(parts, body))
        })
    })
}
