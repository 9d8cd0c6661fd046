//! What a look at a LabelPolicy does: one repository's labels are made as declared, change by change, and read back.
//!
//! A label that something open carries is never deleted: it is asked once more right before.

use super::observe::{CompareError, Compared, compare};
use crate::{
    accounts::AccountError,
    context::{Context, NotServed},
};
use api::LabelPolicy;
use decide::{
    facts::RepoName,
    label::{Conflict, Drift, LabelChange, Observed},
    reason::Reason,
};
use forge::{Forge, ForgeError, Gate, Label};
use kube::ResourceExt;
use std::collections::BTreeSet;

/// What became of one repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) repository: RepoName,
    /// How far it is from its policies now; `None`: not known.
    pub(super) drift: Option<Drift>,
    /// Where its policies disagree.
    pub(super) conflicts: Vec<Conflict>,
    /// The mode that keeps it as it is.
    pub(super) closed: Option<&'static str>,
    /// What a person must change.
    pub(super) refused: Option<String>,
    /// GitHub did not answer.
    pub(super) unanswered: Option<ForgeError>,
}

impl Outcome {
    pub(super) fn of(repository: &RepoName) -> Self {
        Self {
            repository: repository.clone(),
            drift: None,
            conflicts: Vec::new(),
            closed: None,
            refused: None,
            unanswered: None,
        }
    }

    fn failed(&mut self, error: ForgeError) {
        match error {
            ForgeError::Closed { mode, .. } => self.closed = Some(mode),
            error if error.is_transient() => self.unanswered = Some(error),
            error => self.refused = Some(error.to_string()),
        }
    }
}

/// Makes one repository's labels as declared.
pub(super) async fn sync(context: &Context, object: &LabelPolicy, repository: &RepoName) -> Outcome {
    let namespace = object.namespace().unwrap_or_default();
    let mut outcome = Outcome::of(repository);
    let compared = match compare(context, &namespace, repository).await {
        Ok(compared) => compared,
        Err(error) => {
            not_compared(&mut outcome, error);
            return outcome;
        }
    };
    let wrote = change_all(repository, &compared, &mut outcome).await;
    outcome.drift = Some(compared.plan.drift);
    outcome.conflicts = compared.conflicts;
    // What was written is told as GitHub has it now, not as it was meant.
    if wrote {
        match compare(context, &namespace, repository).await {
            Ok(compared) => outcome.drift = Some(compared.plan.drift),
            Err(error) => not_compared(&mut outcome, error),
        }
    }
    outcome
}

fn not_compared(outcome: &mut Outcome, error: CompareError) {
    match error {
        CompareError::Forge(error)
        | CompareError::NotServed(NotServed::Account(AccountError::Forge(error))) => {
            outcome.failed(error);
        }
        CompareError::NotServed(error) => outcome.refused = Some(error.to_string()),
    }
}

/// Carries the changes out, in order; true: something was written. One that GitHub refuses stops no other.
async fn change_all(repository: &RepoName, compared: &Compared, outcome: &mut Outcome) -> bool {
    let mut wrote = false;
    for planned in &compared.plan.changes {
        match change(&compared.forge, repository, &planned.action).await {
            Ok(done) => {
                if done {
                    tracing::info!(%repository, reason = planned.why.name(), change = ?planned.action, "changed a label");
                }
                wrote |= done;
            }
            // Another policy's look was faster, or a person: reading back shows what is there.
            Err(ForgeError::NotFound { .. }) => wrote = true,
            Err(ForgeError::Refused { status: 422, .. }) if is_creation(&planned.action) => wrote = true,
            Err(error) => {
                let stops = error.is_transient() || matches!(error, ForgeError::Closed { .. });
                outcome.failed(error);
                if stops {
                    break;
                }
            }
        }
    }
    wrote
}

fn is_creation(change: &LabelChange) -> bool {
    match change {
        LabelChange::Create(_) => true,
        LabelChange::Rename { .. }
        | LabelChange::Edit { .. }
        | LabelChange::Move { .. }
        | LabelChange::Delete(_) => false,
    }
}

/// One change; false: it was left alone.
async fn change(forge: &Gate, repository: &RepoName, change: &LabelChange) -> Result<bool, ForgeError> {
    let label = |to: &Observed| Label {
        name: to.name.clone(),
        color: to.color.clone(),
        description: to.description.clone(),
    };
    match change {
        LabelChange::Create(new) => forge.create_label(repository, &label(new)).await?,
        LabelChange::Rename { from: name, to } | LabelChange::Edit { name, to } => {
            forge.edit_label(repository, name, &label(to)).await?;
        }
        LabelChange::Move { from, to } => {
            for number in forge.items_with_label(repository, from).await? {
                forge.add_labels(repository, number, &BTreeSet::from([to.clone()])).await?;
                forge.remove_label(repository, number, from).await?;
            }
        }
        LabelChange::Delete(name) => {
            if !forge.items_with_label(repository, name).await?.is_empty() {
                return Ok(false); // something took it meanwhile
            }
            forge.delete_label(repository, name).await?;
        }
    }
    Ok(true)
}
