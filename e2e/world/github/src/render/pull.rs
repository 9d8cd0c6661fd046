//! Pull requests, reviews, comments on lines.

use serde_json::{Value, json};

use super::{maybe, node_id};
use crate::Name;
use crate::act::mergeability::Verdict;
use crate::clock::shown;
use crate::refusal::Allowed;
use crate::render::extend;
use crate::render::show_rollup;
use crate::state::{Issue, Pull, Repo, Review, ReviewComment, State};

impl State {
    /// A pull request as lists have it.
    pub(crate) fn show_pull(&self, repo: &Name, number: u64) -> Allowed<Value> {
        let found = self.repo(repo)?;
        let issue = self.issue(repo, number)?;
        let pull = self.pull(repo, number)?;
        let api = self.api(format_args!("/repos/{}", found.name));
        let url = format!("{api}/pulls/{number}");
        let html = self.web(format_args!("/{}/pull/{number}", found.name));
        let merge_sha = pull.merged.as_ref().map(|merged| merged.sha.clone());
        let mut shown_pull = json!({
            "url": url,
            "id": issue.id,
            "node_id": issue.node_id(),
            "html_url": html,
            "diff_url": format!("{html}.diff"),
            "patch_url": format!("{html}.patch"),
            "issue_url": format!("{api}/issues/{number}"),
            "number": number,
            "state": if issue.open { "open" } else { "closed" },
            "locked": issue.locked,
            "title": issue.title,
            "user": self.show_user(&issue.author),
            "body": issue.body,
            "created_at": shown(issue.created_at),
            "updated_at": shown(issue.updated_at),
            "closed_at": maybe(issue.closed_at),
            "merged_at": maybe(pull.merged.as_ref().map(|merged| merged.at)),
            "merge_commit_sha": merge_sha,
            "assignee": issue.assignees.first().map_or(Value::Null, |login| self.show_user(login)),
            "assignees": self.show_users(&issue.assignees),
            "requested_reviewers": self.show_users(&pull.requested_reviewers),
            "requested_teams": self.show_requested_teams(found, pull),
            "labels": self.show_labels(found, issue),
            "milestone": self.show_milestone_of(found, issue),
            "draft": pull.draft,
            "head": self.show_end(pull.head_repo.as_ref(), &pull.head_ref, &pull.head_sha),
            "base": self.show_end(Some(repo), &pull.base_ref, &pull.base_sha),
        });
        let links = [
            ("commits", format!("{url}/commits")),
            ("review_comments", format!("{url}/comments")),
            ("review_comment", format!("{api}/pulls/comments{{/number}}")),
            ("comments", format!("{api}/issues/{number}/comments")),
            ("statuses", format!("{api}/statuses/{}", pull.head_sha)),
        ];
        for (name, link) in &links {
            shown_pull[format!("{name}_url")] = json!(link);
        }
        let mut linked = json!({"self": {"href": url}, "html": {"href": html}, "issue": {"href": format!("{api}/issues/{number}")}});
        for (name, link) in links {
            linked[name] = json!({"href": link});
        }
        extend(
            &mut shown_pull,
            json!({
                "_links": linked,
                "author_association": self.association(&issue.author, repo),
                "auto_merge": null,
                "active_lock_reason": issue.lock_reason,
            }),
        );
        Ok(shown_pull)
    }

    /// A pull request with what only `GET /pulls/N` and webhooks tell. Webhooks never wait for mergeability: `None`.
    pub(crate) fn show_full_pull(
        &self,
        repo: &Name,
        number: u64,
        verdict: Option<&Verdict>,
    ) -> Allowed<Value> {
        let mut full = self.show_pull(repo, number)?;
        let issue = self.issue(repo, number)?;
        let pull = self.pull(repo, number)?;
        let comparison = self.git.compare(repo, &pull.base_sha, &pull.head_sha)?;
        if let Some(merge) =
            verdict.and_then(|verdict| verdict.trial.clone()).filter(|_| pull.merged.is_none())
        {
            full["merge_commit_sha"] = json!(merge);
        }
        extend(
            &mut full,
            json!({
                "merged": pull.merged.is_some(),
                "mergeable": verdict.map(|verdict| verdict.mergeable),
                "rebaseable": verdict.map(|verdict| verdict.mergeable),
                "mergeable_state": verdict.map_or("unknown", |verdict| verdict.state),
                "merged_by": pull.merged.as_ref().map_or(Value::Null, |merged| self.show_user(&merged.by)),
                "comments": issue.comments.len(),
                "review_comments": pull.review_comments.len(),
                "maintainer_can_modify": false,
                "commits": comparison.commits.len(),
                "additions": comparison.files.iter().map(|file| file.additions).sum::<u64>(),
                "deletions": comparison.files.iter().map(|file| file.deletions).sum::<u64>(),
                "changed_files": comparison.files.len(),
            }),
        );
        Ok(full)
    }

    /// The head or the base of a pull request.
    fn show_end(&self, repo: Option<&Name>, branch: &str, sha: &str) -> Value {
        let found = repo.and_then(|repo| self.repos.get(repo));
        let owner = found.map_or("unknown repository", |repo| repo.name.owner());
        json!({
            "label": format!("{owner}:{branch}"),
            "ref": branch,
            "sha": sha,
            "user": self.show_user(&Name::from(owner)),
            "repo": found.map_or(Value::Null, |repo| self.show_repo(repo)),
        })
    }

    pub(crate) fn show_requested_teams(&self, repo: &Repo, pull: &Pull) -> Value {
        let Some(org) = self.orgs.get(&Name::from(repo.name.owner())) else { return json!([]) };
        pull.requested_teams
            .iter()
            .filter_map(|slug| org.teams.get(slug))
            .map(|team| self.show_team(org, team))
            .collect()
    }

    pub(crate) fn show_review(&self, repo: &Name, issue: &Issue, review: &Review) -> Value {
        let html = self.web(format_args!("/{repo}/pull/{}#pullrequestreview-{}", issue.number, review.id));
        let url = self.api(format_args!("/repos/{repo}/pulls/{}", issue.number));
        json!({
            "id": review.id,
            "node_id": node_id("PRR", review.id),
            "user": self.show_user(&review.author),
            "body": review.body,
            "state": review.state,
            "html_url": html,
            "pull_request_url": url,
            "_links": {"html": {"href": html}, "pull_request": {"href": url}},
            "submitted_at": shown(review.submitted_at),
            "commit_id": review.commit_id,
            "author_association": self.association(&review.author, repo),
        })
    }

    pub(crate) fn show_review_comment(&self, repo: &Name, issue: &Issue, comment: &ReviewComment) -> Value {
        let url = self.api(format_args!("/repos/{repo}/pulls/comments/{}", comment.id));
        let html = self.web(format_args!("/{repo}/pull/{}#discussion_r{}", issue.number, comment.id));
        let pull_url = self.api(format_args!("/repos/{repo}/pulls/{}", issue.number));
        let mut shown_comment = json!({
            "url": url,
            "pull_request_review_id": comment.review,
            "id": comment.id,
            "node_id": node_id("PRRC", comment.id),
            "diff_hunk": "",
            "path": comment.path,
            "position": comment.line,
            "original_position": comment.line,
            "line": comment.line,
            "original_line": comment.line,
            "side": "RIGHT",
            "commit_id": comment.commit_id,
            "original_commit_id": comment.commit_id,
            "user": self.show_user(&comment.author),
            "body": comment.body,
            "created_at": shown(comment.created_at),
            "updated_at": shown(comment.updated_at),
            "html_url": html,
            "pull_request_url": pull_url,
            "author_association": self.association(&comment.author, repo),
            "_links": {"self": {"href": url}, "html": {"href": html}, "pull_request": {"href": pull_url}},
            "reactions": show_rollup(&url, &comment.reactions),
        });
        if let Some(answered) = comment.in_reply_to {
            shown_comment["in_reply_to_id"] = json!(answered);
        }
        shown_comment
    }
}
