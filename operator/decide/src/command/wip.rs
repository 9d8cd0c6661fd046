//! A label for pull requests that are not ready: drafts, and those whose title begins with WIP.

use super::{CommandAction, CommandReason, Item, Plan};
use crate::reason::Planned;

/// The label.
pub const WORK_IN_PROGRESS: &str = "do-not-merge/work-in-progress";

/// What to do about the label.
pub fn plan(item: &Item) -> Plan {
    let (action, why) = match (item.draft || says_wip(&item.title), item.label(WORK_IN_PROGRESS)) {
        (true, None) => (CommandAction::AddLabel(WORK_IN_PROGRESS.to_owned()), CommandReason::NotReady),
        (false, Some(label)) => (CommandAction::RemoveLabel(label.to_owned()), CommandReason::Ready),
        (true, Some(_)) | (false, None) => return Plan::new(),
    };
    vec![Planned::new(action, why)]
}

/// `WIP` at the beginning, perhaps behind one bracket or the like, and not the beginning of a longer word.
fn says_wip(title: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let begins = |text: &str| {
        let (word, rest) = (text.get(..3), text.get(3..).and_then(|rest| rest.chars().next()));
        word.is_some_and(|word| word.eq_ignore_ascii_case("wip")) && rest.is_some_and(|next| !is_word(next))
    };
    let mut behind = title.chars();
    begins(title) || behind.next().is_some_and(|first| !is_word(first)) && begins(behind.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wip_begins_a_title() {
        for title in ["WIP: a", "[WIP] a", "(wip)a", "wip!"] {
            assert!(says_wip(title), "{title}");
        }
        for title in ["WIPx", "fix [WIP]", "WIP", "wiper a", "[[WIP]] a", ""] {
            assert!(!says_wip(title), "{title}");
        }
    }
}
