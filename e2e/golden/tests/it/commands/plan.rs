//! From a case to the plan of its plugin.

use super::{
    input::{
        all_owners, at, blunderbuss_settings, busy, check_run, comment, entry, files, gate, jobs,
        label_settings, lgtm_facts, logins, review_state, rights, said, started, status, teams_of, text,
        texts,
    },
    world::World,
};
use api::label_policy::BySize;
use decide::{
    command::{
        Kind, Plan, Said, assign, blunderbuss, grammar, hold, label, lgtm, lifecycle, milestone, overrides,
        owners_label, retitle, skip, verify_owners, wip,
    },
    facts::{BaseSha, CheckRun, Comment, CommitStatus, HeadSha, Login},
    job::Presubmit,
    label::{Generated, size},
    owners::{Layout, reviewers::Change, verify},
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

impl World {
    pub(super) fn plan(&self, input: &Value) -> Plan {
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
            ("verify-owners", "pull_request", "opened" | "reopened" | "synchronize") => self.verifies(input),
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

    fn verifies(&self, input: &Value) -> Plan {
        let owners = &input["config"]["owners"];
        let texts_of = |of: &str| -> BTreeMap<String, String> {
            let files = input[of].as_object().into_iter().flatten();
            files.map(|(path, content)| (path.clone(), text(content))).collect()
        };
        let base = texts_of("files");
        let mut head = base.clone();
        head.extend(texts_of("head_files"));
        let changes = input["item"]["changes"].as_array().into_iter().flatten();
        let changed: Vec<String> = changes
            .filter(|change| change["status"] != "removed")
            .map(|change| text(&change["filename"]))
            .collect();
        let denied_labels = match texts(&owners["labels_denylist"]) {
            none if none.is_empty() => vec!["approved".to_owned(), "lgtm".to_owned()],
            some => some,
        };
        let layout = Layout::default();
        let change = verify::Change {
            layout: &layout,
            denied_labels: &denied_labels,
            base: &base,
            head: &head,
            changed: &changed,
        };
        if !change.concerns() && !self.item.has(verify_owners::INVALID) {
            return Plan::new();
        }
        let findings = change.verify();
        let everybody = texts(&owners["skip_collaborators"]).contains(&"acme/widgets".to_owned());
        let people = findings.people.keys().map(|login| (login.clone(), rights(input, login))).collect();
        verify_owners::plan(&self.item, &findings, (!everybody).then_some(&people))
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
                let body = Self::body(input);
                let started = started(input, &body, &jobs);
                let started = started.iter().map(String::as_str).collect();
                skip::plan(&self.item, said, &statuses, jobs.iter().map(|job| &job.job), &started)
            }
            "verify-owners" => match said.first(&grammar::VERIFY_OWNERS) {
                Some(command) if command.argument.is_empty() && self.item.open => self.verifies(input),
                _ => Plan::new(),
            },
            "lgtm" | "owners-label" | "size" | "wip" => Plan::new(),
            other => panic!("no plugin {other}"),
        }
    }

    fn body(input: &Value) -> String {
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
}
