//! The one comment that says how far the approval of a pull request is. It is edited in place.
//!
//! Its title and its `META` line are Prow's, because people's scripts look for them. Everything else is worded here. It
//! begins with its marker: further down stand names that others chose.

use super::approval::{Approval, Given, How, Issue, Progress};
use crate::facts::Login;
use std::fmt::Write as _;

/// The hidden text by which we find the comment again.
pub const MARKER: &str = "<!-- bowsprit: approval -->";

/// How many owning places are listed before the rest is only counted: a comment holds 65536 characters.
const PLACES_SHOWN: usize = 150;

/// Where the links of the comment lead.
#[derive(Clone, Debug)]
pub struct Page<'a> {
    /// GitHub's address, without a slash at its end.
    pub server: &'a str,
    /// The repository, `owner/name`.
    pub repository: &'a str,
    /// The branch whose OWNERS files count.
    pub branch: &'a str,
    /// The name of ownership files.
    pub file: &'a str,
    /// The page about all commands.
    pub command_help: &'a str,
    /// The page about how changes are reviewed here.
    pub process: &'a str,
    /// The link to the pull request.
    pub pull_request: &'a str,
}

/// The whole comment.
pub fn text(approval: &Approval, page: &Page<'_>) -> String {
    let mut text = String::new();
    let verdict = if approval.approved { "APPROVED" } else { "NOT APPROVED" };
    let _ = writeln!(text, "{MARKER}\n[APPROVALNOTIFIER] This PR is **{verdict}**\n");
    if approval.by_hand {
        text.push_str("Somebody set the label by hand: it counts although an approval is missing.\n\n");
    }
    given(&mut text, approval, page);
    wanted(&mut text, approval, page);
    issue(&mut text, approval);
    places(&mut text, approval, page);
    let _ = writeln!(
        text,
        "\nCommands: [list]({}) · Process: [how changes are approved]({})",
        page.command_help, page.process
    );
    let names = serde_json::json!({ "approvers": approval.suggested() });
    let _ = writeln!(text, "\n<!-- META={names} -->");
    text
}

fn given(text: &mut String, approval: &Approval, page: &Page<'_>) {
    if approval.given.is_empty() {
        text.push_str("Nobody has approved yet.\n\n");
        return;
    }
    let names: Vec<String> = approval.given.iter().map(|given| approver(given, page)).collect();
    let _ = writeln!(text, "Approvals: {}\n", names.join(", "));
}

fn approver(given: &Given, page: &Page<'_>) -> String {
    let how = match given.how {
        How::Approved => "Approved",
        How::Lgtm => "LGTM",
        How::Author => "Author self-approved",
    };
    let url = if given.url.is_empty() { page.pull_request } else { &given.url };
    format!("[{}]({url} \"{how}\")", given.by)
}

fn wanted(text: &mut String, approval: &Approval, page: &Page<'_>) {
    if approval.by_hand || approval.open_places().next().is_none() {
        return;
    }
    let link = |login: &Login| format!("[{login}]({}/{login})", page.server);
    let names =
        |people: &std::collections::BTreeSet<Login>| people.iter().map(link).collect::<Vec<_>>().join(", ");
    if !approval.assigned.is_empty() {
        let _ = writeln!(text, "Assigned, and asked to approve: {}\n", names(&approval.assigned));
    }
    if !approval.to_assign.is_empty() {
        let commands: Vec<String> = approval.to_assign.iter().map(|login| format!("@{login}")).collect();
        let _ = writeln!(
            text,
            "To be assigned for approval, once it is reviewed: {} (`/assign {}`)\n",
            names(&approval.to_assign),
            commands.join(" ")
        );
    }
    if approval.suggested().is_empty() {
        text.push_str("Nobody but the author is known who could approve; see the files below.\n\n");
    }
}

fn issue(text: &mut String, approval: &Approval) {
    let line = match &approval.issue {
        Issue::NotRequired => return,
        Issue::Named(number) => format!("Issue: #{number}"),
        Issue::Waived(by) => format!("Issue: not needed, says {}", list(by)),
        Issue::Missing => "Issue: none named. Name one in the description (`#12`), or an approver writes \
             `/approve no-issue`."
            .to_owned(),
    };
    let _ = writeln!(text, "{line}\n");
}

fn places(text: &mut String, approval: &Approval, page: &Page<'_>) {
    if approval.places.is_empty() {
        return;
    }
    let open = if approval.approved { "" } else { " open" };
    let _ = writeln!(text, "<details{open}><summary>Whose approval is needed</summary>\n");
    for (place, progress) in approval.places.iter().take(PLACES_SHOWN) {
        let path = file(place, page);
        let link = format!("[{path}]({}/{}/blob/{}/{path})", page.server, page.repository, page.branch);
        let _ = match progress {
            Progress::Approved(by) => writeln!(text, "- ~~{link}~~ {}", list(by)),
            Progress::Partly(by) => {
                writeln!(text, "- **{link}** {}, and more for other files", list(by))
            }
            Progress::Open => writeln!(text, "- **{link}**"),
        };
    }
    if let Some(more) = approval.places.len().checked_sub(PLACES_SHOWN).filter(|more| *more > 0) {
        let _ = writeln!(text, "- and {more} more");
    }
    text.push_str("\nAn approver of each of these writes `/approve`, or `/approve cancel` to take it back.\n</details>\n");
}

/// The ownership file of a place; a Markdown file with a header is its own. On one line, whatever git allows in a path.
pub fn file(place: &str, page: &Page<'_>) -> String {
    let file = if place.is_empty() {
        page.file.to_owned()
    } else if place.rsplit_once('.').is_some_and(|(_, extension)| extension == "md") {
        place.to_owned()
    } else {
        format!("{place}/{}", page.file)
    };
    file.replace(char::is_control, "?")
}

fn list(people: &[Login]) -> String {
    people.iter().map(Login::to_string).collect::<Vec<_>>().join(", ")
}
