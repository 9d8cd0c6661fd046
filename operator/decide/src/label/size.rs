//! A label that tells how many lines a pull request changes, generated files left out.

use super::Generated;
use crate::{
    command::{CommandAction, CommandReason, Item, Plan},
    reason::Planned,
};
use api::label_policy::BySize;

/// The prefix of all size labels.
const PREFIX: &str = "size/";

/// From how many lines on each size begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// `S`, `M`, `L`, `XL`, `XXL`.
    begins: [u64; 5],
}

impl Default for Sizes {
    fn default() -> Self {
        Self { begins: [10, 30, 100, 500, 1000] }
    }
}

impl From<&BySize> for Sizes {
    fn from(given: &BySize) -> Self {
        let given = [given.s, given.m, given.l, given.xl, given.xxl];
        let mut sizes = Self::default();
        for (begin, given) in sizes.begins.iter_mut().zip(given) {
            // Prow's configuration says 0 for "as usual".
            if let Some(given) = given.and_then(|given| u64::try_from(given).ok()).filter(|given| *given > 0)
            {
                *begin = given;
            }
        }
        sizes
    }
}

impl Sizes {
    /// The label for so many lines.
    pub fn label(&self, lines: u64) -> &'static str {
        let names = ["size/S", "size/M", "size/L", "size/XL", "size/XXL"];
        let reached = self.begins.iter().zip(names).rev().find(|(begin, _)| lines >= **begin);
        reached.map_or("size/XS", |(_, name)| name)
    }
}

/// A changed file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedFile {
    /// Its path.
    pub path: String,
    /// Lines added and removed.
    pub lines: u64,
}

/// What to do so that the pull request carries its size and no other.
pub fn plan(item: &Item, sizes: &Sizes, files: &[ChangedFile], generated: &Generated) -> Plan {
    let lines = files.iter().filter(|file| !generated.covers(&file.path)).map(|file| file.lines).sum();
    let wanted = sizes.label(lines);
    let why = || CommandReason::Size { lines };
    let other = |label: &&String| {
        let is_size = label.get(..PREFIX.len()).is_some_and(|prefix| prefix.eq_ignore_ascii_case(PREFIX));
        is_size && !label.eq_ignore_ascii_case(wanted)
    };
    let others = item.labels.iter().filter(other);
    let mut plan: Plan =
        others.map(|label| Planned::new(CommandAction::RemoveLabel(label.clone()), why())).collect();
    if !item.has(wanted) {
        plan.push(Planned::new(CommandAction::AddLabel(wanted.to_owned()), why()));
    }
    plan
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_begins_at_its_number() {
        let sizes = Sizes::default();
        assert_eq!(
            [0, 9, 10, 29, 30].map(|lines| sizes.label(lines)),
            ["size/XS", "size/XS", "size/S", "size/S", "size/M"]
        );
        assert_eq!(sizes.label(u64::MAX), "size/XXL");
    }

    #[test]
    fn what_is_not_given_is_as_usual() {
        let sizes = Sizes::from(&BySize { xxl: Some(5000), s: Some(0), ..BySize::default() });
        assert_eq!(sizes.label(4999), "size/XL");
        assert_eq!(sizes.label(10), "size/S");
    }
}
