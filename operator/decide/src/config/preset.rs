//! Presets: pieces of pod spec that a job selects by its labels (spec jobs-and-runs 1.8).

use super::problem::{At, Problem};
use api::job::{JobBase, Preset};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Adds to a job's pod every preset whose labels it has all. Environment and mounts go to every container (not to init
/// containers), volumes and tolerations to the pod. What is there already is a problem: which of the two was meant
/// cannot be known.
pub(super) fn apply(base: &mut JobBase, presets: &[&Preset], at: &At<'_>, problems: &mut Vec<Problem>) {
    let Some(spec) = &mut base.spec else { return };
    let at = at.field("spec");
    for preset in presets {
        if !selects(preset, &base.labels) {
            continue;
        }
        add(spec, "volumes", &preset.volumes, Same::Name, &at, problems);
        add(spec, "tolerations", &preset.tolerations, Same::Whole, &at, problems);
        let Some(Value::Array(containers)) = spec.get_mut("containers") else { continue };
        let containers_at = at.field("containers");
        for (i, container) in containers.iter_mut().enumerate() {
            if let Value::Object(container) = container {
                let at = containers_at.index(i);
                add(container, "env", &preset.env, Same::Name, &at, problems);
                add(container, "volumeMounts", &preset.volume_mounts, Same::Name, &at, problems);
            }
        }
    }
}

fn selects(preset: &Preset, labels: &BTreeMap<String, String>) -> bool {
    preset.labels.iter().all(|(key, value)| labels.get(key) == Some(value))
}

/// The labels of a job that look as if they selected a preset, and select none.
pub(super) fn unanswered(labels: &BTreeMap<String, String>, presets: &[&Preset]) -> Vec<String> {
    let answered = |key: &str, value: &str| {
        presets.iter().any(|p| p.labels.get(key).is_some_and(|wanted| wanted == value))
    };
    labels
        .iter()
        .filter(|(key, value)| key.starts_with("preset-") && !answered(key, value))
        .map(|(key, _)| key.clone())
        .collect()
}

/// When two entries of a list are the same thing.
#[derive(Clone, Copy)]
enum Same {
    Name,
    Whole,
}

fn add(
    to: &mut Map<String, Value>,
    field: &str,
    pieces: &[Map<String, Value>],
    same: Same,
    at: &At<'_>,
    problems: &mut Vec<Problem>,
) {
    if pieces.is_empty() {
        return;
    }
    let list = to.entry(field).or_insert_with(|| Value::Array(Vec::new()));
    if list.is_null() {
        *list = Value::Array(Vec::new());
    }
    let Value::Array(list) = list else { return };
    for piece in pieces {
        let twice = list.iter().any(|other| match same {
            Same::Name => other.get("name") == piece.get("name"),
            Same::Whole => other.as_object() == Some(piece),
        });
        if twice {
            let name = piece.get("name").or_else(|| piece.get("key")).and_then(Value::as_str).unwrap_or("");
            let message = format!("a preset adds {name:?}, which the job (or another preset) already has");
            problems.push(Problem::error(&at.field(field), message));
        } else {
            list.push(Value::Object(piece.clone()));
        }
    }
}

/// The first label that two presets share. Prow refuses both; a job could otherwise select more than it knows of.
pub(super) fn shared_label(a: &Preset, b: &Preset) -> Option<String> {
    let shared = a.labels.iter().find(|(key, value)| b.labels.get(*key) == Some(*value));
    shared.map(|(key, value)| format!("{key}: {value}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn preset(value: Value) -> Preset {
        serde_json::from_value(value).unwrap()
    }

    fn job(value: Value) -> JobBase {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_preset_goes_to_the_containers_of_jobs_with_all_its_labels() {
        let mut job = job(json!({
            "name": "a", "labels": {"preset-go": "true"},
            "spec": {"containers": [{"image": "x"}, {"image": "y", "env": [{"name": "A"}]}],
                "initContainers": [{"image": "z"}]}
        }));
        let presets = [
            preset(json!({"labels": {"preset-go": "true"}, "env": [{"name": "GO", "value": "1"}],
                "volumes": [{"name": "v"}]})),
            preset(json!({"labels": {"preset-go": "true", "other": "x"}, "env": [{"name": "NO"}]})),
            preset(json!({"env": [{"name": "ALL"}]})),
        ];
        let mut problems = Vec::new();
        apply(&mut job, &presets.iter().collect::<Vec<_>>(), &At::root(""), &mut problems);
        assert_eq!(problems, []);
        assert_eq!(
            Value::Object(job.spec.unwrap()),
            json!({
                "containers": [
                    {"image": "x", "env": [{"name": "GO", "value": "1"}, {"name": "ALL"}]},
                    {"image": "y", "env": [{"name": "A"}, {"name": "GO", "value": "1"}, {"name": "ALL"}]}
                ],
                "initContainers": [{"image": "z"}],
                "volumes": [{"name": "v"}]
            })
        );
    }

    #[test]
    fn what_a_job_has_already_is_not_replaced_in_silence() {
        let mut job = job(json!({"name": "a", "spec": {"containers": [{"env": [{"name": "GO"}]}]}}));
        let mut problems = Vec::new();
        apply(&mut job, &[&preset(json!({"env": [{"name": "GO"}]}))], &At::root(""), &mut problems);
        assert_eq!(
            problems[0].to_string(),
            "spec.containers[0].env: a preset adds \"GO\", which the job (or another preset) already has"
        );
    }

    #[test]
    fn a_preset_label_that_selects_nothing_is_told() {
        let job = job(json!({"name": "a", "labels": {"preset-go": "true", "preset-x": "1", "team": "blue"}}));
        let presets = [preset(json!({"labels": {"preset-go": "true"}}))];
        assert_eq!(unanswered(&job.labels, &[&presets[0]]), ["preset-x"]);
    }
}
