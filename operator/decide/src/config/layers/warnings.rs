//! What one Repository object says without effect: keys that do not exist, and those that nothing acts on yet. Both are
//! shown in the object's `Warnings`; neither is silently ignored.

use crate::text::nearest;
use api::{
    Repository,
    problem::Problem,
    repository::plugins::{CATALOGUE, ELSEWHERE},
};
use serde_json::Value;

/// Fields that this version accepts and does nothing for: a JSON pointer below `spec`, and what it waits for.
const UNHEEDED: [(&str, &str); 5] = [
    ("/externalPlugins", "no event is passed on"),
    ("/branchProtection", "GitHub's protection is neither compared nor changed"),
    ("/report/slack", "nothing is sent to Slack"),
    ("/report/checks", "no check run is written"),
    ("/inRepoConfig", "jobs inside repositories are not read"),
];

/// What an object says without effect, in the order of its paths.
pub fn warnings(object: &Repository) -> Vec<Problem> {
    let mut problems = Vec::new();
    if let Some(plugins) = &object.spec.plugins {
        problems.extend(plugins.unknown.keys().map(|key| no_such_plugin(key)));
        for (key, plugin) in plugins.given() {
            problems.extend(plugin.unknown().keys().map(|option| {
                Problem::warning(
                    format!("spec.plugins.{key}.{option}"),
                    format!(
                        "{key} has no such option, so it has no effect: see docs/plugins.md#{}",
                        key.to_lowercase()
                    ),
                )
            }));
            let acts = CATALOGUE.iter().any(|entry| entry.key == key && entry.acts);
            if plugin.is_enabled() && !acts {
                problems.push(Problem::warning(
                    format!("spec.plugins.{key}"),
                    "this version does nothing for it yet: remove it, or keep it for a later one",
                ));
            }
        }
    }
    for (at, entry) in object.spec.decoration.iter().flatten().enumerate() {
        problems.extend(entry.config.unknown.keys().map(|field| {
            Problem::warning(
                format!("spec.decoration[{at}].config.{field}"),
                "Prow's decoration configuration has no such field, so it has no effect: correct it or remove it",
            )
        }));
    }
    if object.spec.mode.is_none() && object.spec.github.repositories.iter().any(|name| name == "*") {
        problems.push(Problem::warning(
            "spec.mode",
            "no mode is given, so that these repositories are in Shadow: nothing is started or written; set mode: Active",
        ));
    }
    problems.extend(unheeded(object));
    problems.sort();
    problems
}

fn no_such_plugin(key: &str) -> Problem {
    let path = format!("spec.plugins.{key}");
    // People write the names that Prow has.
    if let Some(entry) = CATALOGUE.iter().find(|entry| entry.prow.contains(&key)) {
        return Problem::error(path, format!("there is no plugin {key}: it is called {} here", entry.key));
    }
    if let Some((_, place)) = ELSEWHERE.iter().find(|(name, _)| *name == key) {
        return Problem::error(path, format!("{key} is no plugin here: use {place}"));
    }
    let fix = match nearest(key, CATALOGUE.iter().map(|entry| entry.key)) {
        Some(near) => format!("did you mean {near}?"),
        None => "all plugins are listed in docs/plugins.md".to_owned(),
    };
    Problem::error(path, format!("there is no plugin {key}: {fix}"))
}

fn unheeded(object: &Repository) -> impl Iterator<Item = Problem> {
    let spec = serde_json::to_value(&object.spec).unwrap_or_default();
    let is_quiet = |value: &Value| match value {
        Value::Array(entries) => entries.is_empty(),
        Value::Object(fields) => fields.is_empty() || fields.get("enabled") == Some(&Value::Bool(false)),
        Value::String(word) => word == "Never",
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    };
    UNHEEDED.iter().filter_map(move |(pointer, effect)| {
        let path = format!("spec{}", pointer.replace('/', "."));
        let said = spec.pointer(pointer).is_some_and(|value| !is_quiet(value));
        said.then(|| Problem::warning(path, format!("this version does nothing for it yet: {effect}")))
    })
}
