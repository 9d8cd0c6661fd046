//! Cases answered by Prow's own code, and the runner that compares.
//!
//! The synthetic cases are in `cases/`. Those about other projects' configuration stay outside the repository: they are
//! found through `BOWSPRIT_CORPUS` (default `../shared` beside the checkout), and where that is absent the runner says
//! what it skipped. A difference that we want is listed by case id in `docs/differences-from-prow.md`.

#![allow(clippy::panic)] // this crate is only used by tests: a broken case is a failed test

mod cases;
mod compare;
mod differences;

pub use cases::{Case, Corpus, corpus, synthetic};
pub use compare::normalised;
pub use differences::Differences;

use std::fmt::Write as _;

/// What became of one file of cases.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Cases answered as Prow answers.
    pub passed: usize,
    /// Cases answered differently, and listed so.
    pub on_purpose: usize,
    /// The ids that failed, with the difference.
    pub failed: Vec<(String, String)>,
    /// Ids listed as different that are in fact equal: the list must say what is true.
    pub stale: Vec<String>,
}

/// Holds an implementation against every case of `area/file`.
///
/// `answer` returns `Ok` where the case is answered as Prow does, else what differs. Prints one line of figures.
///
/// # Panics
/// Where a case differs and is not listed, or is listed and does not differ: this is the assertion of a test.
pub fn hold(area_file: &str, cases: &[Case], answer: impl Fn(&Case) -> Result<(), String>) {
    let tally = tally(area_file, cases, answer);
    println!(
        "golden {area_file}: {} passed, {} different on purpose, {} failed",
        tally.passed,
        tally.on_purpose,
        tally.failed.len()
    );
    let mut complaint = String::new();
    for (id, difference) in tally.failed.iter().take(shown()) {
        let _ = writeln!(complaint, "--- {area_file} {id}\n{difference}");
    }
    if !tally.stale.is_empty() {
        let _ = writeln!(complaint, "listed in docs/differences-from-prow.md but equal: {:?}", tally.stale);
    }
    assert!(
        tally.failed.is_empty() && tally.stale.is_empty(),
        "{area_file}: {} of {} cases differ\n{complaint}",
        tally.failed.len(),
        cases.len()
    );
}

/// As [`hold`], without judging: for reports.
pub fn tally(area_file: &str, cases: &[Case], answer: impl Fn(&Case) -> Result<(), String>) -> Tally {
    let differences = Differences::read();
    let mut tally = Tally::default();
    let only = std::env::var("GOLDEN_ONLY").ok();
    for case in cases {
        if only.as_ref().is_some_and(|only| !case.id.contains(only.as_str())) {
            continue;
        }
        let listed = differences.lists(area_file, &case.id);
        match (answer(case), listed) {
            (Ok(()), false) => tally.passed += 1,
            (Ok(()), true) => tally.stale.push(case.id.clone()),
            (Err(_), true) => tally.on_purpose += 1,
            (Err(difference), false) => tally.failed.push((case.id.clone(), difference)),
        }
    }
    tally
}

/// How many failures are printed: `GOLDEN_SHOW`, by default 5.
fn shown() -> usize {
    std::env::var("GOLDEN_SHOW").ok().and_then(|n| n.parse().ok()).unwrap_or(5)
}
