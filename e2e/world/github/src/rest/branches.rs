//! Branches and their protection. Branch names may contain slashes; clients encode them.

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use serde::Deserialize;
use serde_json::json;

use super::call::{Answer, Call, InRepo, Input, Named, names, no_content, ok};
use crate::refusal::{Allowed, Refusal};
use crate::state::{Protection, RequiredContexts, RequiredReviews, Restrictions, Role, State};
use crate::{GitHub, Name};

pub(super) fn router() -> Router<GitHub> {
    Router::new()
        .route("/repos/{owner}/{repo}/branches", get(list))
        .route("/repos/{owner}/{repo}/branches/{branch}", get(one))
        .route(
            "/repos/{owner}/{repo}/branches/{branch}/protection",
            get(protection).put(protect).delete(unprotect),
        )
        .route("/repos/{owner}/{repo}/branches/{branch}/protection/required_status_checks", get(required))
        .route(
            "/repos/{owner}/{repo}/branches/{branch}/protection/required_status_checks/contexts",
            get(contexts),
        )
}

async fn list(call: Call, Path((owner, repo)): InRepo) -> Answer {
    call.knows(&["protected"])?;
    call.within(&owner, &repo, |state, repo| {
        let found = state.repo(repo)?;
        let wanted = call.param("protected").map(|word| word == "true");
        let chosen = found
            .branches()
            .filter(|(name, _)| wanted.is_none_or(|wanted| found.protection.contains_key(*name) == wanted));
        call.list(state, chosen.map(|(name, sha)| state.show_branch(found, name, sha)))
    })
}

async fn one(call: Call, Path((owner, repo, branch)): Named) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        let found = state.repo(repo)?;
        let Some(tip) = found.tip(&branch) else {
            return Err(Refusal::new(http::StatusCode::NOT_FOUND, "Branch not found"));
        };
        let mut shown = state.show_branch(found, &branch, tip);
        shown["commit"] = state.show_commit(repo, &state.git.commit(repo, tip)?);
        shown["_links"] = json!({
            "self": state.api(format_args!("/repos/{repo}/branches/{branch}")),
            "html": state.web(format_args!("/{repo}/tree/{branch}")),
        });
        ok(shown)
    })
}

/// The protection of a branch, for those who may administer the repository.
fn guarded<'a>(state: &'a State, call: &Call, repo: &Name, branch: &str) -> Allowed<&'a Protection> {
    state.permit(&call.caller, repo, Role::Admin)?;
    let found = state.repo(repo)?;
    if found.tip(branch).is_none() {
        return Err(Refusal::new(http::StatusCode::NOT_FOUND, "Branch not found"));
    }
    found
        .protection
        .get(branch)
        .ok_or_else(|| Refusal::new(http::StatusCode::NOT_FOUND, "Branch not protected"))
}

async fn protection(call: Call, Path((owner, repo, branch)): Named) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        let protection = guarded(state, &call, repo, &branch)?;
        ok(state.show_protection(state.repo(repo)?, &branch, protection))
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProtectionInput {
    required_status_checks: Option<StatusChecks>,
    enforce_admins: Option<bool>,
    required_pull_request_reviews: Option<ReviewRule>,
    restrictions: Option<Allowlist>,
    #[serde(default)]
    required_linear_history: bool,
    #[serde(default)]
    allow_force_pushes: Option<bool>,
    #[serde(default)]
    allow_deletions: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StatusChecks {
    strict: bool,
    contexts: Option<Vec<String>>,
    checks: Option<Vec<Check>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Check {
    context: String,
    app_id: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReviewRule {
    #[serde(default)]
    dismiss_stale_reviews: bool,
    #[serde(default)]
    require_code_owner_reviews: bool,
    required_approving_review_count: Option<u64>,
    dismissal_restrictions: Option<Allowlist>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Allowlist {
    users: Option<Vec<String>>,
    teams: Option<Vec<String>>,
    apps: Option<Vec<String>>,
}

impl ProtectionInput {
    fn read(self) -> Allowed<Protection> {
        let contexts = match self.required_status_checks {
            None => None,
            Some(checks) => {
                let named = checks.checks.unwrap_or_default();
                if named.iter().any(|check| check.app_id.is_some_and(|id| id > 0)) {
                    return Err(Refusal::not_simulated("required checks bound to an App"));
                }
                let mut contexts = checks.contexts.unwrap_or_default();
                contexts.extend(named.into_iter().map(|check| check.context));
                contexts.dedup();
                Some(RequiredContexts { strict: checks.strict, contexts })
            }
        };
        let reviews = match self.required_pull_request_reviews {
            None => None,
            Some(reviews) => {
                let limits = reviews.dismissal_restrictions;
                if limits.is_some_and(|one| one.users.is_some() || one.teams.is_some() || one.apps.is_some())
                {
                    return Err(Refusal::not_simulated("dismissal_restrictions"));
                }
                Some(RequiredReviews {
                    count: reviews.required_approving_review_count.unwrap_or(1),
                    dismiss_stale: reviews.dismiss_stale_reviews,
                    code_owners: reviews.require_code_owner_reviews,
                })
            }
        };
        let listed = |list: Option<Vec<String>>| names(&list.unwrap_or_default());
        Ok(Protection {
            required_contexts: contexts,
            required_reviews: reviews,
            enforce_admins: self.enforce_admins.unwrap_or_default(),
            restrictions: self.restrictions.map(|one| Restrictions {
                users: listed(one.users),
                teams: listed(one.teams),
                apps: listed(one.apps),
            }),
            allow_force_pushes: self.allow_force_pushes.unwrap_or_default(),
            allow_deletions: self.allow_deletions,
            linear_history: self.required_linear_history,
        })
    }
}

async fn protect(
    call: Call,
    Path((owner, repo, branch)): Named,
    Input(input): Input<ProtectionInput>,
) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        state.permit(&call.caller, repo, Role::Admin)?;
        if state.repo(repo)?.tip(&branch).is_none() {
            return Err(Refusal::new(http::StatusCode::NOT_FOUND, "Branch not found"));
        }
        let protection = input.read()?;
        let shown = state.show_protection(state.repo(repo)?, &branch, &protection);
        state.repo_mut(repo)?.protection.insert(branch, protection);
        ok(shown)
    })
}

async fn unprotect(call: Call, Path((owner, repo, branch)): Named) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        guarded(state, &call, repo, &branch)?;
        state.repo_mut(repo)?.protection.remove(&branch);
        no_content()
    })
}

async fn required(call: Call, Path((owner, repo, branch)): Named) -> Answer {
    call.within(&owner, &repo, |state, repo| {
        let protection = guarded(state, &call, repo, &branch)?;
        match state.show_protection(state.repo(repo)?, &branch, protection)["required_status_checks"].take() {
            serde_json::Value::Null => {
                Err(Refusal::new(http::StatusCode::NOT_FOUND, "Required status checks not enabled"))
            }
            shown => ok(shown),
        }
    })
}

async fn contexts(call: Call, Path((owner, repo, branch)): Named) -> Answer {
    call.within(&owner, &repo, |state, repo| match &guarded(state, &call, repo, &branch)?.required_contexts {
        Some(required) => ok(json!(required.contexts)),
        None => Err(Refusal::new(http::StatusCode::NOT_FOUND, "Required status checks not enabled")),
    })
}
