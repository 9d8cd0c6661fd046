//! The clock: cron expressions, intervals, and which periodic is due.
//!
//! Nothing here reads a clock: `now` comes in, the slot to start and the time to look again go out.

mod cron;
mod due;

pub use cron::{Cron, InvalidCron};
pub use due::{Due, LastRun, ScheduleReason, Slot, cron_slot, due, last_run};
