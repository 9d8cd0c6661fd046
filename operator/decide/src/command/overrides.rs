//! `/override`: failed contexts and checks count as passed, by the word of people who may say so.
//!
//! An override holds for the head, and for the base that the status names, unless it is sticky. It is written down in the
//! status itself, where the merge pool reads it.

use super::{
    Command, CommandAction, CommandReason, Item, Kind, Plan, Said,
    action::reply,
    grammar::{OVERRIDE, OVERRIDE_CANCEL, OVERRIDE_STICKY, Row},
    texts::overrides as texts,
};
use crate::{
    facts::{BaseSha, CheckConclusion, CheckRun, CheckStatus, CommitStatus, StatusState},
    job::Presubmit,
    reason::Planned,
    report::status::{SKIP_RETEST, description},
};
use std::collections::{BTreeMap, BTreeSet};

/// What an overridden status says, before the name.
const OVERRIDDEN_BY: &str = "Overridden by";

/// Who may, beside administrators.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Teams of the owner, by short name.
    pub teams: Vec<String>,
    /// Approvers of the root OWNERS file.
    pub top_level_owners: bool,
}

impl From<&api::repository::plugins::Override> for Settings {
    fn from(given: &api::repository::plugins::Override) -> Self {
        Self {
            teams: given.teams.clone().unwrap_or_default(),
            top_level_owners: given.allow_top_level_owners.unwrap_or(false),
        }
    }
}

/// Who asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asking {
    /// An administrator of the repository.
    pub admin: bool,
    /// In one of the teams.
    pub in_team: bool,
    /// An approver by the root OWNERS file.
    pub top_level_owner: bool,
}

/// What is known of the head.
#[derive(Clone, Debug)]
pub struct Head<'a> {
    /// Its statuses.
    pub statuses: Vec<CommitStatus>,
    /// Its check runs, where we may write such: none without an App.
    pub checks: &'a [CheckRun],
    /// The contexts that branch protection requires.
    pub required: &'a [String],
    /// The jobs of the branch.
    pub jobs: &'a [&'a Presubmit],
    /// The base to which an override is bound.
    pub base: &'a BaseSha,
}

/// What the text asks for: first what is cancelled, then sticky overrides, then plain ones.
pub fn plan(settings: &Settings, item: &Item, said: &Said<'_>, asking: Asking, mut head: Head<'_>) -> Plan {
    let mut plan = Plan::new();
    if item.kind == Kind::Issue || !item.open {
        return plan;
    }
    let allowed = asking.admin || asking.in_team || settings.top_level_owners && asking.top_level_owner;
    for row in [&OVERRIDE_CANCEL, &OVERRIDE_STICKY, &OVERRIDE] {
        let commands: Vec<&Command> = said.all(row).collect();
        let Some(command) = commands.first() else { continue };
        let names: BTreeSet<String> = commands.iter().flat_map(|command| command.words()).collect();
        let cancels = row.words == OVERRIDE_CANCEL.words;
        let word = row.words.first().copied().unwrap_or_default();
        if !cancels && commands.iter().any(|command| command.argument.is_empty()) {
            let why = CommandReason::NotUnderstood { by: said.by.clone() };
            plan.push(reply(said.by, texts::nothing_named(word), why));
        } else if !allowed {
            let why = CommandReason::NotAllowed { by: said.by.clone() };
            plan.push(reply(
                said.by,
                texts::not_allowed(word, &settings.teams, settings.top_level_owners),
                why,
            ));
        } else {
            let step = if cancels {
                cancel(said, command, &head, &names)
            } else {
                pass(said, command, &head, &names, row)
            };
            head.apply(&step);
            plan.extend(step);
        }
    }
    plan
}

impl Head<'_> {
    /// What a step sets is what the next one sees.
    fn apply(&mut self, step: &Plan) {
        for planned in step {
            if let CommandAction::SetStatus { context, state, description, .. } = &planned.action {
                for status in self.statuses.iter_mut().filter(|status| status.context == *context) {
                    status.state = *state;
                    status.description.clone_from(description);
                }
            }
        }
    }
}

fn cancel(said: &Said<'_>, command: &Command, head: &Head<'_>, names: &BTreeSet<String>) -> Plan {
    let why = || CommandReason::requested(said, command);
    let mut plan = Plan::new();
    let mut cancelled = BTreeSet::new();
    let overridden = |status: &&CommitStatus| status.description.contains(OVERRIDDEN_BY);
    for status in head.statuses.iter().filter(overridden) {
        if names.is_empty() || names.contains(&status.context) {
            cancelled.insert(status.context.as_str());
            let action = CommandAction::SetStatus {
                context: status.context.clone(),
                state: StatusState::Failure,
                description: format!("Override cancelled by {}", said.by),
                target_url: link(status),
            };
            plan.push(Planned::new(action, why()));
        }
    }
    plan.push(reply(said.by, texts::cancelled(&cancelled), why()));
    plan
}

fn pass(said: &Said<'_>, command: &Command, head: &Head<'_>, names: &BTreeSet<String>, row: &Row) -> Plan {
    let open = Open::of(head);
    let unknown: BTreeSet<&str> = names.iter().map(String::as_str).filter(|name| !open.knows(name)).collect();
    if !unknown.is_empty() {
        let why = CommandReason::NotUnderstood { by: said.by.clone() };
        return vec![reply(said.by, texts::unknown(&unknown, &open.names()), why)];
    }
    let why = || CommandReason::requested(said, command);
    let sticky = row.words == OVERRIDE_STICKY.words;
    let mut plan = Plan::new();
    let mut passed = BTreeSet::new();
    for (context, status) in &open.contexts {
        let job = open.jobs.get(context).copied();
        if !names.contains(*context) && !job.is_some_and(|job| names.contains(job.name())) {
            continue;
        }
        passed.insert(*context);
        let said_by = format!("{OVERRIDDEN_BY} {}", said.by);
        let text = if sticky { format!("{said_by} {SKIP_RETEST}") } else { said_by };
        if let Some(job) = job {
            plan.push(Planned::new(record(job, &text), why()));
        }
        let action = CommandAction::SetStatus {
            context: (*context).to_owned(),
            state: StatusState::Success,
            description: description(&text, Some(head.base)),
            target_url: status.and_then(link),
        };
        plan.push(Planned::new(action, why()));
    }
    for check in open.checks.iter().filter(|check| names.contains(**check)) {
        passed.insert(check);
        let action = CommandAction::PassCheck { name: (*check).to_owned(), by: said.by.clone() };
        plan.push(Planned::new(action, why()));
    }
    plan.push(reply(said.by, texts::passed(&passed, sticky), why()));
    plan
}

fn record(job: &Presubmit, text: &str) -> CommandAction {
    CommandAction::RecordPassed {
        job: job.name().to_owned(),
        context: job.context().to_owned(),
        description: text.to_owned(),
    }
}

fn link(status: &CommitStatus) -> Option<String> {
    Some(status.target_url.clone()).filter(|url| !url.is_empty())
}

/// What can be overridden.
struct Open<'a> {
    /// Contexts that are not green, with their status where one was posted.
    contexts: BTreeMap<&'a str, Option<&'a CommitStatus>>,
    /// The job behind a context.
    jobs: BTreeMap<&'a str, &'a Presubmit>,
    /// Checks that ended badly.
    checks: BTreeSet<&'a str>,
}

impl<'a> Open<'a> {
    fn of(head: &'a Head<'_>) -> Self {
        let posted: BTreeMap<&str, &CommitStatus> =
            head.statuses.iter().map(|status| (status.context.as_str(), status)).collect();
        // A required context can be overridden before it was posted, and bound to the present base when it is green.
        let required =
            head.required.iter().map(|context| (context.as_str(), posted.get(context.as_str()).copied()));
        let open = posted.iter().filter(|(_, status)| status.state != StatusState::Success);
        let contexts: BTreeMap<&str, Option<&CommitStatus>> =
            open.map(|(context, status)| (*context, Some(*status))).chain(required).collect();
        let jobs = head.jobs.iter().filter(|job| contexts.contains_key(job.context()));
        let jobs = jobs.map(|job| (job.context(), *job)).collect();
        Self { contexts, jobs, checks: failed(head.checks) }
    }

    fn knows(&self, name: &str) -> bool {
        self.contexts.contains_key(name)
            || self.checks.contains(name)
            || self.jobs.values().any(|job| job.name() == name)
    }

    fn names(&self) -> BTreeSet<&str> {
        let jobs = self.jobs.values().map(|job| job.name());
        self.contexts.keys().copied().chain(jobs).chain(self.checks.iter().copied()).collect()
    }
}

/// Names of checks of which a run failed, and none passed or still runs.
fn failed(checks: &[CheckRun]) -> BTreeSet<&str> {
    let names = |of: fn(&CheckRun) -> bool| -> BTreeSet<&str> {
        checks.iter().filter(|check| of(check)).map(|check| check.name.as_str()).collect()
    };
    let failed = names(|check| match (&check.status, &check.conclusion) {
        (CheckStatus::Completed, Some(CheckConclusion::Failure | CheckConclusion::Other(_))) => true,
        (
            CheckStatus::Completed,
            Some(CheckConclusion::Success | CheckConclusion::Neutral | CheckConclusion::Skipped) | None,
        )
        | (CheckStatus::Running | CheckStatus::Other(_), _) => false,
    });
    let fine = names(|check| match (&check.status, &check.conclusion) {
        (CheckStatus::Completed, Some(CheckConclusion::Success | CheckConclusion::Neutral))
        | (CheckStatus::Running | CheckStatus::Other(_), _) => true,
        (
            CheckStatus::Completed,
            Some(CheckConclusion::Failure | CheckConclusion::Skipped | CheckConclusion::Other(_)) | None,
        ) => false,
    });
    failed.difference(&fine).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        command::item::samples::{pull, says},
        facts::Login,
        report::status::tested_base,
    };

    const ADMIN: Asking = Asking { admin: true, in_team: false, top_level_owner: false };

    fn status(context: &str, state: StatusState, description: &str) -> CommitStatus {
        CommitStatus {
            context: context.to_owned(),
            state,
            description: description.to_owned(),
            target_url: String::new(),
            creator: None,
            created_at: None,
        }
    }

    fn check(name: &str, conclusion: Option<CheckConclusion>) -> CheckRun {
        let status = if conclusion.is_some() { CheckStatus::Completed } else { CheckStatus::Running };
        CheckRun { name: name.to_owned(), status, conclusion }
    }

    fn actions(asking: Asking, text: &str) -> Vec<CommandAction> {
        let (ada, base) = (Login::new("ada"), BaseSha::new("b".repeat(40)));
        let statuses = vec![
            status("unit", StatusState::Failure, ""),
            status("lint", StatusState::Success, "Overridden by kim"),
        ];
        let checks = [
            check("scan", Some(CheckConclusion::Failure)),
            check("again", Some(CheckConclusion::Failure)),
            check("again", None),
        ];
        let required = ["e2e / long".to_owned()];
        let head = Head { statuses, checks: &checks, required: &required, jobs: &[], base: &base };
        let plan = plan(&Settings::default(), &pull(&[]), &says(&ada, text), asking, head);
        plan.into_iter().map(|planned| planned.action).collect()
    }

    fn set(actions: &[CommandAction]) -> Vec<(&str, StatusState, &str)> {
        let set = actions.iter().filter_map(|action| match action {
            CommandAction::SetStatus { context, state, description, .. } => {
                Some((context.as_str(), *state, description.as_str()))
            }
            _ => None,
        });
        set.collect()
    }

    #[test]
    fn an_override_is_bound_to_the_base() {
        let actions = actions(ADMIN, "/override unit");
        let [(context, state, description)] = set(&actions)[..] else { panic!("{actions:?}") };
        assert_eq!((context, state), ("unit", StatusState::Success));
        assert_eq!(tested_base(description), Some(BaseSha::new("b".repeat(40))));
        assert!(!description.contains(SKIP_RETEST));
    }

    #[test]
    fn a_sticky_override_says_so() {
        assert!(set(&actions(ADMIN, "/override-sticky unit"))[0].2.contains(SKIP_RETEST));
    }

    #[test]
    fn a_required_context_need_not_be_posted() {
        assert_eq!(set(&actions(ADMIN, "/override \"e2e / long\""))[0].0, "e2e / long");
    }

    #[test]
    fn a_check_that_runs_again_is_not_failed() {
        let passed = CommandAction::PassCheck { name: "scan".to_owned(), by: Login::new("ada") };
        assert_eq!(actions(ADMIN, "/override scan")[0], passed);
        assert!(matches!(actions(ADMIN, "/override again")[..], [CommandAction::Reply { .. }]));
    }

    #[test]
    fn one_unknown_name_stops_all() {
        let [CommandAction::Reply { text, .. }] = &actions(ADMIN, "/override unit nope")[..] else {
            panic!()
        };
        assert!(text.contains("`nope`") && text.contains("`scan`"), "{text}");
    }

    #[test]
    fn what_is_cancelled_can_be_overridden_in_the_same_text() {
        let actions = actions(ADMIN, "/override lint\n/override-cancel");
        let states: Vec<StatusState> = set(&actions).iter().map(|(_, state, _)| *state).collect();
        assert_eq!(states, [StatusState::Failure, StatusState::Success]);
    }

    #[test]
    fn others_are_told_who_may() {
        let asking = Asking { top_level_owner: true, ..Asking::default() };
        assert!(matches!(actions(asking, "/override unit")[..], [CommandAction::Reply { .. }]));
    }
}
