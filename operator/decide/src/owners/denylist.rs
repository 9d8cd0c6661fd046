//! Folders in which nobody's ownership counts: what is vendored or generated.

use crate::text::{GoRegex, InvalidRegex};

/// Expressions that are looked for in the path of a folder, from the root of the repository.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Denylist {
    patterns: Vec<GoRegex>,
}

/// What holds in every repository unless it is switched off.
const BUILT_IN: [&str; 3] = [r"\.git$", r"_output$", "vendor/.*/.*"];

impl Denylist {
    /// What holds without configuration.
    pub fn built_in() -> Self {
        Self { patterns: BUILT_IN.iter().filter_map(|pattern| GoRegex::new(pattern).ok()).collect() }
    }

    /// The same with further expressions, and what is wrong with those that are none: one bad pattern does not stop the
    /// others.
    pub fn with<'a>(mut self, patterns: impl IntoIterator<Item = &'a str>) -> (Self, Vec<InvalidRegex>) {
        let mut refused = Vec::new();
        for pattern in patterns {
            match GoRegex::new(pattern) {
                Ok(pattern) => self.patterns.push(pattern),
                Err(why) => refused.push(why),
            }
        }
        (self, refused)
    }

    /// Whether a file is inside a denied folder. The root itself cannot be denied. `/docs$` means the folder `docs` at
    /// the root too: people write it so, because Prow looks at the path of its own checkout.
    pub fn denies(&self, file: &str) -> bool {
        let rooted = format!("/{file}");
        rooted.match_indices('/').skip(1).any(|(end, _)| {
            let forms = [rooted.get(1..end), rooted.get(..end)];
            forms
                .into_iter()
                .flatten()
                .any(|folder| self.patterns.iter().any(|pattern| pattern.is_match(folder)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_expression_compiles() {
        assert_eq!(Denylist::built_in().patterns.len(), BUILT_IN.len());
    }

    #[test]
    fn a_denied_folder_denies_everything_below_it() {
        let denied = Denylist::built_in();
        assert!(denied.denies("build/_output/a/OWNERS"));
        assert!(denied.denies("vendor/x/y/OWNERS"));
        assert!(!denied.denies("vendor/x/OWNERS"));
        assert!(!denied.denies("OWNERS"));
    }
}
