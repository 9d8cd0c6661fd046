//! Issues: list, open, read, edit, assign, lock; their events and timeline.

use axum::Router;
use axum::extract::Path;
use axum::routing::{get, post, put};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::call::{Answer, Call, InRepo, Input, Numbered, created, maybe_null, names, no_content, ok};
use crate::act::IssueChange;
use crate::refusal::{Allowed, Refusal};
use crate::render::extend;
use crate::state::{Issue, State};
use crate::{GitHub, Name};

pub(super) fn router() -> Router<GitHub> {
    Router::new()
        .route("/repos/{owner}/{repo}/issues", get(list).post(open))
        .route("/repos/{owner}/{repo}/issues/{number}", get(one).patch(change))
        .route("/repos/{owner}/{repo}/issues/{number}/assignees", post(assign).delete(unassign))
        .route("/repos/{owner}/{repo}/issues/{number}/lock", put(lock).delete(unlock))
        .route("/repos/{owner}/{repo}/issues/{number}/events", get(events))
        .route("/repos/{owner}/{repo}/issues/{number}/timeline", get(timeline))
}

async fn list(call: Call, Path((owner, repo)): InRepo) -> Answer {
    call.knows(&["state", "labels", "creator", "assignee", "since", "sort", "direction", "milestone"])?;
    call.within(&owner, &repo, |state, repo| {
        let since = call.param("since").map(str::parse::<Timestamp>).transpose();
        let since = since.map_err(|_| Refusal::invalid("Issue", "since", "invalid"))?;
        let labels: Vec<Name> =
            call.param("labels").map(|all| all.split(',').map(Name::from).collect()).unwrap_or_default();
        let wanted = call.param("state").unwrap_or("open");
        let is = |param: &str, value: &Name| call.param(param).is_none_or(|login| *value == *login);
        let mut chosen: Vec<&Issue> = state
            .repo(repo)?
            .issues
            .values()
            .filter(|issue| wanted == "all" || issue.open == (wanted == "open"))
            .filter(|issue| {
                labels.iter().all(|label| issue.labels.contains(label)) && is("creator", &issue.author)
            })
            .filter(|issue| {
                call.param("assignee").is_none() || issue.assignees.iter().any(|login| is("assignee", login))
            })
            .filter(|issue| {
                call.param("milestone")
                    .is_none_or(|number| issue.milestone.map(|n| n.to_string()).as_deref() == Some(number))
            })
            .filter(|issue| since.is_none_or(|since| issue.updated_at >= since))
            .collect();
        sort(&mut chosen, &call)?;
        let chosen: Vec<Value> =
            chosen.into_iter().map(|issue| state.show_issue(repo, issue.number)).collect::<Allowed<_>>()?;
        call.list(state, chosen)
    })
}

/// Sorts as `sort` and `direction` say; the newest come first if nothing is said.
pub(super) fn sort(issues: &mut [&Issue], call: &Call) -> Allowed<()> {
    match call.param("sort").unwrap_or("created") {
        "created" => issues.sort_by_key(|issue| issue.number),
        "updated" => issues.sort_by_key(|issue| (issue.updated_at, issue.number)),
        "comments" => issues.sort_by_key(|issue| (issue.comments.len(), issue.number)),
        other => return Err(Refusal::not_simulated(format!("sort={other}"))),
    }
    if call.param("direction").unwrap_or("desc") == "desc" {
        issues.reverse();
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewIssue {
    title: String,
    body: Option<String>,
    labels: Option<Vec<String>>,
    assignees: Option<Vec<String>>,
}

async fn open(call: Call, Path((owner, repo)): InRepo, Input(new): Input<NewIssue>) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        let number = state.open_issue(&call.caller, repo, &new.title, new.body.clone())?;
        // GitHub drops these without a word for those who may not set them.
        if state.role(&call.caller, repo) >= Some(crate::state::Role::Triage) {
            state.add_labels(&call.caller, repo, number, &names(&new.labels.clone().unwrap_or_default()))?;
            state.add_assignees(
                &call.caller,
                repo,
                number,
                &names(&new.assignees.clone().unwrap_or_default()),
            )?;
        }
        created(state.show_issue(repo, number)?)
    })
}

async fn one(call: Call, Path((owner, repo, number)): Numbered) -> Answer {
    call.knows(&[])?;
    call.within(&owner, &repo, |state, repo| {
        let mut shown = state.show_issue(repo, number)?;
        extend(&mut shown, json!({"closed_by": closer(state, repo, number)?}));
        ok(shown)
    })
}

fn closer(state: &State, repo: &Name, number: u64) -> Allowed<Value> {
    let issue = state.issue(repo, number)?;
    let closed = issue.events.iter().rev().find(|event| event.event == "closed").filter(|_| !issue.open);
    Ok(closed.map_or(Value::Null, |event| state.show_user(&event.actor)))
}

#[expect(clippy::option_option, reason = "absent, null and a value are three different requests")]
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    title: Option<String>,
    #[serde(default, deserialize_with = "maybe_null")]
    body: Option<Option<String>>,
    state: Option<String>,
    state_reason: Option<String>,
    labels: Option<Vec<String>>,
    assignees: Option<Vec<String>>,
    #[serde(default, deserialize_with = "maybe_null")]
    milestone: Option<Option<u64>>,
}

/// Reads `open` or `closed`.
pub(super) fn open_or_closed(word: Option<&str>) -> Allowed<Option<bool>> {
    match word {
        None => Ok(None),
        Some("open") => Ok(Some(true)),
        Some("closed") => Ok(Some(false)),
        Some(_) => Err(Refusal::invalid("Issue", "state", "invalid")),
    }
}

async fn change(call: Call, Path((owner, repo, number)): Numbered, Input(change): Input<Change>) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        let change = IssueChange {
            title: change.title,
            body: change.body,
            open: open_or_closed(change.state.as_deref())?,
            state_reason: change.state_reason,
            labels: change.labels.map(|labels| names(&labels)),
            assignees: change.assignees.map(|logins| names(&logins)),
            milestone: change.milestone,
        };
        state.change_issue(&call.caller, repo, number, change)?;
        ok(state.show_issue(repo, number)?)
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Assignees {
    assignees: Vec<String>,
}

async fn assign(call: Call, Path((owner, repo, number)): Numbered, Input(input): Input<Assignees>) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        state.add_assignees(&call.caller, repo, number, &names(&input.assignees))?;
        created(state.show_issue(repo, number)?)
    })
}

async fn unassign(
    call: Call,
    Path((owner, repo, number)): Numbered,
    Input(input): Input<Assignees>,
) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        state.remove_assignees(&call.caller, repo, number, &names(&input.assignees))?;
        ok(state.show_issue(repo, number)?)
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lock {
    lock_reason: Option<String>,
}

async fn lock(call: Call, Path((owner, repo, number)): Numbered, Input(input): Input<Lock>) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        state.set_locked(&call.caller, repo, number, true, input.lock_reason)?;
        no_content()
    })
}

async fn unlock(call: Call, Path((owner, repo, number)): Numbered) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        state.set_locked(&call.caller, repo, number, false, None)?;
        no_content()
    })
}

async fn events(call: Call, Path((owner, repo, number)): Numbered) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        let events = &state.issue(repo, number)?.events;
        call.list(state, events.iter().map(|event| state.show_event(repo, event)))
    })
}

async fn timeline(call: Call, Path((owner, repo, number)): Numbered) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        let issue = state.issue(repo, number)?;
        let mut entries: Vec<(Timestamp, u64, Value)> = issue
            .events
            .iter()
            .map(|event| (event.created_at, event.id, state.show_event(repo, event)))
            .collect();
        for comment in &issue.comments {
            let mut shown = state.show_comment(repo, issue, comment);
            shown["actor"] = shown["user"].clone();
            shown["event"] = json!("commented");
            entries.push((comment.created_at, comment.id, shown));
        }
        for review in issue.pull.iter().flat_map(|pull| &pull.reviews) {
            let mut shown = state.show_review(repo, issue, review);
            shown["state"] = json!(review.state.to_lowercase());
            extend(&mut shown, json!({"event": "reviewed"}));
            entries.push((review.submitted_at, review.id, shown));
        }
        entries.sort_by_key(|(at, id, _)| (*at, *id));
        call.list(state, entries.into_iter().map(|(_, _, shown)| shown))
    })
}
