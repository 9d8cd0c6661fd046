//! `/retitle`: another title, by people who are trusted.

use super::{
    CommandAction, CommandReason, Item, Plan, Rights, Said, action::reply, grammar::RETITLE,
    texts::retitle as texts,
};
use crate::reason::Planned;
use api::repository::plugins;

/// The plugin's settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Also where it is closed.
    pub allow_closed: bool,
}

impl From<&plugins::Retitle> for Settings {
    fn from(given: &plugins::Retitle) -> Self {
        Self { allow_closed: given.allow_closed_issues.unwrap_or(false) }
    }
}

/// What the text asks for. Its first `/retitle` counts.
pub fn plan(settings: &Settings, item: &Item, said: &Said<'_>, rights: Rights) -> Plan {
    let Some(command) = said.first(&RETITLE).filter(|_| item.open || settings.allow_closed) else {
        return Plan::new();
    };
    let title = command.argument.as_str();
    let refused = if !rights.trusted {
        Some((texts::NOT_TRUSTED, CommandReason::NotAllowed { by: said.by.clone() }))
    } else if title.is_empty() {
        Some((texts::EMPTY, CommandReason::NotUnderstood { by: said.by.clone() }))
    } else if closes_an_issue(title) {
        Some((texts::CLOSES, CommandReason::NotUnderstood { by: said.by.clone() }))
    } else {
        None
    };
    match refused {
        Some((text, why)) => vec![reply(said.by, text.to_owned(), why)],
        None if item.title == title => Plan::new(),
        None => vec![Planned::new(
            CommandAction::Retitle(title.to_owned()),
            CommandReason::requested(said, command),
        )],
    }
}

/// Whether GitHub may close an issue because of this text: a word such as `fixes`, then an issue.
pub(crate) fn closes_an_issue(text: &str) -> bool {
    const CLOSING: &str = r"(?i)(?:close[sd]?|fix(?:es|ed)?|resolve[sd]?)[\s:]+(?:[\w.-]+/[\w.-]+)?#\d+";
    regex::Regex::new(CLOSING).is_ok_and(|closing| closing.is_match(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        command::item::samples::{pull, says},
        facts::Login,
    };

    fn retitled(text: &str, trusted: bool) -> Option<CommandAction> {
        let (kim, rights) = (Login::new("kim"), Rights { trusted, ..Rights::default() });
        let plan = plan(&Settings::default(), &pull(&[]), &says(&kim, text), rights);
        plan.into_iter().map(|planned| planned.action).next()
    }

    #[test]
    fn trusted_people_change_a_title() {
        assert_eq!(retitled("/retitle  a  b ", true), Some(CommandAction::Retitle("a  b".to_owned())));
        assert!(matches!(retitled("/retitle a", false), Some(CommandAction::Reply { .. })));
    }

    #[test]
    fn a_title_does_not_close_an_issue() {
        for title in ["fixes #1", "Close: acme/wid-gets#4", "prefix #5"] {
            assert!(closes_an_issue(title), "{title}");
        }
        assert!(!closes_an_issue("fix the #1 problem"));
        assert!(matches!(retitled("/retitle fixes #1", true), Some(CommandAction::Reply { .. })));
    }

    #[test]
    fn the_same_title_needs_no_action() {
        assert_eq!(retitled("/retitle T", true), None);
    }
}
