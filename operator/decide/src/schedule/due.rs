//! Whether a periodic is to be started now, and for which slot (spec jobs-and-runs 6.2).
//!
//! A slot names the moment a run is *for*, not the moment somebody looked: two looks at the same facts name the same
//! slot, so that a run is started once. As in Prow, runs of one periodic never overlap (but for `retry.run_all`), a
//! firing during a run is dropped, and several missed firings make one run.

use crate::{
    job::{Periodic, Retry, When},
    reason::Reason,
    schedule::Cron,
};
use api::{
    keys,
    prow_job::{ProwJobSpec, ProwJobState, ProwJobStatus, ProwJobType},
};
use jiff::{SignedDuration, Timestamp};
use std::{collections::BTreeMap, fmt};

/// However many attempts a job asks for.
pub(super) const ATTEMPTS_MAX: u32 = 10;

/// The newest run of a periodic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastRun {
    /// When it started.
    pub started: Timestamp,
    /// When it ended; `None`: it runs.
    pub completed: Option<Timestamp>,
    /// It passed.
    pub passed: bool,
    /// Which attempt of a retried run it was; 0 for the first run.
    pub attempt: u32,
}

/// The newest run of this job among all runs of a namespace. Runs started by people count too.
pub fn last_run<'a>(
    job: &str,
    runs: impl IntoIterator<Item = (&'a ProwJobSpec, &'a ProwJobStatus, &'a BTreeMap<String, String>)>,
) -> Option<LastRun> {
    runs.into_iter()
        .filter(|(spec, _, _)| spec.type_ == ProwJobType::Periodic && spec.job == job)
        .filter_map(|(_, status, labels)| {
            Some(LastRun {
                started: status.start_time.as_ref()?.0,
                completed: status.completion_time.as_ref().map(|time| time.0),
                passed: status.state == Some(ProwJobState::Success),
                // A label that is no number must not stop the retries.
                attempt: labels.get(keys::RE_RUN).and_then(|text| text.parse().ok()).unwrap_or(0),
            })
        })
        // Of runs of one moment the first counts, as in Prow.
        .reduce(|newest, run| if run.started > newest.started { run } else { newest })
}

/// What a run is for. Its text is part of the trigger key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot {
    /// The moment at which it was due.
    pub at: Timestamp,
    /// The attempt, for label `prow.k8s.io/re-run`; `None` for a first run.
    pub attempt: Option<u32>,
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.attempt {
            None => write!(f, "{}", self.at),
            Some(attempt) => write!(f, "{}#{attempt}", self.at),
        }
    }
}

/// Why a periodic starts, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScheduleReason {
    /// It never ran.
    NeverRan,
    /// Its cron expression fired.
    CronFired,
    /// Its interval is over.
    IntervalOver,
    /// The last run did not pass and is tried again.
    Retry,
    /// The last run goes on.
    StillRunning,
    /// Its time has not come.
    NotYet,
}

impl Reason for ScheduleReason {
    fn name(&self) -> &'static str {
        match self {
            Self::NeverRan => "NeverRan",
            Self::CronFired => "CronFired",
            Self::IntervalOver => "IntervalOver",
            Self::Retry => "Retry",
            Self::StillRunning => "StillRunning",
            Self::NotYet => "NotYet",
        }
    }

    fn sentence(&self) -> String {
        match self {
            Self::NeverRan => "It never ran.",
            Self::CronFired => "Its cron expression fired.",
            Self::IntervalOver => "Its interval is over.",
            Self::Retry => "The last run did not pass and is tried again.",
            Self::StillRunning => "The last run goes on.",
            Self::NotYet => "Its time has not come.",
        }
        .to_owned()
    }
}

/// What to do about a periodic now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a slot does nothing until a run is made for it"]
pub struct Due {
    /// Start a run for this slot; `None`: nothing to start.
    pub start: Option<Slot>,
    /// Why.
    pub why: ScheduleReason,
}

impl Due {
    const fn start(at: Timestamp, why: ScheduleReason) -> Self {
        Self { start: Some(Slot { at, attempt: None }), why }
    }

    const fn no(why: ScheduleReason) -> Self {
        Self { start: None, why }
    }
}

/// The firing of a cron expression that is still to be served: the latest since the last run ended, or since the job is
/// known where it never ran. What fired during a run is dropped, what fired while nobody looked is made up for once.
pub fn cron_slot(
    cron: &Cron,
    last: Option<&LastRun>,
    known_since: Timestamp,
    now: Timestamp,
) -> Option<Timestamp> {
    let since = last.map_or(known_since, |run| run.completed.unwrap_or(now).max(known_since));
    if let Some(every) = cron.every() {
        let base = last.map_or(known_since, |run| run.started);
        let next = base.checked_add(every).ok()?;
        return (next <= now).then_some(next);
    }
    cron.latest_until(now, since).filter(|slot| last.is_none_or(|run| *slot > run.started))
}

/// Whether to start a periodic. `fired`: the firing to serve, of a cron periodic ([`cron_slot`]).
pub fn due(job: &Periodic, last: Option<&LastRun>, fired: Option<Timestamp>, now: Timestamp) -> Due {
    let regular = match (job.when(), last) {
        (When::Cron(_), last) => match fired {
            Some(_) if last.is_some_and(|run| run.completed.is_none()) => {
                Due::no(ScheduleReason::StillRunning)
            }
            Some(slot) => Due::start(slot, ScheduleReason::CronFired),
            None => Due::no(ScheduleReason::NotYet),
        },
        (When::Interval(every) | When::AfterEnd(every), None) => {
            Due::start(grid(now, every.as_nanos()), ScheduleReason::NeverRan)
        }
        (When::Interval(every), Some(run)) => after(run, run.started, every.as_nanos(), now),
        (When::AfterEnd(pause), Some(run)) => {
            after(run, run.completed.unwrap_or(run.started), pause.as_nanos(), now)
        }
    };
    if regular.start.is_some() {
        return regular;
    }
    let retried = last.zip(job.retry()).and_then(|(run, retry)| retry_slot(run, retry, now));
    retried.map_or(regular, |slot| Due { start: Some(slot), why: ScheduleReason::Retry })
}

/// Due once more than `nanos` have passed since `base`, unless the run goes on.
fn after(run: &LastRun, base: Timestamp, nanos: i64, now: Timestamp) -> Due {
    if run.completed.is_none() {
        return Due::no(ScheduleReason::StillRunning);
    }
    match base.checked_add(SignedDuration::from_nanos(nanos)) {
        Ok(slot) if now > slot => Due::start(slot, ScheduleReason::IntervalOver),
        Ok(_) | Err(_) => Due::no(ScheduleReason::NotYet),
    }
}

fn retry_slot(run: &LastRun, retry: &Retry, now: Timestamp) -> Option<Slot> {
    let attempt = run.attempt.checked_add(1)?;
    let worth = retry.run_all || (run.completed.is_some() && !run.passed);
    let at = run.started.checked_add(SignedDuration::from_nanos(retry.interval.as_nanos())).ok()?;
    let start = worth && attempt <= retry.attempts.min(ATTEMPTS_MAX) && now > at;
    start.then_some(Slot { at, attempt: Some(attempt) })
}

/// The moment, rounded down to a multiple of the interval: two looks at a job that never ran name one slot.
fn grid(now: Timestamp, nanos: i64) -> Timestamp {
    let step = i128::from(nanos.max(1_000_000_000));
    let past = now.as_nanosecond().rem_euclid(step);
    i64::try_from(past).map_or(now, |past| now.checked_sub(SignedDuration::from_nanos(past)).unwrap_or(now))
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::duration::GoDuration;

    fn at(text: &str) -> Timestamp {
        format!("2026-03-01T{text}Z").parse().unwrap()
    }

    fn every(hours: i64) -> When {
        When::Interval(GoDuration::from_secs(hours * 3600))
    }

    fn job(when: When, retry: Option<Retry>) -> Periodic {
        Periodic::new(api::job::Periodic::default(), when, retry)
    }

    fn ran(started: &str, completed: Option<&str>) -> LastRun {
        LastRun { started: at(started), completed: completed.map(at), passed: false, attempt: 0 }
    }

    const TWICE: Retry = Retry { run_all: false, attempts: 2, interval: GoDuration::from_secs(10 * 60) };

    #[test]
    fn a_new_interval_job_starts_at_once_and_two_looks_name_one_slot() {
        let job = job(every(1), None);
        let first = due(&job, None, None, at("12:10:00"));
        assert_eq!(first.start, Some(Slot { at: at("12:00:00"), attempt: None }));
        assert_eq!(due(&job, None, None, at("12:20:00")), first);
    }

    #[test]
    fn an_interval_counts_from_the_start_and_waits_for_the_end() {
        let job = job(every(1), None);
        let now = at("12:00:00");
        assert_eq!(due(&job, Some(&ran("11:00:00", Some("11:30:00"))), None, now).start, None);
        let over = due(&job, Some(&ran("10:59:59", Some("11:30:00"))), None, now);
        assert_eq!(over.start.map(|slot| slot.at), Some(at("11:59:59")));
        assert_eq!(due(&job, Some(&ran("08:00:00", None)), None, now).why, ScheduleReason::StillRunning);
    }

    #[test]
    fn a_pause_counts_from_the_end() {
        let job = job(When::AfterEnd(GoDuration::from_secs(3600)), None);
        assert_eq!(due(&job, Some(&ran("09:00:00", Some("11:30:00"))), None, at("12:00:00")).start, None);
        assert!(due(&job, Some(&ran("09:00:00", Some("10:30:00"))), None, at("12:00:00")).start.is_some());
    }

    #[test]
    fn a_firing_during_a_run_is_dropped_and_missed_ones_make_one_run() {
        let hourly: Cron = "@hourly".parse().unwrap();
        let slot = |last: Option<&LastRun>, now| cron_slot(&hourly, last, at("00:30:00"), at(now));
        assert_eq!(slot(None, "00:59:59"), None, "what fired before the job was known is not made up for");
        assert_eq!(slot(None, "05:10:00"), Some(at("05:00:00")));
        assert_eq!(slot(Some(&ran("02:00:00", Some("04:10:00"))), "04:30:00"), None);
        assert_eq!(slot(Some(&ran("02:00:00", Some("04:10:00"))), "07:30:00"), Some(at("07:00:00")));
        assert_eq!(slot(Some(&ran("02:00:00", Some("02:00:00"))), "02:00:30"), None, "served already");
    }

    #[test]
    fn a_failed_run_is_tried_again_as_often_as_the_job_says() {
        let job = job(every(24), Some(TWICE));
        let mut run = ran("11:00:00", Some("11:05:00"));
        let start = |run: &LastRun| due(&job, Some(run), None, at("12:00:00")).start;
        assert_eq!(start(&run), Some(Slot { at: at("11:10:00"), attempt: Some(1) }));
        run.attempt = 2;
        assert_eq!(start(&run), None);
        run.attempt = 0;
        run.passed = true;
        assert_eq!(start(&run), None);
        run.started = at("11:55:00");
        run.passed = false;
        assert_eq!(start(&run), None, "the retry's own interval holds");
    }

    #[test]
    fn a_cron_job_is_retried_between_its_firings() {
        let job = job(When::Cron("@daily".parse().unwrap()), Some(TWICE));
        let due = due(&job, Some(&ran("00:00:00", Some("00:30:00"))), None, at("01:00:00"));
        assert_eq!((due.why, due.start.and_then(|s| s.attempt)), (ScheduleReason::Retry, Some(1)));
    }
}
