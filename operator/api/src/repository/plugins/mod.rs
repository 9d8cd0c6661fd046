//! Plugins: what comments and events do. A key under `plugins` both enables and configures.
//!
//! One struct a plugin, one line a plugin in the table below; the schema, docs/plugins.md and `bowsprit import` read
//! both. Unknown keys and options are kept, so that they can be reported with their path: never silently off.

mod labels;
mod merging;
mod option;
mod people;

pub use labels::{
    CherryPickApproved, CherryPickUnapproved, Cla, Dco, Help, InvalidCommitMessage, Label, Lifecycle,
    Milestone, MilestoneApplier, MilestoneStatus, NeedsRebase, OwnersLabel, ReleaseNote, SigMention, Stage,
    Wip,
};
pub use merging::{
    Blockade, BlockedPaths, BranchCleaner, CherryPick, CherryPickRequester, ConfigMapTarget, ConfigUpdater,
    Fun, Jira, MergeCommitBlocker, MergeMethodComment, Override, Refresh, Skip, SlackEvents, Trigger,
};
pub use people::{
    Approve, Assign, Blunderbuss, Heart, Hold, IssueManagement, Lgtm, Retitle, ReviewerChoice, SelfApproval,
    VerifyOwners, WaitForStatus, Welcome,
};

use crate::job::Unknown;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A plugin of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PluginEntry {
    /// Its key under `plugins`.
    pub key: &'static str,
    /// Its name or names in Prow's `plugins.yaml`.
    pub prow: &'static [&'static str],
    /// Whether something acts on it in this version. A key that nothing acts on is accepted with a warning.
    pub acts: bool,
}

/// The settings of one plugin.
pub trait Plugin {
    /// Whether it is on: it is there, and not switched off.
    fn is_enabled(&self) -> bool;
    /// Options that it does not have.
    fn unknown(&self) -> &Unknown;
}

/// Declares [`Plugins`] and [`CATALOGUE`] from one table, so that neither can lack an entry of the other.
macro_rules! plugins {
    ($($(#[doc = $doc:literal])* $field:ident: $type:ident = $key:literal, prow $prow:expr, acts $acts:literal;)*) => {
        /// The plugins of a repository. All keys with their options: docs/plugins.md.
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[schemars(extend("x-kubernetes-preserve-unknown-fields" = true))]
        pub struct Plugins {
            $(
                $(#[doc = $doc])*
                #[serde(default, rename = $key, skip_serializing_if = "Option::is_none")]
                pub $field: Option<$type>,
            )*
            /// Keys that are no plugin.
            #[serde(flatten)]
            #[schemars(skip)]
            pub unknown: Unknown,
        }

        /// All plugins, in the order of docs/plugins.md.
        pub const CATALOGUE: &[PluginEntry] =
            &[$(PluginEntry { key: $key, prow: &$prow, acts: $acts },)*];

        impl Plugins {
            /// The plugins that are there, switched off ones included, by key.
            pub fn given(&self) -> impl Iterator<Item = (&'static str, &dyn Plugin)> {
                let all: Vec<(&'static str, Option<&dyn Plugin>)> =
                    vec![$(($key, self.$field.as_ref().map(|plugin| plugin as &dyn Plugin)),)*];
                all.into_iter().filter_map(|(key, plugin)| Some((key, plugin?)))
            }

            /// Without those that are switched off: then there is on.
            #[must_use]
            pub fn without_disabled(mut self) -> Self {
                $(self.$field = self.$field.filter(Plugin::is_enabled);)*
                self
            }
        }
    };
}

plugins! {
    /// Starts jobs for pull requests, pushes and `/test`, `/retest`, `/ok-to-test`.
    trigger: Trigger = "trigger", prow ["trigger"], acts true;
    /// `/lgtm`: somebody looked at it.
    lgtm: Lgtm = "lgtm", prow ["lgtm"], acts true;
    /// `/approve`: the people in OWNERS files agree.
    approve: Approve = "approve", prow ["approve"], acts true;
    /// `/hold`, `/unhold`.
    hold: Hold = "hold", prow ["hold"], acts true;
    /// `/kind`, `/area`, `/priority`, `/label` and so on.
    label: Label = "label", prow ["label"], acts true;
    /// `/assign`, `/cc` and their opposites.
    assign: Assign = "assign", prow ["assign"], acts true;
    /// `/close`, `/reopen`, `/lifecycle stale` and so on.
    lifecycle: Lifecycle = "lifecycle", prow ["lifecycle"], acts true;
    /// `/retitle`.
    retitle: Retitle = "retitle", prow ["retitle"], acts true;
    /// Labels that OWNERS files give to changes below them.
    owners_label: OwnersLabel = "ownersLabel", prow ["owners-label"], acts true;
    /// A label for drafts and titles that begin with WIP.
    wip: Wip = "wip", prow ["wip"], acts true;
    /// Asks reviewers from OWNERS files; `/auto-cc`.
    blunderbuss: Blunderbuss = "blunderbuss", prow ["blunderbuss", "rifle"], acts false;
    /// Refuses OWNERS files with mistakes or people who are not trusted; `/verify-owners`.
    verify_owners: VerifyOwners = "verifyOwners", prow ["verify-owners"], acts false;
    /// `/override`: a context counts as passed.
    override_: Override = "override", prow ["override"], acts false;
    /// `/skip`: contexts of jobs that are not required pass.
    skip: Skip = "skip", prow ["skip"], acts false;
    /// A label for pull requests with conflicts.
    needs_rebase: NeedsRebase = "needsRebase", prow ["needs-rebase"], acts false;
    /// `/cherrypick BRANCH`.
    cherry_pick: CherryPick = "cherryPick", prow ["cherrypicker"], acts false;
    /// Labels by the release note in the description; `/release-note-none`.
    release_note: ReleaseNote = "releaseNote", prow ["release-note"], acts false;
    /// `/milestone TITLE`.
    milestone: Milestone = "milestone", prow ["milestone"], acts false;
    /// `/status in-progress` and so on.
    milestone_status: MilestoneStatus = "milestoneStatus", prow ["milestonestatus"], acts false;
    /// Sets the milestone of merged pull requests by branch.
    milestone_applier: MilestoneApplier = "milestoneApplier", prow ["milestoneapplier"], acts false;
    /// `/help`, `/good-first-issue`.
    help: Help = "help", prow ["help"], acts false;
    /// Labels that follow a status context, as of a contributor licence agreement; `/check-cla`.
    cla: Cla = "cla", prow ["cla"], acts false;
    /// Commits must be signed off; `/check-dco`.
    dco: Dco = "dco", prow ["dco"], acts false;
    /// A label for commit messages that close issues or are fixups.
    invalid_commit_message: InvalidCommitMessage = "invalidCommitMsg", prow ["invalidcommitmsg"], acts false;
    /// A label for pull requests that contain merge commits.
    merge_commit_blocker: MergeCommitBlocker = "mergeCommitBlocker", prow ["mergecommitblocker"], acts false;
    /// A label for changes of protected files.
    blockade: Blockade = "blockade", prow ["blockade"], acts false;
    /// A label for changes into release branches that nobody approved.
    cherry_pick_unapproved: CherryPickUnapproved = "cherryPickUnapproved", prow ["cherry-pick-unapproved"], acts false;
    /// Approves changes into release branches by the review of some people.
    cherry_pick_approved: CherryPickApproved = "cherryPickApproved", prow ["cherry-pick-approved"], acts false;
    /// Greets newcomers.
    welcome: Welcome = "welcome", prow ["welcome"], acts false;
    /// `/link-issue`, `/pin-issue`, `/transfer-issue`.
    issue_management: IssueManagement = "issueManagement", prow ["issue-management"], acts false;
    /// Links Jira keys in comments.
    jira: Jira = "jira", prow ["jira"], acts false;
    /// Deletes the branches of merged pull requests.
    branch_cleaner: BranchCleaner = "branchCleaner", prow ["branchcleaner"], acts false;
    /// Tells on pull requests of several commits how they will be merged.
    merge_method_comment: MergeMethodComment = "mergeMethodComment", prow ["merge-method-comment"], acts false;
    /// Tells on Slack of mentions and of pushes past the pool.
    slack_events: SlackEvents = "slackEvents", prow ["slackevents"], acts false;
    /// Puts files of merged pull requests into ConfigMaps.
    config_updater: ConfigUpdater = "configUpdater", prow ["config-updater"], acts false;
    /// `/refresh`: reports all results again.
    refresh: Refresh = "refresh", prow ["refresh"], acts false;
    /// `/stage alpha` and so on.
    stage: Stage = "stage", prow ["stage"], acts false;
    /// Labels by mentions of teams.
    sig_mention: SigMention = "sigMention", prow ["sigmention"], acts false;
    /// Reactions to comments of some people, congratulations to new owners.
    heart: Heart = "heart", prow ["heart", "reward-owners"], acts false;
    /// `/meow`, `/woof`, `/joke`, `/shrug` and so on.
    fun: Fun = "fun", prow ["cat", "dog", "pony", "goose", "yuks", "shrug", "trick-or-treat"], acts false;
}

/// Where Prow's other plugins went: name, and what takes its place.
pub const ELSEWHERE: &[(&str, &str)] = &[
    ("size", "`bySize` of a LabelPolicy"),
    ("require-matching-label", "`require` of a LabelPolicy"),
    ("label_sync", "`labels` of a LabelPolicy"),
    ("testfreeze", "`freezes` of a MergePool"),
    ("branchprotector", "`branchProtection` of a Repository"),
    ("golint", "a job: linters run better there"),
    ("buildifier", "a job: formatters run better there"),
    ("bugzilla", "an external plugin"),
    ("project", "not planned: GitHub removed classic project boards"),
    ("project-manager", "not planned: GitHub removed classic project boards"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_is_no_plugin_is_kept() {
        let plugins: Plugins = serde_json::from_value(serde_json::json!({
            "lgtm": { "reviewCountsAsLgtm": true, "typo": 1 },
            "lgmt": {}
        }))
        .unwrap();
        assert_eq!(plugins.unknown.keys().collect::<Vec<_>>(), ["lgmt"]);
        let lgtm = plugins.lgtm.unwrap();
        assert_eq!(lgtm.review_counts_as_lgtm, Some(true));
        assert_eq!(lgtm.unknown().keys().collect::<Vec<_>>(), ["typo"]);
    }

    #[test]
    fn a_key_alone_switches_on_and_enabled_false_switches_off() {
        let plugins: Plugins =
            serde_json::from_value(serde_json::json!({ "hold": {}, "wip": { "enabled": false } })).unwrap();
        assert_eq!(plugins.given().map(|(key, _)| key).collect::<Vec<_>>(), ["hold", "wip"]);
        let on = plugins.without_disabled();
        assert!(on.hold.is_some() && on.wip.is_none());
    }

    #[test]
    fn no_plugin_of_prow_is_in_two_places() {
        let mut names: Vec<_> = CATALOGUE.iter().flat_map(|entry| entry.prow.iter().copied()).collect();
        names.extend(ELSEWHERE.iter().map(|(name, _)| *name));
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
