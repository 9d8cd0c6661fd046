//! A look at the branches of a repository: a tip that is not the recorded one is a push.
//!
//! The record moves only after the runs of the push were made.

use super::{Look, LookError, runs};
use crate::{context::Context, cursors};
use decide::{
    facts::{CommitSha, RepoName},
    trigger::{
        cursor::{CatchUp, Moved, Tips, pushes},
        push::{self, Push},
    },
};
use forge::Forge;
use std::{collections::BTreeSet, time::Duration};

/// What a round of catching up could not start is started after this.
const NEXT_ROUND: Duration = Duration::from_mins(1);

pub(super) async fn look(context: &Context, repository: &RepoName) -> Result<Option<Duration>, LookError> {
    let governed = context.governed(repository).await?;
    let branches = governed.forge.branches(repository).await?;
    let observed: Tips =
        branches.iter().map(|branch| (branch.name.clone(), CommitSha::new(branch.sha.as_str()))).collect();
    let mut cursors = cursors::read(context, &governed.namespace, repository).await?;
    let plan = pushes(cursors.tips.as_ref(), &observed);
    cursors.tips = Some(plan.record);
    cursors::write(context, &governed.namespace, repository, &cursors).await?;

    let catalogue = context.catalogue.get(context);
    let jobs = catalogue.postsubmits(repository);
    let settings = context.installation.settings();
    let mut catch_up = CatchUp::at_most(usize::try_from(settings.runs.catch_up).unwrap_or_default());
    let web = web_of(&governed.effective.repository.api_url);
    let mut unanswered = None;
    for moved in plan.moved {
        let push = push_of(&governed, repository, &moved, &web).await;
        let plan = push::plan(&push, jobs, &web);
        if let Some(problem) = plan.unanswered {
            unanswered = Some(LookError::Unanswered(problem.to_string()));
            continue;
        }
        if !catch_up.admit(plan.starts.len()) {
            continue;
        }
        for planned in plan.starts {
            let start = planned.action;
            let new = start.new_run(&std::collections::BTreeMap::new());
            runs::create(context, &start.job.namespace, &start.key, new, "", &planned.why).await?;
        }
        record(context, &governed.namespace, repository, &moved).await?;
        // What was merged into it may have gone, and what waits for it may go on.
        let waiting = context.pulls.of(repository).unwrap_or_default();
        let on_branch = waiting.iter().filter(|pull| pull.snapshot.pull.base_ref == moved.branch);
        for number in on_branch.map(|pull| pull.snapshot.pull.number).collect::<BTreeSet<_>>() {
            context.looks.hint(Look::Pull(repository.clone(), number));
        }
    }
    match unanswered {
        Some(problem) => Err(problem),
        None => Ok((catch_up.deferred() > 0).then_some(NEXT_ROUND)),
    }
}

async fn push_of(
    governed: &crate::context::Governed,
    repository: &RepoName,
    moved: &Moved,
    web: &str,
) -> Push {
    let (changed, compare) = match &moved.before {
        Some(before) => {
            let changed = governed.forge.changed_between(repository, before, &moved.after).await;
            (changed, format!("{web}/{repository}/compare/{before}...{}", moved.after))
        }
        // A new branch: what it changes is not known, so only jobs that run whatever changed do.
        None => (Ok(Vec::new()), format!("{web}/{repository}/commit/{}", moved.after)),
    };
    Push {
        repository: repository.clone(),
        reference: format!("refs/heads/{}", moved.branch),
        after: Some(moved.after.clone()),
        changed: changed.map_err(|error| decide::trigger::Unanswered {
            question: format!("what changed in {repository} {}", moved.branch),
            problem: error.to_string(),
        }),
        compare,
    }
}

async fn record(
    context: &Context,
    namespace: &str,
    repository: &RepoName,
    moved: &Moved,
) -> Result<(), LookError> {
    let mut cursors = cursors::read(context, namespace, repository).await?;
    cursors.tips.get_or_insert_default().insert(moved.branch.clone(), moved.after.clone());
    Ok(cursors::write(context, namespace, repository, &cursors).await?)
}

/// GitHub's pages, beside its API.
pub(crate) fn web_of(api_url: &str) -> String {
    match api_url {
        "https://api.github.com" => "https://github.com".to_owned(),
        enterprise => enterprise.strip_suffix("/api/v3").unwrap_or(enterprise).to_owned(),
    }
}
