//! One event, one plugin: all effects on GitHub.
//!
//! The glue reads the case, asks the plugin, lets a small model of GitHub carry the plan out, and compares what changed.

use crate::owners::tree;
use api::{label_policy::BySize, repository::plugins};
use decide::{
    command::{
        CloseReason, CommandAction, Item, Kind, Plan, Reviewer, Rights, Said, assign, blunderbuss, hold,
        label, lgtm, lifecycle, milestone, overrides, owners_label, retitle, skip, wip,
    },
    facts::{
        BaseSha, CheckConclusion, CheckRun, CheckStatus, Comment, CommentId, CommitStatus, HeadSha, Login,
        ReviewState, StatusState, TreeSha,
    },
    job::Presubmit,
    label::{Generated, size},
    owners::{Owners, Role, reviewers::Change},
    report::status::tested_base,
    trigger::{Said as TriggerSaid, TenantJob, filter::asked_for},
};
use golden::Case;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The plugins that are built.
const PLUGINS: [&str; 13] = [
    "assign",
    "blunderbuss",
    "hold",
    "label",
    "lgtm",
    "lifecycle",
    "milestone",
    "override",
    "owners-label",
    "retitle",
    "size",
    "skip",
    "wip",
];

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

/// Which of several equally close people is asked depends on the pull request: over many of them, everybody is.
#[test]
fn every_choice_of_reviewers_occurs() {
    for case in golden::synthetic("chatops/commands") {
        let Some(sets) = case.want["reviews_requested_any_of"].as_array().filter(|_| case.quirk.is_null())
        else {
            continue;
        };
        let wanted: BTreeSet<BTreeSet<String>> =
            sets.iter().map(|set| texts(set).iter().map(|name| name.to_lowercase()).collect()).collect();
        let mut occurring = BTreeSet::new();
        for number in 0..400 {
            let mut input = case.input.clone();
            input["item"]["number"] = json!(number);
            let mut world = World::read(&input);
            let plan = world.plan(&input);
            world.apply(&plan);
            let asked = world.item.reviewers.difference(&world.before.reviewers);
            occurring.insert(asked.map(|reviewer| reviewer.to_string().to_lowercase()).collect());
            if occurring == wanted {
                break;
            }
        }
        assert_eq!(occurring, wanted, "{}", case.id);
    }
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
    milestone: Option<String>,
    statuses: BTreeSet<(String, &'static str, String)>,
    check_runs: BTreeSet<String>,
    runs: BTreeSet<(String, String, String)>,
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
            draft: item["draft"] == true,
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
            milestone: None,
            statuses: BTreeSet::new(),
            check_runs: BTreeSet::new(),
            runs: BTreeSet::new(),
        }
    }

    fn plan(&self, input: &Value) -> Plan {
        let mut plan = self.occasion(input);
        plan.extend(self.reads(input));
        plan
    }

    /// Prow's labels follow some events; ours follow what a look finds, so only those events are compared.
    fn occasion(&self, input: &Value) -> Plan {
        let event = &input["event"];
        let (kind, action) = (event["type"].as_str().unwrap(), event["action"].as_str().unwrap_or(""));
        match (input["plugin"].as_str().unwrap(), kind, action) {
            ("lgtm", "pull_request", "synchronize") => self.pushed(input),
            ("label", "pull_request", "labeled") => {
                label::labelled(&label_settings(input), &self.item, event["label"].as_str().unwrap())
            }
            (
                "wip",
                "pull_request",
                "opened" | "reopened" | "edited" | "ready_for_review" | "converted_to_draft",
            ) => wip::plan(&self.item),
            ("owners-label", "pull_request", "opened" | "reopened" | "synchronize") => {
                let repository = texts(&input["repo_labels"]).into_iter().collect();
                owners_label::plan(&self.item, &all_owners(input), &files(input), &repository)
            }
            ("size", "pull_request", "opened" | "reopened" | "synchronize" | "edited") => self.size(input),
            ("blunderbuss", "pull_request", "opened" | "ready_for_review") | ("blunderbuss", "status", _) => {
                self.welcomes(input)
            }
            _ => Plan::new(),
        }
    }

    /// What a new text asks for: edits never run a command.
    fn reads(&self, input: &Value) -> Plan {
        let event = &input["event"];
        let head = HeadSha::new("a".repeat(40));
        match (event["type"].as_str().unwrap(), event["action"].as_str().unwrap_or("")) {
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
            _ => Plan::new(),
        }
    }

    fn size(&self, input: &Value) -> Plan {
        let mut generated = Generated::default();
        let file = |path: &str| input["files"][path].as_str();
        generated.read_list(file(".generated_files").unwrap_or(""), file);
        generated.read_attributes(file(".gitattributes").unwrap_or(""));
        let changes = input["item"]["changes"].as_array().into_iter().flatten();
        let lines = |change: &Value, of: &str| change[of].as_u64().unwrap_or(0);
        let changes: Vec<size::ChangedFile> = changes
            .map(|change| size::ChangedFile {
                path: text(&change["filename"]),
                lines: lines(change, "additions") + lines(change, "deletions"),
            })
            .collect();
        let sizes: BySize = serde_json::from_value(input["config"]["size"].clone()).unwrap_or_default();
        size::plan(&self.item, &size::Sizes::from(&sizes), &changes, &generated)
    }

    fn welcomes(&self, input: &Value) -> Plan {
        let event = &input["event"];
        let status = (event["type"] == "status").then(|| status(event));
        let author = self.item.author.clone().unwrap();
        let description = text(&input["item"]["body"]);
        let said = said(&author, &description, None);
        let (files, busy) = (files(input), busy(input));
        let change = self.change(input, &files, &busy);
        let settings = blunderbuss_settings(input);
        // Prow answers the status, or the opening, never both; and it looks for the status's commit.
        let other_commit = event["sha"].as_str().is_some_and(|sha| sha != "a".repeat(40));
        if status.is_some() != settings.wait_for.is_some() || other_commit {
            return Plan::new();
        }
        blunderbuss::welcome(&settings, &self.item, &said, &all_owners(input), change, status.as_ref())
    }

    fn change<'a>(&'a self, input: &Value, files: &'a [String], busy: &'a BTreeSet<Login>) -> Change<'a> {
        let number = input["item"]["number"].as_u64().unwrap();
        Change { number, author: self.item.author.as_ref(), files, busy }
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
            "blunderbuss" => {
                let (files, busy) = (files(input), busy(input));
                let change = self.change(input, &files, &busy);
                blunderbuss::plan(&blunderbuss_settings(input), &self.item, said, &all_owners(input), change)
            }
            "milestone" => {
                let teams = &input["config"]["repo_milestone"];
                let team =
                    if teams["acme/widgets"].is_object() { &teams["acme/widgets"] } else { &teams[""] };
                // A team by its number is the first of the case; `bowsprit import` asks GitHub for its name.
                let by_number =
                    || input["people"]["teams"].as_object().unwrap().keys().next().unwrap().clone();
                let slug = if team["maintainers_id"].is_u64() {
                    by_number()
                } else {
                    text(&team["maintainers_team"])
                };
                let name = text(&team["maintainers_friendly_name"]);
                let has_speaker = teams_of(input, said.by).contains(&slug);
                let titles =
                    input["milestones"].as_array().into_iter().flatten().map(|m| text(&m["title"])).collect();
                let team = milestone::Team { slug: &slug, name: &name, has_speaker };
                milestone::plan(&self.item, said, team, input["item"]["milestone"].as_str(), &titles)
            }
            "override" => self.overrides(input, said),
            "skip" => {
                let jobs = jobs(input);
                let statuses: Vec<CommitStatus> =
                    input["statuses"].as_array().into_iter().flatten().map(status).collect();
                let body = self.body(input);
                let started = started(input, &body, &jobs);
                let started = started.iter().map(String::as_str).collect();
                skip::plan(&self.item, said, &statuses, jobs.iter().map(|job| &job.job), &started)
            }
            "owners-label" | "size" | "wip" => Plan::new(),
            other => panic!("no plugin {other}"),
        }
    }

    fn body(&self, input: &Value) -> String {
        let event = &input["event"];
        text(if event["action"] == "opened" { &input["item"]["body"] } else { &event["body"] })
    }

    fn overrides(&self, input: &Value, said: &Said<'_>) -> Plan {
        let config = &input["config"]["override"];
        let settings = overrides::Settings {
            teams: ["acme/widgets", "acme"]
                .iter()
                .flat_map(|scope| texts(&config["allowed_github_teams"][*scope]))
                .collect(),
            top_level_owners: config["allow_top_level_owners"] == true,
        };
        let permissions = input["people"]["permissions"].as_object().cloned().unwrap_or_default();
        let asking = overrides::Asking {
            admin: permissions.iter().any(|(login, level)| Login::new(login) == *said.by && level == "admin"),
            in_team: teams_of(input, said.by).iter().any(|team| settings.teams.contains(team)),
            top_level_owner: all_owners(input).top_level_approvers().contains(said.by),
        };
        let statuses: Vec<CommitStatus> =
            input["statuses"].as_array().into_iter().flatten().map(status).collect();
        let checks =
            input["check_runs"].as_array().into_iter().flatten().filter(|_| input["app_auth"] == true);
        let checks: Vec<CheckRun> = checks.map(check_run).collect();
        let jobs = jobs(input);
        let branch = input["item"]["base"].as_str().unwrap_or("main");
        let jobs: Vec<&Presubmit> =
            jobs.iter().map(|job| &job.job).filter(|job| job.branches().run_on(branch)).collect();
        let (required, base) = (texts(&input["protected_contexts"]), BaseSha::new("b".repeat(40)));
        let head =
            overrides::Head { statuses, checks: &checks, required: &required, jobs: &jobs, base: &base };
        overrides::plan(&settings, &self.item, said, asking, head)
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
                CommandAction::SetMilestone(title) => {
                    self.milestone = Some(title.clone().unwrap_or_default())
                }
                CommandAction::SetStatus { context, state, description, .. } => {
                    // A later status of a context takes the place of an earlier one.
                    self.statuses.retain(|(known, ..)| known != context);
                    self.statuses.insert((context.clone(), state.name(), description.clone()));
                }
                CommandAction::PassCheck { name, .. } => {
                    self.check_runs.insert(format!("{name}|completed|success|Prow override - {name}"));
                }
                CommandAction::RecordPassed { job, context, description } => {
                    self.runs.insert((job.clone(), context.clone(), description.clone()));
                }
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

/// The tree without regard to collaborators.
fn all_owners(input: &Value) -> Owners {
    let mut unfiltered = input.clone();
    unfiltered["people"] = json!({});
    tree(&unfiltered)
}

fn files(input: &Value) -> Vec<String> {
    input["item"]["changes"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|change| text(&change["filename"]))
        .collect()
}

fn busy(input: &Value) -> BTreeSet<Login> {
    let asks = input["config"]["blunderbuss"]["use_status_availability"] == true;
    if asks { logins(&input["people"]["busy"]) } else { BTreeSet::new() }
}

fn blunderbuss_settings(input: &Value) -> blunderbuss::Settings {
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

fn jobs(input: &Value) -> Vec<TenantJob<Presubmit>> {
    let raw: Vec<api::job::Presubmit> =
        serde_json::from_value(input["jobs"]["presubmits"]["acme/widgets"].clone()).unwrap_or_default();
    let jobs = decide::config::presubmits_of(&raw).unwrap();
    jobs.into_iter().map(|job| TenantJob { namespace: "acme".to_owned(), job }).collect()
}

/// The contexts of the jobs that a text starts.
fn started(input: &Value, body: &str, jobs: &[TenantJob<Presubmit>]) -> BTreeSet<String> {
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
    let mut observed = super::trigger_pr::observed(&facts, &pull);
    observed.contexts = Ok(input["statuses"].as_array().into_iter().flatten().map(status).collect());
    let selected = asked_for(&TriggerSaid::read(body), jobs, &observed, true).unwrap();
    selected.iter().map(|selected| selected.job.job.context().to_owned()).collect()
}

fn status(value: &Value) -> CommitStatus {
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

fn check_run(value: &Value) -> CheckRun {
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

fn gate(input: &Value) -> lgtm::Gate {
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
