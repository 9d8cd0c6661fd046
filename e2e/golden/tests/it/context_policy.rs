//! `jobs/context-policy`: which contexts a merge needs.

use crate::tide_world::{Setup, bare, judge};
use decide::{facts::RepoName, merge::context_policy::ContextPolicy, text::GoRegex};
use serde_json::{Map, Value, json};

#[test]
fn merges_need_the_contexts_that_prow_needs() {
    golden::hold("jobs/context-policy", &golden::synthetic("jobs/context-policy"), |case| {
        let (input, want) = (&case.input, &case.want);
        let setup = match (Setup::read(&input["config"], &input["jobs"]), &want["config_accepted"]) {
            (Err(_), Value::Bool(false)) => return Ok(()),
            (setup, _) => setup?,
        };
        let text = |key: &str| input[key].as_str().unwrap();
        let repository = RepoName::new(text("org"), text("repo"));
        let rules = setup.policy(&repository, text("branch")).contexts;
        let jobs = setup.jobs(&repository);
        let Ok(policy) = ContextPolicy::new(&rules, &jobs, text("branch")) else {
            // The words are free.
            let error = &case.want["error"];
            return judge(case, &json!({ "config_accepted": true, "valid": false, "error": error }));
        };
        let empty = Map::new();
        let asked = want["is_optional"].as_object().unwrap_or(&empty);
        let answers: Map<String, Value> =
            asked.keys().map(|name| (name.clone(), json!(policy.is_optional(name)))).collect();
        let present = input["present_contexts"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let got = json!({
            "config_accepted": true,
            "valid": true,
            "required": policy.required(),
            "required_if_present": policy.required_if_present(),
            "optional": policy.optional(),
            "optional_regex": policy.optional_regex().iter().map(GoRegex::as_str).collect::<Vec<_>>(),
            "skip_unknown": policy.skip_unknown(),
            "overwrite_pending": policy.overwrite_pending(),
            "is_optional": answers,
            "missing_required": policy.missing(present),
        });
        judge(case, &bare(&got))
    });
}
