//! Defaults that hold for some repositories and clusters: a list in which later entries win (spec jobs-and-runs 1.7).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A default and where it holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Entry<T> {
    /// `owner/name`, an owner, or `*`; empty is `*`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub repo: String,
    /// A build cluster, or `*`; empty is `*`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cluster: String,
    /// The default.
    #[serde(default)]
    pub config: Option<T>,
}

/// The defaults that hold for a repository (`owner/name`; empty for a periodic without one) and a cluster, in order.
pub fn matching<'a, T>(entries: &'a [Entry<T>], repo: &str, cluster: &str) -> impl Iterator<Item = &'a T> {
    let repo = plain(repo);
    entries
        .iter()
        .filter(move |entry| {
            let given = plain(&entry.repo);
            let owner = repo.split_once('/').map_or("", |(owner, _)| owner);
            let here = given.is_empty() || given == "*" || given == repo || given == owner;
            here && (entry.cluster.is_empty() || entry.cluster == "*" || entry.cluster == cluster)
        })
        .filter_map(|entry| entry.config.as_ref())
}

/// A repository without scheme. Gerrit's review host and its git host count as one.
fn plain(repo: &str) -> String {
    let repo = repo.trim_start_matches("https://").trim_start_matches("http://").trim_end_matches('/');
    match repo.split_once('/') {
        Some((host, rest)) => format!("{}/{rest}", host.replacen("-review.", ".", 1)),
        None => repo.replacen("-review.", ".", 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(repo: &str, cluster: &str, config: &'static str) -> Entry<&'static str> {
        Entry { repo: repo.into(), cluster: cluster.into(), config: Some(config) }
    }

    #[test]
    fn an_entry_holds_for_its_repository_and_cluster() {
        let entries = [
            entry("", "", "all"),
            entry("acme", "*", "owner"),
            entry("acme/widgets", "arm", "arm"),
            entry("acme/wid", "", "other"),
            entry("https://git.example/x", "", "gerrit"),
        ];
        let holds =
            |repo: &str, cluster: &str| -> Vec<&str> { matching(&entries, repo, cluster).copied().collect() };
        assert_eq!(holds("acme/widgets", "default"), ["all", "owner"]);
        assert_eq!(holds("acme/widgets", "arm"), ["all", "owner", "arm"]);
        assert_eq!(holds("", "default"), ["all"]);
        assert_eq!(holds("git.example/x", "default"), ["all", "gerrit"]);
    }
}
