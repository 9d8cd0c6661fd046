//! Commits, files, statuses, check runs.

use serde_json::{Value, json};

use super::query::author;
use super::{Node, maybe_time, plain, shouted, time, unanswered};
use crate::Name;
use crate::graphql::execute::{Out, Resolved, Run};
use crate::refusal::Refusal;
use crate::render::node_id;

impl Run<'_> {
    pub(super) fn commit(&mut self, repo: &Name, sha: &str, field: &str) -> Resolved {
        match field {
            // These need no git, and sweeps ask for little else.
            "oid" => return plain(sha),
            "id" => return plain(node_id("C", sha)),
            "abbreviatedOid" => return plain(sha.get(..7).unwrap_or(sha)),
            "repository" => return Ok(Out::Node(Node::Repository(repo.clone()))),
            "url" => return plain(self.state.web(format_args!("/{repo}/commit/{sha}"))),
            "status" => {
                let any = !self.state.repo(repo)?.latest_statuses(sha).is_empty();
                return Ok(Out::maybe(any.then(|| Node::Status(repo.clone(), sha.to_owned()))));
            }
            "statusCheckRollup" => return Ok(Out::maybe(self.rollup_of(repo, sha)?)),
            _ => {}
        }
        let commit = self.state.git.commit(repo, sha)?;
        let (headline, body) = commit.message.split_once('\n').unwrap_or((&commit.message, ""));
        match field {
            "message" => plain(commit.message.as_str()),
            "messageHeadline" => plain(headline),
            "messageBody" => plain(body.trim_start()),
            "authoredDate" => time(commit.author.at),
            "committedDate" => time(commit.committer.at),
            "author" => Ok(Out::Node(Node::GitActor(commit.author))),
            "committer" => Ok(Out::Node(Node::GitActor(commit.committer))),
            "tree" => Ok(Out::Node(Node::Tree(repo.clone(), commit.tree))),
            "parents" => {
                Ok(Out::pages(commit.parents.into_iter().map(|sha| Node::Commit(repo.clone(), sha))))
            }
            "additions" | "deletions" => {
                let files = match commit.parents.first() {
                    Some(parent) => self.state.git.diff(repo, parent, sha)?,
                    None => Vec::new(),
                };
                let lines = files
                    .iter()
                    .map(|file| if field == "additions" { file.additions } else { file.deletions });
                plain(lines.sum::<u64>())
            }
            _ => unanswered("Commit", field),
        }
    }

    /// The rollup of a commit; null if it has neither status nor check run.
    pub(super) fn rollup_of(&self, repo: &Name, sha: &str) -> Result<Option<Node>, Refusal> {
        let found = self.state.repo(repo)?;
        let any = !found.latest_statuses(sha).is_empty() || !found.latest_check_runs(sha).is_empty();
        Ok(any.then(|| Node::Rollup(repo.clone(), sha.to_owned())))
    }

    pub(super) fn git_object(&mut self, repo: &Name, sha: &str, field: &str) -> Resolved {
        match field {
            "oid" => return plain(sha),
            "id" => return plain(node_id("GO", sha)),
            "abbreviatedOid" => return plain(sha.get(..7).unwrap_or(sha)),
            "isTruncated" => return plain(false),
            _ => {}
        }
        let bytes = self.state.git.blob(repo, sha)?;
        let binary = bytes.contains(&0);
        match field {
            "byteSize" => plain(bytes.len()),
            "isBinary" => plain(binary),
            "text" => plain(if binary { Value::Null } else { json!(String::from_utf8_lossy(&bytes)) }),
            _ => unanswered("GitObject", field),
        }
    }

    /// `Status` (statuses only) and `StatusCheckRollup` (check runs too).
    pub(super) fn rollup(
        &mut self,
        node: &Node,
        repo: &Name,
        sha: &str,
        field: &str,
        arguments: &Value,
    ) -> Resolved {
        let found = self.state.repo(repo)?;
        let statuses = found.latest_statuses(sha);
        let with_runs = matches!(node, Node::Rollup(..));
        let runs = if with_runs { found.latest_check_runs(sha) } else { Vec::new() };
        let context = |id: u64| Node::StatusContext(repo.clone(), sha.to_owned(), id);
        match field {
            "id" => plain(node_id(if with_runs { "SCR" } else { "S" }, sha)),
            "state" => {
                let states = statuses.iter().map(|status| status.state.as_str());
                let all: Vec<&str> =
                    states.chain(runs.iter().map(|run| run_state(run.conclusion.as_deref()))).collect();
                let first = ["failure", "error", "pending"].into_iter().find(|state| all.contains(state));
                shouted(first.unwrap_or("success"))
            }
            "context" => Ok(Out::maybe(
                statuses.iter().find(|one| arguments["name"] == one.context).map(|one| context(one.id)),
            )),
            "contexts" if with_runs => {
                let runs = runs.into_iter().map(|run| Node::CheckRun(repo.clone(), run.id));
                Ok(Out::pages(runs.chain(statuses.iter().map(|status| context(status.id)))))
            }
            "contexts" => Ok(Out::List(statuses.iter().map(|status| context(status.id)).collect())),
            _ => unanswered("StatusCheckRollup", field),
        }
    }

    pub(super) fn status_context(&mut self, repo: &Name, sha: &str, id: u64, field: &str) -> Resolved {
        let all = self.state.repo(repo)?.statuses.get(sha).map_or(&[][..], Vec::as_slice);
        let status = all.iter().find(|one| one.id == id).ok_or_else(Refusal::not_found)?;
        match field {
            "id" => plain(node_id("SC", id)),
            "context" => plain(status.context.as_str()),
            "state" => shouted(&status.state),
            "description" => plain(json!(status.description)),
            "targetUrl" => plain(json!(status.target_url)),
            "createdAt" => time(status.created_at),
            "creator" => Ok(author(self.state, &status.creator)),
            _ => unanswered("StatusContext", field),
        }
    }

    pub(super) fn check_run(&mut self, repo: &Name, id: u64, field: &str) -> Resolved {
        let run = self.state.check_run(repo, id)?;
        match field {
            "id" => plain(node_id("CR", id)),
            "databaseId" => plain(id),
            "name" => plain(run.name.as_str()),
            "status" => shouted(&run.status),
            "conclusion" => run.conclusion.as_deref().map_or(plain(Value::Null), shouted),
            "detailsUrl" => plain(json!(run.details_url)),
            "externalId" => plain(json!(run.external_id)),
            "url" => plain(self.state.web(format_args!("/{repo}/runs/{id}"))),
            "startedAt" => time(run.started_at),
            "completedAt" => maybe_time(run.completed_at),
            "title" | "summary" | "text" => plain(run.output[field].clone()),
            "checkSuite" => Ok(Out::Node(Node::CheckSuite(run.app))),
            _ => unanswered("CheckRun", field),
        }
    }
}

/// What a check run counts as in a rollup.
fn run_state(conclusion: Option<&str>) -> &'static str {
    match conclusion {
        None => "pending",
        Some("success" | "neutral" | "skipped") => "success",
        Some(_) => "failure",
    }
}

pub(super) fn check_suite(app: u64, field: &str) -> Resolved {
    match field {
        "id" => plain(node_id("CS", app)),
        "databaseId" => plain(app),
        "app" => Ok(Out::Node(Node::App(app))),
        _ => unanswered("CheckSuite", field),
    }
}
