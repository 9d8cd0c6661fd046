//! A whole look at one pull request or issue: what all plugins together are to do, in the order in which people spoke.
//!
//! Each text is carried out on the state that the ones before it left, and marked after its effects (DESIGN C2). Runs are
//! `trigger`'s to decide, commands and approval `command`'s and `owners`'; here they are laid in one order.

mod commands;

pub use commands::{Change, Facts, Plugins, after};

use crate::{
    command::{CommandAction, CommandReason},
    facts::{Comment, CommentId},
    reason::{Planned, Reason},
    trigger::{self, TriggerAction, TriggerReason},
};
use std::collections::BTreeMap;

/// Something to do.
#[derive(Clone, Debug, PartialEq)]
pub enum LookAction {
    /// Of the trigger plugin.
    Trigger(TriggerAction),
    /// Of any other plugin.
    Command {
        /// What.
        action: CommandAction,
        /// The text that it answers; `None`: it follows from the state alone.
        answers: Option<CommentId>,
    },
    /// The text is carried out: mark it.
    Mark(CommentId),
}

/// Why.
#[derive(Clone, Debug, PartialEq)]
pub enum LookReason {
    /// A reason of the trigger plugin.
    Trigger(TriggerReason),
    /// A reason of another plugin.
    Command(CommandReason),
    /// All that a text asked for is done.
    CarriedOut,
}

impl Reason for LookReason {
    fn name(&self) -> &'static str {
        match self {
            Self::Trigger(reason) => reason.name(),
            Self::Command(reason) => reason.name(),
            Self::CarriedOut => "CarriedOut",
        }
    }

    fn sentence(&self) -> String {
        match self {
            Self::Trigger(reason) => reason.sentence(),
            Self::Command(reason) => reason.sentence(),
            Self::CarriedOut => "All that the text asked for is done.".to_owned(),
        }
    }
}

/// The outcome.
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use = "a plan does nothing until it is applied"]
pub struct LookPlan {
    /// In this order.
    pub actions: Vec<Planned<LookAction, LookReason>>,
    /// The look came to its end: nothing waits for an answer or for the next round.
    pub finished: bool,
}

/// Plans for an issue, whose texts start no run.
pub fn item(facts: &Facts<'_>, plugins: &Plugins) -> LookPlan {
    pull(trigger::Look { steps: Vec::new(), unanswered: None, deferred: 0 }, facts, plugins)
}

/// Plans for a pull request: `triggered` is what the trigger plugin asks for.
pub fn pull(triggered: trigger::Look, facts: &Facts<'_>, plugins: &Plugins) -> LookPlan {
    let finished = triggered.unanswered.is_none() && triggered.deferred == 0;
    let (texts, before, after_texts) = in_parts(triggered);
    let mut plan = LookPlan { actions: Vec::new(), finished };
    plan.actions.extend(before);

    // Where the trigger could not finish, whatever was said after its last text waits: it may depend on it.
    let place = |comment: &Comment| (comment.created_at, comment.id);
    let places: BTreeMap<CommentId, _> =
        facts.all_texts().map(|comment| (comment.id, place(comment))).collect();
    let reached = texts.keys().filter_map(|id| places.get(id)).max().copied();
    let in_reach = |comment: &Comment| finished || reached.is_some_and(|reached| place(comment) <= reached);

    let mut commands = commands::Commands::new(facts, plugins);
    let mut ordered: Vec<&Comment> = facts.all_texts().filter(|comment| in_reach(comment)).collect();
    ordered.sort_by_key(|comment| place(comment));
    for comment in ordered {
        let of_trigger = texts.get(&comment.id);
        let of_commands = commands.carry_out(comment);
        if of_trigger.is_none() && of_commands.is_none() {
            continue;
        }
        plan.actions.extend(of_trigger.into_iter().flatten().cloned());
        plan.actions
            .extend(of_commands.into_iter().flatten().map(|planned| command(planned, Some(comment.id))));
        plan.actions.push(Planned::new(LookAction::Mark(comment.id), LookReason::CarriedOut));
    }
    plan.actions.extend(after_texts);
    plan.actions.extend(commands.asked_by_the_state().into_iter().map(|planned| command(planned, None)));
    plan
}

type Actions = Vec<Planned<LookAction, LookReason>>;

/// The trigger's steps: by text, what comes before all texts, and what comes after.
fn in_parts(triggered: trigger::Look) -> (BTreeMap<CommentId, Actions>, Actions, Actions) {
    let (mut texts, mut before, mut after_texts) = (BTreeMap::new(), Actions::new(), Actions::new());
    for step in triggered.steps {
        let actions = step.actions.into_iter().map(|planned| {
            Planned::new(LookAction::Trigger(planned.action), LookReason::Trigger(planned.why))
        });
        match step.comment {
            Some(id) => texts.entry(id).or_insert_with(Actions::new).extend(actions),
            None if texts.is_empty() => before.extend(actions),
            None => after_texts.extend(actions),
        }
    }
    (texts, before, after_texts)
}

fn command(
    planned: Planned<CommandAction, CommandReason>,
    answers: Option<CommentId>,
) -> Planned<LookAction, LookReason> {
    Planned::new(LookAction::Command { action: planned.action, answers }, LookReason::Command(planned.why))
}

#[cfg(test)]
mod tests;
