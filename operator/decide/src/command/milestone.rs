//! `/milestone`: for the people of one team.

use super::{
    CommandAction, CommandReason, Item, Plan, Said, action::reply, grammar::MILESTONE,
    texts::milestone as texts,
};
use crate::reason::Planned;
use std::collections::BTreeSet;

/// Who may set a milestone.
#[derive(Clone, Copy, Debug)]
pub struct Team<'a> {
    /// The team, by short name.
    pub slug: &'a str,
    /// What people call it.
    pub name: &'a str,
    /// Whether the speaker is in it.
    pub has_speaker: bool,
}

/// What the text asks for. Its first `/milestone` with an argument counts. `current`: the title it has; `titles`: the open
/// milestones of the repository.
pub fn plan(
    item: &Item,
    said: &Said<'_>,
    team: Team<'_>,
    current: Option<&str>,
    titles: &BTreeSet<String>,
) -> Plan {
    let Some(command) = said.all(&MILESTONE).find(|command| !command.argument.is_empty()) else {
        return Plan::new();
    };
    if !team.has_speaker {
        let why = CommandReason::NotAllowed { by: said.by.clone() };
        return vec![reply(said.by, texts::not_allowed(&item.organization, team.slug, team.name), why)];
    }
    let wanted = (command.argument != "clear").then_some(command.argument.as_str());
    if let Some(unknown) = wanted.filter(|title| !titles.contains(*title)) {
        let why = CommandReason::NotUnderstood { by: said.by.clone() };
        return vec![reply(said.by, texts::unknown(unknown, titles), why)];
    }
    if wanted == current {
        return Plan::new();
    }
    let action = CommandAction::SetMilestone(wanted.map(str::to_owned));
    vec![Planned::new(action, CommandReason::requested(said, command))]
}
