//! The wire: every call that an operator of a story makes to Kubernetes and GitHub, and its writes to disk, pass here.
//!
//! It numbers the writes, records what was asked and answered, and lets a test decide what becomes of each: whether it
//! arrives, whether its answer does, and whether the operator lives to see it. What people, the kubelet and the test
//! itself do passes elsewhere and does not count.

use axum::body::Body;
use bytes::Bytes;
use controllers::runtime::probe::WriteProbe;
use futures::future::BoxFuture;
use http::{Method, Response, StatusCode};
use http_body_util::BodyExt;
use serde_json::json;
use std::{
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::{sync::watch, time::Instant};
use tower::ServiceExt;

/// Whom a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whom {
    /// The API server.
    Kubernetes,
    /// GitHub.
    GitHub,
    /// The delivery log.
    Disk,
}

/// A call that an operator makes.
#[derive(Clone, Debug)]
pub struct Call {
    /// Which operator of the stage makes it, from 1.
    pub operator: u32,
    /// Where this write stands among the writes of all operators of the stage, from 1; `None`: it reads.
    pub write: Option<u64>,
    /// Whom it is for.
    pub whom: Whom,
    /// HTTP's; `PUT` for the disk.
    pub method: Method,
    /// With the query.
    pub path: String,
    /// What is sent.
    pub body: Bytes,
}

impl Call {
    /// Whether it renews or takes leadership. A leader does so every two seconds, whatever happens.
    pub fn is_lease(&self) -> bool {
        self.whom == Whom::Kubernetes && self.path.contains("/leases")
    }
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It arrives, and so does its answer.
    Pass,
    /// It does not arrive, and is answered with this status.
    Refuse(u16),
    /// It arrives, and is answered with this status all the same.
    RefuseAfter(u16),
    /// The operator dies before it arrives.
    DieBefore,
    /// It arrives; the operator dies before the answer does.
    DieAfter,
}

/// A call with its answer.
#[derive(Clone, Debug)]
pub struct Record {
    /// Since the stage was set, in virtual milliseconds.
    pub at: u128,
    /// The call.
    pub call: Call,
    /// The status that the server gave; 0: the operator died first.
    pub status: u16,
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Call { operator, write, whom, method, path, body } = &self.call;
        let mut hasher = DefaultHasher::new();
        body.hash(&mut hasher);
        let write = write.map(|number| format!(" write {number}")).unwrap_or_default();
        let (at, status, body) = (self.at, self.status, hasher.finish());
        write!(f, "{at} operator {operator}{write} {whom:?} {method} {path} {body:016x} -> {status}")
    }
}

type Chooser = Box<dyn FnMut(&Call) -> Fate + Send>;

struct Inner {
    begun: Instant,
    writes: u64,
    records: Vec<Record>,
    choose: Option<Chooser>,
}

/// The wire of a stage. Clones are the same wire.
#[derive(Clone)]
pub struct Wire {
    inner: Arc<Mutex<Inner>>,
}

impl Wire {
    pub(crate) fn new() -> Self {
        let inner = Inner { begun: Instant::now(), writes: 0, records: Vec::new(), choose: None };
        Self { inner: Arc::new(Mutex::new(inner)) }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Decides what becomes of each call from now on.
    pub fn choose(&self, choose: impl FnMut(&Call) -> Fate + Send + 'static) {
        self.inner().choose = Some(Box::new(choose));
    }

    /// All calls so far, in the order in which they were answered.
    pub fn records(&self) -> Vec<Record> {
        self.inner().records.clone()
    }

    /// The writes so far that are not for leadership.
    pub fn writes(&self) -> Vec<Record> {
        let inner = self.inner();
        let records = inner.records.iter();
        records.filter(|r| r.call.write.is_some() && !r.call.is_lease()).cloned().collect()
    }

    /// The end that one operator holds.
    pub(crate) fn line(&self, operator: u32) -> Line {
        Line { wire: self.clone(), operator, dead: watch::Sender::new(false), on_disk: Arc::default() }
    }
}

/// One operator's end of the wire.
#[derive(Clone)]
pub(crate) struct Line {
    wire: Wire,
    operator: u32,
    dead: watch::Sender<bool>,
    /// The write to disk that is under way, and what becomes of it.
    on_disk: Arc<Mutex<Option<(Call, Fate)>>>,
}

impl Line {
    /// Waits for the operator's death.
    pub(crate) async fn death(&self) {
        // The sender is ours, so waiting cannot fail.
        let _ = self.dead.subscribe().wait_for(|dead| *dead).await;
    }

    pub(crate) fn is_dead(&self) -> bool {
        *self.dead.borrow()
    }

    /// From now on no call arrives and no answer does.
    pub(crate) fn cut(&self) {
        self.dead.send_replace(true);
    }

    async fn die<T>(&self) -> T {
        self.cut();
        std::future::pending().await
    }

    fn begin(&self, whom: Whom, method: Method, path: String, body: Bytes, writes: bool) -> (Call, Fate) {
        let mut inner = self.wire.inner();
        inner.writes += u64::from(writes);
        let write = writes.then_some(inner.writes);
        let call = Call { operator: self.operator, write, whom, method, path, body };
        let fate = inner.choose.as_mut().map_or(Fate::Pass, |choose| choose(&call));
        (call, fate)
    }

    fn record(&self, call: &Call, status: u16) {
        let mut inner = self.wire.inner();
        let at = inner.begun.elapsed().as_millis();
        inner.records.push(Record { at, call: call.clone(), status });
    }

    /// Carries a call over HTTP to a router.
    pub(crate) async fn carry(
        &self,
        whom: Whom,
        request: http::Request<Bytes>,
        router: axum::Router,
    ) -> Response<Body> {
        if self.is_dead() {
            return std::future::pending().await;
        }
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let (method, body) = (request.method().clone(), request.body().clone());
        let writes = writes(whom, &method, &path, &body);
        let (call, fate) = self.begin(whom, method, path, body, writes);
        match fate {
            Fate::DieBefore => {
                self.record(&call, 0);
                return self.die().await;
            }
            Fate::Refuse(status) => {
                self.record(&call, status);
                return refusal(whom, status);
            }
            Fate::Pass | Fate::RefuseAfter(_) | Fate::DieAfter => {}
        }
        let answered = router.oneshot(request.map(Body::from)).await;
        let answer = answered.unwrap_or_else(|never| match never {});
        self.record(&call, answer.status().as_u16());
        if fate == Fate::DieAfter {
            return self.die().await;
        }
        if self.is_dead() {
            return std::future::pending().await;
        }
        if let Fate::RefuseAfter(status) = fate { refusal(whom, status) } else { answer }
    }

    /// A client of the API server behind this router.
    pub(crate) fn kubernetes(&self, router: axum::Router) -> kube::Client {
        let line = self.clone();
        let service = tower::service_fn(move |request: http::Request<kube::client::Body>| {
            let (line, router) = (line.clone(), router.clone());
            async move {
                let (parts, body) = request.into_parts();
                let body = body.collect().await?.to_bytes();
                let request = http::Request::from_parts(parts, body);
                Ok::<_, kube::Error>(line.carry(Whom::Kubernetes, request, router).await)
            }
        });
        kube::Client::new(service, "default")
    }
}

fn writes(whom: Whom, method: &Method, path: &str, body: &[u8]) -> bool {
    match whom {
        Whom::GitHub if path.starts_with("/graphql") => String::from_utf8_lossy(body).contains("mutation"),
        Whom::Kubernetes | Whom::GitHub => *method != Method::GET,
        Whom::Disk => true,
    }
}

/// The answer of a server that is not well.
fn refusal(whom: Whom, status: u16) -> Response<Body> {
    let body = match whom {
        Whom::Kubernetes => {
            let reason = match status {
                409 => "Conflict",
                504 => "Timeout",
                _ => "InternalError",
            };
            let message = "refused on purpose";
            json!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
                    "code": status, "reason": reason, "message": message })
        }
        Whom::GitHub | Whom::Disk => json!({ "message": "Server Error" }),
    };
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    let json = http::HeaderValue::from_static("application/json");
    response.headers_mut().insert(http::header::CONTENT_TYPE, json);
    response
}

impl WriteProbe for Line {
    fn before(&self, what: &'static str) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            if self.is_dead() {
                return std::future::pending().await;
            }
            let begun = self.begin(Whom::Disk, Method::PUT, what.to_owned(), Bytes::new(), true);
            if begun.1 == Fate::DieBefore {
                self.record(&begun.0, 0);
                return self.die::<()>().await;
            }
            *self.on_disk.lock().unwrap_or_else(PoisonError::into_inner) = Some(begun);
        })
    }

    fn after(&self, _: &'static str) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let begun = self.on_disk.lock().unwrap_or_else(PoisonError::into_inner).take();
            let Some((call, fate)) = begun else { return };
            self.record(&call, 200);
            if fate == Fate::DieAfter || self.is_dead() {
                self.die::<()>().await;
            }
        })
    }
}
