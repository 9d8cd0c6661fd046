//! Why something is done, or not done: the one vocabulary behind conditions, events, statuses, metrics and docs.
//!
//! Each area has its own enum of reasons beside the function that decides (`merge::MergeReason`, ...); all implement
//! [`Reason`], so that whatever shows a reason shows the same name.

/// A reason with a stable CamelCase name. Names are API: they appear in conditions, events and metrics.
pub trait Reason: std::fmt::Debug + Send + Sync {
    /// The stable name, as in `MissingLabel`.
    fn name(&self) -> &'static str;

    /// One sentence for people: what is the case and, where somebody can do something, what.
    fn sentence(&self) -> String;
}

/// Something to do, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a planned action does nothing until it is applied"]
pub struct Planned<A, R> {
    /// What to do.
    pub action: A,
    /// Why.
    pub why: R,
}

impl<A, R> Planned<A, R> {
    /// An action with its reason.
    pub const fn new(action: A, why: R) -> Self {
        Self { action, why }
    }
}
