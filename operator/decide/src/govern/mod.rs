//! Who governs a repository, and what happens when an object goes (DESIGN G1-G3, KINDS 6).
//!
//! A namespace is a tenant. Exactly one governs a repository; what another says about it has no effect, and says so.

mod claims;
mod deletion;
mod standing;

pub use claims::{Applicant, ClaimChange, ClaimReason, Claims, ClaimsPlan, plan_claims};
pub use deletion::{
    Deleted, DeletionReason, DeletionStep, FINALIZER_LIMIT, finalizer_is_overdue, plan_deletion,
};
pub use standing::{GovernReason, Governors, Standing};
