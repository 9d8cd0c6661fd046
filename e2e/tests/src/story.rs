//! The story of one change: opened, tested, mended, approved, merged, and what follows.

use crate::cast::{Cast, REPOSITORY};
use std::time::Duration;

/// How long each step may take: what a lost webhook hides is found by the sweep.
#[derive(Clone, Copy, Debug)]
pub struct Patience(pub Duration);

/// Plays the story to its end. The operator is the caller's: it may come and go. `tell` gets a line for each step.
///
/// # Errors
/// What did not happen in time.
pub async fn play(cast: &Cast, Patience(patience): Patience, tell: impl Fn(&str)) -> Result<(), String> {
    let (robin, kim) = (cast.github.user("robin"), cast.github.user("kim"));
    let said = |refusal: world_github::Refusal| format!("{refusal:?}");

    tell("robin opens a pull request that is broken");
    let number = robin
        .open_pull(REPOSITORY, "frobnicate", "Frobnicate (broken)", &[("src/a", "1\n")])
        .map_err(said)?;
    cast.until("unit has failed", patience, || cast.context(number, "unit") == "failure").await?;
    cast.until("lint has passed", patience, || cast.context(number, "lint") == "success").await?;
    tell("unit failed; robin gives it another title with /retitle and pushes a fix");
    robin.comment(REPOSITORY, number, "/retitle Frobnicate\n").map_err(said)?;
    let title = || {
        cast.github.look(|state| {
            state.issue(&REPOSITORY.into(), number).is_ok_and(|issue| issue.title == "Frobnicate")
        })
    };
    cast.until("the title is changed", patience, title).await?;
    robin.push(REPOSITORY, number, &[("src/a", "2\n")], "Mend it").map_err(said)?;
    cast.until("unit has passed", patience, || cast.context(number, "unit") == "success").await?;
    cast.until("lint has passed", patience, || cast.context(number, "lint") == "success").await?;
    tell("unit and lint passed; kim writes /lgtm and /approve");
    kim.comment(REPOSITORY, number, "/lgtm\n").map_err(said)?;
    cast.until("the label lgtm is there", patience, || cast.has_label(number, "lgtm")).await?;
    kim.comment(REPOSITORY, number, "/approve\n").map_err(said)?;
    cast.until("the label approved is there", patience, || cast.has_label(number, "approved")).await?;
    cast.until("the change is merged", patience, || cast.merged(number).is_some()).await?;
    let merged = cast.merged(number).unwrap_or_default();
    tell("the pool merged it; the postsubmit runs");
    cast.until("publish has passed", patience, || cast.context_on(&merged, "publish") == "success").await?;
    Ok(())
}
