//! Webhooks of repositories, organisations and Apps, and what was delivered to them.

use axum::Router;
use axum::extract::Path;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::call::{Answer, Call, InRepo, Input, created, no_content, ok};
use crate::refusal::{Allowed, Refusal};
use crate::render::{show_config, show_delivery};
use crate::state::{Hook, Role, Scope, State, Who};
use crate::{GitHub, Name};

pub(super) fn router() -> Router<GitHub> {
    Router::new()
        .route("/repos/{owner}/{repo}/hooks", get(list_of_repo).post(create_for_repo))
        .route(
            "/repos/{owner}/{repo}/hooks/{id}",
            get(one_of_repo).patch(change_of_repo).delete(remove_of_repo),
        )
        .route("/repos/{owner}/{repo}/hooks/{id}/pings", post(ping_of_repo))
        .route("/repos/{owner}/{repo}/hooks/{id}/deliveries", get(deliveries_of_repo))
        .route("/repos/{owner}/{repo}/hooks/{id}/deliveries/{delivery}", get(delivery_of_repo))
        .route("/repos/{owner}/{repo}/hooks/{id}/deliveries/{delivery}/attempts", post(redeliver_of_repo))
        .route("/orgs/{org}/hooks", get(list_of_org).post(create_for_org))
        .route("/orgs/{org}/hooks/{id}", get(one_of_org).patch(change_of_org).delete(remove_of_org))
        .route("/orgs/{org}/hooks/{id}/pings", post(ping_of_org))
        .route("/orgs/{org}/hooks/{id}/deliveries", get(deliveries_of_org))
        .route("/orgs/{org}/hooks/{id}/deliveries/{delivery}", get(delivery_of_org))
        .route("/orgs/{org}/hooks/{id}/deliveries/{delivery}/attempts", post(redeliver_of_org))
        .route("/app/hook/config", get(app_config).patch(change_app_config))
        .route("/app/hook/deliveries", get(deliveries_of_app))
        .route("/app/hook/deliveries/{delivery}", get(delivery_of_app))
        .route("/app/hook/deliveries/{delivery}/attempts", post(redeliver_of_app))
}

type RepoHook = Path<(String, String, u64)>;
type RepoDelivery = Path<(String, String, u64, u64)>;
type OrgHook = Path<(String, u64)>;
type OrgDelivery = Path<(String, u64, u64)>;

impl Call {
    fn on_repo(&self, owner: &str, repo: &str, work: impl FnOnce(&mut State, Scope) -> Answer) -> Answer {
        self.within(owner, repo, |state, repo| {
            state.permit(&self.caller, repo, Role::Admin)?;
            work(state, Scope::Repo(repo.clone()))
        })
    }

    fn on_org(&self, org: &str, work: impl FnOnce(&mut State, Scope) -> Answer) -> Answer {
        self.github.change(|state| {
            let org = state.org(&Name::from(org))?;
            if !state.is_org_admin(&self.caller, org) {
                return Err(Refusal::not_found());
            }
            let scope = Scope::Org(org.login.clone());
            work(state, scope)
        })
    }

    fn on_app(&self, work: impl FnOnce(&mut State, Scope, u64) -> Answer) -> Answer {
        let Who::App(app) = self.caller.who else { return Err(Refusal::bad_credentials()) };
        self.github.change(|state| {
            let scope = Scope::App(app);
            let hook = state.hooks.values().find(|hook| hook.scope == scope).map(|hook| hook.id);
            work(state, scope, hook.ok_or_else(Refusal::not_found)?)
        })
    }
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    url: Option<String>,
    content_type: Option<String>,
    secret: Option<String>,
    insecure_ssl: Option<serde_json::Value>,
}

impl Config {
    fn check(&self) -> Allowed<()> {
        // `form` is GitHub's default for hooks made by API, and a trap; it is not simulated.
        if self.content_type.as_deref() != Some("json") {
            return Err(Refusal::not_simulated("webhooks with a content_type other than json"));
        }
        if self.insecure_ssl.as_ref().is_some_and(|value| *value != "0" && *value != 0) {
            return Err(Refusal::not_simulated("insecure_ssl"));
        }
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewHook {
    name: Option<String>,
    config: Config,
    events: Option<Vec<String>>,
    active: Option<bool>,
}

fn list(call: &Call, state: &State, scope: &Scope) -> Answer {
    call.list(
        state,
        state.hooks.values().filter(|hook| hook.scope == *scope).map(|hook| state.show_hook(hook)),
    )
}

fn create(call: &Call, state: &mut State, scope: Scope, new: &NewHook) -> Answer {
    new.config.check()?;
    if new.name.as_deref().unwrap_or("web") != "web" {
        return Err(Refusal::invalid("Hook", "name", "invalid"));
    }
    let url = new
        .config
        .url
        .as_deref()
        .filter(|url| url.starts_with("http"))
        .ok_or_else(|| Refusal::invalid("Hook", "config.url", "missing_field"))?;
    let events = new.events.clone().unwrap_or_else(|| vec!["push".to_owned()]);
    if state.hooks.values().any(|hook| hook.scope == scope && hook.url == url && hook.events == events) {
        return Err(Refusal::custom("Hook", "Hook already exists on this repository"));
    }
    let events: Vec<&str> = events.iter().map(String::as_str).collect();
    let id = state.add_hook(scope, url, new.config.secret.as_deref(), &events);
    let hook = state.hooks.get_mut(&id).ok_or_else(Refusal::not_found)?;
    hook.active = new.active.unwrap_or(true);
    state.ping(&call.caller, id)?;
    created(state.show_hook(state.hooks.get(&id).ok_or_else(Refusal::not_found)?))
}

fn find<'a>(state: &'a State, scope: &Scope, id: u64) -> Allowed<&'a Hook> {
    state.hooks.get(&id).filter(|hook| hook.scope == *scope).ok_or_else(Refusal::not_found)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HookChange {
    config: Option<Config>,
    events: Option<Vec<String>>,
    add_events: Option<Vec<String>>,
    remove_events: Option<Vec<String>>,
    active: Option<bool>,
    /// Some clients repeat the name.
    #[expect(dead_code, reason = "clients send it")]
    name: Option<String>,
}

fn change(state: &mut State, scope: &Scope, id: u64, change: HookChange) -> Answer {
    find(state, scope, id)?;
    let now = state.now();
    let hook = state.hooks.get_mut(&id).ok_or_else(Refusal::not_found)?;
    if let Some(config) = change.config {
        config.check()?;
        hook.url = config.url.unwrap_or_else(|| hook.url.clone());
        // As on GitHub, a config without a secret removes the secret.
        hook.secret = config.secret;
    }
    hook.events = change.events.unwrap_or_else(|| hook.events.clone());
    hook.events.extend(change.add_events.unwrap_or_default());
    let gone = change.remove_events.unwrap_or_default();
    hook.events.retain(|event| !gone.contains(event));
    hook.active = change.active.unwrap_or(hook.active);
    hook.updated_at = now;
    ok(state.show_hook(find(state, scope, id)?))
}

fn remove(state: &mut State, scope: &Scope, id: u64) -> Answer {
    find(state, scope, id)?;
    state.hooks.remove(&id);
    no_content()
}

fn ping(call: &Call, state: &mut State, scope: &Scope, id: u64) -> Answer {
    find(state, scope, id)?;
    state.ping(&call.caller, id)?;
    no_content()
}

/// Deliveries, newest first. GitHub pages them by an opaque cursor; here it is the id of the last one shown.
fn deliveries(call: &Call, state: &State, scope: &Scope, id: u64) -> Answer {
    call.knows(&["cursor", "status", "redelivery"])?;
    find(state, scope, id)?;
    let size = call.param("per_page").and_then(|text| text.parse::<usize>().ok()).unwrap_or(30).clamp(1, 100);
    let before =
        call.param("cursor").map(|cursor| cursor.trim_start_matches("v1_").parse::<u64>()).transpose();
    let before =
        before.map_err(|_| Refusal::invalid("HookDelivery", "cursor", "invalid"))?.unwrap_or(u64::MAX);
    let mut chosen = state
        .deliveries
        .range(..before)
        .rev()
        .map(|(_, one)| one)
        .filter(|one| one.hook == id && one.outcome.is_some());
    let page: Vec<_> = chosen.by_ref().take(size).collect();
    let mut headers = http::HeaderMap::new();
    if let (Some(last), true) = (page.last(), chosen.next().is_some()) {
        let place = match scope {
            Scope::Repo(repo) => format!("/repos/{repo}/hooks/{id}/deliveries"),
            Scope::Org(org) => format!("/orgs/{org}/hooks/{id}/deliveries"),
            Scope::App(_) => "/app/hook/deliveries".to_owned(),
        };
        let next = format!("<{}?per_page={size}&cursor=v1_{}>; rel=\"next\"", state.api(place), last.id);
        headers.insert(http::header::LINK, next.parse().map_err(|_| Refusal::not_found())?);
    }
    let shown: Vec<_> = page.into_iter().map(show_delivery).collect();
    Ok((headers, axum::Json(shown)).into_response())
}

fn delivery(state: &State, scope: &Scope, hook: u64, id: u64) -> Answer {
    find(state, scope, hook)?;
    let found = state.deliveries.get(&id).filter(|one| one.hook == hook).ok_or_else(Refusal::not_found)?;
    ok(state.show_full_delivery(found))
}

fn redeliver(state: &mut State, scope: &Scope, hook: u64, id: u64) -> Answer {
    find(state, scope, hook)?;
    let found =
        state.deliveries.get(&id).filter(|one| one.hook == hook).ok_or_else(Refusal::not_found)?.clone();
    state.post(hook, found.guid, &found.event, found.payload, true);
    Ok((StatusCode::ACCEPTED, axum::Json(json!({}))).into_response())
}

async fn list_of_repo(call: Call, Path((owner, repo)): InRepo) -> Answer {
    call.on_repo(&owner, &repo, |state, scope| list(&call, state, &scope))
}
async fn create_for_repo(call: Call, Path((owner, repo)): InRepo, Input(new): Input<NewHook>) -> Answer {
    call.on_repo(&owner, &repo, |state, scope| create(&call, state, scope, &new))
}
async fn one_of_repo(call: Call, Path((owner, repo, id)): RepoHook) -> Answer {
    call.on_repo(&owner, &repo, |state, scope| ok(state.show_hook(find(state, &scope, id)?)))
}
async fn change_of_repo(
    call: Call,
    Path((owner, repo, id)): RepoHook,
    Input(input): Input<HookChange>,
) -> Answer {
    call.on_repo(&owner, &repo, |state, scope| change(state, &scope, id, input))
}
async fn remove_of_repo(call: Call, Path((owner, repo, id)): RepoHook) -> Answer {
    call.on_repo(&owner, &repo, |state, scope| remove(state, &scope, id))
}
async fn ping_of_repo(call: Call, Path((owner, repo, id)): RepoHook) -> Answer {
    call.on_repo(&owner, &repo, |state, scope| ping(&call, state, &scope, id))
}
async fn deliveries_of_repo(call: Call, Path((owner, repo, id)): RepoHook) -> Answer {
    call.on_repo(&owner, &repo, |state, scope| deliveries(&call, state, &scope, id))
}
async fn delivery_of_repo(call: Call, Path((owner, repo, id, one)): RepoDelivery) -> Answer {
    call.on_repo(&owner, &repo, |state, scope| delivery(state, &scope, id, one))
}
async fn redeliver_of_repo(call: Call, Path((owner, repo, id, one)): RepoDelivery) -> Answer {
    call.on_repo(&owner, &repo, |state, scope| redeliver(state, &scope, id, one))
}
async fn list_of_org(call: Call, Path(org): Path<String>) -> Answer {
    call.on_org(&org, |state, scope| list(&call, state, &scope))
}
async fn create_for_org(call: Call, Path(org): Path<String>, Input(new): Input<NewHook>) -> Answer {
    call.on_org(&org, |state, scope| create(&call, state, scope, &new))
}
async fn one_of_org(call: Call, Path((org, id)): OrgHook) -> Answer {
    call.on_org(&org, |state, scope| ok(state.show_hook(find(state, &scope, id)?)))
}
async fn change_of_org(call: Call, Path((org, id)): OrgHook, Input(input): Input<HookChange>) -> Answer {
    call.on_org(&org, |state, scope| change(state, &scope, id, input))
}
async fn remove_of_org(call: Call, Path((org, id)): OrgHook) -> Answer {
    call.on_org(&org, |state, scope| remove(state, &scope, id))
}
async fn ping_of_org(call: Call, Path((org, id)): OrgHook) -> Answer {
    call.on_org(&org, |state, scope| ping(&call, state, &scope, id))
}
async fn deliveries_of_org(call: Call, Path((org, id)): OrgHook) -> Answer {
    call.on_org(&org, |state, scope| deliveries(&call, state, &scope, id))
}
async fn delivery_of_org(call: Call, Path((org, id, one)): OrgDelivery) -> Answer {
    call.on_org(&org, |state, scope| delivery(state, &scope, id, one))
}
async fn redeliver_of_org(call: Call, Path((org, id, one)): OrgDelivery) -> Answer {
    call.on_org(&org, |state, scope| redeliver(state, &scope, id, one))
}
async fn deliveries_of_app(call: Call) -> Answer {
    call.on_app(|state, scope, hook| deliveries(&call, state, &scope, hook))
}
async fn delivery_of_app(call: Call, Path(one): Path<u64>) -> Answer {
    call.on_app(|state, scope, hook| delivery(state, &scope, hook, one))
}
async fn redeliver_of_app(call: Call, Path(one): Path<u64>) -> Answer {
    call.on_app(|state, scope, hook| redeliver(state, &scope, hook, one))
}
async fn app_config(call: Call) -> Answer {
    call.on_app(|state, scope, hook| ok(show_config(find(state, &scope, hook)?)))
}
async fn change_app_config(call: Call, Input(config): Input<Config>) -> Answer {
    call.on_app(|state, scope, id| {
        let hook = state.hooks.get_mut(&id).ok_or_else(Refusal::not_found)?;
        hook.url = config.url.unwrap_or_else(|| hook.url.clone());
        hook.secret = config.secret.or(hook.secret.take());
        ok(show_config(find(state, &scope, id)?))
    })
}
