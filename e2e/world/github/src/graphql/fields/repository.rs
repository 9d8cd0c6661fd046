//! Repositories, refs, labels.

use serde_json::{Value, json};

use super::query::not_found;
use super::{Node, listed, plain, shouted, time, unanswered};
use crate::Name;
use crate::graphql::execute::{Out, Resolved, Run};
use crate::render::node_id;
use crate::state::{Issue, Repo};

impl Run<'_> {
    pub(super) fn repository(&mut self, repo: &Name, field: &str, arguments: &Value) -> Resolved {
        let found = self.state.repo(repo)?;
        let number = arguments["number"].as_u64().unwrap_or_default();
        match field {
            "id" => plain(node_id("R", found.id)),
            "databaseId" => plain(found.id),
            "name" => plain(found.name.short()),
            "nameWithOwner" => plain(found.name.as_str()),
            "owner" => Ok(Out::Node(Node::Actor(Name::from(found.name.owner())))),
            "url" => plain(self.state.web(format_args!("/{repo}"))),
            "isPrivate" => plain(found.private),
            "isArchived" => plain(found.archived),
            "isFork" => plain(found.parent.is_some()),
            "createdAt" => time(found.created_at),
            "pushedAt" => time(found.pushed_at),
            "mergeCommitAllowed" => plain(found.merges.merge),
            "squashMergeAllowed" => plain(found.merges.squash),
            "rebaseMergeAllowed" => plain(found.merges.rebase),
            "viewerPermission" => match self.state.role(self.caller, repo) {
                Some(role) => shouted(role.as_str()),
                None => plain(Value::Null),
            },
            "defaultBranchRef" => Ok(Out::maybe(ref_node(found, &found.default_branch))),
            "ref" => Ok(Out::maybe(ref_node(found, arguments["qualifiedName"].as_str().unwrap_or_default()))),
            "refs" => {
                let prefix = arguments["refPrefix"].as_str().unwrap_or_default();
                let prefix = format!("{}/", prefix.trim_end_matches('/'));
                let chosen = found.refs.keys().filter(|name| name.starts_with(&prefix));
                Ok(Out::pages(chosen.map(|name| Node::Ref(repo.clone(), name.clone()))))
            }
            "object" => self.object_of(repo, arguments),
            "label" => {
                let name = Name::from(arguments["name"].as_str().unwrap_or_default());
                Ok(Out::maybe(
                    found.labels.get(&name).map(|label| Node::Label(repo.clone(), label.name.clone())),
                ))
            }
            "labels" => {
                Ok(Out::pages(found.labels.keys().map(|name| Node::Label(repo.clone(), name.clone()))))
            }
            "pullRequest" => match found.issues.get(&number).filter(|issue| issue.pull.is_some()) {
                Some(_) => Ok(Out::Node(Node::Pull(repo.clone(), number))),
                None => {
                    Err(not_found(format!("Could not resolve to a PullRequest with the number of {number}.")))
                }
            },
            "issue" => match found.issues.get(&number).filter(|issue| issue.pull.is_none()) {
                Some(_) => Ok(Out::Node(Node::Issue(repo.clone(), number))),
                None => Err(not_found(format!("Could not resolve to an Issue with the number of {number}."))),
            },
            "issueOrPullRequest" => match found.issues.get(&number) {
                Some(issue) => Ok(Out::Node(issue_node(repo, issue))),
                None => Err(not_found(format!(
                    "Could not resolve to an issue or pull request with the number of {number}."
                ))),
            },
            "issues" | "pullRequests" => Ok(Out::pages(
                choose(found, field == "pullRequests", arguments)
                    .into_iter()
                    .map(|issue| issue_node(repo, issue)),
            )),
            _ => unanswered("Repository", field),
        }
    }

    fn object_of(&mut self, repo: &Name, arguments: &Value) -> Resolved {
        let wanted = arguments["oid"].as_str().or(arguments["expression"].as_str()).unwrap_or_default();
        if let Some((rev, path)) = wanted.split_once(':') {
            let rev = self.state.repo(repo)?.tip(rev).cloned().unwrap_or_else(|| rev.to_owned());
            let found = self.state.git.at_path(repo, &rev, path);
            return Ok(Out::maybe(found.map(|(kind, sha)| {
                if kind == "tree" { Node::Tree(repo.clone(), sha) } else { Node::Blob(repo.clone(), sha) }
            })));
        }
        let tip = self.state.repo(repo)?.tip(wanted).cloned();
        let sha = tip.or_else(|| self.state.git.resolve(repo, wanted));
        Ok(Out::maybe(sha.map(|sha| Node::Commit(repo.clone(), sha))))
    }

    pub(super) fn git_ref(&mut self, repo: &Name, name: &str, field: &str) -> Resolved {
        let (prefix, short) = if let Some(branch) = name.strip_prefix("refs/heads/") {
            ("refs/heads/", branch)
        } else {
            ("refs/tags/", name.trim_start_matches("refs/tags/"))
        };
        match field {
            "id" => plain(node_id("REF", format_args!("{repo}:{name}"))),
            "name" => plain(short),
            "prefix" => plain(prefix),
            "repository" => Ok(Out::Node(Node::Repository(repo.clone()))),
            "target" => {
                let sha = self.state.repo(repo)?.refs.get(name).cloned();
                Ok(Out::maybe(sha.map(|sha| Node::Commit(repo.clone(), sha))))
            }
            _ => unanswered("Ref", field),
        }
    }

    pub(super) fn label(&mut self, repo: &Name, name: &Name, field: &str) -> Resolved {
        let Some(label) = self.state.repo(repo)?.labels.get(name) else { return plain(Value::Null) };
        match field {
            "id" => plain(node_id("LA", label.id)),
            "name" => plain(label.name.as_str()),
            "color" => plain(label.color.as_str()),
            "description" => plain(json!(label.description)),
            _ => unanswered("Label", field),
        }
    }
}

pub(super) fn ref_node(repo: &Repo, name: &str) -> Option<Node> {
    let full =
        [name.to_owned(), format!("refs/{name}"), format!("refs/heads/{name}"), format!("refs/tags/{name}")];
    let found = full.into_iter().find(|full| repo.refs.contains_key(full))?;
    Some(Node::Ref(repo.name.clone(), found))
}

pub(in crate::graphql) fn issue_node(repo: &Name, issue: &Issue) -> Node {
    if issue.pull.is_some() {
        Node::Pull(repo.clone(), issue.number)
    } else {
        Node::Issue(repo.clone(), issue.number)
    }
}

/// `OPEN`, `CLOSED` or `MERGED`.
pub(super) fn state_of(issue: &Issue) -> &'static str {
    match &issue.pull {
        Some(pull) if pull.merged.is_some() => "MERGED",
        _ if issue.open => "OPEN",
        _ => "CLOSED",
    }
}

/// The issues or pull requests that the arguments choose, in the order that they ask for.
fn choose<'a>(repo: &'a Repo, pulls: bool, arguments: &Value) -> Vec<&'a Issue> {
    let states = arguments["states"].as_array().cloned();
    let labels = listed(&arguments["labels"]);
    let text = |name: &str| arguments[name].as_str();
    let fits = |issue: &&Issue| {
        issue.pull.is_some() == pulls
            && states.as_ref().is_none_or(|states| states.iter().any(|state| state == state_of(issue)))
            && labels.as_ref().is_none_or(|labels| labels.iter().any(|label| issue.labels.contains(label)))
            && issue.pull.as_ref().is_none_or(|pull| {
                text("baseRefName").is_none_or(|base| pull.base_ref == base)
                    && text("headRefName").is_none_or(|head| pull.head_ref == head)
            })
    };
    let mut chosen: Vec<&Issue> = repo.issues.values().filter(fits).collect();
    match arguments["orderBy"]["field"].as_str() {
        Some("UPDATED_AT") => chosen.sort_by_key(|issue| (issue.updated_at, issue.number)),
        Some("COMMENTS") => chosen.sort_by_key(|issue| (issue.comments.len(), issue.number)),
        Some(_) | None => {}
    }
    if arguments["orderBy"]["direction"] == "DESC" {
        chosen.reverse();
    }
    chosen
}
