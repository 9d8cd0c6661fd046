//! When a periodic is looked at again, and what its object's status shows of it (KINDS 2).

use super::due::{ATTEMPTS_MAX, LastRun};
use crate::job::{Periodic, When};
use api::{job_config::PeriodicStatus, prow_job::ProwJobState};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

/// How many periodics a status shows.
const SHOWN_MAX: usize = 50;
/// Their part of a status is written at most this often.
const PAUSE: SignedDuration = SignedDuration::from_mins(1);
/// An interval is over when more than it has passed: this much more is looked for.
const JUST_AFTER: SignedDuration = SignedDuration::from_millis(1);

/// The next moment after `now` at which [`due`](super::due()) may say something else without anything having happened;
/// `None`: only the end of a run, or a change of the job, does that.
pub fn next_look(
    job: &Periodic,
    last: Option<&LastRun>,
    known_since: Timestamp,
    now: Timestamp,
) -> Option<Timestamp> {
    let regular = next_run(job, last, known_since, now).and_then(|slot| match job.when() {
        When::Cron(_) => Some(slot),
        When::Interval(_) | When::AfterEnd(_) => slot.checked_add(JUST_AFTER).ok(),
    });
    let retry = last.zip(job.retry()).and_then(|(run, retry)| {
        let worth = retry.run_all || (run.completed.is_some() && !run.passed);
        let left = run.attempt < retry.attempts.min(ATTEMPTS_MAX);
        let at = run.started.checked_add(SignedDuration::from_nanos(retry.interval.as_nanos())).ok()?;
        at.checked_add(JUST_AFTER).ok().filter(|_| worth && left)
    });
    regular.into_iter().chain(retry).filter(|moment| *moment > now).min()
}

/// When it starts next by its own schedule; in the past: it is overdue. `None`: after the end of the run that goes on,
/// or never.
pub fn next_run(
    job: &Periodic,
    last: Option<&LastRun>,
    known_since: Timestamp,
    now: Timestamp,
) -> Option<Timestamp> {
    let plus = |base: Timestamp, nanos| base.checked_add(SignedDuration::from_nanos(nanos)).ok();
    match (job.when(), last) {
        (When::Cron(cron), last) => match cron.every() {
            Some(every) => last.map_or(known_since, |run| run.started).checked_add(every).ok(),
            None => cron.next_after(now),
        },
        (When::Interval(_) | When::AfterEnd(_), None) => Some(now),
        (When::Interval(_) | When::AfterEnd(_), Some(run)) if run.completed.is_none() => None,
        (When::Interval(every), Some(run)) => plus(run.started, every.as_nanos()),
        (When::AfterEnd(pause), Some(run)) => plus(run.completed.unwrap_or(run.started), pause.as_nanos()),
    }
}

/// What is known of a periodic, for its object's status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outlook {
    /// The job's name.
    pub name: String,
    /// When it starts next.
    pub next: Option<Timestamp>,
    /// How its last finished run ended.
    pub last_state: Option<ProwJobState>,
}

impl Outlook {
    /// Those that fail come first, then those that are overdue and those that start soonest.
    fn urgency(&self) -> (bool, Timestamp, &str) {
        let fails = matches!(self.last_state, Some(ProwJobState::Failure | ProwJobState::Error));
        (!fails, self.next.unwrap_or(Timestamp::MAX), &self.name)
    }
}

/// What a status shows now, and when it is to be written again if it must wait.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shown {
    /// In the order of their names.
    pub periodics: Vec<PeriodicStatus>,
    /// There is news, which is shown from then on.
    pub wait_until: Option<Timestamp>,
}

/// What of the outlooks is shown: at most 50, and nothing new within a minute after the status was last `written`.
pub fn shown(
    mut outlooks: Vec<Outlook>,
    before: &[PeriodicStatus],
    written: Option<Timestamp>,
    now: Timestamp,
) -> Shown {
    outlooks.sort_by(|one, other| one.urgency().cmp(&other.urgency()));
    outlooks.truncate(SHOWN_MAX);
    outlooks.sort_by(|one, other| one.name.cmp(&other.name));
    // Names are the keys of the list; a job may be there for several clusters or branches under one name.
    outlooks.dedup_by(|one, other| one.name == other.name);
    let status = |outlook: Outlook| PeriodicStatus {
        last_state: outlook.last_state,
        name: outlook.name,
        next_run: outlook.next.map(Time),
    };
    let periodics: Vec<PeriodicStatus> = outlooks.into_iter().map(status).collect();
    let from = written.filter(|_| !before.is_empty()).and_then(|written| written.checked_add(PAUSE).ok());
    match from.filter(|from| *from > now && periodics != before) {
        Some(from) => Shown { periodics: before.to_vec(), wait_until: Some(from) },
        None => Shown { periodics, wait_until: None },
    }
}

#[cfg(test)]
mod tests {
    use super::{super::due::due, *};
    use crate::{job::Retry, schedule::cron_slot};
    use api::duration::GoDuration;
    use proptest::prelude::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(minute * 60).unwrap()
    }

    fn job(when: When, retry: Option<Retry>) -> Periodic {
        Periodic::new(api::job::Periodic::default(), when, retry)
    }

    fn minutes(minutes: i64) -> GoDuration {
        GoDuration::from_secs(minutes * 60)
    }

    fn outlook(name: &str, next: i64, last_state: Option<ProwJobState>) -> Outlook {
        Outlook { name: name.into(), next: Some(at(next)), last_state }
    }

    fn whens() -> impl Strategy<Value = When> {
        prop_oneof![
            (1..90_i64).prop_map(|m| When::Interval(minutes(m))),
            (1..90_i64).prop_map(|m| When::AfterEnd(minutes(m))),
            Just(When::Cron("*/7 * * * *".parse().unwrap())),
            Just(When::Cron("@every 11m".parse().unwrap())),
        ]
    }

    fn runs() -> impl Strategy<Value = Option<LastRun>> {
        let run = (0..100_i64, proptest::option::of(0..60_i64), any::<bool>(), 0..3_u32);
        proptest::option::of(run.prop_map(|(started, took, passed, attempt)| LastRun {
            started: at(started),
            completed: took.map(|took| at(started + took)),
            passed,
            attempt,
        }))
    }

    proptest! {
        /// Whoever sleeps until the next look misses nothing.
        #[test]
        fn nothing_becomes_due_before_the_next_look(when in whens(), last in runs(), retried in any::<bool>(), minute in 0..200_i64) {
            let retry = Retry { run_all: false, attempts: 2, interval: minutes(20) };
            let job = job(when, retried.then_some(retry));
            let (now, last) = (at(minute), last.as_ref());
            let start = |now| {
                let fired = match job.when() {
                    When::Cron(cron) => cron_slot(cron, last, at(0), now),
                    When::Interval(_) | When::AfterEnd(_) => None,
                };
                due(&job, last, fired, now).start
            };
            if start(now).is_none() {
                let until = next_look(&job, last, at(0), now).unwrap_or(at(400)).min(at(400));
                let mut moment = now;
                while moment < until {
                    prop_assert_eq!(start(moment), None, "due at {} before the look at {}", moment, until);
                    moment = moment.checked_add(SignedDuration::from_secs(20)).unwrap();
                }
            }
        }
    }

    #[test]
    fn those_that_fail_and_those_that_come_next_are_shown() {
        let mut all: Vec<Outlook> = (0..80).map(|n| outlook(&format!("job-{n:02}"), n, None)).collect();
        all.push(outlook("broken", 9999, Some(ProwJobState::Failure)));
        let shown = shown(all, &[], None, at(0));
        assert_eq!(shown.periodics.len(), SHOWN_MAX);
        assert_eq!(shown.periodics[0].name, "broken");
        assert!(!shown.periodics.iter().any(|job| job.name == "job-60"));
    }

    #[test]
    fn news_within_a_minute_of_the_last_writing_waits() {
        let first = shown(vec![outlook("nightly", 10, None)], &[], Some(at(0)), at(0)).periodics;
        assert_eq!(first.len(), 1, "the first is no news that waits");
        let news = || vec![outlook("nightly", 20, None)];
        let soon = shown(news(), &first, Some(at(4)), at(4));
        assert_eq!(soon, Shown { periodics: first.clone(), wait_until: Some(at(5)) });
        let later = shown(news(), &first, Some(at(4)), at(5));
        assert_eq!((later.periodics[0].next_run.clone(), later.wait_until), (Some(Time(at(20))), None));
        let same = shown(vec![outlook("nightly", 10, None)], &first, Some(at(4)), at(4));
        assert_eq!(same.wait_until, None);
    }
}
