//! What a look at a pull request or an issue sees.

use super::LookError;
use crate::{
    context::{Context, Governed},
    cursors::{self, Cursors},
    stores::sorted,
};
use api::{keys, prow_job::ProwJobType};
use decide::{
    command::{self, Rights},
    config::layers::EffectiveRepository,
    facts::{BaseSha, Comment, CommentId, CommitSha, Login, RepoName, TreeSha},
    look::Plugins,
    owners::{Denylist, Layout, Owners},
    run::Run,
    trigger::{
        AbortCause, Person, SeenRun, TriggerPolicy, Unanswered,
        trust::{BindTo, TrustPolicy},
    },
};
use forge::{Forge, ForgeError, ItemSnapshot, Permission, PullSnapshot, Viewer};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// What marks a text as carried out where its reaction was refused (DESIGN C2).
pub(super) const DONE: &str = "<!-- bowsprit done";

/// A comment of ours that marks another text.
pub(super) fn done_marker(id: CommentId) -> String {
    format!("{DONE} {id:?} -->")
}

/// All texts of an issue or pull request, the description as a text of its author.
pub(super) fn texts(
    description: Comment,
    comments: &[Comment],
    us: &Login,
    cursors: &Cursors,
) -> Vec<Comment> {
    let marked_by_comment: BTreeSet<&str> = comments
        .iter()
        .filter(|comment| comment.author.as_ref() == Some(us))
        .filter_map(|comment| comment.body.lines().next().filter(|line| line.starts_with(DONE)))
        .collect();
    let mut all: Vec<Comment> = std::iter::once(description).chain(comments.iter().cloned()).collect();
    for comment in &mut all {
        let marker = done_marker(comment.id);
        comment.marked |= marked_by_comment.contains(marker.as_str()) || cursors.marks.contains(&marker);
    }
    all
}

pub(super) fn description_of_pull(snapshot: &PullSnapshot) -> Comment {
    let pull = &snapshot.pull;
    Comment {
        id: CommentId::Description,
        node_id: pull.node_id.clone(),
        author: pull.author.clone(),
        author_is_bot: pull.author_is_bot,
        body: pull.body.clone(),
        created_at: pull.created_at,
        last_edited_at: snapshot.description_edited_at,
        marked: snapshot.description_marked,
        url: String::new(),
    }
}

pub(super) fn description_of_issue(item: &ItemSnapshot) -> Comment {
    Comment {
        id: CommentId::Description,
        node_id: item.node_id.clone(),
        author: item.author.clone(),
        author_is_bot: false,
        body: item.body.clone(),
        created_at: item.created_at,
        last_edited_at: item.description_edited_at,
        marked: item.description_marked,
        url: String::new(),
    }
}

/// Since when commands count (DESIGN C3). Set when we first look at a repository, and anew when we are another account.
pub(super) async fn commands_since(
    context: &Context,
    governed: &Governed,
    repository: &RepoName,
    viewer: &Viewer,
) -> Result<(Cursors, Timestamp), LookError> {
    let mut cursors = cursors::read(context, &governed.namespace, repository).await?;
    let identity = viewer.login.folded();
    if let (Some(since), Some(known)) = (cursors.commands_since, &cursors.identity)
        && *known == identity
    {
        return Ok((cursors, since));
    }
    let since = context.clock.now();
    cursors.commands_since = Some(since);
    cursors.identity = Some(identity);
    cursors::write(context, &governed.namespace, repository, &cursors).await?;
    let cursors = cursors::read(context, &governed.namespace, repository).await?;
    Ok((cursors, since))
}

/// The trigger's rules, from what is in force.
pub(super) fn trigger_policy(effective: &EffectiveRepository, viewer: &Viewer, web: &str) -> TriggerPolicy {
    let plugin = effective.plugins.trigger.clone().unwrap_or_default();
    let trust = &effective.trust;
    TriggerPolicy {
        bot: viewer.login.clone(),
        trust: TrustPolicy {
            organizations: trust.organizations.iter().cloned().collect(),
            collaborators: trust.collaborators,
            apps: trust.apps.iter().cloned().collect(),
            ok_to_test: trust.ok_to_test.enabled,
            bind_to: match trust.ok_to_test.bind_to {
                api::repository::OkToTestBinding::PullRequest => BindTo::PullRequest,
                api::repository::OkToTestBinding::HeadCommit => BindTo::HeadCommit,
            },
        },
        join_url: plugin.join_organization_url,
        press_to_join_from: None,
        press_to_join: None,
        workflows: false,
        web: super::branches::web_of(&effective.api_url),
        commands_url: commands_url(web),
    }
}

/// The page that explains the commands: the dashboard's, else the project's.
pub(crate) fn commands_url(web: &str) -> String {
    if web.is_empty() { "https://bowsprit.dev/commands".to_owned() } else { format!("{web}/commands") }
}

/// The plugins that are on.
pub(super) fn plugins(effective: &EffectiveRepository) -> Plugins {
    let plugins = &effective.plugins;
    Plugins {
        hold: plugins.hold.is_some(),
        assign: plugins.assign.is_some(),
        lifecycle: plugins.lifecycle.is_some(),
        retitle: plugins.retitle.as_ref().map(Into::into),
        label: plugins.label.as_ref().map(|plugin| command::label::Settings::new(plugin, [])),
        lgtm: plugins.lgtm.as_ref().map(Into::into),
        approve: plugins.approve.as_ref().map(Into::into),
        wip: plugins.wip.is_some(),
        owners_label: plugins.owners_label.is_some(),
    }
}

/// The runs of a pull request, as the trigger sees them.
pub(super) fn runs_of(context: &Context, repository: &RepoName, number: u64) -> Vec<SeenRun> {
    let runs = sorted(&context.stores.prow_jobs);
    let seen = runs.iter().map(|object| Run::observe(object)).filter(|run| {
        // A run that is being removed counts through the cursors, unless the trigger itself had ended it.
        run.deleted.is_none() && run.spec.type_ == ProwJobType::Presubmit
    });
    seen.filter_map(|run| SeenRun::of(&run))
        .filter(|run| run.repository.matches(&repository.to_string()) && run.pull == Some(number))
        .collect()
}

/// What a person is to the repository. What GitHub does not say stays unknown.
pub(super) async fn person(
    governed: &Governed,
    repository: &RepoName,
    login: &Login,
    organizations: &[Login],
) -> Person {
    let forge = &governed.forge;
    let unknown = |question: String, error: &ForgeError| Unanswered { question, problem: error.to_string() };
    let mut member_of = BTreeMap::new();
    for organization in organizations {
        let answer = match forge.is_member(organization.as_str(), login).await {
            // The owner is a person: nobody belongs to them but themselves.
            Err(ForgeError::NotFound { .. }) => Ok(organization == login),
            other => other.map(|member| member || organization == login),
        };
        let answer =
            answer.map_err(|error| unknown(format!("whether {login} belongs to {organization}"), &error));
        member_of.insert(organization.clone(), answer);
    }
    let collaborator = match forge.permission(repository, login).await {
        Ok(permission) => Ok(permission >= Permission::Triage),
        Err(error) => Err(unknown(format!("what {login} may do in {repository}"), &error)),
    };
    Person { member_of, collaborator }
}

/// What a person may do, for the plugins that ask no further. Unknown is no.
pub(super) fn rights(person: &Person, owner: &str, effective: &EffectiveRepository) -> Rights {
    let belongs = |organization: &Login| matches!(person.member_of.get(organization), Some(Ok(true)));
    let member = belongs(&Login::new(owner));
    let collaborator = matches!(person.collaborator, Ok(true));
    let trusted =
        effective.trust.organizations.iter().any(belongs) || (effective.trust.collaborators && collaborator);
    Rights { member, collaborator, trusted }
}

/// Where git fetches a repository from.
pub(crate) async fn remote(
    context: &Context,
    governed: &Governed,
    repository: &RepoName,
) -> Result<git::Remote, LookError> {
    let url = context.accounts.outside().git_url(&governed.effective.repository.api_url, repository);
    Ok(git::Remote { url, token: Some(governed.forge.git_token().await?) })
}

/// The content of a head, and the OWNERS files of a base.
pub(super) async fn content(
    context: &Context,
    governed: &Governed,
    repository: &RepoName,
    base: &BaseSha,
    head: &CommitSha,
) -> Result<(TreeSha, Owners), LookError> {
    let effective = &governed.effective.repository;
    let mirror = context.mirrors.mirror(repository)?;
    let remote = remote(context, governed, repository).await?;
    let base = CommitSha::new(base.as_str());
    mirror.fetch(&remote, &[base.clone(), head.clone()]).await?;
    let tree = mirror.tree(head).await?;
    let layout = layout(effective);
    let reads = layout.clone();
    let files = mirror.files(&base, move |path| reads.reads(path)).await?;
    let owners = Owners::read(&layout, files.iter().map(|(path, text)| (path.as_str(), text.as_str())));
    let owners = if effective.owners.skip_collaborators {
        owners
    } else {
        owners.limited_to(&governed.forge.collaborators(repository).await?)
    };
    Ok((tree, owners))
}

fn layout(effective: &EffectiveRepository) -> Layout {
    let owners = &effective.owners;
    let ignored = owners.ignore_directories.iter().map(String::as_str);
    let (denied, refused) = Denylist::built_in().with(ignored);
    for problem in refused {
        tracing::warn!(repository = %effective.name, %problem, "owners.ignoreDirectories: an entry is left out");
    }
    Layout {
        file: owners.file.clone(),
        aliases_file: owners.aliases_file.clone(),
        markdown_headers: owners.markdown_headers,
        denied,
    }
}

/// Keys of deleted runs, without those that the trigger itself had ended: they may start anew.
pub(super) fn past_runs(cursors: &Cursors) -> BTreeSet<decide::trigger::TriggerKey> {
    cursors.past_keys()
}

/// Whether the trigger ended a run, so that its key must not be remembered as run.
pub(crate) fn ended_by_trigger(run: &Run) -> bool {
    run.annotations.contains_key(keys::ABORT) && AbortCause::of(run).is_some()
}

/// The namespace of a run, by its name, which is unique by its cause.
pub(crate) fn namespace_of_run(context: &Context, name: &str) -> Option<String> {
    let found = context.stores.prow_jobs.find(|object| object.metadata.name.as_deref() == Some(name));
    found.and_then(|object| object.metadata.namespace.clone())
}
