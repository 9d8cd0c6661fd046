//! One performance of the story, with whatever a test does to it, until all is at rest.

use crate::{
    Outcome, Record, Stage, invariants,
    story::{self, Patience},
};
use std::time::{Duration, Instant};

/// How long a step of the story may take: two sweeps and what follows from them.
const PATIENCE: Patience = Patience(Duration::from_hours(1));
/// What was begun in the story has ended after this.
const SETTLE: Duration = Duration::from_mins(10);
/// For so long nothing may be written then (I13).
const REST: Duration = Duration::from_mins(10);

/// Differences of words, not of deeds, that are known and to be mended in the pool's controller: what was merged last, and
/// on which evidence, is told by one status write alone and lost with it; and so is the last text on a merged head.
const KNOWN: [&str; 3] = [".branches[0].merged = ", ".summary.lastMerge = ", " tide success "];

/// What a performance left behind.
#[derive(Debug)]
pub struct Performance {
    /// The state of the world.
    pub outcome: Outcome,
    /// What does not hold, in a sentence each.
    pub violations: Vec<String>,
    /// All calls of all operators.
    pub records: Vec<Record>,
    /// How long it took on the wall's clock.
    pub took: Duration,
}

impl Performance {
    /// How many writes the operators made, with those for leadership.
    pub fn writes(&self) -> u64 {
        self.records.iter().filter_map(|record| record.call.write).max().unwrap_or_default()
    }

    /// What is wrong with this performance, held against an undisturbed one.
    pub fn faults(&self, undisturbed: &Outcome) -> Vec<String> {
        let mut differences = undisturbed.differences(&self.outcome);
        differences.retain(|line| !KNOWN.iter().any(|known| line.contains(known)));
        [self.violations.clone(), differences].concat()
    }
}

/// Plays the story on a stage on which `disturb` has prepared what shall go wrong. Whenever the operator dies, another
/// starts with empty memory. What `disturb` gives is kept until the end.
///
/// # Errors
/// What did not happen in time.
pub async fn perform<T>(disturb: impl FnOnce(&Stage) -> T) -> Result<Performance, String> {
    perform_seeded(0, disturb).await
}

/// The same in a world of another seed.
///
/// # Errors
/// What did not happen in time.
pub async fn perform_seeded<T>(seed: u64, disturb: impl FnOnce(&Stage) -> T) -> Result<Performance, String> {
    let filter = tracing_subscriber::EnvFilter::from_default_env();
    // Of many performances in a process, the first sets this for all.
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_test_writer().try_init();
    #[expect(clippy::disallowed_methods, reason = "how long it really took is printed; nothing hangs on it")]
    let begun = Instant::now();
    let stage = Stage::seeded(seed).await;
    let _disturbance = disturb(&stage);
    let play = async {
        tokio::time::sleep(Duration::from_mins(1)).await;
        story::play(&stage.cast, PATIENCE, |_| ()).await?;
        tokio::time::sleep(SETTLE).await;
        let settled = stage.wire.writes().len();
        tokio::time::sleep(REST).await;
        Ok::<_, String>(settled)
    };
    let settled = tokio::select! {
        biased;
        never = stage.keep_operating() => match never {},
        played = play => played?,
    };
    let mut violations = invariants::violations(&stage).await;
    violations.extend(stage.wire.writes()[settled..].iter().map(|write| format!("I13: at rest: {write}")));
    let outcome = Outcome::of(&stage).await;
    Ok(Performance { outcome, violations, records: stage.wire.records(), took: begun.elapsed() })
}
