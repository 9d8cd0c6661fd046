//! Which branches an issue with the blocker label blocks (spec 2.6): those that its title names, else all.

use super::pool::Blocker;
use crate::text::{GoRegex, InvalidRegex};
use std::collections::BTreeSet;

/// Reads titles of blocker issues.
#[derive(Clone, Debug)]
pub struct Titles(GoRegex);

/// What an issue blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocks {
    /// The branches; none: all of them.
    pub branches: BTreeSet<String>,
    /// The title without the words that name branches.
    pub title: String,
}

impl Titles {
    /// Made once, since it compiles an expression.
    ///
    /// # Errors
    /// Never in practice: the expression is ours.
    pub fn new() -> Result<Self, InvalidRegex> {
        // `branch:` must be a word by itself: `release-branch:main` speaks of something else.
        GoRegex::new(r"(?i)(^|[^\pL\pN_-])branch:[^\pL\pN_-]*([\pL\pN_\-./]*[\pL\pN_])").map(Self)
    }

    /// What an issue of this title blocks.
    pub fn read(&self, title: &str) -> Blocks {
        let found = self.0.compiled().captures_iter(title);
        let branches = found.filter_map(|captures| Some(captures.get(2)?.as_str().to_owned())).collect();
        let shown = self.0.compiled().replace_all(title, "$1");
        Blocks { branches, title: shown.split_whitespace().collect::<Vec<_>>().join(" ") }
    }

    /// The blockers of one branch among these issues (number, title), by number.
    pub fn of_branch<'a>(
        &self,
        issues: impl IntoIterator<Item = (u64, &'a str)>,
        branch: &str,
    ) -> BTreeSet<Blocker> {
        issues
            .into_iter()
            .map(|(number, title)| (number, self.read(title)))
            .filter(|(_, blocks)| blocks.branches.is_empty() || blocks.branches.contains(branch))
            .map(|(number, blocks)| Blocker { number, title: blocks.title })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_names_the_branches_that_it_blocks() {
        let titles = Titles::new().unwrap();
        let blocked = |title: &str| titles.read(title).branches.into_iter().collect::<Vec<_>>();
        assert!(blocked("Everything is broken").is_empty());
        assert_eq!(blocked("Flakes branch:\"release-1.2\" and Branch: main"), ["main", "release-1.2"]);
        assert_eq!(blocked("branch:main branch:main"), ["main"]);
        assert_eq!(blocked("branch:été"), ["été"]);
        assert_eq!(blocked("branch:.hidden"), ["hidden"]);
        assert!(blocked("release-branch:main").is_empty());
        assert_eq!(titles.read("Broken; branch:main, friday").title, "Broken; , friday");
    }
}
