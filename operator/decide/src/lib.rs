//! The functional core of Bowsprit: everything that decides, as functions from values to values.
//!
//! No I/O, no clock, no randomness, no client: what happens outside comes in as `facts`, what is to be done goes out as
//! a plan whose every action carries its reason. Operator, `explain`, dashboard and simulator call the same functions.

pub mod command;
pub mod config;
pub mod facts;
pub mod govern;
pub mod job;
pub mod label;
pub mod look;
pub mod merge;
pub mod owners;
pub mod reason;
pub mod report;
pub mod run;
pub mod schedule;
pub mod text;
pub mod trigger;
pub mod webhook;
