//! A periodic after defaulting and checking.

use crate::schedule::Cron;
use api::duration::GoDuration;
use std::sync::Arc;

/// A periodic with all defaults applied and its times read.
#[derive(Clone, Debug, PartialEq)]
pub struct Periodic {
    raw: Arc<api::job::Periodic>,
    when: When,
    retry: Option<Retry>,
}

/// When a periodic runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// At the times of an expression.
    Cron(Cron),
    /// This long after the last start.
    Interval(GoDuration),
    /// This long after the last end.
    AfterEnd(GoDuration),
}

/// How a failed run is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// Start all attempts, whatever the results.
    pub run_all: bool,
    /// How many further runs at most.
    pub attempts: u32,
    /// From one start to the next attempt.
    pub interval: GoDuration,
}

impl Periodic {
    /// For `config` alone: the parts must already agree.
    pub(crate) fn new(raw: api::job::Periodic, when: When, retry: Option<Retry>) -> Self {
        Self { raw: Arc::new(raw), when, retry }
    }

    /// The job as defaulted.
    pub fn raw(&self) -> &api::job::Periodic {
        &self.raw
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.raw.base.name
    }

    /// When it runs.
    pub fn when(&self) -> &When {
        &self.when
    }

    /// How a failed run is tried again; `None`: not at all.
    pub fn retry(&self) -> Option<&Retry> {
        self.retry.as_ref()
    }
}
