//! One periodic now: whether a run of it starts, which, and when to look again.

use super::{
    due::{LastRun, ScheduleReason, Slot, cron_slot, due},
    outlook::{Outlook, next_look, next_run},
    permit::Quiet,
};
use crate::{
    job::{
        Periodic, When,
        prow_job::{NewRun, new_run, periodic_spec},
    },
    reason::Planned,
    trigger::TriggerKey,
};
use api::{keys, prow_job::ProwJobState};
use jiff::Timestamp;

/// A periodic with all that its next run depends on.
#[derive(Clone, Debug)]
pub struct Clock<'a> {
    /// The job.
    pub job: &'a Periodic,
    /// Its newest run.
    pub last: Option<LastRun>,
    /// How its newest finished run ended.
    pub last_state: Option<ProwJobState>,
    /// Since when it is known and may start: what its schedule fired before is not made up for, if it never ran.
    pub known_since: Timestamp,
    /// Whether it may start at all.
    pub permit: Result<(), Quiet>,
}

/// What follows for one periodic.
#[derive(Clone, Debug)]
#[must_use = "a planned run does not exist until it is made"]
pub struct ClockPlan {
    /// The run to make.
    pub start: Option<Planned<Slot, ScheduleReason>>,
    /// What its object's status may show.
    pub outlook: Outlook,
    /// When to look again, if nothing happens before.
    pub next_look: Option<Timestamp>,
}

/// Looks at one periodic.
pub fn plan(clock: &Clock<'_>, now: Timestamp) -> ClockPlan {
    let Clock { job, last, known_since, .. } = clock;
    let name = job.name().to_owned();
    let outlook = |next| Outlook { name, next, last_state: clock.last_state };
    if clock.permit.is_err() {
        return ClockPlan { start: None, outlook: outlook(None), next_look: None };
    }
    let last = last.as_ref();
    // A run that was there shows that the job was known then; what fired since its end is made up for.
    let since = if last.is_some() { Timestamp::MIN } else { *known_since };
    let fired = match job.when() {
        When::Cron(cron) => cron_slot(cron, last, since, now),
        When::Interval(_) | When::AfterEnd(_) => None,
    };
    let due = due(job, last, fired, now);
    match due.start {
        Some(slot) => {
            let started = LastRun { started: now, completed: None, passed: false, attempt: 0 };
            ClockPlan {
                start: Some(Planned::new(slot, due.why)),
                outlook: outlook(next_run(job, Some(&started), now, now)),
                next_look: next_look(job, Some(&started), now, now),
            }
        }
        None => ClockPlan {
            start: None,
            outlook: outlook(next_run(job, last, since.max(Timestamp::UNIX_EPOCH), now)),
            next_look: next_look(job, last, since.max(Timestamp::UNIX_EPOCH), now),
        },
    }
}

/// The run of a periodic for a slot, and its identity.
pub fn run(namespace: &str, job: &Periodic, slot: Slot) -> (TriggerKey, NewRun) {
    let base = &job.raw().base;
    let mut labels = base.labels.clone();
    if let Some(attempt) = slot.attempt {
        labels.insert(keys::RE_RUN.to_owned(), attempt.to_string());
    }
    let key = TriggerKey::periodic(namespace, job.name(), slot.at, slot.attempt.unwrap_or(0));
    (key, new_run(periodic_spec(job), &labels, &base.annotations))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        format!("2026-03-0{text}Z").parse().unwrap()
    }

    fn nightly() -> Periodic {
        let mut raw = api::job::Periodic::default();
        raw.base.name = "nightly".into();
        Periodic::new(raw, When::Cron("0 3 * * *".parse().unwrap()), None)
    }

    fn clock(job: &Periodic, last: Option<LastRun>) -> Clock<'_> {
        Clock { job, last, last_state: None, known_since: at("2T12:00:00"), permit: Ok(()) }
    }

    fn started(clock: &Clock<'_>, now: Timestamp) -> Option<Timestamp> {
        plan(clock, now).start.map(|start| start.action.at)
    }

    #[test]
    fn a_job_that_was_added_at_noon_first_runs_in_the_night() {
        let job = nightly();
        let clock = clock(&job, None);
        let planned = plan(&clock, at("2T12:00:00"));
        assert!(planned.start.is_none());
        assert_eq!(planned.next_look, Some(at("3T03:00:00")));
        assert_eq!(planned.outlook.next, Some(at("3T03:00:00")));
        assert_eq!(started(&clock, at("3T03:00:00")), Some(at("3T03:00:00")));
    }

    #[test]
    fn what_a_known_job_missed_while_nobody_looked_is_made_up_for_after_a_restart() {
        let job = nightly();
        let ran = LastRun {
            started: at("1T03:00:00"),
            completed: Some(at("1T03:10:00")),
            passed: true,
            attempt: 0,
        };
        let clock = Clock { known_since: at("2T09:00:00"), ..clock(&job, Some(ran)) };
        assert_eq!(started(&clock, at("2T09:00:00")), Some(at("2T03:00:00")));
    }

    #[test]
    fn what_may_not_start_waits_for_nothing() {
        let job = nightly();
        let clock = Clock { permit: Err(Quiet::NothingIsActive), ..clock(&job, None) };
        let planned = plan(&clock, at("3T03:00:00"));
        assert!(planned.start.is_none() && planned.next_look.is_none() && planned.outlook.next.is_none());
    }

    #[test]
    fn two_looks_at_one_slot_make_one_run() {
        let slot = Slot { at: at("3T03:00:00"), attempt: None };
        let (one, new) = run("acme", &nightly(), slot);
        assert_eq!(one, run("acme", &nightly(), slot).0);
        assert_eq!(new.labels.get(keys::RE_RUN), None);
        let (retry, new) = run("acme", &nightly(), Slot { attempt: Some(1), ..slot });
        assert_ne!(one, retry);
        assert_eq!(new.labels.get(keys::RE_RUN).map(String::as_str), Some("1"));
    }
}
