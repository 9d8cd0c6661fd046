//! `/hold`: a label that keeps a pull request from merging.

use super::{
    CommandAction, CommandReason, Item, Kind, Plan, Said,
    grammar::{HOLD, UNHOLD},
};
use crate::reason::Planned;

/// The label.
pub const HELD: &str = "do-not-merge/hold";

/// What the text asks for. Where it asks for both, letting go wins.
pub fn plan(item: &Item, said: &Said<'_>) -> Plan {
    if item.kind == Kind::Issue {
        return Plan::new();
    }
    let cancelled = said.all(&HOLD).find(|command| command.first() == "cancel");
    if let Some(command) = cancelled.or_else(|| said.first(&UNHOLD)) {
        let held = item.label(HELD).into_iter();
        let why = || CommandReason::requested(said, command);
        return held.map(|label| Planned::new(CommandAction::RemoveLabel(label.to_owned()), why())).collect();
    }
    let wanted = said.first(&HOLD).filter(|_| !item.has(HELD)).into_iter();
    wanted
        .map(|command| {
            Planned::new(CommandAction::AddLabel(HELD.to_owned()), CommandReason::requested(said, command))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        command::item::samples::{issue, pull, says},
        facts::Login,
    };

    fn held(text: &str) -> Vec<CommandAction> {
        plan(&pull(&[]), &says(&Login::new("kim"), text)).into_iter().map(|planned| planned.action).collect()
    }

    #[test]
    fn anybody_holds_a_pull_request() {
        assert_eq!(held("/hold until Monday"), [CommandAction::AddLabel(HELD.to_owned())]);
        assert_eq!(held("/hold cancelled"), [CommandAction::AddLabel(HELD.to_owned())]);
    }

    #[test]
    fn letting_go_wins() {
        assert_eq!(held("/hold\n/unhold"), []);
        let kim = Login::new("kim");
        let plan = plan(&pull(&["Do-Not-Merge/Hold"]), &says(&kim, "/hold\n/hold cancel since done"));
        assert_eq!(plan[0].action, CommandAction::RemoveLabel("Do-Not-Merge/Hold".to_owned()));
    }

    #[test]
    fn an_issue_cannot_be_held() {
        assert!(plan(&issue(&[]), &says(&Login::new("kim"), "/hold")).is_empty());
    }
}
