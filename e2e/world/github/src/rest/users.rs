//! The caller, accounts, and what is left of the budget.

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use serde_json::{Value, json};

use super::call::{Answer, Call, ok};
use super::orgs::permissions;
use crate::clock::shown;
use crate::refusal::{Allowed, Refusal};
use crate::render::extend;
use crate::state::{Role, State};
use crate::{GitHub, Name};

pub(super) fn router() -> Router<GitHub> {
    Router::new()
        .route("/user", get(me))
        .route("/user/repos", get(my_repos))
        .route("/user/orgs", get(my_orgs))
        .route("/users/{login}", get(one))
        .route("/users/{login}/repos", get(repos_of))
        .route("/rate_limit", get(rate_limit))
}

fn profile(state: &State, login: &Name) -> Allowed<Value> {
    let mut user = state.show_user(login);
    if user.is_null() {
        return Err(Refusal::not_found());
    }
    let at = shown(state.options.epoch);
    extend(
        &mut user,
        json!({
            "name": login.as_str(), "company": null, "blog": "", "location": null, "email": null, "hireable": null, "bio": null,
            "twitter_username": null, "public_repos": 0, "public_gists": 0, "followers": 0, "following": 0,
            "created_at": at, "updated_at": at,
        }),
    );
    Ok(user)
}

async fn me(call: Call) -> Answer {
    call.github.look(|state| {
        if matches!(call.caller.who, crate::state::Who::Installation(_)) {
            return Err(Refusal::forbidden("Resource not accessible by integration"));
        }
        ok(profile(state, &state.login(&call.caller)?)?)
    })
}

async fn one(call: Call, Path(login): Path<String>) -> Answer {
    call.github.look(|state| {
        let login =
            state.canonical(&login).map_or_else(|| Name::from(login.as_str()), |user| user.login.clone());
        ok(profile(state, &login)?)
    })
}

async fn my_repos(call: Call) -> Answer {
    call.knows(&["affiliation", "visibility", "type", "sort", "direction"])?;
    call.github.look(|state| {
        let login = state.login(&call.caller)?;
        let mine = state.repos.values().filter(|repo| {
            state.role_of(&login, &repo.name) > Some(Role::Read) || state.is_collaborator(&login, &repo.name)
        });
        call.list(
            state,
            mine.map(|repo| {
                let mut shown = state.show_repo(repo);
                shown["permissions"] = permissions(state.role(&call.caller, &repo.name));
                shown
            }),
        )
    })
}

async fn my_orgs(call: Call) -> Answer {
    call.github.look(|state| {
        let login = state.login(&call.caller)?;
        call.list(
            state,
            state.orgs.values().filter(|org| org.members.contains_key(&login)).map(|org| state.show_org(org)),
        )
    })
}

async fn repos_of(call: Call, Path(login): Path<String>) -> Answer {
    call.knows(&["type", "sort", "direction"])?;
    call.github.look(|state| {
        let login = Name::from(login);
        let owned = state
            .repos
            .values()
            .filter(|repo| login == *repo.name.owner() && state.role(&call.caller, &repo.name).is_some());
        call.list(state, owned.map(|repo| state.show_repo(repo)))
    })
}

async fn rate_limit(call: Call) -> Answer {
    let show = |resource| {
        let budget = call.github.spend(&call.caller.who, resource, 0);
        let used = budget.used.min(budget.limit);
        json!({"limit": budget.limit, "used": used, "remaining": budget.remaining(), "reset": budget.reset.as_second()})
    };
    let core = show("core");
    ok(json!({"resources": {"core": core, "graphql": show("graphql")}, "rate": core}))
}
