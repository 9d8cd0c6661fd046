//! Pull requests.

use serde_json::{Value, json};

use super::query::author;
use super::repository::ref_node;
use super::{Node, listed, maybe_time, plain, shouted, unanswered};
use crate::Name;
use crate::act::mergeability::Verdict;
use crate::graphql::execute::{Failure, Out, Resolved, Run};
use crate::render::node_id;

impl Run<'_> {
    pub(super) fn pull(&mut self, repo: &Name, number: u64, field: &str, arguments: &Value) -> Resolved {
        let pull = self.state.pull(repo, number)?;
        match field {
            "isDraft" => plain(pull.draft),
            "baseRefName" => plain(pull.base_ref.as_str()),
            "baseRefOid" => plain(pull.base_sha.as_str()),
            "headRefName" => plain(pull.head_ref.as_str()),
            "headRefOid" => plain(pull.head_sha.as_str()),
            "baseRef" => Ok(Out::maybe(ref_node(self.state.repo(repo)?, &pull.base_ref))),
            "headRef" => {
                let head = pull.head_repo.as_ref().and_then(|head| self.state.repos.get(head));
                Ok(Out::maybe(head.and_then(|head| ref_node(head, &pull.head_ref))))
            }
            "baseRepository" => Ok(Out::Node(Node::Repository(repo.clone()))),
            "headRepository" => Ok(Out::maybe(pull.head_repo.clone().map(Node::Repository))),
            "headRepositoryOwner" => {
                Ok(Out::maybe(pull.head_repo.as_ref().map(|head| Node::Actor(Name::from(head.owner())))))
            }
            "isCrossRepository" => plain(pull.head_repo.as_ref() != Some(repo)),
            "merged" => plain(pull.merged.is_some()),
            "mergedAt" => maybe_time(pull.merged.as_ref().map(|merged| merged.at)),
            "mergedBy" => Ok(pull
                .merged
                .as_ref()
                .map_or(Out::Plain(Value::Null), |merged| author(self.state, &merged.by))),
            "mergeCommit" => Ok(Out::maybe(
                pull.merged.as_ref().map(|merged| Node::Commit(repo.clone(), merged.sha.clone())),
            )),
            "mergeable" | "mergeStateStatus" | "canBeRebased" | "potentialMergeCommit" => {
                self.mergeability(repo, number, field)
            }
            "reviewDecision" => plain(json!(self.state.review_decision(self.state.repo(repo)?, pull))),
            "reviewRequests" => {
                let asked =
                    |login: &Name, team| Node::ReviewRequest(repo.clone(), number, login.clone(), team);
                let people = pull.requested_reviewers.iter().map(|login| asked(login, false));
                Ok(Out::pages(people.chain(pull.requested_teams.iter().map(|slug| asked(slug, true)))))
            }
            "reviews" => {
                let states = listed(&arguments["states"]);
                let by = arguments["author"].as_str().map(Name::from);
                let chosen = pull.reviews.iter().filter(|review| {
                    states.as_ref().is_none_or(|states| states.contains(&Name::from(review.state.as_str())))
                        && by.as_ref().is_none_or(|by| review.author == *by)
                });
                Ok(Out::pages(chosen.map(|review| Node::Review(repo.clone(), number, review.id))))
            }
            "statusCheckRollup" => {
                let head = pull.head_sha.clone();
                Ok(Out::maybe(self.rollup_of(repo, &head)?))
            }
            "commits" | "files" | "additions" | "deletions" | "changedFiles" => {
                self.comparison(repo, number, field)
            }
            _ => self.issue(repo, number, field, arguments),
        }
    }

    fn verdict(&mut self, repo: &Name, number: u64) -> Result<Option<Verdict>, Failure> {
        let key = (repo.clone(), number);
        if let Some(known) = self.verdicts.get(&key) {
            return Ok(known.clone());
        }
        let verdict = self.state.verdict(repo, number)?;
        self.verdicts.insert(key, verdict.clone());
        Ok(verdict)
    }

    fn mergeability(&mut self, repo: &Name, number: u64, field: &str) -> Resolved {
        let verdict = self.verdict(repo, number)?;
        match field {
            "mergeStateStatus" => shouted(verdict.map_or("unknown", |verdict| verdict.state)),
            "canBeRebased" => plain(verdict.is_some_and(|verdict| verdict.mergeable)),
            "potentialMergeCommit" => Ok(Out::maybe(
                verdict.and_then(|verdict| verdict.trial).map(|sha| Node::Commit(repo.clone(), sha)),
            )),
            _ => plain(match verdict {
                None => "UNKNOWN",
                Some(verdict) if verdict.mergeable => "MERGEABLE",
                Some(_) => "CONFLICTING",
            }),
        }
    }

    fn comparison(&mut self, repo: &Name, number: u64, field: &str) -> Resolved {
        let pull = self.state.pull(repo, number)?;
        let comparison = self.state.git.compare(repo, &pull.base_sha, &pull.head_sha)?;
        match field {
            "commits" => Ok(Out::pages(comparison.commits.into_iter().map(|commit| Node::PullCommit(repo.clone(), number, commit.sha)))),
            "changedFiles" => plain(comparison.files.len()),
            "additions" => plain(comparison.files.iter().map(|file| file.additions).sum::<u64>()),
            "deletions" => plain(comparison.files.iter().map(|file| file.deletions).sum::<u64>()),
            _ => Ok(Out::pages(comparison.files.into_iter().map(|file| {
                let kind = match file.status {
                    "added" => "ADDED",
                    "removed" => "DELETED",
                    "renamed" => "RENAMED",
                    _ => "MODIFIED",
                };
                let fields = json!({"path": file.path, "additions": file.additions, "deletions": file.deletions, "changeType": kind});
                Node::Small("PullRequestChangedFile", fields)
            }))),
        }
    }

    pub(super) fn review_request(
        &mut self,
        repo: &Name,
        number: u64,
        asked: &Name,
        team: bool,
        field: &str,
    ) -> Resolved {
        match field {
            "id" => plain(node_id("RR", format_args!("{number}:{asked}"))),
            "requestedReviewer" if team => Ok(Out::Node(Node::Team(Name::from(repo.owner()), asked.clone()))),
            "requestedReviewer" => Ok(author(self.state, asked)),
            _ => unanswered("ReviewRequest", field),
        }
    }
}

pub(super) fn pull_commit(repo: &Name, number: u64, sha: &str, field: &str) -> Resolved {
    match field {
        "id" => plain(node_id("PRC", sha)),
        "commit" => Ok(Out::Node(Node::Commit(repo.clone(), sha.to_owned()))),
        "pullRequest" => Ok(Out::Node(Node::Pull(repo.clone(), number))),
        _ => unanswered("PullRequestCommit", field),
    }
}
