//! Title and body of merge commits (spec 1.4).

use super::{policy::CommitTexts, pool::Change};
use crate::{
    facts::{MergeState, Mergeable, ReviewDecision},
    text::template::{Template, Value},
};

/// The texts for a merge call; `None`: GitHub's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommitMessage {
    /// The first line.
    pub title: Option<String>,
    /// The rest.
    pub body: Option<String>,
}

/// Fills the templates in. One that fails is left out, as with Prow: a merge is not held up by its text.
pub fn message(texts: &CommitTexts, change: &Change) -> CommitMessage {
    let view = view(change);
    let fill = |template: &Option<Template>| template.as_ref().and_then(|t| t.render(&view).ok());
    CommitMessage { title: fill(&texts.title), body: fill(&texts.body) }
}

/// The record that templates were written for: Tide's, with Go's names.
fn view(change: &Change) -> Value {
    let pull = &change.pull;
    let text = |text: &str| Value::text(text);
    let author = text(pull.author.as_ref().map_or("", |login| login.as_str()));
    let number = Value::Int(i64::try_from(pull.number).unwrap_or(i64::MAX));
    let mergeable = text(match pull.mergeable {
        Mergeable::Mergeable => "MERGEABLE",
        Mergeable::Conflicting => "CONFLICTING",
        Mergeable::Unknown => "UNKNOWN",
    });
    let state = text(match &pull.merge_state {
        MergeState::Blocked => "BLOCKED",
        MergeState::Behind => "BEHIND",
        MergeState::Clean => "CLEAN",
        MergeState::Dirty => "DIRTY",
        MergeState::Draft => "DRAFT",
        MergeState::HasHooks => "HAS_HOOKS",
        MergeState::Unstable => "UNSTABLE",
        MergeState::Unknown => "UNKNOWN",
        MergeState::Other(other) => other,
    });
    let review = text(match &pull.review_decision {
        ReviewDecision::Approved => "APPROVED",
        ReviewDecision::ChangesRequested => "CHANGES_REQUESTED",
        ReviewDecision::ReviewRequired => "REVIEW_REQUIRED",
        ReviewDecision::None => "",
        ReviewDecision::Other(other) => other,
    });
    let full_name = Value::Text(pull.repository.to_string());
    let labels = change.listed_labels.iter().map(|label| Value::record([("Name", text(label))])).collect();
    let github = Value::record([
        ("Number", number.clone()),
        ("Author", Value::record([("Login", author.clone())])),
        ("BaseRef", Value::record([("Name", text(&pull.base_ref)), ("Prefix", text("refs/heads/"))])),
        ("HeadRefName", text(&pull.head_ref)),
        ("HeadRefOID", text(pull.head_sha.as_str())),
        ("Mergeable", mergeable.clone()),
        ("MergeStateStatus", state),
        ("CanBeRebased", Value::Bool(change.can_be_rebased)),
        ("ReviewDecision", review),
        (
            "Repository",
            Value::record([
                ("Name", text(&pull.repository.name)),
                ("NameWithOwner", full_name.clone()),
                ("Owner", Value::record([("Login", text(&pull.repository.owner))])),
            ]),
        ),
        ("Labels", Value::record([("Nodes", Value::List(labels))])),
        (
            "Milestone",
            pull.milestone.as_ref().map_or(Value::Nil, |title| Value::record([("Title", text(title))])),
        ),
        ("Body", text(&pull.body)),
        ("Title", text(&pull.title)),
        ("UpdatedAt", Value::Time(pull.updated_at)),
    ]);
    Value::record([
        ("Org", text(&pull.repository.owner)),
        ("Repo", text(&pull.repository.name)),
        ("NameWithOwner", full_name),
        ("Number", number),
        ("Title", text(&pull.title)),
        ("Body", text(&pull.body)),
        ("AuthorLogin", author),
        ("BaseRefName", text(&pull.base_ref)),
        ("HeadRefName", text(&pull.head_ref)),
        ("HeadRefOID", text(pull.head_sha.as_str())),
        ("UpdatedAtTime", Value::Time(pull.updated_at)),
        ("Mergeable", mergeable),
        ("GitHub", github),
    ])
}
