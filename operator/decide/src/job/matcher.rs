//! On which branches and for which changed files a job runs (spec jobs-and-runs 1.5, 1.6).

use crate::text::{GoRegex, InvalidRegex};
use api::job::{Brancher, ChangeMatcher};

/// Compiled branch lists. Each list is one expression, its entries joined with `|`, as Prow joins them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Branches {
    raw: Brancher,
    only: Option<GoRegex>,
    never: Option<GoRegex>,
}

impl Branches {
    /// Compiles both lists.
    ///
    /// # Errors
    /// Names the first entry that is not an expression by itself: joined, two halves could make a whole.
    pub fn new(raw: &Brancher) -> Result<Self, InvalidRegex> {
        let joined = |list: &[String]| -> Result<Option<GoRegex>, InvalidRegex> {
            if list.is_empty() { Ok(None) } else { GoRegex::any_of(list).map(Some) }
        };
        Ok(Self { only: joined(&raw.branches)?, never: joined(&raw.skip_branches)?, raw: raw.clone() })
    }

    /// The lists as written.
    pub fn raw(&self) -> &Brancher {
        &self.raw
    }

    /// No list is given.
    pub fn all(&self) -> bool {
        self.only.is_none() && self.never.is_none()
    }

    /// Whether the job runs on this branch.
    pub fn run_on(&self, branch: &str) -> bool {
        if self.never.as_ref().is_some_and(|never| never.is_match(branch)) {
            return false;
        }
        self.only.as_ref().is_none_or(|only| only.is_match(branch))
    }

    /// Whether two jobs could run on one branch, as Prow judges duplicates: by the literal texts of the lists.
    pub fn intersects(&self, other: &Self) -> bool {
        if self.all() || other.all() {
            return true;
        }
        let (mine, theirs) = (&self.raw.branches, &other.raw.branches);
        match (mine.is_empty(), theirs.is_empty()) {
            (false, false) => mine.iter().any(|branch| theirs.contains(branch)),
            (false, true) => mine.iter().any(|branch| other.run_on(branch)),
            (true, false) => theirs.iter().any(|branch| self.run_on(branch)),
            (true, true) => true,
        }
    }
}

/// A compiled change expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changes {
    /// Run if any changed path matches.
    RunIf(GoRegex),
    /// Run if any changed path does not match.
    SkipIfOnly(GoRegex),
}

impl Changes {
    /// Compiles what is given; `None` where neither is. Which of two given ones is refused is for `config` to say.
    ///
    /// # Errors
    /// Where the expression is not one.
    pub fn new(raw: &ChangeMatcher) -> Result<Option<Self>, InvalidRegex> {
        if !raw.run_if_changed.is_empty() {
            return GoRegex::new(&raw.run_if_changed).map(Self::RunIf).map(Some);
        }
        if !raw.skip_if_only_changed.is_empty() {
            return GoRegex::new(&raw.skip_if_only_changed).map(Self::SkipIfOnly).map(Some);
        }
        Ok(None)
    }

    /// Whether the job runs for these paths; for none it does not.
    pub fn run_for(&self, changed: &[String]) -> bool {
        match self {
            Self::RunIf(expression) => changed.iter().any(|path| expression.is_match(path)),
            Self::SkipIfOnly(expression) => changed.iter().any(|path| !expression.is_match(path)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn branches(only: &[&str], never: &[&str]) -> Branches {
        let list = |l: &[&str]| l.iter().map(ToString::to_string).collect();
        Branches::new(&Brancher { branches: list(only), skip_branches: list(never) }).unwrap()
    }

    #[test]
    fn a_branch_expression_matches_anywhere_in_the_name() {
        assert!(branches(&["main"], &[]).run_on("not-main-2"));
        assert!(!branches(&["main"], &["2$"]).run_on("not-main-2"));
    }

    #[test]
    fn two_lists_meet_only_in_a_literally_equal_entry() {
        assert!(!branches(&["main"], &[]).intersects(&branches(&["^main$"], &[])));
        assert!(branches(&["main"], &[]).intersects(&branches(&[], &["release"])));
        assert!(!branches(&["release-1"], &[]).intersects(&branches(&[], &["release"])));
    }

    #[test]
    fn no_changed_file_starts_nothing() {
        let changes = Changes::SkipIfOnly(GoRegex::new("^docs/").unwrap());
        assert!(!changes.run_for(&[]));
        assert!(!changes.run_for(&["docs/a".into()]));
        assert!(changes.run_for(&["docs/a".into(), "src/b".into()]));
    }
}
