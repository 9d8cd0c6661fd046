//! Raw webhook requests, and real payloads.

use decide::webhook::{Request, Secrets, What, check, hints};
use golden::Case;
use serde_json::{Value, json};
use std::{collections::BTreeMap, path::PathBuf};

#[test]
fn requests_are_answered_as_prow_answers() {
    golden::hold("chatops/webhook", &golden::synthetic("chatops/webhook"), answer);
}

fn answer(case: &Case) -> Result<(), String> {
    let text = |field: &str| case.input[field].as_str().unwrap();
    let headers: Vec<(String, String)> = case.input["headers"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
        .collect();
    let request = Request { method: text("method"), headers: &headers, body: text("body").as_bytes() };
    let answer = check(request, &Secrets::of_prow(text("secret_file")));
    let status = answer.as_ref().map_or_else(|refusal| refusal.status(), |_| 200);
    if case.want["status"] == json!(status) {
        return Ok(());
    }
    Err(format!("ours {status} {answer:?}, want {} {}", case.want["status"], case.want["body"]))
}

/// The events that must lead to a look.
const LOOKED_AT: [&str; 19] = [
    "branch_protection_rule",
    "check_run",
    "check_suite",
    "installation",
    "installation_repositories",
    "issue_comment",
    "issues",
    "label",
    "member",
    "public",
    "pull_request",
    "pull_request_review",
    "pull_request_review_comment",
    "pull_request_review_thread",
    "push",
    "repository",
    "status",
    "workflow_job",
    "workflow_run",
];

#[test]
fn every_real_payload_is_a_hint_whatever_github_changes_in_it() {
    let Some(corpus) = golden::corpus("webhook payloads") else { return };
    let payloads = payloads(&corpus.path("github-webhooks"));
    assert!(payloads.values().map(Vec::len).sum::<usize>() > 200);
    for event in LOOKED_AT {
        for payload in &payloads[event] {
            let found = look(event, payload);
            let tag = payload["ref"].as_str().is_some_and(|reference| reference.starts_with("refs/tags/"));
            let everything_is_gone = payload["repositories"] == json!([]);
            assert!(
                !found.is_empty() || tag || everything_is_gone || event == "installation",
                "{event}: {payload}"
            );
            let mut changed = payload.clone();
            changed["action"] = json!("invented_since");
            changed["sender"] = Value::Null;
            changed["brand_new"] = json!({ "a": [1] });
            for part in ["comment", "issue", "pull_request", "review"] {
                if changed[part].is_object() {
                    changed[part]["user"] = Value::Null;
                    changed[part]["state"] = json!("invented_since");
                    changed[part]["mergeable_state"] = json!("invented_since");
                    changed[part]["author_association"] = json!("INVENTED");
                }
            }
            if changed["pull_request"]["head"].is_object() {
                changed["pull_request"]["head"]["repo"] = Value::Null;
            }
            assert_eq!(look(event, &changed), found, "{event}");
        }
    }
}

#[test]
fn events_of_a_pull_request_name_it() {
    let Some(corpus) = golden::corpus("webhook payloads") else { return };
    let payloads = payloads(&corpus.path("github-webhooks"));
    for event in ["pull_request", "pull_request_review", "pull_request_review_comment"] {
        for payload in &payloads[event] {
            let number = payload["pull_request"]["number"].as_u64().unwrap();
            assert_eq!(look(event, payload), [What::Pull(number)]);
        }
    }
}

fn look(event: &str, payload: &Value) -> Vec<What> {
    hints(event, payload.to_string().as_bytes()).into_iter().map(|hint| hint.what).collect()
}

/// The payloads by event: the name of their folder.
fn payloads(root: &PathBuf) -> BTreeMap<String, Vec<Value>> {
    let mut payloads: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for folder in std::fs::read_dir(root).unwrap() {
        let folder = folder.unwrap().path();
        if !folder.is_dir() {
            continue;
        }
        let event = folder.file_name().unwrap().to_str().unwrap().to_owned();
        for file in std::fs::read_dir(folder).unwrap() {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            payloads.entry(event.clone()).or_default().push(serde_json::from_str(&text).unwrap());
        }
    }
    payloads
}
