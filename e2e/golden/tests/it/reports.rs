//! What GitHub is told about a run (`chatops/reports`).

use crate::{go_view, prow_job};
use decide::{
    report::{
        comment::{MARKER, Mode, OwnComment, Surroundings, plan},
        status,
    },
    run::Run,
    text::template::Template,
};
use golden::Case;
use serde_json::{Value, json};

const PAD: char = '\u{2001}';

/// A setting that is given by repository, owner or `*`: the narrowest.
fn narrowest<'a>(map: &'a Value, run: &Run) -> Option<&'a str> {
    let refs = run.spec.refs.as_ref()?;
    [format!("{}/{}", refs.org, refs.repo), refs.org.clone(), "*".to_owned()]
        .iter()
        .find_map(|key| map.get(key).and_then(Value::as_str))
}

fn names(list: &Value, run: &Run) -> bool {
    let Some(refs) = &run.spec.refs else { return false };
    let repository = format!("{}/{}", refs.org, refs.repo);
    list.as_array()
        .into_iter()
        .flatten()
        .any(|entry| *entry == json!(repository) || *entry == json!(refs.org))
}

/// Prow's two settings that are none of ours: which agent and which types are told at all.
fn agent_admitted(run: &Run, input: &Value) -> bool {
    input["report_agent"].as_str().is_none_or(|agent| agent == run.spec.agent)
}

fn type_admitted(run: &Run, input: &Value) -> bool {
    let types = &input["prow_config"]["github_reporter"]["job_types_to_report"];
    types.as_array().is_none_or(|types| types.contains(&json!(run.spec.type_.as_str())))
}

fn told(run: &Run) -> Value {
    let Some(report) = status::status(run) else { return Value::Null };
    json!({
        "sha": report.sha.as_str(),
        "context": report.context,
        "state": format!("{:?}", report.state).to_lowercase(),
        "description": report.description.replace(PAD, ""),
        "target_url": report.target_url,
        "base_sha_read_back": status::tested_base(&report.description).map_or(String::new(), |base| base.to_string()),
    })
}

/// The rows of a table, in the alphabet's order: over several runs Prow's order is chance.
fn rows(body: &str) -> Vec<&str> {
    let table = body.lines().skip_while(|line| !line.starts_with("---")).skip(1);
    let mut rows: Vec<&str> = table.map(str::trim).take_while(|line| !line.is_empty()).collect();
    rows.sort_unstable();
    rows
}

/// The tables that stand on the pull request in the end, one a comment, and the words of the project.
fn comments(run: &Run, runs: &[Run], input: &Value) -> Result<Value, String> {
    let list = input["comments"].as_array().cloned().unwrap_or_default();
    let by_bot =
        |comment: &&Value| matches!(comment["user"].as_str(), Some("prow-robot" | "prow-robot[bot]"));
    let own: Vec<OwnComment<'_>> = list
        .iter()
        .filter(by_bot)
        .map(|c| OwnComment {
            id: c["id"].as_u64().unwrap_or(0),
            body: c["body"].as_str().unwrap_or_default(),
        })
        .collect();
    let reporter = &input["prow_config"]["github_reporter"];
    let mut standing: Vec<(u64, String)> = own
        .iter()
        .filter(|comment| comment.body.contains(MARKER))
        .map(|comment| (comment.id, comment.body.to_owned()))
        .collect();
    let silent =
        names(&reporter["no_comment_repos"], run) || input.get("status_error").is_some_and(|e| !e.is_null());
    if !silent {
        let mode =
            if names(&reporter["summary_comment_repos"], run) { Mode::Summary } else { Mode::OnFailure };
        let template = narrowest(&input["prow_config"]["plank"]["report_templates"], run);
        let template = template.map(Template::new).transpose().map_err(|e| e.to_string())?;
        let around = Surroundings { author: "zed", template: template.as_ref(), about: "about" };
        let of_change: Vec<&Run> = runs.iter().filter(|other| same_change(other, run)).collect();
        let plan = plan(run, &of_change, &own, mode, &around);
        standing.retain(|(id, _)| !plan.delete.contains(id));
        if let Some((id, body)) = plan.write {
            standing.retain(|(known, _)| Some(*known) != id);
            standing.push((id.unwrap_or(99), body));
        }
    }
    Ok(json!(standing.iter().map(|(_, body)| rows(body)).collect::<Vec<_>>()))
}

fn same_change(one: &Run, other: &Run) -> bool {
    [api::keys::REFS_ORG, api::keys::REFS_REPO, api::keys::REFS_PULL]
        .iter()
        .all(|key| one.labels.get(*key) == other.labels.get(*key))
}

/// What stands on the pull request after Prow.
fn wanted_comments(case: &Case) -> Value {
    let mut standing: Vec<(u64, String)> = Vec::new();
    for comment in case.input["comments"].as_array().into_iter().flatten() {
        let by_bot = matches!(comment["user"].as_str(), Some("prow-robot" | "prow-robot[bot]"));
        let body = comment["body"].as_str().unwrap_or_default();
        if by_bot && body.contains(MARKER) {
            standing.push((comment["id"].as_u64().unwrap_or(0), body.to_owned()));
        }
    }
    let deleted = case.want["comments_deleted"].as_array().cloned().unwrap_or_default();
    standing.retain(|(id, _)| !deleted.contains(&json!(id)));
    if let Some(edited) = case.want.get("comment_edited") {
        standing.retain(|(id, _)| json!(id) != edited["id"]);
        standing.push((0, edited["text"].as_str().unwrap_or_default().to_owned()));
    }
    if let Some(body) = case.want["comment_created"].as_str() {
        standing.push((0, body.to_owned()));
    }
    json!(standing.iter().map(|(_, body)| rows(body)).collect::<Vec<_>>())
}

fn answer(case: &Case) -> Result<(), String> {
    let list = case.input["prowjobs"].as_array().cloned().unwrap_or_default();
    let runs: Vec<Run> = list.iter().map(prow_job::run).collect::<Result<_, _>>()?;
    let run = runs.iter().find(|run| json!(run.name) == case.input["report"]).ok_or("the run is missing")?;
    let reports = agent_admitted(run, &case.input) && status::is_reported(&run.spec, &run.labels);
    if !reports || !type_admitted(run, &case.input) {
        let (ours, want) = (json!({ "should_report": reports }), &case.want);
        return if ours == *want { Ok(()) } else { Err(go_view::difference("", &ours, want)) };
    }
    let mut want = json!({ "should_report": true, "comments": wanted_comments(case) });
    let mut ours = json!({ "should_report": true, "comments": comments(run, &runs, &case.input)? });
    if let Some(status) = case.want.get("status") {
        want["status"] = status.clone();
        want["status"]["description"] =
            json!(status["description"].as_str().unwrap_or_default().replace(PAD, ""));
        ours["status"] = told(run);
    }
    if ours == want { Ok(()) } else { Err(go_view::difference("", &ours, &want)) }
}

#[test]
fn github_is_told_what_prow_tells_it() {
    golden::hold("chatops/reports", &golden::synthetic("chatops/reports"), answer);
}
