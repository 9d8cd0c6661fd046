//! The REST API: one file a group of operations, each handler a few lines between GitHub's words and the state.
//!
//! Fields that a request has and this double does not know are refused with 501, since ignoring them could make a
//! test pass for the wrong reason. Query parameters are held to the same rule.
#![expect(
    clippy::unused_async,
    reason = "axum's handlers are async functions; these work under the state's lock and never wait"
)]

mod app;
mod branches;
mod call;
mod checks;
mod comments;
mod contents;
mod git_data;
mod hooks;
mod issues;
mod labels;
mod orgs;
mod pulls;
mod reactions;
mod repos;
mod reviews;
mod statuses;
mod users;

use axum::Router;

use crate::{GitHub, gate};

/// All operations, below `/api/v3`.
pub(crate) fn router() -> Router<GitHub> {
    Router::new()
        .merge(app::router())
        .merge(branches::router())
        .merge(checks::router())
        .merge(comments::router())
        .merge(contents::router())
        .merge(git_data::router())
        .merge(hooks::router())
        .merge(issues::router())
        .merge(labels::router())
        .merge(orgs::router())
        .merge(pulls::router())
        .merge(reactions::router())
        .merge(repos::router())
        .merge(reviews::router())
        .merge(statuses::router())
        .merge(users::router())
        .fallback(gate::unknown)
        .method_not_allowed_fallback(gate::unknown)
}
