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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        command::item::samples::{issue, says},
        facts::Login,
    };

    fn set(text: &str, has_speaker: bool, current: Option<&str>) -> Vec<CommandAction> {
        let (kim, titles) = (Login::new("kim"), BTreeSet::from(["v1.0".to_owned(), "Next Year".to_owned()]));
        let team = Team { slug: "leads", name: "Leads", has_speaker };
        let plan = plan(&issue(&[]), &says(&kim, text), team, current, &titles);
        plan.into_iter().map(|planned| planned.action).collect()
    }

    #[test]
    fn a_title_may_have_blanks_and_its_case_counts() {
        assert_eq!(
            set("/milestone Next Year", true, None),
            [CommandAction::SetMilestone(Some("Next Year".to_owned()))]
        );
        let [CommandAction::Reply { text, .. }] = &set("/milestone next year", true, None)[..] else {
            panic!()
        };
        assert!(text.contains("`Next Year`, `v1.0`"), "{text}");
    }

    #[test]
    fn the_same_milestone_needs_no_action() {
        assert!(set("/milestone v1.0", true, Some("v1.0")).is_empty());
        assert!(set("/milestone clear", true, None).is_empty());
        assert_eq!(set("/milestone clear", true, Some("v1.0")), [CommandAction::SetMilestone(None)]);
    }

    #[test]
    fn only_the_team_sets_it() {
        assert!(matches!(set("/milestone v1.0", false, None)[..], [CommandAction::Reply { .. }]));
    }
}
