//! One call to GitHub: credentials, deadline, budget, conditional requests, pages, and what an answer means.
//!
//! Nothing here repeats a write. Reads follow pages; a page's address is reduced to its path, since credentials are only
//! sent to the base address.

use super::cache::{Cache, Kept};
use crate::{Clock, ForgeError};
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, Uri, header};
use http_body_util::BodyExt;
use jiff::Timestamp;
use octocrab::Octocrab;
use secrecy::SecretString;
use serde::{Serialize, de::DeserializeOwned};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// Whole calls end within this: octocrab has no deadline of its own.
const DEADLINE: Duration = Duration::from_secs(30);
/// GitHub asks for at least this between writes, and punishes less with a secondary limit.
const BETWEEN_WRITES: Duration = Duration::from_secs(1);
/// A list that does not end is a broken server.
const PAGES: usize = 200;

/// The way to GitHub for one set of credentials.
pub(super) struct Transport {
    rest: Octocrab,
    graphql: Octocrab,
    token: TokenSource,
    clock: Arc<dyn Clock>,
    cache: Mutex<Cache>,
    /// No call before this: set by an answer that said so.
    closed_until: Mutex<Option<Timestamp>>,
    next_write: tokio::sync::Mutex<Instant>,
}

/// Where a token for git comes from.
pub(super) enum TokenSource {
    /// The token itself.
    Given(SecretString),
    /// The App's installation makes one that ends.
    Installation,
}

/// An answer with a good status.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) body: Bytes,
    next: Option<String>,
}

impl Transport {
    pub(super) fn new(rest: Octocrab, graphql: Octocrab, token: TokenSource, clock: Arc<dyn Clock>) -> Self {
        Self {
            rest,
            graphql,
            token,
            clock,
            cache: Mutex::default(),
            closed_until: Mutex::default(),
            next_write: tokio::sync::Mutex::new(Instant::now()),
        }
    }

    /// A token for git over HTTPS.
    pub(super) async fn git_token(&self) -> Result<SecretString, ForgeError> {
        match &self.token {
            TokenSource::Given(token) => Ok(token.clone()),
            TokenSource::Installation => self.rest.installation_token().await.map_err(|_| {
                ForgeError::Unauthorized { message: "no installation token was given".to_owned() }
            }),
        }
    }

    /// Reads one value.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ForgeError> {
        parse(path, &self.read(path).await?.body)
    }

    /// Whether something is there: 2xx is yes, 404 is no.
    pub(super) async fn exists(&self, path: &str) -> Result<bool, ForgeError> {
        match self.read(path).await {
            Ok(_) => Ok(true),
            Err(ForgeError::NotFound { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Reads all pages of a list.
    pub(super) async fn list<T: DeserializeOwned>(&self, path: &str) -> Result<Vec<T>, ForgeError> {
        self.pages(path, PAGES, |body| parse(path, body)).await
    }

    /// Reads at most so many pages of a list whose items `items` takes out of each page.
    pub(super) async fn pages<T>(
        &self,
        path: &str,
        most: usize,
        items: impl Fn(&Bytes) -> Result<Vec<T>, ForgeError>,
    ) -> Result<Vec<T>, ForgeError> {
        let mut all = Vec::new();
        let mut next = Some(path.to_owned());
        for _ in 0..most {
            let Some(page) = next else { return Ok(all) };
            let answered = self.read(&page).await?;
            all.extend(items(&answered.body)?);
            next = answered.next;
        }
        Ok(all)
    }

    async fn read(&self, path: &str) -> Result<Answered, ForgeError> {
        let kept = self.cache.lock().unwrap_or_else(PoisonError::into_inner).get(path);
        let etag = kept.as_ref().map(|kept| kept.etag.clone());
        let (status, headers, body) = self.send(&self.rest, Method::GET, path, None::<&()>, etag).await?;
        if let (StatusCode::NOT_MODIFIED, Some(kept)) = (status, kept) {
            return Ok(Answered { body: kept.body, next: kept.next });
        }
        judge(path, status, &body)?;
        let next = next_page(&headers);
        if let Some(etag) = headers.get(header::ETAG).and_then(|etag| etag.to_str().ok()) {
            let kept = Kept { etag: etag.to_owned(), body: body.clone(), next: next.clone() };
            self.cache.lock().unwrap_or_else(PoisonError::into_inner).put(path, kept);
        }
        Ok(Answered { body, next })
    }

    /// Writes, and judges the answer.
    pub(super) async fn write<B: Serialize + ?Sized>(
        &self,
        method: Method,
        path: &str,
        body: Option<&B>,
    ) -> Result<Bytes, ForgeError> {
        let (status, answer) = self.write_unjudged(method, path, body).await?;
        judge(path, status, &answer)?;
        Ok(answer)
    }

    /// Writes, and leaves it to the caller what the status means. Rate limits are still errors.
    pub(super) async fn write_unjudged<B: Serialize + ?Sized>(
        &self,
        method: Method,
        path: &str,
        body: Option<&B>,
    ) -> Result<(StatusCode, Bytes), ForgeError> {
        self.wait_for_turn().await;
        let (status, _, answer) = self.send(&self.rest, method, path, body, None).await?;
        Ok((status, answer))
    }

    /// One GraphQL request; the caller reads `data` and `errors`.
    pub(super) async fn graphql<B: Serialize + ?Sized>(
        &self,
        what: &str,
        body: &B,
    ) -> Result<Bytes, ForgeError> {
        let (status, _, answer) =
            self.send(&self.graphql, Method::POST, "/graphql", Some(body), None).await?;
        judge(what, status, &answer)?;
        Ok(answer)
    }

    /// Writes go one after another, with GitHub's distance between them.
    pub(super) async fn wait_for_turn(&self) {
        let mut next = self.next_write.lock().await;
        tokio::time::sleep_until(*next).await;
        *next = Instant::now() + BETWEEN_WRITES;
    }

    /// GraphQL says in its body that the limit is used up, without a time: a minute, as for secondary limits.
    pub(super) fn limited_by_graphql(&self) -> ForgeError {
        let now = self.clock.now();
        let until = now.checked_add(jiff::SignedDuration::from_mins(1)).unwrap_or(now);
        *self.closed_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(until);
        ForgeError::RateLimited { until }
    }

    async fn send<B: Serialize + ?Sized>(
        &self,
        via: &Octocrab,
        method: Method,
        path: &str,
        body: Option<&B>,
        etag: Option<String>,
    ) -> Result<(StatusCode, HeaderMap, Bytes), ForgeError> {
        let what = format!("{method} {}", without_query(path));
        if let Some(until) = *self.closed_until.lock().unwrap_or_else(PoisonError::into_inner)
            && self.clock.now() < until
        {
            return Err(ForgeError::RateLimited { until });
        }
        let unclear = |message: String| ForgeError::Unclear { what: what.clone(), message };
        let mut request = http::request::Builder::new().method(method).uri(path);
        request = request.header(header::ACCEPT, "application/vnd.github+json");
        if let Some(etag) = etag {
            request = request.header(header::IF_NONE_MATCH, etag);
        }
        let request = via.build_request(request, body).map_err(|e| unclear(e.to_string()))?;
        let exchange = async {
            // The error's text may quote the request but never its headers, where the token is.
            let response = via.execute(request).await.map_err(|e| unclear(e.to_string()))?;
            let (parts, body) = response.into_parts();
            let body = body.collect().await.map_err(|e| unclear(e.to_string()))?.to_bytes();
            Ok((parts.status, parts.headers, body))
        };
        let answer = tokio::time::timeout(DEADLINE, exchange).await;
        let (status, headers, body) = answer.map_err(|_| unclear(format!("none within {DEADLINE:?}")))??;
        if let Some(until) = limited_until(status, &headers, &body, self.clock.now()) {
            *self.closed_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(until);
            return Err(ForgeError::RateLimited { until });
        }
        Ok((status, headers, body))
    }
}

/// What a status means, where it is not a rate limit.
pub(super) fn judge(what: &str, status: StatusCode, body: &Bytes) -> Result<(), ForgeError> {
    let what = without_query(what).to_owned();
    match status.as_u16() {
        200..=299 => Ok(()),
        401 => Err(ForgeError::Unauthorized { message: message_of(body) }),
        403 => Err(ForgeError::Forbidden { what, message: message_of(body) }),
        404 | 410 => Err(ForgeError::NotFound { what }),
        500..=599 => Err(ForgeError::Unclear { what, message: format!("status {status}") }),
        status => Err(ForgeError::Refused { what, status, message: message_of(body) }),
    }
}

/// GitHub's words in an error body, with the words of its parts.
pub(super) fn message_of(body: &Bytes) -> String {
    let Ok(value) = serde_json::from_slice::<serde_json::Value>(body) else {
        return "an answer that is not JSON".to_owned();
    };
    let mut message = value["message"].as_str().unwrap_or_default().to_owned();
    for part in value["errors"].as_array().into_iter().flatten() {
        let words = part.as_str().or_else(|| part["message"].as_str()).or_else(|| part["code"].as_str());
        if let Some(words) = words {
            message = format!("{message}: {words}");
        }
    }
    message
}

fn limited_until(status: StatusCode, headers: &HeaderMap, body: &Bytes, now: Timestamp) -> Option<Timestamp> {
    if status != StatusCode::FORBIDDEN && status != StatusCode::TOO_MANY_REQUESTS {
        return None;
    }
    let number = |name: &str| headers.get(name)?.to_str().ok()?.parse::<i64>().ok();
    if let Some(seconds) = number("retry-after") {
        return now.checked_add(jiff::SignedDuration::from_secs(seconds)).ok();
    }
    if number("x-ratelimit-remaining") == Some(0) {
        return Timestamp::from_second(number("x-ratelimit-reset")?).ok();
    }
    // GitHub asks for a minute where a secondary limit names no time.
    let secondary = message_of(body).to_lowercase().contains("secondary rate limit");
    (secondary || status == StatusCode::TOO_MANY_REQUESTS)
        .then(|| now.checked_add(jiff::SignedDuration::from_mins(1)).ok())
        .flatten()
}

/// The next page's path, from the `Link` header.
fn next_page(headers: &HeaderMap) -> Option<String> {
    let link = headers.get(header::LINK)?.to_str().ok()?;
    let next = link.split(',').find(|part| part.contains("rel=\"next\""))?;
    let address = next.trim().strip_prefix('<')?.split('>').next()?;
    let uri: Uri = address.parse().ok()?;
    let path = uri.path_and_query()?.as_str();
    // Enterprise Server's API is below a prefix that the base address already carries.
    Some(path.strip_prefix("/api/v3").unwrap_or(path).to_owned())
}

fn without_query(path: &str) -> &str {
    path.split('?').next().unwrap_or(path)
}

/// Reads a JSON body into a value.
pub(super) fn parse<T: DeserializeOwned>(what: &str, body: &Bytes) -> Result<T, ForgeError> {
    serde_json::from_slice(body).map_err(|e| ForgeError::Unclear {
        what: without_query(what).to_owned(),
        message: format!("the answer does not have the expected form: {e}"),
    })
}

/// One segment of a path, escaped: names come from people.
pub(super) fn segment(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                escaped.push(char::from(byte));
            }
            other => {
                use std::fmt::Write as _;
                let _ = write!(escaped, "%{other:02X}");
            }
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn the_next_page_is_a_path_below_the_base_address() {
        let link = r#"<https://ghe.example.org/api/v3/repos/a/b/pulls?page=2>; rel="next", <https://x/>; rel="last""#;
        assert_eq!(next_page(&headers(&[("link", link)])).as_deref(), Some("/repos/a/b/pulls?page=2"));
        assert_eq!(next_page(&headers(&[])), None);
    }

    #[test]
    fn a_used_up_limit_tells_when_it_ends() {
        let now = Timestamp::from_second(1_000).unwrap();
        let until = |status, pairs: &[_], body: &'static str| {
            limited_until(status, &headers(pairs), &Bytes::from(body), now).map(Timestamp::as_second)
        };
        let primary = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "4000")];
        assert_eq!(until(StatusCode::FORBIDDEN, &primary, "{}"), Some(4_000));
        assert_eq!(until(StatusCode::TOO_MANY_REQUESTS, &[("retry-after", "7")], "{}"), Some(1_007));
        let secondary = r#"{"message":"You have exceeded a secondary rate limit"}"#;
        assert_eq!(until(StatusCode::FORBIDDEN, &[], secondary), Some(1_060));
        assert_eq!(until(StatusCode::FORBIDDEN, &[], r#"{"message":"Must have admin rights"}"#), None);
    }

    #[test]
    fn a_name_from_outside_stays_one_segment_of_the_path() {
        assert_eq!(segment("kind/bug ü?"), "kind%2Fbug%20%C3%BC%3F");
    }

    #[test]
    fn an_error_carries_githubs_words_with_their_parts() {
        let body = Bytes::from(r#"{"message":"Validation Failed","errors":[{"message":"too long"},"odd"]}"#);
        assert_eq!(message_of(&body), "Validation Failed: too long: odd");
    }
}
