//! The GraphQL API: a small executor for the part of GitHub's schema in `schema.graphql`.
//!
//! `parse` reads text, `check` holds a query against the schema and finds its cost, `execute` walks it, `fields` knows
//! what each field is. Errors have GitHub's words and `type`s. Where a field that must not be null fails, it is null
//! with an error; GitHub would make its parent null too.

mod check;
mod execute;
mod fields;
mod parse;
mod schema;
mod search;

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::State as Shared;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Extension, Json};
use bytes::Bytes;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use self::execute::Run;
use self::parse::{Document, Operation};
use crate::GitHub;
use crate::refusal::Refusal;
use crate::state::{Caller, Who};

pub(crate) fn router() -> Router<GitHub> {
    Router::new().route("/api/graphql", post(answer))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Question {
    query: String,
    #[serde(default)]
    variables: Option<BTreeMap<String, Value>>,
    operation_name: Option<String>,
}

async fn answer(
    Shared(github): Shared<GitHub>,
    Extension(caller): Extension<Caller>,
    body: Bytes,
) -> Response {
    if caller.who == Who::Nobody {
        return Refusal::new(StatusCode::UNAUTHORIZED, "This endpoint requires you to be authenticated.")
            .into_response();
    }
    let question: Question = match serde_json::from_slice(&body) {
        Ok(question) => question,
        Err(error) if error.is_data() => {
            return Refusal::unprocessable(format!(
                "A query attribute must be specified and must be a string. ({error})"
            ))
            .into_response();
        }
        Err(_) => return Refusal::new(StatusCode::BAD_REQUEST, "Problems parsing JSON").into_response(),
    };
    let document = match parse::document(&question.query) {
        Ok(document) => document,
        Err(error) => {
            let place = json!({"line": error.place.line, "column": error.place.column});
            return Json(json!({"errors": [{"message": format!("Parse error: {}", error.message), "locations": [place]}]})).into_response();
        }
    };
    let operation = match choose(&document, question.operation_name.as_deref()) {
        Ok(operation) => operation,
        Err(message) => return Json(json!({"errors": [{"message": message}]})).into_response(),
    };
    let mut variables = question.variables.unwrap_or_default();
    for (name, declared) in &operation.variables {
        if let (false, Some(default)) = (variables.contains_key(name), &declared.default) {
            variables.insert(name.clone(), default.fill(&BTreeMap::new()));
        }
    }
    let findings = check::check(&document, operation, &variables);
    if !findings.errors.is_empty() {
        return Json(json!({"errors": findings.errors})).into_response();
    }
    let budget = github.spend(&caller.who, "graphql", findings.cost());
    if budget.used > budget.limit {
        let message = "API rate limit exceeded for this token.";
        return Json(json!({"errors": [{"type": "RATE_LIMITED", "message": message}]})).into_response();
    }
    let limits = json!({
        "cost": findings.cost(), "limit": budget.limit, "nodeCount": findings.nodes, "remaining": budget.remaining(),
        "resetAt": crate::clock::shown(budget.reset), "used": budget.used,
    });
    let (data, errors) =
        github.change(|state| Run::new(state, &caller, &document, &variables, limits).operation(operation));
    Json(if errors.is_empty() { json!({"data": data}) } else { json!({"data": data, "errors": errors}) })
        .into_response()
}

fn choose<'a>(document: &'a Document, name: Option<&str>) -> Result<&'a Operation, &'static str> {
    match (name, document.operations.as_slice()) {
        (Some(name), all) => {
            all.iter().find(|one| one.name.as_deref() == Some(name)).ok_or("No operation with this name")
        }
        (None, [only]) => Ok(only),
        (None, []) => Err("A query attribute must be specified and must be a string."),
        (None, _) => Err("An operation name is required"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::schema::{FieldType, SCHEMA};
    use super::*;
    use crate::state::{Scope, Token};
    use crate::{CheckRunChange, IssueChange, NewReview, NewReviewComment, NewStatus, Options, Subject};

    /// A selection of all fields of a type that need no arguments of their own, to some depth.
    fn all_fields(of: &str, depth: usize) -> String {
        let fields = SCHEMA.fields(of);
        let plain = |field: &FieldType| field.arguments.values().all(|argument| !argument.required);
        let mut words = vec!["__typename".to_owned()];
        for (name, field) in fields.into_iter().flatten().filter(|(_, field)| plain(field)) {
            let bounds = if field.of.ends_with("Connection") { "(first: 2)" } else { "" };
            if !SCHEMA.is_composite(&field.of) {
                words.push(name.clone());
            } else if depth > 0 {
                words.push(format!("{name}{bounds} {}", all_fields(&field.of, depth - 1)));
            }
        }
        for member in SCHEMA.types.keys().filter(|member| SCHEMA.fits(member, of) && *member != of) {
            words.push(format!("... on {member} {}", all_fields(member, depth.saturating_sub(1))));
        }
        format!("{{ {} }}", words.join(" "))
    }

    fn furnished() -> (GitHub, Caller) {
        let github = GitHub::new(Options::default()).unwrap();
        github.change(|state| {
            for login in ["ada", "rita"] {
                state.add_user(login);
            }
            state.add_org("acme", &["ada", "rita"]);
            state.add_repository("acme/widgets", &[("a", "b")]).unwrap();
            state.add_team("acme", "leads", &["ada"]).unwrap();
            state.grant_team("acme/widgets", "leads", crate::state::Role::Write).unwrap();
            let app = state.add_app("bowline", "acme");
            let installation = state.install_app(app, "acme", None);
            state.add_hook(Scope::App(app), "https://example.com", None, &["*"]);
            state.tokens.insert(
                "t".to_owned(),
                Token { who: Who::Installation(installation), expires_at: None, repos: None },
            );
            let bot = state.bearer("t").unwrap();
            let (repo, rita, ada) = ("acme/widgets".into(), Caller::person("rita"), Caller::person("ada"));
            let head = state
                .commit(&rita, &repo, "fix", &[("a", Some(b"c")), ("b", Some(b"d"))], "Fix\n\nit")
                .unwrap();
            let new = crate::NewPull {
                title: "Fix".to_owned(),
                head: "fix".to_owned(),
                base: "main".to_owned(),
                ..crate::NewPull::default()
            };
            let number = state.open_pull(&rita, &repo, new).unwrap();
            let status =
                NewStatus { state: "success".to_owned(), context: "unit".to_owned(), ..NewStatus::default() };
            state.set_status(&rita, &repo, &head, status).unwrap();
            let change = CheckRunChange {
                name: Some("lint".to_owned()),
                conclusion: Some("failure".to_owned()),
                ..CheckRunChange::default()
            };
            state.create_check_run(&bot, &repo, &head, change).unwrap();
            state.add_labels(&ada, &repo, number, &["lgtm".into()]).unwrap();
            state.request_reviews(&rita, &repo, number, &["ada".into()], &["leads".into()]).unwrap();
            let comment = state.comment(&bot, &repo, number, "hello").unwrap();
            state.react(&bot, &repo, Subject::Comment(comment), "eyes").unwrap();
            let line = NewReviewComment {
                body: "why".to_owned(),
                path: "a".to_owned(),
                line: Some(1),
                in_reply_to: None,
            };
            let review =
                NewReview { event: "COMMENT".to_owned(), comments: vec![line], ..NewReview::default() };
            state.review(&rita, &repo, number, review).unwrap();
            let issue = state.open_issue(&rita, &repo, "A bug", None).unwrap();
            let change = IssueChange { assignees: Some(vec!["ada".into()]), ..IssueChange::default() };
            state.change_issue(&ada, &repo, issue, change).unwrap();
        });
        (github, Caller::person("rita"))
    }

    #[tokio::test(start_paused = true)]
    async fn every_field_of_the_schema_has_an_answer() {
        let (github, caller) = furnished();
        assert!(github.webhooks_settled(Duration::from_mins(1)).await);
        let repository =
            |rest: &str| format!("{{ repository(owner: \"acme\", name: \"widgets\") {{ {rest} }} }}");
        let queries = [
            format!("{{ viewer {} rateLimit {} }}", all_fields("User", 1), all_fields("RateLimit", 1)),
            format!("{{ repository(owner: \"acme\", name: \"widgets\") {} }}", all_fields("Repository", 3)),
            repository(&format!("pullRequest(number: 1) {}", all_fields("PullRequest", 4))),
            repository(&format!("issue(number: 2) {}", all_fields("Issue", 3))),
            repository(&format!("object(expression: \"main\") {}", all_fields("GitObject", 2))),
            repository(&format!("object(expression: \"main:a\") {}", all_fields("GitObject", 1))),
            repository(&format!(
                "refs(refPrefix: \"refs/heads/\", first: 5) {}",
                all_fields("RefConnection", 2)
            )),
            format!("{{ organization(login: \"acme\") {} }}", all_fields("Organization", 1)),
        ];
        for query in queries {
            let document = parse::document(&query).unwrap();
            let operation = choose(&document, None).unwrap();
            let findings = check::check(&document, operation, &BTreeMap::new());
            assert_eq!(findings.errors, Vec::<Value>::new(), "{query}");
            let (data, errors) = github.change(|state| {
                Run::new(state, &caller, &document, &BTreeMap::new(), json!({"cost": 1})).operation(operation)
            });
            assert_eq!(errors, Vec::<Value>::new());
            assert!(data.is_object());
        }
    }
}
