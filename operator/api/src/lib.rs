//! What users write and read: the five kinds of objects, Prow's job model, and the names (labels, annotations,
//! conditions) that other tools rely on.
//!
//! Values only: nothing here decides, talks to a server or reads a clock. A type here is *raw*: it says what a file or
//! an object may contain, not that it is right. What was checked has a type of its own in `decide`.

pub mod condition;
pub mod decoration;
pub mod duration;
pub mod job;
pub mod keys;
pub mod podutils;
pub mod prow_job;
pub mod refs;
pub mod schema;
