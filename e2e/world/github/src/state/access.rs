//! Who may see and do what.
//!
//! An installation has every permission that an App can ask for, in the repositories that it reaches; what GitHub
//! splits into permissions is not simulated. What may not be seen is answered as if it were not there.

use super::{Caller, Org, Role, State, User, Who};
use crate::Name;
use crate::refusal::{Allowed, Refusal};

impl State {
    /// The account that acts for a caller.
    pub fn login(&self, caller: &Caller) -> Allowed<Name> {
        match &caller.who {
            Who::Nobody => Err(Refusal::requires_authentication()),
            Who::App(_) => Err(Refusal::forbidden("Resource not accessible by integration")),
            Who::User(login) => Ok(self.user(login)?.login.clone()),
            Who::Installation(id) => {
                let installation = self.installations.get(id).ok_or_else(Refusal::bad_credentials)?;
                let app = self.apps.get(&installation.app).ok_or_else(Refusal::bad_credentials)?;
                Ok(Name::from(format!("{}[bot]", app.slug)))
            }
        }
    }

    /// Who a token speaks for, unless it has ended.
    pub(crate) fn bearer(&self, token: &str) -> Allowed<Caller> {
        let token = self.tokens.get(token).ok_or_else(Refusal::bad_credentials)?;
        if token.expires_at.is_some_and(|end| end <= self.now()) {
            return Err(Refusal::bad_credentials());
        }
        let mut only = token.repos.clone();
        if let Who::Installation(id) = &token.who {
            let installation = self.installations.get(id).ok_or_else(Refusal::bad_credentials)?;
            only = only.or_else(|| installation.repos.clone());
        }
        Ok(Caller { who: token.who.clone(), only })
    }

    /// What a caller may do in a repository; `None` if it may not even see it.
    pub fn role(&self, caller: &Caller, repo: &Name) -> Option<Role> {
        let found = self.repos.get(repo)?;
        let anybody = (!found.private).then_some(Role::Read);
        if caller.only.as_ref().is_some_and(|only| !only.contains(repo)) {
            return anybody;
        }
        match &caller.who {
            Who::Nobody | Who::App(_) => anybody,
            Who::User(login) => self.role_of(login, repo),
            Who::Installation(id) => {
                let reaches =
                    self.installations.get(id).is_some_and(|one| one.account == *found.name.owner());
                if reaches { Some(Role::Admin) } else { anybody }
            }
        }
    }

    /// What an account may do in a repository.
    pub fn role_of(&self, login: &Name, repo: &Name) -> Option<Role> {
        let found = self.repos.get(repo)?;
        let owner = Name::from(found.name.owner());
        if owner == *login {
            return Some(Role::Admin);
        }
        let mut role = (!found.private).then_some(Role::Read);
        role = role.max(found.collaborators.get(login).copied());
        if let Some(org) = self.orgs.get(&owner) {
            match org.members.get(login) {
                Some(true) => return Some(Role::Admin),
                Some(false) => role = role.max(Some(Role::Read)),
                None => {}
            }
            for team in org.teams.values().filter(|team| team.members.contains_key(login)) {
                role = role.max(team.repos.get(repo).copied());
            }
        }
        role
    }

    /// The full name of a repository that the caller may see.
    pub(crate) fn visible(&self, caller: &Caller, owner: &str, name: &str) -> Allowed<Name> {
        let repo = Name::of_repo(owner, name);
        if self.role(caller, &repo).is_none() {
            return Err(Refusal::not_found());
        }
        Ok(self.repo(&repo)?.name.clone())
    }

    /// Refuses a caller who has less than `needed` in a repository, and returns who acts.
    pub(crate) fn permit(&self, caller: &Caller, repo: &Name, needed: Role) -> Allowed<Name> {
        let role = self.role(caller, repo).ok_or_else(Refusal::not_found)?;
        let login = self.login(caller)?;
        if needed > Role::Read && self.repo(repo)?.archived {
            return Err(Refusal::forbidden("Repository was archived so is read-only."));
        }
        if role >= needed {
            return Ok(login);
        }
        match &caller.who {
            Who::Installation(_) => Err(Refusal::forbidden("Resource not accessible by integration")),
            Who::User(_) if needed == Role::Admin => Err(Refusal::not_found()),
            Who::Nobody | Who::User(_) | Who::App(_) => {
                Err(Refusal::forbidden("Must have admin rights to Repository."))
            }
        }
    }

    /// An organisation that must exist.
    pub fn org(&self, login: &Name) -> Allowed<&Org> {
        self.orgs.get(login).ok_or_else(Refusal::not_found)
    }

    /// Whether the caller is a member of an organisation, or an installation on it.
    pub(crate) fn is_insider(&self, caller: &Caller, org: &Org) -> bool {
        match &caller.who {
            Who::Nobody | Who::App(_) => false,
            Who::User(login) => org.members.contains_key(login),
            Who::Installation(id) => self.installations.get(id).is_some_and(|one| one.account == org.login),
        }
    }

    /// Whether the caller owns an organisation, or is an installation on it.
    pub(crate) fn is_org_admin(&self, caller: &Caller, org: &Org) -> bool {
        match &caller.who {
            Who::User(login) => org.members.get(login) == Some(&true),
            Who::Nobody | Who::App(_) | Who::Installation(_) => self.is_insider(caller, org),
        }
    }

    /// GitHub's word for how an author stands to a repository.
    pub(crate) fn association(&self, login: &Name, repo: &Name) -> &'static str {
        let Some(found) = self.repos.get(repo) else { return "NONE" };
        let owner = Name::from(found.name.owner());
        if owner == *login {
            "OWNER"
        } else if self.orgs.get(&owner).is_some_and(|org| org.members.contains_key(login)) {
            "MEMBER"
        } else if found.collaborators.contains_key(login) {
            "COLLABORATOR"
        } else if found
            .issues
            .values()
            .any(|one| one.author == *login && one.pull.as_ref().is_some_and(|p| p.merged.is_some()))
        {
            "CONTRIBUTOR"
        } else {
            "NONE"
        }
    }

    /// An account by its login, with the login as it is written.
    pub(crate) fn canonical(&self, login: &str) -> Option<&User> {
        self.users.get(&Name::from(login))
    }
}
