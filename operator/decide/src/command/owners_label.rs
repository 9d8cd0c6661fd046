//! Labels that OWNERS files give to changes below them. They are added, never taken off.

use super::{CommandAction, CommandReason, Item, Plan};
use crate::{owners::Owners, reason::Planned};
use std::collections::BTreeSet;

/// The labels to add, of those that the repository has.
pub fn plan(item: &Item, owners: &Owners, files: &[String], repository: &BTreeSet<String>) -> Plan {
    let labels: BTreeSet<String> = files.iter().flat_map(|file| owners.labels(file)).collect();
    labels
        .into_iter()
        .filter(|label| repository.contains(label) && !item.has(label))
        .map(|label| Planned::new(CommandAction::AddLabel(label), CommandReason::Owners))
        .collect()
}
