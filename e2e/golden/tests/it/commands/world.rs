//! A small model of GitHub: the item of a case, and what a plan makes of it.

use super::input::{logins, reviewer, text, texts};
use decide::{
    command::{CloseReason, CommandAction, Item, Kind, Plan, Reviewer, assign, lifecycle},
    facts::Login,
};
use serde_json::Value;
use std::collections::BTreeSet;

/// The repository and the item of a case, as GitHub has them.
pub(super) struct World {
    pub us: Login,
    pub by: Login,
    pub item: Item,
    pub before: Item,
    pub state_reason: Option<&'static str>,
    pub assignable: Option<BTreeSet<Login>>,
    pub reviewable: Option<BTreeSet<Login>>,
    pub reopen_refusal: Option<String>,
    pub comments: Vec<(&'static str, Option<Login>, String)>,
    pub milestone: Option<String>,
    pub statuses: BTreeSet<(String, &'static str, String)>,
    pub check_runs: BTreeSet<String>,
    pub runs: BTreeSet<(String, String, String)>,
}
impl World {
    pub(super) fn read(input: &Value) -> Self {
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

    /// What GitHub does with a plan.
    pub(super) fn apply(&mut self, plan: &Plan) {
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
                    self.milestone = Some(title.clone().unwrap_or_default());
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
                CommandAction::Drop { .. } => {}
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
