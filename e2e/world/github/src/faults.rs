//! What shall go wrong, and who watches.
//!
//! Rules match requests by method and path and fire a given number of times. The observer hears of every write, before
//! it is applied and after, and is awaited: an observer that never returns holds the request there for good, so a test
//! can kill the client at exactly that point.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use http::Method;

/// Something that goes wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Refused with this status and message; nothing is done.
    Fail(u16, String),
    /// Done, then answered with this status and message.
    FailAfter(u16, String),
    /// Done this much later.
    Delay(Duration),
    /// Refused as too many at once: 403 with `retry-after` in seconds.
    SecondaryLimit(u64),
    /// The token's hourly budget is gone.
    Exhausted,
    /// Never answered, nothing done.
    Hang,
}

/// A fault and the requests that it befalls.
#[derive(Clone, Debug)]
pub struct Rule {
    method: Option<Method>,
    path: String,
    fault: Fault,
    skip: u64,
    times: u64,
}

impl Rule {
    /// Befalls requests with this path of the API, each time. `*` stands for one segment, `**` at the end for any rest:
    /// `/repos/acme/*/pulls/**`. GraphQL is `/graphql`, git is `/OWNER/NAME.git/**`.
    pub fn on(path: &str, fault: Fault) -> Self {
        Self { method: None, path: path.to_owned(), fault, skip: 0, times: u64::MAX }
    }

    /// Only with this method.
    #[must_use]
    pub fn method(mut self, method: Method) -> Self {
        self.method = Some(method);
        self
    }

    /// Only so many times.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = times;
        self
    }

    /// Not the first so many times.
    #[must_use]
    pub fn after(mut self, skip: u64) -> Self {
        self.skip = skip;
        self
    }

    fn matches(&self, method: &Method, path: &str) -> bool {
        self.method.as_ref().is_none_or(|wanted| wanted == method) && path_matches(&self.path, path)
    }
}

fn path_matches(pattern: &str, path: &str) -> bool {
    let mut segments = path.split('/');
    for wanted in pattern.split('/') {
        if wanted == "**" {
            return true;
        }
        match segments.next() {
            Some(segment) if wanted == "*" || wanted.eq_ignore_ascii_case(segment) => {}
            Some(_) | None => return false,
        }
    }
    segments.next().is_none()
}

/// Which side of a write the observer is told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Not applied yet.
    Before,
    /// Applied, not answered yet.
    After,
}

/// A write that the observer is told of.
#[derive(Clone, Debug)]
pub struct Write {
    /// Counts from 1.
    pub n: u64,
    /// Before or after it is applied.
    pub moment: Moment,
    /// The method.
    pub method: Method,
    /// The path, as rules match it.
    pub path: String,
}

type Chooser = Arc<dyn Fn(&Method, &str) -> Option<Fault> + Send + Sync>;
type Observer = Arc<dyn Fn(Write) -> BoxFuture<'static, ()> + Send + Sync>;

/// The faults of one GitHub.
#[derive(Default)]
pub struct Faults {
    rules: Mutex<Vec<Rule>>,
    chooser: Mutex<Option<Chooser>>,
    observer: Mutex<Option<Observer>>,
    writes: AtomicU64,
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faults")
            .field("rules", &self.rules)
            .field("writes", &self.writes)
            .finish_non_exhaustive()
    }
}

impl Faults {
    /// Adds a rule.
    pub fn add(&self, rule: Rule) {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner).push(rule);
    }

    /// Lets a function choose for each request that no rule befalls, such as one that draws from a seed.
    pub fn choose(&self, choose: impl Fn(&Method, &str) -> Option<Fault> + Send + Sync + 'static) {
        *self.chooser.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(choose));
    }

    /// Removes all rules and what `choose` was given.
    pub fn clear(&self) {
        *self.chooser.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.rules.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Tells of every write that comes in as a request (REST, GraphQL mutations, pushes).
    pub fn on_write(&self, observer: impl Fn(Write) -> BoxFuture<'static, ()> + Send + Sync + 'static) {
        *self.observer.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(observer));
    }

    /// How many writes came in.
    pub fn writes(&self) -> u64 {
        self.writes.load(Ordering::SeqCst)
    }

    /// What befalls a request.
    pub(crate) fn befall(&self, method: &Method, path: &str) -> Option<Fault> {
        let chooser = self.chooser.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.strike(method, path).or_else(|| chooser?(method, path))
    }

    /// The first rule that befalls a request, counted down.
    fn strike(&self, method: &Method, path: &str) -> Option<Fault> {
        let mut rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        for rule in rules.iter_mut().filter(|rule| rule.times > 0 && rule.matches(method, path)) {
            if rule.skip > 0 {
                rule.skip -= 1;
                continue;
            }
            rule.times -= 1;
            return Some(rule.fault.clone());
        }
        None
    }

    pub(crate) fn count_write(&self) -> u64 {
        self.writes.fetch_add(1, Ordering::SeqCst) + 1
    }

    pub(crate) async fn tell(&self, write: Write) {
        let observer = self.observer.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(observer) = observer {
            observer(write).await;
        }
    }
}
