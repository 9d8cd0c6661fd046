//! Labels of repositories and issues, milestones.

use axum::Router;
use axum::extract::Path;
use axum::routing::{delete, get};
use serde::Deserialize;

use super::call::{Answer, Call, InRepo, Input, Named, Numbered, created, names, no_content, ok};
use crate::refusal::Refusal;
use crate::state::{Caller, Role, State};
use crate::{GitHub, Name};

pub(super) fn router() -> Router<GitHub> {
    Router::new()
        .route("/repos/{owner}/{repo}/labels", get(list).post(create))
        .route("/repos/{owner}/{repo}/labels/{name}", get(one).patch(change).delete(remove))
        .route("/repos/{owner}/{repo}/issues/{number}/labels", get(worn).post(add).put(set).delete(clear))
        .route("/repos/{owner}/{repo}/issues/{number}/labels/{name}", delete(take_off))
        .route("/repos/{owner}/{repo}/milestones", get(milestones).post(create_milestone))
        .route("/repos/{owner}/{repo}/milestones/{number}", get(milestone))
}

async fn list(call: Call, Path((owner, repo)): InRepo) -> Answer {
    call.knows(&[])?;
    call.within(&owner, &repo, |state, repo| {
        let found = state.repo(repo)?;
        call.list(state, found.labels.values().map(|label| state.show_label(found, label)))
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewLabel {
    name: String,
    color: Option<String>,
    description: Option<String>,
}

async fn create(call: Call, Path((owner, repo)): InRepo, Input(new): Input<NewLabel>) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        let color = new.color.as_deref().unwrap_or("ededed");
        state.create_label(&call.caller, repo, &new.name, color, new.description.clone())?;
        created(show(state, repo, &Name::from(new.name.as_str()))?)
    })
}

fn show(state: &State, repo: &Name, label: &Name) -> Result<serde_json::Value, Refusal> {
    let found = state.repo(repo)?;
    Ok(state.show_label(found, found.labels.get(label).ok_or_else(Refusal::not_found)?))
}

async fn one(call: Call, Path((owner, repo, name)): Named) -> Answer {
    call.within(&owner, &repo, |state, repo| ok(show(state, repo, &Name::from(name))?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LabelChange {
    new_name: Option<String>,
    /// The old way to rename, which GitHub still takes.
    name: Option<String>,
    color: Option<String>,
    description: Option<String>,
}

async fn change(call: Call, Path((owner, repo, name)): Named, Input(change): Input<LabelChange>) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        let new_name = change.new_name.or(change.name);
        let name = state.change_label(
            &call.caller,
            repo,
            &Name::from(name),
            new_name,
            change.color,
            change.description,
        )?;
        ok(show(state, repo, &name)?)
    })
}

async fn remove(call: Call, Path((owner, repo, name)): Named) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        state.delete_label(&call.caller, repo, &Name::from(name))?;
        no_content()
    })
}

/// Both forms that GitHub takes: `{"labels": [...]}` and a bare list, of names or of objects with a name.
#[derive(Deserialize)]
#[serde(untagged)]
enum Labels {
    Wrapped { labels: Vec<LabelName> },
    Bare(Vec<LabelName>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum LabelName {
    Text(String),
    Object { name: String },
}

impl Labels {
    fn names(&self) -> Vec<Name> {
        let (Self::Wrapped { labels } | Self::Bare(labels)) = self;
        let text = |label: &LabelName| match label {
            LabelName::Text(name) | LabelName::Object { name } => name.clone(),
        };
        names(&labels.iter().map(text).collect::<Vec<_>>())
    }
}

fn list_worn(call: &Call, state: &State, repo: &Name, number: u64) -> Answer {
    let (found, issue) = (state.repo(repo)?, state.issue(repo, number)?);
    let labels = issue.labels.iter().filter_map(|name| found.labels.get(name));
    call.list(state, labels.map(|label| state.show_label(found, label)))
}

async fn worn(call: Call, Path((owner, repo, number)): Numbered) -> Answer {
    call.within(&owner, &repo, |state, repo| list_worn(&call, state, repo, number))
}

async fn add(call: Call, Path((owner, repo, number)): Numbered, Input(labels): Input<Labels>) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        state.add_labels(&call.caller, repo, number, &labels.names())?;
        list_worn(&call, state, repo, number)
    })
}

async fn set(call: Call, Path((owner, repo, number)): Numbered, Input(labels): Input<Labels>) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        state.set_labels(&call.caller, repo, number, &labels.names())?;
        list_worn(&call, state, repo, number)
    })
}

async fn clear(call: Call, Path((owner, repo, number)): Numbered) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        state.set_labels(&call.caller, repo, number, &[])?;
        no_content()
    })
}

async fn take_off(
    call: Call,
    Path((owner, repo, number, name)): Path<(String, String, u64, String)>,
) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        state.remove_label(&call.caller, repo, number, &Name::from(name))?;
        list_worn(&call, state, repo, number)
    })
}

async fn milestones(call: Call, Path((owner, repo)): InRepo) -> Answer {
    call.knows(&["state"])?;
    call.within(&owner, &repo, |state, repo| {
        let found = state.repo(repo)?;
        let wanted = call.param("state").unwrap_or("open");
        let chosen =
            found.milestones.values().filter(|one| wanted == "all" || one.open == (wanted == "open"));
        call.list(state, chosen.map(|one| state.show_milestone(found, one)))
    })
}

async fn milestone(call: Call, Path((owner, repo, number)): Numbered) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        let found = state.repo(repo)?;
        ok(state.show_milestone(found, found.milestones.get(&number).ok_or_else(Refusal::not_found)?))
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewMilestone {
    title: String,
    description: Option<String>,
}

async fn create_milestone(
    call: Call,
    Path((owner, repo)): InRepo,
    Input(new): Input<NewMilestone>,
) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        let number = add_milestone(state, &call.caller, repo, new)?;
        let found = state.repo(repo)?;
        created(state.show_milestone(found, found.milestones.get(&number).ok_or_else(Refusal::not_found)?))
    })
}

fn add_milestone(state: &mut State, by: &Caller, repo: &Name, new: NewMilestone) -> Result<u64, Refusal> {
    let creator = state.permit(by, repo, Role::Write)?;
    let (id, created_at) = (state.next_id(), state.now());
    let found = state.repo_mut(repo)?;
    if found.milestones.values().any(|one| one.title == new.title) {
        return Err(Refusal::invalid("Milestone", "title", "already_exists"));
    }
    let number = found.milestones.last_key_value().map_or(1, |(last, _)| last + 1);
    let NewMilestone { title, description } = new;
    found.milestones.insert(
        number,
        crate::state::Milestone { id, number, title, description, open: true, creator, created_at },
    );
    Ok(number)
}
