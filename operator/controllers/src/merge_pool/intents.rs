//! Intents (DESIGN M2): a landing is written into the pool's status before GitHub is asked for it.
//!
//! They are written by themselves, whole, on exactly the version of the pool that was seen, under a field manager of
//! their own: what describes the pool is written by another and never touches them.

use super::PoolError;
use crate::context::Context;
use api::{MergePool, merge_pool::Intent};
use kube::{Api, ResourceExt, api::PostParams};

const MANAGER: &str = "bowsprit-intents";

/// The pool as it was last seen or written.
pub(super) struct Intents {
    pool: MergePool,
}

impl Intents {
    pub(super) fn of(pool: &MergePool) -> Self {
        Self { pool: pool.clone() }
    }

    /// The pool, with the intents as they are now.
    pub(super) fn pool(&self) -> &MergePool {
        &self.pool
    }

    /// Writes the intent of a branch, or that there is none.
    pub(super) async fn write(
        &mut self,
        context: &Context,
        branch: &str,
        intent: Option<Intent>,
    ) -> Result<(), PoolError> {
        let mut new = self.pool.clone();
        new.metadata.managed_fields = None;
        let status = new.status.get_or_insert_default();
        status.intents.retain(|known| known.branch != branch);
        status.intents.extend(intent);
        status.intents.sort_by(|a, b| a.branch.cmp(&b.branch));
        if new.status == self.pool.status {
            return Ok(());
        }
        let namespace = self.pool.namespace().unwrap_or_default();
        let api: Api<MergePool> = Api::namespaced(context.home.clone(), &namespace);
        let as_us = PostParams { field_manager: Some(MANAGER.to_owned()), ..PostParams::default() };
        let answer = api.replace_status(&self.pool.name_any(), &as_us, &new).await;
        self.pool = answer.map_err(PoolError::Intent)?;
        context.writes.wrote(&self.pool);
        Ok(())
    }
}
