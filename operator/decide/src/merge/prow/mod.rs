//! Reading Prow's `tide:` and `branch-protection:` into the pool's own types: for comparing with Prow, import and lint.

mod context;
mod method;
mod protection;
mod tide;

pub use context::ContextOptions;
pub use method::MethodRules;
pub use protection::{BranchProtection, Contradiction};
pub use tide::{InvalidTide, Tide, TideQuery, TideSection};
