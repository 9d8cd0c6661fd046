//! Copy mode: the program puts itself where the test containers find it, whose images know nothing of it.

use anyhow::{Context as _, Result};
use std::path::Path;

/// Where pods expect it.
pub(super) const DESTINATION: &str = "/tools/entrypoint";

pub(super) fn copy_self(destination: &str) -> Result<()> {
    let destination = Path::new(if destination.is_empty() { DESTINATION } else { destination });
    let own = std::env::current_exe().context("where this program lies")?;
    // The copy is as executable as the original.
    std::fs::copy(&own, destination)
        .with_context(|| format!("cannot copy {} to {}", own.display(), destination.display()))?;
    Ok(())
}
