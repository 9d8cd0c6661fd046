//! The GitHub of these tests: an organisation `acme` with a repository `acme/widgets`, and a way to ask its API.

use axum::body::Body;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;
use world_github::state::Role;
use world_github::{GitHub, Options};

pub const WIDGETS: &str = "acme/widgets";

/// A world with `ada` (owner of acme), `rita` (member, may write), `robin` (a stranger), `robot` (a machine account that may write).
pub fn acme() -> GitHub {
    acme_with(Options::default())
}

pub fn acme_with(options: Options) -> GitHub {
    let github = GitHub::new(options).unwrap();
    github.change(|state| {
        for login in ["ada", "rita", "robin", "robot"] {
            state.add_user(login);
        }
        state.add_org("acme", &["ada"]);
        state.add_member("acme", "rita").unwrap();
        state
            .add_repository(WIDGETS, &[("README.md", "# Widgets\n"), ("src/lib.txt", "one\ntwo\nthree\n")])
            .unwrap();
        state.grant(WIDGETS, "rita", Role::Write).unwrap();
        state.grant(WIDGETS, "robot", Role::Write).unwrap();
    });
    github
}

/// A client with a token.
pub struct Client {
    github: GitHub,
    token: Option<String>,
    pub headers: Vec<(&'static str, String)>,
}

#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
    pub text: String,
}

impl Reply {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn message(&self) -> &str {
        self.body["message"].as_str().unwrap_or_default()
    }

    /// The reply, which must have this status.
    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }
}

impl Client {
    pub fn of(github: &GitHub, login: &str) -> Self {
        let token = github.change(|state| state.add_token(login));
        Self { github: github.clone(), token: Some(token), headers: Vec::new() }
    }

    pub fn with_token(github: &GitHub, token: &str) -> Self {
        Self { github: github.clone(), token: Some(token.to_owned()), headers: Vec::new() }
    }

    pub fn anonymous(github: &GitHub) -> Self {
        Self { github: github.clone(), token: None, headers: Vec::new() }
    }

    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Reply {
        let mut request = Request::builder().method(method).uri(format!("/api/v3{path}"));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let response = self.github.router().oneshot(request.body(body).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let text = String::from_utf8_lossy(&body.collect().await.unwrap().to_bytes()).into_owned();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Reply { status: parts.status, headers: parts.headers, body, text }
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.send(Method::POST, path, Some(body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Reply {
        self.send(Method::PUT, path, Some(body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Reply {
        self.send(Method::PATCH, path, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.send(Method::DELETE, path, None).await
    }

    pub async fn ask(&self, query: &str, variables: Value) -> Reply {
        let mut reply = self.send_graphql(&json!({"query": query, "variables": variables})).await;
        reply.headers.remove("etag");
        reply
    }

    async fn send_graphql(&self, body: &Value) -> Reply {
        let request = Request::post("https://api.github.com/graphql");
        let request =
            request.header("authorization", format!("Bearer {}", self.token.clone().unwrap_or_default()));
        let response =
            self.github.router().oneshot(request.body(Body::from(body.to_string())).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let text = String::from_utf8_lossy(&body.collect().await.unwrap().to_bytes()).into_owned();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Reply { status: parts.status, headers: parts.headers, body, text }
    }
}

/// The words of an array of objects, by a field.
pub fn list<'a>(value: &'a Value, field: &str) -> Vec<&'a str> {
    value.as_array().map(|all| all.iter().filter_map(|one| one[field].as_str()).collect()).unwrap_or_default()
}
