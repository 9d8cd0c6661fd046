//! A look at one issue: its commands.

use super::{LookError, apply, observe};
use crate::context::Context;
use decide::{
    command::{Item, Kind},
    facts::{Login, RepoName},
    look::{self, Facts},
};
use forge::{Forge, ForgeError};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

pub(super) async fn look(
    context: &Context,
    repository: &RepoName,
    number: u64,
) -> Result<Option<Duration>, LookError> {
    let governed = context.governed(repository).await?;
    let effective = &governed.effective.repository;
    let snapshot = match governed.forge.issue(repository, number).await {
        Err(ForgeError::NotFound { .. }) => return Ok(None),
        other => other?,
    };
    let viewer = governed.forge.viewer().await?;
    let (cursors, since) = observe::commands_since(context, &governed, repository, &viewer).await?;
    let description = observe::description_of_issue(&snapshot);
    let texts = observe::texts(description, &snapshot.comments, &viewer.login, &cursors);
    let plugins = observe::plugins(effective);
    let organizations: Vec<Login> = effective.trust.organizations.iter().cloned().collect();
    let mut rights = BTreeMap::new();
    let speakers: BTreeSet<Login> = texts
        .iter()
        .filter(|text| !text.marked && text.created_at >= since)
        .filter_map(|text| text.author.clone())
        .filter(|author| *author != viewer.login)
        .collect();
    for login in speakers {
        let person = observe::person(&governed, repository, &login, &organizations).await;
        rights.insert(login, observe::rights(&person, &repository.owner, effective));
    }
    let labels = governed.forge.labels(repository).await?;
    let repository_labels: BTreeSet<String> = labels.into_iter().map(|label| label.name).collect();
    let item = Item {
        kind: Kind::Issue,
        organization: repository.owner.clone(),
        author: snapshot.author.clone(),
        title: snapshot.title.clone(),
        labels: snapshot.labels.clone(),
        assignees: snapshot.assignees.iter().cloned().collect(),
        reviewers: BTreeSet::new(),
        open: snapshot.open,
        draft: false,
    };
    let teams = BTreeMap::new();
    let facts = Facts {
        item,
        number,
        comments: &texts,
        reviews: &[],
        us: &viewer.login,
        since,
        rights: &rights,
        teams: &teams,
        repository_labels: &repository_labels,
        change: None,
    };
    let plan = look::item(&facts, &plugins);
    let settings = context.installation.settings();
    let commands_url = observe::commands_url(settings.web.url.trim_end_matches('/'));
    let place = apply::Place {
        repository,
        number,
        texts: &texts,
        us: &viewer.login,
        item: &facts.item,
        commands_url: &commands_url,
    };
    apply::apply(context, &governed, &place, plan).await?;
    Ok(None)
}
