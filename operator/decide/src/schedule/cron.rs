//! Cron expressions as Prow's cron library reads them: five fields, a leading sixth for seconds, `@hourly`, `@every 1h`;
//! always in UTC.
//!
//! Our own, because the libraries in Rust read another dialect (`L` and `#`, Sunday as 7, other day rules) and bring a
//! second time crate; the whole is a set of numbers a field and a walk over days.

use api::duration::GoDuration;
use jiff::{SignedDuration, Timestamp, civil, tz::TimeZone};
use std::{fmt, str::FromStr};

/// When something fires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cron {
    written: String,
    plan: Plan,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Plan {
    Fields(Box<Fields>),
    /// Whole seconds, at least one.
    Every(SignedDuration),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Fields {
    second: Field,
    minute: Field,
    hour: Field,
    day: Field,
    month: Field,
    weekday: Field,
}

/// The numbers of one field, as bits. `any`: written as `*` or `?`, which decides how days and weekdays combine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Field {
    bits: u64,
    any: bool,
}

/// Why a text is not a cron expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCron {
    /// A time zone before the expression.
    #[error("a time zone (TZ=, CRON_TZ=) has no effect in Prow and is refused here: write the times in UTC")]
    TimeZone,
    /// Not five or six fields.
    #[error(
        "{found} fields where a cron expression has five (or six, with seconds first), as in '30 4 * * 1-5'"
    )]
    FieldCount {
        /// How many there are.
        found: usize,
    },
    /// A word after `@` that means nothing.
    #[error("{word:?} is unknown: use @hourly, @daily, @weekly, @monthly, @yearly or '@every 6h'")]
    Descriptor {
        /// The word.
        word: String,
    },
    /// A wrong duration after `@every`.
    #[error("{duration:?} is not a duration: write it as in '@every 90m'")]
    Every {
        /// The duration.
        duration: String,
    },
    /// A part of a field that cannot be read.
    #[error("{part:?} cannot be read as a {unit}: {problem}")]
    Part {
        /// The part.
        part: String,
        /// What the field counts.
        unit: &'static str,
        /// What is wrong.
        problem: String,
    },
}

/// What a field counts.
struct Unit {
    name: &'static str,
    min: u32,
    max: u32,
    names: &'static [&'static str],
}

const SECOND: Unit = Unit { name: "second", min: 0, max: 59, names: &[] };
const MINUTE: Unit = Unit { name: "minute", min: 0, max: 59, names: &[] };
const HOUR: Unit = Unit { name: "hour", min: 0, max: 23, names: &[] };
const DAY: Unit = Unit { name: "day of the month", min: 1, max: 31, names: &[] };
const MONTH: Unit = Unit {
    name: "month",
    min: 1,
    max: 12,
    names: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
};
const WEEKDAY: Unit = Unit {
    name: "day of the week",
    min: 0,
    max: 6,
    names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
};

/// How far a firing is searched, as Prow's library does; some expressions (30 February) have none.
const YEARS_AHEAD: i16 = 5;

impl FromStr for Cron {
    type Err = InvalidCron;

    fn from_str(text: &str) -> Result<Self, InvalidCron> {
        if text.starts_with("TZ=") || text.starts_with("CRON_TZ=") {
            return Err(InvalidCron::TimeZone);
        }
        let plan = match text.strip_prefix('@') {
            Some(_) => descriptor(text)?,
            None => fields(text)?,
        };
        Ok(Self { written: text.to_owned(), plan })
    }
}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

fn descriptor(text: &str) -> Result<Plan, InvalidCron> {
    if let Some(duration) = text.strip_prefix("@every ") {
        let parsed: GoDuration =
            duration.parse().map_err(|_| InvalidCron::Every { duration: duration.to_owned() })?;
        let whole = parsed.as_nanos() / 1_000_000_000;
        return Ok(Plan::Every(SignedDuration::from_secs(whole.max(1))));
    }
    fields(match text {
        "@yearly" | "@annually" => "0 0 1 1 *",
        "@monthly" => "0 0 1 * *",
        "@weekly" => "0 0 * * 0",
        "@daily" | "@midnight" => "0 0 * * *",
        "@hourly" => "0 * * * *",
        _ => return Err(InvalidCron::Descriptor { word: text.to_owned() }),
    })
}

fn fields(text: &str) -> Result<Plan, InvalidCron> {
    let mut words: Vec<&str> = text.split_whitespace().collect();
    if words.len() == 5 {
        words.insert(0, "0");
    }
    let [second, minute, hour, day, month, weekday] = words[..] else {
        return Err(InvalidCron::FieldCount { found: words.len() });
    };
    Ok(Plan::Fields(Box::new(Fields {
        second: Field::parse(second, &SECOND)?,
        minute: Field::parse(minute, &MINUTE)?,
        hour: Field::parse(hour, &HOUR)?,
        day: Field::parse(day, &DAY)?,
        month: Field::parse(month, &MONTH)?,
        weekday: Field::parse(weekday, &WEEKDAY)?,
    })))
}

impl Field {
    fn parse(text: &str, unit: &Unit) -> Result<Self, InvalidCron> {
        let mut field = Self { bits: 0, any: false };
        for part in text.split(',').filter(|part| !part.is_empty()) {
            let refused =
                |problem: String| InvalidCron::Part { part: part.to_owned(), unit: unit.name, problem };
            let one = Self::part(part, unit).map_err(refused)?;
            field.bits |= one.bits;
            field.any |= one.any;
        }
        Ok(field)
    }

    /// `5`, `5-9`, `5/10` (from 5 on), `5-9/2`, `*`, `*/10`, and `?` for `*`.
    fn part(part: &str, unit: &Unit) -> Result<Self, String> {
        let (range, step) = match part.split_once('/') {
            Some((_, step)) if step.contains('/') => return Err("two slashes".to_owned()),
            Some((range, step)) => (range, Some(number(step)?)),
            None => (part, None),
        };
        let (low, high) = match range.split_once('-') {
            Some((low, high)) => (low, Some(high)),
            None => (range, None),
        };
        let any = low == "*" || low == "?";
        let (from, to) = if any {
            (unit.min, unit.max)
        } else {
            let from = unit.number(low)?;
            let to = match high {
                Some(high) => unit.number(high)?,
                None if step.is_some() => unit.max,
                None => from,
            };
            (from, to)
        };
        let step = step.unwrap_or(1);
        if step == 0 {
            return Err("a step of 0".to_owned());
        }
        if from < unit.min || to > unit.max {
            return Err(format!("it goes from {} to {}", unit.min, unit.max));
        }
        if from > to {
            return Err("the range runs backwards".to_owned());
        }
        let bits = (from..=to).step_by(step as usize).fold(0, |bits, n| bits | (1_u64 << n));
        Ok(Self { bits, any: any && step == 1 })
    }

    fn has(self, number: i8) -> bool {
        u32::try_from(number).is_ok_and(|n| n < 64 && self.bits & (1 << n) != 0)
    }

    /// The smallest number of the field that is at least `from`.
    fn at_least(self, from: i8) -> Option<i8> {
        (from..=59).find(|n| self.has(*n))
    }

    /// The largest number of the field that is at most `to`.
    fn at_most(self, to: i8) -> Option<i8> {
        (0..=to).rev().find(|n| self.has(*n))
    }
}

impl Unit {
    fn number(&self, text: &str) -> Result<u32, String> {
        let lower = text.to_ascii_lowercase();
        match (self.min..).zip(self.names).find(|(_, name)| **name == lower) {
            Some((n, _)) => Ok(n),
            None => number(text),
        }
    }
}

fn number(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| format!("{text:?} is not a number"))
}

impl Cron {
    /// The first firing after this moment; `None` where there is none within five years.
    pub fn next_after(&self, moment: Timestamp) -> Option<Timestamp> {
        match &self.plan {
            Plan::Every(every) => whole_second(moment).checked_add(*every).ok(),
            Plan::Fields(fields) => {
                let from = civil(whole_second(moment).checked_add(SignedDuration::from_secs(1)).ok()?);
                let last_year = from.year().checked_add(YEARS_AHEAD)?;
                let mut date = from.date();
                let mut time = Some((from.hour(), from.minute(), from.second()));
                while date.year() <= last_year {
                    if fields.on(date) {
                        let found = match time {
                            Some((hour, minute, second)) => fields.next_time(hour, minute, second),
                            None => fields.next_time(0, 0, 0),
                        };
                        if let Some((hour, minute, second)) = found {
                            return timestamp(date.at(hour, minute, second, 0));
                        }
                    }
                    time = None;
                    date = date.tomorrow().ok()?;
                }
                None
            }
        }
    }

    /// The last firing up to and including this moment, not before `earliest`. `@every` has no firings of its own: they
    /// count from whatever was last.
    pub fn latest_until(&self, moment: Timestamp, earliest: Timestamp) -> Option<Timestamp> {
        let Plan::Fields(fields) = &self.plan else { return None };
        let until = civil(whole_second(moment));
        let first = civil(earliest).date();
        let mut date = until.date();
        let mut time = Some((until.hour(), until.minute(), until.second()));
        while date >= first {
            if fields.on(date) {
                let (hour, minute, second) = time.unwrap_or((23, 59, 59));
                if let Some((hour, minute, second)) = fields.previous_time(hour, minute, second) {
                    return timestamp(date.at(hour, minute, second, 0)).filter(|found| *found >= earliest);
                }
            }
            time = None;
            date = date.yesterday().ok()?;
        }
        None
    }

    /// The pause of `@every`; `None` for everything else.
    pub fn every(&self) -> Option<SignedDuration> {
        match self.plan {
            Plan::Every(every) => Some(every),
            Plan::Fields(_) => None,
        }
    }
}

impl Fields {
    /// Whether it fires on this day at all. Where both days and weekdays are restricted, either is enough.
    fn on(&self, date: civil::Date) -> bool {
        let day = self.day.has(date.day());
        let weekday = self.weekday.has(date.weekday().to_sunday_zero_offset());
        let days = if self.day.any || self.weekday.any { day && weekday } else { day || weekday };
        days && self.month.has(date.month())
    }

    fn next_time(&self, hour: i8, minute: i8, second: i8) -> Option<(i8, i8, i8)> {
        let first_hour = self.hour.at_least(hour)?;
        if first_hour == hour {
            if let Some(first_minute) = self.minute.at_least(minute) {
                if first_minute == minute
                    && let Some(second) = self.second.at_least(second)
                {
                    return Some((hour, minute, second));
                }
                let later = if first_minute == minute {
                    self.minute.at_least(minute + 1)
                } else {
                    Some(first_minute)
                };
                if let Some(minute) = later {
                    return Some((hour, minute, self.second.at_least(0)?));
                }
            }
            let hour = self.hour.at_least(hour + 1)?;
            return Some((hour, self.minute.at_least(0)?, self.second.at_least(0)?));
        }
        Some((first_hour, self.minute.at_least(0)?, self.second.at_least(0)?))
    }

    fn previous_time(&self, hour: i8, minute: i8, second: i8) -> Option<(i8, i8, i8)> {
        let last_hour = self.hour.at_most(hour)?;
        if last_hour == hour {
            if let Some(last_minute) = self.minute.at_most(minute) {
                if last_minute == minute
                    && let Some(second) = self.second.at_most(second)
                {
                    return Some((hour, minute, second));
                }
                let earlier =
                    if last_minute == minute { self.minute.at_most(minute - 1) } else { Some(last_minute) };
                if let Some(minute) = earlier {
                    return Some((hour, minute, self.second.at_most(59)?));
                }
            }
            let hour = self.hour.at_most(hour - 1)?;
            return Some((hour, self.minute.at_most(59)?, self.second.at_most(59)?));
        }
        Some((last_hour, self.minute.at_most(59)?, self.second.at_most(59)?))
    }
}

/// The moment without its fraction of a second.
fn whole_second(moment: Timestamp) -> Timestamp {
    let nanos = moment.as_nanosecond().rem_euclid(1_000_000_000);
    moment.checked_sub(SignedDuration::from_nanos(i64::try_from(nanos).unwrap_or(0))).unwrap_or(moment)
}

fn civil(moment: Timestamp) -> civil::DateTime {
    TimeZone::UTC.to_datetime(moment)
}

fn timestamp(civil: civil::DateTime) -> Option<Timestamp> {
    TimeZone::UTC.to_timestamp(civil).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn next(cron: &str, after: &str) -> String {
        let cron: Cron = cron.parse().unwrap_or_else(|e| panic!("{cron}: {e}"));
        cron.next_after(at(after)).map_or("never".to_owned(), |t| t.to_string())
    }

    #[test]
    fn an_expression_fires_next() {
        for (cron, after, expected) in [
            ("30 4 * * 1-5", "2026-08-29T00:00:00Z", "2026-08-31T04:30:00Z"),
            ("0 0 13 * 5", "2026-08-01T00:00:00Z", "2026-08-07T00:00:00Z"),
            ("0 0 13 * *", "2026-08-01T00:00:00Z", "2026-08-13T00:00:00Z"),
            ("0 0 */13 * 5", "2026-08-08T00:00:00Z", "2026-08-14T00:00:00Z"),
            ("5/15 * * * *", "2026-08-01T00:50:00Z", "2026-08-01T01:05:00Z"),
            ("15 30 4 * * *", "2026-08-01T04:30:15Z", "2026-08-02T04:30:15Z"),
            ("*/20 * * * * *", "2026-08-01T23:59:40.5Z", "2026-08-02T00:00:00Z"),
            ("@hourly", "2026-12-31T23:30:00Z", "2027-01-01T00:00:00Z"),
            ("@every 90m", "2026-08-01T00:00:00.7Z", "2026-08-01T01:30:00Z"),
            ("0 0 29 feb *", "2026-08-01T00:00:00Z", "2028-02-29T00:00:00Z"),
            ("0 0 30 2 *", "2026-08-01T00:00:00Z", "never"),
            ("0 22 ? * MON,wed", "2026-08-31T22:00:00Z", "2026-09-02T22:00:00Z"),
        ] {
            assert_eq!(next(cron, after), expected, "{cron}");
        }
    }

    #[test]
    fn what_prows_library_refuses_is_refused_and_so_is_a_time_zone() {
        for text in [
            "",
            "5 4 * *",
            "1 2 3 4 5 6 7",
            "0 0 * * 7",
            "60 * * * *",
            "0 8-2 * * *",
            "*/0 * * * *",
            "0 0 L * *",
            "0 0 1-2-3 * *",
            "1/2/3 * * * *",
            "-1 * * * *",
            "@reboot",
            "@every 1d",
            "@every",
            "TZ=Europe/Berlin 0 4 * * *",
            "CRON_TZ=UTC 0 4 * * *",
            "TZ=UTC",
        ] {
            assert!(text.parse::<Cron>().is_err(), "{text}");
        }
        assert_eq!(
            "0 25 * * *".parse::<Cron>().unwrap_err().to_string(),
            "\"25\" cannot be read as a hour: it goes from 0 to 23"
        );
    }

    proptest! {
        #[test]
        fn any_text_is_a_cron_expression_or_refused(text in "[0-9*/,\\-?@a-z A-Z]{0,24}") {
            if let Ok(cron) = text.parse::<Cron>() {
                let now = at("2026-08-01T00:00:00Z");
                prop_assert!(cron.next_after(now).is_none_or(|next| next > now));
            }
        }

        #[test]
        fn the_latest_firing_is_the_one_with_none_between_it_and_now(
            cron in prop::sample::select(vec![
                "*/7 * * * *", "30 4 * * 1-5", "0 0 13 * 5", "15 30 4 * * *", "0 0 1 */3 *", "59 23 31 12 *",
            ]),
            seconds in 1_600_000_000_i64..1_900_000_000,
        ) {
            let cron: Cron = cron.parse().unwrap();
            let now = Timestamp::from_second(seconds).unwrap();
            let latest = cron.latest_until(now, Timestamp::UNIX_EPOCH).unwrap();
            prop_assert!(latest <= now);
            prop_assert!(cron.next_after(latest).unwrap() > now);
            let before = latest.checked_sub(SignedDuration::from_secs(1)).unwrap();
            prop_assert_eq!(cron.next_after(before), Some(latest));
        }
    }
}
