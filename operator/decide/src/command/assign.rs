//! `/assign`, `/cc` and their opposites.
//!
//! Names are separated by blanks or commas, with or without `@`. The last word about a person counts; people are taken
//! off before others are put on, because GitHub allows ten assignees. What is no name is said to be none.

use super::{
    Command, CommandAction, CommandReason, Item, Kind, Plan, Reviewer, Said,
    action::reply,
    grammar::{ASSIGN, CC, Row, UNASSIGN, UNCC},
    texts::assign as texts,
};
use crate::{facts::Login, reason::Planned};
use std::collections::{BTreeMap, BTreeSet};

/// The last word about each: whether they are wanted, and the command that says so.
type Wishes<'a, T> = BTreeMap<T, (bool, &'a Command)>;

/// What the text asks for.
pub fn plan(item: &Item, said: &Said<'_>) -> Plan {
    let pull = item.kind == Kind::PullRequest;
    let mut assignees: Wishes<'_, Login> = Wishes::new();
    let mut reviewers: Wishes<'_, Reviewer> = Wishes::new();
    let mut troubles = Vec::new();
    for command in &said.commands {
        let takes = |row: &Row| row.takes(&command.word);
        if takes(&ASSIGN) || takes(&UNASSIGN) {
            for name in names(command, said.by) {
                match assignee(&name) {
                    Ok(login) => drop(assignees.insert(login, (takes(&ASSIGN), command))),
                    Err(trouble) => troubles.push(trouble),
                }
            }
        } else if pull && (takes(&CC) || takes(&UNCC)) {
            for name in names(command, said.by) {
                match reviewer(&name, &item.organization) {
                    Ok(reviewer) => drop(reviewers.insert(reviewer, (takes(&CC), command))),
                    Err(trouble) => troubles.push(trouble),
                }
            }
        }
    }
    let tell = Some(said.by.clone());
    let mut plan = Plan::new();
    plan.extend(change(said, &assignees, &item.assignees, false, CommandAction::Unassign));
    plan.extend(change(said, &assignees, &item.assignees, true, |people| CommandAction::Assign {
        people,
        tell: tell.clone(),
    }));
    plan.extend(change(said, &reviewers, &item.reviewers, false, CommandAction::UnrequestReview));
    plan.extend(change(said, &reviewers, &item.reviewers, true, |people| CommandAction::RequestReview {
        people,
        tell: tell.clone(),
    }));
    if !troubles.is_empty() {
        let why = CommandReason::NotUnderstood { by: said.by.clone() };
        plan.push(reply(said.by, troubles.join("\n"), why));
    }
    plan
}

/// One action for all who are wanted (or not) and are not so yet.
fn change<T: Ord + Clone>(
    said: &Said<'_>,
    wishes: &Wishes<'_, T>,
    now: &BTreeSet<T>,
    wanted: bool,
    action: impl FnOnce(Vec<T>) -> CommandAction,
) -> Option<Planned<CommandAction, CommandReason>> {
    let open: Vec<(&T, &Command)> = wishes
        .iter()
        .filter(|(who, (wish, _))| *wish == wanted && now.contains(who) != wanted)
        .map(|(who, (_, command))| (who, *command))
        .collect();
    let (_, command) = open.first()?;
    let why = CommandReason::requested(said, command);
    Some(Planned::new(action(open.iter().map(|(who, _)| (*who).clone()).collect()), why))
}

/// What to say where GitHub did not take everybody. An empty list says nothing.
pub fn refused(item: &Item, by: &Login, assignees: &[Login], reviewers: &[Reviewer]) -> Plan {
    let mut plan = Plan::new();
    if !assignees.is_empty() {
        plan.push(reply(by, texts::not_assigned(&item.organization, assignees), CommandReason::Refused));
    }
    if !reviewers.is_empty() {
        plan.push(reply(by, texts::not_requested(&item.organization, reviewers), CommandReason::Refused));
    }
    plan
}

/// The names of a command; without one, whoever wrote it.
fn names(command: &Command, by: &Login) -> Vec<String> {
    let separators = |c: char| c == ',' || c.is_ascii_whitespace();
    let names: Vec<String> =
        command.argument.split(separators).filter(|name| !name.is_empty()).map(str::to_owned).collect();
    if names.is_empty() && command.argument.is_empty() { vec![by.as_str().to_owned()] } else { names }
}

fn assignee(name: &str) -> Result<Login, String> {
    login(name).ok_or_else(|| match team(name) {
        Some(_) => texts::team_assigned(name),
        None => texts::no_name(name),
    })
}

fn reviewer(name: &str, home: &str) -> Result<Reviewer, String> {
    match (login(name), team(name)) {
        (Some(login), _) => Ok(Reviewer::User(login)),
        (None, Some((organization, slug))) if organization.eq_ignore_ascii_case(home) => {
            Ok(Reviewer::Team { organization: home.to_owned(), slug: slug.to_owned() })
        }
        (None, Some(_)) => Err(texts::foreign_team(name, home)),
        (None, None) => Err(texts::no_name(name)),
    }
}

fn login(name: &str) -> Option<Login> {
    let bare = name.strip_prefix('@').unwrap_or(name);
    let stem = bare.strip_suffix("[bot]").unwrap_or(bare);
    is_word(stem).then(|| Login::new(bare))
}

fn team(name: &str) -> Option<(&str, &str)> {
    let (organization, slug) = name.strip_prefix('@').unwrap_or(name).split_once('/')?;
    (is_word(organization) && is_word(slug)).then_some((organization, slug))
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::item::samples::{issue, pull, says};

    fn actions(item: &Item, text: &str) -> Vec<CommandAction> {
        let kim = Login::new("kim");
        plan(item, &says(&kim, text)).into_iter().map(|planned| planned.action).collect()
    }

    fn assigned(text: &str) -> Vec<String> {
        let actions = actions(&issue(&[]), text);
        let people = actions.iter().filter_map(|action| match action {
            CommandAction::Assign { people, .. } => Some(people),
            _ => None,
        });
        people.flatten().map(Login::to_string).collect()
    }

    #[test]
    fn names_are_separated_by_blanks_or_commas() {
        assert_eq!(assigned("/assign @robin,lee  renovate[bot]"), ["lee", "renovate[bot]", "robin"]);
        assert_eq!(assigned("/assign"), ["kim"]);
    }

    #[test]
    fn the_last_word_about_a_person_counts() {
        assert_eq!(assigned("/assign lee\n/Unassign LEE"), Vec::<String>::new());
    }

    #[test]
    fn people_are_taken_off_before_others_are_put_on() {
        let item = Item { assignees: [Login::new("lee")].into(), ..issue(&[]) };
        let actions = actions(&item, "/assign robin\n/unassign @lee");
        assert!(matches!(actions[..], [CommandAction::Unassign(_), CommandAction::Assign { .. }]));
    }

    #[test]
    fn what_is_no_name_is_answered_and_the_others_count() {
        let actions = actions(&pull(&[]), "/cc @@lee robin other/team");
        let [CommandAction::RequestReview { people, .. }, CommandAction::Reply { text, .. }] = &actions[..]
        else {
            panic!("{actions:?}")
        };
        assert_eq!(people, &[Reviewer::User(Login::new("robin"))]);
        assert!(text.contains("`@@lee`") && text.contains("`other/team`"));
    }

    #[test]
    fn reviews_are_for_pull_requests() {
        assert!(actions(&issue(&[]), "/cc lee").is_empty());
    }
}
