//! `search(type: ISSUE)`: the qualifiers that merge pools use. One that is not known here is refused by name,
//! since GitHub would take it for a word to look for, and a test would find nothing without a word.

use serde_json::json;

use super::execute::{Failure, Out, Resolved, Run};
use super::fields::Node;
use crate::Name;
use crate::clock::shown;
use crate::state::{Issue, Repo};

/// GitHub shows no more of any search.
const MOST_RESULTS: usize = 1000;

/// One qualifier: `-label:hold` is negated, with name and value.
struct Term<'a> {
    negated: bool,
    name: &'a str,
    value: String,
}

/// Splits at spaces outside quotes.
fn terms(query: &str) -> Vec<Term<'_>> {
    let mut quoted = false;
    let parts = query.split(move |c: char| {
        quoted ^= c == '"';
        c.is_whitespace() && !quoted
    });
    parts
        .filter(|part| !part.is_empty())
        .map(|part| {
            let (negated, plain) = part.strip_prefix('-').map_or((false, part), |plain| (true, plain));
            let (name, value) = plain.split_once(':').unwrap_or(("", plain));
            Term { negated, name, value: value.replace('"', "") }
        })
        .collect()
}

impl Run<'_> {
    pub(super) fn search(&mut self, query: &str) -> Resolved {
        let terms = terms(query);
        let homes: Vec<&Term<'_>> = terms
            .iter()
            .filter(|term| ["repo", "org", "user"].contains(&term.name) && !term.negated)
            .collect();
        let mut found = Vec::new();
        for repo in
            self.state.repos.values().filter(|repo| self.state.role(self.caller, &repo.name).is_some())
        {
            let at_home = |term: &&Term<'_>| {
                let place = if term.name == "repo" { repo.name.as_str() } else { repo.name.owner() };
                place.eq_ignore_ascii_case(&term.value)
            };
            if !homes.is_empty() && !homes.iter().any(at_home) {
                continue;
            }
            for issue in repo.issues.values() {
                let mut all = true;
                for term in &terms {
                    all &= self.holds(repo, issue, term)? != term.negated;
                }
                if all {
                    found.push((issue.created_at, issue.id, super::fields::issue_node(&repo.name, issue)));
                }
            }
        }
        // Newest first, as GitHub sorts what has no best match.
        found.sort_by_key(|(at, id, _)| std::cmp::Reverse((*at, *id)));
        let count = found.len();
        let nodes: Vec<Node> = found.into_iter().take(MOST_RESULTS).map(|(_, _, node)| node).collect();
        Ok(Out::Pages(nodes, json!({"issueCount": count})))
    }

    /// Whether an unnegated term holds.
    fn holds(&self, repo: &Repo, issue: &Issue, term: &Term<'_>) -> Result<bool, Failure> {
        let value = term.value.as_str();
        let pull = issue.pull.as_ref();
        let unknown = || {
            let message = format!("world-github does not simulate the search term {}:{value}", term.name);
            Failure { kind: "UNPROCESSABLE", message }
        };
        Ok(match term.name {
            "repo" | "org" | "user" if !term.negated => true,
            "repo" => repo.name == *value,
            "org" | "user" => repo.name.owner().eq_ignore_ascii_case(value),
            "is" | "type" | "state" => match value {
                "pr" => pull.is_some(),
                "issue" => pull.is_none(),
                "open" => issue.open,
                "closed" => !issue.open,
                "merged" => pull.is_some_and(|pull| pull.merged.is_some()),
                "public" => !repo.private,
                "private" => repo.private,
                _ => return Err(unknown()),
            },
            "archived" => repo.archived == (value == "true"),
            "draft" => pull.is_some_and(|pull| pull.draft) == (value == "true"),
            "label" => value.split(',').any(|one| issue.labels.contains(&Name::from(one))),
            "author" => issue.author == *value,
            "assignee" => issue.assignees.contains(&Name::from(value)),
            "base" => pull.is_some_and(|pull| pull.base_ref == value),
            "head" => pull.is_some_and(|pull| pull.head_ref == value),
            "milestone" => {
                let milestone = issue.milestone.and_then(|number| repo.milestones.get(&number));
                milestone.is_some_and(|one| one.title == value)
            }
            "review" => pull.is_some_and(|pull| match self.state.review_decision(repo, pull) {
                Some("APPROVED") => value == "approved",
                Some("CHANGES_REQUESTED") => value == "changes_requested",
                Some(_) => value == "required",
                None => value == "none",
            }),
            "updated" => {
                let (from, to) = value.split_once("..").ok_or_else(unknown)?;
                let at = shown(issue.updated_at);
                (from == "*" || at.as_str() >= from) && (to == "*" || at.as_str() <= to)
            }
            _ => return Err(unknown()),
        })
    }
}
