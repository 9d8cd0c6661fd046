//! Telling GitHub what became of a run: its status, and the one comment that lists failed tests.
//!
//! Both are upserts. The state that was told is recorded after the telling, so a crash between the two tells it twice
//! and shows it once.

use super::{RunError, status};
use crate::{
    context::{Context, NotServed},
    runtime::next::Intent,
    stores::sorted,
};
use api::{
    ProwJob,
    repository::{CommentWhen, StatusWhen},
};
use decide::{
    facts::{CommentId, CommitSha, RepoName},
    report::{
        comment::{self, OwnComment, Surroundings},
        status as report_status,
    },
    run::{self, Run},
    text::template::Template,
    trigger::ContextMark,
};
use forge::{CommentBody, Forge, ForgeError, StatusWish};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use std::time::Duration;

/// Why GitHub could not be told.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// Nobody serves the repository.
    #[error(transparent)]
    NotServed(#[from] NotServed),
    /// GitHub said no, or nothing.
    #[error(transparent)]
    Forge(#[from] ForgeError),
}

impl ReportError {
    pub(super) fn intent(&self) -> Intent {
        match self {
            Self::Forge(ForgeError::RateLimited { .. }) => Intent::Wait(Duration::from_mins(1)),
            Self::Forge(error) if error.is_transient() => Intent::Retry,
            Self::NotServed(_) | Self::Forge(_) => Intent::Stalled,
        }
    }
}

/// Tells GitHub the run's state, if it does not know it yet.
pub(super) async fn report(context: &Context, object: &ProwJob, run: &Run) -> Result<(), RunError> {
    let told = run.status.prev_report_states.get(run::GITHUB_REPORTER);
    if !report_status::is_reported(&run.spec, &run.labels) || told == Some(&run.state()) {
        return Ok(());
    }
    tell(context, run).await?;
    let now = Time(context.clock.now());
    status::replace(context, object, run::reported(run, &now)).await.map(drop)
}

async fn tell(context: &Context, run: &Run) -> Result<(), ReportError> {
    let Some(refs) = &run.spec.refs else { return Ok(()) };
    let Some(status) = report_status::status(run) else { return Ok(()) };
    let repository = RepoName::new(&refs.org, &refs.repo);
    let governed = context.governed(&repository).await?;
    let report = &governed.effective.repository.report;
    if report.statuses == StatusWhen::Always {
        let wish = StatusWish {
            context: status.context,
            state: status.state,
            description: status.description,
            target_url: marked(run, &status.target_url),
        };
        match governed.forge.set_status(&repository, &CommitSha::new(status.sha.as_str()), &wish).await {
            // The commit is gone, or GitHub takes no more statuses for it: telling again changes nothing.
            Ok(())
            | Err(ForgeError::NotFound { .. } | ForgeError::Refused { .. } | ForgeError::Closed { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let mode = match report.comment {
        CommentWhen::Never => return Ok(()),
        CommentWhen::OnFailure => comment::Mode::OnFailure,
        CommentWhen::Always => comment::Mode::Summary,
    };
    comment(context, run, &repository, &governed, mode).await
}

/// The link, with our mark on it where it speaks of a presubmit that was really run (DESIGN R2). GitHub takes only web
/// addresses, so without a dashboard the link is the pull request itself.
fn marked(run: &Run, url: &str) -> String {
    let pull = run.spec.refs.as_ref().and_then(|refs| refs.pulls.first());
    let url = if url.is_empty() { pull.map_or("", |pull| pull.link.as_str()) } else { url };
    match ContextMark::of(run).filter(|_| !url.is_empty()) {
        Some(mark) => mark.on(url),
        None => url.to_owned(),
    }
}

async fn comment(
    context: &Context,
    run: &Run,
    repository: &RepoName,
    governed: &crate::context::Governed,
    mode: comment::Mode,
) -> Result<(), ReportError> {
    let Some(pull) = run.spec.refs.as_ref().and_then(|refs| refs.pulls.first()) else { return Ok(()) };
    if !run.is_complete() {
        return Ok(());
    }
    let number = u64::try_from(pull.number).unwrap_or_default();
    let viewer = governed.forge.viewer().await?;
    let snapshot = match governed.forge.pull(repository, number).await {
        Err(ForgeError::NotFound { .. }) => return Ok(()),
        other => other?,
    };
    let own: Vec<OwnComment<'_>> = snapshot
        .comments
        .iter()
        .filter(|comment| comment.author.as_ref() == Some(&viewer.login))
        .filter_map(|comment| match comment.id {
            CommentId::Comment(id) => Some(OwnComment { id, body: &comment.body }),
            CommentId::Description | CommentId::Review(_) | CommentId::ReviewComment(_) => None,
        })
        .collect();
    let all: Vec<Run> = sorted(&context.stores.prow_jobs).iter().map(|object| Run::observe(object)).collect();
    let of_pull: Vec<&Run> = all.iter().filter(|other| tests_same_pull(other, run)).collect();
    let template = &governed.effective.repository.report.template;
    let template = if template.is_empty() { None } else { Template::new(template).ok() };
    let web = context.installation.settings().web.url.clone();
    let about = format!("[Commands]({})", crate::look::observe::commands_url(web.trim_end_matches('/')));
    let around = Surroundings { author: &pull.author, template: template.as_ref(), about: &about };
    let plan = comment::plan(run, &of_pull, &own, mode, &around);
    if let Some(problem) = &plan.template_problem {
        tracing::warn!(run = run.name, %problem, "report.template could not be used");
    }
    if let Some((place, text)) = plan.write {
        let body = CommentBody(text);
        match place {
            Some(id) => governed.forge.edit_comment(repository, id, &body).await?,
            None => governed.forge.create_comment(repository, number, &body).await.map(drop)?,
        }
    }
    for id in plan.delete {
        governed.forge.delete_comment(repository, id).await?;
    }
    Ok(())
}

fn tests_same_pull(other: &Run, run: &Run) -> bool {
    let pull = |run: &Run| {
        let refs = run.spec.refs.as_ref()?;
        Some((refs.org.clone(), refs.repo.clone(), refs.pulls.first()?.number))
    };
    other.spec.type_ == run.spec.type_ && pull(other) == pull(run)
}
