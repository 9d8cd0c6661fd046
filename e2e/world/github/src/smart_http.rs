//! git over smart HTTP.
//!
//! Fetching is `git http-backend`. A push is taken apart here: its pack is unpacked by git, then each ref is moved
//! under the state's lock, so that branch protection can refuse one ref of many and a push cannot slip between the
//! parts of a merge. The answer is the report that `git receive-pack` would give.

use std::fs::File;
use std::io::{Seek, Write as _};
use std::process::Stdio;

use axum::extract::{DefaultBodyLimit, Path, RawQuery, State as Shared};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use crate::git::{Git, ZERO};
use crate::refusal::{Allowed, Refusal};
use crate::state::{Caller, Role, State, Who};
use crate::{GitHub, Name};

/// The routes of git.
pub(crate) fn router() -> Router<GitHub> {
    Router::new()
        .route("/{owner}/{repo}/info/refs", get(advertise))
        .route("/{owner}/{repo}/git-upload-pack", post(upload_pack))
        .route("/{owner}/{repo}/git-receive-pack", post(receive_pack))
        .layer(DefaultBodyLimit::disable())
}

/// The repository that a caller may read, or (with `Role::Write`) push to.
fn open(state: &State, caller: &Caller, owner: &str, repo: &str, needed: Role) -> Allowed<Name> {
    let name = Name::of_repo(owner, repo.strip_suffix(".git").unwrap_or(repo));
    match state.role(caller, &name) {
        // GitHub asks for a password rather than tell that a private repository exists.
        role if role < Some(needed) && caller.who == Who::Nobody => Err(Refusal::requires_authentication()),
        None => Err(Refusal::new(StatusCode::NOT_FOUND, "Repository not found.")),
        Some(role) if role < needed => {
            let login = state.login(caller)?;
            Err(Refusal::forbidden(format!("Permission to {name}.git denied to {login}.")))
        }
        Some(_) if caller.who == Who::Nobody && needed > Role::Read => {
            Err(Refusal::requires_authentication())
        }
        Some(_) => Ok(name),
    }
}

async fn advertise(
    Shared(github): Shared<GitHub>,
    Extension(caller): Extension<Caller>,
    Path((owner, repo)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Allowed<Response> {
    let query = query.unwrap_or_default();
    let needed = match query.as_str() {
        "service=git-upload-pack" => Role::Read,
        "service=git-receive-pack" => Role::Write,
        other => return Err(Refusal::not_simulated(format!("git's dumb protocol ({other})"))),
    };
    let name = github.look(|state| open(state, &caller, &owner, &repo, needed))?;
    backend(&github, &name, "GET", "info/refs", &query, &headers, &Bytes::new())
}

async fn upload_pack(
    Shared(github): Shared<GitHub>,
    Extension(caller): Extension<Caller>,
    Path((owner, repo)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Allowed<Response> {
    let name = github.look(|state| open(state, &caller, &owner, &repo, Role::Read))?;
    backend(&github, &name, "POST", "git-upload-pack", "", &headers, &body)
}

/// Runs `git http-backend` as CGI. The body goes through a file, so that neither side can wait for the other.
fn backend(
    github: &GitHub,
    repo: &Name,
    method: &str,
    path: &str,
    query: &str,
    headers: &HeaderMap,
    body: &Bytes,
) -> Allowed<Response> {
    let failed = |error: std::io::Error| {
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, format!("git http-backend: {error}"))
    };
    let header =
        |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut command = github.look(|state| {
        let mut command = state.git.command();
        command.env("GIT_PROJECT_ROOT", state.git.root());
        command
    });
    command
        .arg("http-backend")
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("REQUEST_METHOD", method)
        .env("PATH_INFO", format!("/{}/{path}", Git::path(repo)))
        .env("QUERY_STRING", query)
        .env("CONTENT_TYPE", header(header::CONTENT_TYPE))
        .env("HTTP_CONTENT_ENCODING", header(header::CONTENT_ENCODING))
        .env("GIT_PROTOCOL", header(HeaderName::from_static("git-protocol")))
        .env("REMOTE_USER", "world")
        .env("REMOTE_ADDR", "127.0.0.1");
    let mut input: File = tempfile::tempfile().map_err(failed)?;
    input.write_all(body).map_err(failed)?;
    input.rewind().map_err(failed)?;
    let done = command.stdin(Stdio::from(input)).stderr(Stdio::piped()).output().map_err(failed)?;
    read_cgi(&done.stdout).ok_or_else(|| {
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, format!("git http-backend: {said}"))
    })
}

/// Turns what a CGI program wrote into a response.
fn read_cgi(out: &[u8]) -> Option<Response> {
    let end = out.windows(4).position(|window| window == b"\r\n\r\n")?;
    let (head, body) = out.split_at(end);
    let mut status = StatusCode::OK;
    let mut headers = HeaderMap::new();
    for line in std::str::from_utf8(head).ok()?.lines() {
        let (name, value) = line.split_once(": ")?;
        if name.eq_ignore_ascii_case("status") {
            status = value.get(..3)?.parse().ok()?;
        } else {
            headers.append(name.parse::<HeaderName>().ok()?, value.parse().ok()?);
        }
    }
    Some((status, headers, body.get(4..)?.to_vec()).into_response())
}

/// One line of a push: move `name` from `old` to `new`.
#[derive(Debug)]
struct Move {
    name: String,
    old: String,
    new: String,
}

/// What a push asks for.
#[derive(Debug, Default)]
struct Push<'a> {
    moves: Vec<Move>,
    side_band: bool,
    atomic: bool,
    pack: &'a [u8],
}

/// Reads one packet line; `None` within for the flush that ends a list.
fn packet(from: &[u8]) -> Option<(Option<&[u8]>, &[u8])> {
    let length = usize::from_str_radix(std::str::from_utf8(from.get(..4)?).ok()?, 16).ok()?;
    if length == 0 {
        return Some((None, from.get(4..)?));
    }
    Some((Some(from.get(4..length)?), from.get(length..)?))
}

fn read_push(body: &[u8]) -> Option<Push<'_>> {
    let mut push = Push::default();
    let mut rest = body;
    loop {
        let (line, after) = packet(rest)?;
        rest = after;
        let Some(line) = line else { break };
        let line = std::str::from_utf8(line).ok()?;
        let (command, capabilities) = line.split_once('\0').unwrap_or((line, ""));
        push.side_band |= capabilities.contains("side-band-64k");
        push.atomic |= capabilities.split(' ').any(|one| one == "atomic");
        // A shallow clone names its edge first; what it lacks is here already.
        if command.starts_with("shallow ") {
            continue;
        }
        let mut words = command.trim_end().splitn(3, ' ');
        let (old, new, name) = (words.next()?, words.next()?, words.next()?);
        let is_id = |id: &str| id.len() == 40 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_id(old) || !is_id(new) || name.contains(char::is_whitespace) {
            return None;
        }
        push.moves.push(Move { name: name.to_owned(), old: old.to_owned(), new: new.to_owned() });
    }
    push.pack = rest;
    Some(push)
}

async fn receive_pack(
    Shared(github): Shared<GitHub>,
    Extension(caller): Extension<Caller>,
    Path((owner, repo)): Path<(String, String)>,
    body: Bytes,
) -> Allowed<Response> {
    let push = read_push(&body)
        .ok_or_else(|| Refusal::new(StatusCode::BAD_REQUEST, "a push that cannot be read"))?;
    let report = github.change(|state| {
        let name = open(state, &caller, &owner, &repo, Role::Write)?;
        if state.repo(&name)?.archived {
            return Err(Refusal::forbidden("This repository was archived so it is read-only."));
        }
        state.receive(&caller, &name, &push)
    })?;
    let kind = HeaderValue::from_static("application/x-git-receive-pack-result");
    Ok(([(header::CONTENT_TYPE, kind)], report).into_response())
}

impl State {
    /// Applies a push and writes the report that the client waits for.
    fn receive(&mut self, by: &Caller, repo: &Name, push: &Push<'_>) -> Allowed<Vec<u8>> {
        if push.moves.is_empty() {
            return Ok(Vec::new());
        }
        if !push.pack.is_empty() {
            self.git.unpack(repo, push.pack)?;
        }
        let mut verdicts: Vec<Result<(), String>> =
            push.moves.iter().map(|one| self.check_move(by, repo, one)).collect();
        if push.atomic && verdicts.iter().any(Result::is_err) {
            for verdict in verdicts.iter_mut().filter(|verdict| verdict.is_ok()) {
                *verdict = Err("atomic push failure".to_owned());
            }
        }
        for (one, verdict) in push.moves.iter().zip(&mut verdicts) {
            if verdict.is_ok() {
                *verdict = self
                    .git
                    .set_ref(repo, &one.name, &one.new, &one.old)
                    .map_err(|_| "failed to update ref".to_owned());
            }
        }
        let report = write_report(push, &verdicts);
        self.notice_push(by, repo)?;
        Ok(report)
    }

    /// Whether one ref of a push may move; the word for `[remote rejected]` if not.
    fn check_move(&self, by: &Caller, repo: &Name, one: &Move) -> Result<(), String> {
        if !one.name.starts_with("refs/heads/") && !one.name.starts_with("refs/tags/") {
            return Err("deny updating a hidden ref".to_owned());
        }
        if self
            .repos
            .get(repo)
            .is_some_and(|found| one.name == format!("refs/heads/{}", found.default_branch))
            && one.new == ZERO
        {
            return Err("refusing to delete the current branch".to_owned());
        }
        if one.new != ZERO && self.git.resolve(repo, &one.new).is_none() {
            return Err("missing necessary objects".to_owned());
        }
        self.may_move(by, repo, &one.name, &one.old, &one.new)
            .map_err(|why| format!("protected branch hook declined: {why}"))
    }
}

fn packet_line(text: &[u8]) -> Vec<u8> {
    let mut line = format!("{:04x}", text.len() + 4).into_bytes();
    line.extend_from_slice(text);
    line
}

fn write_report(push: &Push<'_>, verdicts: &[Result<(), String>]) -> Vec<u8> {
    let mut report = packet_line(b"unpack ok\n");
    for (one, verdict) in push.moves.iter().zip(verdicts) {
        let line = match verdict {
            Ok(()) => format!("ok {}\n", one.name),
            Err(why) => format!("ng {} {why}\n", one.name),
        };
        report.extend(packet_line(line.as_bytes()));
    }
    report.extend_from_slice(b"0000");
    if !push.side_band {
        return report;
    }
    let mut banded = Vec::new();
    for part in report.chunks(65_000) {
        banded.extend(packet_line(&[&[1], part].concat()));
    }
    banded.extend_from_slice(b"0000");
    banded
}
