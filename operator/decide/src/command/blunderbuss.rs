//! Reviewers from OWNERS files: once for a new pull request, and whenever somebody asks with `/auto-cc`.

use super::{
    CommandAction, CommandReason, Item, Kind, Plan, Reviewer, Said,
    grammar::{AUTO_CC, CC, UNCC},
};
use crate::{
    facts::{CommitStatus, Login},
    owners::{
        Owners,
        reviewers::{Change, Wanted, choose},
    },
    reason::Planned,
    text::{GoRegex, InvalidRegex},
};
use api::repository::plugins;

/// The plugin's settings.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// How many to ask.
    pub wanted: Wanted,
    /// Wait until a draft is ready.
    pub ignore_drafts: bool,
    /// Not for changes of these people.
    pub ignore_authors: Vec<Login>,
    /// Wait for this status.
    pub wait_for: Option<WaitFor>,
}

/// A status to wait for.
#[derive(Clone, Debug, PartialEq)]
pub struct WaitFor {
    /// The context.
    pub context: String,
    /// The state, in GitHub's words.
    pub state: String,
    /// What the description must match.
    pub description: GoRegex,
}

/// What the merge pool says of a change that only people hold back.
const ONLY_PEOPLE: &str = r"Not mergeable. (PullRequest is missing sufficient approving GitHub review\(s\)|Needs (lgtm|approved|approved, lgtm) labels?)\.?";

impl Settings {
    /// From what the repository says.
    ///
    /// # Errors
    /// Where the description to wait for is no regular expression.
    pub fn new(given: &plugins::Blunderbuss) -> Result<Self, InvalidRegex> {
        let number = |given: Option<i64>| given.and_then(|n| usize::try_from(n).ok()).filter(|n| *n > 0);
        let wait_for = given.wait_for_status.as_ref().map(|wait| {
            Ok(WaitFor {
                context: wait.context.clone().unwrap_or_else(|| "tide".to_owned()),
                state: wait.state.clone().unwrap_or_else(|| "pending".to_owned()),
                description: GoRegex::new(wait.description.as_deref().unwrap_or(ONLY_PEOPLE))?,
            })
        });
        Ok(Self {
            wanted: Wanted {
                count: number(given.request_count).unwrap_or(2),
                max: number(given.max_request_count),
                approvers_too: !given.exclude_approvers.unwrap_or(false),
            },
            ignore_drafts: given.ignore_drafts.unwrap_or(false),
            ignore_authors: given.ignore_authors.iter().flatten().map(Login::new).collect(),
            wait_for: wait_for.transpose()?,
        })
    }
}

/// Reviewers for a pull request that nobody was asked about yet: it is new, or just ready. `status`: the status that the
/// settings wait for, as the head has it.
pub fn welcome(
    settings: &Settings,
    item: &Item,
    description: &Said<'_>,
    owners: &Owners,
    change: Change<'_>,
    status: Option<&CommitStatus>,
) -> Plan {
    let waits =
        settings.wait_for.as_ref().is_some_and(|wait| !status.is_some_and(|status| wait.is_met_by(status)));
    let says_whom = [&CC, &UNCC].iter().any(|row| description.first(row).is_some());
    let ignored = change.author.is_some_and(|author| settings.ignore_authors.contains(author));
    let draft = settings.ignore_drafts && item.draft;
    if item.kind == Kind::Issue
        || !item.open
        || waits
        || says_whom
        || ignored
        || draft
        || !item.reviewers.is_empty()
    {
        return Plan::new();
    }
    ask(settings, item, owners, change, CommandReason::Owners)
}

/// What `/auto-cc` asks for.
pub fn plan(settings: &Settings, item: &Item, said: &Said<'_>, owners: &Owners, change: Change<'_>) -> Plan {
    let command = said.all(&AUTO_CC).find(|command| command.argument.is_empty());
    match command.filter(|_| item.open && item.kind == Kind::PullRequest) {
        Some(command) => ask(settings, item, owners, change, CommandReason::requested(said, command)),
        None => Plan::new(),
    }
}

fn ask(settings: &Settings, item: &Item, owners: &Owners, change: Change<'_>, why: CommandReason) -> Plan {
    let people: Vec<Reviewer> = choose(owners, change, settings.wanted)
        .into_iter()
        .map(Reviewer::User)
        .filter(|reviewer| !item.reviewers.contains(reviewer))
        .collect();
    if people.is_empty() {
        return Plan::new();
    }
    vec![Planned::new(CommandAction::RequestReview { people, tell: None }, why)]
}

impl WaitFor {
    /// Whether a status is the one that is waited for.
    pub fn is_met_by(&self, status: &CommitStatus) -> bool {
        status.context == self.context
            && status.state.name() == self.state
            && self.description.is_match(&status.description)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        command::item::samples::{pull, says},
        facts::StatusState,
        owners::Layout,
    };
    use std::collections::BTreeSet;

    fn welcomed(
        given: &plugins::Blunderbuss,
        item: &Item,
        description: &str,
        status: Option<&CommitStatus>,
    ) -> usize {
        let (robin, busy, files) = (Login::new("robin"), BTreeSet::new(), ["x".to_owned()]);
        let owners = Owners::read(&Layout::default(), [("OWNERS", "reviewers: [kim, lee]")]);
        let change = Change { number: 1, author: Some(&robin), files: &files, busy: &busy };
        let settings = Settings::new(given).unwrap();
        welcome(&settings, item, &says(&robin, description), &owners, change, status).len()
    }

    #[test]
    fn a_new_pull_request_gets_reviewers_unless_it_says_whom() {
        let plain = plugins::Blunderbuss::default();
        assert_eq!(welcomed(&plain, &pull(&[]), "hello", None), 1);
        assert_eq!(welcomed(&plain, &pull(&[]), "/cc @kim", None), 0);
    }

    #[test]
    fn a_draft_waits_where_the_settings_say_so() {
        let draft = Item { draft: true, ..pull(&[]) };
        let waiting = plugins::Blunderbuss { ignore_drafts: Some(true), ..plugins::Blunderbuss::default() };
        assert_eq!(welcomed(&waiting, &draft, "", None), 0);
        assert_eq!(welcomed(&plugins::Blunderbuss::default(), &draft, "", None), 1);
    }

    #[test]
    fn reviewers_can_wait_for_a_status() {
        let wait = Some(plugins::WaitForStatus::default());
        let waiting = plugins::Blunderbuss { wait_for_status: wait, ..plugins::Blunderbuss::default() };
        let status = CommitStatus {
            context: "tide".to_owned(),
            state: StatusState::Pending,
            description: "Not mergeable. Needs lgtm label.".to_owned(),
            target_url: String::new(),
            creator: None,
            created_at: None,
        };
        assert_eq!(welcomed(&waiting, &pull(&[]), "", None), 0);
        assert_eq!(welcomed(&waiting, &pull(&[]), "", Some(&status)), 1);
    }
}
