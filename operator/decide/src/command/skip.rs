//! `/skip`: contexts that a merge does not need and that are not green pass.

use super::{CommandAction, CommandReason, Item, Kind, Plan, Said, grammar::SKIP};
use crate::{
    facts::{CommitStatus, StatusState},
    job::Presubmit,
    reason::Planned,
};
use std::collections::BTreeSet;

/// What the text asks for. `started`: the contexts of jobs that the same text starts; those run instead.
pub fn plan<'a>(
    item: &Item,
    said: &Said<'_>,
    statuses: &[CommitStatus],
    jobs: impl IntoIterator<Item = &'a Presubmit>,
    started: &BTreeSet<&str>,
) -> Plan {
    let command = said.all(&SKIP).find(|command| command.argument.is_empty());
    let Some(command) = command.filter(|_| item.open && item.kind == Kind::PullRequest) else {
        return Plan::new();
    };
    let open = |context: &str| {
        statuses.iter().any(|status| status.context == context && status.state != StatusState::Success)
    };
    let contexts: BTreeSet<&str> = jobs
        .into_iter()
        .filter(|job| !job.context_required())
        .map(Presubmit::context)
        .filter(|context| open(context) && !started.contains(context))
        .collect();
    let pass = |context: &str| CommandAction::SetStatus {
        context: context.to_owned(),
        state: StatusState::Success,
        description: "Skipped".to_owned(),
        target_url: None,
    };
    contexts
        .into_iter()
        .map(|context| Planned::new(pass(context), CommandReason::requested(said, command)))
        .collect()
}
