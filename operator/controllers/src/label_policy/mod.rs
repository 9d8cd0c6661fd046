//! The controller of LabelPolicies: gives the repositories of a namespace the labels that its policies declare together.
//!
//! Observe, decide (`decide::label`), apply, read back, status. Every policy of a repository looks after it; what one has
//! done the others find done.

mod apply;
mod observe;
mod status;

use crate::{
    context::Context,
    runtime::next::{Intent, StageError},
};
use api::LabelPolicy;
use forge::ForgeError;
use jiff::Timestamp;
use kube::{ResourceExt, runtime::controller::Action};
use std::{sync::Arc, time::Duration};

/// What can go wrong with a LabelPolicy, by stage. What a person must change is no error: the status tells it.
#[derive(Debug, thiserror::Error)]
pub enum LabelPolicyError {
    /// GitHub did not answer for at least one repository.
    #[error("GitHub did not answer: {error}")]
    Unanswered {
        /// Its answer.
        error: ForgeError,
        /// When it came.
        now: Timestamp,
    },
    /// The status could not be written.
    #[error("the status could not be written: {0}")]
    Status(#[source] kube::Error),
}

impl StageError for LabelPolicyError {
    fn intent(&self) -> Intent {
        match self {
            Self::Unanswered { error, now } => error.wait(*now).map_or(Intent::Retry, Intent::Wait),
            Self::Status(_) => Intent::Retry,
        }
    }
}

/// How soon an object is looked at again whose mirror is behind our own last write.
const BEHIND: Duration = Duration::from_millis(100);

/// One look at one LabelPolicy.
///
/// # Errors
/// By stage; it is looked at again as the error's intent says.
pub async fn reconcile(object: Arc<LabelPolicy>, context: Arc<Context>) -> Result<Action, LabelPolicyError> {
    context.stores.ready().await; // what is not mirrored yet would seem not to be there
    if object.metadata.deletion_timestamp.is_some() {
        return Ok(Action::await_change()); // labels stay (KINDS 6)
    }
    if context.writes.is_stale(object.as_ref()) {
        return Ok(Action::requeue(BEHIND));
    }
    let named = observe::named(&context, &object).await;
    let mut outcomes = Vec::new();
    for repository in &named.repositories {
        outcomes.push(apply::sync(&context, &object, repository).await);
    }
    let now = context.clock.now();
    let new = status::summarise(&object, &named, &outcomes, now);
    status::write(&context, &object, &new).await.map_err(LabelPolicyError::Status)?;
    let unanswered = named.unanswered.into_iter().chain(outcomes.into_iter().filter_map(|o| o.unanswered));
    match unanswered.into_iter().next() {
        Some(error) => Err(LabelPolicyError::Unanswered { error, now }),
        None => Ok(context.backoff.succeeded(&key(&object), None)),
    }
}

/// The object in the words of logs and back-off.
pub fn key(object: &LabelPolicy) -> String {
    format!("labelpolicy {}/{}", object.namespace().unwrap_or_default(), object.name_any())
}
