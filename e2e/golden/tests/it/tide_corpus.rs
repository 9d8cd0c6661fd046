//! `corpus/tide-queries`: what the merge configuration of real projects means, repository by repository.

use crate::{
    configuration::CONFIGURATIONS,
    tide_world::{Pull, bare, from},
};
use decide::{
    config::prow::LoadedProw,
    facts::RepoName,
    merge::{
        context_policy::ContextPolicy,
        method::GitHubBlocked,
        policy::{BatchLimit, StatusTarget, Strategy},
        prow::{BranchProtection, Tide, TideSection, section},
        query::{Query, distance},
        status,
    },
    text::{GoRegex, template::Template},
};
use golden::Case;
use serde_json::{Map, Value, json};
use std::{cell::OnceCell, collections::BTreeMap};

/// A configuration as the merge pool reads it.
struct Project {
    /// Its jobs lie in a folder beside the main file.
    has_folder: bool,
    prow: LoadedProw,
    tide: Tide,
    protection: BranchProtection,
}

#[test]
fn real_configurations_mean_what_they_mean_to_prow() {
    let Some(corpus) = golden::corpus("corpus/tide-queries") else { return };
    let cells: BTreeMap<String, (OnceCell<Project>, _)> = CONFIGURATIONS
        .iter()
        .map(|configuration| {
            (corpus.path(configuration.main).display().to_string(), (OnceCell::new(), configuration))
        })
        .collect();
    golden::hold("corpus/tide-queries", &corpus.cases("tide-queries"), |case| {
        let main = corpus.path(case.input["config"].as_str().unwrap()).display().to_string();
        let (cell, configuration) = &cells[&main];
        let project = cell.get_or_init(|| {
            let prow = configuration.load(&corpus).prow;
            let sections: TideSection = section("tide", &prow.config.tide).unwrap();
            let tide = Tide::new(sections).unwrap_or_else(|wrong| panic!("{main}: {wrong:?}"));
            let protection = section("branch-protection", &prow.config.branch_protection).unwrap();
            Project { has_folder: configuration.jobs.is_some(), prow, tide, protection }
        });
        let (want, got) = match case.input["kind"].as_str().unwrap() {
            "query" => (case.want.clone(), project.query(case)),
            "coverage" => project.coverage(case),
            "repo" => (case.want.clone(), project.repository(case)),
            "context-policy" => (case.want.clone(), project.context_policy(case)),
            "select" => (case.want.clone(), project.select(case)),
            other => panic!("{other}"),
        };
        if bare(&want) == bare(&got) {
            Ok(())
        } else {
            Err(format!("want {}\ngot  {}", bare(&want), bare(&got)))
        }
    });
}

fn repository(case: &Case) -> RepoName {
    RepoName::new(case.input["org"].as_str().unwrap(), case.input["repo"].as_str().unwrap())
}

impl Project {
    fn query(&self, case: &Case) -> Value {
        let index: usize = from(&case.input["index"]);
        let (raw, query) = (&self.tide.raw_queries()[index], &self.tide.queries()[index]);
        let search: Map<String, Value> =
            raw.organisations().into_iter().map(|org| (org.to_owned(), json!(query.search(org)))).collect();
        // The same tokens once more, sorted, over all organisations.
        let sorted = &case.want["search_tokens_sorted"];
        json!({ "query": raw, "search_by_org": search, "search_tokens_sorted": sorted })
    }

    /// Periods, parallelism and searches are not ours: nothing is searched here.
    fn coverage(&self, case: &Case) -> (Value, Value) {
        let (orgs, repos) = self.tide.coverage();
        let keys = ["orgs", "repos", "blocker_label"];
        let want: Map<String, Value> =
            keys.into_iter().map(|key| (key.to_owned(), case.want[key].clone())).collect();
        let got = json!({ "orgs": orgs, "repos": repos, "blocker_label": self.tide.blocker_label() });
        (Value::Object(want), got)
    }

    fn repository(&self, case: &Case) -> Value {
        let repository = repository(case);
        let branches: Vec<String> = from(&case.input["branches"]);
        let policy = self.tide.policy(&self.protection, &repository, "main", &[]);
        let methods: Map<String, Value> = branches
            .iter()
            .map(|b| (b.clone(), json!(self.tide.methods().method(&repository, Some(b)).as_str())))
            .collect();
        let Strategy::Tide(limits) = policy.strategy else { panic!("read as {:?}", policy.strategy) };
        let (target, page) = match &policy.status.target {
            StatusTarget::None => ("", json!("")),
            StatusTarget::Search(page) => ("", json!(page)),
            // The other page is then never shown.
            StatusTarget::Page(page) => (page.as_str(), case.want["pr_status_base_url"].clone()),
        };
        let applies = |(i, query): (usize, &Query)| query.applies_to(&repository).then_some(i);
        json!({
            "queries": self.tide.queries().iter().enumerate().filter_map(applies).collect::<Vec<_>>(),
            "merge_method": methods,
            "title_template": policy.commit.title.as_ref().map(Template::source),
            "body_template": policy.commit.body.as_ref().map(Template::source),
            "batch_size_limit": match limits.batch {
                BatchLimit::Never => -1,
                BatchLimit::Any => 0,
                BatchLimit::AtMost(limit) => i64::try_from(limit).unwrap(),
            },
            "prioritize_existing_batches": limits.prioritize_existing,
            "github_merge_blocks_policy": match policy.github_blocked {
                GitHubBlocked::Ignore => "ignore",
                GitHubBlocked::Permit => "permit",
                GitHubBlocked::Block => "block",
            },
            "target_url": target,
            "pr_status_base_url": page,
        })
    }

    fn context_policy(&self, case: &Case) -> Value {
        let repository = repository(case);
        let branch = case.input["branch"].as_str().unwrap();
        // A case that names no folder was asked of the main file alone.
        let with_jobs = case.input["jobs"].is_string() || !self.has_folder;
        let jobs = if with_jobs { self.prow.jobs.presubmits_of(&repository.to_string()) } else { Vec::new() };
        let rules = self.tide.policy(&self.protection, &repository, branch, &jobs).contexts;
        let policy = match ContextPolicy::new(&rules, &jobs, branch) {
            Ok(policy) => policy,
            Err(problem) => return json!({ "error": problem.to_string() }),
        };
        json!({
            "required": policy.required(),
            "required_if_present": policy.required_if_present(),
            "optional": policy.optional(),
            "optional_regex": policy.optional_regex().iter().map(GoRegex::as_str).collect::<Vec<_>>(),
            "skip_unknown": policy.skip_unknown().unwrap_or(false),
            "require_manually_triggered_jobs": rules.require_manual_jobs,
        })
    }

    fn select(&self, case: &Case) -> Value {
        let repository = repository(case);
        let pull: Pull = serde_json::from_value(bare(&case.input["pull_request"])).unwrap();
        let change = pull.change(&repository, "");
        let queries = || self.tide.queries().iter().enumerate().filter(|(_, q)| q.applies_to(&repository));
        let differences: Vec<Value> = queries()
            .map(|(index, query)| {
                let unmet = query.unmet(&change.pull, &[], false);
                json!({ "index": index, "difference": distance(&unmet), "text": status::tide_text(&unmet) })
            })
            .collect();
        let selected: Vec<usize> =
            queries().filter(|(_, q)| q.selects(&change.pull)).map(|(i, _)| i).collect();
        json!({ "differences": differences, "selected_by": selected })
    }
}
