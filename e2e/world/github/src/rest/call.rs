//! What handlers are given: who calls, the query, the body; and the ways in which they answer.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::refusal::{Allowed, Refusal};
use crate::state::{Caller, State};
use crate::{GitHub, Name};

/// What a handler returns.
pub(crate) type Answer = Allowed<Response>;
/// `/{owner}/{repo}`.
pub(crate) type InRepo = Path<(String, String)>;
/// `/{owner}/{repo}/.../{number}`.
pub(crate) type Numbered = Path<(String, String, u64)>;
/// `/{owner}/{repo}/.../{text}`.
pub(crate) type Named = Path<(String, String, String)>;

/// A request without its body.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) github: GitHub,
    pub(crate) caller: Caller,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) accept: String,
    path: String,
}

impl FromRequestParts<GitHub> for Call {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, github: &GitHub) -> Result<Self, Response> {
        let Query(query) =
            Query::from_request_parts(parts, github).await.map_err(IntoResponse::into_response)?;
        let accept =
            parts.headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        Ok(Self {
            github: github.clone(),
            caller: parts.extensions.get::<Caller>().cloned().unwrap_or_else(Caller::nobody),
            query,
            accept: accept.to_owned(),
            path: parts.uri.path().trim_start_matches("/api/v3").to_owned(),
        })
    }
}

impl Call {
    /// Works on the state in a repository that the caller may see.
    pub(crate) fn within<T>(
        &self,
        owner: &str,
        repo: &str,
        work: impl FnOnce(&mut State, &Name) -> Allowed<T>,
    ) -> Allowed<T> {
        self.github.change(|state| {
            let repo = state.visible(&self.caller, owner, repo)?;
            work(state, &repo)
        })
    }

    /// A query parameter.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Refuses query parameters that the operation does not know.
    pub(crate) fn knows(&self, params: &[&str]) -> Allowed<()> {
        let paging = ["per_page", "page"];
        match self
            .query
            .keys()
            .find(|name| !params.contains(&name.as_str()) && !paging.contains(&name.as_str()))
        {
            Some(name) => Err(Refusal::not_simulated(format!("query parameter {name} of {}", self.path))),
            None => Ok(()),
        }
    }

    fn number(&self, name: &str, default: usize) -> usize {
        self.param(name).and_then(|text| text.parse().ok()).filter(|n| *n > 0).unwrap_or(default)
    }

    /// The bounds of the page asked for, of `total` things.
    fn page(&self, total: usize) -> (usize, usize, usize, usize) {
        let size = self.number("per_page", 30).min(100);
        let page = self.number("page", 1);
        let start = page.saturating_sub(1).saturating_mul(size).min(total);
        (page, size, start, (start + size).min(total))
    }

    /// One page of a list, with the links to the others.
    #[expect(clippy::unnecessary_wraps, reason = "it ends handlers, which may refuse")]
    pub(crate) fn list(&self, state: &State, all: impl IntoIterator<Item = Value>) -> Answer {
        let all: Vec<Value> = all.into_iter().collect();
        let (_, _, start, end) = self.page(all.len());
        let page: Vec<&Value> = all.get(start..end).unwrap_or_default().iter().collect();
        Ok((self.links(state, all.len()), Json(page)).into_response())
    }

    /// One page of a list inside an object (`{"total_count": 3, "check_runs": [...]}`).
    #[expect(clippy::unnecessary_wraps, reason = "it ends handlers, which may refuse")]
    pub(crate) fn list_in(&self, state: &State, field: &str, all: impl IntoIterator<Item = Value>) -> Answer {
        let all: Vec<Value> = all.into_iter().collect();
        let (_, _, start, end) = self.page(all.len());
        let page: Vec<&Value> = all.get(start..end).unwrap_or_default().iter().collect();
        Ok((self.links(state, all.len()), Json(serde_json::json!({"total_count": all.len(), field: page})))
            .into_response())
    }

    /// The `Link` header for the page asked for.
    pub(crate) fn links(&self, state: &State, total: usize) -> HeaderMap {
        let (page, size, ..) = self.page(total);
        let last = total.div_ceil(size).max(1);
        let link = |to: usize, rel: &str| {
            let mut query = self.query.clone();
            query.insert("page".to_owned(), to.to_string());
            let query: Vec<String> = query
                .iter()
                .map(|(name, value)| format!("{name}={}", crate::render::encoded(value)))
                .collect();
            format!("<{}?{}>; rel=\"{rel}\"", state.api(&self.path), query.join("&"))
        };
        let mut links = Vec::new();
        if page > 1 {
            links.push(link(page - 1, "prev"));
        }
        if page < last {
            links.push(link(page + 1, "next"));
            links.push(link(last, "last"));
        }
        if page > 1 {
            links.push(link(1, "first"));
        }
        let mut headers = HeaderMap::new();
        if let Ok(value) = HeaderValue::from_str(&links.join(", "))
            && !links.is_empty()
        {
            headers.insert(header::LINK, value);
        }
        headers
    }

    /// The statuses or other things of the page asked for, for answers that are built around them.
    pub(crate) fn slice<'a, T>(&self, all: &'a [T]) -> &'a [T] {
        let (_, _, start, end) = self.page(all.len());
        all.get(start..end).unwrap_or_default()
    }
}

/// The JSON body of a request.
#[derive(Debug)]
pub(crate) struct Input<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<GitHub> for Input<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, github: &GitHub) -> Result<Self, Refusal> {
        let what = format!("{} {}", request.method(), request.uri().path().trim_start_matches("/api/v3"));
        let body: Bytes = Bytes::from_request(request, github).await.map_err(|_| unreadable())?;
        let body: &[u8] = if body.is_empty() { b"{}" } else { &body };
        serde_json::from_slice(body).map(Input).map_err(|error| {
            let said = error.to_string();
            if said.starts_with("unknown field") || said.starts_with("unknown variant") {
                Refusal::not_simulated(format!("a request to {what} with {said}"))
            } else if error.is_data() {
                Refusal::unprocessable(format!("Invalid request.\n\n{said}."))
            } else {
                unreadable()
            }
        })
    }
}

fn unreadable() -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, "Problems parsing JSON")
}

/// 200 with a body.
#[expect(clippy::unnecessary_wraps, reason = "it ends handlers, which may refuse")]
pub(crate) fn ok(body: impl Into<Value>) -> Answer {
    Ok(Json(body.into()).into_response())
}

/// 201 with a body.
#[expect(clippy::unnecessary_wraps, reason = "it ends handlers, which may refuse")]
pub(crate) fn created(body: impl Into<Value>) -> Answer {
    Ok((StatusCode::CREATED, Json(body.into())).into_response())
}

/// 204.
#[expect(clippy::unnecessary_wraps, reason = "it ends handlers, which may refuse")]
pub(crate) fn no_content() -> Answer {
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Reads a field for which null and absent mean different things.
#[expect(clippy::option_option, reason = "absent, null and a value are three different requests")]
pub(crate) fn maybe_null<'de, D, T>(from: D) -> Result<Option<Option<T>>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(from).map(Some)
}

/// Names in a body.
pub(crate) fn names(list: &[String]) -> Vec<Name> {
    list.iter().map(|name| Name::from(name.as_str())).collect()
}
