//! `/kind`, `/area` and their families, and `/label` for what the repository lists.
//!
//! Only labels that the repository has are added: GitHub would create any other. Restricted labels are for the people
//! and teams that are named for them.

use super::{
    CommandAction, CommandReason, Item, Plan, Rights, Said,
    action::reply,
    grammar::{FAMILY, LABEL, REMOVE_FAMILY, REMOVE_LABEL},
    texts::label as texts,
};
use crate::{facts::Login, reason::Planned};
use api::{label_policy, repository::plugins};
use std::collections::BTreeSet;

/// The label that only members of the organisation add.
const ACCEPTED: &str = "triage/accepted";
/// Families whose last label leaves `needs-FAMILY` behind, where the repository has that label.
const NEEDED: [&str; 4] = ["kind", "priority", "sig", "triage"];

/// The plugin's settings, and what the policies of the repository say about who may set what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// What `/label` may set beside restricted labels.
    pub additional: Vec<String>,
    /// Families beside Prow's.
    pub families: Vec<String>,
    /// Labels for some people only. Entries for one label unite.
    pub restricted: Vec<Restricted>,
}

/// A label for some people only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restricted {
    /// The label.
    pub label: String,
    /// Teams whose members may use it, by short name.
    pub teams: Vec<String>,
    /// People who may use it.
    pub users: Vec<String>,
    /// Labels that, once put on, make these people assigned.
    pub assign_on: Vec<String>,
}

impl Settings {
    /// From the plugin and the rules of all policies of the repository.
    pub fn new<'a>(
        plugin: &plugins::Label,
        rules: impl IntoIterator<Item = &'a label_policy::Restricted>,
    ) -> Self {
        let restricted = rules.into_iter().flat_map(|rule| {
            rule.labels.iter().map(|label| Restricted {
                label: label.clone(),
                teams: rule.teams.clone(),
                users: rule.users.clone(),
                assign_on: rule.assign_on.clone(),
            })
        });
        Self {
            additional: plugin.additional.clone().unwrap_or_default(),
            families: plugin.prefixes.clone().unwrap_or_default(),
            restricted: restricted.collect(),
        }
    }

    /// The family that a word names: `kind` of `kind` and, with `remove`, of `remove-kind`.
    fn family<'w>(&self, word: &'w str, remove: bool) -> Option<&'w str> {
        let row = if remove { &REMOVE_FAMILY } else { &FAMILY };
        let family = if remove { word.strip_prefix("remove-")? } else { word };
        (row.takes(word) || self.families.iter().any(|known| known == family)).then_some(family)
    }
}

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// What they are to the repository.
    pub rights: Rights,
    /// The teams they are in, by short name.
    pub teams: &'a BTreeSet<String>,
}

/// A label that a command names.
struct Wish<'a> {
    label: String,
    command: &'a super::Command,
}

/// What could not be done, to be told in one answer: the first kind of trouble.
#[derive(Default)]
struct Trouble {
    unsupported: Vec<String>,
    unknown: Vec<String>,
    absent: Vec<String>,
    members_only: bool,
}

/// What the text asks for: first what to add, then what to take off.
pub fn plan(
    settings: &Settings,
    item: &Item,
    said: &Said<'_>,
    asking: Asking<'_>,
    repository: &BTreeSet<String>,
) -> Plan {
    let mut trouble = Trouble::default();
    let add = wishes(settings, said, false, &mut trouble);
    let remove = wishes(settings, said, true, &mut trouble);
    let mut plan = Plan::new();
    for Wish { label, command } in &add {
        let Some(known) = repository.iter().find(|known| known.eq_ignore_ascii_case(label)) else {
            if !item.has(label) {
                trouble.unknown.push(label.clone());
            }
            continue;
        };
        if item.has(label) || planned(&plan, known) {
            continue;
        }
        if label == ACCEPTED && !asking.rights.member {
            trouble.members_only = true;
            continue;
        }
        plan.push(restriction(settings, label, said.by, asking).unwrap_or_else(|| {
            let why = CommandReason::requested(said, command);
            Planned::new(CommandAction::AddLabel(known.clone()), why)
        }));
    }
    let needed = needed(item, said, &add, &remove, repository);
    for Wish { label, command } in &remove {
        let Some(had) = item.label(label) else {
            trouble.absent.push(label.clone());
            continue;
        };
        plan.push(restriction(settings, label, said.by, asking).unwrap_or_else(|| {
            let why = CommandReason::requested(said, command);
            Planned::new(CommandAction::RemoveLabel(had.to_owned()), why)
        }));
    }
    plan.extend(needed);
    plan.extend(trouble.answer(settings, said.by));
    plan
}

/// What a label asks for that was just put on.
pub fn labelled(settings: &Settings, item: &Item, label: &str) -> Plan {
    let on = |entry: &&Restricted| entry.assign_on.iter().any(|on| on.eq_ignore_ascii_case(label));
    let people: BTreeSet<Login> =
        settings.restricted.iter().filter(on).flat_map(|entry| entry.users.iter().map(Login::new)).collect();
    let new: Vec<Login> = people.difference(&item.assignees).cloned().collect();
    if new.is_empty() {
        return Plan::new();
    }
    vec![Planned::new(
        CommandAction::Assign { people: new, tell: None },
        CommandReason::Labelled { label: label.to_owned() },
    )]
}

fn wishes<'a>(settings: &Settings, said: &'a Said<'a>, remove: bool, trouble: &mut Trouble) -> Vec<Wish<'a>> {
    let single = if remove { &REMOVE_LABEL } else { &LABEL };
    let mut wishes = Vec::new();
    for command in &said.commands {
        if let Some(prefix) = settings.family(&command.word, remove) {
            let names = command.argument.split_ascii_whitespace();
            wishes
                .extend(names.map(|name| Wish { label: format!("{prefix}/{name}").to_lowercase(), command }));
        } else if single.takes(&command.word) {
            let known = |name: &str| supported(settings).any(|label| label.eq_ignore_ascii_case(name));
            // A label may have blanks in its name.
            let whole = command.argument.as_str();
            let names = if known(whole) { vec![whole.to_owned()] } else { command.words() };
            for name in names {
                if known(&name) {
                    wishes.push(Wish { label: name.to_lowercase(), command });
                } else {
                    trouble.unsupported.push(name);
                }
            }
        }
    }
    wishes
}

fn supported(settings: &Settings) -> impl Iterator<Item = &String> {
    settings.additional.iter().chain(settings.restricted.iter().map(|entry| &entry.label))
}

fn planned(plan: &Plan, label: &str) -> bool {
    plan.iter().any(|planned| planned.action == CommandAction::AddLabel(label.to_owned()))
}

/// The refusal, where a label is for others.
fn restriction(
    settings: &Settings,
    label: &str,
    by: &Login,
    asking: Asking<'_>,
) -> Option<Planned<CommandAction, CommandReason>> {
    let entries: Vec<&Restricted> =
        settings.restricted.iter().filter(|entry| entry.label.eq_ignore_ascii_case(label)).collect();
    if entries.is_empty() {
        return None;
    }
    let users: BTreeSet<Login> =
        entries.iter().flat_map(|entry| entry.users.iter().map(Login::new)).collect();
    let teams: BTreeSet<String> = entries.iter().flat_map(|entry| entry.teams.iter().cloned()).collect();
    if users.contains(by) || !teams.is_disjoint(asking.teams) {
        return None;
    }
    let why = CommandReason::NotAllowed { by: by.clone() };
    Some(reply(by, texts::restricted(label, &teams, &users), why))
}

/// `needs-FAMILY` for each family that loses its last label.
fn needed(
    item: &Item,
    said: &Said<'_>,
    add: &[Wish<'_>],
    remove: &[Wish<'_>],
    repository: &BTreeSet<String>,
) -> Plan {
    let mut plan = Plan::new();
    for family in NEEDED {
        let prefix = format!("{family}/");
        let in_family = |label: &str| label.to_lowercase().starts_with(&prefix);
        let gone = |label: &str| remove.iter().find(|wish| wish.label.eq_ignore_ascii_case(label));
        let mut had = item.labels.iter().filter(|label| in_family(label)).peekable();
        let Some(wish) = had.peek().and_then(|label| gone(label)) else { continue };
        let needs = format!("needs-{family}");
        let known = repository.iter().find(|known| known.eq_ignore_ascii_case(&needs));
        let replaced = add.iter().any(|wish| in_family(&wish.label));
        if let (Some(known), false, true) =
            (known, replaced || item.has(&needs), had.all(|label| gone(label).is_some()))
        {
            let why = CommandReason::requested(said, wish.command);
            plan.push(Planned::new(CommandAction::AddLabel(known.clone()), why));
        }
    }
    plan
}

impl Trouble {
    fn answer(self, settings: &Settings, by: &Login) -> Option<Planned<CommandAction, CommandReason>> {
        let not_understood = CommandReason::NotUnderstood { by: by.clone() };
        if !self.unsupported.is_empty() {
            let supported: BTreeSet<&str> = supported(settings).map(String::as_str).collect();
            return Some(reply(by, texts::unsupported(&self.unsupported, &supported), not_understood));
        }
        if !self.unknown.is_empty() {
            return Some(reply(by, texts::unknown(&self.unknown), not_understood));
        }
        if !self.absent.is_empty() {
            return Some(reply(by, texts::absent(&self.absent), not_understood));
        }
        let not_allowed = CommandReason::NotAllowed { by: by.clone() };
        self.members_only.then(|| reply(by, texts::members_only(ACCEPTED), not_allowed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::item::samples::{issue, says};

    fn settings() -> Settings {
        let restricted = Restricted {
            label: "secret".to_owned(),
            teams: vec!["leads".to_owned()],
            users: vec!["Lee".to_owned()],
            assign_on: vec!["api-review".to_owned()],
        };
        Settings {
            additional: vec!["help wanted".to_owned()],
            families: vec!["team".to_owned()],
            restricted: vec![restricted],
        }
    }

    fn actions(had: &[&str], by: &str, text: &str) -> Vec<CommandAction> {
        let repository = ["kind/bug", "kind/UI", "needs-kind", "secret", "help wanted", ACCEPTED];
        let repository = repository.iter().map(|label| (*label).to_owned()).collect();
        let (by, teams) = (Login::new(by), BTreeSet::new());
        let asking = Asking { rights: Rights::default(), teams: &teams };
        let plan = plan(&settings(), &issue(had), &says(&by, text), asking, &repository);
        plan.into_iter().map(|planned| planned.action).collect()
    }

    fn add(label: &str) -> CommandAction {
        CommandAction::AddLabel(label.to_owned())
    }

    #[test]
    fn labels_are_added_as_the_repository_spells_them() {
        assert_eq!(actions(&[], "kim", "/kind BUG ui bug"), [add("kind/bug"), add("kind/UI")]);
    }

    #[test]
    fn a_label_with_a_blank_needs_no_quotes_where_it_is_the_only_one() {
        assert_eq!(actions(&[], "kim", "/label help wanted"), [add("help wanted")]);
        assert_eq!(actions(&[], "lee", "/label \"help wanted\" secret"), [add("help wanted"), add("secret")]);
    }

    #[test]
    fn a_restricted_label_is_for_those_who_are_named() {
        assert_eq!(actions(&[], "lee", "/label secret"), [add("secret")]);
        let [CommandAction::Reply { text, .. }] = &actions(&[], "kim", "/label secret")[..] else { panic!() };
        assert!(text.contains("`leads`") && text.contains("Lee"), "{text}");
    }

    #[test]
    fn needs_kind_comes_back_with_the_last_kind_only() {
        let removed = CommandAction::RemoveLabel("kind/bug".to_owned());
        assert_eq!(actions(&["kind/bug"], "kim", "/remove-kind bug"), [removed.clone(), add("needs-kind")]);
        assert_eq!(actions(&["kind/bug", "kind/UI"], "kim", "/remove-kind bug"), [removed]);
        assert!(!actions(&[], "kim", "/remove-kind bug").contains(&add("needs-kind")));
    }

    #[test]
    fn only_members_accept_a_triage() {
        assert!(matches!(actions(&[], "kim", "/triage accepted")[..], [CommandAction::Reply { .. }]));
    }

    #[test]
    fn a_label_can_ask_for_people() {
        let plan = labelled(&settings(), &issue(&[]), "API-review");
        assert_eq!(plan[0].action, CommandAction::Assign { people: vec![Login::new("lee")], tell: None });
        assert!(labelled(&settings(), &issue(&[]), "other").is_empty());
    }
}
