//! Get and list: paging over one consistent snapshot, and what resourceVersion means.

use std::collections::BTreeMap;
use std::sync::Arc;

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use crate::call::Call;
use crate::failure::{Failure, FieldError};
use crate::resource::Kind;
use crate::selector::Selector;
use crate::state::State;
use crate::store::Key;
use crate::view::View;

/// The resourceVersion of a query: nothing where it is absent.
pub(crate) fn asked_version(call: &Call) -> Result<Option<u64>, Failure> {
    match call.query.get("resourceVersion") {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| {
            Failure::bad_request(format!(
                "Invalid value: {text:?}: strconv.ParseUint: parsing {text:?}: invalid syntax"
            ))
        }),
    }
}

/// 504 for a resourceVersion that lies in the future.
pub(crate) fn reached(state: &State, asked: Option<u64>) -> Result<(), Failure> {
    let current = state.store.revision();
    match asked {
        Some(asked) if asked > current => Err(Failure::too_new(asked, current)),
        _ => Ok(()),
    }
}

/// One stored object, or 404.
pub(crate) fn stored(state: &State, kind: &Kind, call: &Call) -> Result<Arc<Value>, Failure> {
    let key = Key::new(&call.namespace, &call.name);
    state.store.get(&kind.collection(), &key).ok_or_else(|| Failure::not_found(kind, &call.name))
}

/// GET of one object.
pub(crate) fn get(state: &State, view: &View<'_>, call: &Call) -> Result<Value, Failure> {
    reached(state, asked_version(call)?)?;
    Ok(view.one(&*stored(state, view.kind, call)?))
}

/// Where the next page begins: the resourceVersion of the first page, and the key after which to go on.
struct Continue {
    revision: u64,
    after: Key,
}

impl Continue {
    fn token(&self) -> String {
        let text =
            json!({"rv": self.revision, "ns": self.after.namespace, "name": self.after.name}).to_string();
        BASE64URL_NOPAD.encode(text.as_bytes())
    }

    fn parse(token: &str) -> Result<Self, Failure> {
        let read = || {
            let bytes = BASE64URL_NOPAD.decode(token.as_bytes()).ok()?;
            let value: Value = serde_json::from_slice(&bytes).ok()?;
            let text = |field: &str| value.get(field)?.as_str().map(str::to_owned);
            let after = Key { namespace: text("ns")?, name: text("name")? };
            Some(Self { revision: value.get("rv")?.as_u64()?, after })
        };
        read().ok_or_else(|| Failure::bad_request("continue key is not valid"))
    }
}

/// Which snapshot a list reads.
enum Snapshot {
    Now,
    At(u64),
}

/// GET of a collection.
pub(crate) fn list(state: &State, view: &View<'_>, call: &Call) -> Result<Value, Failure> {
    let selector = Selector::parse(
        call.query.get("labelSelector"),
        call.query.get("fieldSelector"),
        view.kind,
        view.version,
    )?;
    let limit =
        call.query.number("limit")?.filter(|limit| *limit > 0).and_then(|limit| usize::try_from(limit).ok());
    let token = call.query.get("continue");
    let start = if token.is_empty() { None } else { Some(Continue::parse(token)?) };
    let snapshot = snapshot_asked(state, view.kind, call, start.as_ref(), limit)?;
    let collection = view.kind.collection();
    let (objects, revision) = match snapshot {
        Snapshot::Now => {
            let now: BTreeMap<Key, Arc<Value>> =
                state.store.all(&collection).map(|(key, object)| (key.clone(), object.clone())).collect();
            (now, state.store.revision())
        }
        Snapshot::At(revision) => {
            let then = state.store.snapshot(&collection, revision);
            (then.map_err(|_| too_old(state, start.as_ref(), revision))?, revision)
        }
    };
    let after = start.map(|start| start.after);
    let mut rest = objects
        .into_iter()
        .filter(|(key, _)| call.namespace.is_empty() || key.namespace == call.namespace)
        .filter(|(key, _)| after.as_ref().is_none_or(|after| key > after))
        .filter(|(_, object)| selector.matches(object));
    let page: Vec<(Key, Arc<Value>)> = rest.by_ref().take(limit.unwrap_or(usize::MAX)).collect();
    let left = rest.count();
    let mut meta = json!({"resourceVersion": revision.to_string()});
    if left > 0
        && let Some((last, _)) = page.last()
    {
        let next = Continue { revision, after: last.clone() };
        crate::object::set(&mut meta, &["continue"], json!(next.token()));
        if selector.is_empty() {
            crate::object::set(&mut meta, &["remainingItemCount"], json!(left));
        }
    }
    Ok(view.list(page.iter().map(|(_, object)| &**object), &meta))
}

fn snapshot_asked(
    state: &State,
    kind: &Kind,
    call: &Call,
    start: Option<&Continue>,
    limit: Option<usize>,
) -> Result<Snapshot, Failure> {
    let version = asked_version(call)?;
    let matching = call.query.get("resourceVersionMatch");
    let options = |error: &FieldError| Failure::options(call.options(), error);
    let forbidden = |why: &str| options(&FieldError::forbidden("resourceVersionMatch", why));
    if call.query.has("sendInitialEvents") {
        let why = "sendInitialEvents is forbidden for list";
        return Err(options(&FieldError::forbidden("sendInitialEvents", why)));
    }
    if let Some(start) = start {
        if !matching.is_empty() {
            return Err(forbidden("resourceVersionMatch is forbidden when continue is provided"));
        }
        if version.is_some_and(|version| version != 0) {
            return Err(Failure::bad_request(
                "specifying resource version is not allowed when using continue",
            ));
        }
        return Ok(Snapshot::At(start.revision));
    }
    reached(state, version)?;
    match (matching, version) {
        ("", Some(version)) if version > 0 && limit.is_some() => Ok(Snapshot::At(version)),
        ("" | "NotOlderThan", Some(0)) => Ok(cached(state, kind)),
        ("NotOlderThan", Some(_)) | ("", _) => Ok(Snapshot::Now),
        ("Exact", Some(0)) => {
            Err(forbidden("resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\""))
        }
        ("Exact", Some(version)) => Ok(Snapshot::At(version)),
        ("Exact" | "NotOlderThan", None) => {
            Err(forbidden("resourceVersionMatch is forbidden unless resourceVersion is provided"))
        }
        (other, _) => {
            let allowed = [json!("Exact"), json!("NotOlderThan"), json!("")];
            Err(options(&FieldError::unsupported("resourceVersionMatch", &json!(other), &allowed)))
        }
    }
}

/// "Any version will do" is answered from the watch cache, which is behind while a kind is frozen.
fn cached(state: &State, kind: &Kind) -> Snapshot {
    state.frozen.get(&kind.collection()).map_or(Snapshot::Now, |revision| Snapshot::At(*revision))
}

/// 410, for a page with a token that goes on without consistency, as the API server offers.
fn too_old(state: &State, start: Option<&Continue>, revision: u64) -> Failure {
    let Some(start) = start else {
        return Failure::expired(format!(
            "The resourceVersion for the provided list is too old. ({revision})"
        ));
    };
    let on = Continue { revision: state.store.revision(), after: start.after.clone() };
    let mut failure = Failure::expired(
        "The provided continue parameter is too old to display a consistent list result. You can start a new list without \
         the continue parameter, or use the continue token in this response to retrieve the remainder of the results. \
         Continuing with the provided token results in an inconsistent list - objects that were created, modified, or \
         deleted between the time the first chunk was returned and now may show up in the list.",
    );
    failure.continue_token = on.token();
    failure
}
