//! The wall clock: these programs have no world to be simulated in, and tests do not look at the times.

use jiff::Timestamp;

#[expect(clippy::disallowed_methods, reason = "the one place where the programs look at the clock")]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}
