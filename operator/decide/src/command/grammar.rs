//! Every command there is, as data: the plugins match by it, and docs/commands.md is generated from it.

/// Where a command may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// In issues and pull requests.
    Both,
    /// In pull requests.
    PullRequests,
}

/// Whether the case of the command word matters. Prow's label commands are the ones where it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// `/Hold` is `/hold`.
    Any,
    /// `/Kind` is no command.
    Exact,
}

/// One command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The plugin that takes it; its key in a Repository's `plugins`.
    pub plugin: &'static str,
    /// The words that mean it, without the slash.
    pub words: &'static [&'static str],
    /// Whether their case matters.
    pub case: Case,
    /// What follows the word.
    pub argument: &'static str,
    /// What it does.
    pub about: &'static str,
    /// Who may use it.
    pub who: &'static str,
    /// Where.
    pub on: On,
    /// How it looks.
    pub example: &'static str,
}

impl Row {
    /// Whether a word means this command.
    pub fn takes(&self, word: &str) -> bool {
        match self.case {
            Case::Any => self.words.iter().any(|known| known.eq_ignore_ascii_case(word)),
            Case::Exact => self.words.contains(&word),
        }
    }
}

const ANYBODY: &str = "anybody";

/// Asks for an approval's effect.
pub const APPROVE: Row = Row {
    plugin: "approve",
    words: &["approve"],
    case: Case::Any,
    argument: "[no-issue|cancel]",
    about: "Approves the change, or takes that back. `no-issue` also says that no issue need be named.",
    who: "anybody; it counts for what the OWNERS files let them approve",
    on: On::PullRequests,
    example: "/approve no-issue",
};
/// Takes an approval back.
pub const REMOVE_APPROVE: Row = Row {
    words: &["remove-approve"],
    argument: "",
    about: "Takes an approval back.",
    who: "who approved",
    example: "/remove-approve",
    ..APPROVE
};
/// Says that it looks good.
pub const LGTM: Row = Row {
    plugin: "lgtm",
    words: &["lgtm"],
    case: Case::Any,
    argument: "[cancel]",
    about: "Adds the label `lgtm` for the present head, or takes it off.",
    who: "collaborators, or reviewers and approvers by OWNERS; authors only to take it off",
    on: On::PullRequests,
    example: "/lgtm",
};
/// Takes that back.
pub const REMOVE_LGTM: Row = Row {
    words: &["remove-lgtm"],
    argument: "",
    about: "Takes the label `lgtm` off.",
    example: "/remove-lgtm",
    ..LGTM
};
/// Holds a merge back.
pub const HOLD: Row = Row {
    plugin: "hold",
    words: &["hold"],
    case: Case::Any,
    argument: "[cancel|why]",
    about: "Keeps the pull request from merging, or lets it go again.",
    who: ANYBODY,
    on: On::PullRequests,
    example: "/hold until the docs are merged",
};
/// Lets it go.
pub const UNHOLD: Row = Row {
    words: &["unhold", "remove-hold"],
    argument: "[why]",
    about: "Lets the pull request merge again.",
    example: "/unhold",
    ..HOLD
};
/// Assigns.
pub const ASSIGN: Row = Row {
    plugin: "assign",
    words: &["assign"],
    case: Case::Any,
    argument: "[@login ...]",
    about: "Assigns people; without a name, whoever writes it.",
    who: ANYBODY,
    on: On::Both,
    example: "/assign @robin @kim",
};
/// Takes an assignment back.
pub const UNASSIGN: Row = Row {
    words: &["unassign"],
    about: "Takes an assignment back; without a name, that of whoever writes it.",
    example: "/unassign @robin",
    ..ASSIGN
};
/// Asks for reviews.
pub const CC: Row = Row {
    words: &["cc"],
    argument: "[@login|@organisation/team ...]",
    about: "Asks for reviews; without a name, of whoever writes it.",
    on: On::PullRequests,
    example: "/cc @kim @acme/web-team",
    ..ASSIGN
};
/// Asks no longer.
pub const UNCC: Row = Row {
    words: &["uncc"],
    argument: "[@login|@organisation/team ...]",
    about: "Asks for reviews no longer.",
    on: On::PullRequests,
    example: "/uncc @kim",
    ..ASSIGN
};
/// Labels of a family.
pub const FAMILY: Row = Row {
    plugin: "label",
    words: &["area", "committee", "kind", "language", "priority", "sig", "triage", "wg"],
    case: Case::Exact,
    argument: "NAME ...",
    about: "Adds labels of a family: `/kind bug` adds `kind/bug`.",
    who: "anybody; `triage/accepted` members; restricted labels who is named for them",
    on: On::Both,
    example: "/kind bug flake",
};
/// Takes labels of a family off.
pub const REMOVE_FAMILY: Row = Row {
    words: &[
        "remove-area",
        "remove-committee",
        "remove-kind",
        "remove-language",
        "remove-priority",
        "remove-sig",
        "remove-triage",
        "remove-wg",
    ],
    about: "Takes labels of a family off.",
    who: "anybody; restricted labels who is named for them",
    example: "/remove-kind bug",
    ..FAMILY
};
/// Any label that is listed.
pub const LABEL: Row = Row {
    words: &["label"],
    argument: "NAME ...",
    about: "Adds labels that the repository lists for this command. Quotes hold a name with blanks together.",
    who: "anybody; restricted labels who is named for them",
    example: "/label api-review",
    ..FAMILY
};
/// Takes listed labels off.
pub const REMOVE_LABEL: Row = Row {
    words: &["remove-label"],
    about: "Takes labels off that the repository lists for this command.",
    example: "/remove-label api-review",
    ..LABEL
};
/// How alive it is.
pub const LIFECYCLE: Row = Row {
    plugin: "lifecycle",
    words: &["lifecycle"],
    case: Case::Any,
    argument: "active|frozen|stale|rotten",
    about: "Adds this lifecycle label and takes the others off. Pull requests cannot be frozen.",
    who: ANYBODY,
    on: On::Both,
    example: "/lifecycle frozen",
};
/// Takes that off.
pub const REMOVE_LIFECYCLE: Row = Row {
    words: &["remove-lifecycle"],
    about: "Takes this lifecycle label off.",
    example: "/remove-lifecycle stale",
    ..LIFECYCLE
};
/// Closes.
pub const CLOSE: Row = Row {
    words: &["close"],
    argument: "[not-planned]",
    about: "Closes it. Only issues can be closed as not planned.",
    who: "the author and collaborators; anybody where it is stale or rotten",
    example: "/close not-planned",
    ..LIFECYCLE
};
/// Opens again.
pub const REOPEN: Row = Row {
    words: &["reopen"],
    argument: "",
    about: "Opens it again.",
    who: "the author and collaborators",
    example: "/reopen",
    ..LIFECYCLE
};
/// Another title.
pub const RETITLE: Row = Row {
    plugin: "retitle",
    words: &["retitle"],
    case: Case::Any,
    argument: "TITLE",
    about: "Gives it another title.",
    who: "trusted people",
    on: On::Both,
    example: "/retitle Fix the frobnicator",
};

/// Asks for reviewers.
pub const AUTO_CC: Row = Row {
    plugin: "blunderbuss",
    words: &["auto-cc"],
    case: Case::Any,
    argument: "",
    about: "Asks reviewers from the OWNERS files of the changed paths.",
    who: ANYBODY,
    on: On::PullRequests,
    example: "/auto-cc",
};
/// Sets the milestone.
pub const MILESTONE: Row = Row {
    plugin: "milestone",
    words: &["milestone"],
    case: Case::Exact,
    argument: "TITLE|clear",
    about: "Sets the milestone, or takes it off.",
    who: "the milestone team",
    on: On::Both,
    example: "/milestone v1.2",
};
/// Passes what is not required.
pub const SKIP: Row = Row {
    plugin: "skip",
    words: &["skip"],
    case: Case::Any,
    argument: "",
    about: "Lets contexts pass that failed or wait and that a merge does not need.",
    who: ANYBODY,
    on: On::PullRequests,
    example: "/skip",
};
/// Passes a context.
pub const OVERRIDE: Row = Row {
    plugin: "override",
    words: &["override"],
    case: Case::Any,
    argument: "CONTEXT ...",
    about: "Lets failed contexts pass for this head and base. Quotes hold a name with blanks together.",
    who: "administrators of the repository, and teams and root approvers where the settings say so",
    on: On::PullRequests,
    example: "/override unit \"e2e / long\"",
};
/// Passes a context whatever the base.
pub const OVERRIDE_STICKY: Row = Row {
    words: &["override-sticky"],
    about: "The same, also when the base moves.",
    example: "/override-sticky unit",
    ..OVERRIDE
};
/// Takes that back.
pub const OVERRIDE_CANCEL: Row = Row {
    words: &["override-cancel"],
    argument: "[CONTEXT ...]",
    about: "Takes overrides back; without a context, all.",
    example: "/override-cancel unit",
    ..OVERRIDE
};

/// Looks at the ownership files again.
pub const VERIFY_OWNERS: Row = Row {
    plugin: "verifyOwners",
    words: &["verify-owners"],
    case: Case::Any,
    argument: "",
    about: "Looks at the changed OWNERS files again, as when somebody has joined the organization.",
    who: ANYBODY,
    on: On::PullRequests,
    example: "/verify-owners",
};

/// All commands, in the order in which a page lists them.
pub const ALL: &[&Row] = &[
    &LGTM,
    &REMOVE_LGTM,
    &APPROVE,
    &REMOVE_APPROVE,
    &HOLD,
    &UNHOLD,
    &ASSIGN,
    &UNASSIGN,
    &CC,
    &UNCC,
    &FAMILY,
    &REMOVE_FAMILY,
    &LABEL,
    &REMOVE_LABEL,
    &LIFECYCLE,
    &REMOVE_LIFECYCLE,
    &CLOSE,
    &REOPEN,
    &RETITLE,
    &MILESTONE,
    &AUTO_CC,
    &OVERRIDE,
    &OVERRIDE_STICKY,
    &OVERRIDE_CANCEL,
    &SKIP,
    &VERIFY_OWNERS,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::commands;
    use std::collections::BTreeSet;

    #[test]
    fn no_word_means_two_commands() {
        let mut seen = BTreeSet::new();
        for word in ALL.iter().flat_map(|row| row.words) {
            assert!(seen.insert(word), "{word}");
        }
    }

    #[test]
    fn every_example_is_a_command_of_its_row() {
        for row in ALL {
            let found = commands(row.example);
            assert!(found.len() == 1 && row.takes(&found[0].word), "{}", row.example);
        }
    }
}
