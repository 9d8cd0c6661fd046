//! The `tide:` section: its checks, and which of its settings hold for one repository and branch (spec 1.1 to 1.4).

use super::{
    context::ContextOptions,
    method::{MethodRules, RawMethods},
    protection::BranchProtection,
};
use crate::{
    facts::RepoName,
    job::Presubmit,
    merge::{
        label::AnyOf,
        method::{GitHubBlocked, MethodLabels},
        policy::{
            BatchLimit, CommitTexts, Policy, Reporters, StatusStyle, StatusTarget, Strategy, TideLimits,
        },
        query::{Query, QueryFields},
    },
    text::template::Template,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The section as written.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct TideSection {
    #[serde(default)]
    queries: Vec<TideQuery>,
    #[serde(default)]
    merge_method: RawMethods,
    #[serde(default)]
    merge_commit_template: BTreeMap<String, RawCommitTexts>,
    #[serde(default)]
    target_url: String,
    #[serde(default)]
    target_urls: BTreeMap<String, String>,
    #[serde(default)]
    pr_status_base_url: String,
    #[serde(default)]
    pr_status_base_urls: BTreeMap<String, String>,
    #[serde(default)]
    blocker_label: String,
    #[serde(default)]
    squash_label: String,
    #[serde(default)]
    rebase_label: String,
    #[serde(default)]
    merge_label: String,
    #[serde(default)]
    context_options: ContextOptions,
    #[serde(default)]
    batch_size_limit: BTreeMap<String, i64>,
    #[serde(default)]
    prioritize_existing_batches: BTreeMap<String, bool>,
    #[serde(default)]
    github_merge_blocks_policy: BTreeMap<String, String>,
    #[serde(default)]
    priority: Vec<RawPriority>,
    #[serde(default)]
    display_all_tide_queries_in_status: bool,
    #[serde(default)]
    max_goroutines: i64,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct RawCommitTexts {
    #[serde(default)]
    title: String,
    #[serde(default)]
    body: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct RawPriority {
    #[serde(default)]
    labels: Vec<String>,
}

/// A query as Prow writes it. The order of the fields is that of its JSON, by which Prow sorts queries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TideQuery {
    #[serde(skip_serializing_if = "String::is_empty")]
    author: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    labels: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing_labels: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    excluded_branches: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    included_branches: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    milestone: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    review_approved_required: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    orgs: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    repos: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    excluded_repos: Vec<String>,
}

impl TideQuery {
    fn sorted(mut self) -> Self {
        for list in [
            &mut self.labels,
            &mut self.missing_labels,
            &mut self.excluded_branches,
            &mut self.included_branches,
        ] {
            list.sort();
        }
        self
    }

    /// Whether two queries differ in nothing but the repositories.
    fn asks_the_same(&self, other: &Self) -> bool {
        let bare = |query: &Self| Self {
            orgs: Vec::new(),
            repos: Vec::new(),
            excluded_repos: Vec::new(),
            ..query.clone()
        };
        bare(self) == bare(other)
    }

    fn fields(&self) -> QueryFields {
        QueryFields {
            name: String::new(),
            owners: self.orgs.clone(),
            repositories: self.repos.clone(),
            excluded_repositories: self.excluded_repos.clone(),
            author: self.author.clone(),
            included_branches: self.included_branches.clone(),
            excluded_branches: self.excluded_branches.clone(),
            labels: self.labels.clone(),
            missing_labels: self.missing_labels.clone(),
            milestone: self.milestone.clone(),
            review_approved: self.review_approved_required,
        }
    }
}

/// Why the section is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {problem}")]
pub struct InvalidTide {
    path: String,
    problem: String,
}

impl InvalidTide {
    pub(super) fn new(path: &str, problem: String) -> Self {
        Self { path: path.to_owned(), problem }
    }
}

/// The section, checked.
#[derive(Clone, Debug, Default)]
pub struct Tide {
    raw: Vec<TideQuery>,
    queries: Vec<Query>,
    methods: MethodRules,
    method_labels: MethodLabels,
    commit: BTreeMap<String, CommitTexts>,
    targets: BTreeMap<String, String>,
    status_pages: BTreeMap<String, String>,
    blocker_label: String,
    contexts: ContextOptions,
    batch_limits: BTreeMap<String, i64>,
    existing_first: BTreeMap<String, bool>,
    blocked: BTreeMap<String, GitHubBlocked>,
    priority: Vec<Vec<AnyOf>>,
    all_queries: bool,
}

impl Tide {
    /// Checks what was written, and merges queries that differ only in repositories.
    ///
    /// # Errors
    /// All that is wrong.
    pub fn new(section: TideSection) -> Result<Self, Vec<InvalidTide>> {
        let mut wrong = Vec::new();
        let mut fault =
            |path: String, problem: String| wrong.push(InvalidTide::new(&format!("tide.{path}"), problem));
        for (i, query) in section.queries.iter().enumerate() {
            for problem in Query::new(query.fields()).err().into_iter().flatten() {
                fault(format!("queries[{i}]"), problem.to_string());
            }
        }
        let raw = merged(section.queries);
        let queries = raw.iter().map(|query| Query::joined(query.fields())).collect();
        let methods = MethodRules::new(&section.merge_method)
            .map_err(|problem| fault("merge_method".into(), problem.to_string()))
            .unwrap_or_default();
        let mut commit = BTreeMap::new();
        for (key, texts) in &section.merge_commit_template {
            let mut read = |name: &str, text: &str| {
                if text.is_empty() {
                    return None;
                }
                Template::new(text)
                    .map_err(|problem| {
                        fault(format!("merge_commit_template[{key:?}].{name}"), problem.to_string());
                    })
                    .ok()
            };
            let (title, body) = (read("title", &texts.title), read("body", &texts.body));
            commit.insert(key.clone(), CommitTexts { title, body });
        }
        let mut blocked = BTreeMap::new();
        for (key, word) in &section.github_merge_blocks_policy {
            match word.as_str() {
                "ignore" => blocked.insert(key.clone(), GitHubBlocked::Ignore),
                "permit" => blocked.insert(key.clone(), GitHubBlocked::Permit),
                "block" => blocked.insert(key.clone(), GitHubBlocked::Block),
                word => {
                    let problem = format!("{word:?} is not one of ignore, permit, block");
                    fault(format!("github_merge_blocks_policy[{key:?}]"), problem);
                    None
                }
            };
        }
        if section.max_goroutines < 0 {
            fault("max_goroutines".into(), "is negative: give at least 1".into());
        }
        let targets = one_or_many("target_url", section.target_url, section.target_urls, &mut fault);
        let status_pages = one_or_many(
            "pr_status_base_url",
            section.pr_status_base_url,
            section.pr_status_base_urls,
            &mut fault,
        );
        if !status_pages.is_empty() && !status_pages.contains_key("*") {
            fault("pr_status_base_urls".into(), "has no entry \"*\": add the page for all others".into());
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        Ok(Self {
            raw,
            queries,
            methods,
            method_labels: MethodLabels {
                merge: section.merge_label,
                squash: section.squash_label,
                rebase: section.rebase_label,
            },
            commit,
            targets,
            status_pages,
            blocker_label: section.blocker_label,
            contexts: section.context_options,
            batch_limits: section.batch_size_limit,
            existing_first: section.prioritize_existing_batches,
            blocked,
            priority: section
                .priority
                .iter()
                .map(|set| set.labels.iter().map(|entry| AnyOf::new(entry)).collect())
                .collect(),
            all_queries: section.display_all_tide_queries_in_status,
        })
    }

    /// The queries after merging, as Prow writes them, in Prow's order.
    pub fn raw_queries(&self) -> &[TideQuery] {
        &self.raw
    }

    /// The queries after merging, in Prow's order.
    pub fn queries(&self) -> &[Query] {
        &self.queries
    }

    /// What the queries speak about: the organisations with the repositories that no query of theirs takes, and the
    /// repositories that are named.
    pub fn coverage(&self) -> (BTreeMap<String, BTreeSet<String>>, BTreeSet<String>) {
        let repositories: BTreeSet<String> = self.raw.iter().flat_map(|query| query.repos.clone()).collect();
        let mut owners: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for query in &self.raw {
            for org in &query.orgs {
                let excluded = query.excluded_repos.iter().filter(|repo| repo.split('/').next() == Some(org));
                let excluded: BTreeSet<String> = excluded.cloned().collect();
                owners
                    .entry(org.clone())
                    .and_modify(|known| known.retain(|repo| excluded.contains(repo)))
                    .or_insert(excluded);
            }
        }
        for exceptions in owners.values_mut() {
            exceptions.retain(|repo| !repositories.contains(repo));
        }
        (owners, repositories)
    }

    /// Which merge method holds where.
    pub fn methods(&self) -> &MethodRules {
        &self.methods
    }

    /// The label of issues that block merging; empty: none does.
    pub fn blocker_label(&self) -> &str {
        &self.blocker_label
    }

    /// What holds for one branch. `jobs` are those of the repository's central configuration.
    pub fn policy(
        &self,
        protection: &BranchProtection,
        repository: &RepoName,
        branch: &str,
        jobs: &[Presubmit],
    ) -> Policy {
        let limit = most_specific(&self.batch_limits, repository).copied().unwrap_or(0);
        let target = match most_specific(&self.targets, repository) {
            Some(page) if !page.is_empty() => StatusTarget::Page(page.clone()),
            _ => match most_specific(&self.status_pages, repository) {
                Some(page) if !page.is_empty() => StatusTarget::Search(page.clone()),
                _ => StatusTarget::None,
            },
        };
        let commit = self.commit.get(&repository.to_string()).or_else(|| self.commit.get(&repository.owner));
        Policy {
            queries: self.queries.clone(),
            contexts: self.contexts.rules(protection, repository, branch, jobs),
            method: self.methods.method(repository, Some(branch)),
            method_labels: self.method_labels.clone(),
            commit: commit.cloned().unwrap_or_default(),
            github_blocked: most_specific(&self.blocked, repository).copied().unwrap_or_default(),
            strategy: Strategy::Tide(TideLimits {
                batch: match usize::try_from(limit) {
                    Err(_) => BatchLimit::Never,
                    Ok(0) => BatchLimit::Any,
                    Ok(limit) => BatchLimit::AtMost(limit),
                },
                prioritize_existing: most_specific(&self.existing_first, repository).copied().unwrap_or(true),
            }),
            priority: self.priority.clone(),
            runs_per_merge: None,
            reporters: Reporters::Anybody,
            status: StatusStyle { target, all_queries: self.all_queries },
            ..Policy::default()
        }
    }
}

/// The entry of the repository, else of its owner, else of all.
fn most_specific<'a, T>(map: &'a BTreeMap<String, T>, repository: &RepoName) -> Option<&'a T> {
    map.get(&repository.to_string()).or_else(|| map.get(&repository.owner)).or_else(|| map.get("*"))
}

fn one_or_many(
    field: &str,
    one: String,
    mut many: BTreeMap<String, String>,
    fault: &mut impl FnMut(String, String),
) -> BTreeMap<String, String> {
    if !one.is_empty() {
        if !many.is_empty() {
            fault(format!("{field}s"), format!("is given beside {field}: move that under \"*\""));
        }
        many.insert("*".to_owned(), one);
    }
    many
}

/// Queries that ask the same of different repositories become one; the result is sorted by its JSON text.
fn merged(queries: Vec<TideQuery>) -> Vec<TideQuery> {
    let mut result: Vec<TideQuery> = Vec::new();
    for query in queries {
        let query = query.sorted();
        match result.iter_mut().find(|known| known.asks_the_same(&query)) {
            Some(known) => {
                known.orgs.extend(query.orgs);
                known.repos.extend(query.repos);
                known.excluded_repos.extend(query.excluded_repos);
            }
            None => result.push(query),
        }
    }
    result.sort_by_cached_key(|query| serde_json::to_string(query).unwrap_or_default());
    result
}

impl TideQuery {
    /// The organisations that the query speaks about, by itself or by a repository.
    pub fn organisations(&self) -> BTreeSet<&str> {
        let of_repos = self.repos.iter().filter_map(|repo| repo.split('/').next());
        self.orgs.iter().map(String::as_str).chain(of_repos).collect()
    }
}
