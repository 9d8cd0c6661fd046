//! The controller of Repositories: proves credentials, claims the owner, keeps the hook right, and says what is in force.
//!
//! Observe, decide (`decide::govern`, `decide::config::layers`, `decide::webhook`), apply, status. What GitHub does not
//! answer now is told in the status and tried again; it takes nothing out of force.

mod apply;
mod hooks;
mod observe;
mod status;

pub use hooks::recover;
pub(crate) use observe::{named_by, sample};

use crate::{
    context::Context,
    installation,
    runtime::next::{Intent, StageError},
};
use api::Repository;
use forge::ForgeError;
use kube::{ResourceExt, runtime::controller::Action};
use std::{sync::Arc, time::Duration};

/// What can go wrong with a Repository, by stage. What a person must change is no error: the status tells it.
#[derive(Debug, thiserror::Error)]
pub enum RepositoryError {
    /// GitHub did not answer.
    #[error("GitHub could not be asked: {message}")]
    Observe {
        /// Why.
        message: String,
        /// How long to wait, where GitHub says so.
        wait: Option<Duration>,
    },
    /// The claims could not be recorded.
    #[error("the claims could not be recorded: {0}")]
    Claims(#[source] kube::Error),
    /// The hook could not be removed.
    #[error("the hook could not be removed: {0}")]
    Hook(#[from] ForgeError),
    /// The finalizer could not be written.
    #[error("the finalizer could not be written: {0}")]
    Finalizer(#[source] kube::Error),
    /// The status could not be written.
    #[error("the status could not be written: {0}")]
    Status(#[source] kube::Error),
}

impl StageError for RepositoryError {
    fn intent(&self) -> Intent {
        match self {
            Self::Observe { wait: Some(wait), .. } => Intent::Wait(*wait),
            // A finalizer goes after a minute in any case, so a removal is always tried again.
            Self::Observe { wait: None, .. }
            | Self::Claims(_)
            | Self::Hook(_)
            | Self::Finalizer(_)
            | Self::Status(_) => Intent::Retry,
        }
    }
}

/// How soon an object is looked at again whose mirror is behind our own last write.
const BEHIND: Duration = Duration::from_millis(100);

/// One look at one Repository.
///
/// # Errors
/// By stage; it is looked at again as the error's intent says.
pub async fn reconcile(object: Arc<Repository>, context: Arc<Context>) -> Result<Action, RepositoryError> {
    context.stores.ready().await; // what is not mirrored yet would seem not to be there
    if object.metadata.deletion_timestamp.is_some() {
        apply::clean_up(&context, &object).await?;
        return Ok(Action::await_change());
    }
    if context.writes.is_stale(object.as_ref()) {
        return Ok(Action::requeue(BEHIND));
    }
    apply::hold_if_needed(&context, &object).await?;
    let credentials = observe::credentials(&context, &object).await;
    context.memory.proved(&object.uid().unwrap_or_default(), credentials.prove());
    installation::settle_claims(&context).await.map_err(RepositoryError::Claims)?;
    let standing = observe::standing(&context, &object, &credentials);
    let hooks = apply::keep_hooks(&context, &object, &credentials, &standing).await;
    let seen = status::Seen {
        object: &object,
        credentials: credentials.view(),
        standing: &standing,
        hooks: &hooks,
        settings: &context.installation.problems(),
        recovered: context.memory.recovered(&object.uid().unwrap_or_default()),
        now: context.clock.now(),
    };
    let new = status::summarise(&seen);
    let news = status::write(&context, &object, new).await.map_err(RepositoryError::Status)?;
    if news {
        apply::hint(&context, &standing);
    }
    match credentials.unanswered(context.clock.now()) {
        Some(error) => Err(error),
        None => Ok(context.backoff.succeeded(&key(&object), None)),
    }
}

/// The object in the words of logs and back-off.
pub fn key(object: &Repository) -> String {
    format!("repository {}/{}", object.namespace().unwrap_or_default(), object.name_any())
}
