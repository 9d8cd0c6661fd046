//! The roots, accounts, and finding things by node id.

use serde_json::{Value, json};

use super::{Node, issue_node, plain, time, unanswered};
use crate::Name;
use crate::act::Subject;
use crate::git::Signature;
use crate::graphql::execute::{Failure, Out, Resolved, Run};
use crate::render::node_id;
use crate::state::{State, Who};

impl Run<'_> {
    pub(super) fn query(&mut self, field: &str, arguments: &Value) -> Resolved {
        let text = |name: &str| arguments[name].as_str().unwrap_or_default();
        match field {
            "viewer" => {
                if matches!(self.caller.who, Who::App(_)) {
                    return Err(Failure {
                        kind: "FORBIDDEN",
                        message: "Resource not accessible by integration".to_owned(),
                    });
                }
                Ok(Out::Node(Node::Viewer(self.state.login(self.caller)?)))
            }
            "rateLimit" => Ok(Out::Node(Node::Small("RateLimit", self.limits.clone()))),
            "repository" => {
                let (owner, name) = (text("owner"), text("name"));
                let found = self.state.visible(self.caller, owner, name);
                let missing = |_| {
                    not_found(format!("Could not resolve to a Repository with the name '{owner}/{name}'."))
                };
                Ok(Out::Node(Node::Repository(found.map_err(missing)?)))
            }
            "organization" => {
                let login = Name::from(text("login"));
                let found = self.state.orgs.get(&login).map(|org| Node::Actor(org.login.clone()));
                found.map(Out::Node).ok_or_else(|| {
                    not_found(format!("Could not resolve to an Organization with the login of '{login}'."))
                })
            }
            "user" => {
                let login = Name::from(text("login"));
                let found = self
                    .state
                    .users
                    .get(&login)
                    .filter(|user| !user.bot)
                    .map(|user| Node::Actor(user.login.clone()));
                found.map(Out::Node).ok_or_else(|| {
                    not_found(format!("Could not resolve to a User with the login of '{login}'."))
                })
            }
            "search" => self.search(text("query")),
            "node" => self.node(text("id")).map(Out::Node),
            "nodes" => {
                let ids: Vec<&str> =
                    arguments["ids"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                ids.into_iter().map(|id| self.node(id)).collect::<Result<_, _>>().map(Out::List)
            }
            _ => unanswered("Query", field),
        }
    }

    /// What a node id stands for, if the caller may see it.
    pub(super) fn node(&self, id: &str) -> Result<Node, Failure> {
        let missing = || not_found(format!("Could not resolve to a node with the global id of '{id}'"));
        let (kind, number) = id.split_once('_').ok_or_else(missing)?;
        let number: u64 = number.parse().map_err(|_| missing())?;
        let seen =
            self.state.repos.values().filter(|repo| self.state.role(self.caller, &repo.name).is_some());
        for repo in seen {
            let name = || repo.name.clone();
            let issue = || repo.issues.values().find(|issue| issue.node_id() == id);
            let found = match kind {
                "R" => (repo.id == number).then(|| Node::Repository(name())),
                "I" | "PR" => issue().map(|issue| issue_node(&repo.name, issue)),
                "IC" => {
                    self.state.find_comment(&repo.name, number).ok().map(|_| Node::Comment(name(), number))
                }
                "PRR" => self
                    .state
                    .find_review(&repo.name, number)
                    .ok()
                    .map(|(home, _)| Node::Review(name(), home, number)),
                "PRRC" => self
                    .state
                    .find_review_comment(&repo.name, number)
                    .ok()
                    .map(|_| Node::ReviewComment(name(), number)),
                _ => None,
            };
            if let Some(found) = found {
                return Ok(found);
            }
        }
        Err(missing())
    }

    pub(super) fn actor(&mut self, login: &Name, field: &str, viewer: bool) -> Resolved {
        let user = self.state.users.get(login);
        let org = self.state.orgs.get(login);
        let id = user.map(|user| user.id).or(org.map(|org| org.id)).unwrap_or_default();
        match field {
            "id" => plain(node_id(if org.is_some() { "O" } else { "U" }, id)),
            "databaseId" => plain(id),
            // Of a bot, GraphQL shows the App's slug where REST shows `slug[bot]`; only `viewer` has both.
            "login" if !viewer => plain(login.as_str().trim_end_matches("[bot]")),
            "login" | "name" => plain(login.as_str()),
            "url" => plain(self.state.web(format_args!("/{login}"))),
            _ => unanswered("Actor", field),
        }
    }

    pub(super) fn team(&mut self, org: &Name, slug: &Name, field: &str) -> Resolved {
        let id = self.state.orgs.get(org).and_then(|org| org.teams.get(slug)).map_or(0, |team| team.id);
        match field {
            "id" => plain(node_id("T", id)),
            "databaseId" => plain(id),
            "name" | "slug" => plain(slug.as_str()),
            _ => unanswered("Team", field),
        }
    }

    pub(super) fn app(&mut self, id: u64, field: &str) -> Resolved {
        let slug = self.state.apps.get(&id).map_or("", |app| app.slug.as_str());
        match field {
            "id" => plain(node_id("A", id)),
            "databaseId" => plain(id),
            "name" | "slug" => plain(slug),
            _ => unanswered("App", field),
        }
    }

    pub(super) fn git_actor(&mut self, who: &Signature, field: &str) -> Resolved {
        match field {
            "name" => plain(who.name.as_str()),
            "email" => plain(who.email.as_str()),
            "date" => time(who.at),
            "user" => Ok(Out::maybe(self.state.account_of(who).cloned().map(Node::Actor))),
            _ => unanswered("GitActor", field),
        }
    }
}

pub(super) fn not_found(message: String) -> Failure {
    Failure { kind: "NOT_FOUND", message }
}

/// The author of something, or null once the account is gone.
pub(super) fn author(state: &State, login: &Name) -> Out {
    Out::maybe(state.users.contains_key(login).then(|| Node::Actor(login.clone())))
}

/// The repository and subject of a node that can be reacted to.
pub(super) fn reactable(node: Node) -> Option<(Name, Subject)> {
    match node {
        Node::Issue(repo, number) | Node::Pull(repo, number) => Some((repo, Subject::Issue(number))),
        Node::Comment(repo, id) => Some((repo, Subject::Comment(id))),
        Node::Review(repo, _, id) => Some((repo, Subject::Review(id))),
        Node::ReviewComment(repo, id) => Some((repo, Subject::ReviewComment(id))),
        _ => None,
    }
}

/// An empty or given `clientMutationId`.
pub(super) fn client_id(input: &Value) -> Value {
    input.get("clientMutationId").cloned().unwrap_or(json!(null))
}
