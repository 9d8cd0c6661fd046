//! The differences that we want, as `docs/differences-from-prow.md` lists them.
//!
//! The page is for people. A line that begins with ``Cases (`area/file`):`` is also for the runner: the ids in
//! back-ticks after it are expected to differ.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

/// Case ids by `area/file`.
#[derive(Clone, Debug, Default)]
pub struct Differences {
    by_file: BTreeMap<String, BTreeSet<String>>,
}

impl Differences {
    /// Reads the page of this checkout.
    ///
    /// # Panics
    /// Where the page is missing: it is part of this repository.
    pub fn read() -> Self {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/differences-from-prow.md");
        let text = std::fs::read_to_string(&page).unwrap_or_else(|e| panic!("{}: {e}", page.display()));
        Self::parse(&text)
    }

    /// Reads the lines for the runner out of the page's text.
    pub fn parse(text: &str) -> Self {
        let mut by_file: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for line in text.lines() {
            let Some(rest) = line.strip_prefix("Cases (`") else { continue };
            let Some((file, ids)) = rest.split_once("`):") else { continue };
            // Between back-ticks stands every second piece.
            let ids = ids.split('`').skip(1).step_by(2).map(str::to_owned);
            by_file.entry(file.to_owned()).or_default().extend(ids);
        }
        Self { by_file }
    }

    /// Whether this case is listed.
    pub fn lists(&self, area_file: &str, id: &str) -> bool {
        self.by_file.get(area_file).is_some_and(|ids| ids.contains(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_marked_lines_list_cases() {
        let differences = Differences::parse("text `a`\nCases (`jobs/plank`): `b`, `c`.\n");
        assert!(differences.lists("jobs/plank", "b") && differences.lists("jobs/plank", "c"));
        assert!(!differences.lists("jobs/plank", "a") && !differences.lists("jobs/pod", "b"));
    }
}
