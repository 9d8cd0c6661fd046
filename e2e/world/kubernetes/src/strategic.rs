//! Strategic merge patch: a merge patch that knows the lists of built-in types which are keyed.
//!
//! Understood: merging keyed lists and sets, `$patch: delete|replace|merge`, `$deleteFromPrimitiveList/...`,
//! `$setElementOrder/...` and `$retainKeys`. That is all that kubectl sends.

use serde_json::{Map, Value};

use crate::failure::Failure;
use crate::schema::{ListKind, Node};

/// Lays a patch over an object.
pub(crate) fn patch(node: Node<'_>, live: &Value, patch: &Value) -> Result<Value, Failure> {
    if !patch.is_object() {
        return Err(Failure::bad_request("error decoding patch: a strategic merge patch is an object"));
    }
    merge(Some(node), live, patch)
}

fn merge(node: Option<Node<'_>>, live: &Value, patch: &Value) -> Result<Value, Failure> {
    let Value::Object(patch) = patch else { return Ok(patch.clone()) };
    let empty = Map::new();
    let live = live.as_object().unwrap_or(&empty);
    match patch.get("$patch").and_then(Value::as_str) {
        None | Some("merge") => {}
        Some("replace") => return Ok(Value::Object(without_directives(patch))),
        Some("delete") => return Ok(Value::Object(Map::new())),
        Some(other) => return Err(unknown(&format!("$patch: {other}"))),
    }
    let mut merged = live.clone();
    if let Some(Value::Array(retained)) = patch.get("$retainKeys") {
        merged.retain(|name, _| retained.iter().any(|kept| kept == name));
    }
    for (name, value) in patch.iter().filter(|(name, _)| !name.starts_with('$')) {
        let field = node.and_then(|node| node.field(name));
        match (value, merged.get(name)) {
            (Value::Null, _) => {
                merged.shift_remove(name);
            }
            (Value::Object(_), live) => {
                let value = merge(field, live.unwrap_or(&Value::Null), value)?;
                merged.insert(name.clone(), value);
            }
            (Value::Array(items), Some(Value::Array(live))) => {
                let order = patch.get(&format!("$setElementOrder/{name}")).and_then(Value::as_array);
                let list = merge_list(field, live, items, order)?;
                merged.insert(name.clone(), Value::Array(list));
            }
            (Value::Array(items), _) => {
                let fresh = merge_list(field, &[], items, None)?;
                merged.insert(name.clone(), Value::Array(fresh));
            }
            (Value::Bool(_) | Value::Number(_) | Value::String(_), _) => {
                merged.insert(name.clone(), value.clone());
            }
        }
    }
    for (name, value) in patch.iter().filter(|(name, _)| name.starts_with('$')) {
        if let Some(list) = name.strip_prefix("$deleteFromPrimitiveList/") {
            if let (Some(Value::Array(live)), Some(gone)) = (merged.get_mut(list), value.as_array()) {
                live.retain(|item| !gone.contains(item));
            }
        } else if let Some(list) = name.strip_prefix("$setElementOrder/") {
            let field = node.and_then(|node| node.field(list));
            let before = live.get(list).and_then(Value::as_array).cloned().unwrap_or_default();
            if !patch.contains_key(list)
                && let (Some(Value::Array(live)), Some(order)) = (merged.get_mut(list), value.as_array())
            {
                *live = arranged(std::mem::take(live), merge_key(field), order, &before);
            }
        } else if !matches!(name.as_str(), "$patch" | "$retainKeys") {
            return Err(unknown(name));
        }
    }
    Ok(Value::Object(merged))
}

fn unknown(directive: &str) -> Failure {
    Failure::bad_request(format!("the directive {directive} of the strategic merge patch is not known"))
}

fn without_directives(patch: &Map<String, Value>) -> Map<String, Value> {
    let plain = patch.iter().filter(|(name, _)| !name.starts_with('$'));
    plain.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// The field by which items of a list are told apart in a strategic merge patch.
fn merge_key(node: Option<Node<'_>>) -> Option<&str> {
    node?.keyword("x-kubernetes-patch-merge-key")?.as_str()
}

fn merge_list(
    node: Option<Node<'_>>,
    live: &[Value],
    patch: &[Value],
    order: Option<&Vec<Value>>,
) -> Result<Vec<Value>, Failure> {
    let key = merge_key(node);
    if key.is_none() && !node.is_some_and(|node| node.list_kind() == ListKind::Set) {
        return Ok(patch.to_vec());
    }
    let Some(key) = key else {
        let added = patch.iter().filter(|item| !live.contains(item));
        return Ok(arranged(
            live.iter().chain(added).cloned().collect(),
            None,
            order.map_or(patch, Vec::as_slice),
            live,
        ));
    };
    let directive = |item: &Value| item.get("$patch").and_then(Value::as_str).map(str::to_owned);
    let replaced =
        patch.iter().any(|item| item.get(key).is_none() && directive(item).as_deref() == Some("replace"));
    let mut merged = if replaced { Vec::new() } else { live.to_vec() };
    for item in patch {
        let Some(id) = item.get(key) else {
            if replaced {
                continue;
            }
            return Err(Failure::bad_request(format!(
                "an item of the strategic merge patch has no {key}, its merge key"
            )));
        };
        if directive(item).as_deref() == Some("delete") {
            merged.retain(|known| known.get(key) != Some(id));
            continue;
        }
        let items = node.and_then(Node::items);
        match merged.iter_mut().find(|known| known.get(key) == Some(id)) {
            Some(known) => *known = merge(items, known, item)?,
            None => merged.push(merge(items, &Value::Null, item)?),
        }
    }
    Ok(arranged(merged, Some(key), order.map_or(patch, Vec::as_slice), live))
}

/// Puts a merged list into order as the API server does: what the patch names stands in the patch's order, the rest in the
/// order that it had, and of two that both lists know the one comes first that came first.
fn arranged(merged: Vec<Value>, key: Option<&str>, order: &[Value], live: &[Value]) -> Vec<Value> {
    let id =
        |item: &Value| key.map_or_else(|| item.clone(), |key| item.get(key).cloned().unwrap_or_default());
    let place = |list: &[Value], item: &Value| list.iter().position(|other| id(other) == id(item));
    let (mut named, rest): (Vec<Value>, Vec<Value>) =
        merged.into_iter().partition(|item| place(order, item).is_some());
    named.sort_by_key(|item| place(order, item));
    let (mut named, mut rest) = (named.into_iter().peekable(), rest.into_iter().peekable());
    let mut all = Vec::new();
    while let (Some(left), Some(right)) = (rest.peek(), named.peek()) {
        let left_first = matches!((place(live, left), place(live, right)), (Some(l), Some(r)) if l < r);
        all.extend(if left_first { rest.next() } else { named.next() });
    }
    all.extend(rest);
    all.extend(named);
    all
}
