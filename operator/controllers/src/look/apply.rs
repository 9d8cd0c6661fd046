//! Carrying out a look's plan, action by action. Each is harmless when it is done twice; what is not (a new comment) is
//! looked for first, by its hidden marker.

use super::{LookError, observe, runs};
use crate::context::{Context, Governed};
use decide::{
    command::{self, CommandAction, Footer, Item, Reviewer, assign, lifecycle},
    facts::{Comment, CommentId, Login, RepoName},
    look::{LookAction, LookPlan, LookReason},
    reason::{Planned, Reason},
    trigger::{HELP, ReplyMark, TriggerAction},
};
use forge::{CloseReason, CommentBody, Forge, ForgeError};
use std::collections::{BTreeMap, BTreeSet};

/// Where a plan is carried out.
pub(super) struct Place<'a> {
    pub(super) repository: &'a RepoName,
    pub(super) number: u64,
    /// All texts, ours included.
    pub(super) texts: &'a [Comment],
    pub(super) us: &'a Login,
    pub(super) item: &'a Item,
    pub(super) commands_url: &'a str,
}

impl Place<'_> {
    fn own(&self) -> impl Iterator<Item = (u64, &Comment)> {
        self.texts.iter().filter(|text| text.author.as_ref() == Some(self.us)).filter_map(|text| {
            match text.id {
                CommentId::Comment(id) => Some((id, text)),
                CommentId::Description | CommentId::Review(_) | CommentId::ReviewComment(_) => None,
            }
        })
    }

    fn text(&self, id: CommentId) -> Option<&Comment> {
        self.texts.iter().find(|text| text.id == id)
    }
}

/// Carries a plan out; true: something was written on GitHub.
pub(super) async fn apply(
    context: &Context,
    governed: &Governed,
    place: &Place<'_>,
    plan: LookPlan,
) -> Result<bool, LookError> {
    let mut changed = false;
    let mut replies: BTreeMap<Option<CommentId>, usize> = BTreeMap::new();
    for planned in plan.actions {
        let Planned { action, why } = planned;
        let done = match &action {
            LookAction::Trigger(action) => trigger(context, governed, place, action, &why).await,
            LookAction::Command { action, answers } => {
                let count = replies.entry(*answers).or_default();
                *count += 1;
                command(governed, place, action, *answers, *count).await
            }
            LookAction::Mark(id) => mark(context, governed, place, *id).await,
        };
        match done {
            Ok(wrote) => {
                if wrote {
                    let subject = format!("{}#{}", place.repository, place.number);
                    tracing::info!(subject, reason = why.name(), "{}", verb(&action));
                }
                changed |= wrote;
            }
            // The mode closes the gate: what would have been done is known from the plan, nothing else is tried.
            Err(LookError::Forge(ForgeError::Closed { .. })) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(changed)
}

fn verb(action: &LookAction) -> &'static str {
    match action {
        LookAction::Trigger(TriggerAction::StartRun(_)) => "started a run",
        LookAction::Trigger(TriggerAction::AbortRun { .. }) => "ended a run",
        LookAction::Trigger(_) => "answered a trigger",
        LookAction::Command { .. } => "carried out a command",
        LookAction::Mark(_) => "marked a text",
    }
}

async fn trigger(
    context: &Context,
    governed: &Governed,
    place: &Place<'_>,
    action: &TriggerAction,
    why: &LookReason,
) -> Result<bool, LookError> {
    let (forge, repository, number) = (&governed.forge, place.repository, place.number);
    match action {
        TriggerAction::StartRun(start) => {
            if !governed.acts() {
                return Ok(false); // Shadow and Paused start nothing
            }
            let new = start.new_run(&BTreeMap::new());
            runs::create(context, &start.job.namespace, &start.key, new, "", why).await?;
            Ok(false)
        }
        TriggerAction::AbortRun { run, cause } => {
            let of_run =
                observe::namespace_of_run(context, run).unwrap_or_else(|| governed.namespace.clone());
            runs::abort(context, &of_run, run, cause.as_str(), why).await?;
            Ok(false)
        }
        TriggerAction::AddLabel(label) => {
            if place.item.has(label) {
                return Ok(false);
            }
            forge.add_labels(repository, number, &BTreeSet::from([(*label).to_owned()])).await?;
            Ok(true)
        }
        TriggerAction::RemoveLabel(label) => {
            forge.remove_label(repository, number, label).await?;
            Ok(true)
        }
        TriggerAction::Comment(reply) => {
            let (mark, text) = (reply.mark(), reply.text());
            let known = place
                .own()
                .find(|(_, own)| ReplyMark::read(&own.body).is_some_and(|known| mark.replaces(&known)));
            match known {
                Some((_, own)) if own.body == text => Ok(false),
                Some((id, _)) => {
                    forge.edit_comment(repository, id, &CommentBody(text)).await?;
                    Ok(true)
                }
                None => {
                    forge.create_comment(repository, number, &CommentBody(text)).await?;
                    Ok(true)
                }
            }
        }
        TriggerAction::PruneHelp => {
            let mut wrote = false;
            for (id, own) in place.own() {
                if ReplyMark::read(&own.body).is_some_and(|mark| mark.kind == HELP) {
                    forge.delete_comment(repository, id).await?;
                    wrote = true;
                }
            }
            Ok(wrote)
        }
        // Planned only where `trigger.githubWorkflows` is on, which this version does not act on (a warning says so).
        TriggerAction::ApproveWorkflows(_) | TriggerAction::RerunFailedWorkflows(_) => Ok(false),
    }
}

async fn command(
    governed: &Governed,
    place: &Place<'_>,
    action: &CommandAction,
    answers: Option<CommentId>,
    count: usize,
) -> Result<bool, LookError> {
    let (forge, repository, number) = (&governed.forge, place.repository, place.number);
    match action {
        CommandAction::AddLabel(label) => {
            forge.add_labels(repository, number, &BTreeSet::from([label.clone()])).await?;
        }
        CommandAction::RemoveLabel(label) => forge.remove_label(repository, number, label).await?,
        CommandAction::Assign { people, tell } => {
            let people: BTreeSet<Login> = people.iter().cloned().collect();
            forge.assign(repository, number, &people).await?;
            if let Some(by) = tell {
                // GitHub leaves out whom it cannot assign, without a word.
                let assigned = assignees(governed, place).await?;
                let left_out: Vec<Login> = people.difference(&assigned).cloned().collect();
                let plan = assign::refused(place.item, by, &left_out, &[]);
                say(governed, place, plan, answers, count).await?;
            }
        }
        CommandAction::Unassign(people) => {
            forge.unassign(repository, number, &people.iter().cloned().collect()).await?;
        }
        CommandAction::RequestReview { people, tell } => {
            let refused = request_reviews(governed, place, people).await?;
            if let Some(by) = tell {
                say(governed, place, assign::refused(place.item, by, &[], &refused), answers, count).await?;
            }
        }
        CommandAction::UnrequestReview(people) => {
            let (logins, teams) = split(people);
            forge.unrequest_reviews(repository, number, &logins, &teams).await?;
        }
        CommandAction::Close(reason) => {
            let reason = match reason {
                command::CloseReason::Completed => CloseReason::Completed,
                command::CloseReason::NotPlanned => CloseReason::NotPlanned,
            };
            forge.close(repository, number, reason).await?;
        }
        CommandAction::Reopen => match forge.reopen(repository, number).await {
            Err(ForgeError::Refused { message, .. }) => {
                let by = answers.and_then(|id| place.text(id)?.author.clone());
                if let Some(by) = by {
                    let plan = lifecycle::reopen_refused(place.item, &by, &message);
                    say(governed, place, plan, answers, count).await?;
                }
            }
            other => other?,
        },
        CommandAction::Retitle(title) => forge.retitle(repository, number, title).await?,
        CommandAction::Reply { to, text } => return reply(governed, place, to, text, answers, count).await,
        CommandAction::Keep { marker, text } => {
            match place.own().find(|(_, own)| own.body.starts_with(marker)) {
                Some((_, own)) if own.body.trim_end() == text.trim_end() => return Ok(false),
                Some((id, _)) => forge.edit_comment(repository, id, &CommentBody(text.clone())).await?,
                None => {
                    forge.create_comment(repository, number, &CommentBody(text.clone())).await?;
                }
            }
        }
        CommandAction::Drop { marker } => {
            let Some((id, _)) = place.own().find(|(_, own)| own.body.starts_with(marker)) else {
                return Ok(false);
            };
            forge.delete_comment(repository, id).await?;
        }
        // Of plugins that a look does not ask yet (milestone, override, skip): their keys are accepted with a warning.
        CommandAction::SetMilestone(_)
        | CommandAction::SetStatus { .. }
        | CommandAction::PassCheck { .. }
        | CommandAction::RecordPassed { .. } => return Ok(false),
    }
    Ok(true)
}

/// Says what a plan of replies says.
async fn say(
    governed: &Governed,
    place: &Place<'_>,
    plan: command::Plan,
    answers: Option<CommentId>,
    count: usize,
) -> Result<(), LookError> {
    for (more, planned) in plan.into_iter().enumerate() {
        if let CommandAction::Reply { to, text } = planned.action {
            reply(governed, place, &to, &text, answers, count * 100 + more).await?;
        }
    }
    Ok(())
}

/// A reply is written once: it carries which text it answers, and the how manieth it is.
async fn reply(
    governed: &Governed,
    place: &Place<'_>,
    to: &Login,
    text: &str,
    answers: Option<CommentId>,
    count: usize,
) -> Result<bool, LookError> {
    let marker = answers.map(|id| format!("<!-- bowsprit reply {id:?} {count} -->"));
    if let Some(marker) = &marker
        && place.own().any(|(_, own)| own.body.starts_with(marker.as_str()))
    {
        return Ok(false);
    }
    let answered = answers.and_then(|id| place.text(id));
    let footer = Footer { command_help: place.commands_url, issues: place.commands_url };
    let (said, url) = answered.map_or(("", ""), |text| (text.body.as_str(), text.url.as_str()));
    let body = command::reply(to, text, said, url, &footer);
    // At the very start, where nobody whom we quote can write one.
    let body = marker.map_or(body.clone(), |marker| format!("{marker}\n{body}"));
    governed.forge.create_comment(place.repository, place.number, &CommentBody(body)).await?;
    Ok(true)
}

async fn assignees(governed: &Governed, place: &Place<'_>) -> Result<BTreeSet<Login>, LookError> {
    let of_issue = match place.item.kind {
        command::Kind::Issue => governed.forge.issue(place.repository, place.number).await?.assignees,
        command::Kind::PullRequest => {
            governed.forge.pull(place.repository, place.number).await?.pull.assignees
        }
    };
    Ok(of_issue.into_iter().collect())
}

fn split(people: &[Reviewer]) -> (BTreeSet<Login>, BTreeSet<String>) {
    let (mut logins, mut teams) = (BTreeSet::new(), BTreeSet::new());
    for reviewer in people {
        match reviewer {
            Reviewer::User(login) => {
                logins.insert(login.clone());
            }
            Reviewer::Team { slug, .. } => {
                teams.insert(slug.clone());
            }
        }
    }
    (logins, teams)
}

/// Asks for reviews; gives those whom GitHub refuses. It refuses all where it refuses one, so then each is asked alone.
async fn request_reviews(
    governed: &Governed,
    place: &Place<'_>,
    people: &[Reviewer],
) -> Result<Vec<Reviewer>, LookError> {
    let (logins, teams) = split(people);
    match governed.forge.request_reviews(place.repository, place.number, &logins, &teams).await {
        Err(ForgeError::Refused { .. }) => {}
        other => return Ok(other.map(|()| Vec::new())?),
    }
    let mut refused = Vec::new();
    for reviewer in people {
        let (logins, teams) = split(std::slice::from_ref(reviewer));
        match governed.forge.request_reviews(place.repository, place.number, &logins, &teams).await {
            Err(ForgeError::Refused { .. }) => refused.push(reviewer.clone()),
            other => other?,
        }
    }
    Ok(refused)
}

/// Marks a text (DESIGN C2): with a reaction, else with a hidden comment, else in the cursors.
async fn mark(
    context: &Context,
    governed: &Governed,
    place: &Place<'_>,
    id: CommentId,
) -> Result<bool, LookError> {
    let Some(text) = place.text(id) else { return Ok(false) };
    match governed.forge.mark(&text.node_id, id).await {
        Ok(()) => return Ok(true),
        Err(ForgeError::Forbidden { .. } | ForgeError::Refused { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    let marker = observe::done_marker(id);
    let hidden = CommentBody(format!("{marker}\n"));
    match governed.forge.create_comment(place.repository, place.number, &hidden).await {
        Ok(_) => return Ok(true),
        Err(ForgeError::Forbidden { .. } | ForgeError::Refused { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    let mut cursors = crate::cursors::read(context, &governed.namespace, place.repository).await?;
    cursors.marks.insert(marker);
    crate::cursors::write(context, &governed.namespace, place.repository, &cursors).await?;
    Ok(false)
}
