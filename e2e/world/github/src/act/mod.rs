//! What can be done: each function checks the caller's rights, changes the state, and tells the webhooks.
//!
//! REST, GraphQL, the pages and people in tests all come through here, so that a thing done one way is done
//! the same way as any other.

mod assign;
pub(crate) mod checks;
mod commits;
mod issues;
mod labels;
mod merge;
pub(crate) mod mergeability;
mod pulls;
mod reactions;
mod refs;
mod reviews;
mod setup;

use serde_json::Value;

pub use self::checks::CheckRunChange;
pub use self::commits::NewStatus;
pub use self::issues::IssueChange;
pub use self::merge::{MergeMethod, MergeRequest};
pub use self::pulls::NewPull;
pub use self::reactions::Subject;
pub use self::reviews::{NewReview, NewReviewComment};
use crate::Name;
use crate::refusal::Allowed;
use crate::state::{Event, State};

impl State {
    /// Adds an entry to the timeline of an issue and moves its `updated_at`.
    fn note(&mut self, repo: &Name, number: u64, actor: &Name, event: &str, extra: Value) -> Allowed<()> {
        let (id, created_at) = (self.next_id(), self.now());
        let issue = self.issue_mut(repo, number)?;
        issue.updated_at = created_at;
        issue.events.push(Event { id, event: event.to_owned(), actor: actor.clone(), created_at, extra });
        Ok(())
    }

    /// Moves the `updated_at` of an issue.
    fn touch(&mut self, repo: &Name, number: u64) -> Allowed<()> {
        let now = self.now();
        self.issue_mut(repo, number)?.updated_at = now;
        Ok(())
    }
}
