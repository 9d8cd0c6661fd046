//! One event, one plugin: all effects on GitHub.
//!
//! The glue reads the case, asks the plugin, lets a small model of GitHub carry the plan out, and compares what changed.

use crate::owners::tree;
use decide::{
    command::{
        CloseReason, CommandAction, Item, Kind, Plan, Reviewer, Rights, Said, assign, hold, label, lgtm,
        lifecycle, retitle,
    },
    facts::{Comment, CommentId, HeadSha, Login, ReviewState, TreeSha},
    owners::Role,
};
use golden::Case;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The plugins that are built.
const PLUGINS: [&str; 6] = ["assign", "hold", "label", "lgtm", "lifecycle", "retitle"];

#[test]
fn commands_have_the_effects_that_they_have_in_prow() {
    let all = golden::synthetic("chatops/commands");
    let count = all.len();
    let cases: Vec<Case> =
        all.into_iter().filter(|case| PLUGINS.contains(&case.input["plugin"].as_str().unwrap())).collect();
    println!("chatops/commands: {} cases are of plugins that are not built", count - cases.len());
    golden::hold("chatops/commands", &cases, |case| {
        let mut world = World::read(&case.input);
        let plan = world.plan(&case.input);
        world.apply(&plan);
        compare(&world, &case.want)
    });
}

/// The repository and the item of a case, as GitHub has them.
struct World {
    us: Login,
    by: Login,
    item: Item,
    before: Item,
    state_reason: Option<&'static str>,
    assignable: Option<BTreeSet<Login>>,
    reviewable: Option<BTreeSet<Login>>,
    reopen_refusal: Option<String>,
    comments: Vec<(&'static str, Option<Login>, String)>,
}

impl World {
    fn read(input: &Value) -> Self {
        let item = &input["item"];
        let item = Item {
            kind: if item["is_pr"] == true { Kind::PullRequest } else { Kind::Issue },
            organization: "acme".to_owned(),
            author: item["author"].as_str().map(Login::new),
            title: text(&item["title"]),
            labels: texts(&item["labels"]).into_iter().collect(),
            assignees: logins(&item["assignees"]),
            reviewers: texts(&item["requested_reviewers"]).iter().map(|name| reviewer(name)).collect(),
            open: item["state"] != "closed",
        };
        let people = &input["people"];
        Self {
            us: Login::new("prow-robot"),
            by: Login::new(text(&input["event"]["user"])),
            before: item.clone(),
            item,
            state_reason: None,
            assignable: people["assignable"].is_array().then(|| logins(&people["assignable"])),
            reviewable: people["reviewable"].is_array().then(|| logins(&people["reviewable"])),
            reopen_refusal: input["item"]["reopen_refusal"].as_str().map(str::to_owned),
            comments: Vec::new(),
        }
    }

    fn plan(&self, input: &Value) -> Plan {
        let event = &input["event"];
        let head = HeadSha::new("a".repeat(40));
        match (event["type"].as_str().unwrap(), event["action"].as_str().unwrap_or("")) {
            // New texts: edits never run a command.
            ("issue_comment" | "pull_request_review_comment", "created") => {
                self.hears(input, &said(&self.by, &text(&event["body"]), None))
            }
            ("pull_request_review", "submitted") => {
                let state = review_state(&event["state"]);
                let body = text(&event["body"]);
                let mut said = said(&self.by, &body, Some((&state, &head)));
                said.by_app = event["user_type"] == "Bot";
                self.hears(input, &said)
            }
            ("issues" | "pull_request", "opened") => {
                self.hears(input, &said(&self.by, &text(&input["item"]["body"]), None))
            }
            ("pull_request", "synchronize") if input["plugin"] == "lgtm" => self.pushed(input),
            ("pull_request", "labeled") if input["plugin"] == "label" => {
                label::labelled(&label_settings(input), &self.item, event["label"].as_str().unwrap())
            }
            _ => Plan::new(),
        }
    }

    fn hears(&self, input: &Value, said: &Said<'_>) -> Plan {
        let rights = rights(input, said.by);
        match input["plugin"].as_str().unwrap() {
            "assign" => assign::plan(&self.item, said),
            "hold" => hold::plan(&self.item, said),
            "label" => {
                let teams = teams_of(input, said.by);
                let asking = label::Asking { rights, teams: &teams };
                let repository = texts(&input["repo_labels"]).into_iter().collect();
                label::plan(&label_settings(input), &self.item, said, asking, &repository)
            }
            "lgtm" if self.item.kind == Kind::PullRequest => {
                let (settings, head, tree) = lgtm_facts(input);
                let head = lgtm::Head { commit: &head, tree: &tree, seen: Some(at("2026-01-01T00:00:00Z")) };
                lgtm::plan(&settings, &self.item, said, rights, &gate(input), &head)
            }
            "lgtm" => Plan::new(),
            "lifecycle" => lifecycle::plan(&self.item, said, rights),
            "retitle" => {
                let allow_closed = input["config"]["retitle"]["allow_closed_issues"] == true;
                retitle::plan(&retitle::Settings { allow_closed }, &self.item, said, rights)
            }
            other => panic!("no plugin {other}"),
        }
    }

    fn pushed(&self, input: &Value) -> Plan {
        let (settings, head, tree) = lgtm_facts(input);
        let head = lgtm::Head { commit: &head, tree: &tree, seen: None };
        let comments: Vec<Comment> =
            input["comments"].as_array().into_iter().flatten().map(comment).collect();
        let record = lgtm::record(&comments, &self.us);
        let team = &entry(input, "lgtm")["trusted_team_for_sticky_lgtm"];
        let sticky = input["people"]["teams"].as_object().into_iter().flatten().any(|(_, members)| {
            members["name"] == *team
                && logins(&members["members"]).contains(self.item.author.as_ref().unwrap())
        });
        lgtm::hold_to_head(&settings, &self.item, &head, record.as_ref(), None, sticky)
    }

    /// What GitHub does with a plan.
    fn apply(&mut self, plan: &Plan) {
        for planned in plan {
            match &planned.action {
                CommandAction::AddLabel(label) => {
                    if !self.item.has(label) {
                        self.item.labels.insert(label.clone());
                    }
                }
                CommandAction::RemoveLabel(label) => {
                    self.item.labels.retain(|had| !had.eq_ignore_ascii_case(label));
                }
                CommandAction::Assign { people, tell } => {
                    let mut refused = Vec::new();
                    for login in people {
                        let known = self.assignable.as_ref().is_none_or(|people| people.contains(login));
                        if known && self.item.assignees.len() < 10 {
                            self.item.assignees.insert(login.clone());
                        } else {
                            refused.push(login.clone());
                        }
                    }
                    if let Some(to) = tell {
                        let answer = assign::refused(&self.item, to, &refused, &[]);
                        self.apply(&answer);
                    }
                }
                CommandAction::Unassign(people) => {
                    self.item.assignees.retain(|login| !people.contains(login));
                }
                CommandAction::RequestReview { people, tell } => {
                    let (taken, refused): (Vec<Reviewer>, Vec<Reviewer>) =
                        people.iter().cloned().partition(|reviewer| self.takes_reviewer(reviewer));
                    self.item.reviewers.extend(taken);
                    if let Some(to) = tell {
                        let answer = assign::refused(&self.item, to, &[], &refused);
                        self.apply(&answer);
                    }
                }
                CommandAction::UnrequestReview(people) => {
                    self.item.reviewers.retain(|reviewer| !people.contains(reviewer));
                }
                CommandAction::Close(reason) => {
                    self.item.open = false;
                    self.state_reason = match (self.item.kind, reason) {
                        (Kind::PullRequest, _) => None,
                        (Kind::Issue, CloseReason::Completed) => Some("completed"),
                        (Kind::Issue, CloseReason::NotPlanned) => Some("not_planned"),
                    };
                }
                CommandAction::Reopen => match self.reopen_refusal.clone() {
                    Some(why) => {
                        let answer = lifecycle::reopen_refused(&self.item, &self.by, &why);
                        self.apply(&answer);
                        return;
                    }
                    None => self.item.open = true,
                },
                CommandAction::Retitle(title) => self.item.title.clone_from(title),
                CommandAction::Reply { to, text } => {
                    self.comments.push(("reply", Some(to.clone()), text.clone()));
                }
                CommandAction::Keep { text, .. } => self.comments.push(("plain", None, text.clone())),
            }
        }
    }

    fn takes_reviewer(&self, reviewer: &Reviewer) -> bool {
        match reviewer {
            Reviewer::User(login) => {
                !self.item.is_by(login)
                    && self.reviewable.as_ref().is_none_or(|people| people.contains(login))
            }
            Reviewer::Team { .. } => true,
        }
    }
}

fn compare(world: &World, want: &Value) -> Result<(), String> {
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
    expect(
        "reviews_requested",
        after.reviewers.difference(&before.reviewers).map(Reviewer::to_string).collect(),
    );
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
    problems.extend(comments(world, want));
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) }
}

/// Number, kind and facts of the comments. Prow writes what lgtm was given for only where `store_tree_hash` says so, we
/// always keep one comment about it: a kept comment that Prow lacks is not counted.
fn comments(world: &World, want: &Value) -> Vec<String> {
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

fn said<'a>(by: &'a Login, text: &'a str, review: Option<(&'a ReviewState, &'a HeadSha)>) -> Said<'a> {
    Said { review, ..Said::new(by, at("2026-06-01T00:00:00Z"), text) }
}

fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

/// Who somebody is, by Prow's settings of the trigger plugin.
fn rights(input: &Value, login: &Login) -> Rights {
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

fn gate(input: &Value) -> lgtm::Gate {
    let skipped = texts(&input["config"]["owners"]["skip_collaborators"]);
    if !skipped.iter().any(|name| name == "acme" || name == "acme/widgets") {
        return lgtm::Gate::Collaborators;
    }
    let mut unfiltered = input.clone();
    unfiltered["people"] = json!({});
    let owners = tree(&unfiltered);
    let files = input["item"]["changes"].as_array().cloned().unwrap_or_default();
    let people = files.iter().flat_map(|change| {
        let file = change["filename"].as_str().unwrap();
        [Role::Approver, Role::Reviewer]
            .into_iter()
            .flat_map(|role| owners.all(role, file))
            .collect::<Vec<_>>()
    });
    lgtm::Gate::Owners(people.collect())
}

fn lgtm_facts(input: &Value) -> (lgtm::Settings, HeadSha, TreeSha) {
    let entry = entry(input, "lgtm");
    let settings = lgtm::Settings {
        review_counts_as_lgtm: entry["review_acts_as_lgtm"] == true,
        keep_on_same_tree: entry["store_tree_hash"] == true,
        assign_commenter: true,
    };
    (settings, HeadSha::new("a".repeat(40)), TreeSha::new(text(&input["item"]["head_tree_sha"])))
}

fn label_settings(input: &Value) -> label::Settings {
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

fn teams_of(input: &Value, login: &Login) -> BTreeSet<String> {
    let teams: BTreeMap<String, Value> =
        input["people"]["teams"].as_object().cloned().unwrap_or_default().into_iter().collect();
    teams
        .into_iter()
        .filter(|(_, team)| logins(&team["members"]).contains(login))
        .map(|(slug, _)| slug)
        .collect()
}

/// The entry of a list-typed setting that Prow takes: the repository's, else its owner's.
fn entry(input: &Value, section: &str) -> Value {
    let entries = input["config"][section].as_array().cloned().unwrap_or_default();
    let of = |name: &str| entries.iter().find(|entry| texts(&entry["repos"]).contains(&name.to_owned()));
    of("acme/widgets").or_else(|| of("acme")).cloned().unwrap_or_else(|| Value::Object(Map::new()))
}

fn comment(value: &Value) -> Comment {
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

fn review_state(state: &Value) -> ReviewState {
    match state.as_str().unwrap_or("") {
        "approved" => ReviewState::Approved,
        "changes_requested" => ReviewState::ChangesRequested,
        "commented" => ReviewState::Commented,
        other => ReviewState::Other(other.to_owned()),
    }
}

fn reviewer(name: &str) -> Reviewer {
    match name.split_once('/') {
        Some((organization, slug)) => {
            Reviewer::Team { organization: organization.to_owned(), slug: slug.to_owned() }
        }
        None => Reviewer::User(Login::new(name)),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or("").to_owned()
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(text).collect()
}

fn logins(value: &Value) -> BTreeSet<Login> {
    texts(value).iter().map(Login::new).collect()
}
