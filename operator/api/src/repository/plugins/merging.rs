//! Plugins about tests, branches and merges, and those that reach outside GitHub.

use super::option::plugin;
use crate::local_ref::SecretRef;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

plugin! {
    /// Starts jobs for pull requests, pushes and `/test`, `/retest`, `/ok-to-test`. Whom it trusts: `trust`.
    Trigger {
        /// Where strangers may ask for membership, shown in the greeting. Default: the owner's page.
        join_organization_url: String,
        /// `/test` and `/retest` also start failed GitHub Actions again. Default: false.
        github_workflows: bool,
    }
}

plugin! {
    /// `/override`: a context counts as passed. Administrators may.
    Override {
        /// Teams of the owner that may too, by slug.
        teams: Vec<String>,
        /// Approvers of the root OWNERS file may too. Default: false.
        allow_top_level_owners: bool,
    }
}

plugin! {
    /// `/skip`: contexts of jobs that are not required pass.
    Skip {}
}

plugin! {
    /// `/refresh`: reports all results again.
    Refresh {}
}

plugin! {
    /// `/cherrypick BRANCH`.
    CherryPick {
        /// `Members` of trusted organisations, or `Anyone`. Default: Members.
        who: CherryPickRequester,
        /// A label `PREFIX` + branch asks too. Default: `cherrypick/`.
        label_prefix: String,
        /// Labels of the new pull request.
        labels: Vec<String>,
        /// Open an issue where the change does not apply. Default: false.
        issue_on_conflict: bool,
        /// Assign the new pull request to who asked. Default: true.
        assign_requester: bool,
    }
}

/// Who may ask for a cherry-pick.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum CherryPickRequester {
    /// Members of trusted organisations.
    #[default]
    Members,
    /// Anyone.
    Anyone,
}

plugin! {
    /// A label for pull requests that contain merge commits.
    MergeCommitBlocker {}
}

plugin! {
    /// A label for changes of protected files.
    Blockade {
        /// Which files.
        blockades: Vec<BlockedPaths>,
    }
}

/// Files that may not be changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BlockedPaths {
    /// Regular expressions of paths.
    pub block: Vec<String>,
    /// Regular expressions of paths that may be changed nevertheless.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<String>,
    /// Only in branches that this regular expression matches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch_regex: Option<String>,
    /// Shown in the comment. Default: `Files are protected`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explanation: Option<String>,
}

plugin! {
    /// Links Jira keys in comments.
    Jira {
        /// Jira's address.
        url: String,
        /// The Secret with keys `username` and `password`, or `token`.
        secret_ref: SecretRef,
        /// Projects whose keys are left alone.
        disabled_projects: Vec<String>,
    }
}

plugin! {
    /// Deletes the branches of merged pull requests.
    BranchCleaner {
        /// Names or regular expressions of branches that stay.
        preserved_branches: Vec<String>,
    }
}

plugin! {
    /// Tells on pull requests of several commits how they will be merged.
    MergeMethodComment {}
}

plugin! {
    /// Tells on Slack of mentions and of pushes past the pool.
    SlackEvents {
        /// The Secret with the token, in key `token`.
        secret_ref: SecretRef,
        /// Channels that are told of mentions of their team.
        mention_channels: Vec<String>,
        /// Channels that are told of pushes past the pool.
        push_channels: Vec<String>,
        /// Whose pushes are expected.
        exempt_users: Vec<String>,
        /// Whose pushes into a branch are expected, by branch.
        exempt_branches: BTreeMap<String, Vec<String>>,
    }
}

plugin! {
    /// Puts files of merged pull requests into ConfigMaps of this namespace.
    ConfigUpdater {
        /// ConfigMap by glob of paths (`*`, `**`, `{a,b}`).
        maps: BTreeMap<String, ConfigMapTarget>,
        /// Compress the values. Default: false.
        gzip: bool,
    }
}

/// The ConfigMap that files go into.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConfigMapTarget {
    /// The ConfigMap.
    pub name: String,
    /// The key. Default: the file's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The key is the path, with `-` for `/`. Default: false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full_path_as_key: Option<bool>,
    /// Compress the values. Default: as the plugin says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gzip: Option<bool>,
}

plugin! {
    /// `/meow`, `/woof`, `/joke`, `/shrug` and so on.
    Fun {
        /// Which commands, by Prow's plugin names (`cat`, `dog`, `pony`, `goose`, `yuks`, `shrug`, `trick-or-treat`).
        /// Default: `shrug`.
        commands: Vec<String>,
        /// The Secret with the picture services' keys, in keys `cat` and `goose`.
        secret_ref: SecretRef,
    }
}
