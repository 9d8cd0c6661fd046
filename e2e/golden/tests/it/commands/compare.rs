//! What changed, beside what Prow changed.

use super::{
    input::{text, texts},
    world::World,
};
use decide::{
    command::{Reviewer, verify_owners},
    facts::Login,
    report::status::tested_base,
};
use serde_json::Value;
use std::collections::BTreeSet;

pub(super) fn compare(world: &World, want: &Value) -> Result<(), String> {
    let (before, after) = (&world.before, &world.item);
    let fold =
        |names: Vec<String>| -> BTreeSet<String> { names.iter().map(|name| name.to_lowercase()).collect() };
    let mut problems = Vec::new();
    let mut expect = |what: &str, ours: Vec<String>| {
        let (ours, theirs) = (fold(ours), fold(texts(&want[what])));
        if ours != theirs {
            problems.push(format!("{what}: ours {ours:?}, want {theirs:?}"));
        }
    };
    expect("labels_added", after.labels.difference(&before.labels).cloned().collect());
    expect("labels_removed", before.labels.difference(&after.labels).cloned().collect());
    expect("assignees_added", after.assignees.difference(&before.assignees).map(Login::to_string).collect());
    expect(
        "assignees_removed",
        before.assignees.difference(&after.assignees).map(Login::to_string).collect(),
    );
    let requested: Vec<String> =
        after.reviewers.difference(&before.reviewers).map(Reviewer::to_string).collect();
    let any_of = want["reviews_requested_any_of"].as_array();
    if any_of.is_none() {
        expect("reviews_requested", requested.clone());
    }
    expect(
        "reviews_unrequested",
        before.reviewers.difference(&after.reviewers).map(Reviewer::to_string).collect(),
    );
    let mut single = |what: &str, ours: Option<&str>| {
        if ours != want[what].as_str() {
            problems.push(format!("{what}: ours {ours:?}, want {:?}", want[what].as_str()));
        }
    };
    single("title", (after.title != before.title).then_some(after.title.as_str()));
    single("state", (after.open != before.open).then_some(if after.open { "open" } else { "closed" }));
    single("state_reason", world.state_reason);
    single("milestone", world.milestone.as_deref());
    if let Some(sets) = any_of {
        let ours = fold(requested);
        if !sets.iter().any(|set| fold(texts(set)) == ours) {
            problems.push(format!("reviews_requested: ours {ours:?}, want one of {sets:?}"));
        }
    }
    problems.extend(results(world, want));
    problems.extend(comments(world, want));
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) }
}

/// Statuses by context, state, visible text and tested base; check runs; runs.
fn results(world: &World, want: &Value) -> Vec<String> {
    let visible = |text: &str| text.split('\u{2001}').next().unwrap().trim_end().to_owned();
    let shown = |context: &str, state: &str, text: &str| {
        format!("{context}|{state}|{}|{:?}", visible(text), tested_base(text).map(|base| base.to_string()))
    };
    let list = |of: &str| want[of].as_array().cloned().unwrap_or_default();
    let mut problems = Vec::new();
    let mut expect = |what: &str, ours: BTreeSet<String>, theirs: BTreeSet<String>| {
        if ours != theirs {
            problems.push(format!("{what}: ours {ours:?}, want {theirs:?}"));
        }
    };
    expect(
        "statuses",
        world.statuses.iter().map(|(context, state, text)| shown(context, state, text)).collect(),
        list("statuses")
            .iter()
            .map(|s| shown(&text(&s["context"]), &text(&s["state"]), &text(&s["description"])))
            .collect(),
    );
    expect("check_runs", world.check_runs.clone(), texts(&want["check_runs"]).into_iter().collect());
    expect(
        "jobs",
        world.runs.iter().map(|(job, context, text)| format!("{job}|{context}|{text}")).collect(),
        list("jobs")
            .iter()
            .map(|j| format!("{}|{}|{}", text(&j["name"]), text(&j["context"]), text(&j["description"])))
            .collect(),
    );
    problems
}

/// Number, kind and facts of the comments. Prow writes what lgtm was given for only where `store_tree_hash` says so, we
/// always keep one comment about it: a kept comment that Prow lacks is not counted.
fn comments(world: &World, want: &Value) -> Vec<String> {
    if want["reviews"].is_array()
        || world.comments.iter().any(|(.., text)| text.contains(verify_owners::MARKER))
    {
        return verified(world, want);
    }
    let theirs: Vec<&Value> = want["comments"].as_array().into_iter().flatten().collect();
    let plain = theirs.iter().any(|comment| comment["kind"] == "plain");
    let ours: Vec<_> = world.comments.iter().filter(|(kind, ..)| *kind == "reply" || plain).collect();
    let show = || {
        let theirs: Vec<&str> = theirs.iter().map(|comment| comment["text"].as_str().unwrap()).collect();
        vec![format!("comments: ours {:?}, want {theirs:?}", ours.iter().map(|c| &c.2).collect::<Vec<_>>())]
    };
    if ours.len() != theirs.len() {
        return show();
    }
    for ((kind, to, text), theirs) in ours.iter().zip(&theirs) {
        let addressed = to.as_ref().map(Login::folded);
        let wanted = theirs["to"].as_str().map(str::to_lowercase);
        let facts = facts(theirs["text"].as_str().unwrap());
        if *kind != theirs["kind"]
            || addressed != wanted
            || !facts.iter().all(|fact| text.to_lowercase().contains(fact))
        {
            return show();
        }
    }
    Vec::new()
}

/// Prow reviews the lines of invalid files and comments on people and aliases; we tell all in one comment, which must name
/// the same files and people.
fn verified(world: &World, want: &Value) -> Vec<String> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let ours = world.comments.iter().map(|(.., text)| text.as_str()).collect::<String>();
    let mut facts: Vec<String> = list(&want["reviews"])
        .iter()
        .flat_map(|review| list(&review["comments"]))
        .map(|comment| format!("- {}: ", text(&comment["path"])))
        .collect();
    for comment in list(&want["comments"]) {
        let text = text(&comment["text"]);
        facts.extend(text.lines().filter_map(|line| Some(format!("- {} in ", line.strip_prefix("- ")?))));
        facts.extend(text.contains("empty aliases").then(|| "names nobody".to_owned()));
        facts.extend(text.contains("content of OWNERS_ALIASES").then(|| "- OWNERS_ALIASES: ".to_owned()));
    }
    // Warnings are ours alone, but for empty aliases.
    let (wrong, _) = ours.split_once("Not wrong, but").unwrap_or((&ours, ""));
    let told = wrong.lines().filter(|line| line.starts_with("- ")).count();
    let expected = facts.iter().filter(|fact| *fact != "names nobody").count();
    if told == expected && facts.iter().all(|fact| ours.contains(fact)) {
        return Vec::new();
    }
    vec![format!("comments: ours {ours:?}, want {facts:?}")]
}

/// Names, labels and hashes in a message of Prow's.
fn facts(text: &str) -> Vec<String> {
    let text = text.split(" Is this label configured").next().unwrap();
    let mut facts: Vec<String> = Vec::new();
    for piece in text.split('`').skip(1).step_by(2) {
        facts.extend(piece.split(", ").filter_map(|name| Some(name.split_whitespace().last()?.to_owned())));
    }
    for list in ["users: ", "members: "] {
        if let Some((_, names)) = text.split_once(list) {
            facts.extend(names.split(['.', '\n']).next().unwrap().split([',', ' ']).map(str::to_owned));
        }
    }
    if let Some((_, hash)) = text.split_once("Git tree hash: ") {
        facts.push(hash.trim_end_matches("</details>").to_owned());
    }
    if let Some((_, why)) = text.split_once("Failed to re-open") {
        facts.push(why.split_once(": ").unwrap().1.to_owned());
    }
    facts.into_iter().map(|fact| fact.to_lowercase()).filter(|fact| !fact.is_empty()).collect()
}
