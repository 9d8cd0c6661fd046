//! The facts of a case, read into our types.

use super::super::{owners::tree, trigger_pr};
use api::repository::plugins;
use decide::{
    command::{Reviewer, Rights, Said, blunderbuss, label, lgtm},
    facts::{
        CheckConclusion, CheckRun, CheckStatus, Comment, CommentId, CommitStatus, HeadSha, Login,
        ReviewState, StatusState, TreeSha,
    },
    job::Presubmit,
    owners::{Owners, Role},
    trigger::{Said as TriggerSaid, TenantJob, filter::asked_for},
};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn said<'a>(
    by: &'a Login,
    text: &'a str,
    review: Option<(&'a ReviewState, &'a HeadSha)>,
) -> Said<'a> {
    Said { review, ..Said::new(by, at("2026-06-01T00:00:00Z"), text) }
}

pub(super) fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

/// Who somebody is, by Prow's settings of the trigger plugin.
pub(super) fn rights(input: &Value, login: &Login) -> Rights {
    let people = &input["people"];
    let (members, collaborators) = (logins(&people["members"]), logins(&people["collaborators"]));
    let trigger = entry(input, "triggers");
    // The owner of a personal repository is its only member.
    let member = members.contains(login) || login.folded() == "acme";
    let collaborator = collaborators.contains(login);
    let app = login
        .folded()
        .strip_suffix("[bot]")
        .is_some_and(|stem| texts(&trigger["trusted_apps"]).contains(&stem.to_owned()));
    let trusted = login.folded() == "prow-robot"
        || member
        || collaborator && trigger["only_org_members"] != true
        || app;
    Rights { member, collaborator, trusted }
}

/// The tree without regard to collaborators.
pub(super) fn all_owners(input: &Value) -> Owners {
    let mut unfiltered = input.clone();
    unfiltered["people"] = json!({});
    tree(&unfiltered)
}

pub(super) fn files(input: &Value) -> Vec<String> {
    input["item"]["changes"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|change| text(&change["filename"]))
        .collect()
}

pub(super) fn busy(input: &Value) -> BTreeSet<Login> {
    let asks = input["config"]["blunderbuss"]["use_status_availability"] == true;
    if asks { logins(&input["people"]["busy"]) } else { BTreeSet::new() }
}

pub(super) fn blunderbuss_settings(input: &Value) -> blunderbuss::Settings {
    let config = &input["config"]["blunderbuss"];
    let given: plugins::Blunderbuss = serde_json::from_value(json!({
        "requestCount": config["request_count"],
        "maxRequestCount": config["max_request_count"],
        "excludeApprovers": config["exclude_approvers"],
        "ignoreDrafts": config["ignore_drafts"],
        "ignoreAuthors": config["ignore_authors"],
        "waitForStatus": config["wait_for_status"],
    }))
    .unwrap();
    blunderbuss::Settings::new(&given).unwrap()
}

pub(super) fn jobs(input: &Value) -> Vec<TenantJob<Presubmit>> {
    let raw: Vec<api::job::Presubmit> =
        serde_json::from_value(input["jobs"]["presubmits"]["acme/widgets"].clone()).unwrap_or_default();
    let jobs = decide::config::presubmits_of(&raw).unwrap();
    jobs.into_iter().map(|job| TenantJob { namespace: "acme".to_owned(), job }).collect()
}

/// The contexts of the jobs that a text starts.
pub(super) fn started(input: &Value, body: &str, jobs: &[TenantJob<Presubmit>]) -> BTreeSet<String> {
    let facts = json!({
        "facts": { "org_members": {}, "collaborators": [], "bot": "prow-robot" },
        "base_sha": "b".repeat(40),
        "changed_files": files(input),
        "contexts": [],
    });
    let pull = json!({
        "user": { "login": input["item"]["author"] },
        "number": input["item"]["number"],
        "state": "open",
        "base": { "ref": input["item"]["base"].as_str().unwrap_or("main"), "sha": "b".repeat(40), "repo": { "full_name": "acme/widgets" } },
        "head": { "ref": "x", "sha": "a".repeat(40) },
    });
    let mut observed = trigger_pr::observed(&facts, &pull);
    observed.contexts = Ok(input["statuses"].as_array().into_iter().flatten().map(status).collect());
    let selected = asked_for(&TriggerSaid::read(body), jobs, &observed, true).unwrap();
    selected.iter().map(|selected| selected.job.job.context().to_owned()).collect()
}

pub(super) fn status(value: &Value) -> CommitStatus {
    CommitStatus {
        context: text(&value["context"]),
        state: match value["state"].as_str().unwrap() {
            "success" => StatusState::Success,
            "failure" => StatusState::Failure,
            "error" => StatusState::Error,
            _ => StatusState::Pending,
        },
        description: text(&value["description"]),
        target_url: text(&value["target_url"]),
        creator: None,
        created_at: None,
    }
}

pub(super) fn check_run(value: &Value) -> CheckRun {
    CheckRun {
        name: text(&value["name"]),
        status: if value["status"] == "completed" { CheckStatus::Completed } else { CheckStatus::Running },
        conclusion: value["conclusion"].as_str().map(|conclusion| match conclusion {
            "success" => CheckConclusion::Success,
            "neutral" => CheckConclusion::Neutral,
            "skipped" => CheckConclusion::Skipped,
            "failure" => CheckConclusion::Failure,
            other => CheckConclusion::Other(other.to_owned()),
        }),
    }
}

pub(super) fn gate(input: &Value) -> lgtm::Gate {
    let skipped = texts(&input["config"]["owners"]["skip_collaborators"]);
    if !skipped.iter().any(|name| name == "acme" || name == "acme/widgets") {
        return lgtm::Gate::Collaborators;
    }
    let owners = all_owners(input);
    let files = files(input);
    let people = files.iter().flat_map(|file| {
        [Role::Approver, Role::Reviewer]
            .into_iter()
            .flat_map(|role| owners.all(role, file))
            .collect::<Vec<_>>()
    });
    lgtm::Gate::Owners(people.collect())
}

pub(super) fn lgtm_facts(input: &Value) -> (lgtm::Settings, HeadSha, TreeSha) {
    let entry = entry(input, "lgtm");
    let settings = lgtm::Settings {
        review_counts_as_lgtm: entry["review_acts_as_lgtm"] == true,
        keep_on_same_tree: entry["store_tree_hash"] == true,
        assign_commenter: true,
    };
    (settings, HeadSha::new("a".repeat(40)), TreeSha::new(text(&input["item"]["head_tree_sha"])))
}

pub(super) fn label_settings(input: &Value) -> label::Settings {
    let config = &input["config"]["label"];
    let levels = ["*", "acme", "acme/widgets"];
    let entries = levels
        .into_iter()
        .flat_map(|level| config["restricted_labels"][level].as_array().into_iter().flatten());
    label::Settings {
        additional: texts(&config["additional_labels"]),
        families: Vec::new(),
        restricted: entries
            .map(|entry| label::Restricted {
                label: text(&entry["label"]),
                teams: texts(&entry["allowed_teams"]),
                users: texts(&entry["allowed_users"]),
                assign_on: entry["assign_on"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|on| text(&on["label"]))
                    .collect(),
            })
            .collect(),
    }
}

pub(super) fn teams_of(input: &Value, login: &Login) -> BTreeSet<String> {
    let teams: BTreeMap<String, Value> =
        input["people"]["teams"].as_object().cloned().unwrap_or_default().into_iter().collect();
    teams
        .into_iter()
        .filter(|(_, team)| logins(&team["members"]).contains(login))
        .map(|(slug, _)| slug)
        .collect()
}

/// The entry of a list-typed setting that Prow takes: the repository's, else its owner's.
pub(super) fn entry(input: &Value, section: &str) -> Value {
    let entries = input["config"][section].as_array().cloned().unwrap_or_default();
    let of = |name: &str| entries.iter().find(|entry| texts(&entry["repos"]).contains(&name.to_owned()));
    of("acme/widgets").or_else(|| of("acme")).cloned().unwrap_or_else(|| Value::Object(Map::new()))
}

pub(super) fn comment(value: &Value) -> Comment {
    let created = at(value["at"].as_str().unwrap());
    Comment {
        id: CommentId::Comment(value["id"].as_u64().unwrap()),
        node_id: String::new(),
        author: value["user"].as_str().map(Login::new),
        author_is_bot: false,
        body: text(&value["body"]),
        created_at: created,
        last_edited_at: value["updated"].as_str().map(at).filter(|edited| *edited != created),
        marked: false,
        url: String::new(),
    }
}

pub(super) fn review_state(state: &Value) -> ReviewState {
    match state.as_str().unwrap_or("") {
        "approved" => ReviewState::Approved,
        "changes_requested" => ReviewState::ChangesRequested,
        "commented" => ReviewState::Commented,
        other => ReviewState::Other(other.to_owned()),
    }
}

pub(super) fn reviewer(name: &str) -> Reviewer {
    match name.split_once('/') {
        Some((organization, slug)) => {
            Reviewer::Team { organization: organization.to_owned(), slug: slug.to_owned() }
        }
        None => Reviewer::User(Login::new(name)),
    }
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap_or("").to_owned()
}

pub(super) fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(text).collect()
}

pub(super) fn logins(value: &Value) -> BTreeSet<Login> {
    texts(value).iter().map(Login::new).collect()
}
