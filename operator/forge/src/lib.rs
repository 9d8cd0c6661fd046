//! The forge: where repositories, pull requests and people live. [`Forge`] is what the rest of Bowsprit asks of it;
//! [`github`] is its one implementation, and the only place that names octocrab.
//!
//! A forge observes and acts; it decides nothing. It knows no Kubernetes. All writes go through [`Gate`], which the
//! mode of the governing Repository closes (DESIGN G2).

mod clock;
mod error;
mod forge;
mod gate;
pub mod github;
mod types;

pub use clock::{Clock, SystemClock, TokioClock};
pub use error::ForgeError;
pub use forge::{Forge, RequiredContexts};
pub use gate::{Gate, GateState};
pub use types::{
    BranchTip, CloseReason, CommentBody, Delivery, DeliveryStatus, Hook, HookSource, HookWish, ItemSnapshot,
    Label, MergeAnswer, MergeCall, MergeMethodName, Permission, PullSnapshot, StatusWish, Viewer, ViewerKind,
};
