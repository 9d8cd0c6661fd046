//! The commands of a look: each text to each plugin that is on, on the state that the texts before it left.

use crate::{
    command::{
        CloseReason, CommandAction, CommandReason, Item, Kind, Plan, Rights, Said, Texts, assign, hold,
        label, lgtm, lifecycle, owners_label, pending, retitle, wip,
    },
    facts::{Comment, CommentId, Login, Review},
    owners::{Owners, approval, notification::Page},
    reason::Planned,
};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// What a look knows beside what the trigger looks at.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// The issue or pull request.
    pub item: Item,
    /// Its number.
    pub number: u64,
    /// Description, comments and comments on lines.
    pub comments: &'a [Comment],
    /// Reviews.
    pub reviews: &'a [Review],
    /// The account that we act as.
    pub us: &'a Login,
    /// Nothing that was written before counts as a command.
    pub since: Timestamp,
    /// What people are to the repository; whoever is missing has no rights.
    pub rights: &'a BTreeMap<Login, Rights>,
    /// The teams that people are in, as far as a label asks for one.
    pub teams: &'a BTreeMap<Login, BTreeSet<String>>,
    /// The labels that the repository has.
    pub repository_labels: &'a BTreeSet<String>,
    /// Of a pull request: what commands about its content need.
    pub change: Option<Change<'a>>,
}

/// The content of a pull request.
#[derive(Clone, Debug)]
pub struct Change<'a> {
    /// Its head.
    pub head: lgtm::Head<'a>,
    /// Its description.
    pub description: &'a str,
    /// The paths it changes.
    pub files: &'a [String],
    /// The OWNERS files of its base branch.
    pub owners: &'a Owners,
    /// Where links lead.
    pub page: Page<'a>,
}

/// The plugins that are on, with their settings.
#[derive(Clone, Debug, Default)]
pub struct Plugins {
    /// `/hold`.
    pub hold: bool,
    /// `/assign`, `/cc`.
    pub assign: bool,
    /// `/close`, `/reopen`, `/lifecycle`.
    pub lifecycle: bool,
    /// `/retitle`.
    pub retitle: Option<retitle::Settings>,
    /// `/label` and its family.
    pub label: Option<label::Settings>,
    /// `/lgtm`.
    pub lgtm: Option<lgtm::Settings>,
    /// `/approve`.
    pub approve: Option<approval::Policy>,
    /// The label of work in progress.
    pub wip: bool,
    /// Labels by OWNERS files.
    pub owners_label: bool,
}

impl<'a> Facts<'a> {
    /// All texts: comments, and reviews as the texts they are.
    pub(super) fn all_texts(&self) -> impl Iterator<Item = &'a Comment> {
        self.comments.iter().chain(self.reviews.iter().map(|review| &review.comment))
    }
}

/// The commands of a look in progress.
pub(super) struct Commands<'f, 'a> {
    facts: &'f Facts<'a>,
    plugins: &'f Plugins,
    item: Item,
    due: BTreeMap<CommentId, Said<'a>>,
    edited: BTreeSet<CommentId>,
}

const EDITED: &str = "the text was changed before it was read. Commands in changed texts do not run: write them in a \
                      new comment.";

impl<'f, 'a> Commands<'f, 'a> {
    pub(super) fn new(facts: &'f Facts<'a>, plugins: &'f Plugins) -> Self {
        let texts = Texts { comments: facts.comments, reviews: facts.reviews };
        let pending = pending(texts, facts.us, facts.since);
        Self {
            facts,
            plugins,
            item: facts.item.clone(),
            due: pending.due.into_iter().map(|(comment, said)| (comment.id, said)).collect(),
            edited: pending.edited.iter().map(|comment| comment.id).collect(),
        }
    }

    /// What a text asks for; `None`: it holds no command that is still to be acted upon.
    pub(super) fn carry_out(&mut self, comment: &Comment) -> Option<Plan> {
        if self.edited.contains(&comment.id) {
            let to = comment.author.clone()?;
            let why = CommandReason::NotUnderstood { by: to.clone() };
            return Some(vec![Planned::new(CommandAction::Reply { to, text: EDITED.to_owned() }, why)]);
        }
        let said = self.due.remove(&comment.id)?;
        let mut all = Plan::new();
        for plugin in PLUGINS {
            let plan = plugin(self, &said);
            after(&mut self.item, &plan);
            all.extend(plan);
        }
        // What a label asks for that was just put on.
        if let Some(settings) = &self.plugins.label {
            let added: Vec<String> = all.iter().filter_map(|planned| added_label(&planned.action)).collect();
            for label in added {
                let plan = label::labelled(settings, &self.item, &label);
                after(&mut self.item, &plan);
                all.extend(plan);
            }
        }
        Some(all)
    }

    /// What follows from the state that all texts left: the approval, and whether `lgtm` still means this head.
    pub(super) fn asked_by_the_state(mut self) -> Plan {
        let mut all = Plan::new();
        if self.plugins.wip && self.item.open && self.item.kind == Kind::PullRequest {
            all.extend(wip::plan(&self.item));
        }
        let Some(change) = self.facts.change.as_ref().filter(|_| self.item.open) else { return all };
        if self.plugins.owners_label {
            all.extend(owners_label::plan(
                &self.item,
                change.owners,
                change.files,
                self.facts.repository_labels,
            ));
        }
        if let Some(settings) = &self.plugins.lgtm {
            let given_now = self.item.has(lgtm::LABEL) && !self.facts.item.has(lgtm::LABEL);
            if !given_now {
                let record = lgtm::record(self.facts.comments, self.facts.us);
                let plan =
                    lgtm::hold_to_head(settings, &self.item, &change.head, record.as_ref(), None, false);
                after(&mut self.item, &plan);
                all.extend(plan);
            }
        }
        if let Some(policy) = &self.plugins.approve {
            let assignees: Vec<Login> = self.item.assignees.iter().cloned().collect();
            let label = if self.item.has(approval::APPROVED) {
                approval::Label::Ours
            } else {
                approval::Label::Absent
            };
            let seen = approval::Observed {
                number: self.facts.number,
                organization: &self.item.organization,
                us: self.facts.us,
                author: self.item.author.as_ref(),
                description: change.description,
                assignees: &assignees,
                files: change.files,
                comments: self.facts.comments,
                reviews: self.facts.reviews,
                label,
            };
            let approval = approval::summarise(policy, change.owners, &seen);
            all.extend(approval::plan(&seen, &approval, &change.page));
        }
        all
    }

    fn rights(&self, said: &Said<'_>) -> Rights {
        self.facts.rights.get(said.by).copied().unwrap_or_default()
    }
}

type Carry = for<'f, 'a> fn(&Commands<'f, 'a>, &Said<'a>) -> Plan;

/// In this order, each on what the one before it left.
const PLUGINS: &[Carry] = &[
    |look, said| if look.plugins.hold { hold::plan(&look.item, said) } else { Plan::new() },
    |look, said| if look.plugins.assign { assign::plan(&look.item, said) } else { Plan::new() },
    |look, said| {
        if look.plugins.lifecycle {
            lifecycle::plan(&look.item, said, look.rights(said))
        } else {
            Plan::new()
        }
    },
    |look, said| {
        let plan = |settings| retitle::plan(settings, &look.item, said, look.rights(said));
        look.plugins.retitle.as_ref().map(plan).unwrap_or_default()
    },
    |look, said| {
        let none = BTreeSet::new();
        let teams = look.facts.teams.get(said.by).unwrap_or(&none);
        let asking = label::Asking { rights: look.rights(said), teams };
        let plan = |settings| label::plan(settings, &look.item, said, asking, look.facts.repository_labels);
        look.plugins.label.as_ref().map(plan).unwrap_or_default()
    },
    |look, said| {
        let (Some(settings), Some(change)) = (&look.plugins.lgtm, &look.facts.change) else {
            return Plan::new();
        };
        if look.item.kind != Kind::PullRequest || !look.item.open {
            return Plan::new();
        }
        lgtm::plan(settings, &look.item, said, look.rights(said), &lgtm::Gate::Collaborators, &change.head)
    },
];

fn added_label(action: &CommandAction) -> Option<String> {
    match action {
        CommandAction::AddLabel(label) => Some(label.clone()),
        CommandAction::RemoveLabel(_)
        | CommandAction::Assign { .. }
        | CommandAction::Unassign(_)
        | CommandAction::RequestReview { .. }
        | CommandAction::UnrequestReview(_)
        | CommandAction::Close(_)
        | CommandAction::Reopen
        | CommandAction::Retitle(_)
        | CommandAction::SetMilestone(_)
        | CommandAction::SetStatus { .. }
        | CommandAction::PassCheck { .. }
        | CommandAction::RecordPassed { .. }
        | CommandAction::Reply { .. }
        | CommandAction::Keep { .. }
        | CommandAction::Drop { .. } => None,
    }
}

/// The item as these effects leave it.
pub fn after(item: &mut Item, plan: &Plan) {
    for planned in plan {
        match &planned.action {
            CommandAction::AddLabel(label) => {
                item.labels.insert(label.clone());
            }
            CommandAction::RemoveLabel(label) => {
                item.labels.retain(|there| !there.eq_ignore_ascii_case(label));
            }
            CommandAction::Assign { people, .. } => item.assignees.extend(people.iter().cloned()),
            CommandAction::Unassign(people) => item.assignees.retain(|there| !people.contains(there)),
            CommandAction::RequestReview { people, .. } => item.reviewers.extend(people.iter().cloned()),
            CommandAction::UnrequestReview(people) => item.reviewers.retain(|there| !people.contains(there)),
            CommandAction::Close(CloseReason::Completed | CloseReason::NotPlanned) => item.open = false,
            CommandAction::Reopen => item.open = true,
            CommandAction::Retitle(title) => item.title.clone_from(title),
            CommandAction::SetMilestone(_)
            | CommandAction::SetStatus { .. }
            | CommandAction::PassCheck { .. }
            | CommandAction::RecordPassed { .. }
            | CommandAction::Reply { .. }
            | CommandAction::Keep { .. }
            | CommandAction::Drop { .. } => {}
        }
    }
}
