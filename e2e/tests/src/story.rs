//! The story of one change: opened, tested, mended, approved, merged, and what follows.

use crate::stage::{REPOSITORY, Stage};
use std::time::Duration;

/// Nothing in the story takes longer: what a lost webhook hides is found by the sweep.
const PATIENCE: Duration = Duration::from_secs(3600);

/// Plays the story to its end. The operator is the caller's: it may come and go.
pub async fn play(stage: &Stage) {
    let robin = stage.github.user("robin");
    let number = robin.open_pull(REPOSITORY, "frobnicate", "Frobnicate", &[("src/a", "1\n")]).unwrap();
    stage.fails_on(&stage.head(number));
    stage.until("unit has failed", PATIENCE, || stage.context(number, "unit") == "failure").await;
    robin.push(REPOSITORY, number, &[("src/a", "2\n")], "Mend it").unwrap();
    stage.until("unit has passed", PATIENCE, || stage.context(number, "unit") == "success").await;
    let kim = stage.github.user("kim");
    kim.comment(REPOSITORY, number, "/lgtm\n").unwrap();
    stage.until("the change is looked at", PATIENCE, || stage.has_label(number, "lgtm")).await;
    kim.comment(REPOSITORY, number, "/approve\n").unwrap();
    stage.until("the owners agree", PATIENCE, || stage.has_label(number, "approved")).await;
}
