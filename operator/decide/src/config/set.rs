//! Which jobs can stand beside each other: a name and a context belong to one job on each branch (spec jobs-and-runs
//! 1.10).

use crate::job::{Branches, Periodic, Postsubmit, Presubmit};
use api::job::JobBase;
use std::collections::BTreeMap;

/// A job that wants a name and, where it reports to GitHub, a context.
pub(super) trait Contender {
    fn base(&self) -> &JobBase;
    /// `None`: it reports to no repository.
    fn context(&self) -> Option<&str>;
    /// `None`: there is one of this name only.
    fn branches(&self) -> Option<&Branches>;
}

impl Contender for Presubmit {
    fn base(&self) -> &JobBase {
        &self.raw().base
    }
    fn context(&self) -> Option<&str> {
        Some(self.context())
    }
    fn branches(&self) -> Option<&Branches> {
        Some(self.branches())
    }
}

impl Contender for Postsubmit {
    fn base(&self) -> &JobBase {
        &self.raw().base
    }
    fn context(&self) -> Option<&str> {
        Some(self.context())
    }
    fn branches(&self) -> Option<&Branches> {
        Some(self.branches())
    }
}

impl Contender for Periodic {
    fn base(&self) -> &JobBase {
        &self.raw().base
    }
    fn context(&self) -> Option<&str> {
        None
    }
    fn branches(&self) -> Option<&Branches> {
        None
    }
}

/// The jobs of one type and repository that have their place.
pub(super) struct Seats<'a, J> {
    by_name: BTreeMap<&'a str, Vec<Seat<'a, J>>>,
    by_context: BTreeMap<&'a str, Vec<Seat<'a, J>>>,
}

/// A job and where it is written, for people.
struct Seat<'a, J> {
    job: &'a J,
    place: &'a str,
}

impl<'a, J: Contender> Seats<'a, J> {
    pub(super) const fn new() -> Self {
        Self { by_name: BTreeMap::new(), by_context: BTreeMap::new() }
    }

    /// Gives a job its place.
    ///
    /// # Errors
    /// Where another has its name or context already, on a branch that both run on: says which.
    pub(super) fn take(&mut self, job: &'a J, place: &'a str) -> Result<(), String> {
        let name = job.base().name.as_str();
        let namesakes = self.by_name.entry(name).or_default();
        if let Some(other) = namesakes.iter().find(|other| meet(other.job, job)) {
            return Err(format!("a job {name:?} is there already: {}", other.place));
        }
        if let Some(context) = job.context() {
            let reporters = self.by_context.entry(context).or_default();
            let other = reporters.iter().find(|other| other.job.base().name != name && meet(other.job, job));
            if let Some(other) = other {
                return Err(format!(
                    "job {:?} reports to context {context:?} already, on some of these branches: {}",
                    other.job.base().name,
                    other.place
                ));
            }
            reporters.push(Seat { job, place });
        }
        namesakes.push(Seat { job, place });
        Ok(())
    }
}

/// Whether two jobs could run on one branch.
fn meet(a: &impl Contender, b: &impl Contender) -> bool {
    match (a.branches(), b.branches()) {
        (Some(a), Some(b)) => a.intersects(b),
        (None, _) | (_, None) => true,
    }
}
