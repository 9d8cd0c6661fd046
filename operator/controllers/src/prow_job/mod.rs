//! The controller of runs: gives each its pod, follows it to its end, tells GitHub, and removes what is old.
//!
//! Observe, decide (`decide::run`), apply, status. A state is written before it is told: the telling happens at the next
//! look, which finds the state written and not told.

mod apply;
mod observe;
mod report;
mod retain;
mod status;

pub use retain::retain;

use crate::{
    context::Context,
    runtime::next::{Intent, StageError},
};
use api::ProwJob;
use decide::{reason::Reason, report::job_url::JobUrls, run, text::template::Template};
use kube::{ResourceExt, runtime::controller::Action};
use std::{sync::Arc, time::Duration};

/// What can go wrong with a run, by stage.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// It could not be seen.
    #[error("the run could not be observed: {0}")]
    Observe(#[source] kube::Error),
    /// Its pod could not be changed.
    #[error("the run's pod could not be changed: {0}")]
    Apply(#[source] kube::Error),
    /// Its status could not be written.
    #[error("the run's status could not be written: {0}")]
    Status(#[source] kube::Error),
    /// GitHub could not be told.
    #[error("GitHub could not be told: {0}")]
    Report(#[from] report::ReportError),
}

impl StageError for RunError {
    fn intent(&self) -> Intent {
        match self {
            // Somebody else wrote meanwhile: look at what is there now.
            Self::Status(kube::Error::Api(status)) if status.is_conflict() => {
                Intent::Wait(Duration::from_millis(100))
            }
            Self::Observe(_) | Self::Apply(_) | Self::Status(_) => Intent::Retry,
            Self::Report(error) => error.intent(),
        }
    }
}

/// One look at one run.
///
/// # Errors
/// By stage; the run is looked at again as the error's intent says.
pub async fn reconcile(object: Arc<ProwJob>, context: Arc<Context>) -> Result<Action, RunError> {
    let Some(observed) = observe::observe(&context, &object).await? else {
        return Ok(Action::requeue(observe::BEHIND)); // the mirror is older than our own last write
    };
    let plan = observed.decide(run::step);
    tracing::debug!(run = observed.run.name, state = %observed.run.state(), reason = plan.reason.name(), "looked at");
    let applied = apply::apply(&context, &observed, plan).await?;
    if applied.plan().release {
        apply::release(&context, &object, &observed.run).await?;
        return Ok(Action::await_change());
    }
    let written = status::write(&context, &object, &applied).await?;
    if !written {
        report::report(&context, &object, &observed.run).await?;
    }
    Ok(context.backoff.succeeded(&key(&object), applied.plan().requeue_after))
}

/// The object in the words of logs and back-off.
pub(crate) fn key(object: &ProwJob) -> String {
    format!("prowjob {}/{}", object.namespace().unwrap_or_default(), object.name_any())
}

/// How links to runs are made from the dashboard's address; none without one.
pub(crate) fn links(web: &str) -> JobUrls {
    let web = web.trim_end_matches('/');
    let template = format!("{web}/runs/{{{{.Namespace}}}}/{{{{.Name}}}}");
    JobUrls {
        template: if web.is_empty() { None } else { Template::new(&template).ok() },
        ..JobUrls::default()
    }
}
