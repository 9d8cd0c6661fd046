//! What users write and read: the five kinds of objects, Prow's job model, and the names (labels, annotations,
//! conditions) that other tools rely on.
//!
//! Values only: nothing here decides, talks to a server or reads a clock. A type here is *raw*: it says what a file or
//! an object may contain, not that it is right. What was checked has a type of its own in `decide`.

pub mod condition;
pub mod crd;
pub mod decoration;
pub mod duration;
pub mod job;
pub mod job_config;
pub mod keys;
pub mod label_policy;
pub mod local_ref;
pub mod merge_pool;
pub mod podutils;
pub mod problem;
pub mod prow_job;
pub mod refs;
pub mod repository;
pub mod schema;

pub use crd::crds;
pub use job_config::JobConfig;
pub use label_policy::LabelPolicy;
pub use merge_pool::MergePool;
pub use prow_job::ProwJob;
pub use repository::Repository;
