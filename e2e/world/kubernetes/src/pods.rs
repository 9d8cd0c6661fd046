//! What is particular to pods: logs and binding.
//!
//! A kubelet speaks HTTP alone: it appends what a container prints with `PUT /world/logs/NAMESPACE/POD/CONTAINER`, a path
//! of this world's own (a real API server asks the node's kubelet instead). The body is raw output; `?done=true` says
//! that the container prints no more, which ends `logs -f`; `?restart=true` begins a new container, so that
//! `logs --previous` shows the one before.

use std::collections::BTreeMap;
use std::convert::Infallible;

use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State as Shared};
use axum::response::{IntoResponse, Response};
use futures::stream;
use http::{StatusCode, header};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::World;
use crate::call::Call;
use crate::clock::seconds;
use crate::failure::Failure;
use crate::object::{self, list, set, text};
use crate::read;
use crate::resource::Kind;
use crate::state::State;
use crate::store::Key;
use crate::strict;

/// What containers have printed.
#[derive(Debug, Default)]
pub(crate) struct Logs {
    logs: BTreeMap<(String, String, String), Log>,
}

#[derive(Clone, Debug, Default)]
struct Log {
    lines: Vec<Line>,
    previous: Vec<Line>,
    done: bool,
    /// Grows with each restart, so that a reader notices.
    runs: u64,
}

#[derive(Clone, Debug)]
struct Line {
    at: Timestamp,
    text: Vec<u8>,
}

impl Logs {
    /// Forgets the logs of a pod that is gone.
    pub(crate) fn forget(&mut self, namespace: &str, pod: &str) {
        self.logs.retain(|(its_namespace, its_pod, _), _| its_namespace != namespace || its_pod != pod);
    }

    fn append(
        &mut self,
        of: (String, String, String),
        output: &[u8],
        at: Timestamp,
        restart: bool,
        done: bool,
    ) {
        let log = self.logs.entry(of).or_default();
        if restart {
            log.previous = std::mem::take(&mut log.lines);
            log.runs += 1;
        }
        for part in output.split_inclusive(|byte| *byte == b'\n') {
            match log.lines.last_mut().filter(|last| !last.text.ends_with(b"\n")) {
                Some(last) => last.text.extend_from_slice(part),
                None => log.lines.push(Line { at, text: part.to_vec() }),
            }
        }
        log.done = done;
    }
}

/// PUT of a container's output.
pub(crate) async fn append(
    Shared(world): Shared<World>,
    Path((namespace, pod, container)): Path<(String, String, String)>,
    Query(query): Query<BTreeMap<String, String>>,
    output: Bytes,
) -> Response {
    let flag = |name: &str| query.get(name).is_some_and(|value| value == "true");
    let mut state = world.state();
    let Some(kind) = state.registry.get("", "pods").cloned() else {
        return Failure::no_such_path().into_response();
    };
    if state.store.get(&kind.collection(), &Key::new(&namespace, &pod)).is_none() {
        return Failure::not_found(&kind, &pod).into_response();
    }
    let now = state.clock.now();
    state.logs.append((namespace, pod, container), &output, now, flag("restart"), flag("done"));
    drop(state);
    world.wake();
    StatusCode::NO_CONTENT.into_response()
}

/// What a reader of logs asked for.
struct Reader {
    world: World,
    changed: tokio::sync::watch::Receiver<u64>,
    of: (String, String, String),
    timestamps: bool,
    follow: bool,
    previous: bool,
    since: Option<Timestamp>,
    tail: Option<usize>,
    limit: Option<usize>,
    /// How much of which line was sent.
    line: usize,
    sent: usize,
    runs: u64,
    ended: bool,
}

/// GET of a pod's log.
pub(crate) fn read_log(world: &World, kind: &Kind, call: &Call) -> Result<Response, Failure> {
    let state = world.state();
    let pod = read::stored(&state, kind, call)?;
    let container = container(&pod, call.query.get("container"))?;
    let waiting = text(&pod, &["spec", "nodeName"]).is_empty();
    let query = &call.query;
    let positive = |name: &str| -> Result<Option<usize>, Failure> {
        Ok(query.number(name)?.and_then(|n| usize::try_from(n).ok()))
    };
    let since = match query.number("sinceSeconds")? {
        Some(ago) => state.clock.now().checked_sub(SignedDuration::from_secs(ago)).ok(),
        None => query.get("sinceTime").parse().ok(),
    };
    let of = (call.namespace.clone(), call.name.clone(), container.clone());
    let known = state.logs.logs.get(&of);
    if query.flag("previous") && known.is_none_or(|log| log.previous.is_empty()) {
        return Err(Failure::bad_request(format!(
            "previous terminated container \"{container}\" in pod \"{}\" not found",
            call.name
        )));
    }
    let phase = text(&pod, &["status", "phase"]);
    // Without a node there is nobody to ask, and nothing to say.
    if waiting {
        return Ok(([(header::CONTENT_TYPE, "text/plain")], "").into_response());
    }
    if known.is_none() && phase == "Pending" {
        return Err(Failure::bad_request(format!(
            "container \"{container}\" in pod \"{}\" is waiting to start: ContainerCreating",
            call.name
        )));
    }
    let runs = known.map_or(0, |log| log.runs);
    let reader = Reader {
        world: world.clone(),
        changed: world.changes(),
        of,
        timestamps: query.flag("timestamps"),
        follow: query.flag("follow") && !query.flag("previous"),
        previous: query.flag("previous"),
        since,
        tail: positive("tailLines")?,
        limit: positive("limitBytes")?,
        line: 0,
        sent: 0,
        runs,
        ended: false,
    };
    drop(state);
    let chunks = stream::unfold(reader, async |mut reader| {
        let chunk = reader.next().await?;
        Some((Ok::<_, Infallible>(chunk), reader))
    });
    Ok(([(header::CONTENT_TYPE, "text/plain")], Body::from_stream(chunks)).into_response())
}

/// The container that is meant: named, or the only one.
fn container(pod: &Value, named: &str) -> Result<String, Failure> {
    let all = ["containers", "initContainers"].map(|field| list(pod, &["spec", field]));
    let names: Vec<&str> = all.iter().flat_map(|list| list.iter()).map(|c| text(c, &["name"])).collect();
    let (pod_name, containers) = (object::name(pod), list(pod, &["spec", "containers"]));
    match (named, containers) {
        ("", [only]) => Ok(text(only, &["name"]).to_owned()),
        ("", _) => {
            let choose: Vec<&str> = containers.iter().map(|c| text(c, &["name"])).collect();
            Err(Failure::bad_request(format!(
                "a container name must be specified for pod {pod_name}, choose one of: [{}]",
                choose.join(" ")
            )))
        }
        (named, _) if names.contains(&named) => Ok(named.to_owned()),
        (named, _) => Err(Failure::bad_request(format!("container {named} is not valid for pod {pod_name}"))),
    }
}

impl Reader {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if self.ended {
                return None;
            }
            self.changed.mark_unchanged();
            let chunk = self.read();
            if !chunk.is_empty() {
                return Some(chunk.into());
            }
            if !self.ended && self.changed.changed().await.is_err() {
                self.ended = true;
            }
        }
    }

    /// What is there and was not sent yet.
    fn read(&mut self) -> Vec<u8> {
        let world = self.world.clone();
        let state = world.state();
        let pod_exists = state.registry.get("", "pods").is_some_and(|kind| {
            state.store.get(&kind.collection(), &Key::new(&self.of.0, &self.of.1)).is_some()
        });
        let log = state.logs.logs.get(&self.of).cloned().unwrap_or_default();
        drop(state);
        let lines = if self.previous { &log.previous } else { &log.lines };
        if let Some(tail) = self.tail.take() {
            self.line = lines.len().saturating_sub(tail);
        }
        let mut chunk = Vec::new();
        while let Some(line) = lines.get(self.line) {
            let fresh = line.text.get(self.sent..).unwrap_or_default();
            if self.since.is_none_or(|since| line.at >= since) {
                if self.timestamps && self.sent == 0 && !fresh.is_empty() {
                    chunk.extend_from_slice(format!("{} ", seconds(line.at)).as_bytes());
                }
                chunk.extend_from_slice(fresh);
            }
            if line.text.ends_with(b"\n") {
                (self.line, self.sent) = (self.line + 1, 0);
            } else {
                self.sent = line.text.len();
                break;
            }
        }
        if let Some(limit) = &mut self.limit {
            chunk.truncate(*limit);
            *limit -= chunk.len();
            self.ended |= *limit == 0;
        }
        // A restart ends the log of the container that was followed.
        self.ended |= !self.follow || log.done || !pod_exists || log.runs != self.runs;
        chunk
    }
}

/// POST of a binding: what a scheduler does.
pub(crate) fn bind(state: &mut State, kind: &Kind, call: &Call, body: &[u8]) -> Result<Value, Failure> {
    let binding = strict::read(body, false)?.value;
    let node = text(&binding, &["target", "name"]);
    if node.is_empty() {
        return Err(Failure::bad_request("a binding names its node in target.name"));
    }
    let mut pod = Value::clone(&*read::stored(state, kind, call)?);
    let bound = text(&pod, &["spec", "nodeName"]);
    if !bound.is_empty() {
        let why = format!("pod {} is already assigned to node \"{bound}\"", call.name);
        return Err(Failure::conflict(kind, &call.name, &why));
    }
    set(&mut pod, &["spec", "nodeName"], json!(node));
    let now = state.clock.stamp();
    object::set_condition(&mut pod, "PodScheduled", "", "", &now);
    state.store.put(&kind.collection(), pod);
    Ok(json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}))
}
