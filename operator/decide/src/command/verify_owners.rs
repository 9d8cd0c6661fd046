//! A label and one comment for pull requests whose ownership files may not come in.

use super::{CommandAction, CommandReason, Item, Plan, Rights, texts::verify_owners as texts};
use crate::{facts::Login, owners::verify::Findings, reason::Planned};
use std::collections::BTreeMap;

/// The label.
pub const INVALID: &str = "do-not-merge/invalid-owners-file";
/// The hidden text of the comment.
pub const MARKER: &str = "<!-- bowsprit: verify-owners -->";

/// What to do about label and comment of an open pull request. `people`: what those are to the repository whom the files name anew; whoever is
/// missing is not trusted. `None`: everybody may be named, as where nobody need be a collaborator.
pub fn plan(item: &Item, findings: &Findings, people: Option<&BTreeMap<Login, Rights>>) -> Plan {
    let trusted =
        |login: &Login| people.is_none_or(|people| people.get(login).is_some_and(|rights| rights.trusted));
    let strangers: Vec<_> = findings.people.iter().filter(|(login, _)| !trusted(login)).collect();
    let invalid = !findings.errors.is_empty() || !strangers.is_empty();
    let why = if invalid { CommandReason::OwnersInvalid } else { CommandReason::OwnersValid };
    let mut plan = Plan::new();
    let comment = if invalid || !findings.warnings.is_empty() {
        let text = texts::comment(findings, &strangers, MARKER);
        CommandAction::Keep { marker: MARKER, text }
    } else {
        CommandAction::Drop { marker: MARKER }
    };
    plan.push(Planned::new(comment, why.clone()));
    match (invalid, item.label(INVALID)) {
        (true, None) => plan.push(Planned::new(CommandAction::AddLabel(INVALID.to_owned()), why)),
        (false, Some(label)) => plan.push(Planned::new(CommandAction::RemoveLabel(label.to_owned()), why)),
        (true, Some(_)) | (false, None) => {}
    }
    plan
}
