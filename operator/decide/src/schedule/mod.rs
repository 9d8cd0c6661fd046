//! The clock: cron expressions, intervals, and which periodic is due.
//!
//! Nothing here reads a clock: `now` comes in, the slot to start and the time to look again go out.

mod cron;
mod due;
mod outlook;
mod permit;
mod plan;

pub use cron::{Cron, InvalidCron};
pub use due::{Due, LastRun, ScheduleReason, Slot, cron_slot, due, last_run};
pub use outlook::{Outlook, Shown, next_look, next_run, shown};
pub use permit::{Quiet, may_start};
pub use plan::{Clock, ClockPlan, plan, run};
