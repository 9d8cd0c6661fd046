//! `tide/query`: which pull requests a query takes, what it lacks, and what people are told.

use crate::tide_world::{Pull, Setup, bare, empty_pool, from, judge, now};
use decide::{
    facts::{BaseSha, RepoName},
    merge::{
        checks::{self, Case},
        contexts,
        query::distance,
        status,
    },
};
use serde_json::{Map, Value, json};

#[test]
fn queries_take_what_prow_takes() {
    golden::hold("tide/query", &golden::synthetic("tide/query"), |case| {
        let input = &case.input;
        let setup = Setup::read(&input["config"], &Value::Null);
        if let Some(refused) = case.want.get("config_error") {
            return match (setup, refused.as_str().unwrap_or_default()) {
                (Ok(_), "") => Ok(()),
                (Ok(_), wanted) => Err(format!("accepted, and not refused as {wanted}")),
                (Err(problem), "") => Err(problem),
                (Err(_), _) => Ok(()),
            };
        }
        let setup = setup?;
        let repository = RepoName::new(input["org"].as_str().unwrap(), input["repo"].as_str().unwrap());
        let pull: Pull = serde_json::from_value(input["pull_request"].clone()).unwrap();
        let policy = setup.policy(&repository, &pull.base);
        let mut pool = empty_pool();
        pool.repository = repository.clone();
        pool.tip = BaseSha::new(from::<String>(&input["base_sha"]));
        pool.branch.clone_from(&pull.base);
        pool.jobs.central = setup.jobs(&repository);
        let change = pull.change(&repository, pool.tip.as_str());
        let examined = checks::examine(&pool, &policy, &change);
        let contexts_policy = match &examined.policy {
            Ok(policy) => policy,
            Err(_) if case.want["context_policy_error"].is_string() => return Ok(()),
            Err(problem) => return Err(problem.to_string()),
        };
        let not_green = contexts::not_green(&examined.contexts, contexts_policy);
        let blocked = checks::blocked_by_github(&policy, &change);
        let queries: Vec<Value> = setup
            .tide
            .queries()
            .iter()
            .zip(setup.tide.raw_queries())
            .map(|(query, raw)| {
                let unmet = query.unmet(&change.pull, &not_green, blocked);
                let search: Map<String, Value> = raw
                    .organisations()
                    .into_iter()
                    .map(|org| (org.to_owned(), json!(query.search(org))))
                    .collect();
                json!({
                    "query": raw,
                    "search_by_org": search,
                    "applies_to_repo": query.applies_to(&repository),
                    "selects": query.selects(&change.pull),
                    "difference": distance(&unmet),
                    "difference_text": status::tide_text(&unmet),
                })
            })
            .collect();
        let case_of = Case { pool: &pool, policy: &policy, examined: &examined, now: now() };
        let told = status::in_tides_words(&case_of, &status::standing(&case_of, false, [], true));
        let told = told.map_err(|problem| problem.to_string())?;
        let got = json!({
            "queries": queries,
            "reported_state": told.state,
            "reported_description": told.description,
        });
        judge(case, &bare(&got))
    });
}
