//! `/close`, `/reopen` and the lifecycle labels.
//!
//! The state in which the item was found decides what can be done with it: `/close` and `/reopen` in one text do not
//! follow each other.

use super::{
    CloseReason, CommandAction, CommandReason, Item, Kind, Plan, Rights, Said,
    action::reply,
    grammar::{CLOSE, LIFECYCLE, REMOVE_LIFECYCLE, REOPEN},
    texts::lifecycle as texts,
};
use crate::{facts::Login, reason::Planned};
use std::collections::BTreeSet;

/// The states, as they follow `lifecycle/` in a label.
const STATES: [&str; 4] = ["active", "frozen", "stale", "rotten"];

/// What the text asks for: to open again, to close, then labels.
pub fn plan(item: &Item, said: &Said<'_>, rights: Rights) -> Plan {
    let mut plan = reopen(item, said, rights);
    plan.extend(close(item, said, rights));
    plan.extend(labels(item, said));
    plan
}

/// What to say where GitHub does not open it again: it tells why, such as a branch that is gone.
pub fn reopen_refused(item: &Item, by: &Login, why: &str) -> Plan {
    vec![reply(by, texts::reopen_refused(item.kind, why), CommandReason::Refused)]
}

fn reopen(item: &Item, said: &Said<'_>, rights: Rights) -> Plan {
    let Some(command) = said.all(&REOPEN).find(|command| command.argument.is_empty()).filter(|_| !item.open)
    else {
        return Plan::new();
    };
    if !item.is_by(said.by) && !rights.collaborator {
        let why = CommandReason::NotAllowed { by: said.by.clone() };
        return vec![reply(said.by, texts::REOPEN_NOT_ALLOWED.to_owned(), why)];
    }
    let why = CommandReason::requested(said, command);
    vec![
        Planned::new(CommandAction::Reopen, why.clone()),
        reply(said.by, texts::reopened(item.kind).to_owned(), why),
    ]
}

fn close(item: &Item, said: &Said<'_>, rights: Rights) -> Plan {
    // Where the text says both, the more telling one counts.
    let wanted =
        |argument: &str| said.all(&CLOSE).find(|command| command.argument.eq_ignore_ascii_case(argument));
    let wanted = match wanted("not-planned") {
        Some(command) => Some((command, CloseReason::NotPlanned)),
        None => wanted("").map(|command| (command, CloseReason::Completed)),
    };
    let Some((command, reason)) = wanted.filter(|_| item.open) else { return Plan::new() };
    // What nobody cares for anybody may close.
    let abandoned = item.has("lifecycle/stale") || item.has("lifecycle/rotten");
    if !abandoned && !item.is_by(said.by) && !rights.collaborator {
        let why = CommandReason::NotAllowed { by: said.by.clone() };
        return vec![reply(said.by, texts::CLOSE_NOT_ALLOWED.to_owned(), why)];
    }
    if item.kind == Kind::PullRequest && reason == CloseReason::NotPlanned {
        let why = CommandReason::NotUnderstood { by: said.by.clone() };
        return vec![reply(said.by, texts::PULL_NOT_PLANNED.to_owned(), why)];
    }
    let why = CommandReason::requested(said, command);
    vec![
        Planned::new(CommandAction::Close(reason), why.clone()),
        reply(said.by, texts::closed(item.kind, reason).to_owned(), why),
    ]
}

fn labels(item: &Item, said: &Said<'_>) -> Plan {
    let mut plan = Plan::new();
    // Later lines see what earlier ones did.
    let mut labels = item.labels.clone();
    for command in &said.commands {
        let Some(state) = STATES.iter().find(|state| command.argument.eq_ignore_ascii_case(state)) else {
            continue;
        };
        let label = format!("lifecycle/{state}");
        let mut plan_it = |action| plan.push(Planned::new(action, CommandReason::requested(said, command)));
        if REMOVE_LIFECYCLE.takes(&command.word) {
            take(&mut labels, &label).map(CommandAction::RemoveLabel).into_iter().for_each(plan_it);
        } else if !LIFECYCLE.takes(&command.word) {
            // Another plugin's command.
        } else if *state == "frozen" && item.kind == Kind::PullRequest {
            let why = CommandReason::NotUnderstood { by: said.by.clone() };
            plan.push(reply(said.by, texts::FROZEN_PULL.to_owned(), why));
        } else if !labels.iter().any(|had| had.eq_ignore_ascii_case(&label)) {
            for other in STATES.iter().filter(|other| *other != state) {
                take(&mut labels, &format!("lifecycle/{other}"))
                    .map(CommandAction::RemoveLabel)
                    .into_iter()
                    .for_each(&mut plan_it);
            }
            labels.insert(label.clone());
            plan_it(CommandAction::AddLabel(label));
        }
    }
    plan
}

/// Takes a label out, and returns it as it was spelt.
fn take(labels: &mut BTreeSet<String>, name: &str) -> Option<String> {
    let spelt = labels.iter().find(|label| label.eq_ignore_ascii_case(name))?.clone();
    labels.take(&spelt)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::item::samples::{issue, pull, says};

    fn actions(item: &Item, by: &str, text: &str) -> Vec<CommandAction> {
        let by = Login::new(by);
        plan(item, &says(&by, text), Rights::default()).into_iter().map(|planned| planned.action).collect()
    }

    #[test]
    fn the_author_closes_whatever_the_case_of_the_login() {
        assert_eq!(actions(&issue(&[]), "ROBIN", "/close")[0], CommandAction::Close(CloseReason::Completed));
        assert!(matches!(actions(&issue(&[]), "mallory", "/close")[..], [CommandAction::Reply { .. }]));
    }

    #[test]
    fn anybody_closes_what_is_rotten() {
        let closed = actions(&issue(&["lifecycle/rotten"]), "mallory", "/close not-planned");
        assert_eq!(closed[0], CommandAction::Close(CloseReason::NotPlanned));
    }

    #[test]
    fn a_state_takes_the_place_of_the_others() {
        let label = |name: &str| format!("lifecycle/{name}");
        let changes =
            actions(&issue(&["lifecycle/stale"]), "kim", "/lifecycle frozen\n/remove-lifecycle frozen");
        let expected = [
            CommandAction::RemoveLabel(label("stale")),
            CommandAction::AddLabel(label("frozen")),
            CommandAction::RemoveLabel(label("frozen")),
        ];
        assert_eq!(changes, expected);
    }

    #[test]
    fn a_pull_request_is_not_frozen() {
        assert!(matches!(actions(&pull(&[]), "kim", "/lifecycle Frozen")[..], [CommandAction::Reply { .. }]));
    }
}
