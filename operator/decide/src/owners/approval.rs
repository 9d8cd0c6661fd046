//! Whether a pull request is approved, from everything that was said in it.
//!
//! Recomputed from all texts every time: an approval that is edited away or dismissed counts no longer, and a push
//! takes none away. Nothing is stored but the label.

use super::{
    Owners, Role, folder, notification,
    suggest::{Ground, Grounds, suggest},
};
use crate::{
    command::{
        CommandAction, CommandReason, Plan, commands,
        grammar::{APPROVE, LGTM, REMOVE_APPROVE, REMOVE_LGTM},
    },
    facts::{Comment, CommentId, Login, Review, ReviewState},
    reason::Planned,
};
use api::repository::{plugins, plugins::SelfApproval};
use std::collections::{BTreeMap, BTreeSet};

/// The label of an approved pull request.
pub const APPROVED: &str = "approved";

/// What a repository asks of an approval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The description must name an issue, or an approver waive it.
    pub issue_required: bool,
    /// Who opens a pull request approves what they own by that. Else they must say so.
    pub self_approval_implied: bool,
    /// `/lgtm` of an approver approves.
    pub lgtm_approves: bool,
    /// Reviews count: an approving one approves, one that asks for changes takes the approval back.
    pub reviews_count: bool,
    /// The label counts where somebody put it on by hand, until it is taken off. Else it is taken off at once.
    pub manual_label_counts: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            issue_required: false,
            self_approval_implied: true,
            lgtm_approves: false,
            reviews_count: true,
            manual_label_counts: false,
        }
    }
}

impl From<&plugins::Approve> for Policy {
    fn from(given: &plugins::Approve) -> Self {
        Self {
            issue_required: given.require_issue.unwrap_or(false),
            self_approval_implied: given.self_approval.unwrap_or_default() == SelfApproval::Allowed,
            lgtm_approves: given.lgtm_acts_as_approve.unwrap_or(false),
            reviews_count: !given.ignore_review_state.unwrap_or(false),
            ..Self::default()
        }
    }
}

/// The state of the label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// Not there.
    Absent,
    /// We put it on, or it is not known who did.
    Ours,
    /// A person put it on.
    ByHand,
}

/// What is seen of an open pull request.
#[derive(Clone, Debug)]
pub struct Observed<'a> {
    /// Its number.
    pub number: u64,
    /// The owner of its repository.
    pub organization: &'a str,
    /// The login that we act as; what it says counts for nothing.
    pub us: &'a Login,
    /// Who opened it.
    pub author: Option<&'a Login>,
    /// Its description.
    pub description: &'a str,
    /// Who is assigned.
    pub assignees: &'a [Login],
    /// The paths it changes, under their new names.
    pub files: &'a [String],
    /// Comments of the conversation, then those on lines.
    pub comments: &'a [Comment],
    /// Its reviews.
    pub reviews: &'a [Review],
    /// The label.
    pub label: Label,
}

/// How somebody approved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// With `/approve` or an approving review.
    Approved,
    /// With `/lgtm`.
    Lgtm,
    /// By opening the pull request.
    Author,
}

/// One approval in force. It may be without effect: anybody can write `/approve`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// By whom.
    pub by: Login,
    /// How.
    pub how: How,
    /// It also waives the issue.
    pub no_issue: bool,
    /// In which text; the description for the author's own.
    pub text: CommentId,
    /// The link to it.
    pub url: String,
}

/// How far an owning place has approved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// All of it is.
    Approved(Vec<Login>),
    /// Some of its files are, others need more.
    Partly(Vec<Login>),
    /// Nothing is.
    Open,
}

/// Where the required issue stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Issue {
    /// None is required.
    NotRequired,
    /// The description names this one.
    Named(u64),
    /// These approvers waived it.
    Waived(Vec<Login>),
    /// None is named, and nobody waived it.
    Missing,
}

/// What came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// Whether the pull request is approved.
    pub approved: bool,
    /// It is only so because somebody put the label on.
    pub by_hand: bool,
    /// The approvals in force, by login.
    pub given: Vec<Given>,
    /// The owning places whose approval is needed. The root is empty.
    pub places: BTreeMap<String, Progress>,
    /// Where the required issue stands.
    pub issue: Issue,
    /// Whose approval would complete it and who is assigned already.
    pub assigned: BTreeSet<Login>,
    /// Whose approval would complete it and who is to be assigned.
    pub to_assign: BTreeSet<Login>,
}

impl Approval {
    /// The owning places that have not approved yet.
    pub fn open_places(&self) -> impl Iterator<Item = &str> {
        let open = |progress: &Progress| !matches!(progress, Progress::Approved(_));
        self.places.iter().filter(move |(_, progress)| open(progress)).map(|(place, _)| place.as_str())
    }

    /// All whose approval would complete it.
    pub fn suggested(&self) -> BTreeSet<Login> {
        self.assigned.union(&self.to_assign).cloned().collect()
    }
}

/// Weighs everything that was said.
pub fn summarise(policy: &Policy, owners: &Owners, seen: &Observed<'_>) -> Approval {
    let grounds = grounds(owners, seen);
    let given = given(policy, seen);
    let approvers: BTreeSet<Login> = given.iter().map(|given| given.by.clone()).collect();
    let places: BTreeMap<String, Progress> =
        grounds.iter().map(|(place, ground)| (place.clone(), progress(ground, &approvers))).collect();
    let issue = issue(policy, seen, &given, &grounds);
    let all_places = places.values().all(|progress| matches!(progress, Progress::Approved(_)));
    let met = !seen.files.is_empty() && all_places && issue != Issue::Missing;
    let by_hand = !met && policy.manual_label_counts && seen.label == Label::ByHand;
    let assignees: BTreeSet<Login> = seen.assignees.iter().cloned().collect();
    let (assigned, to_assign) = suggest(&grounds, seen.number, seen.author, &approvers, &assignees)
        .into_iter()
        .partition(|login| assignees.contains(login));
    Approval { approved: met || by_hand, by_hand, given, places, issue, assigned, to_assign }
}

/// What to do so that label and notification say what came out.
pub fn plan(seen: &Observed<'_>, approval: &Approval, page: &notification::Page<'_>) -> Plan {
    let why = if approval.approved { CommandReason::Approved } else { CommandReason::ApprovalMissing };
    let text = notification::text(approval, page);
    let mut plan =
        vec![Planned::new(CommandAction::Keep { marker: notification::MARKER, text }, why.clone())];
    match (approval.approved, seen.label) {
        (true, Label::Absent) => plan.push(Planned::new(CommandAction::AddLabel(APPROVED.to_owned()), why)),
        (false, Label::Ours | Label::ByHand) => {
            plan.push(Planned::new(CommandAction::RemoveLabel(APPROVED.to_owned()), why));
        }
        (true, Label::Ours | Label::ByHand) | (false, Label::Absent) => {}
    }
    plan
}

/// The places that must approve, with their files. A place below another needed one is left to that one.
fn grounds(owners: &Owners, seen: &Observed<'_>) -> Grounds {
    let mut files: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut needed: BTreeSet<&str> = BTreeSet::new();
    for file in seen.files {
        let place = owners.place_of(Role::Approver, file);
        files.entry(place).or_default().push(file);
        let unowned_folder = folder(file) != place;
        if !(owners.options(place).auto_approve_unowned_subfolders && unowned_folder) {
            needed.insert(place);
        }
    }
    let under_another = |place: &str| {
        let mut at = place;
        while !at.is_empty() && !owners.options(at).no_parent_owners {
            at = folder(at);
            if needed.contains(at) {
                return true;
            }
        }
        false
    };
    let mut grounds = Grounds::new();
    for place in needed.iter().filter(|place| !under_another(place)) {
        let ground = grounds.entry((*place).to_owned()).or_default();
        for file in files.get(place).into_iter().flatten() {
            ground.add(owners, file, seen.author);
        }
    }
    grounds
}

fn progress(ground: &Ground, approvers: &BTreeSet<Login>) -> Progress {
    let named: Vec<Login> = approvers.iter().filter(|login| ground.knows(login)).cloned().collect();
    match ground.met(approvers) {
        (met, of) if met == of => Progress::Approved(named),
        (0, _) => Progress::Open,
        _ => Progress::Partly(named),
    }
}

/// One statement about approval, in the order of time.
enum Said {
    Yes { how: How, no_issue: bool },
    No,
}

fn given(policy: &Policy, seen: &Observed<'_>) -> Vec<Given> {
    let mut given: BTreeMap<Login, Given> = BTreeMap::new();
    if let (Some(author), true) = (seen.author, policy.self_approval_implied) {
        let (by, how, text) = (author.clone(), How::Author, CommentId::Description);
        given.insert(author.clone(), Given { by, how, no_issue: false, text, url: String::new() });
    }
    let mut texts: Vec<(&Comment, Option<&ReviewState>)> =
        seen.comments.iter().map(|comment| (comment, None)).collect();
    texts.extend(seen.reviews.iter().map(|review| (&review.comment, Some(&review.state))));
    texts.sort_by_key(|(comment, _)| comment.created_at);
    for (comment, state) in texts {
        let Some(by) = speaker(comment, seen.us) else { continue };
        let verdict = state.filter(|_| policy.reviews_count).and_then(verdict);
        for said in verdict.into_iter().chain(statements(policy, &comment.body)) {
            match said {
                Said::No => {
                    given.remove(by);
                }
                Said::Yes { how, no_issue } => {
                    // Who once waived the issue does not take that back by approving again.
                    if no_issue || !given.get(by).is_some_and(|before| before.no_issue) {
                        let (text, url) = (comment.id, comment.url.clone());
                        given.insert(by.clone(), Given { by: by.clone(), how, no_issue, text, url });
                    }
                }
            }
        }
    }
    given.into_values().collect()
}

/// Whose word a text is, where it counts: neither ours nor an app's.
fn speaker<'a>(comment: &'a Comment, us: &Login) -> Option<&'a Login> {
    comment.author.as_ref().filter(|_| !comment.author_is_bot && !comment.is_by(us))
}

fn verdict(state: &ReviewState) -> Option<Said> {
    match state {
        ReviewState::Approved => Some(Said::Yes { how: How::Approved, no_issue: false }),
        ReviewState::ChangesRequested => Some(Said::No),
        // A dismissed review once approved; it says so no longer.
        ReviewState::Dismissed | ReviewState::Commented | ReviewState::Pending | ReviewState::Other(_) => {
            None
        }
    }
}

fn statements(policy: &Policy, text: &str) -> impl Iterator<Item = Said> {
    commands(text).into_iter().filter_map(|command| {
        let how = if APPROVE.takes(&command.word) {
            How::Approved
        } else if policy.lgtm_approves && LGTM.takes(&command.word) {
            How::Lgtm
        } else {
            let takes_back = REMOVE_APPROVE.takes(&command.word)
                || policy.lgtm_approves && REMOVE_LGTM.takes(&command.word);
            return takes_back.then_some(Said::No);
        };
        match command.first().as_str() {
            "cancel" => Some(Said::No),
            first => Some(Said::Yes { how, no_issue: first == "no-issue" }),
        }
    })
}

fn issue(policy: &Policy, seen: &Observed<'_>, given: &[Given], grounds: &Grounds) -> Issue {
    if !policy.issue_required {
        return Issue::NotRequired;
    }
    if let Some(number) = named_issue(seen.description, seen.organization) {
        return Issue::Named(number);
    }
    let waived: Vec<Login> = given
        .iter()
        .filter(|given| given.no_issue && grounds.values().any(|ground| ground.knows(&given.by)))
        .map(|given| given.by.clone())
        .collect();
    if waived.is_empty() { Issue::Missing } else { Issue::Waived(waived) }
}

/// The first issue that a description names: `#12`, or the address of one of this organisation.
fn named_issue(description: &str, organization: &str) -> Option<u64> {
    let pattern = format!(r"(?:{}/[^/]+/issues/|#)(\d+)", regex::escape(organization));
    let expression = regex::Regex::new(&pattern).ok()?;
    expression.captures(description)?.get(1)?.as_str().parse().ok()
}

#[cfg(test)]
mod tests;
