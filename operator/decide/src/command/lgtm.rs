//! `/lgtm`: a reviewer's word about one head.
//!
//! The label means the head that was looked at (DESIGN C4): a comment counts only for a head that we had put a status on
//! before it was written, a review only for the commit it was made on. One comment of ours records that head and its
//! tree, and a push that changes the tree takes the label away. The record is written before the label changes: a crash
//! between the two must not leave a label of which nothing says what it was given for.

use super::{
    Command, CommandAction, CommandReason, Item, Plan, Reviewer, Rights, Said,
    action::reply,
    grammar::{LGTM, REMOVE_LGTM},
    texts::lgtm as texts,
};
use crate::{
    facts::{Comment, HeadSha, Login, ReviewState, TreeSha},
    reason::Planned,
};
use api::repository::plugins;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The label.
pub const LABEL: &str = "lgtm";
/// The hidden text that our record begins with. Elsewhere in a comment it counts for nothing: replies quote what people
/// write.
pub const MARKER: &str = "<!-- bowsprit: lgtm";

/// The plugin's settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// An approving review is an `/lgtm`, one that asks for changes takes it back.
    pub review_counts_as_lgtm: bool,
    /// A push that leaves the content as it was keeps the label, and one that loses it asks the assignees again.
    pub keep_on_same_tree: bool,
    /// Whoever says `/lgtm` is assigned.
    pub assign_commenter: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { review_counts_as_lgtm: false, keep_on_same_tree: false, assign_commenter: true }
    }
}

impl From<&plugins::Lgtm> for Settings {
    fn from(given: &plugins::Lgtm) -> Self {
        Self {
            review_counts_as_lgtm: given.review_counts_as_lgtm.unwrap_or(false),
            keep_on_same_tree: given.keep_on_same_tree.unwrap_or(false),
            ..Self::default()
        }
    }
}

/// Who may say it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Collaborators of the repository.
    Collaborators,
    /// Approvers and reviewers of any of the changed files.
    Owners(BTreeSet<Login>),
}

/// The head that a word is about.
#[derive(Clone, Debug)]
pub struct Head<'a> {
    /// The commit.
    pub commit: &'a HeadSha,
    /// Its content.
    pub tree: &'a TreeSha,
    /// When we first put a status on it; `None`: not yet.
    pub seen: Option<Timestamp>,
}

/// What our comment says that the label was given for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The head; `None` where Prow made the record.
    pub head: Option<HeadSha>,
    /// Its content.
    pub tree: TreeSha,
}

enum Wish<'a> {
    Add(Option<&'a Command>),
    Remove(Option<&'a Command>),
}

/// What a text asks for. Where it asks for both, adding wins.
pub fn plan(
    settings: &Settings,
    item: &Item,
    said: &Said<'_>,
    rights: Rights,
    gate: &Gate,
    head: &Head<'_>,
) -> Plan {
    let Some(wish) = wish(settings, item, said) else { return Plan::new() };
    let author = item.is_by(said.by);
    let not_allowed = || CommandReason::NotAllowed { by: said.by.clone() };
    let mut plan = Plan::new();
    match (gate, &wish) {
        (_, Wish::Add(_)) if author => return vec![reply(said.by, texts::OWN.to_owned(), not_allowed())],
        _ if author => {}
        (Gate::Collaborators, _) => {
            if !rights.collaborator {
                return vec![reply(said.by, texts::COLLABORATORS.to_owned(), not_allowed())];
            }
            if settings.assign_commenter && !item.assignees.contains(said.by) {
                plan.push(Planned::new(
                    CommandAction::Assign { people: vec![said.by.clone()], tell: None },
                    wish.why(said),
                ));
            }
        }
        (Gate::Owners(people), _) => {
            if !people.contains(said.by) {
                return vec![reply(said.by, texts::OWNERS.to_owned(), not_allowed())];
            }
        }
    }
    match (&wish, item.label(LABEL)) {
        (Wish::Add(_), None) => {
            let current = match said.review {
                Some((_, commit)) => commit == head.commit,
                None => head.seen.is_some_and(|seen| seen < said.at),
            };
            if current {
                let record = Record { head: Some(head.commit.clone()), tree: head.tree.clone() };
                let text = texts::given(said.by, &record);
                plan.push(Planned::new(CommandAction::Keep { marker: MARKER, text }, wish.why(said)));
                plan.push(Planned::new(CommandAction::AddLabel(LABEL.to_owned()), wish.why(said)));
            } else {
                plan.push(reply(said.by, texts::head_changed(head.commit), CommandReason::HeadChanged));
            }
        }
        (Wish::Remove(_), Some(label)) => {
            let text = texts::taken_back(said.by);
            plan.push(Planned::new(CommandAction::Keep { marker: MARKER, text }, wish.why(said)));
            plan.push(Planned::new(CommandAction::RemoveLabel(label.to_owned()), wish.why(said)));
            plan.extend(ask_again(settings, item, wish.why(said)));
        }
        (Wish::Add(_), Some(_)) | (Wish::Remove(_), None) => {}
    }
    plan
}

/// What to do about a label that is there: it goes where the head is not the one it was given for.
///
/// `labelled`: when the label was put on, where that is known. `sticky`: the author is in a team whose label stays.
pub fn hold_to_head(
    settings: &Settings,
    item: &Item,
    head: &Head<'_>,
    record: Option<&Record>,
    labelled: Option<Timestamp>,
    sticky: bool,
) -> Plan {
    let Some(label) = item.label(LABEL).filter(|_| !sticky) else { return Plan::new() };
    let keeps = match record {
        Some(Record { head: Some(commit), .. }) if commit == head.commit => true,
        Some(Record { tree, .. }) => settings.keep_on_same_tree && tree == head.tree,
        // Put on by hand: it means the head that was there to be seen.
        None => matches!((head.seen, labelled), (Some(seen), Some(labelled)) if seen < labelled),
    };
    if keeps {
        return Plan::new();
    }
    let why = CommandReason::HeadChanged;
    let text = texts::lost(head.commit);
    let mut plan = vec![
        Planned::new(CommandAction::Keep { marker: MARKER, text }, why.clone()),
        Planned::new(CommandAction::RemoveLabel(label.to_owned()), why.clone()),
    ];
    plan.extend(ask_again(settings, item, why));
    plan
}

/// What the label was given for, by our own comment; else by the newest of Prow's that nobody edited.
pub fn record(comments: &[Comment], us: &Login) -> Option<Record> {
    let ours: Vec<&Comment> = comments.iter().filter(|comment| comment.is_by(us)).collect();
    match ours.iter().find(|comment| comment.body.starts_with(MARKER)) {
        Some(kept) => read_ours(kept),
        None => ours
            .iter()
            .filter_map(|comment| Some((comment.created_at, read_prows(comment)?)))
            .max_by_key(|(at, _)| *at)
            .map(|(_, record)| record),
    }
}

/// We edit our comment ourselves, so an edit does not speak against it: nobody else may edit what the bot wrote but
/// people who may also set labels.
fn read_ours(comment: &Comment) -> Option<Record> {
    let rest = comment.body.strip_prefix(MARKER)?;
    serde_json::from_str(rest.split_once("-->")?.0.trim()).ok()
}

fn read_prows(comment: &Comment) -> Option<Record> {
    if comment.last_edited_at.is_some() {
        return None;
    }
    let rest = comment.body.trim().strip_prefix("LGTM label has been added.")?;
    let tree = rest.trim().strip_prefix("<details>Git tree hash: ")?.strip_suffix("</details>")?;
    Some(Record { head: None, tree: TreeSha::new(tree) })
}

fn wish<'a>(settings: &Settings, item: &Item, said: &'a Said<'a>) -> Option<Wish<'a>> {
    // Other words behind `/lgtm` are thanks and the like. `/lgtm cancelled` means no.
    let cancels = |command: &&Command| command.first().starts_with("cancel");
    let add = said.all(&LGTM).find(|command| !cancels(command));
    let remove = said.first(&REMOVE_LGTM).or_else(|| said.all(&LGTM).find(cancels));
    if add.is_some() || remove.is_some() {
        return Some(if add.is_some() { Wish::Add(add) } else { Wish::Remove(remove) }).filter(|_| item.open);
    }
    match said.review.filter(|_| settings.review_counts_as_lgtm && !said.by_app)?.0 {
        ReviewState::Approved => Some(Wish::Add(None)),
        ReviewState::ChangesRequested => Some(Wish::Remove(None)),
        ReviewState::Commented | ReviewState::Dismissed | ReviewState::Pending | ReviewState::Other(_) => {
            None
        }
    }
}

impl Wish<'_> {
    fn why(&self, said: &Said<'_>) -> CommandReason {
        let (Self::Add(command) | Self::Remove(command)) = self;
        match command {
            Some(command) => CommandReason::requested(said, command),
            None => CommandReason::Reviewed { by: said.by.clone() },
        }
    }
}

fn ask_again(
    settings: &Settings,
    item: &Item,
    why: CommandReason,
) -> Option<Planned<CommandAction, CommandReason>> {
    let people: Vec<Reviewer> = item
        .assignees
        .iter()
        .filter(|login| !item.is_by(login))
        .map(|login| Reviewer::User(login.clone()))
        .filter(|reviewer| !item.reviewers.contains(reviewer))
        .collect();
    (settings.keep_on_same_tree && !people.is_empty())
        .then(|| Planned::new(CommandAction::RequestReview { people, tell: None }, why))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::item::samples::{pull, says};

    fn item(labels: &[&str]) -> Item {
        Item { assignees: [Login::new("kim")].into(), ..pull(labels) }
    }

    fn minute(minute: i64) -> Timestamp {
        Timestamp::from_second(minute * 60).unwrap()
    }

    fn actions(plan: &Plan) -> Vec<&'static str> {
        plan.iter()
            .map(|planned| match planned.action {
                CommandAction::AddLabel(_) => "add",
                CommandAction::RemoveLabel(_) => "remove",
                CommandAction::Keep { .. } => "keep",
                CommandAction::Reply { .. } => "reply",
                CommandAction::RequestReview { .. } => "ask",
                _ => "other",
            })
            .collect()
    }

    /// kim says it at minute 10 about a head that we put a status on at `seen`.
    fn kim_says(text: &str, seen: Option<i64>) -> Plan {
        let (kim, commit, tree) = (Login::new("kim"), HeadSha::new("c0ffee1"), TreeSha::new("7ree"));
        let said = says(&kim, text);
        let rights = Rights { collaborator: true, ..Rights::default() };
        let head = Head { commit: &commit, tree: &tree, seen: seen.map(minute) };
        plan(&Settings::default(), &item(&[]), &said, rights, &Gate::Collaborators, &head)
    }

    #[test]
    fn lgtm_counts_for_a_head_that_was_there_to_be_seen() {
        assert_eq!(actions(&kim_says("/lgtm", Some(9))), ["keep", "add"]);
    }

    #[test]
    fn what_the_label_was_given_for_is_on_record_before_the_label_is_there() {
        // Seen in a crash between the two: a label without a record was taken for an old head's and removed.
        assert_eq!(actions(&kim_says("/lgtm", Some(9))), ["keep", "add"]);
    }

    #[test]
    fn lgtm_does_not_count_for_a_head_that_came_after_it_or_with_it() {
        assert_eq!(actions(&kim_says("/lgtm", Some(10))), ["reply"]);
        assert_eq!(actions(&kim_says("/lgtm", Some(11))), ["reply"]);
        assert_eq!(actions(&kim_says("/lgtm", None)), ["reply"]);
    }

    #[test]
    fn a_review_counts_for_its_own_commit_only() {
        let (kim, now, old) = (Login::new("kim"), HeadSha::new("c0ffee1"), HeadSha::new("0ld"));
        let tree = TreeSha::new("7ree");
        let head = Head { commit: &now, tree: &tree, seen: None };
        let settings = Settings { review_counts_as_lgtm: true, ..Settings::default() };
        let rights = Rights { collaborator: true, ..Rights::default() };
        let review = |commit| {
            let said = Said { review: Some((&ReviewState::Approved, commit)), ..says(&kim, "") };
            plan(&settings, &item(&[]), &said, rights, &Gate::Collaborators, &head)
        };
        assert_eq!(actions(&review(&now)), ["keep", "add"]);
        assert_eq!(actions(&review(&old)), ["reply"]);
    }

    #[test]
    fn the_label_goes_with_the_head_it_was_given_for() {
        let (now, tree) = (HeadSha::new("c0ffee1"), TreeSha::new("7ree"));
        let head = Head { commit: &now, tree: &tree, seen: Some(minute(5)) };
        let keep = Settings { keep_on_same_tree: true, ..Settings::default() };
        let held = |settings: &Settings, record: Option<Record>, labelled: Option<i64>, sticky| {
            let plan = hold_to_head(
                settings,
                &item(&["LGTM"]),
                &head,
                record.as_ref(),
                labelled.map(minute),
                sticky,
            );
            actions(&plan)
        };
        let record = |commit: &str, tree: &str| {
            Some(Record { head: Some(HeadSha::new(commit)), tree: TreeSha::new(tree) })
        };
        let plain = Settings::default();
        assert_eq!(held(&plain, record("c0ffee1", "7ree"), None, false), Vec::<&str>::new());
        assert_eq!(held(&plain, record("0ld", "7ree"), None, false), ["keep", "remove"]);
        assert_eq!(held(&keep, record("0ld", "7ree"), None, false), Vec::<&str>::new());
        assert_eq!(held(&keep, record("0ld", "0ther"), None, false), ["keep", "remove", "ask"]);
        assert_eq!(held(&plain, record("0ld", "7ree"), None, true), Vec::<&str>::new());
        // Put on by hand: after the head could be seen, or before.
        assert_eq!(held(&plain, None, Some(6), false), Vec::<&str>::new());
        assert_eq!(held(&plain, None, Some(4), false), ["keep", "remove"]);
    }

    #[test]
    fn a_record_is_read_back_from_our_own_comment_only() {
        let given = Record { head: Some(HeadSha::new("c0ffee1")), tree: TreeSha::new("7ree") };
        let by = |author: &str| Comment {
            id: crate::facts::CommentId::Comment(1),
            node_id: String::new(),
            author: Some(Login::new(author)),
            author_is_bot: true,
            body: texts::given(&Login::new("kim"), &given),
            created_at: minute(1),
            last_edited_at: None,
            marked: false,
            url: String::new(),
        };
        let us = Login::new("bowsprit[bot]");
        assert_eq!(record(&[by("bowsprit")], &us), Some(given.clone()));
        assert_eq!(record(&[by("mallory")], &us), None);
        let namesake = Comment { author_is_bot: false, ..by("bowsprit") };
        assert_eq!(record(&[namesake], &us), None);
        let quoting = Comment { body: format!("@mallory: no.\n{}", by("mallory").body), ..by("bowsprit") };
        assert_eq!(record(&[quoting], &us), None);
    }
}
