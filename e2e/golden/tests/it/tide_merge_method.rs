//! `tide/merge-method`: method, labels that change it, commit texts, and whether the merge is allowed.

use crate::tide_world::{Pull, Settings, Setup, empty_pool, judge, now};
use decide::{
    facts::RepoName,
    merge::{
        checks::{self, Case},
        commit, status,
    },
};
use serde_json::{Value, json};

#[test]
fn changes_are_merged_as_prow_merges_them() {
    golden::hold("tide/merge-method", &golden::synthetic("tide/merge-method"), |case| {
        let input = &case.input;
        let setup = Setup::read(&input["config"], &Value::Null);
        let refused = case.want["config_error"].as_str().unwrap_or_default();
        let setup = match (setup, refused) {
            (Err(_), refused) if !refused.is_empty() => return Ok(()),
            (Ok(_), refused) if !refused.is_empty() => {
                return Err(format!("accepted, not refused as {refused}"));
            }
            (setup, _) => setup?,
        };
        let repository = RepoName::new(input["org"].as_str().unwrap(), input["repo"].as_str().unwrap());
        let pull: Pull = serde_json::from_value(input["pull_request"].clone()).unwrap();
        let settings: Settings = serde_json::from_value(input["repo_settings"].clone()).unwrap();
        let policy = setup.policy(&repository, &pull.base);
        let mut pool = empty_pool();
        pool.allowed_methods = settings.into();
        let change = pull.change(&repository, "");
        let examined = checks::examine(&pool, &policy, &change);
        let held =
            checks::not_allowed(&Case { pool: &pool, policy: &policy, examined: &examined, now: now() });
        let texts = commit::message(&policy.commit, &change);
        judge(
            case,
            &json!({
                "configured_method": policy.method.as_str(),
                "method_without_branch": setup.tide.methods().method(&repository, None).as_str(),
                "method": examined.method.map(decide::merge::method::Method::as_str),
                "not_allowed_because": held.map(|reason| status::tide_reason(&reason)),
                "merge_request": examined.method.map(|method| json!({
                    "commit_title": texts.title,
                    "commit_message": texts.body,
                    "sha": pull.head,
                    "merge_method": method.as_str(),
                })),
            }),
        )
    });
}
