//! Furnishing a world: accounts, organisations, repositories, tokens, Apps, hooks.
//!
//! These are what an administrator of the simulation does, so nothing is asked about rights and no webhook is sent.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::Name;
use crate::git::ZERO;
use crate::refusal::{Allowed, Refusal};
use crate::state::{
    App, Caller, Hook, Installation, MergeSettings, Org, Protection, Repo, Role, Scope, State, Team, Token,
    User, Who,
};

impl State {
    /// Adds a person.
    pub fn add_user(&mut self, login: &str) {
        self.add_account(login, false);
    }

    fn add_account(&mut self, login: &str, bot: bool) {
        let id = self.next_id();
        let login = Name::from(login);
        self.users.entry(login.clone()).or_insert(User { id, login, bot });
    }

    /// Adds an organisation with owners.
    pub fn add_org(&mut self, login: &str, owners: &[&str]) {
        let id = self.next_id();
        let login = Name::from(login);
        let members = owners.iter().map(|owner| (Name::from(*owner), true)).collect();
        self.orgs.insert(
            login.clone(),
            Org { id, login, members, public_members: BTreeSet::new(), teams: BTreeMap::new() },
        );
    }

    /// Adds a member to an organisation.
    pub fn add_member(&mut self, org: &str, login: &str) -> Allowed<()> {
        let org = self.orgs.get_mut(&Name::from(org)).ok_or_else(Refusal::not_found)?;
        org.members.entry(Name::from(login)).or_insert(false);
        Ok(())
    }

    /// Adds a team, with its members.
    pub fn add_team(&mut self, org: &str, slug: &str, members: &[&str]) -> Allowed<()> {
        let id = self.next_id();
        let org = self.orgs.get_mut(&Name::from(org)).ok_or_else(Refusal::not_found)?;
        let slug = Name::from(slug);
        let members = members.iter().map(|login| (Name::from(*login), false)).collect();
        org.teams.insert(slug.clone(), Team { id, slug, members, repos: BTreeMap::new() });
        Ok(())
    }

    /// Gives a team a role in a repository.
    pub fn grant_team(&mut self, repo: &str, slug: &str, role: Role) -> Allowed<()> {
        let repo = Name::from(repo);
        let org = self.orgs.get_mut(&Name::from(repo.owner())).ok_or_else(Refusal::not_found)?;
        org.teams.get_mut(&Name::from(slug)).ok_or_else(Refusal::not_found)?.repos.insert(repo, role);
        Ok(())
    }

    /// Gives an account a role in a repository.
    pub fn grant(&mut self, repo: &str, login: &str, role: Role) -> Allowed<()> {
        self.repo_mut(&Name::from(repo))?.collaborators.insert(Name::from(login), role);
        Ok(())
    }

    /// Adds a public repository `owner/name` whose branch `main` has these files.
    pub fn add_repository(&mut self, repo: &str, files: &[(&str, &str)]) -> Allowed<()> {
        let name = Name::from(repo);
        let owner = Name::from(name.owner());
        let author = match self.orgs.get(&owner) {
            Some(org) => org.members.keys().next().cloned().unwrap_or_else(|| owner.clone()),
            None => owner.clone(),
        };
        self.make_repository(name.clone(), None)?;
        let files: Vec<(&str, Option<&[u8]>)> =
            files.iter().map(|(path, text)| (*path, Some(text.as_bytes()))).collect();
        let mut signature = match self.user(&author) {
            Ok(_) => self.signature(&author)?,
            Err(_) => crate::git::Signature {
                name: author.to_string(),
                email: format!("{author}@example.com"),
                at: self.now(),
            },
        };
        signature.at = self.options.epoch;
        let sha = self.git.commit_files(&name, None, &files, &signature, "Initial commit")?;
        self.git.set_ref(&name, "refs/heads/main", &sha, ZERO)?;
        self.repo_mut(&name)?.refs.insert("refs/heads/main".to_owned(), sha);
        Ok(())
    }

    pub(crate) fn make_repository(&mut self, name: Name, parent: Option<Name>) -> Allowed<()> {
        let (id, now) = (self.next_id(), self.now());
        if self.repos.contains_key(&name) {
            return Err(Refusal::custom("Repository", "name already exists on this account"));
        }
        self.git.init(&name, "main")?;
        let repo = Repo {
            id,
            name: name.clone(),
            private: false,
            archived: false,
            default_branch: "main".to_owned(),
            parent,
            merges: MergeSettings { merge: true, squash: true, rebase: true, delete_branch: false },
            created_at: now,
            pushed_at: now,
            collaborators: BTreeMap::new(),
            labels: BTreeMap::new(),
            milestones: BTreeMap::new(),
            issues: BTreeMap::new(),
            homes: BTreeMap::new(),
            refs: BTreeMap::new(),
            protection: BTreeMap::new(),
            statuses: BTreeMap::new(),
            check_runs: Vec::new(),
        };
        self.repos.insert(name, repo);
        Ok(())
    }

    /// Forks a repository to the caller's account.
    pub fn fork(&mut self, by: &Caller, repo: &Name) -> Allowed<Name> {
        let owner = self.permit(by, repo, Role::Read)?;
        let fork = Name::of_repo(owner.as_str(), repo.short());
        if self.repos.contains_key(&fork) {
            return Ok(fork);
        }
        self.make_repository(fork.clone(), Some(repo.clone()))?;
        self.git.fetch(repo, &fork, "refs/heads/*:refs/heads/*")?;
        let refs = self.git.refs(&fork)?;
        let private = self.repo(repo)?.private;
        let made = self.repo_mut(&fork)?;
        made.refs = refs;
        made.private = private;
        Ok(fork)
    }

    /// Protects a branch.
    pub fn protect(&mut self, repo: &str, branch: &str, protection: Protection) -> Allowed<()> {
        self.repo_mut(&Name::from(repo))?.protection.insert(branch.to_owned(), protection);
        Ok(())
    }

    /// Makes a personal token for an account.
    pub fn add_token(&mut self, login: &str) -> String {
        let secret = self.next_secret();
        let token = format!("ghp_{}", secret.get(..36).unwrap_or(&secret));
        self.tokens.insert(
            token.clone(),
            Token { who: Who::User(Name::from(login)), expires_at: None, repos: None },
        );
        token
    }

    /// Registers an App, with the bot account that acts for it. Returns the App's id.
    pub fn add_app(&mut self, slug: &str, owner: &str) -> u64 {
        let id = self.next_id();
        self.apps.insert(id, App { id, slug: Name::from(slug), owner: Name::from(owner) });
        self.add_account(&format!("{slug}[bot]"), true);
        id
    }

    /// Installs an App on an account, for some repositories or (with `None`) for all. Returns the installation's id.
    pub fn install_app(&mut self, app: u64, account: &str, repos: Option<&[&str]>) -> u64 {
        let id = self.next_id();
        let repos = repos.map(|repos| repos.iter().map(|repo| Name::from(*repo)).collect());
        self.installations.insert(id, Installation { id, app, account: Name::from(account), repos });
        id
    }

    /// Sets a webhook. Returns its id.
    pub fn add_hook(&mut self, scope: Scope, url: &str, secret: Option<&str>, events: &[&str]) -> u64 {
        let (id, now) = (self.next_id(), self.now());
        self.hooks.insert(
            id,
            Hook {
                id,
                scope,
                url: url.to_owned(),
                secret: secret.map(str::to_owned),
                events: events.iter().map(|event| (*event).to_owned()).collect(),
                active: true,
                created_at: now,
                updated_at: now,
            },
        );
        id
    }

    /// Sends a hook the event `ping`, as GitHub does when one is made.
    pub(crate) fn ping(&mut self, by: &Caller, hook: u64) -> Allowed<()> {
        let found = self.hooks.get(&hook).ok_or_else(Refusal::not_found)?;
        let mut payload =
            json!({"zen": "Keep it logically awesome.", "hook_id": hook, "hook": self.show_hook(found)});
        match &found.scope {
            Scope::Repo(repo) => payload["repository"] = self.show_repo(self.repo(repo)?),
            Scope::Org(org) => payload["organization"] = self.show_org(self.org(org)?),
            Scope::App(_) => {}
        }
        if let Ok(login) = self.login(by) {
            payload["sender"] = self.show_user(&login);
        }
        let guid = self.next_guid();
        self.post(hook, guid, "ping", payload, false);
        Ok(())
    }
}
