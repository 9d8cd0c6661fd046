//! A GitHub with state, real git and webhooks, made to be read: short files, one concern each.
//!
//! One [`GitHub`] is a REST and GraphQL API, git over smart HTTP, webhooks and a few pages, all behind one axum
//! router: in-process (any tower client, virtual time) or on loopback (`git`, a browser). It knows nothing of who
//! tests with it. What it does not simulate it refuses with 501 and says what it was.
//!
//! Read `state` first (what it knows), then `act` (what can be done, by whom) and `render` (how things look as JSON).
//! `rest`, `graphql` and `smart_http` are the ways in for programs, all through `gate`, which counts, limits and injects
//! faults; `pages` and `people` are those for people. `courier` sends the `webhooks`.
//! Nothing reads a clock but tokio's or draws a random number: equal seeds and equal calls give equal ids, tokens and commits.

mod act;
mod clock;
mod courier;
mod faults;
mod gate;
mod git;
mod graphql;
mod name;
mod pages;
mod people;
mod refusal;
mod render;
mod rest;
mod smart_http;
/// What this GitHub knows.
pub mod state;
mod webhooks;

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use tokio::net::TcpListener;

pub use self::act::{
    CheckRunChange, IssueChange, MergeMethod, MergeRequest, NewPull, NewReview, NewReviewComment, NewStatus,
    Subject,
};
pub use self::clock::Clock;
pub use self::courier::{Fate, Parcel, Sender, over_http, to_service};
pub use self::faults::{Fault, Faults, Moment, Rule, Write};
pub use self::git::{Commit, Comparison, Entry, FileDiff, Git, GitError, Signature, ZERO};
pub use self::name::Name;
pub use self::people::Person;
pub use self::refusal::{Allowed, Refusal};
pub use self::state::{Options, State};
use crate::courier::Courier;
use crate::gate::Budgets;

/// A simulated GitHub. Clones are the same GitHub.
#[derive(Clone, Debug)]
pub struct GitHub {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    faults: Faults,
    budgets: Mutex<Budgets>,
    courier: Courier,
}

impl GitHub {
    /// A GitHub with nothing in it. Fails if the folder for the repositories cannot be made, or git is missing or too old.
    pub fn new(options: Options) -> std::io::Result<Self> {
        let clock = Clock::starting_at(options.epoch);
        let git = Git::open(options.folder.clone())?;
        let shared = Shared {
            state: Mutex::new(State::new(options, clock, git)),
            faults: Faults::default(),
            budgets: Mutex::default(),
            courier: Courier::default(),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Reads the state.
    pub fn look<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.shared.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the state, then sends the webhooks that tell of it.
    ///
    /// Webhooks are sent by tasks, so they need a tokio runtime; without one they are recorded as failed.
    pub fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.shared.state.lock().unwrap_or_else(PoisonError::into_inner);
        let result = change(&mut state);
        let outbox = std::mem::take(&mut state.outbox);
        drop(state);
        self.dispatch(outbox);
        result
    }

    /// Somebody who acts directly, as with a browser.
    pub fn user(&self, login: &str) -> Person {
        Person::new(self.clone(), login)
    }

    /// What shall go wrong.
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    /// Everything behind one address: the API below `/api/v3` and `/api/graphql` as on an Enterprise Server, git and pages
    /// below `/`. A request to the host `api.github.com` finds the API at `/` and `/graphql`.
    pub fn router(&self) -> Router {
        let api = Router::new()
            .nest("/api/v3", rest::router())
            .merge(graphql::router())
            .merge(smart_http::router())
            .layer(axum::middleware::from_fn_with_state(self.clone(), gate::pass));
        let all = api.merge(pages::router()).fallback(gate::unknown).with_state(self.clone());
        // A layer of the router would run after routing, so the host is read around it.
        Router::new()
            .fallback_service(tower::ServiceBuilder::new().map_request(gate::place_host).service(all))
    }

    /// Serves on a listener and shows its address from now on, until the task that this returns is aborted.
    pub fn serve(
        &self,
        listener: TcpListener,
    ) -> std::io::Result<tokio::task::JoinHandle<std::io::Result<()>>> {
        let address = listener.local_addr()?;
        self.change(|state| {
            state.options.web = format!("http://{address}");
            state.options.api = format!("http://{address}/api/v3");
        });
        let router = self.router();
        Ok(tokio::spawn(async move { axum::serve(listener, router).await }))
    }
}
