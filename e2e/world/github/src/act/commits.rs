//! Commit statuses.

use serde_json::{Value, json};

use crate::Name;
use crate::clock::shown;
use crate::refusal::{Allowed, Refusal};
use crate::render::extend;
use crate::state::{Caller, Role, State, Status};

/// GitHub refuses further statuses of one commit and context.
const MOST_STATUSES: usize = 1000;

/// A status to be set.
#[derive(Clone, Debug, Default)]
pub struct NewStatus {
    /// `error`, `failure`, `pending` or `success`.
    pub state: String,
    /// The context.
    pub context: String,
    /// At most 140 characters.
    pub description: Option<String>,
    /// Where to read more.
    pub target_url: Option<String>,
}

impl State {
    /// Sets a status and returns its id.
    pub fn set_status(&mut self, by: &Caller, repo: &Name, sha: &str, new: NewStatus) -> Allowed<u64> {
        let NewStatus { state, context, description, target_url } = new;
        let creator = self.permit(by, repo, Role::Write)?;
        if !["error", "failure", "pending", "success"].contains(&state.as_str()) {
            return Err(Refusal::custom("Status", "State is not included in the list"));
        }
        if description.as_ref().is_some_and(|text| text.chars().count() > 140) {
            let mut refusal =
                Refusal::custom("Status", "description is too long (maximum is 140 characters)");
            refusal.errors = vec![json!({
                "resource": "Status", "code": "custom", "field": "description",
                "message": "description is too long (maximum is 140 characters)",
            })];
            return Err(refusal);
        }
        if sha.len() != 40 || self.git.resolve(repo, sha).is_none() {
            return Err(Refusal::unprocessable(format!("No commit found for SHA: {sha}")));
        }
        let (id, created_at) = (self.next_id(), self.now());
        let all = self.repo_mut(repo)?.statuses.entry(sha.to_owned()).or_default();
        if all.iter().filter(|one| one.context == context).count() >= MOST_STATUSES {
            return Err(Refusal::custom(
                "Status",
                "This SHA and context has reached the maximum number of statuses.",
            ));
        }
        let status = Status {
            id,
            context,
            state,
            description,
            target_url: target_url.filter(|url| !url.is_empty()),
            creator: creator.clone(),
            created_at,
        };
        all.push(status.clone());
        self.emit_status(repo, sha, &status, &creator)?;
        Ok(id)
    }

    fn emit_status(&mut self, repo: &Name, sha: &str, status: &Status, sender: &Name) -> Allowed<()> {
        let found = self.repo(repo)?;
        let branches: Vec<Value> = found
            .branches()
            .filter(|(_, tip)| *tip == sha)
            .map(|(name, tip)| self.show_branch(found, name, tip))
            .collect();
        let mut payload = json!({
            "id": status.id,
            "sha": sha,
            "name": repo.as_str(),
            "target_url": status.target_url,
            "avatar_url": self.show_user(&status.creator)["avatar_url"].take(),
            "context": status.context,
            "description": status.description,
            "state": status.state,
            "commit": self.show_commit(repo, &self.git.commit(repo, sha)?),
            "branches": branches,
        });
        let at = shown(status.created_at);
        extend(&mut payload, json!({"created_at": at, "updated_at": at}));
        self.emit(repo, sender, "status", payload);
        Ok(())
    }
}
