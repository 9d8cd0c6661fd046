//! A look at one pull request: observe everything, decide once, apply action by action.

use super::{LookError, apply, observe};
use crate::context::Context;
use decide::{
    command::{Item, lgtm},
    facts::{CommitSha, Login, RepoName},
    look::{self, Change, Facts},
    owners::notification::Page,
    trigger::{self, Observed, Unanswered, cursor::CatchUp},
};
use forge::{Forge, ForgeError};
use jiff::Timestamp;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// What had to wait is looked at again after this.
const NEXT_ROUND: Duration = Duration::from_secs(30);

#[expect(
    clippy::too_many_lines,
    reason = "one look gathers all facts in one place; split it when it gathers more"
)]
pub(super) async fn look(
    context: &Context,
    repository: &RepoName,
    number: u64,
) -> Result<Option<Duration>, LookError> {
    let governed = context.governed(repository).await?;
    let effective = &governed.effective.repository;
    let snapshot = match governed.forge.pull(repository, number).await {
        Err(ForgeError::NotFound { .. }) => return Ok(None),
        other => other?,
    };
    let viewer = governed.forge.viewer().await?;
    let (cursors, since) = observe::commands_since(context, &governed, repository, &viewer).await?;
    let texts =
        observe::texts(observe::description_of_pull(&snapshot), &snapshot.comments, &viewer.login, &cursors);

    let pull = &snapshot.pull;
    let settings = context.installation.settings();
    let web = settings.web.url.trim_end_matches('/');
    let policy = observe::trigger_policy(effective, &viewer, web);
    let catalogue = context.catalogue.get(context);
    let triggers = effective.plugins.trigger.is_some();
    let jobs = if triggers { catalogue.presubmits(repository) } else { &[] };
    let unknown = |question: &str| {
        let question = format!("{question} of {repository}#{number}");
        move |error: ForgeError| Unanswered { question: question.clone(), problem: error.to_string() }
    };
    let record = lgtm::record(&snapshot.comments, &viewer.login);
    let reviews = snapshot.reviews.iter().map(|review| review.comment.clone());
    let mut observed = Observed {
        pull: pull.clone(),
        base_tip: Ok(pull.base_sha.clone()),
        changed: governed.forge.changed_files(repository, number).await.map_err(unknown("the files")),
        contexts: Ok(snapshot.statuses.clone()),
        people: BTreeMap::new(),
        merged_of_author: None,
        comments: texts.iter().cloned().chain(reviews).collect(),
        runs: observe::runs_of(context, repository, number),
        past_runs: observe::past_runs(&cursors),
        head_since: None,
        lgtm_on: record.as_ref().and_then(|record| record.head.clone()),
        commands_since: since,
    };

    let plugins = observe::plugins(effective);
    let mut people = trigger::people(&observed, &policy, jobs);
    people.extend(speakers(&observed, &viewer.login, since));
    let mut rights = BTreeMap::new();
    for login in people {
        let person = observe::person(&governed, repository, &login, &policy.trust.organizations).await;
        rights.insert(login.clone(), observe::rights(&person, &repository.owner, effective));
        observed.people.insert(login, person);
    }
    let triggered = if triggers {
        trigger::look(&observed, &policy, jobs, &mut CatchUp::unlimited())
    } else {
        trigger::Look { steps: Vec::new(), unanswered: None, deferred: 0 }
    };

    let none = Vec::new();
    let files = observed.changed.as_ref().unwrap_or(&none);
    let repository_labels: BTreeSet<String> = if plugins.label.is_some() || plugins.owners_label {
        governed.forge.labels(repository).await?.into_iter().map(|label| label.name).collect()
    } else {
        BTreeSet::new()
    };
    // A closed pull request needs no content, and its commits may be gone.
    let reads_content =
        pull.open && (plugins.approve.is_some() || plugins.lgtm.is_some() || plugins.owners_label);
    let content = if reads_content {
        let head = CommitSha::new(pull.head_sha.as_str());
        Some(observe::content(context, &governed, repository, &pull.base_sha, &head).await?)
    } else {
        None
    };
    let seen = first_status(&governed, repository, &snapshot, &viewer.login).await?;
    let (repository_name, server) = (repository.to_string(), policy.web.clone());
    let page_url = format!("{server}/{repository}/pull/{number}");
    let change = content.as_ref().map(|(tree, owners)| Change {
        head: lgtm::Head { commit: &pull.head_sha, tree, seen },
        description: &pull.body,
        files,
        owners,
        page: Page {
            server: &server,
            repository: &repository_name,
            branch: &pull.base_ref,
            file: &effective.owners.file,
            command_help: &policy.commands_url,
            process: &policy.commands_url,
            pull_request: &page_url,
        },
    });
    let teams = BTreeMap::new();
    let facts = Facts {
        item: Item::from(pull),
        number,
        comments: &texts,
        reviews: &snapshot.reviews,
        us: &viewer.login,
        since,
        rights: &rights,
        teams: &teams,
        repository_labels: &repository_labels,
        change,
    };
    let unanswered = triggered.unanswered.clone();
    let plan = look::pull(triggered, &facts, &plugins);
    let finished = plan.finished;
    let place = apply::Place {
        repository,
        number,
        texts: &observed.comments,
        us: &viewer.login,
        item: &facts.item,
        commands_url: &policy.commands_url,
    };
    let changed = apply::apply(context, &governed, &place, plan).await?;
    context.pulls.looked(snapshot, finished && !changed);
    context.pools_changed(repository);
    if let Some(unanswered) = unanswered {
        return Err(LookError::Unanswered(unanswered.to_string()));
    }
    if changed {
        // What was written is seen by the next look, which then has nothing left to do.
        return Ok(Some(Duration::from_secs(1)));
    }
    Ok((!finished).then_some(NEXT_ROUND))
}

/// Everybody whose text may hold a command.
fn speakers(observed: &Observed, us: &Login, since: Timestamp) -> BTreeSet<Login> {
    let due = observed.comments.iter().filter(|comment| !comment.marked && comment.created_at >= since);
    due.filter(|comment| comment.body.lines().any(|line| line.trim_start().starts_with('/')))
        .filter_map(|comment| comment.author.clone())
        .filter(|author| author != us)
        .collect()
}

/// When we first put a status on this head (DESIGN C4).
async fn first_status(
    governed: &crate::context::Governed,
    repository: &RepoName,
    snapshot: &forge::PullSnapshot,
    us: &Login,
) -> Result<Option<Timestamp>, LookError> {
    if snapshot.statuses.is_empty() || !snapshot.pull.open {
        return Ok(None);
    }
    let all = governed.forge.status_history(repository, &snapshot.pull.head_sha).await?;
    let ours = all.iter().filter(|status| status.creator.as_ref() == Some(us));
    Ok(ours.filter_map(|status| status.created_at).min())
}
