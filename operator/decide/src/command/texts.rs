//! Every word that a command's answer says. A refusal names who could do it, or what to write instead.

use super::{CloseReason, Kind, Reviewer};
use crate::facts::Login;
use std::{collections::BTreeSet, fmt::Display};

fn list<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}

fn quoted<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    list(items.into_iter().map(|item| format!("`{item}`")))
}

/// Of `assign`.
pub(super) mod assign {
    use super::{Login, Reviewer, list};

    pub fn not_assigned(organization: &str, people: &[Login]) -> String {
        format!(
            "GitHub did not let me assign {}. Members of {organization} who can read this repository, its collaborators \
             and people who commented here can be assigned, ten at most.",
            list(people)
        )
    }

    pub fn not_requested(organization: &str, people: &[Reviewer]) -> String {
        format!(
            "GitHub did not let me ask for a review by {}. Members and teams of {organization} and collaborators of this \
             repository can be asked, the author cannot.",
            list(people)
        )
    }

    pub fn team_assigned(team: &str) -> String {
        format!("`{team}` is a team: GitHub assigns people only. `/cc` asks a team for a review.")
    }

    pub fn foreign_team(team: &str, home: &str) -> String {
        format!("`{team}` is a team of another organization; only teams of {home} can be asked here.")
    }

    pub fn no_name(name: &str) -> String {
        format!("`{}` is not a login. Write names as `@robin @kim`.", name.replace('`', "'"))
    }
}

/// Of `label`.
pub(super) mod label {
    use super::{BTreeSet, Login, list, quoted};

    /// How many people a refusal names.
    const NAMED: usize = 20;

    pub fn unsupported(names: &[String], supported: &BTreeSet<&str>) -> String {
        let what = if supported.is_empty() { "no label at all".to_owned() } else { quoted(supported) };
        format!("`/label` does not set {} here. It sets {what}.", quoted(names))
    }

    pub fn unknown(names: &[String]) -> String {
        format!("This repository has no label {}.", quoted(names))
    }

    pub fn absent(names: &[String]) -> String {
        format!("It does not carry the label {}.", quoted(names))
    }

    pub fn members_only(name: &str) -> String {
        format!("Only members of the organization may add `{name}`.")
    }

    pub fn restricted(name: &str, teams: &BTreeSet<String>, users: &BTreeSet<Login>) -> String {
        let mut who = Vec::new();
        if !teams.is_empty() {
            who.push(format!("members of {}", quoted(teams)));
        }
        if !users.is_empty() {
            who.push(list(users.iter().take(NAMED)));
        }
        match users.len().checked_sub(NAMED) {
            Some(more) if more > 0 => who.push(format!("{more} others")),
            _ => {}
        }
        let who = if who.is_empty() { "nobody".to_owned() } else { who.join("; ") };
        format!("You may not change the label `{name}`. Who may: {who}.")
    }
}

/// Of `lgtm`.
pub(super) mod lgtm {
    use crate::{
        command::lgtm::{MARKER, Record},
        facts::{HeadSha, Login},
    };

    pub const OWN: &str = "you cannot say `/lgtm` about your own pull request.";
    pub const COLLABORATORS: &str = "only collaborators of this repository can say or take back `/lgtm`.";
    pub const OWNERS: &str = "only approvers and reviewers of the changed files, by their OWNERS files, can say or take \
        back `/lgtm` here.";

    pub fn head_changed(head: &HeadSha) -> String {
        format!(
            "the head changed to {} about when you wrote this, so it may not be what you looked at. Please look again, \
             then say `/lgtm` again.",
            head.short()
        )
    }

    pub fn given(by: &Login, record: &Record) -> String {
        let head = record.head.as_ref().map_or("", HeadSha::short);
        let json = serde_json::json!({ "head": record.head, "tree": record.tree });
        format!(
            "{MARKER} {json} -->\nThe label `lgtm` is there for {head}, said by {by}.\n\n\
             <details>Git tree hash: {}</details>\n",
            record.tree
        )
    }

    pub fn taken_back(by: &Login) -> String {
        format!("{MARKER} -->\n{by} took `lgtm` back.\n")
    }

    pub fn lost(head: &HeadSha) -> String {
        format!(
            "{MARKER} -->\nThere are new changes, up to {}: the label `lgtm` is gone until somebody looks again.\n",
            head.short()
        )
    }
}

/// Of `lifecycle`.
pub(super) mod lifecycle {
    use super::{CloseReason, Kind};

    pub const REOPEN_NOT_ALLOWED: &str = "Only who opened it and collaborators can open it again.";
    pub const CLOSE_NOT_ALLOWED: &str = "Only who opened it and collaborators can close it; anybody can once it is stale \
        or rotten.";
    pub const PULL_NOT_PLANNED: &str =
        "Only issues can be closed as not planned. `/close` closes a pull request.";
    pub const FROZEN_PULL: &str = "The label `lifecycle/frozen` is for issues only.";

    pub fn reopened(kind: Kind) -> &'static str {
        match kind {
            Kind::Issue => "Opened this issue again.",
            Kind::PullRequest => "Opened this pull request again.",
        }
    }

    pub fn closed(kind: Kind, reason: CloseReason) -> &'static str {
        match (kind, reason) {
            (Kind::Issue, CloseReason::Completed) => "Closed this issue.",
            (Kind::Issue, CloseReason::NotPlanned) => "Closed this issue as not planned.",
            (Kind::PullRequest, CloseReason::Completed | CloseReason::NotPlanned) => {
                "Closed this pull request."
            }
        }
    }

    pub fn reopen_refused(kind: Kind, why: &str) -> String {
        let what = match kind {
            Kind::Issue => "issue",
            Kind::PullRequest => "pull request",
        };
        format!("GitHub did not open this {what} again: {why}")
    }
}

/// Of `retitle`.
pub(super) mod retitle {
    pub const NOT_TRUSTED: &str = "Only trusted people, such as collaborators, can change a title.";
    pub const EMPTY: &str = "A title cannot be empty: `/retitle NEW TITLE`.";
    pub const CLOSES: &str = "A title must not name an issue behind a word such as \"fixes\": GitHub would close that \
        issue.";
}

/// Of `milestone`.
pub(super) mod milestone {
    use super::{BTreeSet, quoted};

    pub fn not_allowed(organization: &str, team: &str, name: &str) -> String {
        let link =
            format!("[{organization}/{team}](https://github.com/orgs/{organization}/teams/{team}/members)");
        format!("Only members of {link} can set a milestone; ask the {name}.")
    }

    pub fn unknown(title: &str, titles: &BTreeSet<String>) -> String {
        let what = if titles.is_empty() { "none".to_owned() } else { quoted(titles) };
        let title = title.replace('`', "'");
        format!("There is no open milestone `{title}`. There are: {what}. `/milestone clear` takes it off.")
    }
}

/// Of `override`.
pub(super) mod overrides {
    use super::{BTreeSet, list};

    fn lines(names: &BTreeSet<&str>) -> String {
        let lines: Vec<String> = names.iter().map(|name| format!("- `{}`", name.replace('`', "'"))).collect();
        lines.join("\n")
    }

    pub fn nothing_named(word: &str) -> String {
        format!("`/{word}` needs the contexts, checks or jobs that it is to let pass.")
    }

    pub fn not_allowed(word: &str, teams: &[String], owners: bool) -> String {
        let mut who = vec!["administrators of this repository".to_owned()];
        if owners {
            who.push("approvers of the root OWNERS file".to_owned());
        }
        if !teams.is_empty() {
            who.push(format!("members of the teams {}", list(teams)));
        }
        format!("`/{word}` is for {}.", who.join(", "))
    }

    pub fn unknown(unknown: &BTreeSet<&str>, known: &BTreeSet<&str>) -> String {
        let known = if known.is_empty() {
            "Nothing here can be overridden.".to_owned()
        } else {
            format!("These can be:\n\n{}", lines(known))
        };
        format!(
            "There is nothing to override by the name of\n\n{}\n\n{known}\n\nA name with blanks stands in double quotes.",
            lines(unknown)
        )
    }

    pub fn passed(names: &BTreeSet<&str>, sticky: bool) -> String {
        let until = if sticky {
            " They stay so for this head, whatever the base. `/override-cancel` takes it back."
        } else {
            ""
        };
        format!("These count as passed now: {}.{until}", list(names))
    }

    pub fn cancelled(names: &BTreeSet<&str>) -> String {
        if names.is_empty() {
            "There is no override to cancel.".to_owned()
        } else {
            format!("These count as failed again: {}.", list(names))
        }
    }
}

/// Of `verifyOwners`.
pub(super) mod verify_owners {
    use super::{BTreeSet, Login, list};
    use crate::{config::Problem, owners::verify::Findings};
    use std::fmt::Write as _;

    pub fn comment(findings: &Findings, strangers: &[(&Login, &BTreeSet<String>)], marker: &str) -> String {
        let mut text = format!("{marker}\n");
        // Files hold texts of many lines; here each is one.
        let line = |problem: &Problem| problem.to_string().replace(char::is_control, " ");
        if !findings.errors.is_empty() {
            text.push_str("These OWNERS files are invalid:\n\n");
            for error in &findings.errors {
                let _ = writeln!(text, "- {}", line(error));
            }
        }
        if !strangers.is_empty() {
            text.push_str(
                "\nThese people are named anew and are not trusted here: they are neither members of the organization \
                 nor collaborators, or the name is no alias. Once they are, comment `/verify-owners`.\n\n",
            );
            for (login, files) in strangers {
                let _ = writeln!(text, "- {login} in {}", list(*files).replace(char::is_control, "?"));
            }
        }
        if !findings.warnings.is_empty() {
            text.push_str("\nNot wrong, but perhaps not meant so:\n\n");
            for warning in &findings.warnings {
                let _ = writeln!(text, "- {}", line(warning));
            }
        }
        text
    }
}
