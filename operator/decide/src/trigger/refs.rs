//! What a run tests, as its ProwJob says it (spec jobs-and-runs 3.7, 3.8).

use crate::facts::{BaseSha, CommitSha, PullRequest, RepoName};
use api::refs::{Pull, Refs};

/// One pull request on a base. `web` is GitHub's address without a slash at the end.
pub fn of_pull_request(pull: &PullRequest, base: &BaseSha, web: &str) -> Refs {
    let repository = format!("{web}/{}", pull.repository);
    let author = pull.author.as_ref().map_or("ghost", |author| author.as_str());
    let link = format!("{repository}/pull/{}", pull.number);
    Refs {
        org: pull.repository.owner.clone(),
        repo: pull.repository.name.clone(),
        base_link: format!("{repository}/commit/{base}"),
        repo_link: repository,
        base_ref: pull.base_ref.clone(),
        base_sha: base.to_string(),
        pulls: vec![Pull {
            // GitHub's numbers are far below the limit; Prow's format has signed ones.
            number: i64::try_from(pull.number).unwrap_or(i64::MAX),
            author: author.to_owned(),
            sha: pull.head_sha.to_string(),
            title: pull.title.clone(),
            head_ref: pull.head_ref.clone(),
            commit_link: format!("{link}/commits/{}", pull.head_sha),
            link,
            author_link: format!("{web}/{author}"),
            ..Pull::default()
        }],
        ..Refs::default()
    }
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
