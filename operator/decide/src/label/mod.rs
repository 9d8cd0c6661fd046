//! Label policies: desired and observed labels to changes.
//!
//! [`declare`] unites the policies of one repository, oldest first; [`plan`] compares them with the labels that the
//! repository has. Both are functions of what is there: a change that did not happen is planned again. [`size`] labels
//! pull requests by the rule `bySize`.

mod declared;
mod generated;
pub mod size;
mod sync;

pub use declared::{Conflict, Declared, Field, Policy, Wanted, applies, declare, warnings};
pub use generated::Generated;
pub use sync::{Drift, LabelChange, LabelReason, Observed, Sync, in_question, plan};
