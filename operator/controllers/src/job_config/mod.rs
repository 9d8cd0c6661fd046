//! The controller of JobConfigs: says which jobs are in force and what is wrong with the others, and starts periodics.
//!
//! Which jobs there are is decided for all objects together, by the catalogue; here one object's part of it is shown.
//! Presubmits and postsubmits are started by looks.

mod apply;
mod observe;
mod status;

use crate::{
    context::Context,
    runtime::next::{Intent, StageError},
};
use api::JobConfig;
use kube::{ResourceExt, runtime::controller::Action};
use std::{sync::Arc, time::Duration};

/// What can go wrong with a JobConfig, by stage.
#[derive(Debug, thiserror::Error)]
pub enum JobConfigError {
    /// Runs could not be seen.
    #[error("the runs of periodics could not be observed: {0}")]
    Observe(#[source] kube::Error),
    /// A run could not be made.
    #[error("the periodic {job} could not be started: {source}")]
    Start {
        /// The job.
        job: String,
        /// Why.
        source: kube::Error,
    },
    /// The status could not be written.
    #[error("the status could not be written: {0}")]
    Status(#[source] kube::Error),
}

impl StageError for JobConfigError {
    fn intent(&self) -> Intent {
        match self {
            Self::Observe(_) | Self::Start { .. } | Self::Status(_) => Intent::Retry,
        }
    }
}

/// How soon an object is looked at again whose mirrors are behind our own last writes.
const BEHIND: Duration = Duration::from_millis(100);

/// One look at one JobConfig.
///
/// # Errors
/// By stage; it is looked at again as the error's intent says.
pub async fn reconcile(object: Arc<JobConfig>, context: Arc<Context>) -> Result<Action, JobConfigError> {
    context.stores.ready().await; // what is not mirrored yet would seem not to be there
    if object.metadata.deletion_timestamp.is_some() {
        // Its runs finish, its periodics stop, its contexts retire by themselves (KINDS 6).
        return Ok(Action::await_change());
    }
    let Some(observed) = observe::observe(&context, &object).await? else {
        return Ok(Action::requeue(BEHIND));
    };
    let plans = observed.decide();
    let started = apply::start(&context, &object, &observed, &plans).await;
    let new = status::summarise(&object, &observed, &plans);
    let news = status::write(&context, &object, &new.status).await.map_err(JobConfigError::Status)?;
    if news {
        apply::hint(&context, &observed);
    }
    started?;
    let look_again = plans.iter().filter_map(|plan| plan.next_look).chain(new.wait_until).min();
    let look_again = look_again.map(|moment| moment.duration_since(observed.now));
    let look_again = look_again.map(|wait| Duration::try_from(wait).unwrap_or_default());
    Ok(context.backoff.succeeded(&key(&object), look_again))
}

/// The object in the words of logs and back-off.
pub fn key(object: &JobConfig) -> String {
    format!("jobconfig {}/{}", object.namespace().unwrap_or_default(), object.name_any())
}
