//! The controller of merge pools: what is tested together, and what lands when.
//!
//! Observe, decide (`decide::merge`), apply, status, branch by branch: what goes wrong with one does not stop the others.
//! A landing goes one step a look, each on facts that were read for it, so that a crash between two steps changes nothing.

mod apply;
mod deletion;
mod ground;
mod intents;
mod landing;
mod memory;
mod observe;
mod questions;
mod requirements;
mod status;
mod tell;

pub use memory::Memory;

use crate::{
    context::Context,
    look::LookError,
    runtime::next::{Intent, StageError},
};
use api::MergePool;
use kube::{ResourceExt, runtime::controller::Action};
use std::{sync::Arc, time::Duration};

/// How soon a pool is looked at again whose mirrors are behind our own writes.
const BEHIND: Duration = Duration::from_millis(100);

/// What can go wrong with a pool, by stage.
#[derive(Debug, thiserror::Error)]
pub enum PoolError {
    /// A branch could not be looked at, or something could not be done about it. The others were.
    #[error("{place}: {error}")]
    Branch {
        /// The repository or branch.
        place: String,
        /// What happened.
        #[source]
        error: LookError,
    },
    /// An intent could not be written, or another writer was faster.
    #[error("an intent could not be written: {0}")]
    Intent(#[source] kube::Error),
    /// The finalizer could not be set or removed.
    #[error("the pool's finalizer could not be changed: {0}")]
    Finalizer(#[source] kube::Error),
    /// The status could not be written.
    #[error("the pool's status could not be written: {0}")]
    Status(#[source] kube::Error),
}

impl StageError for PoolError {
    fn intent(&self) -> Intent {
        match self {
            // Somebody else wrote meanwhile: look at what is there now.
            Self::Intent(kube::Error::Api(status))
            | Self::Branch { error: LookError::Kubernetes(kube::Error::Api(status)), .. }
                if status.is_conflict() =>
            {
                Intent::Wait(BEHIND)
            }
            Self::Branch { error, .. } => error.intent(),
            Self::Intent(_) | Self::Finalizer(_) | Self::Status(_) => Intent::Retry,
        }
    }
}

/// One look at one pool.
///
/// # Errors
/// By stage; the pool is looked at again as the error's intent says.
pub async fn reconcile(object: Arc<MergePool>, context: Arc<Context>) -> Result<Action, PoolError> {
    if !observe::is_up_to_date(&context, &object) {
        return Ok(Action::requeue(BEHIND));
    }
    if object.metadata.deletion_timestamp.is_some() {
        return deletion::clean_up(&context, &object).await;
    }
    if deletion::hold(&context, &object).await? {
        return Ok(Action::requeue(BEHIND)); // the change brings the pool back
    }
    let mut observed = observe::observe(&context, &object).await;
    let mut intents = intents::Intents::of(&object);
    for branch in &observed.abandoned {
        intents.write(&context, branch, None).await?;
    }
    let mut looked = status::Looked::of(&mut observed);
    for branch in observed.branches {
        let decided = questions::decide(&context, branch).await;
        looked.add(Box::pin(apply::apply(&context, &mut intents, decided)).await?);
    }
    let trouble = looked.trouble.take();
    let next = looked.next();
    status::write(&context, intents.pool(), looked).await?;
    match trouble {
        Some((place, error)) => Err(PoolError::Branch { place, error }),
        None => Ok(context.backoff.succeeded(&key(&object), next)),
    }
}

/// The object in the words of logs and back-off.
pub(crate) fn key(object: &MergePool) -> String {
    format!("mergepool {}/{}", object.namespace().unwrap_or_default(), object.name_any())
}
