//! Label policies: desired and observed labels to changes.
//!
//! [`declare`] unites the policies of one repository, oldest first; [`plan`] compares them with the labels that the
//! repository has. Both are functions of what is there: a change that did not happen is planned again.

mod declared;
mod sync;

pub use declared::{Conflict, Declared, Field, Policy, Wanted, applies, declare, warnings};
pub use sync::{Drift, LabelChange, LabelReason, Observed, Sync, in_question, plan};
