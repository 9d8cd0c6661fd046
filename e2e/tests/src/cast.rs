//! The people of the stories, and what can be seen on GitHub. The same on virtual time and in the sandbox.

use std::time::Duration;
use world_github::{
    GitHub,
    state::{Role, Scope},
};

/// The repository of the stories.
pub const REPOSITORY: &str = "acme/widgets";
/// What deliveries are signed with.
pub const HOOK_SECRET: &str = "the hook's secret";

/// `robin` writes changes, `kim` approves them, `acme-bot` is us.
#[derive(Clone)]
pub struct Cast {
    /// Where they meet.
    pub github: GitHub,
}

impl Cast {
    /// Brings the organisation, its people and its repository to a GitHub. Deliveries go to `hook`. Gives the token of
    /// the account that acts for Bowsprit.
    pub fn gather(github: GitHub, hook: &str) -> (Self, String) {
        let token = github.change(|state| {
            for login in ["ada", "kim", "robin", "acme-bot"] {
                state.add_user(login);
            }
            state.add_org("acme", &["ada"]);
            for login in ["acme-bot", "kim", "robin"] {
                state.add_member("acme", login).unwrap();
            }
            let owners = "approvers: [kim]\nreviewers: [kim, robin]\n";
            state.add_repository(REPOSITORY, &[("README.md", "# Widgets\n"), ("OWNERS", owners)]).unwrap();
            state.grant(REPOSITORY, "robin", Role::Write).unwrap();
            state.grant(REPOSITORY, "kim", Role::Write).unwrap();
            state.grant(REPOSITORY, "acme-bot", Role::Admin).unwrap();
            state.add_hook(Scope::Org("acme".into()), hook, Some(HOOK_SECRET), &["*"]);
            state.add_token("acme-bot")
        });
        (Self { github }, token)
    }

    /// The head of a pull request.
    pub fn head(&self, number: u64) -> String {
        self.github.look(|state| state.pull(&REPOSITORY.into(), number).unwrap().head_sha.clone())
    }

    /// The state of a context on a commit; empty: there is none.
    pub fn context_on(&self, commit: &str, context: &str) -> String {
        self.github.look(|state| {
            let statuses = state.repo(&REPOSITORY.into()).unwrap().latest_statuses(commit);
            let found = statuses.into_iter().find(|status| status.context == context);
            found.map(|status| status.state.clone()).unwrap_or_default()
        })
    }

    /// The state of a context on the head of a pull request; empty: there is none.
    pub fn context(&self, number: u64, context: &str) -> String {
        self.context_on(&self.head(number), context)
    }

    /// Whether a pull request carries a label.
    pub fn has_label(&self, number: u64, label: &str) -> bool {
        self.github.look(|state| {
            let issue = state.issue(&REPOSITORY.into(), number).unwrap();
            issue.labels.iter().any(|there| there.as_str() == label)
        })
    }

    /// The commit that a pull request was merged as.
    pub fn merged(&self, number: u64) -> Option<String> {
        self.github.look(|state| {
            let pull = state.pull(&REPOSITORY.into(), number).unwrap();
            pull.merged.as_ref().map(|merged| merged.sha.clone())
        })
    }

    /// Waits until something is so.
    ///
    /// # Errors
    /// What was not so in time.
    pub async fn until(&self, what: &str, within: Duration, so: impl Fn() -> bool) -> Result<(), String> {
        let end = tokio::time::Instant::now() + within;
        while !so() {
            if tokio::time::Instant::now() >= end {
                return Err(format!("not within {within:?}: {what}"));
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        Ok(())
    }
}
