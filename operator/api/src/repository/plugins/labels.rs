//! Plugins whose effect is a label or a milestone.

use super::option::plugin;
use std::collections::BTreeMap;

plugin! {
    /// `/kind`, `/area`, `/priority`, `/label` and so on. Who may set which: `restricted` of a LabelPolicy.
    Label {
        /// Labels that `/label` may set, beside those of the groups.
        additional: Vec<String>,
        /// Further groups: `team` makes `/team x` set `team/x`. Prow's own groups are always there.
        prefixes: Vec<String>,
    }
}

plugin! {
    /// `/close`, `/reopen`, `/lifecycle stale` and so on.
    Lifecycle {}
}

plugin! {
    /// Labels that OWNERS files give to changes below them.
    OwnersLabel {}
}

plugin! {
    /// A label for drafts and titles that begin with WIP.
    Wip {}
}

plugin! {
    /// A label for pull requests with conflicts.
    NeedsRebase {}
}

plugin! {
    /// Labels by the release note in the description; `/release-note-none`.
    ReleaseNote {
        /// Link to the guide, shown in the comment.
        guidelines_url: String,
        /// Branches where a note is asked for. Default: the repository's default branch.
        branches: Vec<String>,
    }
}

plugin! {
    /// `/milestone TITLE`.
    Milestone {
        /// Who may: a team of the owner, by slug.
        maintainers_team: String,
        /// How the refusal calls them. Default: the team.
        maintainers_name: String,
    }
}

plugin! {
    /// `/status in-progress` and so on, for the people of `milestone`.
    MilestoneStatus {}
}

plugin! {
    /// Sets the milestone of merged pull requests by branch.
    MilestoneApplier {
        /// Title by branch.
        milestones: BTreeMap<String, String>,
    }
}

plugin! {
    /// `/help`, `/good-first-issue`.
    Help {
        /// Link to the guide, shown in the comment.
        guidelines_url: String,
        /// Text shown in the comment.
        guidelines_summary: String,
    }
}

plugin! {
    /// Labels that follow a status context, as of a contributor licence agreement; `/check-cla`.
    Cla {
        /// The context. Default: `EasyCLA`.
        context: String,
        /// Set when it passes. Default: `cncf-cla: yes`.
        yes_label: String,
        /// Set when it fails. Default: `cncf-cla: no`.
        no_label: String,
    }
}

plugin! {
    /// Commits must be signed off; `/check-dco`.
    Dco {
        /// Members of trusted organisations need not. Default: false.
        skip_members: bool,
        /// Collaborators need not. Default: false.
        skip_collaborators: bool,
        /// Apps that need not, by name without `[bot]`.
        trusted_apps: Vec<String>,
        /// Repository of the guide. Default: the pull request's.
        contributing_repository: String,
        /// Branch of the guide. Default: the default branch.
        contributing_branch: String,
        /// Path of the guide. Default: `CONTRIBUTING.md`.
        contributing_path: String,
    }
}

plugin! {
    /// A label for commit messages that close issues or are fixups.
    InvalidCommitMessage {
        /// Look for words that close issues. Default: true.
        issue_closing_keywords: bool,
        /// Look for `fixup!`, `amend!` and `squash!`. Default: true.
        fixup_prefix: bool,
    }
}

plugin! {
    /// A label for changes into release branches that nobody approved.
    CherryPickUnapproved {
        /// Regular expression of the branches. Default: `^release-.*$`.
        branch_regex: String,
        /// The comment. Default: tells whom to ask.
        comment: String,
    }
}

plugin! {
    /// Approves changes into release branches by the review of some people.
    CherryPickApproved {
        /// Regular expression of the branches. Default: `^release-.*$`.
        branch_regex: String,
        /// Whose review approves.
        approvers: Vec<String>,
        /// The label `approved` may be missing. Default: false.
        allow_missing_approved_label: bool,
        /// The label `lgtm` may be missing. Default: false.
        allow_missing_lgtm_label: bool,
    }
}

plugin! {
    /// `/stage alpha` and so on.
    Stage {}
}

plugin! {
    /// Labels by mentions of teams.
    SigMention {
        /// Regular expression; its first group names the label `sig/GROUP`.
        regex: String,
    }
}
