//! The page of one pull request or issue, and its timeline.

use axum::extract::{Path, State as Shared};
use axum::response::{Html, Response};
use http::HeaderMap;
use maud::{DOCTYPE, Markup, html};

use super::{STYLE, actor, labels, page, shown_or_sorry, standing, visible};
use crate::clock::shown;
use crate::refusal::Allowed;
use crate::render::encoded;
use crate::state::{Issue, Pull, Repo, Role, State};
use crate::{GitHub, Name};

pub(super) type OfIssue = Path<(String, String, u64)>;

pub(super) async fn conversation(
    Shared(github): Shared<GitHub>,
    headers: HeaderMap,
    Path((owner, repo, number)): OfIssue,
) -> Response {
    shown_or_sorry(github.change(|state| {
        let me = actor(state, &headers);
        let name = visible(state, &me, &owner, &repo)?.name.clone();
        let verdict = if state.pull(&name, number).is_ok() { state.verdict(&name, number)? } else { None };
        let found = state.repo(&name)?;
        let issue = state.issue(&name, number)?;
        let at = format!("/{name}/pull/{number}");
        let body = html! {
            p { (standing(issue)) " · opened by " (issue.author.as_str()) " · " a href={ "/" (name.as_str()) } { (name.as_str()) } }
            @if let Some(pull) = &issue.pull {
                (branches(pull))
                p { "Merging: " b { (verdict.as_ref().map_or("unknown", |verdict| verdict.state)) } }
                (changes(state, &name, number, pull)?)
            }
            iframe src={ (at) "/timeline" } title="timeline" {}
            form method="post" action={ (at) "/comment" } {
                p { textarea name="body" placeholder="A comment; a line such as /lgtm is a command" required {} }
                button { "Comment" }
            }
            @if issue.pull.is_some() {
                form class="row" method="post" action={ (at) "/review" } {
                    input type="text" name="body" placeholder="Review";
                    button name="event" value="APPROVE" { "Approve" }
                    button name="event" value="REQUEST_CHANGES" { "Request changes" }
                }
            }
            form class="row" method="post" action={ (at) "/state" } {
                @if issue.open { button name="to" value="closed" { "Close" } } @else { button name="to" value="open" { "Reopen" } }
                @if issue.pull.as_ref().is_some_and(|pull| pull.draft) { button name="to" value="ready" { "Ready for review" } }
                @if issue.open && issue.pull.is_some() && state.role_of(&me, &name) >= Some(Role::Write) {
                    button name="to" value="merged" { "Merge by hand" }
                }
            }
        };
        Ok(page(state, &me, &format!("{} #{number}", issue.title), &html! { p { (labels(found, issue)) } (body) }))
    }))
}

fn branches(pull: &Pull) -> Markup {
    let home = pull.head_repo.as_ref().map_or("unknown", Name::as_str);
    html! { p class="dim" { (pull.base_ref) " ← " (home) ":" (pull.head_ref) " at " code { (pull.head_sha.get(..10).unwrap_or_default()) } } }
}

fn changes(state: &State, repo: &Name, number: u64, pull: &Pull) -> Allowed<Markup> {
    let comparison = state.git.compare(repo, &pull.base_sha, &pull.head_sha)?;
    Ok(html! {
        details {
            summary { (comparison.commits.len()) " commits, " (comparison.files.len()) " files changed" }
            @for file in &comparison.files {
                p { b { (file.path) } " " span class="dim" { (file.status) }
                    " · " a href={ "/" (repo.as_str()) "/edit/" (encoded(&pull.base_ref)) "/" (file.path) "?pull=" (number) } { "push another version" } }
                pre class="box" { (file.patch.as_deref().unwrap_or("binary")) }
            }
        }
    })
}

pub(super) async fn timeline(
    Shared(github): Shared<GitHub>,
    headers: HeaderMap,
    Path((owner, repo, number)): OfIssue,
) -> Response {
    shown_or_sorry(github.look(|state| {
        let me = actor(state, &headers);
        let found = visible(state, &me, &owner, &repo)?;
        let issue = state.issue(&found.name, number)?;
        let markup = html! {
            (DOCTYPE)
            html lang="en" {
                head { meta charset="utf-8"; meta http-equiv="refresh" content="2"; title { "timeline" } style { (STYLE) } }
                body {
                    @if let Some(pull) = &issue.pull { (statuses(found, pull)) }
                    (labels(found, issue))
                    @if let Some(body) = issue.body.as_deref().filter(|body| !body.is_empty()) { (said(&issue.author, "wrote", body)) }
                    @for (_, entry) in entries(issue) { (entry) }
                }
            }
        };
        Ok(Html(markup.into_string()))
    }))
}

fn statuses(repo: &Repo, pull: &Pull) -> Markup {
    let colour = |word: &str| match word {
        "success" | "neutral" | "skipped" => "good",
        "pending" | "queued" | "in_progress" => "wait",
        _ => "bad",
    };
    html! {
        table {
            @for status in repo.latest_statuses(&pull.head_sha) {
                tr {
                    td class=(colour(&status.state)) { (status.state) }
                    td { @if let Some(url) = &status.target_url { a href=(url) target="_top" { (status.context) } } @else { (status.context) } }
                    td class="dim" { (status.description.as_deref().unwrap_or_default()) }
                }
            }
            @for run in repo.latest_check_runs(&pull.head_sha) {
                @let word = run.conclusion.as_deref().unwrap_or(&run.status);
                tr { td class=(colour(word)) { (word) } td { (run.name) } td class="dim" { "check run" } }
            }
        }
    }
}

fn said(who: &Name, did: &str, text: &str) -> Markup {
    html! { div class="box" { b { (who.as_str()) } " " span class="dim" { (did) } "\n" (text) } }
}

/// What happened, in order.
fn entries(issue: &Issue) -> Vec<((jiff::Timestamp, u64), Markup)> {
    let mut all = Vec::new();
    for comment in &issue.comments {
        let seen = comment
            .reactions
            .iter()
            .map(|one| format!("{} {}", one.user, one.content))
            .collect::<Vec<_>>()
            .join(", ");
        let did = if seen.is_empty() {
            shown(comment.created_at)
        } else {
            format!("{} · {seen}", shown(comment.created_at))
        };
        all.push(((comment.created_at, comment.id), said(&comment.author, &did, &comment.body)));
    }
    for event in &issue.events {
        let what = [
            &event.extra["label"]["name"],
            &event.extra["assignee"]["login"],
            &event.extra["requested_reviewer"]["login"],
            &event.extra["commit_id"],
        ];
        let what = what.into_iter().find_map(|value| value.as_str()).unwrap_or_default();
        let line = html! { div class="dim" { (shown(event.created_at)) " " b { (event.actor.as_str()) } " " (event.event) " " (what) } };
        all.push(((event.created_at, event.id), line));
    }
    if let Some(pull) = &issue.pull {
        for review in &pull.reviews {
            all.push((
                (review.submitted_at, review.id),
                said(&review.author, &review.state.to_lowercase(), &review.body),
            ));
        }
        for comment in &pull.review_comments {
            let place = format!("on {} line {}", comment.path, comment.line.unwrap_or_default());
            all.push(((comment.created_at, comment.id), said(&comment.author, &place, &comment.body)));
        }
    }
    all.sort_by_key(|(key, _)| *key);
    all
}
