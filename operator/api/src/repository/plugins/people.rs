//! Plugins about people: review, approval, assignment, greeting.

use super::option::plugin;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

plugin! {
    /// `/lgtm`: somebody looked at it. Tied to a head (DESIGN C4).
    Lgtm {
        /// An approving review counts as `/lgtm`, one that asks for changes as `/lgtm cancel`. Default: false.
        review_counts_as_lgtm: bool,
        /// Keep the label when a push leaves the tree as it was. Default: false.
        keep_on_same_tree: bool,
        /// A team of the owner, by slug, whose members' changes keep the label at a push. Default: none.
        sticky_team: String,
    }
}

plugin! {
    /// `/approve`: the people in OWNERS files agree.
    Approve {
        /// The description must link an issue, or somebody writes `/approve no-issue`. Default: false.
        require_issue: bool,
        /// Whether an author who is an approver has approved by opening. Default: Allowed.
        self_approval: SelfApproval,
        /// `/lgtm` by an approver approves too. Default: false.
        lgtm_acts_as_approve: bool,
        /// Reviews on GitHub do not count. Default: false.
        ignore_review_state: bool,
        /// Link to the list of commands, shown in the comment.
        command_help_link: String,
        /// Link to the description of the process, shown in the comment.
        process_link: String,
    }
}

/// Whether an author who is an approver has approved by opening a pull request.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum SelfApproval {
    /// By opening.
    #[default]
    Allowed,
    /// Only by writing `/approve`.
    Explicit,
}

plugin! {
    /// `/hold`, `/unhold`.
    Hold {}
}

plugin! {
    /// `/assign`, `/cc` and their opposites.
    Assign {}
}

plugin! {
    /// `/retitle`.
    Retitle {
        /// Also on closed issues and pull requests. Default: false.
        allow_closed_issues: bool,
    }
}

plugin! {
    /// Asks reviewers from OWNERS files; `/auto-cc`.
    Blunderbuss {
        /// How many reviewers are wanted. Default: 2.
        #[schemars(range(min = 1, max = 100))]
        request_count: i64,
        /// How many at most, those that OWNERS requires not counted. Default: any number.
        #[schemars(range(min = 0, max = 100))]
        max_request_count: i64,
        /// Never ask approvers for want of reviewers. Default: false.
        exclude_approvers: bool,
        /// Skip people whose GitHub status says that they are busy. Default: false.
        use_status_availability: bool,
        /// Wait until a draft is ready. Default: false.
        ignore_drafts: bool,
        /// Not for changes of these people.
        ignore_authors: Vec<String>,
        /// Wait for this status before asking.
        wait_for_status: WaitForStatus,
        /// `Random`, or `Blame`: who last changed the lines (Prow's rifle). Default: Random.
        choice: ReviewerChoice,
    }
}

/// Which status reviewers are asked after.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WaitForStatus {
    /// Default: `tide`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// Default: `pending`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Regular expression. Default: only lgtm or approved are missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// How reviewers are chosen.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum ReviewerChoice {
    /// Any of the closest OWNERS file.
    #[default]
    Random,
    /// Who last changed the lines.
    Blame,
}

plugin! {
    /// Refuses OWNERS files with mistakes or people who are not trusted; `/verify-owners`.
    VerifyOwners {}
}

plugin! {
    /// Greets newcomers.
    Welcome {
        /// Go template over `.Org`, `.Repo`, `.AuthorLogin`, `.AuthorName`.
        message: String,
        /// Greet everybody each time. Default: false.
        always: bool,
    }
}

plugin! {
    /// `/link-issue`, `/pin-issue`, `/transfer-issue`.
    IssueManagement {}
}

plugin! {
    /// Reactions to comments of some people, congratulations to new owners.
    Heart {
        /// Whose comments get a reaction.
        adorees: Vec<String>,
        /// Regular expression of the comments.
        comment_regex: String,
        /// Congratulate people who enter an OWNERS file. Default: false.
        reward_owners: bool,
    }
}
