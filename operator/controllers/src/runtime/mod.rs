//! What all controllers share, each thing once: the leader's lease, the delivery log, hints, events, the writing of
//! statuses, requeues, and the rule that nothing is decided on a state older than our own last write.

pub mod delivery_log;
pub mod events;
pub mod hints;
pub mod lease;
pub mod next;
pub mod probe;
pub mod status;
pub mod writes;
