//! Repositories of an owner, their branches, what changed between commits, what protection requires.

use super::transport::{Transport, parse, segment};
use crate::{BranchTip, ForgeError, RequiredContexts};
use decide::{
    facts::{BaseSha, CommitSha, RepoName},
    merge::method::AllowedMethods,
};
use serde::Deserialize;

fn path(repository: &RepoName) -> String {
    format!("/repos/{}/{}", segment(&repository.owner), segment(&repository.name))
}

pub(super) async fn list(via: &Transport, owner: &str) -> Result<Vec<RepoName>, ForgeError> {
    #[derive(Deserialize)]
    struct Listed {
        name: String,
        #[serde(default)]
        archived: bool,
    }
    let segment = segment(owner);
    let of_org = via.list::<Listed>(&format!("/orgs/{segment}/repos?per_page=100")).await;
    let listed = match of_org {
        Err(ForgeError::NotFound { .. }) => via.list(&format!("/users/{segment}/repos?per_page=100")).await?,
        other => other?,
    };
    Ok(listed.into_iter().filter(|r| !r.archived).map(|r| RepoName::new(owner, r.name)).collect())
}

pub(super) async fn branches(via: &Transport, repository: &RepoName) -> Result<Vec<BranchTip>, ForgeError> {
    #[derive(Deserialize)]
    struct Commit {
        sha: String,
    }
    #[derive(Deserialize)]
    struct Branch {
        name: String,
        commit: Commit,
        #[serde(default)]
        protected: bool,
    }
    let branches: Vec<Branch> = via.list(&(path(repository) + "/branches?per_page=100")).await?;
    let tip = |b: Branch| BranchTip { name: b.name, sha: BaseSha::new(b.commit.sha), protected: b.protected };
    Ok(branches.into_iter().map(tip).collect())
}

pub(super) async fn tip(
    via: &Transport,
    repository: &RepoName,
    branch: &str,
) -> Result<Option<BaseSha>, ForgeError> {
    #[derive(Deserialize)]
    struct Commit {
        sha: String,
    }
    #[derive(Deserialize)]
    struct Branch {
        commit: Commit,
    }
    match via.get::<Branch>(&format!("{}/branches/{}", path(repository), segment(branch))).await {
        Ok(branch) => Ok(Some(BaseSha::new(branch.commit.sha))),
        Err(ForgeError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

pub(super) async fn allowed_methods(
    via: &Transport,
    repository: &RepoName,
) -> Result<AllowedMethods, ForgeError> {
    /// GitHub shows these only to those who may push; from others nothing is held back here, and the merge call tells.
    #[derive(Deserialize)]
    #[expect(clippy::struct_field_names, reason = "GitHub's names")]
    struct Repository {
        allow_merge_commit: Option<bool>,
        allow_squash_merge: Option<bool>,
        allow_rebase_merge: Option<bool>,
    }
    let found: Repository = via.get(&path(repository)).await?;
    Ok(AllowedMethods {
        merge: found.allow_merge_commit.unwrap_or(true),
        squash: found.allow_squash_merge.unwrap_or(true),
        rebase: found.allow_rebase_merge.unwrap_or(true),
    })
}

pub(super) async fn changed_between(
    via: &Transport,
    repository: &RepoName,
    from: &CommitSha,
    to: &CommitSha,
) -> Result<Vec<String>, ForgeError> {
    #[derive(Deserialize)]
    struct File {
        filename: String,
    }
    #[derive(Deserialize)]
    struct Comparison {
        #[serde(default)]
        files: Vec<File>,
    }
    let path = format!("{}/compare/{}...{}", path(repository), segment(from.as_str()), segment(to.as_str()));
    // Files stand on the first page only; GitHub lists at most 300 there.
    let files = via.pages(&path, 1, |body| Ok(parse::<Comparison>(&path, body)?.files)).await?;
    Ok(files.into_iter().map(|file| file.filename).collect())
}

pub(super) async fn required_contexts(
    via: &Transport,
    repository: &RepoName,
    branch: &str,
) -> Result<RequiredContexts, ForgeError> {
    #[derive(Deserialize)]
    struct Required {
        #[serde(default)]
        strict: bool,
        #[serde(default)]
        contexts: Vec<String>,
    }
    let path = format!("{}/branches/{}/protection/required_status_checks", path(repository), segment(branch));
    match via.get::<Required>(&path).await {
        Ok(required) => Ok(RequiredContexts {
            contexts: required.contexts.into_iter().collect(),
            strict: required.strict,
        }),
        // A branch without protection, or without this part of it. A branch that is gone has nothing to merge into.
        Err(ForgeError::NotFound { .. }) => Ok(RequiredContexts::default()),
        Err(error) => Err(error),
    }
}
