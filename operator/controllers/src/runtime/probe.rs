//! A seam for tests: what happens around a write to disk. In production nothing does.
//!
//! Writes to Kubernetes and GitHub cross the network, where the simulated world stands; writes to disk do not, so this
//! is how a test ends the operator before or after one.

use futures::future::BoxFuture;

/// Told of each write to disk.
pub trait WriteProbe: Send + Sync {
    /// Before the write.
    fn before(&self, what: &'static str) -> BoxFuture<'_, ()>;
    /// After it is safe on disk.
    fn after(&self, what: &'static str) -> BoxFuture<'_, ()>;
}

/// Does nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoProbe;

impl WriteProbe for NoProbe {
    fn before(&self, _: &'static str) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
    fn after(&self, _: &'static str) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}
