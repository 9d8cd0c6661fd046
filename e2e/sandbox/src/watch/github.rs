//! What happens on the simulated GitHub.

use crate::timeline::Timeline;
use serde_json::Value;
use std::time::Duration;
use stories::{Cast, REPOSITORY};
use world_github::state::{Event, Issue, Repo, Status};

/// How often it is looked at.
const EVERY: Duration = Duration::from_millis(200);

/// Something that happened: its number, who did it, what.
#[derive(Debug, PartialEq, Eq)]
struct Entry {
    id: u64,
    who: String,
    what: String,
}

/// Tells what happens until it is dropped.
pub(super) async fn watch(cast: &Cast, timeline: &Timeline) {
    let mut seen = 0;
    loop {
        let mut entries = cast.github.look(|state| {
            state.repo(&REPOSITORY.into()).map(|repo| entries_after(repo, seen)).unwrap_or_default()
        });
        entries.sort_by_key(|entry| entry.id);
        for entry in entries {
            seen = entry.id;
            timeline.tell(&entry.who, entry.what);
        }
        tokio::time::sleep(EVERY).await;
    }
}

fn entries_after(repo: &Repo, seen: u64) -> Vec<Entry> {
    let mut entries = Vec::new();
    for issue in repo.issues.values() {
        entries.extend(of_issue(issue));
    }
    for (commit, statuses) in &repo.statuses {
        entries.extend(statuses.iter().map(|status| of_status(commit, status)));
    }
    entries.retain(|entry| entry.id > seen);
    entries
}

fn of_issue(issue: &Issue) -> Vec<Entry> {
    let number = issue.number;
    let kind = if issue.pull.is_some() { "pull request" } else { "issue" };
    let entry = |id, who: &str, what| Entry { id, who: who.to_owned(), what };
    let mut entries =
        vec![entry(issue.id, issue.author.as_str(), format!("opens {kind} #{number} {:?}", issue.title))];
    entries.extend(issue.comments.iter().map(|comment| {
        entry(comment.id, comment.author.as_str(), format!("comments on #{number}: {}", gist(&comment.body)))
    }));
    entries.extend(issue.events.iter().map(|event| {
        let what = format!("#{number} {}", in_words(event));
        entry(event.id, event.actor.as_str(), what.trim_end().to_owned())
    }));
    for review in issue.pull.iter().flat_map(|pull| &pull.reviews) {
        let what = format!("reviews #{number}: {} {}", review.state.to_lowercase(), gist(&review.body));
        entries.push(entry(review.id, review.author.as_str(), what.trim_end().to_owned()));
    }
    entries
}

/// The lines of a comment that say something: commands, or else the first line that people see.
fn gist(body: &str) -> String {
    let seen = || body.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("<!--"));
    let commands: Vec<&str> = seen().filter(|line| line.starts_with('/')).collect();
    if commands.is_empty() { seen().next().unwrap_or_default().to_owned() } else { commands.join(", ") }
}

/// GitHub's word for an event, and what it is about.
fn in_words(event: &Event) -> String {
    let about = ["/label/name", "/assignee/login", "/requested_reviewer/login", "/rename/to", "/commit_id"];
    let about = about.iter().find_map(|path| event.extra.pointer(path).and_then(Value::as_str));
    let about = about.unwrap_or_default();
    let is_commit = about.len() == 40 && about.bytes().all(|byte| byte.is_ascii_hexdigit());
    format!("{} {}", event.event, if is_commit { about.get(..8).unwrap_or(about) } else { about })
}

fn of_status(commit: &str, status: &Status) -> Entry {
    // Behind the words Prow puts the base's commit, far to the right, for programs.
    let description = status.description.as_deref().unwrap_or_default();
    let description = description.split("BaseSHA:").next().unwrap_or_default().trim_end();
    let commit = commit.get(..8).unwrap_or(commit);
    let what = format!("status {} on {commit}: {}: {description}", status.context, status.state);
    Entry { id: status.id, who: status.creator.as_str().to_owned(), what }
}

#[cfg(test)]
mod tests {
    use super::*;
    use world_github::{GitHub, Options};

    #[test]
    fn a_comment_is_told_by_its_commands_or_its_first_line() {
        assert_eq!(gist("Thank you!\n/lgtm\n/approve\n"), "/lgtm, /approve");
        assert_eq!(gist("<!-- bowsprit: x -->\n\n**Not approved**\nmore\n"), "**Not approved**");
    }

    #[test]
    fn everything_on_github_is_told_once_and_in_order() {
        let (cast, _) = Cast::gather(GitHub::new(Options::default()).unwrap(), "http://127.0.0.1:9/hook");
        let robin = cast.github.user("robin");
        let number = robin.open_pull(REPOSITORY, "x", "Mend it", &[("a", "1\n")]).unwrap();
        robin.comment(REPOSITORY, number, "/retest\n").unwrap();
        let look =
            |seen| cast.github.look(|state| entries_after(state.repo(&REPOSITORY.into()).unwrap(), seen));
        let mut entries = look(0);
        entries.sort_by_key(|entry| entry.id);
        let told: Vec<&str> = entries.iter().map(|entry| entry.what.as_str()).collect();
        assert_eq!(told, ["opens pull request #1 \"Mend it\"", "comments on #1: /retest"]);
        assert_eq!(look(entries[1].id), []);
    }
}
