//! Assignees, and reviewers asked for.

use serde_json::json;

use crate::Name;
use crate::refusal::{Allowed, Refusal};
use crate::state::{Caller, Role, State};

/// As many as an issue can have; more are ignored without a word.
const MOST_ASSIGNEES: usize = 10;

impl State {
    /// Whether an account has a role of its own in a repository, beyond what everybody may do.
    pub fn is_collaborator(&self, login: &Name, repo: &Name) -> bool {
        self.association(login, repo) != "NONE" && self.association(login, repo) != "CONTRIBUTOR"
            || self.role_of(login, repo) > Some(Role::Read)
    }

    fn may_be_assigned(&self, login: &Name, repo: &Name, number: u64) -> bool {
        let spoke = |issue: &crate::state::Issue| {
            issue.author == *login || issue.comments.iter().any(|one| one.author == *login)
        };
        self.users.contains_key(login)
            && (self.is_collaborator(login, repo) || self.issue(repo, number).is_ok_and(spoke))
    }

    /// Assigns; those who cannot be assigned are left out without a word, as GitHub does.
    pub fn add_assignees(&mut self, by: &Caller, repo: &Name, number: u64, logins: &[Name]) -> Allowed<()> {
        let actor = self.permit(by, repo, Role::Triage)?;
        for login in logins {
            let issue = self.issue(repo, number)?;
            if issue.assignees.contains(login)
                || issue.assignees.len() >= MOST_ASSIGNEES
                || !self.may_be_assigned(login, repo, number)
            {
                continue;
            }
            let login = self.user(login)?.login.clone();
            self.issue_mut(repo, number)?.assignees.push(login.clone());
            self.tell_assigned(repo, number, &actor, &login, "assigned")?;
        }
        Ok(())
    }

    /// Unassigns.
    pub fn remove_assignees(
        &mut self,
        by: &Caller,
        repo: &Name,
        number: u64,
        logins: &[Name],
    ) -> Allowed<()> {
        let actor = self.permit(by, repo, Role::Triage)?;
        for login in logins {
            let issue = self.issue_mut(repo, number)?;
            if issue.assignees.contains(login) {
                issue.assignees.retain(|one| one != login);
                self.tell_assigned(repo, number, &actor, login, "unassigned")?;
            }
        }
        Ok(())
    }

    /// Makes `logins` the whole set of assignees.
    pub(super) fn set_assignees(
        &mut self,
        by: &Caller,
        repo: &Name,
        number: u64,
        logins: &[Name],
    ) -> Allowed<()> {
        let mut gone = self.issue(repo, number)?.assignees.clone();
        gone.retain(|one| !logins.contains(one));
        self.remove_assignees(by, repo, number, &gone)?;
        self.add_assignees(by, repo, number, logins)
    }

    fn tell_assigned(
        &mut self,
        repo: &Name,
        number: u64,
        actor: &Name,
        login: &Name,
        action: &str,
    ) -> Allowed<()> {
        let assignee = self.show_user(login);
        self.note(
            repo,
            number,
            actor,
            action,
            json!({"assignee": assignee, "assigner": self.show_user(actor)}),
        )?;
        self.emit_issue(repo, number, actor, action, json!({"assignee": assignee}));
        Ok(())
    }

    /// Asks for reviews. One login or team that may not be asked refuses the whole request, as GitHub does.
    pub fn request_reviews(
        &mut self,
        by: &Caller,
        repo: &Name,
        number: u64,
        logins: &[Name],
        teams: &[Name],
    ) -> Allowed<()> {
        let actor = self.permit(by, repo, Role::Triage)?;
        self.pull(repo, number)?;
        let org = self.orgs.get(&Name::from(repo.owner()));
        if logins.contains(&self.issue(repo, number)?.author) {
            return Err(Refusal::unprocessable("Review cannot be requested from pull request author."));
        }
        let stranger =
            logins.iter().any(|login| !self.users.contains_key(login) || !self.is_collaborator(login, repo));
        let foreign = teams.iter().any(|slug| {
            !org.is_some_and(|org| org.teams.get(slug).is_some_and(|team| team.repos.contains_key(repo)))
        });
        if stranger || foreign {
            return Err(Refusal::unprocessable(format!(
                "Reviews may only be requested from collaborators. One or more of the users or teams you specified is not a collaborator of the {repo} repository."
            )));
        }
        for login in logins {
            let login = self.user(login)?.login.clone();
            let pull = self.pull_mut(repo, number)?;
            if !pull.requested_reviewers.contains(&login) {
                pull.requested_reviewers.push(login.clone());
                self.tell_requested(repo, number, &actor, &login, false, "review_requested")?;
            }
        }
        for slug in teams {
            let pull = self.pull_mut(repo, number)?;
            if !pull.requested_teams.contains(slug) {
                pull.requested_teams.push(slug.clone());
                self.tell_requested(repo, number, &actor, slug, true, "review_requested")?;
            }
        }
        Ok(())
    }

    /// Takes requests for reviews back.
    pub fn unrequest_reviews(
        &mut self,
        by: &Caller,
        repo: &Name,
        number: u64,
        logins: &[Name],
        teams: &[Name],
    ) -> Allowed<()> {
        let actor = self.permit(by, repo, Role::Triage)?;
        let pull = self.pull_mut(repo, number)?;
        let gone: Vec<Name> =
            logins.iter().filter(|login| pull.requested_reviewers.contains(login)).cloned().collect();
        let gone_teams: Vec<Name> =
            teams.iter().filter(|slug| pull.requested_teams.contains(slug)).cloned().collect();
        pull.requested_reviewers.retain(|one| !gone.contains(one));
        pull.requested_teams.retain(|one| !gone_teams.contains(one));
        for login in gone {
            self.tell_requested(repo, number, &actor, &login, false, "review_request_removed")?;
        }
        for slug in gone_teams {
            self.tell_requested(repo, number, &actor, &slug, true, "review_request_removed")?;
        }
        Ok(())
    }

    fn tell_requested(
        &mut self,
        repo: &Name,
        number: u64,
        actor: &Name,
        asked: &Name,
        team: bool,
        action: &str,
    ) -> Allowed<()> {
        let requester = self.show_user(actor);
        let org = self.orgs.get(&Name::from(repo.owner()));
        let (field, asked) = match org.and_then(|org| Some((org, org.teams.get(asked)?))) {
            Some((org, found)) if team => ("requested_team", self.show_team(org, found)),
            _ => ("requested_reviewer", self.show_user(asked)),
        };
        let (told, noted) = (json!({field: asked}), json!({field: asked, "review_requester": requester}));
        self.note(repo, number, actor, action, noted)?;
        self.emit_issue(repo, number, actor, action, told);
        Ok(())
    }
}
