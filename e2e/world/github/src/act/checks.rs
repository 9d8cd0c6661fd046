//! Check runs.

use serde_json::{Value, json};

use crate::Name;
use crate::refusal::{Allowed, Refusal};
use crate::state::{Caller, CheckRun, Role, State, Who};

/// What a request says of a check run; `None` leaves as is.
#[derive(Clone, Debug, Default)]
pub struct CheckRunChange {
    /// The name.
    pub name: Option<String>,
    /// `queued`, `in_progress` or `completed`.
    pub status: Option<String>,
    /// Completes the run.
    pub conclusion: Option<String>,
    /// Where to read more.
    pub details_url: Option<String>,
    /// The App's own name for it.
    pub external_id: Option<String>,
    /// `title`, `summary` and `text`.
    pub output: Option<Value>,
}

impl State {
    /// Makes a check run and returns its id. Only an App may.
    pub fn create_check_run(
        &mut self,
        by: &Caller,
        repo: &Name,
        sha: &str,
        change: CheckRunChange,
    ) -> Allowed<u64> {
        let (app, _) = self.acting_app(by, repo)?;
        let name =
            change.name.clone().ok_or_else(|| Refusal::invalid("CheckRun", "name", "missing_field"))?;
        if self.git.resolve(repo, sha).is_none() {
            return Err(Refusal::unprocessable(format!("No commit found for SHA: {sha}")));
        }
        let (id, started_at) = (self.next_id(), self.now());
        self.repo_mut(repo)?.check_runs.push(CheckRun {
            id,
            app,
            name,
            head_sha: sha.to_owned(),
            status: "queued".to_owned(),
            conclusion: None,
            details_url: None,
            external_id: None,
            output: json!({}),
            started_at,
            completed_at: None,
        });
        self.write_check_run(by, repo, id, change, "created")?;
        Ok(id)
    }

    /// Changes a check run.
    pub fn change_check_run(
        &mut self,
        by: &Caller,
        repo: &Name,
        id: u64,
        change: CheckRunChange,
    ) -> Allowed<()> {
        let (app, _) = self.acting_app(by, repo)?;
        if self.check_run(repo, id)?.app != app {
            return Err(Refusal::forbidden(
                "Invalid app_id `0` - check run can only be modified by the GitHub App that created it.",
            ));
        }
        self.write_check_run(by, repo, id, change, "completed")
    }

    /// A check run that must exist.
    pub fn check_run(&self, repo: &Name, id: u64) -> Allowed<&CheckRun> {
        // Made one after the other, so their ids ascend.
        let all = &self.repo(repo)?.check_runs;
        let found = all.binary_search_by_key(&id, |run| run.id).ok().and_then(|index| all.get(index));
        found.ok_or_else(Refusal::not_found)
    }

    fn acting_app(&self, by: &Caller, repo: &Name) -> Allowed<(u64, Name)> {
        let actor = self.permit(by, repo, Role::Write)?;
        let Who::Installation(id) = by.who else {
            return Err(Refusal::forbidden("You must authenticate via a GitHub App."));
        };
        let installation = self.installations.get(&id).ok_or_else(Refusal::bad_credentials)?;
        Ok((installation.app, actor))
    }

    fn write_check_run(
        &mut self,
        by: &Caller,
        repo: &Name,
        id: u64,
        change: CheckRunChange,
        action: &str,
    ) -> Allowed<()> {
        let (_, actor) = self.acting_app(by, repo)?;
        let now = self.now();
        let run = self
            .repo_mut(repo)?
            .check_runs
            .iter_mut()
            .find(|run| run.id == id)
            .ok_or_else(Refusal::not_found)?;
        let done_before = run.status == "completed";
        if let Some(name) = change.name {
            run.name = name;
        }
        if let Some(status) = change.status {
            run.status = status;
        }
        if let Some(conclusion) = change.conclusion {
            run.conclusion = Some(conclusion);
            "completed".clone_into(&mut run.status);
        }
        if run.status == "completed" && run.conclusion.is_none() {
            return Err(Refusal::invalid("CheckRun", "conclusion", "missing_field"));
        }
        run.completed_at = (run.status == "completed").then_some(run.completed_at.unwrap_or(now));
        run.details_url = change.details_url.or(run.details_url.take());
        run.external_id = change.external_id.or(run.external_id.take());
        run.output = change.output.unwrap_or_else(|| run.output.take());
        let done = run.status == "completed";
        let run = self.check_run(repo, id)?.clone();
        let mut shown = self.show_check_run(self.repo(repo)?, &run);
        shown["check_suite"] = self.show_check_suite(self.repo(repo)?, &run, &shown);
        if action == "created" {
            self.emit(repo, &actor, "check_run", json!({"action": "created", "check_run": shown}));
        }
        if done && !done_before {
            self.emit(repo, &actor, "check_run", json!({"action": "completed", "check_run": shown}));
        }
        Ok(())
    }
}
