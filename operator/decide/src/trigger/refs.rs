//! What a run tests, as its ProwJob says it (spec jobs-and-runs 3.7, 3.8).

use crate::{
    facts::{BaseSha, CommitSha, PullRequest, RepoName},
    job::prow_job::PullRequestRefs,
};
use api::refs::Refs;

/// One pull request on a base. `web` is GitHub's address without a slash at the end.
pub fn of_pull_request(pull: &PullRequest, base: &BaseSha, web: &str) -> Refs {
    let repository = format!("{web}/{}", pull.repository);
    // GitHub's own stand-in for an account that is gone.
    let author = pull.author.as_ref().map_or("ghost", |author| author.as_str());
    PullRequestRefs {
        org: &pull.repository.owner,
        repo: &pull.repository.name,
        repo_link: &repository,
        base_ref: &pull.base_ref,
        base_sha: base.as_str(),
        // GitHub's numbers are far below the limit; Prow's format has signed ones.
        number: i64::try_from(pull.number).unwrap_or(i64::MAX),
        author,
        author_link: &format!("{web}/{author}"),
        head_sha: pull.head_sha.as_str(),
        head_ref: &pull.head_ref,
        title: &pull.title,
        link: &format!("{repository}/pull/{}", pull.number),
    }
    .refs()
}

/// A branch or tag after a push. `compare` is the page that shows the push.
pub fn of_push(repository: &RepoName, name: &str, after: &CommitSha, compare: &str, web: &str) -> Refs {
    Refs {
        org: repository.owner.clone(),
        repo: repository.name.clone(),
        repo_link: format!("{web}/{repository}"),
        base_ref: name.to_owned(),
        base_sha: after.to_string(),
        base_link: compare.to_owned(),
        ..Refs::default()
    }
}
