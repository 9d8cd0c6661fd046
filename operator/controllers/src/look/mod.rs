//! Looks: the operator goes and sees what is to be done about one pull request, one issue, the branches of a repository,
//! or all of a repository. Hints only say that it is time to.
//!
//! Observe, decide (`decide::look`, `decide::trigger`), apply. What a look could not finish it comes back for.

mod apply;
pub(crate) mod branches;
mod catalogue;
mod item;
pub(crate) mod observe;
mod pull;
pub(crate) mod runs;
mod sweep;

pub use catalogue::Catalogue;
pub use sweep::sweep_everything;

use crate::{
    context::{Context, NotServed},
    runtime::next::Intent,
};
use decide::facts::RepoName;
use forge::ForgeError;
use std::{sync::Arc, time::Duration};

/// Something to look at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Look {
    /// One pull request: everything about it.
    Pull(RepoName, u64),
    /// One issue: its commands.
    Item(RepoName, u64),
    /// The pull requests whose head is this commit.
    Commit(RepoName, String),
    /// The branches of a repository: pushes.
    Branches(RepoName),
    /// All that is open in a repository, and its branches.
    Repository(RepoName),
    /// All repositories of all owners.
    Everything,
}

/// Why a look did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// Nobody serves the repository.
    #[error(transparent)]
    NotServed(#[from] NotServed),
    /// GitHub did not answer, or said no.
    #[error(transparent)]
    Forge(#[from] ForgeError),
    /// The API server did not answer, or said no.
    #[error(transparent)]
    Kubernetes(#[from] kube::Error),
    /// git failed.
    #[error(transparent)]
    Git(#[from] git::GitError),
    /// A fact that a decision needs is not known; what could be decided was done.
    #[error("{0}")]
    Unanswered(String),
}

impl LookError {
    /// What can be done about it.
    pub(crate) fn intent(&self) -> Intent {
        match self {
            Self::NotServed(_) => Intent::Stalled,
            Self::Forge(error) if !error.is_transient() => Intent::Stalled,
            Self::Forge(ForgeError::RateLimited { .. }) => Intent::Wait(Duration::from_mins(1)),
            Self::Forge(_) | Self::Kubernetes(_) | Self::Git(_) | Self::Unanswered(_) => Intent::Retry,
        }
    }
}

/// Looks at what is due, one thing after another, until it is dropped. Several may run side by side.
pub async fn work(context: Arc<Context>) {
    loop {
        let look = context.looks.next().await;
        let name = format!("{look:?}");
        let again = match one(&context, &look).await {
            Ok(again) => {
                context.backoff.succeeded(&name, None);
                again
            }
            Err(error) => {
                let intent = error.intent();
                let wait = context.backoff.wait_after(&name, &intent);
                tracing::warn!(%error, look = name, ?wait, "a look did not come to its end");
                wait
            }
        };
        context.looks.done(&look, again);
    }
}

/// One look; gives when to look again, if anything is left.
async fn one(context: &Arc<Context>, look: &Look) -> Result<Option<Duration>, LookError> {
    match look {
        Look::Pull(repository, number) => pull::look(context, repository, *number).await,
        Look::Item(repository, number) => item::look(context, repository, *number).await,
        Look::Commit(repository, sha) => {
            let known = context.pulls.of(repository).unwrap_or_default();
            for mirrored in known.iter().filter(|m| m.snapshot.pull.head_sha.as_str() == sha) {
                context.looks.hint(Look::Pull(repository.clone(), mirrored.snapshot.pull.number));
            }
            Ok(None)
        }
        Look::Branches(repository) => branches::look(context, repository).await,
        Look::Repository(repository) => sweep::sweep(context, repository).await,
        Look::Everything => sweep::sweep_everything(context).await,
    }
}
