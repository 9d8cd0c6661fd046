//! Looks in which several plugins have a word.

use super::*;
use crate::{
    command::{Item, Kind, Rights},
    facts::{HeadSha, Login, TreeSha},
    owners::{Layout, Owners, notification::Page},
    reason::Reason,
    trigger::Step,
};

use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn comment(id: u64, by: &str, body: &str) -> Comment {
    Comment {
        id: CommentId::Comment(id),
        node_id: String::new(),
        author: Some(Login::new(by)),
        author_is_bot: false,
        body: body.into(),
        created_at: at(1_000 + i64::try_from(id).unwrap()),
        last_edited_at: None,
        marked: false,
        url: String::new(),
    }
}

fn member() -> BTreeMap<Login, Rights> {
    BTreeMap::from([(Login::new("kim"), Rights { member: true, collaborator: true, trusted: true })])
}

fn item(labels: &[&str]) -> Item {
    Item {
        kind: Kind::PullRequest,
        organization: "acme".into(),
        author: Some(Login::new("robin")),
        title: "T".into(),
        labels: labels.iter().map(ToString::to_string).collect(),
        assignees: BTreeSet::new(),
        reviewers: BTreeSet::new(),
        open: true,
        draft: false,
    }
}

/// Plans for these comments; one line an action, with its reason.
fn look(comments: &[Comment], labels: &[&str], triggered: trigger::Look) -> Vec<String> {
    let (us, rights, teams, known) = (Login::new("bot"), member(), BTreeMap::new(), BTreeSet::new());
    let (commit, tree) = (HeadSha::new("a"), TreeSha::new("t"));
    let owners = Owners::read(&Layout::default(), [("OWNERS", "approvers: [kim]\n")]);
    let files = vec!["src/a".to_owned()];
    let page = Page {
        server: "https://github.com",
        repository: "acme/widgets",
        branch: "main",
        file: "OWNERS",
        command_help: "",
        process: "",
        pull_request: "",
    };
    let head = crate::command::lgtm::Head { commit: &commit, tree: &tree, seen: Some(at(1)) };
    let facts = Facts {
        item: item(labels),
        number: 7,
        comments,
        reviews: &[],
        us: &us,
        since: at(0),
        rights: &rights,
        teams: &teams,
        repository_labels: &known,
        change: Some(Change { head, description: "", files: &files, owners: &owners, page }),
    };
    let plugins = Plugins {
        hold: true,
        lgtm: Some(crate::command::lgtm::Settings::default()),
        approve: Some(crate::owners::approval::Policy::default()),
        ..Plugins::default()
    };
    pull(triggered, &facts, &plugins).actions.iter().map(line).collect()
}

fn line(planned: &Planned<LookAction, LookReason>) -> String {
    let what = match &planned.action {
        LookAction::Trigger(TriggerAction::AddLabel(label)) => format!("label {label}"),
        LookAction::Trigger(other) => format!("{other:?}"),
        LookAction::Command { action: CommandAction::AddLabel(label), .. } => format!("label {label}"),
        LookAction::Command { action: CommandAction::RemoveLabel(label), .. } => format!("unlabel {label}"),
        LookAction::Command { action: CommandAction::Keep { marker, .. }, .. } => format!("keep {marker}"),
        LookAction::Command { action: CommandAction::Assign { .. }, .. } => "assign".to_owned(),
        LookAction::Command { action: CommandAction::Reply { .. }, .. } => "reply".to_owned(),
        LookAction::Command { action, .. } => format!("{action:?}"),
        LookAction::Mark(id) => format!("mark {id:?}"),
    };
    format!("{what} ({})", planned.why.name())
}

fn nothing() -> trigger::Look {
    trigger::Look { steps: Vec::new(), unanswered: None, deferred: 0 }
}

#[test]
fn a_text_is_marked_after_all_of_its_effects_and_the_approval_comes_last() {
    let lines = look(&[comment(1, "kim", "/lgtm\n/approve")], &[], nothing());
    assert_eq!(
        lines,
        [
            "assign (Requested)",
            "keep <!-- bowsprit: lgtm (Requested)",
            "label lgtm (Requested)",
            "mark Comment(1) (CarriedOut)",
            "keep <!-- bowsprit: approval --> (Approved)",
            "label approved (Approved)",
        ]
    );
}

#[test]
fn a_later_text_acts_on_what_an_earlier_one_left() {
    let lines = look(&[comment(2, "kim", "/hold cancel"), comment(1, "kim", "/hold")], &[], nothing());
    let labels: Vec<&String> = lines.iter().filter(|line| line.contains("do-not-merge/hold")).collect();
    assert_eq!(labels, ["label do-not-merge/hold (Requested)", "unlabel do-not-merge/hold (Requested)"]);
}

#[test]
fn what_was_said_after_a_text_that_must_wait_waits_too() {
    let of_trigger = Planned::new(TriggerAction::AddLabel("ok-to-test"), TriggerReason::OkToTestGiven);
    let step = Step { actions: vec![of_trigger], comment: Some(CommentId::Comment(1)) };
    let triggered = trigger::Look { steps: vec![step], unanswered: None, deferred: 3 };
    let comments = [comment(1, "kim", "/ok-to-test"), comment(2, "kim", "/hold")];
    let lines = look(&comments, &[], triggered);
    assert!(lines.contains(&"mark Comment(1) (CarriedOut)".to_owned()), "{lines:?}");
    assert!(!lines.iter().any(|line| line.contains("hold") || line.contains("Comment(2)")), "{lines:?}");
}

#[test]
fn a_command_in_a_text_that_was_changed_does_not_run_and_its_author_is_told_once() {
    let mut changed = comment(1, "kim", "/hold");
    changed.last_edited_at = Some(at(2_000));
    let lines = look(&[changed], &[], nothing());
    assert_eq!(lines[..2], ["reply (NotUnderstood)", "mark Comment(1) (CarriedOut)"]);
}
