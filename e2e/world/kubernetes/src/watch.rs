//! Watches: the history of a collection, forwards, as one JSON document a line.
//!
//! A watcher is a cursor into the store's history. It wakes up when anything changes, reads what is new, and turns it into
//! events of its selector: an object that begins to match is ADDED, one that no longer matches is DELETED.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use futures::stream;
use http::header;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::World;
use crate::call::Call;
use crate::failure::{Failure, FieldError};
use crate::object;
use crate::read;
use crate::resource::{Kind, Version};
use crate::selector::Selector;
use crate::state::State;
use crate::store::{Change, Collection};
use crate::view::{Form, View};

/// How often a quiet watch that asked for bookmarks gets one.
const BOOKMARK_EVERY: Duration = Duration::from_mins(1);
/// How long a watch lives that names no timeout: the lower end of what the API server draws by lot.
const DEFAULT_TIMEOUT: Duration = Duration::from_mins(30);

struct Watcher {
    world: World,
    changed: tokio::sync::watch::Receiver<u64>,
    kind: Arc<Kind>,
    version: String,
    collection: Collection,
    form: Form,
    namespace: String,
    selector: Selector,
    cursor: u64,
    cuts: u64,
    bookmarks: bool,
    next_bookmark: Instant,
    deadline: Instant,
    pending: VecDeque<Bytes>,
    /// Whether the column definitions of a table were sent.
    begun: bool,
    ended: bool,
}

/// Starts a watch.
pub(crate) fn start(
    world: &World,
    kind: &Arc<Kind>,
    version: &Version,
    form: Form,
    call: &Call,
) -> Result<Response, Failure> {
    let mut fields = call.query.get("fieldSelector").to_owned();
    if !call.name.is_empty() {
        let comma = if fields.is_empty() { "" } else { "," };
        fields = format!("{fields}{comma}metadata.name={}", call.name);
    }
    let selector = Selector::parse(call.query.get("labelSelector"), &fields, kind, version)?;
    let bookmarks = call.query.flag("allowWatchBookmarks");
    let initial = initial_asked(call)?;
    let timeout = match call.query.number("timeoutSeconds")?.and_then(|n| u64::try_from(n).ok()) {
        None | Some(0) => DEFAULT_TIMEOUT,
        Some(seconds) => Duration::from_secs(seconds),
    };
    let changed = world.changes();
    let state = world.state();
    let collection = kind.collection();
    let mut watcher = Watcher {
        world: world.clone(),
        changed,
        kind: kind.clone(),
        version: version.name.clone(),
        cuts: state.cuts(&collection),
        collection,
        form,
        namespace: call.namespace.clone(),
        selector,
        cursor: 0,
        bookmarks,
        next_bookmark: Instant::now() + BOOKMARK_EVERY,
        deadline: Instant::now() + timeout,
        pending: VecDeque::new(),
        begun: false,
        ended: false,
    };
    watcher.begin(&state, initial, read::asked_version(call)?);
    drop(state);
    let lines = stream::unfold(watcher, async |mut watcher| {
        let line = watcher.next().await?;
        Some((Ok::<_, Infallible>(line), watcher))
    });
    Ok(([(header::CONTENT_TYPE, "application/json")], Body::from_stream(lines)).into_response())
}

/// Whether the watch begins with all objects as ADDED and says when that is done.
fn initial_asked(call: &Call) -> Result<bool, Failure> {
    let invalid =
        |why: &str| Failure::options(call.options(), &FieldError::forbidden("resourceVersionMatch", why));
    let matching = call.query.get("resourceVersionMatch");
    if !call.query.has("sendInitialEvents") {
        if matching.is_empty() {
            return Ok(false);
        }
        return Err(invalid(
            "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
        ));
    }
    if matching != "NotOlderThan" {
        return Err(invalid("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"));
    }
    Ok(call.query.flag("sendInitialEvents"))
}

impl Watcher {
    /// Places the cursor and sends what the watch begins with.
    fn begin(&mut self, state: &State, initial: bool, asked: Option<u64>) {
        let current = state.store.revision();
        if let Some(asked) = asked.filter(|asked| *asked > current) {
            return self.fail(&Failure::too_new(asked, current));
        }
        // A frozen kind is served as it was when it froze.
        let now = state.frozen.get(&self.collection).copied().unwrap_or(current);
        match asked {
            Some(version) if version > 0 && !initial => self.cursor = version,
            _ => {
                let Ok(objects) = state.store.snapshot(&self.collection, now) else {
                    return self.fail(&expired(now, now));
                };
                for (_, object) in objects {
                    if self.wants(&object) {
                        self.send("ADDED", &object, state);
                    }
                }
                self.cursor = now;
                if initial && self.bookmarks {
                    self.bookmark(state, true);
                }
            }
        }
    }

    /// The next line, or nothing when the watch is over.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(line) = self.pending.pop_front() {
                return Some(line);
            }
            if self.ended {
                return None;
            }
            self.changed.mark_unchanged();
            self.read();
            if !self.pending.is_empty() || self.ended {
                continue;
            }
            let wake = self.deadline.min(self.next_bookmark);
            tokio::select! {
                biased;
                changed = self.changed.changed() => {
                    self.ended = changed.is_err();
                }
                () = tokio::time::sleep_until(wake) => {
                    if Instant::now() >= self.deadline {
                        self.ended = true;
                    }
                    if Instant::now() >= self.next_bookmark {
                        self.next_bookmark = Instant::now() + BOOKMARK_EVERY;
                        let world = self.world.clone();
                        let state = world.state();
                        if self.bookmarks && !state.frozen.contains_key(&self.collection) {
                            self.bookmark(&state, false);
                        }
                    }
                }
            }
        }
    }

    /// Reads what has changed since the cursor.
    fn read(&mut self) {
        let world = self.world.clone();
        let state = world.state();
        if state.cuts(&self.collection) != self.cuts {
            self.ended = true;
            return;
        }
        if state.frozen.contains_key(&self.collection) {
            return;
        }
        let changes =
            state.store.changes(&self.collection, self.cursor).map(|all| all.cloned().collect::<Vec<_>>());
        let changes: Vec<Change> = match changes {
            Ok(changes) => changes,
            Err(compacted) => return self.fail(&expired(self.cursor, compacted.oldest)),
        };
        for change in &changes {
            self.translate(change, &state);
        }
        self.cursor = state.store.revision();
    }

    fn wants(&self, object: &Value) -> bool {
        (self.namespace.is_empty() || object::namespace(object) == self.namespace)
            && self.selector.matches(object)
    }

    fn translate(&mut self, change: &Change, state: &State) {
        let before = change.before.as_deref().filter(|object| self.wants(object));
        let after = change.after.as_deref().filter(|object| self.wants(object));
        match (before, after) {
            (None, Some(after)) => self.send("ADDED", after, state),
            (Some(_), Some(after)) => self.send("MODIFIED", after, state),
            (Some(before), None) => {
                // Its last matching state, under the resourceVersion at which it went.
                let mut last = before.clone();
                object::set(&mut last, &["metadata", "resourceVersion"], json!(change.revision.to_string()));
                self.send("DELETED", &last, state);
            }
            (None, None) => {}
        }
    }

    fn send(&mut self, kind: &str, object: &Value, state: &State) {
        let first = !self.begun;
        self.begun = true;
        if let Some(view) = self.view(state) {
            let object = view.event(object, first);
            self.line(&json!({"type": kind, "object": object}));
        }
    }

    fn view<'a>(&'a self, state: &'a State) -> Option<View<'a>> {
        let version = self.kind.version(&self.version)?;
        Some(View { kind: &self.kind, version, form: self.form, clock: &state.clock })
    }

    fn bookmark(&mut self, state: &State, initial: bool) {
        let mut meta = json!({"resourceVersion": self.cursor.to_string(), "creationTimestamp": null});
        if initial {
            object::set(&mut meta, &["annotations"], json!({"k8s.io/initial-events-end": "true"}));
        }
        if let Some(view) = self.view(state) {
            let object = view.empty(&meta);
            self.line(&json!({"type": "BOOKMARK", "object": object}));
        }
    }

    /// The API server tells errors of a watch in its stream, so that clients need only look there.
    fn fail(&mut self, failure: &Failure) {
        self.line(&json!({"type": "ERROR", "object": failure.status()}));
        self.ended = true;
    }

    fn line(&mut self, event: &Value) {
        self.pending.push_back(Bytes::from(format!("{event}\n")));
    }
}

fn expired(asked: u64, oldest: u64) -> Failure {
    Failure::expired(format!("too old resource version: {asked} ({oldest})"))
}
