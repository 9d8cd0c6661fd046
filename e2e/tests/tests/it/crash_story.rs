//! The operator is killed before and after each single write that it makes, and starts again with empty memory. The
//! story ends the same.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};
use stories::{Fate, Performance, perform};

/// Every so manieth crash point is tried, unless `CRASH_EVERY` says otherwise; 1: all.
const EVERY: usize = 4;
/// Of the writes that keep the leadership, every so manieth is tried.
const LEASES_EVERY: usize = 4;
/// Performances side by side: each has a runtime of its own.
const ABREAST: usize = 2;

/// A performance on virtual time, on this thread.
fn perform_with(crash: Option<(u64, Fate)>) -> Result<Performance, String> {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().start_paused(true).build().unwrap();
    runtime.block_on(perform(|stage| {
        stage.wire.choose(move |call| match crash {
            Some((write, fate)) if call.write == Some(write) => fate,
            _ => Fate::Pass,
        });
    }))
}

fn number(variable: &str) -> Option<usize> {
    std::env::var(variable).ok()?.parse().ok()
}

/// Before and after each write. Of those that keep the leadership, which come all the time and are one like another,
/// the first and a few while the story goes on.
fn points(undisturbed: &Performance) -> Vec<(u64, Fate)> {
    let (leases, others): (Vec<_>, Vec<_>) =
        undisturbed.records.iter().filter(|r| r.call.write.is_some()).partition(|r| r.call.is_lease());
    let last = others.last().map_or(0, |record| record.at);
    let leases = leases.into_iter().filter(|record| record.at <= last).step_by(LEASES_EVERY);
    let mut writes: Vec<u64> = others.into_iter().chain(leases).filter_map(|r| r.call.write).collect();
    writes.sort_unstable();
    writes.into_iter().flat_map(|write| [(write, Fate::DieBefore), (write, Fate::DieAfter)]).collect()
}

#[test]
fn the_story_ends_the_same_when_the_operator_is_killed_before_or_after_any_of_its_writes() {
    #[expect(clippy::disallowed_methods, reason = "how long it really took is printed; nothing hangs on it")]
    let begun = Instant::now();
    let undisturbed = perform_with(None).unwrap();
    assert_eq!(undisturbed.violations, Vec::<String>::new());
    if let Ok(file) = std::env::var("CRASH_TRACE") {
        let lines: String = undisturbed.records.iter().map(|record| record.to_string() + "\n").collect();
        std::fs::write(file, lines).unwrap();
    }
    let all = points(&undisturbed);
    let every = number("CRASH_EVERY").unwrap_or(EVERY);
    let only = number("CRASH_ONLY");
    let mut tried = all.clone();
    match only {
        Some(only) => tried.retain(|(write, _)| usize::try_from(*write).unwrap() == only),
        None => tried = tried.into_iter().skip(number("CRASH_FROM").unwrap_or(0)).step_by(every).collect(),
    }
    let points = tried;

    let (next, failed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..ABREAST {
            scope.spawn(|| {
                while let Some((write, fate)) = points.get(next.fetch_add(1, Ordering::Relaxed)).copied() {
                    let faults = match perform_with(Some((write, fate))) {
                        Ok(performance) => performance.faults(&undisturbed.outcome),
                        Err(stuck) => vec![stuck],
                    };
                    if !faults.is_empty() {
                        println!("{fate:?} {write}: {}", faults.join("\n  "));
                        failed.lock().unwrap().push((write, fate, faults));
                    }
                }
            });
        }
    });
    let mut failed = failed.into_inner().unwrap();
    failed.sort_by_key(|(write, fate, _)| (*write, *fate == Fate::DieAfter));
    println!(
        "{} of {} crash points (CRASH_EVERY={every}; 1 tries all) tried in {:.0?} (one performance takes {:.1?}), {} failed",
        points.len(),
        all.len(),
        begun.elapsed(),
        undisturbed.took,
        failed.len(),
    );
    let mut report = String::new();
    for (write, fate, faults) in &failed {
        let call = undisturbed.records.iter().find(|record| record.call.write == Some(*write));
        let call = call.map(ToString::to_string).unwrap_or_default();
        report = format!("{report}\n{fate:?} {call}\n  {}\n", faults.join("\n  "));
    }
    assert!(failed.is_empty(), "{report}");
}
