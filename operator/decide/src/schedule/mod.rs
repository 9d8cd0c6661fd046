//! The clock: cron expressions, intervals, and which periodic is due.
