//! Which source a run tests: a base and, merged onto it in order, any number of pulls.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One repository at one base, with the pulls to merge onto it, in order (Prow's `Refs`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Refs {
    /// The owner: an organisation or a user.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub org: String,
    /// The repository's name, without its owner.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub repo: String,
    /// The repository's page; the clone URL is derived from it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub repo_link: String,
    /// The branch (or tag) that the pulls are merged onto.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub base_ref: String,
    /// The commit of the base that is tested.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub base_sha: String,
    /// The page of the base commit.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub base_link: String,
    /// The pulls under test, merged in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pulls: Vec<Pull>,
    /// Clone below `src/PATH_ALIAS` instead of `src/github.com/org/repo`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path_alias: String,
    /// This clone becomes the working directory of the test containers.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub workdir: bool,
    /// Not considered when the main revision of a periodic is chosen.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub auxiliary: bool,
    /// Clone from this URI instead of the one derived from the repository.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub clone_uri: String,
    /// Do not update submodules.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub skip_submodules: bool,
    /// Depth of the clone in commits; absent or 0 is the whole history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clone_depth: Option<i64>,
    /// Skip fetching the remote's tags and HEAD; the base is still fetched.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub skip_fetch_head: bool,
    /// Fetch without file contents (`--filter=blob:none`), which arrive when they are needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blobless_fetch: Option<bool>,
    /// Check out only these paths.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sparse_checkout_files: Vec<String>,
}

/// One pull request at one head (Prow's `Pull`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Pull {
    /// The pull request's number.
    pub number: i64,
    /// Login of the author.
    #[serde(default)]
    pub author: String,
    /// The head commit under test.
    #[serde(default)]
    pub sha: String,
    /// The title when the run was created.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Fetch this ref instead of `pull/NUMBER/head`.
    #[serde(default, rename = "ref", skip_serializing_if = "String::is_empty")]
    pub ref_: String,
    /// The branch that the pull request comes from.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub head_ref: String,
    /// The pull request's page.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub link: String,
    /// The page of the head commit.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub commit_link: String,
    /// The author's page.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub author_link: String,
}

impl Refs {
    /// Where the clone lies below `src/`: the alias, else the repository's page without its scheme, else GitHub's path.
    /// An organisation that carries a scheme names its own host.
    pub fn clone_path(&self) -> String {
        if !self.path_alias.is_empty() {
            return self.path_alias.clone();
        }
        if !self.repo_link.is_empty() {
            return without_scheme(&self.repo_link).to_owned();
        }
        if self.org.contains("://") {
            return format!("{}/{}", without_scheme(&self.org), self.repo);
        }
        format!("github.com/{}/{}", self.org, self.repo)
    }
}

fn without_scheme(url: &str) -> &str {
    url.split_once("://").map_or(url, |(_, rest)| rest)
}

impl std::fmt::Display for Refs {
    /// Prow's short form, as in `PULL_REFS` and `started.json`: `base[:sha]` and `,number:sha[:ref]` for each pull.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.base_ref)?;
        if !self.base_sha.is_empty() {
            write!(f, ":{}", self.base_sha)?;
        }
        for pull in &self.pulls {
            write!(f, ",{}:{}", pull.number, pull.sha)?;
            if !pull.ref_.is_empty() {
                write!(f, ":{}", pull.ref_)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_lies_where_its_page_says() {
        let refs = |org: &str, link: &str, alias: &str| Refs {
            org: org.into(),
            repo: "widgets".into(),
            repo_link: link.into(),
            path_alias: alias.into(),
            ..Refs::default()
        };
        assert_eq!(refs("acme", "", "").clone_path(), "github.com/acme/widgets");
        assert_eq!(refs("acme", "https://git.example/a/b", "").clone_path(), "git.example/a/b");
        assert_eq!(refs("acme", "https://git.example/a/b", "x/y").clone_path(), "x/y");
        assert_eq!(refs("https://git.example", "", "").clone_path(), "git.example/widgets");
    }

    #[test]
    fn refs_print_in_prows_short_form() {
        let pull =
            |number, ref_: &str| Pull { number, sha: "abc".into(), ref_: ref_.into(), ..Pull::default() };
        let refs = Refs {
            base_ref: "main".into(),
            base_sha: "b0".into(),
            pulls: vec![pull(1, ""), pull(2, "refs/changes/2")],
            ..Refs::default()
        };
        assert_eq!(refs.to_string(), "main:b0,1:abc,2:abc:refs/changes/2");
    }
}
