//! The comment on a pull request that lists its failed tests (spec jobs-and-runs 8.3).
//!
//! One comment, keyed by a hidden marker and edited in place (reports are upserts): statuses already notify of a new
//! failure. The marker and the table are Prow's, so that a comment left by Prow under the same account goes on, and
//! bots that read the table still can. The words around it are ours.

use crate::{
    run::Run,
    text::template::{Template, TemplateFailed},
};
use api::{keys, prow_job::ProwJobState};
use std::fmt::Write as _;

/// What marks a comment as the report. Only in comments by the bot itself does it count.
pub const MARKER: &str = "<!-- test report -->";
const HEADER: &str = "Test name | Commit | Details | Required | Rerun command\n--- | --- | --- | --- | ---";

/// A comment by the bot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnComment<'a> {
    /// Which one.
    pub id: u64,
    /// Its text.
    pub body: &'a str,
}

/// When a comment is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// For each run that failed.
    OnFailure,
    /// Once all runs of the pull request are complete, and also when all passed.
    Summary,
}

/// What is to be done about the comment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommentPlan {
    /// The text, and the comment that gets it; `None` for a new one.
    pub write: Option<(Option<u64>, String)>,
    /// Comments that go: older reports, or the last one when nothing is left to tell.
    pub delete: Vec<u64>,
    /// Why the project's own words are missing from the text.
    pub template_problem: Option<TemplateFailed>,
}

/// What surrounds the table.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    /// The pull request's author.
    pub author: &'a str,
    /// The project's own words, over the run.
    pub template: Option<&'a Template>,
    /// How to talk to the bot.
    pub about: &'a str,
}

/// Plans the comment after `reported` changed. `all`: the runs of the pull request, for [`Mode::Summary`]. `own`: the
/// bot's comments, oldest first.
pub fn plan(
    reported: &Run,
    all: &[&Run],
    own: &[OwnComment<'_>],
    mode: Mode,
    around: &Surroundings<'_>,
) -> CommentPlan {
    // A batch is told to nobody, and a push has no pull request to comment on.
    if reported.spec.refs.as_ref().map_or(0, |refs| refs.pulls.len()) != 1 {
        return CommentPlan::default();
    }
    let runs = match mode {
        Mode::OnFailure => vec![reported],
        Mode::Summary => {
            if all.iter().any(|run| !run.is_complete()) {
                return CommentPlan::default();
            }
            newest_of_each_job(all)
        }
    };
    if runs.iter().any(|run| !run.is_complete()) {
        return CommentPlan::default();
    }
    let reports: Vec<&OwnComment<'_>> = own.iter().filter(|comment| comment.body.contains(MARKER)).collect();
    let mut rows: Vec<String> = Vec::new();
    for row in reports.iter().flat_map(|comment| rows_of(comment.body)) {
        if runs.iter().any(|run| run.spec.context == test_of(&row)) {
            continue;
        }
        rows.retain(|earlier| test_of(earlier) != test_of(&row));
        rows.push(row);
    }
    rows.extend(runs.iter().filter(|run| run.state() == ProwJobState::Failure).map(|run| row(run)));

    let aborted = runs.iter().any(|run| run.state() == ProwJobState::Aborted);
    let tells_success = mode == Mode::Summary && !aborted;
    let newest = reports.iter().map(|comment| comment.id).max();
    if rows.is_empty() && !tells_success {
        let delete = reports.iter().map(|comment| comment.id).collect();
        return CommentPlan { delete, ..CommentPlan::default() };
    }
    // A template that this run does not satisfy must not cost the report.
    let own_words = around.template.map(|template| template.render(&super::run_data(reported))).transpose();
    let (own_words, template_problem) = own_words.map_or_else(|e| (None, Some(e)), |text| (text, None));
    let body = body(&rows, own_words.as_deref(), around);
    let unchanged = reports.iter().any(|comment| Some(comment.id) == newest && comment.body == body);
    CommentPlan {
        write: (!unchanged).then_some((newest, body)),
        delete: reports.iter().map(|comment| comment.id).filter(|id| Some(*id) != newest).collect(),
        template_problem,
    }
}

/// The newest run of each job, by creation.
fn newest_of_each_job<'a>(all: &[&'a Run]) -> Vec<&'a Run> {
    let mut newest: Vec<&Run> = Vec::new();
    for &run in all {
        match newest.iter_mut().find(|known| known.spec.job == run.spec.job) {
            Some(known) if (known.created, &known.name) < (run.created, &run.name) => *known = run,
            Some(_) => {}
            None => newest.push(run),
        }
    }
    newest.sort_by(|a, b| a.spec.context.cmp(&b.spec.context));
    newest
}

/// The rows of the table in a comment.
fn rows_of(body: &str) -> Vec<String> {
    body.lines()
        .skip_while(|line| !line.starts_with("---"))
        .skip(1)
        .map(str::trim)
        .take_while(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

fn test_of(row: &str) -> &str {
    row.split('|').next().unwrap_or_default().trim()
}

fn row(run: &Run) -> String {
    let sha = run.spec.refs.as_ref().and_then(|refs| refs.pulls.first()).map_or("", |pull| &pull.sha);
    let required = match run.labels.get(keys::IS_OPTIONAL).map(String::as_str) {
        Some("true") => "false",
        Some("false") => "true",
        _ => "unknown",
    };
    let (url, rerun) = (&run.status.url, &run.spec.rerun_command);
    format!("{} | {sha} | [link]({url}) | {required} | `{rerun}`", run.spec.context)
}

fn body(rows: &[String], own_words: Option<&str>, around: &Surroundings<'_>) -> String {
    let mut body = String::new();
    let author = around.author;
    let _ = match rows.len() {
        0 => write!(body, "@{author}: every test of this pull request **passed**."),
        1 => write!(body, "@{author}: one test **failed**."),
        n => write!(body, "@{author}: {n} tests **failed**."),
    };
    if !rows.is_empty() {
        let _ = write!(
            body,
            " Comment `/retest` to run failed tests again, `/retest-required` for those that a merge needs.\n\n{HEADER}\n{}",
            rows.join("\n")
        );
    }
    if let Some(text) = own_words {
        let _ = write!(body, "\n\n{text}");
    }
    let _ = write!(body, "\n\n<details>\n\n{}\n</details>\n{MARKER}", around.about);
    body
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::{ProwJob, prow_job::ProwJobState};
    use serde_json::json;

    fn run(job: &str, state: ProwJobState) -> Run {
        let object: ProwJob = serde_json::from_value(json!({
            "metadata": { "name": job, "namespace": "acme" },
            "spec": {
                "type": "presubmit", "job": job, "context": job, "report": true,
                "rerun_command": format!("/test {job}"),
                "refs": { "org": "acme", "repo": "widgets", "pulls": [{ "number": 41, "sha": "a1" }] },
            },
            "status": { "state": state, "completionTime": "2026-03-01T12:00:00Z", "url": "https://ci.example/1" },
        }))
        .unwrap();
        Run::observe(&object)
    }

    fn around() -> Surroundings<'static> {
        Surroundings { author: "robin", template: None, about: "Ask /help." }
    }

    fn written(plan: &CommentPlan) -> (Option<u64>, &str) {
        plan.write.as_ref().map(|(id, body)| (*id, body.as_str())).expect("a comment is written")
    }

    #[test]
    fn a_second_failure_joins_the_first_in_the_same_comment() {
        let first = plan(&run("unit", ProwJobState::Failure), &[], &[], Mode::OnFailure, &around());
        let (id, body) = written(&first);
        assert_eq!(id, None);
        let own = [OwnComment { id: 7, body }];
        let second = plan(&run("lint", ProwJobState::Failure), &[], &own, Mode::OnFailure, &around());
        let (id, body) = written(&second);
        assert_eq!(id, Some(7));
        assert_eq!(rows_of(body).iter().map(|row| test_of(row)).collect::<Vec<_>>(), ["unit", "lint"]);
        insta::assert_snapshot!(body);
    }

    #[test]
    fn when_all_is_green_again_the_comment_goes() {
        let first = plan(&run("unit", ProwJobState::Failure), &[], &[], Mode::OnFailure, &around());
        let own = [OwnComment { id: 7, body: written(&first).1 }];
        let green = plan(&run("unit", ProwJobState::Success), &[], &own, Mode::OnFailure, &around());
        assert_eq!(green, CommentPlan { delete: vec![7], ..CommentPlan::default() });
    }

    #[test]
    fn the_same_report_is_not_written_twice() {
        let failed = run("unit", ProwJobState::Failure);
        let first = plan(&failed, &[], &[], Mode::OnFailure, &around());
        let own = [OwnComment { id: 7, body: written(&first).1 }];
        assert_eq!(plan(&failed, &[], &own, Mode::OnFailure, &around()), CommentPlan::default());
    }

    #[test]
    fn a_summary_waits_for_all_and_tells_success_too() {
        let (unit, mut lint) = (run("unit", ProwJobState::Success), run("lint", ProwJobState::Pending));
        lint.status.completion_time = None;
        let waiting = plan(&unit, &[&unit, &lint], &[], Mode::Summary, &around());
        assert_eq!(waiting, CommentPlan::default());
        let lint = run("lint", ProwJobState::Success);
        let done = plan(&unit, &[&unit, &lint], &[], Mode::Summary, &around());
        assert!(written(&done).1.contains("passed"));
    }
}
