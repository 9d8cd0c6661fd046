//! Small pages for people who try things out: open a pull request, talk, and see what the machine does.
//!
//! No JavaScript. The switch at the top decides as whom one acts (a cookie; there are no passwords here). The timeline
//! is a frame of its own that reloads itself, so that a text being written is not lost.

use axum::Router;
mod conversation;

use axum::extract::{Form, Path, Query, State as Shared};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use http::{HeaderMap, header};
use maud::{DOCTYPE, Markup, html};
use serde::Deserialize;

use self::conversation::OfIssue;
use crate::act::{MergeRequest, NewPull};
use crate::clock::shown;
use crate::refusal::{Allowed, Refusal};
use crate::render::encoded;
use crate::state::{Caller, Issue, Repo, State};
use crate::{GitHub, Name};

const STYLE: &str = "
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 1rem auto; padding: 0 1rem; color: #1f2328 }
header, form.row { display: flex; gap: .6rem; align-items: baseline; flex-wrap: wrap }
header { border-bottom: 1px solid #d1d9e0; padding-bottom: .5rem; margin-bottom: 1rem }
header form { margin-left: auto }
a { color: #0969da; text-decoration: none }
textarea, input[type=text] { width: 100%; box-sizing: border-box; font: inherit; padding: .3rem }
textarea.file { font-family: ui-monospace, monospace; min-height: 12rem }
iframe { width: 100%; height: 28rem; border: 1px solid #d1d9e0 }
.box { border: 1px solid #d1d9e0; border-radius: 6px; padding: .5rem .8rem; margin: .5rem 0; white-space: pre-wrap; overflow-wrap: anywhere }
.label { border-radius: 1rem; padding: 0 .5rem; border: 1px solid #0003; font-size: .85em }
.dim { color: #59636e } .good { color: #1a7f37 } .bad { color: #d1242f } .wait { color: #9a6700 }
td { padding: .1rem .8rem .1rem 0; vertical-align: top }
";

pub(crate) fn router() -> Router<GitHub> {
    Router::new()
        .route("/", get(home))
        .route("/switch", post(switch))
        .route("/{owner}/{repo}", get(repository))
        .route("/{owner}/{repo}/edit/{branch}/{*path}", get(edit).post(propose))
        .route("/{owner}/{repo}/pull/{number}", get(conversation::conversation))
        .route("/{owner}/{repo}/issues/{number}", get(conversation::conversation))
        .route("/{owner}/{repo}/pull/{number}/timeline", get(conversation::timeline))
        .route("/{owner}/{repo}/pull/{number}/comment", post(comment))
        .route("/{owner}/{repo}/pull/{number}/review", post(review))
        .route("/{owner}/{repo}/pull/{number}/state", post(set_state))
        .route("/{owner}/{repo}/issues", post(open_issue))
}

/// Who acts: the cookie's account, or the first person there is.
fn actor(state: &State, headers: &HeaderMap) -> Name {
    let cookies = headers.get(header::COOKIE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let chosen = cookies.split("; ").find_map(|cookie| cookie.strip_prefix("as=")).map(Name::from);
    let chosen = chosen.filter(|login| state.users.contains_key(login));
    chosen
        .or_else(|| state.users.values().find(|user| !user.bot).map(|user| user.login.clone()))
        .unwrap_or_default()
}

fn page(state: &State, me: &Name, title: &str, body: &Markup) -> Html<String> {
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head { meta charset="utf-8"; meta name="viewport" content="width=device-width"; title { (title) } style { (STYLE) } }
            body {
                header {
                    a href="/" { b { "Simulated GitHub" } }
                    span class="dim" { (shown(state.now())) }
                    form method="post" action="/switch" {
                        "acting as "
                        select name="login" {
                            @for user in state.users.values().filter(|user| !user.bot) {
                                option selected[user.login == *me] { (user.login.as_str()) }
                            }
                        }
                        " " button { "switch" }
                    }
                }
                h1 { (title) }
                (body)
            }
        }
    };
    Html(markup.into_string())
}

/// A refusal as a page: the same words that the API would say.
fn sorry(refusal: &Refusal) -> Response {
    let markup = html! {
        (DOCTYPE)
        title { (refusal.status.as_str()) }
        style { (STYLE) }
        h1 { (refusal.status.to_string()) }
        p { (refusal.message) }
        @for error in &refusal.errors { p { (error["message"].as_str().unwrap_or_default()) } }
        p { "Go back with the browser, or " a href="/" { "home" } "." }
    };
    (refusal.status, Html(markup.into_string())).into_response()
}

fn shown_or_sorry(answer: Allowed<Html<String>>) -> Response {
    answer.map_or_else(|refusal| sorry(&refusal), IntoResponse::into_response)
}

fn back_or_sorry<T>(answer: Allowed<T>, to: &str) -> Response {
    answer.map_or_else(|refusal| sorry(&refusal), |_| Redirect::to(to).into_response())
}

async fn home(Shared(github): Shared<GitHub>, headers: HeaderMap) -> Html<String> {
    github.look(|state| {
        let me = actor(state, &headers);
        let body = html! {
            ul {
                @for repo in state.repos.values().filter(|repo| state.role_of(&me, &repo.name).is_some()) {
                    li { a href={ "/" (repo.name.as_str()) } { (repo.name.as_str()) }
                        " " span class="dim" { (repo.issues.values().filter(|issue| issue.open).count()) " open" } }
                }
            }
        };
        page(state, &me, "Repositories", &body)
    })
}

#[derive(Deserialize)]
struct Switch {
    login: String,
}

async fn switch(headers: HeaderMap, Form(form): Form<Switch>) -> Response {
    // Only the path of the page before: a form must not send people elsewhere.
    let before =
        headers.get(header::REFERER).and_then(|value| value.to_str().ok()?.parse::<http::Uri>().ok());
    let to = before.map_or_else(|| "/".to_owned(), |uri| uri.path().to_owned());
    let login: String =
        form.login.chars().filter(|c| c.is_ascii_alphanumeric() || "-[]_".contains(*c)).collect();
    ([(header::SET_COOKIE, format!("as={login}; Path=/; SameSite=Lax"))], Redirect::to(&to)).into_response()
}

/// The repository that the actor may see.
fn visible<'a>(state: &'a State, me: &Name, owner: &str, repo: &str) -> Allowed<&'a Repo> {
    let name = state.visible(&Caller::person(me), owner, repo)?;
    state.repo(&name)
}

async fn repository(
    Shared(github): Shared<GitHub>,
    headers: HeaderMap,
    Path((owner, repo)): Path<(String, String)>,
) -> Response {
    shown_or_sorry(github.look(|state| {
        let me = actor(state, &headers);
        let found = visible(state, &me, &owner, &repo)?;
        let base = format!("/{}", found.name);
        let tip = found.tip(&found.default_branch).ok_or_else(Refusal::not_found)?;
        let files = state.git.tree(&found.name, tip, true)?;
        let body = html! {
            h2 { "Pull requests and issues" }
            table {
                @for issue in found.issues.values().rev() {
                    tr {
                        td { "#" (issue.number) }
                        td { (standing(issue)) }
                        td { a href={ (base) "/pull/" (issue.number) } { (issue.title) } " " (labels(found, issue)) }
                        td class="dim" { (issue.author.as_str()) }
                    }
                }
            }
            details {
                summary { "Open an issue" }
                form method="post" action={ (base) "/issues" } {
                    p { input type="text" name="title" placeholder="Title" required; }
                    p { textarea name="body" placeholder="Description" {} }
                    button { "Open" }
                }
            }
            h2 { "Files" }
            p class="dim" { "Open a file, change it, and propose the change as a pull request." }
            ul {
                @for file in files.iter().filter(|file| file.kind == "blob") {
                    li { a href={ (base) "/edit/" (encoded(&found.default_branch)) "/" (file.path) } { (file.path) } }
                }
                li { a href={ (base) "/edit/" (found.default_branch) "/new-file.txt" } { "a new file" } }
            }
            p class="dim" { "git clone " (state.web(format_args!("/{}.git", found.name))) }
        };
        Ok(page(state, &me, found.name.as_str(), &body))
    }))
}

fn labels(repo: &Repo, issue: &Issue) -> Markup {
    html! {
        @for label in issue.labels.iter().filter_map(|name| repo.labels.get(name)) {
            span class="label" style={ "background:#" (label.color) "40" } { (label.name.as_str()) } " "
        }
    }
}

fn standing(issue: &Issue) -> Markup {
    let merged = issue.pull.as_ref().is_some_and(|pull| pull.merged.is_some());
    let draft = issue.pull.as_ref().is_some_and(|pull| pull.draft);
    match (issue.open, merged, draft) {
        (true, _, true) => html! { span class="dim" { "draft" } },
        (true, _, false) => html! { span class="good" { "open" } },
        (false, true, _) => html! { span class="good" { "merged" } },
        (false, false, _) => html! { span class="bad" { "closed" } },
    }
}

type OfFile = Path<(String, String, String, String)>;

#[derive(Deserialize)]
struct OfPull {
    /// The pull request whose branch is edited; absent for a new one.
    pull: Option<u64>,
}

async fn edit(
    Shared(github): Shared<GitHub>,
    headers: HeaderMap,
    Path((owner, repo, branch, path)): OfFile,
    Query(of): Query<OfPull>,
) -> Response {
    shown_or_sorry(github.look(|state| {
        let me = actor(state, &headers);
        let found = visible(state, &me, &owner, &repo)?;
        let tip = match of.pull {
            Some(number) => state.pull(&found.name, number)?.head_sha.clone(),
            None => found.tip(&branch).cloned().ok_or_else(Refusal::not_found)?,
        };
        let bytes = match state.git.at_path(&found.name, &tip, &path) {
            Some((_, object)) => state.git.blob(&found.name, &object)?,
            None => Vec::new(),
        };
        let text = String::from_utf8_lossy(&bytes);
        let body = html! {
            form method="post" {
                p { input type="text" name="path" value=(path); }
                p { textarea class="file" name="content" { "\n" (text) } }
                p { input type="text" name="title" placeholder="What this changes" required; }
                @if of.pull.is_none() {
                    p { textarea name="body" placeholder="Description" {} }
                    label { input type="checkbox" name="draft" value="yes"; " as a draft " }
                }
                button { @if let Some(number) = of.pull { "Push to #" (number) } @else { "Open a pull request" } }
            }
        };
        Ok(page(state, &me, &format!("Edit {path}"), &body))
    }))
}

#[derive(Deserialize)]
struct Proposal {
    path: String,
    content: String,
    title: String,
    #[serde(default)]
    body: String,
    draft: Option<String>,
}

async fn propose(
    Shared(github): Shared<GitHub>,
    headers: HeaderMap,
    Path((owner, repo, branch, _)): OfFile,
    Query(of): Query<OfPull>,
    Form(form): Form<Proposal>,
) -> Response {
    let me = github.user(github.look(|state| actor(state, &headers)).as_str());
    let repo = format!("{owner}/{repo}");
    // Browsers send line ends as CRLF.
    let content = form.content.replace("\r\n", "\n");
    let files = [(form.path.as_str(), content.as_str())];
    let number = if let Some(number) = of.pull {
        me.push(&repo, number, &files, &form.title).map(|_| number)
    } else {
        let next = github.look(|state| {
            state.repos.get(&Name::from(repo.as_str())).map_or(0, |found| found.issues.len() + 1)
        });
        let new = NewPull {
            title: form.title,
            body: Some(form.body),
            base: branch,
            draft: form.draft.is_some(),
            ..NewPull::default()
        };
        me.open_pull_as(&repo, &format!("patch-{next}"), new, &files)
    };
    match number {
        Ok(number) => Redirect::to(&format!("/{repo}/pull/{number}")).into_response(),
        Err(refusal) => sorry(&refusal),
    }
}

#[derive(Deserialize)]
struct Text {
    body: String,
    event: Option<String>,
}

async fn comment(
    Shared(github): Shared<GitHub>,
    headers: HeaderMap,
    Path((owner, repo, number)): OfIssue,
    Form(form): Form<Text>,
) -> Response {
    let me = github.user(github.look(|state| actor(state, &headers)).as_str());
    let repo = format!("{owner}/{repo}");
    back_or_sorry(
        me.comment(&repo, number, &form.body.replace("\r\n", "\n")),
        &format!("/{repo}/pull/{number}"),
    )
}

async fn review(
    Shared(github): Shared<GitHub>,
    headers: HeaderMap,
    Path((owner, repo, number)): OfIssue,
    Form(form): Form<Text>,
) -> Response {
    let me = github.user(github.look(|state| actor(state, &headers)).as_str());
    let repo = format!("{owner}/{repo}");
    let event = form.event.unwrap_or_else(|| "COMMENT".to_owned());
    back_or_sorry(me.review(&repo, number, &event, &form.body), &format!("/{repo}/pull/{number}"))
}

#[derive(Deserialize)]
struct To {
    to: String,
}

async fn set_state(
    Shared(github): Shared<GitHub>,
    headers: HeaderMap,
    Path((owner, repo, number)): OfIssue,
    Form(form): Form<To>,
) -> Response {
    let me = github.user(github.look(|state| actor(state, &headers)).as_str());
    let repo = format!("{owner}/{repo}");
    let done = match form.to.as_str() {
        "open" => me.reopen(&repo, number),
        "ready" => me.set_draft(&repo, number, false),
        "merged" => me.merge(&repo, number, &MergeRequest::default()).map(drop),
        _ => me.close(&repo, number),
    };
    back_or_sorry(done, &format!("/{repo}/pull/{number}"))
}

#[derive(Deserialize)]
struct NewIssue {
    title: String,
    body: String,
}

async fn open_issue(
    Shared(github): Shared<GitHub>,
    headers: HeaderMap,
    Path((owner, repo)): Path<(String, String)>,
    Form(form): Form<NewIssue>,
) -> Response {
    let me = github.user(github.look(|state| actor(state, &headers)).as_str());
    let repo = format!("{owner}/{repo}");
    match me.open_issue(&repo, &form.title, &form.body) {
        Ok(number) => Redirect::to(&format!("/{repo}/pull/{number}")).into_response(),
        Err(refusal) => sorry(&refusal),
    }
}
