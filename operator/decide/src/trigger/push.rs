//! From a push to the postsubmits that it starts (spec jobs-and-runs 3.7).
//!
//! Whoever may push is trusted, and older runs go on: they tested another tip.

use super::{Answer, StartRun, TenantJob, TriggerKey, TriggerReason, Unanswered, refs};
use crate::{
    facts::{CommitSha, RepoName},
    job::Postsubmit,
    reason::Planned,
};

/// A branch or tag that moved.
#[derive(Clone, Debug)]
pub struct Push {
    /// Where.
    pub repository: RepoName,
    /// The full reference, as in `refs/heads/main`.
    pub reference: String,
    /// The tip after it; `None`: it was deleted.
    pub after: Option<CommitSha>,
    /// The paths that its commits added, removed or changed.
    pub changed: Answer<Vec<String>>,
    /// The page that shows it.
    pub compare: String,
}

/// The runs of one push.
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use = "a plan does nothing until it is applied"]
pub struct PushPlan {
    /// To start, in the order of the jobs.
    pub starts: Vec<Planned<StartRun<Postsubmit>, TriggerReason>>,
    /// What is not known; then nothing starts.
    pub unanswered: Option<Unanswered>,
}

/// Plans a push. A deletion starts nothing.
pub fn plan(push: &Push, jobs: &[TenantJob<Postsubmit>], web: &str) -> PushPlan {
    match starts(push, jobs, web) {
        Ok(starts) => PushPlan { starts, unanswered: None },
        Err(unanswered) => PushPlan { starts: Vec::new(), unanswered: Some(unanswered) },
    }
}

/// The name that jobs see: tags run postsubmits as a branch of their name.
fn short(reference: &str) -> &str {
    ["refs/heads/", "refs/tags/"]
        .into_iter()
        .find_map(|prefix| reference.strip_prefix(prefix))
        .unwrap_or(reference)
}

fn starts(
    push: &Push,
    jobs: &[TenantJob<Postsubmit>],
    web: &str,
) -> Answer<Vec<Planned<StartRun<Postsubmit>, TriggerReason>>> {
    let Some(after) = &push.after else { return Ok(Vec::new()) };
    let name = short(&push.reference);
    let mut starts = Vec::new();
    for job in jobs {
        let files_matter = job.job.changes().is_some() && job.job.branches().run_on(name);
        let changed = if files_matter { push.changed.as_deref().map_err(Clone::clone)? } else { &[] };
        if job.job.should_run(name, changed) {
            let key = TriggerKey::postsubmit(
                &job.namespace,
                &push.repository,
                &push.reference,
                job.job.name(),
                after.clone(),
            );
            let refs = refs::of_push(&push.repository, name, after, &push.compare, web);
            starts.push(Planned::new(
                StartRun { job: job.clone(), key, refs, retest: false },
                TriggerReason::Pushed,
            ));
        }
    }
    Ok(starts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::postsubmits_of;
    use api::job::{Brancher, ChangeMatcher, JobBase};

    fn job(name: &str, branch: &str, files: &str) -> TenantJob<Postsubmit> {
        let raw = api::job::Postsubmit {
            base: JobBase { name: name.into(), ..JobBase::default() },
            brancher: Brancher { branches: vec![branch.into()], ..Brancher::default() },
            changes: ChangeMatcher { run_if_changed: files.into(), ..ChangeMatcher::default() },
            ..api::job::Postsubmit::default()
        };
        let job = postsubmits_of(&[raw]).unwrap().remove(0);
        TenantJob { namespace: "acme".into(), job }
    }

    fn push(reference: &str) -> Push {
        Push {
            repository: RepoName::new("acme", "widgets"),
            reference: reference.into(),
            after: Some(CommitSha::new("b")),
            changed: Ok(vec!["docs/a.md".into()]),
            compare: "https://github.com/acme/widgets/compare/a...b".into(),
        }
    }

    fn started(push: &Push, jobs: &[TenantJob<Postsubmit>]) -> Vec<String> {
        plan(push, jobs, "https://github.com").starts.iter().map(|p| p.action.job.job.name().into()).collect()
    }

    #[test]
    fn a_tag_runs_as_a_branch_of_its_name_under_a_key_of_its_own() {
        let jobs = [job("publish", "^v1$", "")];
        let (tag, branch) = (push("refs/tags/v1"), push("refs/heads/v1"));
        assert_eq!(started(&tag, &jobs), ["publish"]);
        assert_eq!(started(&branch, &jobs), ["publish"]);
        let key = |push| plan(push, &jobs, "").starts[0].action.key.clone();
        assert_ne!(key(&tag), key(&branch));
    }

    #[test]
    fn a_deleted_branch_runs_nothing() {
        let deleted = Push { after: None, ..push("refs/heads/main") };
        assert_eq!(plan(&deleted, &[job("publish", ".", "")], ""), PushPlan::default());
    }

    #[test]
    fn files_that_are_not_known_hold_back_the_whole_push_only_if_a_job_asks() {
        let problem = Unanswered { question: "what the push changed".into(), problem: "502".into() };
        let push = Push { changed: Err(problem.clone()), ..push("refs/heads/main") };
        let all = job("all", "main", "");
        assert_eq!(started(&push, &[all.clone(), job("docs", "dev", "^docs/")]), ["all"]);
        let plan = plan(&push, &[all, job("docs", "main", "^docs/")], "");
        assert_eq!((plan.starts, plan.unanswered), (vec![], Some(problem)));
    }
}
